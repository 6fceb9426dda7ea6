//! What all requests share.

use std::sync::Arc;

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
}

impl Shared {
    pub(super) fn now(&self) -> Timestamp {
        self.changes.clock().now()
    }
}
