//! What everything that is done to firewalls needs.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use deltawall_core::{Credentials, Driver, Error, ErrorKind, Firewall, ProviderName, TO_TAKE_BACK};
use tokio::sync::Notify;
use ulid::{Generator, Overflow, Ulid};

use super::guards::Guards;
use super::keepers::Keepers;
use super::pending::Pending;
use super::place::provider;
use crate::clock::{Clock, Timestamp};
use crate::gateway::Gateway;
use crate::store::error::{BeginError, StoreError};
use crate::store::place::Place;
use crate::store::record::Sealed;
use crate::store::seal::Key;
use crate::store::{ChangeId, Store};

/// How much longer than it may take a change is left to the gateway that makes it.
const GRACE: Duration = Duration::from_secs(5);

/// What a gateway that has its store for itself is called in it, so that it takes up at once what it had before a restart.
const ALONE: &str = "gateway";

/// What everything that is done to firewalls needs.
pub(super) struct Shared {
    pub(super) gateway: Arc<Gateway>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) guards: Guards,
    /// Who keeps firewalls.
    pub(super) keepers: Keepers,
    /// How long changes are kept that came to their end.
    pub(super) keep: Duration,
    /// What is still to be ended, as far as this gateway knows.
    pending: Mutex<Pending>,
    /// Whether there is any, as far as is known without waiting for others.
    pub(super) has_pending: AtomicBool,
    /// Wakes who ends it.
    pub(super) woken: Notify,
    /// Starts who ends it, on the first occasion.
    start: fn(Arc<Self>) -> std::io::Result<()>,
    has_started: OnceLock<()>,
    has_ended: AtomicBool,
    /// What this gateway is called among those that share the store.
    pub(super) name: String,
    key: Key,
    ids: Mutex<Generator>,
}

/// What a gateway's changes are made of.
pub struct Parts {
    /// Who may ask which driver.
    pub gateway: Arc<Gateway>,
    /// What keeps them.
    pub store: Arc<dyn Store>,
    /// What credentials are sealed with.
    pub key: Key,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What has to stay open or closed.
    pub guards: Guards,
    /// How long changes are kept that came to their end.
    pub keep: Duration,
}

impl Shared {
    pub(super) fn new(parts: Parts, start: fn(Arc<Self>) -> std::io::Result<()>) -> Self {
        let Parts { gateway, store, key, clock, guards, keep } = parts;
        let name = if store.is_shared() { Ulid::generate().to_string() } else { ALONE.to_owned() };
        Self {
            gateway,
            store,
            clock,
            guards,
            keepers: Keepers::default(),
            keep,
            pending: Mutex::default(),
            has_pending: AtomicBool::new(false),
            woken: Notify::new(),
            start,
            has_started: OnceLock::new(),
            has_ended: AtomicBool::new(false),
            name,
            key,
            ids: Mutex::default(),
        }
    }

    /// Has it looked at what is to be ended, which may be new.
    pub(super) fn wake(self: &Arc<Self>) {
        self.has_started.get_or_init(|| {
            if let Err(why) = (self.start)(Arc::clone(self)) {
                tracing::error!(?why, "there is no thread to end changes");
            }
        });
        self.woken.notify_one();
    }

    /// The same, if there is anything.
    pub(super) fn wake_for_pending(self: &Arc<Self>) {
        if !self.pending().is_empty() {
            self.wake();
        }
    }

    /// Nothing is ended any more.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    pub(super) fn pending(&self) -> Held<'_> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        Held { pending, has_any: &self.has_pending }
    }

    /// The id of one more change, which comes after all others of this gateway, whatever was done to the clock.
    pub(super) fn new_id(&self) -> ChangeId {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now().system_time();
        ChangeId::of(ids.generate_from_datetime(now).unwrap_or_else(Overflow::commit_overflow_increment))
    }

    /// The firewall, among all others.
    pub(super) fn place(&self, driver: &dyn Driver, chosen: Option<&ProviderName>, firewall: &Firewall) -> Place {
        Place {
            driver: driver.id().to_owned(),
            provider: provider(driver, chosen),
            owner: firewall.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            firewall: firewall.id.to_string(),
        }
    }

    /// This gateway, for as long as a call may take.
    pub(super) fn holds(&self, deadline: Instant) -> Option<(String, Timestamp)> {
        let time = deadline.saturating_duration_since(Instant::now()) + TO_TAKE_BACK + GRACE;
        Some((self.name.clone(), self.clock.now().after(time)))
    }

    /// Asks the store, and counts how long that takes.
    pub(super) async fn ask<T>(&self, what: &'static str, call: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let answer = call.await;
        self.gateway.metrics().stored(what, begun.elapsed());
        answer
    }

    /// Credentials as they are kept.
    ///
    /// # Errors
    /// Where they cannot be sealed.
    pub(super) fn seal(&self, driver: &dyn Driver, credentials: &Credentials, of: &str) -> Result<Sealed, Error> {
        let failed =
            |why| Error::new(ErrorKind::Internal, driver.id(), "Credentials cannot be sealed.").with_source(why);
        self.key.seal(credentials, of).map_err(failed)
    }

    /// The credentials that a change or an expiry is ended with: those that were kept for it, or the gateway's own.
    ///
    /// # Errors
    /// Where there are none that can be read.
    pub(super) async fn credentials(&self, driver: &dyn Driver, of: &str) -> Result<Credentials, Error> {
        let kept = self.ask("credentials", self.store.credentials(of)).await.map_err(|why| unrecorded(driver, why))?;
        let unreadable = |why| {
            Error::new(ErrorKind::Unauthenticated, driver.id(), "The credentials that were kept cannot be opened.")
                .with_source(why)
        };
        match kept {
            Some(sealed) => self.key.open(&sealed, of).map_err(unreadable),
            None => self.gateway.access.own(driver.id()).cloned().ok_or_else(|| {
                Error::new(ErrorKind::Unauthenticated, driver.id(), "There are no credentials to end it with.")
            }),
        }
    }
}

/// What is pending, for one to look at.
pub(super) struct Held<'a> {
    pending: MutexGuard<'a, Pending>,
    has_any: &'a AtomicBool,
}

impl Deref for Held<'_> {
    type Target = Pending;

    fn deref(&self) -> &Pending {
        &self.pending
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Pending {
        &mut self.pending
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.has_any.store(!self.pending.is_empty(), Ordering::Relaxed);
    }
}

/// What stands against a change.
pub(super) fn blocked(driver: &dyn Driver, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Blocked, driver.id(), message)
}

/// What the store could not keep.
pub(super) fn unrecorded(driver: &dyn Driver, why: StoreError) -> Error {
    let message = "Changes cannot be written down at the moment, so nothing was done. Try again.";
    Error::new(ErrorKind::Unrecorded, driver.id(), message).with_source(why)
}

/// Why a change cannot begin, or be taken up again.
pub(super) fn not_begun(driver: &dyn Driver, why: BeginError) -> Error {
    match why {
        BeginError::Store(why) => unrecorded(driver, why),
        BeginError::Busy(other) => blocked(driver, busy(&other.id, other.confirm_by)),
        BeginError::Over(id) => {
            blocked(driver, format!("The time of change {id} is over: it is undone, or about to be."))
        }
    }
}

/// The sentence that names the change which is in the way.
pub(super) fn busy(other: &ChangeId, confirm_by: Option<Timestamp>) -> String {
    match confirm_by {
        Some(end) => format!("The firewall is in trial until {end}, by change {other}. Confirm or undo that first."),
        None => format!("Change {other} of the firewall is not at its end yet. Try again."),
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("store", &self.store).field("name", &self.name).finish_non_exhaustive()
    }
}
