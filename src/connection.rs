//! Clients' connections: counted from the moment they are accepted, and closed when they are of no more use.
//!
//! The HTTP server's own timers leave gaps: none is set for the head of a second request on a connection, none for a
//! client that does not read its answer, and none for an HTTP/2 connection on which nothing is asked. So the time limits
//! of a connection are kept here, below HTTP, and hold for both versions of it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::config::Limits;

/// How long a connection without a request is kept once the gateway is told to stop: long enough for the last answer to
/// be on its way.
const DRAIN_GRACE: Duration = Duration::from_millis(100);

/// The connections there are, and how many there may be. HTTP/2 has many requests on one connection: each past the first
/// counts like a connection of its own, so that both versions of HTTP have the same limits.
#[derive(Debug)]
pub struct Connections {
    most: usize,
    most_of_a_peer: usize,
    of_peers: Mutex<HashMap<IpAddr, usize>>,
}

/// Why a connection, or one more request on it, was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There are as many connections as there may be.
    Connections,
    /// The peer has as many connections as one may have.
    PeerConnections,
}

/// One of the connections that there may be, until it is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    peer: IpAddr,
}

impl Connections {
    /// None yet.
    pub fn new(limits: &Limits) -> Self {
        Self { most: limits.connections, most_of_a_peer: limits.peer_connections, of_peers: Mutex::default() }
    }

    /// Counts a connection, if it may be.
    ///
    /// # Errors
    /// When there are too many.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let peer = peer(address);
        let mut of_peers = self.of_peers.lock().unwrap_or_else(PoisonError::into_inner);
        if of_peers.values().sum::<usize>() >= self.most {
            return Err(Refusal::Connections);
        }
        let count = of_peers.entry(peer).or_default();
        if *count >= self.most_of_a_peer {
            return Err(Refusal::PeerConnections);
        }
        *count += 1;
        drop(of_peers);
        Ok(Place { connections: Arc::clone(self), peer })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.of_peers.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_peers = self.connections.of_peers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                of_peers.remove(&self.peer);
            }
        }
    }
}

/// Who counts as one peer: an IPv4 address, or the /64 that an IPv6 address is from, since whoever has one of its
/// addresses has them all.
fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// What goes on on one connection.
#[derive(Debug)]
pub struct Activity {
    /// What the connection itself counts as.
    place: Place,
    requests: AtomicUsize,
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    /// When the connection was made, or its last request was answered.
    idle_since: Instant,
    /// When the first byte of a request came that is not under way yet.
    head_since: Option<Instant>,
    /// When the client last took something of each answer that is on its way to it, in no order.
    answers_taken: Vec<Instant>,
}

/// A request that is under way on a connection, until it is dropped.
#[derive(Debug)]
pub struct UnderWay {
    activity: Arc<Activity>,
    /// What it counts as, if it is not the only one.
    place: Option<Place>,
    /// When the client last took something of its answer; none where that is not watched.
    taken: Option<Instant>,
}

impl Activity {
    fn new(place: Place) -> Self {
        let times = Times { idle_since: Instant::now(), head_since: None, answers_taken: Vec::new() };
        Self { place, requests: AtomicUsize::new(0), times: Mutex::new(times) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When there are too many.
    pub fn begin(self: &Arc<Self>) -> Result<UnderWay, Refusal> {
        self.times().head_since = None;
        let is_first = self.requests.fetch_add(1, Ordering::AcqRel) == 0;
        let mut under_way = UnderWay { activity: Arc::clone(self), place: None, taken: None };
        if !is_first {
            under_way.place = Some(self.place.connections.admit(self.place.peer)?);
        }
        Ok(under_way)
    }

    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// Notes that the client has taken a part of the answer, or may take the first. The connection ends when nothing of it
    /// is taken for too long from here on.
    pub fn answer_taken(&mut self) {
        let now = Instant::now();
        let before = self.taken.replace(now);
        let mut times = self.activity.times();
        match times.answers_taken.iter_mut().find(|taken| Some(**taken) == before) {
            Some(taken) => *taken = now,
            None => times.answers_taken.push(now),
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut times = self.activity.times();
        times.idle_since = Instant::now();
        if let Some(index) = times.answers_taken.iter().position(|taken| Some(*taken) == self.taken) {
            times.answers_taken.swap_remove(index);
        }
        drop(times);
        self.activity.requests.fetch_sub(1, Ordering::AcqRel);
        self.place = None;
    }
}

/// A connection with its limits. To the HTTP server it ends when it has idled too long.
pub struct Connection {
    stream: Stream,
    activity: Arc<Activity>,
    timeouts: Timeouts,
    stop: CancellationToken,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
    /// Runs while the client takes nothing of what is sent to it.
    stalled: Option<Pin<Box<Sleep>>>,
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
    /// How long the head of a request may take; none in HTTP/2, where what comes need not belong to a request.
    pub head: Option<Duration>,
    /// How long a client may take nothing of what is sent to it, nor of one of the answers that it lets wait in HTTP/2.
    pub write: Duration,
}

impl Connection {
    /// A connection that was just made. It closes once `stop` is cancelled and nothing is under way on it.
    pub fn new(stream: Stream, place: Place, timeouts: Timeouts, stop: CancellationToken) -> Self {
        Self {
            stream,
            activity: Arc::new(Activity::new(place)),
            timeouts,
            stopped: Box::pin(stop.clone().cancelled_owned()),
            stop,
            timer: Box::pin(sleep(timeouts.idle)),
            stalled: None,
        }
    }

    /// What goes on on it, for whoever answers its requests.
    pub fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Whether nothing has gone on for as long as may be. If not, the task is woken when that may have changed.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            let stopping = self.stop.is_cancelled() || self.stopped.as_mut().poll(cx).is_ready();
            let idle = if stopping { DRAIN_GRACE } else { self.timeouts.idle };
            let is_busy = self.activity.requests.load(Ordering::Acquire) > 0 || self.stalled.is_some();
            let deadline = if is_busy {
                let latest = Instant::now() + idle;
                let oldest = self.activity.times().answers_taken.iter().min().copied();
                oldest.map_or(latest, |taken| latest.min(taken + self.timeouts.write))
            } else {
                let times = self.activity.times();
                match (times.head_since, self.timeouts.head) {
                    (Some(since), Some(limit)) if !stopping => since + limit,
                    _ => times.idle_since + idle,
                }
            };
            if deadline <= Instant::now() {
                return true;
            }
            self.timer.as_mut().reset(deadline);
            if self.timer.as_mut().poll(cx).is_pending() {
                return false;
            }
        }
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
        match this.stream.as_pin().poll_read(cx, buffer) {
            Poll::Ready(result) => {
                if this.activity.requests.load(Ordering::Acquire) == 0 {
                    this.activity.times().head_since.get_or_insert_with(Instant::now);
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
        let result = this.stream.as_pin().poll_write(cx, bytes);
        this.written(result, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = this.stream.as_pin().poll_flush(cx);
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
