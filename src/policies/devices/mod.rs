//! Devices: rules in the words of their clients, and for each one firewall that is kept at them.
//!
//! | module | holds |
//! |---|---|
//! | [`rule`] | a rule as a client sends it, and what is wrong with one |
//! | [`compile`] | what rules come to, in the model |
//! | [`state`] | what is kept of a device, and how it looks from outside |
//! | [`device`] | one device: what is kept of it, and how it looks |
//! | `operations`, `upkeep` | what is done to it, and what is done when nobody asks |
//! | `asking` | what its driver is asked |

mod asking;
pub mod compile;
pub mod device;
mod operations;
pub mod rule;
pub mod state;
mod upkeep;

pub use device::Device;
pub use operations::WhileOff;
pub use state::{Phase, View};
