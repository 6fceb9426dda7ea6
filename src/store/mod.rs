//! What outlives a restart: the journal of changes, what ends by itself, and sealed credentials. It knows no driver and no HTTP.
//!
//! | module | holds |
//! |---|---|
//! | [`interface`] | what each kind of store does |
//! | [`memory`] | one in the process's own memory |
//! | [`sql`] | one in a file of SQLite's, or on a server of PostgreSQL |
//! | [`opening`] | the one that an operator has chosen, with its key |
//! | [`record`], [`change_id`] | a change as it is kept, and what is asked of them |
//! | [`expiry`] | when something of a firewall ends |
//! | [`documents`] | documents that are written together |
//! | [`place`] | which firewall it is |
//! | [`seal`] | credentials at rest |
//! | [`error`] | why a store has not done what it was asked |

pub mod change_id;
pub mod documents;
pub mod error;
pub mod expiry;
pub mod interface;
pub mod memory;
pub mod opening;
pub mod place;
pub mod record;
pub mod seal;
pub mod sql;

pub use change_id::ChangeId;
pub use documents::DocumentWrites;
pub use interface::Store;
pub use memory::Memory;
pub use sql::Sql;
