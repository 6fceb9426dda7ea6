//! Why a device has not done what it was asked for.

/// Why a device has not done what it was asked for. All is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules, or the state that it is in, stand against it. In a sentence for the log.
    #[error("{0}")]
    Invalid(String),
    /// The driver or the store could not. In a sentence for the log.
    #[error("{0}")]
    Backend(String),
}
