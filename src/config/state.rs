//! Where changes are kept.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

/// Where changes are kept.
#[derive(Debug, Clone)]
pub enum State {
    /// In the gateway's memory.
    Memory,
    /// In a file of SQLite's.
    Sqlite(PathBuf),
    /// In a database of PostgreSQL's, by its URL, which may hold a password.
    Postgres(SecretString),
}

/// What was typed for it.
pub(super) fn state(typed: &SecretString) -> State {
    let text = typed.expose_secret();
    match text {
        "memory" => State::Memory,
        url if url.starts_with("postgres://") || url.starts_with("postgresql://") => State::Postgres(typed.clone()),
        path => State::Sqlite(path.into()),
    }
}
