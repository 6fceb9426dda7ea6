//! What a change is called.

use std::fmt;

use ulid::Ulid;

/// What a change is called: a ULID. Those of one gateway come in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeId(String);

/// Why a text is not the id of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the id of a change: 26 letters and digits")]
pub struct InvalidChangeId;

impl ChangeId {
    /// The id that is this ULID.
    pub fn of(ulid: Ulid) -> Self {
        Self(ulid.to_string())
    }

    /// Takes an id in any case, and holds it in upper case.
    ///
    /// # Errors
    /// When it has another form than ids have.
    pub fn new(text: &str) -> Result<Self, InvalidChangeId> {
        match text.len() == 26 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            true => Ok(Self(text.to_ascii_uppercase())),
            false => Err(InvalidChangeId),
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
