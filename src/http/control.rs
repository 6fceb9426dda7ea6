//! How whoever runs the gateway has it stop or read its files anew, and is told how things are. None of it may hold up the
//! thread that heeds signals.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::config::Usage;

/// How long after a signal to stop another one is the same: `timeout` sends it to its child and to its group, so that the
/// child gets two.
const SAME_SIGNAL: Duration = Duration::from_millis(100);

/// How long what is to be said to systemd may take at the end.
const GOODBYE: Duration = Duration::from_millis(100);

/// The signals to stop.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    first: Option<Instant>,
}

impl StopSignals {
    /// Heeds them from here on.
    ///
    /// # Errors
    /// When the system cannot have it so.
    pub fn new() -> io::Result<Self> {
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, first: None })
    }

    /// Completes when the process is asked to stop, once more if it has been before.
    pub async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            match self.first {
                Some(first) if first.elapsed() < SAME_SIGNAL => {}
                first => return self.first = first.or_else(|| Some(Instant::now())),
            }
        }
    }
}

/// Reads something anew when it is asked to, on a thread of its own: a file may be one that cannot be read to its end.
#[derive(Debug)]
pub struct Reload {
    what: &'static str,
    ask: SyncSender<()>,
}

impl Reload {
    /// Reads with this, which is called `what` in the log. What is bad of it changes nothing but the log.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(what: &'static str, read: impl Fn() -> Result<(), Usage> + Send + 'static) -> io::Result<Self> {
        let (ask, asked) = mpsc::sync_channel(1);
        let work = move || {
            for () in asked {
                match read() {
                    Ok(()) => tracing::info!(what, "read anew"),
                    Err(error) => tracing::error!(what, %error, "left as it was, since the new one cannot be used"),
                }
            }
        };
        thread::Builder::new().name(what.into()).spawn(work)?;
        Ok(Self { what, ask })
    }

    /// Asks for it. While it is read already it is read once more after that, however often that is asked for.
    pub fn ask(&self) {
        if self.ask.try_send(()).is_err() {
            tracing::warn!(what = self.what, "is still being read, and will be once more after that");
        }
    }
}

/// Says how things are to systemd, where that wants to know, on a thread of its own: whoever has to be told may not listen.
#[derive(Debug)]
pub struct Systemd {
    tell: Option<Sender<NotifyState<'static>>>,
    /// Closed once all was said.
    ended: Receiver<()>,
}

impl Systemd {
    /// Nothing is said yet.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start() -> io::Result<Self> {
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let work = move || {
            let _end = end;
            for state in told {
                if let Err(error) = sd_notify::notify(&[state]) {
                    tracing::warn!(%error, "systemd cannot be told");
                }
            }
        };
        thread::Builder::new().name("systemd".into()).spawn(work)?;
        Ok(Self { tell: Some(tell), ended })
    }

    /// Says this, after what was said before.
    pub fn tell(&self, state: NotifyState<'static>) {
        if let Some(tell) = &self.tell {
            let _ = tell.send(state);
        }
    }
}

impl Drop for Systemd {
    /// Waits until all was said, if systemd listens.
    fn drop(&mut self) {
        self.tell = None;
        let _ = self.ended.recv_timeout(GOODBYE);
    }
}
