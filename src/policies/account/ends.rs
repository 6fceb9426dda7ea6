//! When GhostPorts end: at their time of day, or when as much time has gone by as there was until then. So nobody has one for longer because
//! the clock was set.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::id::Id;
use super::objects::{GhostPort, Objects};
use crate::clock::{Clock, Timestamp};

/// By how long the clock runs, which nobody can set, those end that were seen open.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<HashMap<Id, Duration>>);

impl Ends {
    /// How long there is until one ends, which lives for so long at the most; nothing where it is over.
    pub(super) fn left(&self, open: &GhostPort, life: Duration, clock: &dyn Clock) -> Duration {
        let (by_day, running) = (Timestamp::from_millis(open.expires_at).since(clock.now()), clock.running());
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = *ends.entry(open.id).or_insert(running + by_day.min(life));
        by_day.min(end.saturating_sub(running))
    }

    /// Forgets those that are not there any more.
    pub(super) fn keep_only(&self, objects: &Objects) {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ends.retain(|id, _| objects.ghost_ports.get(*id).is_some());
    }
}
