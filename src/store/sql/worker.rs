//! Where calls to a database run.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

use crate::store::error::StoreError;

/// How long a call may take, in which a server that is gone has not answered.
const LONGEST: Duration = Duration::from_secs(10);

/// A thread with a runtime of its own. A call that has begun comes to its end there even if nobody waits for it any more, and no
/// connection to a database ends with a worker of the HTTP server.
pub(super) struct Worker {
    runtime: Handle,
    stop: Arc<Notify>,
}

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, stop) = (runtime.handle().clone(), Arc::new(Notify::new()));
        let stopped = Arc::clone(&stop);
        thread::Builder::new().name("store".into()).spawn(move || runtime.block_on(stopped.notified()))?;
        Ok(Self { runtime: handle, stop })
    }

    /// Runs a call to its end, or until it has taken too long.
    pub(super) async fn run<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let answer = self.runtime.spawn(async move { tokio::time::timeout(LONGEST, call).await }).await;
        let late = || StoreError::unclear(format!("it did not answer in {} seconds", LONGEST.as_secs()));
        match answer {
            Ok(answer) => answer.unwrap_or_else(|_| Err(late().into())),
            Err(why) => Err(StoreError::unclear(format!("it has stopped: {why}")).into()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
