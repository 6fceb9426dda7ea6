//! What is done to firewalls: made ready in one way, then made, or only told. It knows no HTTP and no dialect.
//!
//! | module | holds |
//! |---|---|
//! | [`change`] | one thing that is done to a firewall |
//! | `seen` | the firewall that a change is about, as it is before |
//! | `rules` | the rules that a firewall has after a change |
//! | `check` | what a driver would refuse, as far as that can be told |
//! | `snapshot` | firewalls and rules as they are kept, in JSON |
//! | `inverse` | what undoing a change makes of a firewall as it is: of whole rules (`undone`), of single sources (`joined`) |
//! | `matching` | which rules are the same |
//! | `apply`, `plan` | making a change, and telling what it would do |

pub mod change;
pub mod engine;
pub mod entry;
pub mod terms;

mod apply;
mod check;
#[cfg(test)]
mod few;
mod inverse;
mod joined;
mod matching;
mod plan;
mod rules;
mod seen;
mod snapshot;
mod undone;

pub use apply::{Made, apply};
pub use change::Change;
pub use engine::Changes;
pub use plan::{Planned, plan};
pub use rules::index_of;
pub use seen::Expected;
