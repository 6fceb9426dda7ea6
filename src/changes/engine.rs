//! All changes of a gateway: made, tried, undone, ended by themselves, and written down.

use std::sync::Arc;

use deltawall_core::{Context, Driver, Error, ErrorKind, Firewall};

use super::change::Change;
use super::entry::{Drift, Entry, Page, Settlement};
use super::seen::Expected;
use super::terms::Terms;
use super::{Made, Planned};
use crate::clock::{Clock, Timestamp};
use crate::gateway::Gateway;
use crate::gateway::access::Caller;
use crate::gateway::standing::Standing;
use crate::store::Store;
use crate::store::record::{ChangeId, Query, Record};

/// All changes of a gateway.
#[derive(Debug)]
pub struct Changes {
    gateway: Arc<Gateway>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// Who asks which driver for something.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The driver.
    pub driver: &'a dyn Driver,
    /// What it is asked with.
    pub context: &'a Context,
    /// On whose behalf.
    pub caller: &'a Caller,
    /// What for, in a word such as `create_rule`.
    pub operation: &'static str,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What was made.
    pub made: Made,
    /// Until when it has to be confirmed, where it is tried.
    pub confirm_by: Option<Timestamp>,
}

/// How far undoing has come.
#[derive(Debug, Clone)]
pub enum Undone {
    /// It is undone.
    Done(Entry),
    /// The cloud could not be reached, or has not said: it is tried again until it is done.
    UnderWay(Entry),
}

impl Changes {
    /// Those of a gateway.
    pub fn new(gateway: Arc<Gateway>, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { gateway, store, clock }
    }

    /// The gateway.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Whether something of it was asked for, so that clients are told of it unasked.
    pub fn is_on(&self) -> bool {
        self.store.is_durable()
    }

    /// The id of one more change.
    pub fn new_id(&self) -> ChangeId {
        todo!()
    }

    /// Makes a change. The call has the turn of the firewall by the id that the change says.
    ///
    /// # Errors
    /// What the driver says; [`ErrorKind::Conflict`] where the firewall is not as expected, or has changed while it was looked at;
    /// [`ErrorKind::Blocked`] where a trial or a guard stands against it; [`ErrorKind::Unrecorded`] where it cannot be written down;
    /// [`ErrorKind::Unsupported`] for a trial or an expiry that could not be kept, with what to configure.
    pub async fn apply(
        &self,
        asked: Asked<'_>,
        id: &ChangeId,
        change: Change,
        terms: Terms,
        expected: Expected<'_>,
        standing: &mut Standing<'_>,
    ) -> Result<Applied, Error> {
        let _ = (asked, id, change, terms, expected, standing);
        todo!()
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
        let _ = (asked, change, terms, expected);
        todo!()
    }

    /// A change as it is kept, whoever may see it: to know whose turn is needed. Nothing of it may be told before the cloud has opened its firewall.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Unrecorded`].
    pub async fn find(&self, driver: &dyn Driver, context: &Context, id: &ChangeId) -> Result<Record, Error> {
        let _ = (driver, context, id);
        todo!()
    }

    /// One change, if the caller's credentials open its firewall, or the caller made it and the firewall is gone.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where there is none that the caller may see.
    pub async fn show(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Entry, Error> {
        let _ = (asked, id);
        todo!()
    }

    /// The changes that the caller may see of those that are asked for; its driver and provider are those of the call.
    ///
    /// # Errors
    /// What the driver says, which is asked for one list.
    pub async fn list(&self, asked: Asked<'_>, query: Query) -> Result<Page, Error> {
        let _ = (asked, query);
        todo!()
    }

    /// Confirms a trial.
    ///
    /// # Errors
    /// [`ErrorKind::Blocked`] where its time is over, or it was none.
    pub async fn confirm(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Entry, Error> {
        let _ = (asked, id);
        todo!()
    }

    /// Undoes a change. The call has the turn of its firewall.
    ///
    /// # Errors
    /// [`ErrorKind::Blocked`] where its inverse does not apply any more, with what is in the way.
    pub async fn undo(&self, asked: Asked<'_>, id: &ChangeId, standing: &mut Standing<'_>) -> Result<Undone, Error> {
        let _ = (asked, id, standing);
        todo!()
    }

    /// Tells what undoing a change, or confirming it, would do now: nothing, for a confirmation.
    ///
    /// # Errors
    /// As those of [`undo`](Self::undo).
    pub async fn plan_undo(&self, asked: Asked<'_>, id: &ChangeId) -> Result<Planned, Error> {
        let _ = (asked, id);
        todo!()
    }

    /// What others did to a firewall since our last change of it. It is empty where there is none.
    ///
    /// # Errors
    /// What the driver says.
    pub async fn drift(&self, asked: Asked<'_>, firewall: &deltawall_core::FirewallId) -> Result<Drift, Error> {
        let _ = (asked, firewall);
        todo!()
    }

    /// Settles drift, which is a change itself. The call has the turn of the firewall.
    ///
    /// # Errors
    /// As those of [`apply`](Self::apply); [`ErrorKind::Blocked`] where it is not known how the firewall was left.
    pub async fn settle_drift(
        &self,
        asked: Asked<'_>,
        id: &ChangeId,
        firewall: &deltawall_core::FirewallId,
        settlement: Settlement,
        terms: Terms,
        standing: &mut Standing<'_>,
    ) -> Result<Applied, Error> {
        let _ = (asked, id, firewall, settlement, terms, standing);
        todo!()
    }

    /// The trial that a firewall is in, if it is in one: for those who have just been shown the firewall.
    pub fn trial(&self, driver: &dyn Driver, context: &Context, firewall: &Firewall) -> Option<Entry> {
        let _ = (driver, context, firewall);
        todo!()
    }

    /// When rules of a firewall, or some of their sources, go by themselves: for each rule in its order. None where nothing of it does,
    /// which costs no more than a look at a number.
    pub fn expiries(&self, driver: &dyn Driver, context: &Context, firewall: &Firewall) -> Option<Vec<RuleExpiry>> {
        let _ = (driver, context, firewall);
        todo!()
    }
}

/// When a rule goes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleExpiry {
    /// It stays.
    Never,
    /// All of it goes then.
    At(Timestamp),
    /// Some of its sources go: for each source in its order, when, if it does.
    Sources(Vec<Option<Timestamp>>),
}

/// What is in the way, for errors of the engine.
pub(super) fn blocked(driver: &dyn Driver, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Blocked, driver.id(), message)
}
