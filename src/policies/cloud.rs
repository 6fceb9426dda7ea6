//! Where kept firewalls are, and how their driver is asked.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deltawall_core::{
    Context, Credentials, Driver, Error, ErrorKind, Firewall, FirewallId, ProviderName, Replacement, RuleSet,
};

use super::failure::Failure;
use crate::changes::{Asked, Changes, Keeper};
use crate::config::Usage;
use crate::gateway::Desk;
use crate::gateway::access::Caller;
use crate::gateway::audit;
use crate::gateway::call::{DriverCall, NotDone};
use crate::gateway::one_at_a_time;
use crate::gateway::standing::Standing;
use crate::store::ChangeId;

/// A driver with one of its providers, whose firewalls are kept.
#[derive(Debug)]
pub struct Cloud {
    pub(super) changes: Arc<Changes>,
    pub(super) driver: Arc<dyn Driver>,
    pub(super) provider: Option<ProviderName>,
}

/// Who asks something of a kept firewall.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// Whose worker it is.
    pub desk: &'a Desk,
    /// On whose behalf.
    pub caller: &'a Caller,
    /// What the request is called in the log.
    pub id: &'a str,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
    /// How long the driver took, once it has been asked.
    pub time: &'a Cell<Option<Duration>>,
}

impl Cloud {
    /// The cloud of this driver and provider; none where the driver is not served.
    ///
    /// # Errors
    /// Where firewalls could not be kept there, in a sentence.
    pub(super) fn new(driver: &str, provider: Option<&str>, changes: &Arc<Changes>) -> Result<Option<Self>, Usage> {
        let gateway = changes.gateway();
        let Some(driver) = gateway.registry.get(driver).cloned() else { return Ok(None) };
        let provider = provider.map(|name| driver.provider(name)).transpose();
        let provider = provider.map_err(|why| Usage(why.to_string()))?;
        let cloud = Self { changes: Arc::clone(changes), provider, driver };
        if !cloud.driver.capabilities().firewalls.in_memory && !changes.store().is_durable() {
            let why = "rules are kept for it, and those of this driver outlive the gateway: give --state FILE or --state postgres://…";
            return Err(Usage(why.into()));
        }
        match cloud.own_caller(String::new()) {
            Some(_) => Ok(Some(cloud)),
            None => Err(Usage(format!(
                "firewalls are kept while nobody asks, and the gateway has no credentials of its own for {}",
                cloud.driver.id()
            ))),
        }
    }

    /// The driver.
    pub fn driver(&self) -> &dyn Driver {
        &*self.driver
    }

    /// The driver's provider, where one was chosen.
    pub fn provider(&self) -> Option<&ProviderName> {
        self.provider.as_ref()
    }

    /// The name of the provider that is asked; none where the driver's own has none.
    pub(super) fn provider_name(&self) -> String {
        let provider = one_at_a_time::provider(&*self.driver, self.provider());
        provider.map(|name| name.to_string()).unwrap_or_default()
    }

    /// Who asks when nobody does, under this name: the gateway with credentials of its own, or with those of the driver's sample data.
    pub fn own_caller(&self, name: String) -> Option<Caller> {
        let gateway = self.changes.gateway();
        let id = self.driver.id();
        let own = gateway.access.own(id).map(|own| (own.clone(), true));
        let sample =
            || gateway.registry.sample(id).map(|sample| (Credentials::new(sample.login.0, sample.login.1), false));
        let (credentials, is_own) = own.or_else(sample)?;
        Some(Caller { name: Some(name), credentials, is_own, peer: None })
    }

    /// Who keeps this firewall, under this name.
    pub(super) fn keeper(&self, name: String, firewall: &FirewallId) -> Keeper {
        let driver = self.driver.id().to_owned();
        Keeper { name, driver, provider: self.provider_name(), firewall: firewall.to_string(), notes: Vec::new() }
    }

    /// Asks the driver about a firewall, or about all: for a change where that has an id, and then in the firewall's turn.
    pub(super) async fn ask<T>(
        &self,
        asker: Asker<'_>,
        operation: &'static str,
        firewall: Option<&FirewallId>,
        change: Option<&ChangeId>,
        ask: impl AsyncFnOnce(&dyn Driver, &Context, &mut Standing<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let provider = self.provider.as_ref().map_or("default", ProviderName::as_str);
        let of = audit::Asker { id: asker.id, peer: asker.peer, driver: self.driver.id(), provider };
        let subject = audit::Subject {
            change: operation,
            firewall: firewall.map(ToString::to_string),
            rule: None,
            parameters: None,
        };
        let audited = change.map(|id| {
            let mut audited = Box::new(audit::Change::new(of, asker.caller.user(), subject));
            audited.name(id.as_str());
            audited
        });
        let call = DriverCall {
            desk: asker.desk,
            driver: &*self.driver,
            provider: self.provider.as_ref(),
            caller: asker.caller,
            asker: of,
            operation,
            firewall: firewall.filter(|_| change.is_some()),
            room: None,
            time: asker.time,
        };
        call.ask(audited, ask).await.map_err(|why| match why {
            NotDone::Busy(why) => Failure::Backend(why),
            NotDone::Unproven(why) => Failure::Backend(why.to_string()),
            NotDone::Failed(why) => failure(&why),
        })
    }

    pub(super) fn asked<'a>(
        &'a self,
        driver: &'a dyn Driver,
        context: &'a Context,
        caller: &'a Caller,
        operation: &'static str,
    ) -> Asked<'a> {
        Asked { driver, context, caller, operation }
    }

    /// A firewall as it is, once what others did is undone where the driver keeps what is to be: they may hide all of it.
    pub(super) async fn in_force(
        &self,
        driver: &dyn Driver,
        context: &Context,
        firewall: &FirewallId,
    ) -> Result<Arc<Firewall>, Error> {
        let now = driver.firewall(context, firewall).await?;
        if !driver.capabilities().firewalls.kept {
            return Ok(now);
        }
        let kept = driver.kept(context, firewall).await?;
        if now == kept {
            return Ok(now);
        }
        let rules = RuleSet::of(&kept);
        let rules = &rules.map_err(|why| Error::new(ErrorKind::Unsupported, driver.id(), why.to_string()))?;
        driver.replace_rules(context, Replacement { seen: &now, rules, allow_gap: false }).await
    }
}

fn failure(why: &Error) -> Failure {
    match why.kind {
        ErrorKind::Unsupported | ErrorKind::Blocked | ErrorKind::Invalid => Failure::Invalid(why.to_string()),
        ErrorKind::NotFound => Failure::NotFound(why.to_string()),
        ErrorKind::Refused | ErrorKind::Conflict => Failure::Refused(why.to_string()),
        ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::State
        | ErrorKind::Unrecorded
        | ErrorKind::Overloaded
        | ErrorKind::Timeout
        | ErrorKind::Unavailable
        | ErrorKind::Internal => Failure::Backend(why.to_string()),
    }
}
