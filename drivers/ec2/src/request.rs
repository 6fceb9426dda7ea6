//! The request that a call to EC2 is made for.
//!
//! The SDK's clients are kept, since it takes longer to make one than to use it. So what differs from request to request is
//! with the task that makes the call, and is gone with it.

use std::cell::Cell;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use deltawall_core::Credentials;

tokio::task_local! {
    static REQUEST: Request;
}

struct Request {
    credentials: Credentials,
    /// Whether the driver itself is repeating a call; the SDK says so of its own repetitions.
    is_repeating: Cell<bool>,
}

/// Does something for a request with these credentials.
pub(crate) async fn with<T>(credentials: Credentials, work: impl Future<Output = T>) -> T {
    REQUEST.scope(Request { credentials, is_repeating: Cell::new(false) }, work).await
}

/// Notes whether the next call is one that is repeated.
pub(crate) fn set_repeating(is_repeating: bool) {
    let _ = REQUEST.try_with(|request| request.is_repeating.set(is_repeating));
}

pub(crate) fn is_repeating() -> bool {
    REQUEST.try_with(|request| request.is_repeating.get()).unwrap_or_default()
}

/// The credentials of whichever request a call is made for. Outside of one there are none.
#[derive(Debug)]
pub(crate) struct RequestCredentials;

impl ProvideCredentials for RequestCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let keys = REQUEST.try_with(|Request { credentials, .. }| {
            let token = credentials.session_token().map(str::to_owned);
            Keys::new(credentials.user(), credentials.password(), token, None, "client")
        });
        future::ProvideCredentials::ready(keys.map_err(CredentialsError::not_loaded))
    }
}
