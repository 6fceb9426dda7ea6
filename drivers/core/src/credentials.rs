//! What a client proves itself with.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A user and its secret, for one request. It has no `Debug`, is never logged, and the secret is wiped when it is dropped.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: SecretString,
    session_token: Option<SecretString>,
}

impl Credentials {
    /// `user` is an account name, an access key, or a certificate's folder: each cloud has its own word for it.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: SecretString::from(password.into()), session_token: None }
    }

    /// The same credentials with the token that goes with temporary ones.
    #[must_use]
    pub fn with_session_token(self, token: impl Into<String>) -> Self {
        Self { session_token: Some(SecretString::from(token.into())), ..self }
    }

    /// Who, without the proof.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The proof. It goes to the cloud and nowhere else.
    pub fn password(&self) -> &str {
        self.password.expose_secret()
    }

    /// The token of temporary credentials. It goes to the cloud and nowhere else.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.expose_secret())
    }

    /// Whether user and password are the same, in a time that tells nothing of where two secrets of one length differ.
    pub fn matches(&self, other: &Self) -> bool {
        let user = self.user.as_bytes().ct_eq(other.user.as_bytes());
        let password = self.password().as_bytes().ct_eq(other.password().as_bytes());
        (user & password).into()
    }
}
