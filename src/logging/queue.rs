//! What waits to be written to the log. It has a bound, and a thread of its own to write it, so that a log which nobody
//! reads holds up nobody.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a line that may wait does so for others, to be written with them in one go; and how long the system gets that
/// could not write.
const LATE: Duration = Duration::from_millis(20);

/// How long after a write the next one begins at the earliest, so that many changes at a time are written together. One that
/// comes by itself is written at once.
const PAUSE: Duration = Duration::from_millis(1);

/// How much is written in one go, in bytes; with the last of its lines it may be more.
const CHUNK: usize = 64 * 1024;

/// How many bytes may wait, of lines that give way to all others.
const MOST_WAITING: usize = 1024 * 1024;

/// How long the system may take for a chunk until something is wrong with whoever reads the log.
const STUCK: Duration = Duration::from_secs(5);

/// What lines are about. Where there is no room for all, those of the first kinds give way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request that was answered.
    Request,
    /// Somebody who was not let in.
    Login,
    /// Faults, and what the gateway says of itself.
    Other,
    /// A change.
    Change,
}

impl Kind {
    /// Whether others may be waited for, to be written together.
    fn may_wait(self) -> bool {
        matches!(self, Self::Request | Self::Login)
    }

    /// How many bytes may wait before a line of this kind.
    fn most_before(self) -> usize {
        match self {
            Self::Request | Self::Login => MOST_WAITING,
            Self::Other => MOST_WAITING / 2 * 3,
            Self::Change => MOST_WAITING * 2,
        }
    }
}

/// Lines that wait for their turn.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    /// Told when there is something to write, and when there is nothing left.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Whole lines, in their order; none of these is empty.
    chunks: VecDeque<Chunk>,
    /// How many bytes there are in all of them.
    size: usize,
    /// What the last one was in, for the next.
    spare: Vec<u8>,
    /// When the last one was written.
    written: Option<Instant>,
    /// Whether they are to be written at once.
    is_urgent: bool,
    /// When the system has last taken something of the chunk that is being written, if one is.
    taken: Option<Instant>,
    /// How many lines were lost of each kind.
    lost: Lines,
    /// Whether a line about a change was lost since the system has last taken something.
    has_lost_change: bool,
    /// Whether there is anybody who writes.
    has_writer: bool,
}

/// Lines that are written in one go.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    /// How many of each kind there are.
    lines: Lines,
}

/// A number of lines of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// Of requests.
    pub request: u64,
    /// Of those who were not let in.
    pub login: u64,
    /// Of faults, and of what the gateway says of itself.
    pub other: u64,
    /// Of changes.
    pub change: u64,
}

impl Lines {
    /// None of any kind.
    const NONE: Self = Self { request: 0, login: 0, other: 0, change: 0 };

    fn add(&mut self, kind: Kind) {
        *match kind {
            Kind::Request => &mut self.request,
            Kind::Login => &mut self.login,
            Kind::Other => &mut self.other,
            Kind::Change => &mut self.change,
        } += 1;
    }
}

impl Queue {
    /// Nothing waits yet.
    pub const fn new() -> Self {
        let state = State {
            chunks: VecDeque::new(),
            size: 0,
            spare: Vec::new(),
            written: None,
            is_urgent: false,
            taken: None,
            lost: Lines::NONE,
            has_lost_change: false,
            has_writer: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Has a thread of its own write what comes, for as long as the program runs.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&'static self) -> io::Result<()> {
        thread::Builder::new().name("log".into()).spawn(|| {
            loop {
                self.write_next(&mut io::stderr());
            }
        })?;
        self.lock().has_writer = true;
        Ok(())
    }

    /// Takes one whole line, or counts it as lost where too many wait.
    pub fn push(&self, kind: Kind, line: &[u8]) {
        let mut state = self.lock();
        if state.size >= kind.most_before() {
            state.has_lost_change |= kind == Kind::Change;
            return state.lost.add(kind);
        }
        let is_new = state.chunks.back().is_none_or(|chunk| chunk.bytes.len() >= CHUNK);
        if is_new {
            let bytes = mem::take(&mut state.spare);
            state.chunks.push_back(Chunk { bytes, lines: Lines::NONE });
        }
        if let Some(chunk) = state.chunks.back_mut() {
            chunk.bytes.extend_from_slice(line);
            chunk.lines.add(kind);
        }
        state.size += line.len();
        let is_urgent_now = !kind.may_wait() && !mem::replace(&mut state.is_urgent, true);
        drop(state);
        if is_new || is_urgent_now {
            self.changed.notify_all();
        }
    }

    /// Why the log is not what it should be, if it is not.
    pub fn trouble(&self) -> Option<String> {
        let state = self.lock();
        if state.has_lost_change {
            return Some("lines about changes were lost, since standard error does not take them".into());
        }
        let time = state.taken?.elapsed();
        let is_stuck = time >= STUCK;
        is_stuck.then(|| format!("standard error has taken nothing of the log for {} seconds", time.as_secs()))
    }

    /// How many lines of each kind were lost.
    pub fn lost(&self) -> Lines {
        self.lock().lost
    }

    /// Writes all that waits, if that takes no longer than this. Whether there is anybody who does.
    pub fn finish(&self, patience: Duration) -> bool {
        let mut state = self.lock();
        let has_writer = state.has_writer;
        if has_writer {
            state.is_urgent = true;
            self.changed.notify_all();
            let is_there_more = |state: &mut State| !state.chunks.is_empty() || state.taken.is_some();
            let _ = self.changed.wait_timeout_while(state, patience, is_there_more);
        }
        has_writer
    }

    /// Waits for the next chunk and writes it, with no lock held. What the system cannot take is kept until it can, but for
    /// a pipe whose reader is gone for good.
    fn write_next(&self, out: &mut impl Write) {
        let mut chunk = self.next();
        let mut rest = &*chunk.bytes;
        while !rest.is_empty() {
            match out.write(rest) {
                Ok(written) if written > 0 => {
                    rest = rest.get(written..).unwrap_or_default();
                    let mut state = self.lock();
                    (state.taken, state.has_lost_change) = (Some(Instant::now()), false);
                }
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    self.lock().lose(chunk.lines);
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => thread::sleep(LATE),
            }
        }
        chunk.bytes.clear();
        let mut state = self.lock();
        (state.taken, state.written) = (None, Some(Instant::now()));
        if chunk.bytes.capacity() <= CHUNK * 2 {
            state.spare = chunk.bytes;
        }
        if state.chunks.is_empty() {
            drop(state);
            self.changed.notify_all();
        }
    }

    /// The next chunk, once it is full, or urgent, or no more has come for long enough.
    fn next(&self) -> Chunk {
        let wait_while = |state, is_so: fn(&mut State) -> bool| {
            self.changed.wait_while(state, is_so).unwrap_or_else(PoisonError::into_inner)
        };
        let mut state = self.lock();
        loop {
            state = wait_while(state, |state| state.chunks.is_empty());
            let is_early = |state: &mut State| !state.is_urgent && state.chunks.len() == 1;
            let waited = self.changed.wait_timeout_while(state, LATE, is_early);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let pause = state.written.and_then(|written| PAUSE.checked_sub(written.elapsed()));
            if let Some(pause) = pause.filter(|_| state.chunks.len() == 1) {
                drop(state);
                thread::sleep(pause);
                state = self.lock();
            }
            if let Some(chunk) = state.chunks.pop_front() {
                state.size -= chunk.bytes.len();
                state.is_urgent &= !state.chunks.is_empty();
                state.taken = Some(Instant::now());
                return chunk;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lose(&mut self, lines: Lines) {
        let Lines { request, login, other, change } = lines;
        self.lost.request += request;
        self.lost.login += login;
        self.lost.other += other;
        self.lost.change += change;
        self.has_lost_change |= change > 0;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A system that takes a few bytes at a time, and not each time.
    #[derive(Default)]
    struct Tired {
        calls: usize,
        taken: Vec<u8>,
    }

    impl Write for Tired {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            match self.calls % 5 {
                1 => Err(ErrorKind::WouldBlock.into()),
                2 => Err(ErrorKind::Interrupted.into()),
                3 => Err(ErrorKind::StorageFull.into()),
                _ => self.taken.write(bytes.get(..9000).unwrap_or(bytes)),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_stay_whole_and_in_their_order_whatever_the_system_takes() {
        let (queue, mut system, mut all) = (Queue::new(), Tired::default(), Vec::new());
        for number in 0..300 {
            let line = format!("{number} {}\n", "x".repeat(500));
            queue.push(if number % 7 == 0 { Kind::Change } else { Kind::Request }, line.as_bytes());
            all.extend(line.into_bytes());
        }
        while system.taken.len() < all.len() {
            queue.write_next(&mut system);
        }
        assert!(system.taken == all);
        assert_eq!((queue.lost(), queue.trouble()), (Lines::NONE, None));
    }

    #[test]
    fn what_has_to_be_known_has_room_longest() {
        let (queue, line) = (Queue::new(), [b'x'; 1000]);
        for kind in [Kind::Request, Kind::Login, Kind::Other, Kind::Change] {
            (0..3000).for_each(|_| queue.push(kind, &line));
        }
        let Lines { request, login, other, change } = queue.lost();
        assert!(0 < request && request < other && other < login && login == 3000, "{:?}", queue.lost());
        assert!(0 < change && change < 3000, "{:?}", queue.lost());
        assert!(queue.lock().size <= MOST_WAITING * 2 + line.len());
        assert!(queue.trouble().is_some());
    }
}
