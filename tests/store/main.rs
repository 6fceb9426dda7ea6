//! What each kind of store holds to: in memory, in a file of SQLite's, and on PostgreSQL.
//!
//! The same tests run on all of them. `random` holds the kinds to each other, and `durable` those to what they promise that outlive
//! the process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod contract;
mod documents;
mod durable;
mod expiring;
mod kinds;
mod opening;
mod random;
mod records;
