//! What may be wrong with what was typed.

/// An option, the configuration file or a file that a setting names is wrong. Why, and what would be right, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
