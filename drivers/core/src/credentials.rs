//! What a client proves itself with.

use std::sync::Arc;

use constant_time_eq::constant_time_eq;
use secrecy::{ExposeSecret, SecretString};

/// A user and its secret, for one request. It has no `Debug`, is never logged, and the secret is wiped when the last clone,
/// all of which share it, is dropped.
#[derive(Clone)]
pub struct Credentials(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    /// The user, a colon and the password.
    pair: SecretString,
    /// How long the user is.
    user: usize,
    session_token: Option<SecretString>,
}

impl Credentials {
    /// `user` is an account name, an access key, or a certificate's folder: each cloud has its own word for it.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        let (user, password) = (user.into(), password.into());
        Self::divided(format!("{user}:{password}"), user.len())
    }

    /// A user and a password with a colon between, as HTTP's Basic authentication has them; none where there is no colon.
    /// The text is wiped with the credentials.
    pub fn from_pair(pair: String) -> Option<Self> {
        let user = pair.bytes().position(|byte| byte == b':')?;
        Some(Self::divided(pair, user))
    }

    fn divided(pair: String, user: usize) -> Self {
        Self(Arc::new(Parts { pair: pair.into(), user, session_token: None }))
    }

    /// The same credentials with the token that goes with temporary ones.
    #[must_use]
    pub fn with_session_token(self, token: impl Into<String>) -> Self {
        let session_token = Some(SecretString::from(token.into()));
        Self(Arc::new(Parts { session_token, ..Arc::unwrap_or_clone(self.0) }))
    }

    /// Who, without the proof.
    pub fn user(&self) -> &str {
        self.0.pair.expose_secret().get(..self.0.user).unwrap_or_default()
    }

    /// The proof. It goes to the cloud and nowhere else.
    pub fn password(&self) -> &str {
        self.0.pair.expose_secret().get(self.0.user + 1..).unwrap_or_default()
    }

    /// The token of temporary credentials. It goes to the cloud and nowhere else.
    pub fn session_token(&self) -> Option<&str> {
        self.0.session_token.as_ref().map(|token| token.expose_secret())
    }

    /// Whether user and password are the same, in a time that tells nothing of where two secrets of one length differ.
    pub fn matches(&self, other: &Self) -> bool {
        let (one, other) = (&self.0, &other.0);
        let (pair, other_pair) = (one.pair.expose_secret().as_bytes(), other.pair.expose_secret().as_bytes());
        constant_time_eq(pair, other_pair) & (one.user == other.user)
    }
}
