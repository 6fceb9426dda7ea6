//! What clients change of the account: each kind of object has a file.

mod feeds;
mod ghost_ports;
mod groups;
mod interfaces;
mod policies;
mod resolving;
mod rules;
mod services;
mod zones;

pub use groups::GroupEdit;
pub use interfaces::InterfaceEdit;
pub use policies::PolicyEdit;
pub use resolving::{PeerKind, Reference};
pub use rules::{Place, RuleEdit};
pub use services::ServiceEdit;
pub use zones::ZoneEdit;
