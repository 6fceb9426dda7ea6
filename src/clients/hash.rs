//! Hashes of passwords: Argon2's, and bcrypt's for lines that `htpasswd -B` made.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// What a password can be checked against.
pub(super) enum Hash {
    Argon2(Box<PasswordHash>),
    Bcrypt(String),
}

impl Hash {
    /// Reads a hash as it stands in the file.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let is_bcrypt = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
        if is_bcrypt && text.parse::<bcrypt::HashParts>().is_ok() {
            return Ok(Self::Bcrypt(text.to_owned()));
        }
        match PasswordHash::new(text) {
            Ok(hash) if text.starts_with("$argon2") => Ok(Self::Argon2(Box::new(hash))),
            _ => Err("the hash is neither Argon2's nor bcrypt's".into()),
        }
    }

    /// A new hash of a password, by Argon2id, as it stands in the file.
    pub(super) fn make(password: &str) -> Result<String, String> {
        let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
        Ok(hash.to_string())
    }

    /// Whether it is of this password. This takes tens of milliseconds on purpose.
    pub(super) fn is_of(&self, password: &str) -> bool {
        match self {
            Self::Argon2(hash) => Argon2::default().verify_password(password.as_bytes(), hash.as_ref()).is_ok(),
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
        }
    }
}

/// Without the hash, which is half a password.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2(_) => "Argon2",
            Self::Bcrypt(_) => "Bcrypt",
        })
    }
}
