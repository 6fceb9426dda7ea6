//! The threads that check passwords. They are always the same, and no more than check at a time: each keeps what it works in,
//! 19 MiB as we make hashes, and tokio's pool would have that on dozens of threads.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

type Check = Box<dyn FnOnce() + Send>;

/// Threads for as long as this lives.
#[derive(Debug)]
pub(super) struct Checkers(Sender<Check>);

impl Checkers {
    /// So many of them.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub(super) fn start(most: usize) -> io::Result<Self> {
        let (ask, asked) = mpsc::channel::<Check>();
        let asked = Arc::new(Mutex::new(asked));
        for _ in 0..most {
            let asked = Arc::clone(&asked);
            let next = move || asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let work = move || {
                while let Ok(check) = next() {
                    // Whoever waits for one that is broken off is told so.
                    let _ = panic::catch_unwind(AssertUnwindSafe(check));
                }
            };
            thread::Builder::new().name("passwords".into()).spawn(work)?;
        }
        Ok(Self(ask))
    }

    /// What the check says; none where it came to nothing.
    pub(super) async fn run<T: Send + 'static>(&self, check: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let work = move || {
            let _ = tell.send(check());
        };
        self.0.send(Box::new(work)).ok()?;
        told.await.ok()
    }
}
