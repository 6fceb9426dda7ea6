//! Firewalls in memory: the reference implementation of [`Driver`], and what CI systems test their clients against.
//! It behaves as EC2's security groups do, error for error, and needs no cloud. What it holds is lost when it stops.

mod data;
mod refusal;
mod world;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use deltawall_core::{
    Capabilities, Context, Credentials, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, NewFirewall,
    NewRule, Provider, ProviderName, RuleId,
};

pub use data::InvalidData;
use refusal::Refusal;
use world::World;

/// The id of this driver.
pub const ID: &str = "mock";

/// The firewalls, account and credentials that a driver has if it is given no others, for [`Memory::from_toml`].
pub const SAMPLE_DATA: &str = include_str!("../../../fixtures/mock.toml");

/// How many providers can be in use at one time. Each holds firewalls of its own, and any name makes one.
pub const MAX_PROVIDERS: usize = 100;

/// Providers that are made when they are first asked for, each a world of its own.
pub struct Memory {
    login: Credentials,
    /// What each world begins as. Cloning it copies pointers, not rules.
    beginning: World,
    worlds: Mutex<HashMap<Option<ProviderName>, Arc<RwLock<World>>>>,
}

impl Memory {
    /// A driver with the firewalls that `data` describes, in the form of [`SAMPLE_DATA`].
    ///
    /// # Errors
    /// When it is not TOML of that form, or describes firewalls that could not have been made one by one.
    pub fn from_toml(data: &str) -> Result<Self, InvalidData> {
        let (login, beginning) = data::parse(data)?;
        Ok(Self { login, beginning, worlds: Mutex::default() })
    }

    /// The world of the context's provider, if the credentials are right.
    fn world(&self, context: &Context) -> Result<Arc<RwLock<World>>, Error> {
        if !context.credentials.matches(&self.login) {
            return Err(Refusal::Credentials.into());
        }
        let mut worlds = self.worlds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(world) = worlds.get(&context.provider) {
            return Ok(Arc::clone(world));
        }
        if worlds.len() >= MAX_PROVIDERS {
            return Err(Refusal::TooManyProviders.into());
        }
        let world = Arc::new(RwLock::new(self.beginning.clone()));
        worlds.insert(context.provider.clone(), Arc::clone(&world));
        Ok(world)
    }
}

// A change to a world never panics half way, so a poisoned lock guards a world that is whole.
fn read(world: &RwLock<World>) -> RwLockReadGuard<'_, World> {
    world.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(world: &RwLock<World>) -> RwLockWriteGuard<'_, World> {
    world.write().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

#[async_trait]
impl Driver for Memory {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "Mock"
    }

    fn capabilities(&self) -> Capabilities {
        world::CAPABILITIES
    }

    /// None: any name makes one.
    fn providers(&self) -> Vec<Provider> {
        Vec::new()
    }

    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        ProviderName::new(name)
            .map_err(|invalid| Error::new(ErrorKind::Invalid, ID, format!("Unknown provider: {invalid}.")))
    }

    async fn authenticate(&self, context: &Context) -> Result<(), Error> {
        self.world(context).map(drop)
    }

    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        Ok(read(&*self.world(context)?).list(filter))
    }

    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        Ok(read(&*self.world(context)?).get(id)?)
    }

    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        Ok(write(&*self.world(context)?).create(new)?)
    }

    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        write(&*self.world(context)?).delete(id)?;
        Ok(Deletion::Done)
    }

    async fn create_rule(&self, context: &Context, id: &FirewallId, new: NewRule) -> Result<Arc<Firewall>, Error> {
        let world = self.world(context)?;
        world::CAPABILITIES.permit(&new, ID)?;
        Ok(write(&world).create_rule(id, new)?)
    }

    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        Ok(write(&*self.world(context)?).delete_rule(id, rule)?)
    }
}
