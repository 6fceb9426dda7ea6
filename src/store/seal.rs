//! Credentials at rest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deltawall_core::Credentials;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroizing;

use super::record::Sealed;

/// How long a key is, in bytes.
const KEY_LEN: usize = 32;

/// What credentials are sealed with, so that a store alone opens no cloud. It has no `Debug`.
pub struct Key(LessSafeKey);

/// Why credentials cannot be sealed, or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random,
    /// They were sealed with another key, for something else, or were tampered with.
    #[error("they were sealed with another key, or for something else")]
    Other,
    /// It is no key.
    #[error("it is no key: one is {KEY_LEN} bytes in base64")]
    NoKey,
}

impl Key {
    /// A new one, and its text for a file.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn random() -> Result<(Self, Zeroizing<String>), SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        SystemRandom::new().fill(&mut *bytes).ok().ok_or(SealError::Random)?;
        Ok((Self::of(&*bytes)?, Zeroizing::new(STANDARD.encode(*bytes))))
    }

    /// That which a file has.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        Self::of(&bytes.ok().ok_or(SealError::NoKey)?)
    }

    fn of(bytes: &[u8]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes);
        key.map(LessSafeKey::new).map(Self).ok().ok_or(SealError::NoKey)
    }

    /// Credentials as they may be kept, for this alone.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn seal(&self, credentials: &Credentials, of: &str) -> Result<Sealed, SealError> {
        let parts = [credentials.user(), credentials.password(), credentials.session_token().unwrap_or_default()];
        let mut text = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum()));
        text.push(u8::from(credentials.session_token().is_some()));
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        self.seal_bytes(&text, of)
    }

    /// The credentials that were kept for this.
    ///
    /// # Errors
    /// Where this key has not sealed them, or not for this.
    pub fn open(&self, sealed: &Sealed, of: &str) -> Result<Credentials, SealError> {
        let text = self.open_bytes(sealed, of)?;
        let (has_token, mut rest) = text.split_first().ok_or(SealError::Other)?;
        let mut part = || {
            let (length, behind) = rest.split_first_chunk::<8>()?;
            let (part, behind) = behind.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
            rest = behind;
            std::str::from_utf8(part).ok()
        };
        let (user, password, token) = (part(), part(), part());
        let credentials = Credentials::new(user.ok_or(SealError::Other)?, password.ok_or(SealError::Other)?);
        match has_token {
            0 => Ok(credentials),
            _ => Ok(credentials.with_session_token(token.ok_or(SealError::Other)?)),
        }
    }

    /// Something that only this key can have sealed, to know it by.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn check(&self) -> Result<Sealed, SealError> {
        self.seal_bytes(CHECK, OF_CHECK)
    }

    /// Whether this key has sealed it.
    pub fn has_sealed(&self, check: &Sealed) -> bool {
        self.open_bytes(check, OF_CHECK).is_ok_and(|text| *text == CHECK)
    }

    fn seal_bytes(&self, text: &[u8], of: &str) -> Result<Sealed, SealError> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok().ok_or(SealError::Random)?;
        // Room for the tag, so that no copy of the text is left behind where it grows.
        let mut sealed = Vec::with_capacity(text.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(text);
        let aad = Aad::from(of.as_bytes());
        let done = self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed);
        done.ok().ok_or(SealError::Other)?;
        Ok(Sealed([&nonce[..], &sealed].concat()))
    }

    fn open_bytes(&self, sealed: &Sealed, of: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, sealed) = sealed.0.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Other)?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let aad = Aad::from(of.as_bytes());
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut text);
        let length = opened.ok().ok_or(SealError::Other)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// What a key is known by.
const CHECK: &[u8] = b"deltawall";

/// What that is sealed for.
const OF_CHECK: &str = "the key itself";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_opened_by_their_key_for_what_they_were_sealed_for() {
        let (key, text) = Key::random().unwrap();
        let credentials = Credentials::new("AKIA", "s3cr3t:x").with_session_token("token");
        let sealed = key.seal(&credentials, "01J").unwrap();
        assert!(!sealed.0.windows(6).any(|window| window == b"s3cr3t"));
        let opened = Key::read(&text).unwrap().open(&sealed, "01J").unwrap();
        assert!(opened.matches(&credentials));
        assert_eq!(opened.session_token(), Some("token"));
        let (other, _) = Key::random().unwrap();
        assert_eq!(key.open(&sealed, "01K").err(), Some(SealError::Other));
        assert_eq!(other.open(&sealed, "01J").err(), Some(SealError::Other));
        for cut in 0..sealed.0.len() {
            assert!(key.open(&Sealed(sealed.0[..cut].to_vec()), "01J").is_err());
        }
    }

    #[test]
    fn a_key_knows_what_it_has_sealed() {
        let (key, _) = Key::random().unwrap();
        let (other, _) = Key::random().unwrap();
        let check = key.check().unwrap();
        assert!(key.has_sealed(&check) && !other.has_sealed(&check));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "x", "AAAA", "not base64 at all, not at all, not at all"] {
            assert_eq!(Key::read(text).err(), Some(SealError::NoKey), "{text}");
        }
    }
}
