//! What tells everything in the program that it is to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Whether the program is to stop, for all who hold a clone of it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// What can be asked at each request: the token takes a lock for it.
    has_begun: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Stop {
    /// Has everything stop.
    pub fn begin(&self) {
        self.has_begun.store(true, Ordering::Release);
        self.token.cancel();
    }

    /// Whether it is to stop.
    pub fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Acquire)
    }

    /// A token for who waits, which is cancelled then.
    pub fn token(&self) -> CancellationToken {
        self.token.child_token()
    }
}
