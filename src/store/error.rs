//! Why the store has not done what it was asked.

use super::record::Record;

/// The store cannot do it: full, locked, gone, or of another version. It holds no credentials and no address of a server with a password in it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What is wrong, in a sentence for operators.
    pub message: String,
    /// What it came from, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Why a change cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Another change of the firewall is not done yet.
    #[error("another change of the firewall is under way")]
    Busy(Box<Record>),
    /// The store cannot keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
