//! How many may be served at a time, and how many may wait for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use deltawall_core::{Driver, ProviderName};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::registry::Registry;
use crate::config::Limits;

/// A queue with a bound before something that serves only so many at a time.
#[derive(Debug)]
pub struct Queue {
    places: Semaphore,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// One who waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Queue {
    /// Serves this many at a time, and lets this many wait.
    pub fn new(most: usize, most_waiting: usize) -> Self {
        Self { places: Semaphore::new(most.min(Semaphore::MAX_PERMITS)), waiting: AtomicUsize::new(0), most_waiting }
    }

    /// A place, after those who came before; none where too many wait for one already.
    pub async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.places.try_acquire() {
            return Some(place);
        }
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let _waiting = Waiting(&self.waiting);
        if before >= self.most_waiting {
            return None;
        }
        self.places.acquire().await.ok()
    }
}

/// A queue for each provider of each driver, so that a cloud or a region which is slow or down holds up nobody but those
/// who ask it.
#[derive(Debug)]
pub struct Backends(Vec<(&'static str, Providers)>);

/// The queues of one driver.
#[derive(Debug)]
struct Providers {
    known: HashMap<ProviderName, Queue>,
    /// For who chooses none, and for those that the driver does not know beforehand, which clients can make up.
    others: Queue,
}

impl Backends {
    /// Nobody waits yet.
    pub fn new(registry: &Registry, limits: &Limits) -> Self {
        let queue = || Queue::new(limits.backend_requests, limits.backend_queue);
        let providers = |driver: &dyn Driver| Providers {
            known: driver.providers().into_iter().map(|provider| (provider.name, queue())).collect(),
            others: queue(),
        };
        Self(registry.drivers().map(|driver| (driver.id(), providers(&**driver))).collect())
    }

    /// A place at this provider of the driver of this id; none where too many wait for one already.
    pub async fn enter(&self, driver: &str, provider: Option<&ProviderName>) -> Option<SemaphorePermit<'_>> {
        let (_, Providers { known, others }) = self.0.iter().find(|(known, _)| *known == driver)?;
        provider.and_then(|provider| known.get(provider)).unwrap_or(others).enter().await
    }
}
