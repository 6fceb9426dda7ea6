//! Clients' connections: counted from the moment they are accepted, and closed when they are of no more use.
//!
//! The HTTP server's own timers leave gaps: none is set for the head of a second request on a connection, none for a
//! client that does not read its answer, and none for an HTTP/2 connection on which nothing is asked. So the time limits
//! of a connection are kept here, below HTTP, and hold for both versions of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::config::Limits;
use crate::stop::Stop;

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
pub fn peer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// What goes on on one connection, all of it in one worker.
#[derive(Debug)]
pub struct Activity {
    /// What the connection itself counts as.
    place: Place,
    /// How many requests are under way.
    requests: Cell<usize>,
    /// When the connection was made, or its last request was answered.
    idle_since: Cell<Instant>,
    /// When the first byte of a request came that is not under way yet, in HTTP/1.
    head_since: Cell<Option<Instant>>,
    /// When the client last took something of each answer that is on its way to it, in no order.
    answers_taken: RefCell<Vec<Instant>>,
}

/// A request that is under way on a connection, until it is dropped.
#[derive(Debug)]
pub struct UnderWay {
    activity: Rc<Activity>,
    /// When the first byte came of it; none where that is not known: it came with those of another, or by HTTP/2.
    since: Option<Instant>,
    /// What it counts as, if it is not the only one.
    place: Option<Place>,
    /// When the client last took something of its answer; none where that is not watched.
    taken: Option<Instant>,
}

impl Activity {
    fn new(place: Place) -> Self {
        Self {
            place,
            requests: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
            head_since: Cell::new(None),
            answers_taken: RefCell::default(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When there are too many.
    pub fn begin(self: &Rc<Self>) -> Result<UnderWay, Refusal> {
        let since = self.head_since.take();
        let before = self.requests.get();
        self.requests.set(before + 1);
        let mut under_way = UnderWay { activity: Rc::clone(self), since, place: None, taken: None };
        if before > 0 {
            under_way.place = Some(self.place.connections.admit(self.place.peer)?);
        }
        Ok(under_way)
    }
}

impl UnderWay {
    /// When the first byte of the request came, where that is known.
    pub fn since(&self) -> Option<std::time::Instant> {
        self.since.map(Instant::into_std)
    }

    /// Notes that the client has taken a part of the answer, or may take the first. The connection ends when nothing of it
    /// is taken for too long from here on.
    pub fn answer_taken(&mut self) {
        let now = Instant::now();
        let before = self.taken.replace(now);
        let mut answers_taken = self.activity.answers_taken.borrow_mut();
        match answers_taken.iter_mut().find(|taken| Some(**taken) == before) {
            Some(taken) => *taken = now,
            None => answers_taken.push(now),
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Activity { requests, idle_since, answers_taken, .. } = &*self.activity;
        idle_since.set(Instant::now());
        if self.taken.is_some() {
            let mut answers_taken = answers_taken.borrow_mut();
            if let Some(index) = answers_taken.iter().position(|taken| Some(*taken) == self.taken) {
                answers_taken.swap_remove(index);
            }
        }
        requests.set(requests.get() - 1);
    }
}

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
    /// A connection that was just made. It closes once `stop` has begun and nothing is under way on it.
    pub fn new(stream: Stream, place: Place, timeouts: Timeouts, stop: Stop) -> Self {
        Self {
            stream,
            activity: Rc::new(Activity::new(place)),
            timeouts,
            stopped: Box::pin(stop.token().cancelled_owned()),
            stop,
            timer: Box::pin(sleep(timeouts.idle)),
            waker: None,
            stalled: None,
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
                return true;
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    /// When it is over, if nothing goes on until then; none where something does, however long that takes.
    fn deadline(&self, stopping: bool) -> Option<Instant> {
        let idle = if stopping { DRAIN_GRACE } else { self.timeouts.idle };
        let Activity { requests, idle_since, head_since, answers_taken, .. } = &*self.activity;
        if requests.get() > 0 || self.stalled.is_some() {
            let oldest = answers_taken.borrow().iter().min().copied();
            let taken = oldest.map(|taken| taken + self.timeouts.write);
            // The connection is to end soon after what goes on, so that is looked at again and again.
            let again = stopping.then(|| Instant::now() + idle);
            return taken.into_iter().chain(again).min();
        }
        Some(match (head_since.get(), self.timeouts.head) {
            (Some(since), Some(limit)) if !stopping => since + limit,
            _ => idle_since.get() + idle,
        })
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
                let Activity { requests, head_since, .. } = &*this.activity;
                if this.timeouts.head.is_some() && requests.get() == 0 && head_since.get().is_none() {
                    head_since.set(Some(Instant::now()));
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
