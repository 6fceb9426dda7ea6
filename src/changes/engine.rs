//! All changes of a gateway: made, tried, undone, ended by themselves, and written down.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deltawall_core::{Diff, Driver, Error, Firewall, FirewallId, NewRule, ProviderName, RuleSet};

use super::apply::Made;
use super::asked::Asked;
use super::change::Change;
use super::entry::{Applied, Drift, Entry, Page, Progress, Settlement, Undone};
use super::expiring::{self, RuleExpiry};
use super::keepers::Keeper;
use super::plan::{Planned, told_of};
use super::seen::{Expected, Look};
use super::shared::{Parts, Shared, blocked, busy};
use super::terms::Terms;
use super::{background, drifting, journal, making, plan, records, seen, undoing};
use crate::clock::{Clock, Timestamp};
use crate::gateway::Gateway;
use crate::gateway::standing::Standing;
use crate::store::error::StoreError;
use crate::store::record::Query;
use crate::store::{ChangeId, Store};

/// All changes of a gateway.
#[derive(Debug)]
pub struct Changes {
    shared: Arc<Shared>,
    is_on: bool,
}

impl Changes {
    /// Those of a gateway. Clients are told of them unasked where they are on.
    pub fn new(parts: Parts, is_on: bool) -> Self {
        Self { shared: Arc::new(Shared::new(parts, background::start)), is_on }
    }

    /// Takes up what was begun before the gateway was stopped. It is called once, before anything is asked.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn start(&self) -> Result<(), StoreError> {
        background::learn(&self.shared).await?;
        self.shared.wake();
        Ok(())
    }

    /// The gateway.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.shared.gateway
    }

    /// From now on nobody but its keeper changes the rules of a firewall.
    pub fn keep(&self, keeper: Keeper) {
        self.shared.keepers.add(keeper);
    }

    /// From now on these are all whose names begin so who keep firewalls.
    pub fn keep_only(&self, start: &str, keepers: Vec<Keeper>) {
        self.shared.keepers.set(start, keepers);
    }

    /// Who keeps a firewall.
    pub fn keeper(&self, driver: &dyn Driver, provider: Option<&ProviderName>, firewall: &Firewall) -> Option<Keeper> {
        self.shared.keepers.of(driver, provider, firewall)
    }

    /// What keeps it all.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// What time it is.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// How far a change has come, whoever may see it: for who keeps its firewall. None where it was never begun.
    ///
    /// # Errors
    /// What the store says.
    pub async fn progress(&self, id: &ChangeId) -> Result<Option<Progress>, StoreError> {
        let record = self.shared.ask("change", self.shared.store.change(id)).await?;
        let due = self.shared.pending().due(id);
        Ok(record.map(|record| Progress {
            state: record.state,
            left: match (due, record.confirm_by) {
                (Some(due), _) => due.left(&*self.shared.clock),
                (None, Some(end)) => end.since(self.shared.clock.now()),
                (None, None) => Duration::ZERO,
            },
        }))
    }

    /// Whether clients are told of it unasked.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Whether what is asked for of this driver can be tried, and end by itself.
    pub fn can_end(&self, driver: &dyn Driver) -> bool {
        self.shared.store.is_durable() || driver.capabilities().firewalls.in_memory
    }

    /// The id of one more change.
    pub fn new_id(&self) -> ChangeId {
        self.shared.new_id()
    }

    /// Makes a change. The call has the turn of the firewall by the id that the change says.
    ///
    /// # Errors
    /// What the driver says; [`Conflict`](deltawall_core::ErrorKind::Conflict) where the firewall is not as expected, or has changed while it was looked at;
    /// [`Blocked`](deltawall_core::ErrorKind::Blocked) where a trial or a guard stands against it; [`Unrecorded`](deltawall_core::ErrorKind::Unrecorded) where
    /// it cannot be written down; [`Unsupported`](deltawall_core::ErrorKind::Unsupported) for a trial or an expiry that could not be kept, with what to configure.
    pub async fn apply(
        &self,
        asked: Asked<'_>,
        id: &ChangeId,
        change: Change,
        terms: Terms,
        expected: Expected<'_>,
        standing: &mut Standing<'_>,
    ) -> Result<Applied, Error> {
        // A box, so that a connection on which nothing is changed has no room for all of it.
        let applied = Box::pin(making::make(&self.shared, asked, id, change, terms, expected, standing)).await;
        self.shared.wake_for_pending();
        applied
    }

    /// Tells what a change would do, with a warning for each guard that would stand against it.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply) would be, as far as reading tells.
    pub async fn plan(
        &self,
        asked: Asked<'_>,
        change: &Change,
        terms: &Terms,
        expected: Expected<'_>,
    ) -> Result<Planned, Error> {
        let Asked { driver, context, .. } = asked;
        terms.check(driver, change, self.shared.store.is_durable(), self.shared.clock.now())?;
        let mut planned = plan::plan(driver, context, change, expected).await?;
        if !planned.is_new {
            let keeper = terms.keeper.as_deref();
            self.shared.keepers.check(driver, context.provider.as_ref(), &planned.firewall, keeper)?;
        }
        let place = self.shared.place(driver, context.provider.as_ref(), &planned.firewall);
        if let Some(open) = self.shared.pending().change_of(&place) {
            return Err(blocked(driver, busy(&open.id, open.confirm_by)));
        }
        if !planned.is_new {
            let after = (!matches!(change, Change::DeleteFirewall(_))).then_some(&planned.after);
            let guarded = making::guarded(asked, &planned.firewall, terms);
            planned.plan.warnings.extend(self.shared.guards.warnings(&guarded, after));
        }
        Ok(planned)
    }

    /// Finds out whether a change could be made, without telling what it would open and close, which may be too much.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply) would be, as far as reading tells: guards stand against it.
    pub async fn check(&self, asked: Asked<'_>, change: &Change, terms: &Terms) -> Result<(), Error> {
        let Asked { driver, context, .. } = asked;
        terms.check(driver, change, self.shared.store.is_durable(), self.shared.clock.now())?;
        let look = Look { expected: None, always: true };
        let Some(firewall) = seen::before(driver, context, change, look).await? else { return Ok(()) };
        self.shared.keepers.check(driver, context.provider.as_ref(), &firewall, terms.keeper.as_deref())?;
        let place = self.shared.place(driver, context.provider.as_ref(), &firewall);
        if let Some(open) = self.shared.pending().change_of(&place) {
            return Err(blocked(driver, busy(&open.id, open.confirm_by)));
        }
        let after = plan::prospect(driver, &firewall, change)?.after;
        let after = (!matches!(change, Change::DeleteFirewall(_))).then_some(&after);
        self.shared.guards.check(&making::guarded(asked, &firewall, terms), after)
    }

    /// The firewall of a change, whoever may see that: to know whose turn it takes. It may be told to nobody before the cloud has opened it.
    pub async fn firewall_of(
        &self,
        driver: &dyn Driver,
        provider: Option<&ProviderName>,
        id: &ChangeId,
    ) -> Option<FirewallId> {
        let record = journal::find(&self.shared, driver, provider, id).await.ok()?;
        records::firewall_of(driver, &record.place).ok()
    }

    /// One change, if the caller's credentials open its firewall, or the caller made it and the firewall is gone.
    ///
    /// # Errors
    /// [`NotFound`](deltawall_core::ErrorKind::NotFound) where there is none that the caller may see.
    pub async fn show(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Entry, Error> {
        journal::show(&self.shared, asked, id).await
    }

    /// The changes that the caller may see of those that are asked for; its driver and provider are those of the call.
    ///
    /// # Errors
    /// What the driver says, which is asked for one list.
    pub async fn list(&self, asked: Asked<'_>, query: Query) -> Result<Page, Error> {
        journal::list(&self.shared, asked, query).await
    }

    /// Confirms a trial, or only tells whether it could be.
    ///
    /// # Errors
    /// [`Blocked`](deltawall_core::ErrorKind::Blocked) where its time is over, or it was none.
    pub async fn confirm(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Entry, Error> {
        let confirmed = journal::confirm(&self.shared, asked, id).await;
        self.shared.wake_for_pending();
        confirmed
    }

    /// Tells what confirming a trial would do, which is nothing.
    ///
    /// # Errors
    /// As those of [`confirm`](Self::confirm).
    pub async fn plan_confirm(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Planned, Error> {
        let (record, firewall) = journal::visible(&self.shared, asked, id).await?;
        journal::check_confirmable(&self.shared, asked.driver, &record)?;
        let firewall = firewall.ok_or_else(|| blocked(asked.driver, "The firewall is gone."))?;
        let rules = plan::told(asked.driver, RuleSet::of(&firewall))?;
        self.told(asked, firewall, rules).await
    }

    /// Undoes a change. The call has the turn of its firewall.
    ///
    /// # Errors
    /// [`Blocked`](deltawall_core::ErrorKind::Blocked) where its inverse does not apply any more, with what is in the way.
    pub async fn undo(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Undone, Error> {
        let (record, firewall) = journal::visible(&self.shared, asked, id).await?;
        let undone = Box::pin(undoing::undo(&self.shared, asked, record, firewall.as_deref())).await;
        self.shared.wake_for_pending();
        undone
    }

    /// Tells what undoing a change would do now.
    ///
    /// # Errors
    /// As those of [`undo`](Self::undo).
    pub async fn plan_undo(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Planned, Error> {
        let (record, firewall) = journal::visible(&self.shared, asked, id).await?;
        let (firewall, rules) = undoing::prospect(&self.shared, asked, &record, firewall)?;
        self.told(asked, firewall, rules.unwrap_or(RuleSet { rules: Vec::new(), default: None })).await
    }

    /// What others did to a firewall since our last change of it. It is empty where there is none.
    ///
    /// # Errors
    /// What the driver says.
    pub async fn drift(&self, asked: Asked<'_>, firewall: &FirewallId) -> Result<Drift, Error> {
        drifting::drift(&self.shared, asked, firewall).await
    }

    /// Settles drift, which is a change itself. The call has the turn of the firewall.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply); [`Blocked`](deltawall_core::ErrorKind::Blocked) where it is not known how the firewall was left.
    pub async fn settle_drift(
        &self,
        asked: Asked<'_>,
        id: &ChangeId,
        firewall: &FirewallId,
        settlement: Settlement,
        terms: Terms,
        standing: &mut Standing<'_>,
    ) -> Result<Applied, Error> {
        match settlement {
            Settlement::Adopt => {
                let now = drifting::adopt(&self.shared, asked, id, firewall, terms.why).await?;
                Ok(Applied { made: Made::Firewall(now), confirm_by: None })
            }
            Settlement::Revert => {
                let (change, of_rules) = self.reversion(asked, firewall).await?;
                self.apply(asked, id, change, Terms { of_rules, ..terms }, None, standing).await
            }
        }
    }

    /// Tells what settling drift would do.
    ///
    /// # Errors
    /// As those of [`settle_drift`](Self::settle_drift).
    pub async fn plan_drift(
        &self,
        asked: Asked<'_>,
        firewall: &FirewallId,
        settlement: Settlement,
        terms: &Terms,
    ) -> Result<Planned, Error> {
        match settlement {
            Settlement::Adopt => {
                let now = asked.driver.firewall(asked.context, firewall).await?;
                let rules = plan::told(asked.driver, RuleSet::of(&now))?;
                self.told(asked, now, rules).await
            }
            Settlement::Revert => {
                let (change, of_rules) = self.reversion(asked, firewall).await?;
                self.plan(asked, &change, &Terms { of_rules, ..terms.clone() }, None).await
            }
        }
    }

    /// Whether anything of any firewall may end by itself, or be undone. It costs a look at a number.
    pub fn has_any_pending(&self) -> bool {
        self.shared.has_pending.load(Ordering::Relaxed)
    }

    /// The change that a firewall waits for the end of, if it waits: for those who have just been shown the firewall.
    pub fn trial(&self, driver: &dyn Driver, provider: Option<&ProviderName>, firewall: &Firewall) -> Option<Entry> {
        let pending = self.shared.pending();
        if !pending.has_changes() {
            return None;
        }
        let record = pending.change_of(&self.shared.place(driver, provider, firewall)).cloned();
        drop(pending);
        journal::brief(&self.shared, driver, record?).ok()
    }

    /// When rules of a firewall, or some of their sources, go by themselves: for each rule in its order. None where nothing of it does.
    pub fn expiries(
        &self,
        driver: &dyn Driver,
        provider: Option<&ProviderName>,
        firewall: &Firewall,
    ) -> Option<Vec<RuleExpiry>> {
        let pending = self.shared.pending();
        if !pending.has_expiries() {
            return None;
        }
        let expiries: Vec<_> = pending.expiries_of(&self.shared.place(driver, provider, firewall)).cloned().collect();
        drop(pending);
        (!expiries.is_empty()).then(|| expiring::shown(firewall, &expiries, &driver.capabilities()))
    }

    /// What makes of a firewall again what our last change has left.
    async fn reversion(
        &self,
        asked: Asked<'_>,
        firewall: &FirewallId,
    ) -> Result<(Change, Vec<(NewRule, Timestamp)>), Error> {
        let (rules, ends) = drifting::left(&self.shared, asked, firewall).await?;
        Ok((Change::ReplaceRules { firewall: firewall.clone(), rules, only: None, allow_gap: false }, ends))
    }

    async fn told(&self, asked: Asked<'_>, firewall: Arc<Firewall>, after: RuleSet) -> Result<Planned, Error> {
        let diff = Diff::new(&firewall, &after, &asked.driver.capabilities());
        let plan = told_of(asked.driver, asked.context, diff, &firewall, &after, true).await?;
        Ok(Planned { firewall, is_new: false, after, plan })
    }
}

/// Whoever ends things for it has an end, too.
impl Drop for Changes {
    fn drop(&mut self) {
        self.shared.end();
    }
}
