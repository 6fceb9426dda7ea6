//! Text of others, as far as messages and logs repeat it, and bytes as text.

use std::borrow::Cow;

/// How much of a client's text a message repeats, in characters.
const MAX_SHOWN: usize = 100;

/// As much of a client's text as an error message should repeat.
pub fn shown(text: &str) -> Cow<'_, str> {
    cut(text.into(), MAX_SHOWN)
}

/// Bytes in hexadecimal, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// No more than so many characters of a text.
pub fn cut(text: Cow<'_, str>, most: usize) -> Cow<'_, str> {
    // Most texts are short, and have no more characters than bytes.
    let end = if text.len() > most { text.char_indices().nth(most) } else { None };
    match end {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => text,
    }
}
