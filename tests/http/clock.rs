//! A clock that tests set.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use deltawall::clock::{Clock, Timestamp};
use tokio::sync::watch;

/// A clock that stands still unless it is told otherwise.
#[derive(Debug)]
pub struct SetClock {
    now: Mutex<Timestamp>,
    running: watch::Sender<Duration>,
}

/// When it is at first.
pub const BEGINNING: &str = "2026-12-01T12:00:00Z";

impl Default for SetClock {
    fn default() -> Self {
        Self { now: Mutex::new(BEGINNING.parse().unwrap()), running: watch::Sender::default() }
    }
}

impl SetClock {
    /// Time goes by.
    pub fn passes(&self, time: Duration) {
        self.set(time);
        self.running.send_modify(|running| *running += time);
    }

    /// Somebody sets it forward.
    pub fn set(&self, forward: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.after(forward);
    }

    /// Somebody sets it back.
    pub fn set_back(&self, back: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.before(back);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn running(&self) -> Duration {
        *self.running.borrow()
    }

    fn reaches(&self, running: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut changes = self.running.subscribe();
        Box::pin(async move {
            // It ends with the test.
            let _ = changes.wait_for(|now| *now >= running).await;
        })
    }
}
