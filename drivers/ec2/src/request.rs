//! The request that a call to EC2 is made for.
//!
//! The SDK's clients are kept, since it takes longer to make one than to use it. So what differs from request to request is
//! with the task that makes the call, and is gone with it.

use std::cell::{Cell, RefCell};

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use deltawall_core::Credentials;

use crate::answer::TooLarge;

tokio::task_local! {
    static REQUEST: Request;
}

struct Request {
    credentials: Credentials,
    /// Whether the driver itself is repeating a call; the SDK says so of its own repetitions.
    is_repeating: Cell<bool>,
    /// The keys that the SDK has found, where the credentials are none.
    found: RefCell<Option<Keys>>,
    /// How much may be read of EC2's answers, in bytes.
    most: usize,
    /// How much was read of them.
    read: Cell<usize>,
}

/// Does something for a request with these credentials, of whose answers so many bytes may be read.
pub(crate) async fn with<T>(credentials: Credentials, most: usize, work: impl Future<Output = T>) -> T {
    let request =
        Request { credentials, is_repeating: Cell::new(false), found: RefCell::new(None), most, read: Cell::new(0) };
    REQUEST.scope(request, work).await
}

/// Counts what was read of an answer, in bytes.
///
/// # Errors
/// When that is too much.
pub(crate) fn count_read(bytes: usize) -> Result<(), TooLarge> {
    let count = |request: &Request| {
        request.read.set(request.read.get().saturating_add(bytes));
        if request.read.get() > request.most { Err(TooLarge(request.most)) } else { Ok(()) }
    };
    REQUEST.try_with(count).unwrap_or(Ok(()))
}

/// Notes the keys that the SDK has found.
pub(crate) fn note_keys(keys: Keys) {
    let _ = REQUEST.try_with(|request| request.found.replace(Some(keys)));
}

/// The secret that calls are signed with.
pub(crate) fn secret() -> Option<String> {
    let secret = |request: &Request| match &*request.found.borrow() {
        Some(keys) => keys.secret_access_key().to_owned(),
        None => request.credentials.password().to_owned(),
    };
    REQUEST.try_with(secret).ok()
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
