//! Halo's account: policies with all that their rules name, and groups, whose firewalls are kept at the policies that are assigned to them.
//!
//! | module | holds |
//! |---|---|
//! | [`id`], [`address_list`] | ids, and the addresses of a zone |
//! | [`policy`], [`rule`], [`service`], [`event`], [`objects`] | the objects, and all of them |
//! | [`error`], [`draft`], [`edits`] | what is wrong with what a client sends, and what clients change |
//! | [`compile`] | what a policy comes to, in the model |
//! | [`state`] | the account: what is kept of it |
//! | [`servers`] | its groups and servers, as the cloud has them |
//! | `applying`, `changing`, `ends`, `telling` | keeping the firewalls of groups, changing it, when GhostPorts end, and telling what has happened |

pub mod address_list;
mod applying;
mod changing;
pub mod compile;
pub mod draft;
pub mod edits;
mod ends;
pub mod error;
pub mod event;
pub mod id;
pub mod objects;
pub mod policy;
pub mod rule;
pub mod servers;
pub mod service;
pub mod state;
mod telling;

pub use draft::{By, Directory, Draft};
pub use error::{ChangeError, Code, Problem};
pub use event::{Actor, Event, EventKind};
pub use id::Id;
pub use objects::Objects;
pub use state::Account;
