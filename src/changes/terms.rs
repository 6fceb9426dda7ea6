//! How a change is to be made: tried, for a time, and why.

use std::time::Duration;

use deltawall_core::{Driver, Error, ErrorKind, NewRule};

use super::change::Change;
use crate::clock::Timestamp;
use crate::store::ChangeId;

/// How a change is to be made; by default for good, and for no reason that is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// It undoes itself unless it is confirmed in so much time: 1 to 86,400 seconds.
    pub confirm_within: Option<Duration>,
    /// When the rules that it adds go by themselves.
    pub expires: Option<Expires>,
    /// When these rules of a set go by themselves, whether they are added or there already.
    pub of_rules: Vec<(NewRule, Timestamp)>,
    /// Why it is made, for the journal.
    pub why: Option<String>,
    /// The trial of the same firewall whose place it takes: that ends with it, and what undoes it leads to where that began.
    pub instead_of: Option<ChangeId>,
    /// Who keeps the firewall, where it is who asks.
    pub keeper: Option<String>,
}

/// When a rule goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// So long after it was asked for.
    In(Duration),
    /// Then.
    At(Timestamp),
}

impl Terms {
    /// Whether something of the change is to end by itself.
    pub fn has_expiry(&self) -> bool {
        self.expires.is_some() || !self.of_rules.is_empty()
    }

    /// Whether it is to be undone unless somebody confirms it.
    pub(super) fn are_a_trial(&self) -> bool {
        self.confirm_within.is_some()
    }

    /// Whether the change is only to be made: nothing of it has to be ended.
    pub(super) fn are_plain(&self) -> bool {
        !self.are_a_trial() && !self.has_expiry()
    }

    /// Whether they can be kept for this change of this driver, whatever the firewall is.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] where they make no sense, [`ErrorKind::Unsupported`] where they could not be kept.
    pub(super) fn check(
        &self,
        driver: &dyn Driver,
        change: &Change,
        store_is_durable: bool,
        now: Timestamp,
    ) -> Result<(), Error> {
        let can = driver.capabilities();
        let invalid = |why: &str| Err(Error::new(ErrorKind::Invalid, driver.id(), why));
        if self.are_a_trial() && matches!(change, Change::DeleteFirewall(_)) {
            return invalid("Deleting a firewall cannot be tried: it could not come back as it was.");
        }
        let adds_none =
            matches!(change, Change::CreateFirewall(_) | Change::DeleteFirewall(_) | Change::DeleteRule { .. });
        if self.has_expiry() && adds_none {
            return invalid("Only rules that are made can end by themselves, and none is.");
        }
        let said = self.of_rules.iter().map(|(_, at)| at).chain(match &self.expires {
            Some(Expires::At(at)) => Some(at),
            _ => None,
        });
        if let Some(over) = said.into_iter().find(|at| **at <= now) {
            return invalid(&format!("expires_at: {over} is over already. It is {now}."));
        }
        let what = match (self.are_a_trial(), self.has_expiry()) {
            (false, false) => return Ok(()),
            (true, _) => "A trial",
            (false, true) => "A rule that ends by itself",
        };
        if !can.firewalls.in_memory && !store_is_durable {
            let message = format!(
                "{what} on the {} driver has to outlive the gateway, which keeps changes in its memory alone. Start it with --state FILE or --state postgres://….",
                driver.id()
            );
            return Err(Error::new(ErrorKind::Unsupported, driver.id(), message));
        }
        match self.has_expiry() && !can.rules.delete {
            true => Err(Error::unsupported(driver.id(), "delete rules, so none can end by itself")),
            false => Ok(()),
        }
    }
}
