//! Ids of objects: 32 hexadecimal digits in lower case, as Halo's are.

use std::fmt;

use ring::digest::{SHA256, digest};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::hex;

/// An object's id, which is never another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// One that nobody has.
    pub fn new() -> Self {
        Self(uuid::Uuid::new_v4().as_u128())
    }

    /// That of what has another name outside: always the same for the same words.
    pub fn of(words: &[&str]) -> Self {
        let hash = digest(&SHA256, words.join("\n").as_bytes());
        let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
        Self(u128::from_be_bytes(first))
    }

    /// Reads what a client sent; none where it is no id.
    pub fn read(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_id = text.len() == 32 && text.bytes().all(is_digit);
        u128::from_str_radix(text, 16).ok().filter(|_| is_id).map(Self)
    }
}

impl Default for Id {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0.to_be_bytes()))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("an id is not 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = Id::new();
        assert_eq!(Id::read(&id.to_string()), Some(id));
        for text in ["", "0", "+0000000000000000000000000000000", &"A".repeat(32), &"a".repeat(33), &"é".repeat(16)] {
            assert_eq!(Id::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_same_words_have_the_same_id() {
        assert_eq!(Id::of(&["a", "b"]), Id::of(&["a", "b"]));
        assert_ne!(Id::of(&["a", "b"]), Id::of(&["ab"]));
    }
}
