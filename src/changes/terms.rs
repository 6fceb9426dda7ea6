//! How a change is to be made: tried, for a time, and why.

use std::time::Duration;

use crate::clock::Timestamp;

/// How a change is to be made; by default for good, and for no reason that is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// It undoes itself unless it is confirmed in so much time: 1 to 86,400 seconds.
    pub confirm_within: Option<Duration>,
    /// When the rules that it adds go by themselves.
    pub expires: Option<Expires>,
    /// Why it is made, for the journal.
    pub why: Option<String>,
}

/// When a rule goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// So long after it was asked for.
    In(Duration),
    /// Then.
    At(Timestamp),
}
