//! What the driver of a device is asked.

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::{Context, Direction, Driver, Error, ErrorKind, Firewall, ProviderName, Replacement, RuleSet};

use super::compile::{Wanted, compile};
use super::device::{Asker, Device};
use super::failure::Failure;
use super::rule::Rules;
use crate::changes::entry::Undone;
use crate::changes::terms::Terms;
use crate::changes::{Asked, Change};
use crate::gateway::access::Caller;
use crate::gateway::audit;
use crate::gateway::call::{DriverCall, NotDone};
use crate::gateway::standing::Standing;
use crate::store::ChangeId;

/// How a firewall is to be asked to have rules.
pub(super) struct Rewrite<'a> {
    pub(super) operation: &'static str,
    pub(super) id: ChangeId,
    pub(super) wanted: Wanted<'a>,
    pub(super) confirm_within: Option<Duration>,
    pub(super) instead_of: Option<ChangeId>,
    pub(super) why: Option<String>,
}

impl Device {
    /// Whether the driver could enforce these rules, which is all that is asked of it.
    pub(super) async fn check(&self, asker: Asker<'_>, rules: &Rules) -> Result<(), Failure> {
        self.ask(asker, "plan", None, async |driver, context, _| {
            let firewall = driver.firewall(context, &self.firewall).await?;
            let change = self.change(Wanted::Rules(rules), &firewall)?;
            let asked = self.asked(driver, context, asker.caller, "set_rules");
            let terms = Terms { keeper: Some(self.name()), ..Terms::default() };
            match self.changes.plan(asked, &change, &terms, None).await {
                // Nothing is asked of the firewall yet, so nobody else's trial is in the way.
                Err(why) if why.kind == ErrorKind::Blocked => Ok(()),
                planned => planned.map(drop),
            }
        })
        .await
    }

    /// The firewall is to have other rules from now on, for good.
    pub(super) fn plainly<'a>(&self, operation: &'static str, wanted: Wanted<'a>) -> Rewrite<'a> {
        let id = self.changes.new_id();
        Rewrite { operation, id, wanted, confirm_within: None, instead_of: None, why: None }
    }

    pub(super) async fn rewrite(&self, asker: Asker<'_>, rewrite: Rewrite<'_>) -> Result<(), Failure> {
        let Rewrite { operation, id, wanted, confirm_within, instead_of, why } = rewrite;
        let keeper = Some(self.name());
        let terms = Terms { confirm_within, instead_of, why, keeper, ..Terms::default() };
        self.ask(asker, operation, Some(&id), async |driver, context, standing: &mut Standing<'_>| {
            let firewall = self.in_force(driver, context).await?;
            let change = self.change(wanted, &firewall)?;
            let asked = self.asked(driver, context, asker.caller, operation);
            self.changes.apply(asked, &id, change, terms, None, standing).await.map(drop)
        })
        .await
    }

    pub(super) async fn undo(&self, asker: Asker<'_>, id: &ChangeId) -> Result<(), Failure> {
        let undone = self.ask(asker, "undo_rules", Some(id), async |driver, context, _| {
            self.changes.undo(self.asked(driver, context, asker.caller, "undo_rules"), id).await
        });
        match undone.await? {
            Undone::Done(_) => Ok(()),
            Undone::UnderWay(_) => {
                Err(Failure::Backend("the old rules are not in force yet, and it is tried again".into()))
            }
        }
    }

    /// Asks its driver: for a change where that has an id, and in the turn of its firewall.
    pub(super) async fn ask<T>(
        &self,
        asker: Asker<'_>,
        operation: &'static str,
        change: Option<&ChangeId>,
        ask: impl AsyncFnOnce(&dyn Driver, &Context, &mut Standing<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let provider = self.provider.as_ref().map_or("default", ProviderName::as_str);
        let of = audit::Asker { id: asker.id, peer: asker.peer, driver: self.driver.id(), provider };
        let subject = audit::Subject {
            change: operation,
            firewall: Some(self.firewall.to_string()),
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
            firewall: change.map(|_| &self.firewall),
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

    /// Its firewall as it is, once what others did is undone where the driver keeps what is to be: they may hide all of it.
    pub(super) async fn in_force(&self, driver: &dyn Driver, context: &Context) -> Result<Arc<Firewall>, Error> {
        let now = driver.firewall(context, &self.firewall).await?;
        if !driver.capabilities().firewalls.kept {
            return Ok(now);
        }
        let kept = driver.kept(context, &self.firewall).await?;
        if now == kept {
            return Ok(now);
        }
        let rules = RuleSet::of(&kept);
        let rules = &rules.map_err(|why| Error::new(ErrorKind::Unsupported, driver.id(), why.to_string()))?;
        driver.replace_rules(context, Replacement { seen: &now, rules, allow_gap: false }).await
    }

    fn change(&self, wanted: Wanted<'_>, firewall: &Firewall) -> Result<Change, Error> {
        Ok(Change::ReplaceRules {
            firewall: self.firewall.clone(),
            rules: self.compiled(wanted, firewall)?,
            only: Some(Direction::Ingress),
            allow_gap: false,
        })
    }

    pub(super) fn compiled(&self, wanted: Wanted<'_>, firewall: &Firewall) -> Result<RuleSet, Error> {
        let driver = self.driver.id();
        let set = compile(wanted, firewall, &self.driver.capabilities(), driver);
        set.map_err(|why| Error::new(ErrorKind::Unsupported, driver, why.to_string()))
    }
}

fn failure(why: &Error) -> Failure {
    match why.kind {
        ErrorKind::Unsupported | ErrorKind::Blocked | ErrorKind::Invalid => Failure::Invalid(why.to_string()),
        ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::State
        | ErrorKind::Conflict
        | ErrorKind::Refused
        | ErrorKind::Unrecorded
        | ErrorKind::Overloaded
        | ErrorKind::Timeout
        | ErrorKind::Unavailable
        | ErrorKind::Internal => Failure::Backend(why.to_string()),
    }
}
