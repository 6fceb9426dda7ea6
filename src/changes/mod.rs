//! What is done to firewalls: made ready in one way, then made, or only told; tried, undone, ended in time, and written down. It
//! knows no HTTP and no dialect.
//!
//! | module | holds |
//! |---|---|
//! | [`engine`] | all of it, as dialects ask for it |
//! | [`change`], [`terms`], [`asked`] | one thing that is done to a firewall, how it is to be made, and who asks |
//! | [`entry`] | what is told of changes |
//! | `seen` | the firewall that a change is about, as it is before |
//! | `rules`, `check` | the rules that a firewall has after a change, and what a driver would refuse |
//! | `plan`, `apply` | telling what a change would do, and asking the driver to make it |
//! | `after`, `making`, `replaced`, `ending`, `unfinished` | making a change with all that it takes to end it, also in a trial's place |
//! | `inverse`, `undone`, `joined`, `matching` | what undoes a change: of rules in their order, and of single sources |
//! | `undoing` | undoing it |
//! | `settling` | finding out whether a change was made |
//! | `expiring`, `expire` | which rules end by themselves, and ending them |
//! | [`guards`], [`keepers`] | what has to stay open or closed, and who keeps firewalls as they are to be |
//! | `records`, `written` | what was kept of a change, read again; what is done already, written down |
//! | `journal`, `drifting` | what is kept, for who may see it; what others did |
//! | `pending`, `background` | what is still to be ended, and who does it |
//! | `place` | where a call goes |
//! | `snapshot`, [`documents`] | firewalls and rules as they are kept, and what drivers keep of them |
//! | [`shared`] | what all of this needs |

pub mod asked;
pub mod change;
pub mod documents;
pub mod engine;
pub mod entry;
pub mod guards;
pub mod keepers;
pub mod shared;
pub mod terms;

mod after;
mod apply;
mod background;
mod check;
mod drifting;
mod ending;
mod expire;
mod expiring;
#[cfg(test)]
mod few;
mod inverse;
mod joined;
mod journal;
mod making;
mod matching;
mod pending;
mod place;
mod plan;
mod records;
mod replaced;
mod rules;
mod seen;
mod settling;
mod snapshot;
mod undoing;
mod undone;
mod unfinished;
mod written;

pub use apply::Made;
pub use asked::Asked;
pub use change::Change;
pub use engine::Changes;
pub use expiring::RuleExpiry;
pub use keepers::Keeper;
pub use plan::Planned;
pub use rules::index_of;
pub use seen::Expected;
pub use shared::Parts;
