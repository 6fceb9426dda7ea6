//! Changes that nobody has brought to their end.

use std::sync::Arc;

use super::shared::Shared;
use crate::store::ChangeId;
use crate::store::record::Step;

/// A change that a request is about to begin. Where it is dropped before its end is written down, because the client has gone or it took
/// too long, somebody else finds out what has become of it.
pub(super) struct Unfinished<'a> {
    shared: &'a Arc<Shared>,
    id: &'a ChangeId,
    is_finished: bool,
}

impl<'a> Unfinished<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, id: &'a ChangeId) -> Self {
        shared.pending().works_on(id, true);
        Self { shared, id, is_finished: false }
    }

    /// It has not begun, or its end is written down.
    pub(super) fn finish(mut self) {
        self.is_finished = true;
    }
}

impl Unfinished<'_> {
    /// What has become of it is known, and could not be written down: that is tried again.
    pub(super) fn finish_later(self, step: Step) {
        self.shared.pending().add_unwritten(self.id, step);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let mut pending = self.shared.pending();
        pending.works_on(self.id, false);
        if !self.is_finished {
            pending.add_unsettled(self.id);
            drop(pending);
            self.shared.wake();
        }
    }
}
