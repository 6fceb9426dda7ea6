//! API keys: an id, by which one is found, and a secret, which is the password of its client.

use super::random::random;
use crate::text::hex;

/// How long an id may be, in characters; and the secret of a key that was not made here.
pub(super) const MAX_PART: usize = 64;

/// An id that can stand in the file, or a secret that can stand behind it.
pub(super) fn checked_part(text: &str) -> Result<&str, String> {
    let is_bad = |c: char| c == ':' || c.is_whitespace() || c.is_control();
    match (1..=MAX_PART).contains(&text.chars().count()) && !text.contains(is_bad) {
        true => Ok(text),
        false => Err(format!(
            "the id of a key, and its secret, has 1 to {MAX_PART} characters, and neither ':' nor white space nor control characters"
        )),
    }
}

/// A new id: 8 hexadecimal digits.
pub(super) fn new_id() -> Result<String, String> {
    random::<4>().map(|bytes| hex(&bytes))
}

/// A new secret: 32 hexadecimal digits.
pub(super) fn new_secret() -> Result<String, String> {
    random::<16>().map(|bytes| hex(&bytes))
}
