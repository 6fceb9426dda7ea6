//! The request that a call to EC2 is made for.
//!
//! The SDK's clients are kept, since it takes longer to make one than to use it. So what differs from request to request is
//! with the task that makes the call, and is gone with it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use deltawall_core::{Context, Credentials, Room};

use crate::causes::TooLarge;

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
    /// Where room is taken for long answers.
    room: Option<Arc<dyn Room>>,
    /// How much of it was taken, in bytes.
    taken: Cell<usize>,
}

/// How much of EC2's answers takes no room, in bytes. A group of many rules has less.
const UNCOUNTED: usize = 512 * 1024;

/// How many times as much memory an answer takes as it has bytes, with the firewalls that are made of it: measured, 4.4 times.
const TIMES_HELD: usize = 5;

/// Does something for a request that was made so, of whose answers so many bytes may be read.
pub(crate) fn with<F: Future>(context: &Context, most: usize, work: F) -> impl Future<Output = F::Output> + use<F> {
    let request = Request {
        credentials: context.credentials.clone(),
        is_repeating: Cell::new(false),
        found: RefCell::new(None),
        most,
        read: Cell::new(0),
        room: context.room.clone(),
        taken: Cell::new(0),
    };
    REQUEST.scope(request, work)
}

impl Request {
    fn count_read(&self, bytes: usize) -> Result<(), TooLarge> {
        let read = self.read.get().saturating_add(bytes);
        self.read.set(read);
        if read > self.most {
            return Err(TooLarge::Most(self.most));
        }
        let Some(room) = self.room.as_ref().filter(|_| read > UNCOUNTED) else { return Ok(()) };
        let wanted = bytes * TIMES_HELD;
        if !room.take(wanted) {
            return Err(TooLarge::NoRoom);
        }
        self.taken.set(self.taken.get() + wanted);
        Ok(())
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if let Some(room) = &self.room {
            room.give_back(self.taken.get());
        }
    }
}

/// Counts what was read of an answer, in bytes.
///
/// # Errors
/// When that is too much.
pub(crate) fn count_read(bytes: usize) -> Result<(), TooLarge> {
    REQUEST.try_with(|request| request.count_read(bytes)).unwrap_or(Ok(()))
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
