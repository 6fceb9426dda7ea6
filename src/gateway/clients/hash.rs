//! Hashes of passwords: Argon2's, and bcrypt's for lines that `htpasswd -B` made.

use std::cell::RefCell;
use std::fmt;

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// How many bytes a hash of Argon2 has, as all that make one have it.
const ARGON2_BYTES: usize = 32;

/// The memory that Argon2 may take, in KiB.
const MAX_MEMORY: u32 = 256 * 1024;

/// How often it may go through that.
const MAX_PASSES: u32 = 16;

/// How many lanes it may divide that into.
const MAX_LANES: u32 = 16;

/// How many bytes of a password bcrypt compares.
const BCRYPT_BYTES: usize = 72;

/// What a password can be checked against.
#[derive(PartialEq, Eq)]
pub(super) enum Hash {
    Argon2(Box<PasswordHash>),
    Bcrypt(String),
}

impl Hash {
    /// Reads a hash as it stands in the file. There is none that passwords could not be checked against, or only in so much
    /// time or memory that nobody else would get any.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("$argon2") {
            return argon2(text).map(|hash| Self::Argon2(Box::new(hash)));
        }
        let is_bcrypt = ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| text.starts_with(prefix));
        match text.parse::<bcrypt::HashParts>() {
            Ok(parts) if is_bcrypt && (4..=15).contains(&parts.get_cost()) => Ok(Self::Bcrypt(text.to_owned())),
            Ok(_) if is_bcrypt => Err("bcrypt's cost is between 4 and 15".into()),
            _ => Err("the hash is neither Argon2's nor bcrypt's".into()),
        }
    }

    /// A new hash of a password, by Argon2id, as it stands in the file.
    pub(super) fn make(password: &str) -> Result<String, String> {
        let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
        Ok(hash.to_string())
    }

    /// Whether it is of this password. This takes tens of milliseconds on purpose, also where the answer is known before.
    pub(super) fn is_of(&self, password: &str) -> bool {
        let is_same = match self {
            Self::Argon2(hash) => is_argon2_of(hash, password).unwrap_or(false),
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
        };
        is_same && self.compares(password)
    }

    /// Whether all of a password counts. bcrypt takes no notice of what comes after 72 bytes, and repeats a password with a NUL
    /// between, so that a longer one may be the same to it.
    pub(super) fn compares(&self, password: &str) -> bool {
        match self {
            Self::Argon2(_) => true,
            Self::Bcrypt(_) => password.len() <= BCRYPT_BYTES && !password.contains('\0'),
        }
    }

    /// Whether to check a password against either takes the same time.
    pub(super) fn takes_as_long_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Argon2(one), Self::Argon2(other)) => {
                (one.algorithm, one.version, &one.params) == (other.algorithm, other.version, &other.params)
            }
            // What stands after `$2y`.
            (Self::Bcrypt(one), Self::Bcrypt(other)) => one.get(3..7) == other.get(3..7),
            _ => false,
        }
    }

    /// What has made it.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Argon2(hash) => hash.algorithm.as_str(),
            Self::Bcrypt(_) => "bcrypt",
        }
    }
}

thread_local! {
    /// What Argon2 works in. It is kept: the system's allocator would spread what is taken anew for each password.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// How many KiB of it are kept.
const MAX_KEPT: usize = 64 * 1024;

/// Whether a hash of Argon2 is of this password; none where it is none.
fn is_argon2_of(hash: &PasswordHash, password: &str) -> Option<bool> {
    let params = Params::try_from(hash).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let (salt, expected) = (hash.salt.as_ref()?, hash.hash.as_ref()?);
    let mut output = [0; ARGON2_BYTES];
    MEMORY.with_borrow_mut(|memory| {
        memory.resize(params.block_count(), Block::new());
        let argon2 = Argon2::new(algorithm, version, params);
        let made = argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, memory.as_mut_slice());
        if memory.len() > MAX_KEPT {
            *memory = Vec::new();
        }
        made.ok()
    })?;
    // These compare in a time that tells nothing of where they differ.
    Some(Output::new(&output).ok()? == *expected)
}

/// Reads a hash of Argon2.
fn argon2(text: &str) -> Result<PasswordHash, String> {
    let none = "the hash is none that Argon2 makes";
    let hash = PasswordHash::new(text).or(Err(none))?;
    if hash.hash.is_none_or(|output| output.len() != ARGON2_BYTES) {
        return Err(format!("a hash of Argon2 has {ARGON2_BYTES} bytes, and this has not: it may have been cut off"));
    }
    Algorithm::try_from(hash.algorithm.as_str()).or(Err(none))?;
    hash.version.map(Version::try_from).transpose().or(Err(none))?;
    let params = Params::try_from(&hash).or(Err(none))?;
    match params.m_cost() <= MAX_MEMORY && params.t_cost() <= MAX_PASSES && params.p_cost() <= MAX_LANES {
        true => Ok(hash),
        false => Err(format!(
            "Argon2 may take {MAX_MEMORY} KiB of memory, {MAX_PASSES} passes and {MAX_LANES} lanes, and not more"
        )),
    }
}

/// Without the hash, which is half a password.
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}
