//! How much may be done to answer one question about rules.

use std::cell::Cell;

/// Rules overlap in so many ways that it would take too long to tell what they do, or too much to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rules overlap in too many ways")]
pub struct TooMuch;

/// Steps that are left, each of about five nanoseconds. A thousand rules that become a thousand others take two or three million
/// (`benches/plan.rs`).
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

/// A look at a rule for a part of the traffic.
const STEPS_TO_LOOK: usize = 2;

/// What is kept takes memory, and so more than what is only looked at.
const STEPS_TO_KEEP: usize = 24;

/// Less than a tenth of a second, and some tens of MB where all of it is kept.
const STEPS: usize = 12_000_000;

/// So many sources of so many services are said at the most: a client is to read them.
pub(super) const MAX_SAID: usize = 10_000;

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(STEPS))
    }
}

impl Budget {
    /// Counts looks at so many rules or places, for a part of the traffic.
    pub(super) fn look(&self, at: usize) -> Result<(), TooMuch> {
        self.spend(at.saturating_mul(STEPS_TO_LOOK))
    }

    /// Counts so many comparisons, of which two are a step.
    pub(super) fn compare(&self, times: usize) -> Result<(), TooMuch> {
        self.spend(times.div_ceil(2))
    }

    /// Counts so many small things that are to be kept for a while.
    pub(super) fn keep(&self, things: usize) -> Result<(), TooMuch> {
        self.spend(things.saturating_mul(STEPS_TO_KEEP))
    }

    fn spend(&self, steps: usize) -> Result<(), TooMuch> {
        self.0.set(self.0.get().checked_sub(steps).ok_or(TooMuch)?);
        Ok(())
    }
}
