//! What the driver of a device is asked.

use std::time::Duration;

use deltawall_core::{Context, Direction, Driver, Error, ErrorKind, Firewall, RuleSet};

use super::compile::{Wanted, compile};
use super::device::Device;
use super::rule::Rules;
use crate::changes::Change;
use crate::changes::entry::Undone;
use crate::changes::terms::Terms;
use crate::gateway::standing::Standing;
use crate::policies::cloud::Asker;
use crate::policies::failure::Failure;
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
            let asked = self.cloud.asked(driver, context, asker.caller, "set_rules");
            let terms = Terms { keeper: Some(self.name()), ..Terms::default() };
            match self.cloud.changes.plan(asked, &change, &terms, None).await {
                // Nothing is asked of the firewall yet, so nobody else's trial is in the way.
                Err(why) if why.kind == ErrorKind::Blocked => Ok(()),
                planned => planned.map(drop),
            }
        })
        .await
    }

    /// The firewall is to have other rules from now on, for good.
    pub(super) fn plainly<'a>(&self, operation: &'static str, wanted: Wanted<'a>) -> Rewrite<'a> {
        let id = self.cloud.changes.new_id();
        Rewrite { operation, id, wanted, confirm_within: None, instead_of: None, why: None }
    }

    pub(super) async fn rewrite(&self, asker: Asker<'_>, rewrite: Rewrite<'_>) -> Result<(), Failure> {
        let Rewrite { operation, id, wanted, confirm_within, instead_of, why } = rewrite;
        let keeper = Some(self.name());
        let terms = Terms { confirm_within, instead_of, why, keeper, ..Terms::default() };
        self.ask(asker, operation, Some(&id), async |driver, context, standing: &mut Standing<'_>| {
            let firewall = self.cloud.in_force(driver, context, &self.firewall).await?;
            let change = self.change(wanted, &firewall)?;
            let asked = self.cloud.asked(driver, context, asker.caller, operation);
            self.cloud.changes.apply(asked, &id, change, terms, None, standing).await.map(drop)
        })
        .await
    }

    pub(super) async fn undo(&self, asker: Asker<'_>, id: &ChangeId) -> Result<(), Failure> {
        let undone = self.ask(asker, "undo_rules", Some(id), async |driver, context, _| {
            self.cloud.changes.undo(self.cloud.asked(driver, context, asker.caller, "undo_rules"), id).await
        });
        match undone.await? {
            Undone::Done(_) => Ok(()),
            Undone::UnderWay(_) => {
                Err(Failure::Backend("the old rules are not in force yet, and it is tried again".into()))
            }
        }
    }

    /// Asks its driver about its firewall: for a change where that has an id, and in the firewall's turn.
    pub(super) async fn ask<T>(
        &self,
        asker: Asker<'_>,
        operation: &'static str,
        change: Option<&ChangeId>,
        ask: impl AsyncFnOnce(&dyn Driver, &Context, &mut Standing<'_>) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        self.cloud.ask(asker, operation, Some(&self.firewall), change, ask).await
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
        let driver = self.cloud.driver.id();
        let set = compile(wanted, firewall, &self.cloud.driver.capabilities(), driver);
        set.map_err(|why| Error::new(ErrorKind::Unsupported, driver, why.to_string()))
    }
}
