//! What all requests share.

use std::sync::Arc;

use deltawall_core::Cidr;

use super::attempts::Attempts;
use super::tokens::Tokens;
use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::policies::Policies;
use crate::policies::account::{Account, By, EventKind};

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) changes: Arc<Changes>,
    pub(super) policies: Arc<Policies>,
    pub(super) tokens: Tokens,
    pub(super) attempts: Attempts,
    /// Failed logins of keys, of which so many are told.
    pub(super) failed_logins: Attempts,
    /// The proxies that are believed where a client comes from.
    pub(super) proxies: Vec<Cidr>,
}

impl Shared {
    /// Tells the account that something has happened, which is written down soon.
    pub(super) fn tell(&self, account: &Account, by: By, kind: EventKind, message: String) {
        account.tell(by, kind, message);
        self.policies.wake();
    }

    pub(super) fn now(&self) -> Timestamp {
        self.changes.clock().now()
    }
}
