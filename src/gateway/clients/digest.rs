//! What HTTP Digest (RFC 7616, with MD5) needs of a password.
//!
//! It is the MD5 of user, realm and password. Whoever has it can log in to that realm as the user, and can try passwords against it quickly;
//! so a client has one only where it was asked for, and nobody else is worse off.

use std::fmt;

use md5::{Digest, Md5};

use crate::text::hex;

/// The MD5 of user, realm and password, which is as good as the password in that realm.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1([u8; 16]);

/// Those of a client, by realm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Digests(Vec<(String, Ha1)>);

impl Ha1 {
    /// That of this user and password.
    pub fn new(user: &str, realm: &str, password: &str) -> Self {
        Self(md5(&[user, realm, password]))
    }

    /// It in hexadecimal, as Digest hashes it again.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

/// The MD5 of these with colons between, as all of Digest is made.
pub fn md5(parts: &[&str]) -> [u8; 16] {
    Md5::digest(parts.join(":").as_bytes()).into()
}

impl Digests {
    /// Reads `REALM=HEX` with commas between.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(digest).collect::<Result<_, _>>().map(Self)
    }

    /// Those of a user with this password, for realms that can stand in the file.
    pub(super) fn make(user: &str, password: &str, realms: &[String]) -> Self {
        Self(realms.iter().map(|realm| (realm.clone(), Ha1::new(user, realm, password))).collect())
    }

    pub(super) fn of(&self, realm: &str) -> Option<&Ha1> {
        self.0.iter().find(|(known, _)| known == realm).map(|(_, ha1)| ha1)
    }

    /// The realms that there are some for.
    pub(super) fn realms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(realm, _)| &**realm)
    }
}

fn digest(text: &str) -> Result<(String, Ha1), String> {
    let wrong = || "a digest is not REALM=MD5, such as AXIS_ACCC8E000001=0123456789abcdef0123456789abcdef".to_owned();
    let (realm, hash) = text.split_once('=').ok_or_else(wrong)?;
    let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(hash, 16).ok().filter(|_| is_hash).ok_or_else(wrong)?;
    Ok((checked_realm(realm)?.to_owned(), Ha1(number.to_be_bytes())))
}

/// A realm that can stand in the file.
pub(super) fn checked_realm(realm: &str) -> Result<&str, String> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    match !realm.is_empty() && realm.bytes().all(is_allowed) {
        true => Ok(realm),
        false => Err(format!("'{realm}' is no realm: letters and digits, such as AXIS_ACCC8E000001")),
    }
}

/// As it stands in the file.
impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = self.0.iter().map(|(realm, ha1)| format!("{realm}={}", ha1.hex())).collect();
        f.write_str(&all.join(","))
    }
}

/// Without the hash, which is as good as a password.
impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1")
    }
}
