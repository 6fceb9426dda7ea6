//! A store in a database.
//!
//! | module | holds |
//! |---|---|
//! | [`store`] | the store |
//! | [`database`] | SQLite's file, or a server of PostgreSQL |
//! | [`reading`], [`writing`], [`rows`] | the statements, which both understand |
//! | [`worker`] | where calls run |

mod database;
mod reading;
mod rows;
mod store;
mod worker;
mod writing;

pub use store::Sql;
