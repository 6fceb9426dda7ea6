//! A change as those who may see it are told of it.

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::{Firewall, FirewallId};

use super::apply::Made;
use super::plan::Planned;
use crate::clock::Timestamp;
use crate::store::ChangeId;
use crate::store::record::State;

/// A change of the journal.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is called.
    pub id: ChangeId,
    /// The firewall.
    pub firewall: FirewallId,
    /// The id of the driver.
    pub driver: String,
    /// The provider, as answers name it that always name one.
    pub provider: String,
    /// Who asked for it.
    pub user: String,
    /// What was done, in a word such as `create_rule`.
    pub operation: String,
    /// Why, in the words of who asked for it.
    pub why: Option<String>,
    /// How far it has come.
    pub state: State,
    /// When it began.
    pub made_at: Timestamp,
    /// Until when it has to be confirmed, where it is tried.
    pub confirm_by: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Who has undone it; none where its time was over.
    pub undone_by: Option<String>,
    /// Why it failed, or what is in the way of undoing it.
    pub note: Option<String>,
    /// How long it may still be confirmed, where it is tried.
    pub left: Option<Duration>,
    /// Whether it should have been undone by now and is not.
    pub is_overdue: bool,
    /// The firewall before; none where it was not there, or not looked at.
    pub before: Option<Arc<Firewall>>,
    /// The firewall after; none where it is not there any more, or not known.
    pub after: Option<Arc<Firewall>>,
    /// What it did to rules and traffic, where before and after are known; none where that is too much to be told.
    pub planned: Option<Planned>,
}

impl Entry {
    /// Whether it waits to be confirmed.
    pub fn can_be_confirmed(&self) -> bool {
        self.state == State::Trying && !self.is_overdue
    }

    /// Whether it may be undone, as far as its state tells.
    pub fn can_be_undone(&self) -> bool {
        let is_made = matches!(self.state, State::Trying | State::Done | State::Confirmed | State::Unknown);
        is_made && self.operation != "delete_firewall"
    }
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Its state.
    pub state: State,
    /// How long it may still be confirmed, where it is tried.
    pub left: Duration,
}

/// Some changes of the journal, the newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// The changes, without what they did.
    pub entries: Vec<Entry>,
    /// Whether there are more behind the last.
    pub has_more: bool,
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

/// What others did to a firewall since our last change of it.
#[derive(Debug, Clone)]
pub struct Drift {
    /// Our last change; none where there is none that is known to have left it.
    pub since: Option<ChangeId>,
    /// What makes of the firewall as that change has left it the firewall as it is.
    pub planned: Planned,
}

/// What is to become of drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The firewall stays as it is, and that is how it is left.
    Adopt,
    /// It becomes again what our last change has left.
    Revert,
}
