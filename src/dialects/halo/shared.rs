//! What all requests share.

use std::sync::Arc;

use deltawall_core::Cidr;

use super::attempts::Attempts;
use super::tokens::Tokens;
use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::policies::Policies;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) changes: Arc<Changes>,
    pub(super) policies: Arc<Policies>,
    pub(super) tokens: Tokens,
    pub(super) attempts: Attempts,
    /// The proxies that are believed where a client comes from.
    pub(super) proxies: Vec<Cidr>,
}

impl Shared {
    pub(super) fn now(&self) -> Timestamp {
        self.changes.clock().now()
    }
}
