//! What goes on on a connection: its requests, and what is held for them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use deltawall_core::Room;
use tokio::time::Instant;

use crate::gateway::metrics::Limit;
use crate::http::peers::Place;

/// What goes on on one connection, all of it in one worker.
#[derive(Debug)]
pub struct Activity {
    /// What the connection itself counts as.
    place: Place,
    /// How many requests are under way.
    pub(super) requests: Cell<usize>,
    /// When the connection was made, or its last request was answered.
    pub(super) idle_since: Cell<Instant>,
    /// When the first byte of a request came that is not under way yet, in HTTP/1.
    pub(super) head_since: Cell<Option<Instant>>,
    /// When the client last took something of each answer that is on its way to it, in no order.
    pub(super) answers_taken: RefCell<Vec<Instant>>,
    /// How much of HTTP/1's requests is still to be answered.
    pub(super) course: Cell<Course>,
    /// Whether a head was given up that took too long.
    pub(super) head_was_late: Cell<bool>,
}

/// How far a connection of HTTP/1 has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// More requests are answered.
    Open,
    /// The one that is being answered is the last.
    Last,
    /// Another came behind the last one. It is not answered.
    Over,
}

/// Bytes of a request or an answer that are held for a peer, until this is dropped.
#[derive(Debug)]
pub struct Held {
    activity: Rc<Activity>,
    bytes: usize,
}

/// A request that is under way on a connection, until it is dropped.
#[derive(Debug)]
pub struct UnderWay {
    activity: Rc<Activity>,
    /// When the first byte came of it; none where that is not known: it came with those of another, or by HTTP/2.
    since: Option<Instant>,
    /// What it counts as, if it is not the only one.
    _place: Option<Place>,
    /// When the client last took something of its answer; none where that is not watched.
    taken: Option<Instant>,
}

impl Activity {
    /// Nothing yet, on a connection that counts as this.
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            requests: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
            head_since: Cell::new(None),
            answers_taken: RefCell::default(),
            course: Cell::new(Course::Open),
            head_was_late: Cell::new(false),
        }
    }

    /// Begins a request, with the reason why it is not to be answered as it should be, where there are too many.
    pub fn begin(self: &Rc<Self>) -> (UnderWay, Result<(), Limit>) {
        let since = self.head_since.take();
        let before = self.requests.get();
        self.requests.set(before + 1);
        let (place, admitted) = match (before > 0).then(|| self.place.another()).transpose() {
            Ok(place) => (place, Ok(())),
            Err(limit) => (None, Err(limit)),
        };
        (UnderWay { activity: Rc::clone(self), since, _place: place, taken: None }, admitted)
    }

    /// Bytes of a request or an answer, none of which has come yet.
    pub fn hold(self: &Rc<Self>) -> Held {
        Held { activity: Rc::clone(self), bytes: 0 }
    }

    /// A request has come, which begins at once.
    pub fn asked(&self) {
        self.idle_since.set(Instant::now());
    }

    /// Completes when nothing has been asked for so long.
    pub async fn idles(&self, time: Duration) {
        loop {
            let since = if self.requests.get() > 0 { Instant::now() } else { self.idle_since.get() };
            if since.elapsed() >= time {
                return;
            }
            tokio::time::sleep_until(since + time).await;
        }
    }

    /// What drivers take their room from.
    pub fn room(&self) -> Arc<dyn Room> {
        Arc::clone(self.place.share()) as _
    }

    /// Whether a head was given up that took too long.
    pub fn head_was_late(&self) -> bool {
        self.head_was_late.get()
    }

    /// Whether a request that comes behind others is to be answered. If not, the connection ends once they are.
    pub fn admits_another(&self) -> bool {
        let is_open = self.course.get() == Course::Open;
        if !is_open {
            self.course.set(Course::Over);
        }
        is_open
    }

    /// The request that is being answered is the last. HTTP/1's server would answer those too that have come behind it.
    pub fn end(&self) {
        self.course.set(Course::Last);
    }
}

impl Held {
    /// Counts more bytes.
    ///
    /// # Errors
    /// When they would be too many for the peer.
    pub fn add(&mut self, bytes: usize) -> Result<(), Limit> {
        if !self.activity.place.share().take(bytes) {
            return Err(Limit::Held);
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Counts none any more.
    pub fn clear(&mut self) {
        self.activity.place.share().give_back(std::mem::take(&mut self.bytes));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.clear();
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
