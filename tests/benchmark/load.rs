//! Load at a constant rate, for `tests/bench`:
//!
//! ```text
//! load ADDRESS AUTHORIZATION RATE SECONDS HUNDREDTH
//! ```
//!
//! It asks for the firewalls g0 to g19 in turn, but each hundredth time for the firewall HUNDREDTH. It prints how long all
//! but those hundredth requests took (median and 99th percentile, in microseconds), how many of all were answered each
//! second, how many failed, and how many there were. The first five seconds do not count: that is how long it takes until
//! as many slow requests are under way as ever will be.
//!
//! The time of a request runs from when it was due, not from when it was sent, so none is left out that had to wait here
//! because those before it took so long.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use connection::{Connection, percentile};

mod connection;

/// How many requests may be under way, each on a thread and connection of its own: the gateway allows a peer a hundred
/// connections by default.
const CONNECTIONS: usize = 96;

const UNCOUNTED: Duration = Duration::from_secs(5);

struct Load {
    address: String,
    authorization: String,
    hundredth: String,
    interval: Duration,
    start: Instant,
    count: u64,
    next: AtomicU64,
}

/// What one connection has seen of it.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    answers: u64,
    errors: u64,
    last: Option<Instant>,
}

impl Load {
    /// Sends whichever request is next, as long as there are any.
    fn run(&self) -> Seen {
        let mut seen = Seen::default();
        let mut open = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.count {
                return seen;
            }
            let due = self.start + self.interval.mul_f64(number as f64);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let is_hundredth = number.is_multiple_of(100);
            let name = if is_hundredth { self.hundredth.clone() } else { format!("g{}", number % 20) };
            let answer = self.ask(&mut open, &format!("/api/firewalls/{name}"));
            let counts = due >= self.start + UNCOUNTED;
            match answer {
                Ok(()) if counts => {
                    seen.answers += 1;
                    if !is_hundredth {
                        let now = Instant::now();
                        seen.times.push(now - due);
                        seen.last = Some(now);
                    }
                }
                Ok(()) => {}
                Err(error) => {
                    if seen.errors == 0 {
                        eprintln!("{error}");
                    }
                    seen.errors += 1;
                    open = None;
                }
            }
        }
    }

    fn ask(&self, open: &mut Option<Connection>, path: &str) -> std::io::Result<()> {
        let connection = match open {
            Some(connection) => connection,
            None => open.insert(Connection::open(&self.address)?),
        };
        connection.get(path, &self.authorization)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, authorization, rate, seconds, hundredth] = arguments.as_slice() else {
        return Err("load ADDRESS AUTHORIZATION RATE SECONDS HUNDREDTH".into());
    };
    let (rate, seconds): (u64, u64) = (rate.parse()?, seconds.parse()?);
    let load = Load {
        address: address.clone(),
        authorization: authorization.clone(),
        hundredth: hundredth.clone(),
        interval: Duration::from_secs(1).div_f64(rate as f64),
        start: Instant::now(),
        count: rate * (seconds + UNCOUNTED.as_secs()),
        next: AtomicU64::new(0),
    };
    let seen: Vec<Seen> = thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(|| load.run())).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut times: Vec<_> = seen.iter().flat_map(|seen| seen.times.iter().copied()).collect();
    let answers: u64 = seen.iter().map(|seen| seen.answers).sum();
    let errors: u64 = seen.iter().map(|seen| seen.errors).sum();
    let taken = seen.iter().filter_map(|seen| seen.last).max().unwrap_or(load.start) - load.start;
    println!(
        "p50={} p99={} rate={:.0} errors={errors} requests={}",
        percentile(&mut times, 0.5).as_micros(),
        percentile(&mut times, 0.99).as_micros(),
        answers as f64 / taken.saturating_sub(UNCOUNTED).as_secs_f64(),
        load.count,
    );
    Ok(())
}
