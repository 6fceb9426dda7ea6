//! Why something that is kept has not become what was asked for.

/// Why something that is kept has not become what was asked for. All is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The rules, or the state that it is in, stand against it. In a sentence for the log.
    #[error("{0}")]
    Invalid(String),
    /// The cloud has no such firewall.
    #[error("{0}")]
    NotFound(String),
    /// The cloud does not take it as it is now.
    #[error("{0}")]
    Refused(String),
    /// The driver or the store could not. In a sentence for the log.
    #[error("{0}")]
    Backend(String),
}
