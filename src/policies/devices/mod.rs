//! Devices: rules in the words of their clients, and for each one firewall that is kept at them.
//!
//! | module | holds |
//! |---|---|
//! | [`rule`] | a rule as a client sends it, and what is wrong with one |
//! | [`compile`] | what rules come to, in the model |
//! | [`state`] | what is kept of a device, and how it looks from outside |
//! | [`device`] | one device: what is kept of it, and how it looks |
//! | `operations`, `upkeep` | what is done to it, and what is done when nobody asks |
//! | `asking`, [`failure`] | what its driver is asked, and why something is not done |
//! | `differs` | whether a firewall has the rules that it is to have |

mod asking;
pub mod compile;
pub mod device;
mod differs;
pub mod failure;
mod operations;
pub mod rule;
pub mod state;
mod upkeep;

pub use device::{Asker, Device};
pub use failure::Failure;
pub use operations::WhileOff;
pub use state::{Phase, View};
