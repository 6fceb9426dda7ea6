//! Firewalls in memory: the reference implementation of [`Driver`], and what CI systems test their clients against.
//! It behaves as EC2's security groups do, error for error, and needs no cloud. What it holds is lost when it stops.

mod checks;
mod data;
mod refusal;
mod size;
mod world;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use deltawall_core::{
    Capabilities, Context, Credentials, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, InvalidData,
    Member, NewFirewall, NewRule, Position, Provider, ProviderName, Replacement, RuleId,
};

use refusal::Refusal;
use world::World;

/// The id of this driver.
pub const ID: &str = "mock";

/// The firewalls, account and credentials that a driver has if it is given no others, for [`Memory::from_toml`].
pub const SAMPLE_DATA: &str = include_str!("../../../fixtures/mock.toml");

/// The user and password of [`SAMPLE_DATA`], and of other data that names none. They open nothing else.
pub const SAMPLE_LOGIN: (&str, &str) = ("mockuser", "mockpassword");

/// How many providers can be changed. Any name makes one, and each then holds firewalls of its own.
pub const MAX_PROVIDERS: usize = 100;

/// How many bytes are held of what clients have made, in the worlds of all providers together: about so many, as they are counted.
pub const MAX_SIZE: usize = 64 << 20;

/// Providers by any name, each a world of its own.
pub struct Memory {
    login: Credentials,
    /// What each world is until it is first changed. Cloning it copies pointers, not rules.
    beginning: World,
    changed: RwLock<HashMap<Option<ProviderName>, World>>,
}

impl Memory {
    /// A driver with the firewalls that `data` describes, in the form of [`SAMPLE_DATA`].
    ///
    /// # Errors
    /// When it is not TOML of that form, has something twice, or names what is not there. EC2's limits are for clients.
    pub fn from_toml(data: &str) -> Result<Self, InvalidData> {
        let (login, beginning) = data::parse(data)?;
        Ok(Self { login, beginning, changed: RwLock::default() })
    }

    /// Does something with the firewalls of the context's provider, if the credentials are right.
    fn read<T>(&self, context: &Context, read: impl FnOnce(&World) -> Result<T, Refusal>) -> Result<T, Error> {
        self.check(context)?;
        // Here as below, nothing panics half way through a change, so what a poisoned lock guards is whole.
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        Ok(read(changed.get(&context.provider).unwrap_or(&self.beginning))?)
    }

    /// Changes the firewalls of the context's provider, if the credentials are right. There is room for so many bytes more.
    fn change<T>(
        &self,
        context: &Context,
        change: impl FnOnce(&mut World, usize) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        self.check(context)?;
        let mut changed = self.changed.write().unwrap_or_else(PoisonError::into_inner);
        let taken: usize = changed.values().map(World::size).sum();
        let room = (MAX_SIZE + self.beginning.size()).saturating_sub(taken);
        if let Some(world) = changed.get_mut(&context.provider) {
            return Ok(change(world, room)?);
        }
        if changed.len() >= MAX_PROVIDERS {
            return Err(Refusal::TooManyProviders.into());
        }
        let mut world = self.beginning.clone();
        let room = room.checked_sub(world.size()).ok_or(Refusal::NoRoom)?;
        let done = change(&mut world, room)?;
        changed.insert(context.provider.clone(), world);
        Ok(done)
    }

    fn check(&self, context: &Context) -> Result<(), Refusal> {
        context.credentials.matches(&self.login).then_some(()).ok_or(Refusal::Credentials)
    }
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
        Ok(self.check(context)?)
    }

    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        self.read(context, |world| Ok(world.list(filter)))
    }

    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        self.read(context, |world| world.get(id))
    }

    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        self.check(context)?;
        world::CAPABILITIES.permit_firewall(&new, ID)?;
        self.change(context, |world, room| world.create(new, room))
    }

    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        self.change(context, |world, _| world.delete(id)).map(|()| Deletion::Done)
    }

    async fn create_rule(
        &self,
        context: &Context,
        id: &FirewallId,
        new: NewRule,
        _: Position,
    ) -> Result<Arc<Firewall>, Error> {
        self.check(context)?;
        world::CAPABILITIES.permit(&new, ID)?;
        self.change(context, |world, room| world.create_rule(id, new, room))
    }

    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        self.change(context, |world, room| world.delete_rule(id, rule, room))
    }

    async fn replace_rules(&self, context: &Context, _: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        self.check(context)?;
        Err(Error::unsupported(ID, "replace rules"))
    }

    async fn members(&self, context: &Context, _: &FirewallId) -> Result<Vec<Member>, Error> {
        self.check(context)?;
        Err(Error::unsupported(ID, "tell who stands behind a firewall"))
    }
}
