//! When something of a firewall ends.

use super::change_id::ChangeId;
use super::place::Place;
use crate::clock::Timestamp;

/// A rule, or some of its sources, that goes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// What it is called.
    pub id: String,
    /// The change that asked for it. Until that is done, its rule may not be there.
    pub change: ChangeId,
    /// The firewall.
    pub place: Place,
    /// Who asked for it.
    pub user: String,
    /// What was asked for, as `changes` writes rules.
    pub rule: String,
    /// The cloud's own id of the rule, once it is known and where there is one.
    pub cloud_id: Option<String>,
    /// When it ends.
    pub due: Timestamp,
}
