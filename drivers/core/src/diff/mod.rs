//! What makes of the rules that a firewall has those that it is to have.
//!
//! A rule is the same if it matches and does the same, logs the same and says the same of itself. One that is there twice is the same
//! twice. Where order matters, a rule that stays may have to move past others; as few do as can.
//!
//! Where rules [join](crate::RuleCapabilities::join), it is single sources that come and go: a rule that is added has the sources that
//! were not there for its traffic, and one that is removed those that will not be. What rules say of themselves is looked at where a
//! rule has just the sources that it had.

mod compare;
mod difference;
mod joined;
mod same;
mod whole;

#[cfg(test)]
mod tests;

pub use difference::{Addition, Diff, Move};
pub use same::{Same, canonical};
pub use whole::longest_in_order;
