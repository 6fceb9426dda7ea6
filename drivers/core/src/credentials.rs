//! What a client proves itself with.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A user and its secret, for one request. It has no `Debug`, is never logged, and the secret is wiped when it is dropped.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    password: SecretString,
}

impl Credentials {
    /// `user` is an account name, an access key, or a certificate's folder: each cloud has its own word for it.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: SecretString::from(password.into()) }
    }

    /// Who, without the proof.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The proof. It goes to the cloud and nowhere else.
    pub fn password(&self) -> &str {
        self.password.expose_secret()
    }

    /// Whether both are the same, in a time that tells nothing of where two secrets of one length differ.
    pub fn matches(&self, other: &Self) -> bool {
        let user = self.user.as_bytes().ct_eq(other.user.as_bytes());
        let password = self.password().as_bytes().ct_eq(other.password().as_bytes());
        (user & password).into()
    }
}
