//! Documents that are written together.

use std::collections::BTreeMap;

/// Documents that are written together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentWrites {
    /// The documents, each with its new text; none deletes it. One that is deleted and not there is fine. Of one that is named
    /// several times, the last text is written.
    pub writes: Vec<(String, Option<String>)>,
    /// A document that has to be this text still (none: not to be there), or nothing is written.
    pub only_if: Option<(String, Option<String>)>,
}

impl DocumentWrites {
    /// What is to become of each document, in the order of their names.
    pub(super) fn by_name(&self) -> BTreeMap<&str, Option<&str>> {
        self.writes.iter().map(|(name, text)| (&**name, text.as_deref())).collect()
    }
}

/// The first text that comes after all that begin with this one, in the order of bytes; none where all do that come after it.
pub(super) fn after_all(start: &str) -> Option<String> {
    let mut text = start.to_owned();
    while let Some(last) = text.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}
