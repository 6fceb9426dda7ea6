//! What is wrong with a file that describes the firewalls a mock starts with.

use std::ops::Range;

/// Why a text does not describe what it should. It never repeats the text: there are passwords in such files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct InvalidData {
    place: String,
    why: String,
}

impl InvalidData {
    /// Something that the text describes, such as a firewall of some name, cannot be.
    pub fn about(place: impl Into<String>, why: impl ToString) -> Self {
        Self { place: place.into(), why: why.to_string() }
    }

    /// The text is not of its form at these bytes of it.
    pub fn at(text: &str, bytes: Option<Range<usize>>, why: &str) -> Self {
        let before = bytes.and_then(|bytes| text.get(..bytes.start)).unwrap_or_default();
        Self::about(format!("line {}", before.matches('\n').count() + 1), why.trim())
    }
}
