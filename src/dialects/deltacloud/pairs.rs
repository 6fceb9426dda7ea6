//! What clients send, by names.

/// Names and values, in the order they were sent.
pub(super) type Pairs = Vec<(String, String)>;

/// The value of a parameter; the last, if there are several.
pub(super) fn last<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
