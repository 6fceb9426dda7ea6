//! The driver, whatever it behaves as: providers by any name, each with firewalls of its own.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use deltawall_core::{
    Capabilities, Context, Credentials, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Hits,
    InvalidData, Member, NewFirewall, NewRule, Position, Provider, ProviderName, Replacement, RuleId,
};

use crate::bounds::{MAX_PROVIDERS, MAX_SIZE};
use crate::cloud::Cloud;
use crate::denied::Denied;
use crate::firewalls::Firewalls;

/// A cloud in memory.
pub struct Memory<C> {
    cloud: C,
    login: Credentials,
    /// What each provider has until it is first changed. Cloning it copies pointers, not rules.
    beginning: Firewalls,
    changed: RwLock<HashMap<Option<ProviderName>, Firewalls>>,
}

impl<C: Cloud> Memory<C> {
    /// A driver with the firewalls that `data` describes, in the form of its sample data.
    ///
    /// # Errors
    /// When it is not TOML of that form, has something twice, or names what is not there. Limits are for clients.
    pub fn from_toml(data: &str) -> Result<Self, InvalidData> {
        let (login, cloud, beginning) = C::parse(data)?;
        Ok(Self { cloud, login, beginning, changed: RwLock::default() })
    }

    fn check(&self, context: &Context) -> Result<(), C::Refusal> {
        Ok(context.credentials.matches(&self.login).then_some(()).ok_or(Denied::Credentials)?)
    }

    /// Does something with the firewalls of the context's provider, if the credentials are right.
    fn read<T>(&self, context: &Context, read: impl FnOnce(&Firewalls) -> Result<T, Denied>) -> Result<T, C::Refusal> {
        self.check(context)?;
        // Here as below, nothing panics half way through a change, so what a poisoned lock guards is whole.
        let changed = self.changed.read().unwrap_or_else(PoisonError::into_inner);
        Ok(read(changed.get(&context.provider).unwrap_or(&self.beginning))?)
    }

    /// Changes the firewalls of the context's provider, if the credentials are right. There is room for so many bytes more.
    fn change<T>(
        &self,
        context: &Context,
        change: impl FnOnce(&mut Firewalls, usize) -> Result<T, C::Refusal>,
    ) -> Result<T, C::Refusal> {
        self.check(context)?;
        let mut changed = self.changed.write().unwrap_or_else(PoisonError::into_inner);
        let taken: usize = changed.values().map(Firewalls::size).sum();
        let room = (MAX_SIZE + self.beginning.size()).saturating_sub(taken);
        if let Some(firewalls) = changed.get_mut(&context.provider) {
            return change(firewalls, room);
        }
        if changed.len() >= MAX_PROVIDERS {
            return Err(Denied::TooManyProviders.into());
        }
        let mut firewalls = self.beginning.clone();
        let room = room.checked_sub(firewalls.size()).ok_or(Denied::NoRoom)?;
        let done = change(&mut firewalls, room)?;
        if !firewalls.are_shared_with(&self.beginning) {
            changed.insert(context.provider.clone(), firewalls);
        }
        Ok(done)
    }
}

impl<C: Cloud> fmt::Debug for Memory<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory").field(&C::ID).finish()
    }
}

#[async_trait]
impl<C: Cloud> Driver for Memory<C> {
    fn id(&self) -> &'static str {
        C::ID
    }

    fn name(&self) -> &'static str {
        C::NAME
    }

    fn capabilities(&self) -> Capabilities {
        C::CAPABILITIES
    }

    /// None: any name makes one.
    fn providers(&self) -> Vec<Provider> {
        Vec::new()
    }

    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        ProviderName::new(name)
            .map_err(|invalid| Error::new(ErrorKind::Invalid, C::ID, format!("Unknown provider: {invalid}.")))
    }

    fn default_provider(&self) -> Option<ProviderName> {
        None
    }

    async fn authenticate(&self, context: &Context) -> Result<(), Error> {
        self.check(context).map_err(Into::into)
    }

    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        self.read(context, |there| Ok(there.list(filter))).map_err(Into::into)
    }

    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        self.read(context, |there| there.get(id).cloned()).map_err(Into::into)
    }

    /// No traffic ever comes by here.
    async fn counted(&self, context: &Context, id: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        let firewall = self.firewall(context, id).await?;
        if !C::CAPABILITIES.rules.count {
            return Err(Error::unsupported(C::ID, "count what rules match"));
        }
        let none = vec![Hits::default(); firewall.rules.len()];
        Ok((firewall, none))
    }

    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        self.check(context).map_err(Into::into)?;
        C::CAPABILITIES.permit_firewall(&new, C::ID)?;
        let create = |there: &mut Firewalls, room| {
            let (firewall, place) = self.cloud.new_firewall(there, new)?;
            Ok(there.insert(place, firewall, room)?)
        };
        self.change(context, create).map_err(Into::into)
    }

    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        let delete = |there: &mut Firewalls, _| {
            self.cloud.check_deletion(there, there.get(id)?)?;
            Ok(there.remove(id)?)
        };
        self.change(context, delete).map(|()| Deletion::Done).map_err(Into::into)
    }

    async fn create_rule(
        &self,
        context: &Context,
        id: &FirewallId,
        new: NewRule,
        position: Position,
    ) -> Result<Arc<Firewall>, Error> {
        self.check(context).map_err(Into::into)?;
        C::CAPABILITIES.permit(&new, C::ID)?;
        let create = |there: &mut Firewalls, room| {
            let (rule, place) = self.cloud.new_rule(there, there.get(id)?, new, position)?;
            Ok(there.insert_rule(id, place, rule, room)?)
        };
        self.change(context, create).map_err(Into::into)
    }

    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        self.change(context, |there, room| Ok(there.remove_rule(id, rule, room)?)).map_err(Into::into)
    }

    async fn replace_rules(&self, context: &Context, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        self.check(context).map_err(Into::into)?;
        C::CAPABILITIES.permit_rules(replacement.rules, C::ID)?;
        let replace = |there: &mut Firewalls, room| {
            let firewall = there.get_unchanged(replacement.seen)?;
            let (rules, default) = self.cloud.replaced(there, firewall, replacement.rules)?;
            Ok(there.replace_rules(&replacement.seen.id, rules, default, room)?)
        };
        self.change(context, replace).map_err(Into::into)
    }

    async fn members(&self, context: &Context, id: &FirewallId) -> Result<Vec<Member>, Error> {
        self.read(context, |there| Ok(there.members(id)?.to_vec())).map_err(Into::into)
    }
}
