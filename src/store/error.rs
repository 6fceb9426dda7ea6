//! Why the store has not done what it was asked.

use super::change_id::ChangeId;
use super::record::Record;

/// The store cannot do it: full, locked, gone, or of another version. It holds no credentials and no address of a server with a password in it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What is wrong, in a sentence for operators.
    pub message: String,
    /// Whether it may have been done all the same.
    pub is_unclear: bool,
    /// What it came from, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Why a change cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Another change of the firewall is not done yet: this one, without the firewall before and after it.
    #[error("another change of the firewall is under way")]
    Busy(Box<Record>),
    /// The trial whose place it was to take is over.
    #[error("change {0} is no trial any more")]
    Over(ChangeId),
    /// The store cannot keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a store cannot be opened, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub String);

impl StoreError {
    /// It was not done.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_unclear: false, source: None }
    }

    /// Whether it was done is not known.
    pub(super) fn unclear(message: impl Into<String>) -> Self {
        Self { is_unclear: true, ..Self::new(message) }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(why: sqlx::Error) -> Self {
        Self { source: None, ..Self::new(why.to_string()) }
    }
}

impl From<sqlx::Error> for BeginError {
    fn from(why: sqlx::Error) -> Self {
        Self::Store(why.into())
    }
}

impl From<StoreError> for OpenError {
    fn from(why: StoreError) -> Self {
        Self::new(why)
    }
}

impl OpenError {
    pub(super) fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
