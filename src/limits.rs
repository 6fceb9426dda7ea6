//! How many may be served at a time, and how many may wait for it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config::Limits;
use crate::registry::Registry;

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

/// A queue for each driver, so that a cloud which is slow or down holds up nobody but those who ask it.
#[derive(Debug)]
pub struct Backends(HashMap<&'static str, Queue>);

impl Backends {
    /// Nobody waits yet.
    pub fn new(registry: &Registry, limits: &Limits) -> Self {
        let queue = || Queue::new(limits.backend_requests, limits.backend_queue);
        Self(registry.drivers().map(|driver| (driver.id(), queue())).collect())
    }

    /// A place at the driver of this id; none where too many wait for one already.
    pub async fn enter(&self, driver: &str) -> Option<SemaphorePermit<'_>> {
        self.0.get(driver)?.enter().await
    }
}
