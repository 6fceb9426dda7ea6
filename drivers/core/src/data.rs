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

    /// The text is not of its form at these bytes of it. What serde says of why has the value that it found.
    pub fn at(text: &str, bytes: Option<Range<usize>>, why: &str) -> Self {
        let before = bytes.and_then(|bytes| text.get(..bytes.start)).unwrap_or_default();
        Self::about(format!("line {}", before.matches('\n').count() + 1), without_value(why.trim()))
    }
}

/// A message of serde's without the value that was found, which stands before what was expected.
fn without_value(why: &str) -> String {
    let kinds = ["invalid type", "invalid value", "invalid length", "unknown variant"];
    let Some(kind) = kinds.into_iter().find(|kind| why.starts_with(kind)) else { return why.to_owned() };
    match why.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{kind}, expected {expected}"),
        None => kind.to_owned(),
    }
}
