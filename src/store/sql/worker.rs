//! Where calls to a database run.

use std::pin::Pin;
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::store::error::StoreError;

/// How long a call may take, in which a server that is gone has not answered.
const LONGEST: Duration = Duration::from_secs(10);

/// A thread with a runtime of its own. A call that has begun comes to its end there even if nobody waits for it any more, and no
/// connection to a database ends with a worker of the HTTP server.
pub(super) struct Worker {
    runtime: Handle,
    /// Where the thread gets its last call, and the thread.
    ending: Option<(oneshot::Sender<LastCall>, JoinHandle<()>)>,
}

/// What is done before it ends.
type LastCall = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, (send, last_call)) = (runtime.handle().clone(), oneshot::channel::<LastCall>());
        let until_last = async {
            if let Ok(call) = last_call.await {
                call.await;
            }
        };
        let thread = thread::Builder::new().name("store".into()).spawn(move || runtime.block_on(until_last))?;
        Ok(Self { runtime: handle, ending: Some((send, thread)) })
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

    /// Ends it after one more call, and waits for that.
    pub(super) fn end(&mut self, last: impl Future<Output = ()> + Send + 'static) {
        if let Some((send, thread)) = self.ending.take()
            && send.send(Box::pin(last)).is_ok()
        {
            // A thread that has panicked has ended, too.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}
