//! A store in a database.
//!
//! | module | holds |
//! |---|---|
//! | `store` | the store |
//! | `database` | SQLite's file, or a server of PostgreSQL |
//! | `reading`, `writing`, `rows` | the statements, which both understand |
//! | `write`, `batches` | what is written, and together with what |
//! | `worker` | where calls run |

mod batches;
mod database;
mod reading;
mod rows;
mod store;
mod worker;
mod write;
mod writing;

pub use store::Sql;
