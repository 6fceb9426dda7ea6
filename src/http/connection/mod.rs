//! Clients' connections: closed when they are of no more use.
//!
//! The HTTP server's own timers leave gaps: none is set for the head of a second request on a connection, none for a
//! client that does not read its answer, and none for an HTTP/2 connection on which nothing is asked. So the time limits
//! of a connection are kept here, below HTTP, and hold for both versions of it.

mod activity;

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::heads::Heads;
use super::peers::Place;
use super::stop::Stop;
use activity::Course;

pub use activity::{Activity, Held, UnderWay};

/// How long a connection without a request is kept once the gateway is told to stop: long enough for the last answer to
/// be on its way.
const DRAIN_GRACE: Duration = Duration::from_millis(100);

/// How much is read and thrown away of what is asked behind the last request of a connection, in bytes.
const MAX_THROWN_AWAY: usize = 1024 * 1024;

/// A connection with its limits. To the HTTP server it ends when it has idled too long.
pub struct Connection {
    stream: Stream,
    activity: Rc<Activity>,
    timeouts: Timeouts,
    stop: Stop,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
    /// Whom both of them wake.
    waker: Option<Waker>,
    /// Runs while the client takes nothing of what is sent to it.
    stalled: Option<Pin<Box<Sleep>>>,
    heads: Heads,
    /// Whether all that was written is on its way.
    is_flushed: bool,
}

/// What bytes go through.
pub enum Stream {
    /// Plain HTTP.
    Plain(TcpStream),
    /// HTTP in TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// The time limits of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// How long nothing may be asked.
    pub idle: Duration,
    /// How long the head of a request may take.
    pub head: Duration,
    /// How long a client may take nothing of what is sent to it, nor of one of the answers that it lets wait in HTTP/2.
    pub write: Duration,
}

impl Connection {
    /// A connection that was just made. It closes once `stop` has begun and nothing is under way on it.
    pub fn new(stream: Stream, heads: Heads, place: Place, timeouts: Timeouts, stop: Stop) -> Self {
        Self {
            stream,
            activity: Rc::new(Activity::new(place)),
            timeouts,
            stopped: Box::pin(stop.token().cancelled_owned()),
            stop,
            timer: Box::pin(sleep(timeouts.idle)),
            waker: None,
            stalled: None,
            heads,
            is_flushed: true,
        }
    }

    /// What goes on on it, for whoever answers its requests.
    pub fn activity(&self) -> &Rc<Activity> {
        &self.activity
    }

    /// Whether nothing has gone on for as long as may be. If not, the task is woken when that may have changed.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        // What wakes this task already need not be told with each request.
        let mut wakes = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !wakes {
            self.waker = Some(cx.waker().clone());
            let _ = self.stopped.as_mut().poll(cx);
        }
        let stopping = self.stop.has_begun();
        loop {
            let deadline = self.deadline(stopping);
            // A timer that is early looks again, which costs less than to set it later with each request.
            if let Some(deadline) = deadline.filter(|deadline| *deadline < self.timer.deadline()) {
                self.timer.as_mut().reset(deadline);
                wakes = false;
            }
            if wakes && !self.timer.is_elapsed() || self.timer.as_mut().poll(cx).is_pending() {
                return false;
            }
            wakes = false;
            let now = Instant::now();
            let deadline = deadline.unwrap_or(now + self.timeouts.idle);
            if deadline <= now {
                self.activity.head_was_late.set(self.head_since().is_some() && !stopping);
                return true;
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    /// When it is over, if nothing goes on until then; none where something does, however long that takes.
    fn deadline(&self, stopping: bool) -> Option<Instant> {
        let idle = if stopping { DRAIN_GRACE } else { self.timeouts.idle };
        let Activity { requests, idle_since, answers_taken, .. } = &*self.activity;
        let head = self.head_since().map(|since| since + self.timeouts.head);
        if requests.get() > 0 || self.stalled.is_some() {
            let oldest = answers_taken.borrow().iter().min().copied();
            let taken = oldest.map(|taken| taken + self.timeouts.write);
            // The connection is to end soon after what goes on, so that is looked at again and again.
            let again = stopping.then(|| Instant::now() + idle);
            return taken.into_iter().chain(head).chain(again).min();
        }
        Some(head.filter(|_| !stopping).unwrap_or(idle_since.get() + idle))
    }

    /// When a head began that has not ended. In HTTP/1 one that comes behind other requests has its time once they are answered.
    fn head_since(&self) -> Option<Instant> {
        let since = self.heads.since()?;
        match self.heads {
            Heads::Http1(_) if self.activity.requests.get() > 0 => None,
            Heads::Http1(_) => Some(since.max(self.activity.idle_since.get())),
            Heads::Http2(_) => Some(since),
        }
    }

    /// Looks at bytes that have come.
    fn look_at(&mut self, bytes: &mut [u8]) {
        let Activity { requests, head_since, .. } = &*self.activity;
        self.heads.follow(bytes);
        if requests.get() == 0 && head_since.get().is_none() {
            head_since.set(self.heads.take_beginning());
        }
    }

    /// Whether the last answer is on its way, and more was asked behind it. What comes then is thrown away: what a closed
    /// socket has not read takes back what was sent on it.
    fn is_past_the_last(&mut self, cx: &mut Context<'_>) -> bool {
        if self.activity.course.get() != Course::Over || self.activity.requests.get() > 0 || !self.is_flushed {
            return false;
        }
        let mut bytes = [0; 4096];
        for _ in 0..MAX_THROWN_AWAY / bytes.len() {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = self.stream.as_pin().poll_read(cx, &mut buffer);
            if !matches!(read, Poll::Ready(Ok(()))) || buffer.filled().is_empty() {
                break;
            }
        }
        true
    }

    /// Goes on with what became of a write, unless the client has taken nothing for too long.
    fn written<T>(&mut self, result: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        let deadline = Instant::now() + self.timeouts.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_past_the_last(cx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buffer.filled().len();
        match this.stream.as_pin().poll_read(cx, buffer) {
            Poll::Ready(result) => {
                if let Some(bytes) = buffer.filled_mut().get_mut(before..).filter(|bytes| !bytes.is_empty()) {
                    this.look_at(bytes);
                }
                Poll::Ready(result)
            }
            // As if the client had closed it.
            Poll::Pending if this.is_over(cx) => Poll::Ready(Ok(())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_flushed = false;
        // The server looks at the time of a connection's first head, and answers by itself.
        let is_late = || this.head_since().is_some() && bytes.starts_with(b"HTTP/1.1 408 ");
        if this.activity.requests.get() == 0 && is_late() {
            this.activity.head_was_late.set(true);
        }
        let result = this.stream.as_pin().poll_write(cx, bytes);
        this.written(result, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = this.stream.as_pin().poll_flush(cx);
        this.is_flushed = matches!(result, Poll::Ready(Ok(())));
        if this.is_flushed && this.activity.course.get() == Course::Over {
            // Reading is what ends the connection.
            cx.waker().wake_by_ref();
        }
        this.written(result, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = this.stream.as_pin().poll_shutdown(cx);
        this.written(result, cx)
    }
}

/// What both kinds of stream can do.
trait Bytes: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Bytes for T {}

impl Stream {
    fn as_pin(&mut self) -> Pin<&mut dyn Bytes> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }
}
