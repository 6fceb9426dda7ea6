//! What is kept of a device, and how it looks from outside.
//!
//! Of a change that is asked for, its rules are written down with the id that the change has in the journal, before it begins. What has
//! become of it is not written down twice: the journal tells. So a device is in no other state than the changes of its firewall.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rule::Rules;
use crate::changes::entry::Progress;
use crate::clock::Timestamp;
use crate::policies::failure::Failure;
use crate::store::ChangeId;
use crate::store::record::State;

/// What is kept of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// Whether it filters; none where nobody has said yet, and its firewall is not touched.
    pub(super) activated: Option<bool>,
    /// The rules that are in force unless others are tried.
    pub(super) confirmed: Arc<Rules>,
    /// The rules of a trial whose time is over.
    pub(super) expired: Option<Arc<Rules>>,
    /// What was asked for last, as long as it is not known how it ends.
    pub(super) asked: Option<Box<Request>>,
}

/// Rules that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// The rules.
    pub(super) rules: Arc<Rules>,
    /// How they are to come.
    pub(super) how: How,
    /// The trial whose place this takes, which goes on where this comes to nothing.
    pub(super) instead_of: Option<Box<Request>>,
}

/// How rules are to come that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// By a change of this id, for good.
    Change(String),
    /// By a trial of this id.
    Trial(String),
    /// In the lists alone until then, in milliseconds after the beginning of 1970: nothing is filtered.
    Lists(i64),
}

/// How far a device has come with what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is tried.
    Idle,
    /// Rules are tried for so much longer.
    Testing(Duration),
    /// Rules were tried and not confirmed.
    Expired,
}

/// A device as it looks from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Whether it filters.
    pub activated: bool,
    /// The rules in force.
    pub active: Arc<Rules>,
    /// The rules that are tried, or were.
    pub pending: Option<Arc<Rules>>,
    /// How far it has come.
    pub phase: Phase,
}

/// What is known of a request from its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It has come to nothing.
    None,
    /// It is being made, or nobody knows.
    Open,
    /// It is tried for so much longer.
    Testing(Duration),
    /// It holds.
    Made,
    /// It was undone.
    Expired,
}

impl Kept {
    /// The trial that is under way, by the id of its change.
    pub(super) fn trial(&self) -> Option<&str> {
        self.asked.as_ref().and_then(|asked| match &asked.how {
            How::Trial(id) => Some(&**id),
            How::Change(_) | How::Lists(_) => None,
        })
    }

    /// The same as an id.
    pub(super) fn trial_id(&self) -> Result<Option<ChangeId>, Failure> {
        self.trial().map(|id| ChangeId::new(id).map_err(|why| Failure::Backend(format!("{id} {why}")))).transpose()
    }

    /// The ids of changes whose progress decides what it is.
    pub(super) fn changes(&self) -> Vec<&str> {
        let requests = std::iter::successors(self.asked.as_deref(), |asked| asked.instead_of.as_deref());
        requests.filter_map(|asked| asked.id()).collect()
    }

    /// The same with what is known now of how it ends: `progress` says how far a change has come, none where it has never begun.
    pub(super) fn settled(&self, now: Timestamp, progress: impl Fn(&str) -> Option<Progress>) -> Self {
        let mut kept = self.clone();
        while let Some(asked) = kept.asked.take() {
            match asked.outcome(now, &progress) {
                Outcome::None => kept.asked = asked.instead_of,
                Outcome::Made => (kept.confirmed, kept.expired) = (asked.rules, None),
                Outcome::Expired => kept.expired = Some(asked.rules),
                Outcome::Open | Outcome::Testing(_) => {
                    kept.asked = Some(asked);
                    break;
                }
            }
        }
        kept
    }

    /// How it looks, where it is settled.
    pub(super) fn view(&self, now: Timestamp, progress: impl Fn(&str) -> Option<Progress>) -> View {
        let tried = self.asked.as_deref().and_then(|asked| asked.tried(now, &progress));
        let activated = self.activated == Some(true);
        match tried {
            Some((rules, left)) => View {
                activated,
                active: Arc::clone(rules),
                pending: Some(Arc::clone(rules)),
                phase: Phase::Testing(left),
            },
            None => View {
                activated,
                active: Arc::clone(&self.confirmed),
                pending: self.expired.clone(),
                phase: if self.expired.is_some() { Phase::Expired } else { Phase::Idle },
            },
        }
    }
}

impl Request {
    fn id(&self) -> Option<&str> {
        match &self.how {
            How::Change(id) | How::Trial(id) => Some(id),
            How::Lists(_) => None,
        }
    }

    /// The rules that are tried, for how much longer: its own, or those of the trial whose place it is about to take.
    fn tried(&self, now: Timestamp, progress: &impl Fn(&str) -> Option<Progress>) -> Option<(&Arc<Rules>, Duration)> {
        match self.outcome(now, progress) {
            Outcome::Testing(left) => Some((&self.rules, left)),
            Outcome::Open => self.instead_of.as_ref()?.tried(now, progress),
            Outcome::None | Outcome::Made | Outcome::Expired => None,
        }
    }

    fn outcome(&self, now: Timestamp, progress: &impl Fn(&str) -> Option<Progress>) -> Outcome {
        let (id, is_trial) = match &self.how {
            How::Change(id) => (id, false),
            How::Trial(id) => (id, true),
            How::Lists(until) => {
                let left = Timestamp::from_millis(*until).since(now);
                return if left.is_zero() { Outcome::Expired } else { Outcome::Testing(left) };
            }
        };
        let Some(Progress { state, left }) = progress(id) else { return Outcome::None };
        match (state, is_trial) {
            (State::Applying, false) => Outcome::Open,
            // While it is being undone, what was tried may still be in force.
            (State::Applying | State::Trying | State::Undoing, _) => {
                Outcome::Testing(if state == State::Undoing { Duration::ZERO } else { left })
            }
            (State::Done | State::Confirmed, _) => Outcome::Made,
            (State::Undone, true) => Outcome::Expired,
            // Of what nobody knows, the firewall is made what it was before.
            (State::Undone | State::Failed | State::Unknown, _) => Outcome::None,
        }
    }
}
