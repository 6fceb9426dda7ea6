//! The log: one line a request and one a fault, on standard error.

mod queue;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{self, Duration};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{self as lines, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, LogLevel};
use crate::error::Error;
use crate::trace::Trace;
use queue::{Kind, Lines, Queue};

/// The target of the lines that say who has changed what.
pub const AUDIT: &str = "deltawall::audit";

/// The name of the lines of it that say who was not let in.
pub const LOGIN: &str = "login";

/// The target of the lines about requests. Where there is no room for all lines, these give way first.
pub const REQUESTS: &str = "deltawall::requests";

/// How long what still waits may take at the end of the program.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long it may take where somebody waits for the end.
const HURRY: Duration = Duration::from_millis(100);

/// The log of the whole process.
static QUEUE: Queue = Queue::new();

/// Whether it is for people.
static IS_TEXT: AtomicBool = AtomicBool::new(false);

/// Starts logging for the whole process. A second start changes nothing.
///
/// # Errors
/// When the thread that writes the log cannot be started.
pub fn start(format: LogFormat, level: LogLevel) -> io::Result<()> {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // What libraries say of themselves is of interest only when something is wrong; and to the HTTP server any client
    // that does not speak HTTP is an error.
    let targets = Targets::new()
        .with_target("deltawall", level)
        .with_target(AUDIT, level.max(LevelFilter::INFO))
        .with_target("actix_http", LevelFilter::OFF)
        .with_default(level.min(LevelFilter::WARN));
    let log = tracing_subscriber::registry().with(targets);
    // What the library has to say of itself it would write to standard error on the way of a request.
    let layer = lines::layer().with_writer(Writers).log_internal_errors(false);
    let started = match format {
        LogFormat::Text => log.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => log.with(layer.json().flatten_event(true)).try_init(),
    };
    if started.is_err() {
        return Ok(());
    }
    IS_TEXT.store(format == LogFormat::Text, Ordering::Relaxed);
    panic::set_hook(Box::new(|panic| {
        let backtrace = Some(Backtrace::capture()).filter(|trace| trace.status() == BacktraceStatus::Captured);
        let backtrace = backtrace.map(tracing::field::display);
        tracing::error!(panic = panic.to_string(), backtrace, "the program is at fault");
    }));
    QUEUE.start()
}

/// Ends the log with why the program ends, where that is an error. What still waits is written, if anybody reads it.
pub fn finish(error: Option<&Error>) {
    let last = error.map_or_else(String::new, |error| format!("deltawall: {error}\n"));
    if !last.is_empty() {
        QUEUE.push(Kind::Other, last.as_bytes());
    }
    let patience = if error.is_some_and(Error::is_second_signal) { HURRY } else { PATIENCE };
    if !QUEUE.finish(patience) {
        let _ = io::stderr().write_all(last.as_bytes());
    }
}

/// Why the log is not what it should be, if it is not.
pub fn trouble() -> Option<String> {
    QUEUE.trouble()
}

/// How many lines could not be written, of each kind by its name.
pub fn lost() -> [(&'static str, u64); 4] {
    let Lines { request, login, other, change } = QUEUE.lost();
    [("request", request), ("login", login), ("other", other), ("change", change)]
}

/// What the library writes its lines to.
struct Writers;

impl MakeWriter<'_> for Writers {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(Kind::Other)
    }

    fn make_writer_for(&self, of: &Metadata<'_>) -> Line {
        Line(match of.target() {
            AUDIT if of.name() == LOGIN => Kind::Login,
            AUDIT => Kind::Change,
            REQUESTS if *of.level() >= Level::INFO => Kind::Request,
            _ => Kind::Other,
        })
    }
}

/// A line of the log, which the library writes in one go.
struct Line(Kind);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        QUEUE.push(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How much is kept for the next line of a worker, in bytes.
const LENGTH: usize = 4 * 1024;

/// The lines about requests of one worker: for people, what the library would write, put together here, since there is one
/// for each request and a formatter's machinery is more than half of what it costs.
#[derive(Debug, Default)]
pub struct RequestLog {
    /// Where the worker puts its lines together.
    line: RefCell<String>,
    second: RefCell<Second>,
}

/// A request that was answered.
#[derive(Debug)]
pub struct Answered<'a> {
    /// Whether it was for what a page consists of, which is of little interest.
    pub is_minor: bool,
    /// Its method, as it was sent.
    pub method: &'a str,
    /// Its path, as it was sent.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The id of the driver.
    pub driver: &'a str,
    /// The provider.
    pub provider: &'a str,
    /// How long it took.
    pub time: Duration,
    /// What it is called.
    pub request_id: &'a str,
    /// The trace that it is part of.
    pub trace: Option<&'a Trace>,
}

impl RequestLog {
    /// Writes the line of one.
    pub fn answered(&self, request: &Answered<'_>) {
        let is_logged = match request.is_minor {
            true => tracing::enabled!(target: REQUESTS, Level::DEBUG),
            false => tracing::enabled!(target: REQUESTS, Level::INFO),
        };
        if !is_logged {
            return;
        }
        match IS_TEXT.load(Ordering::Relaxed) {
            true => self.write(request),
            false => emit(request),
        }
    }

    fn write(&self, request: &Answered<'_>) {
        let (mut line, mut number) = (self.line.borrow_mut(), itoa::Buffer::new());
        line.clear();
        line.shrink_to(LENGTH);
        self.second.borrow_mut().write_now(&mut line);
        line.extend([if request.is_minor { " DEBUG " } else { "  INFO " }, REQUESTS, ": request method=\""]);
        line.push_str(request.method);
        line.push_str("\" path=");
        // Nothing else of it can hold a quotation mark or a line break.
        if is_special(request.path) {
            line.push_str(&format!("{:?}", request.path));
        } else {
            line.extend(["\"", request.path, "\""]);
        }
        line.push_str(" status=");
        line.push_str(number.format(request.status));
        line.push_str(" driver=\"");
        line.push_str(request.driver);
        line.push_str("\" provider=\"");
        line.push_str(request.provider);
        line.push_str("\" microseconds=");
        line.push_str(number.format(request.time.as_micros() as u64));
        line.push_str(" request_id=\"");
        line.push_str(request.request_id);
        if let Some(trace) = request.trace {
            line.extend(["\" trace_id=\"", &trace.id, "\" parent_id=\"", &trace.parent]);
        }
        line.push_str("\"\n");
        QUEUE.push(Kind::Request, line.as_bytes());
    }
}

/// The same line by way of the library, in whatever form it was started with.
fn emit(request: &Answered<'_>) {
    // What level an event has is fixed where it stands.
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
        target: REQUESTS,
        $level,
        method = request.method,
        path = request.path,
        status = request.status,
        driver = request.driver,
        provider = request.provider,
        microseconds = request.time.as_micros() as u64,
        request_id = request.request_id,
        trace_id = request.trace.map(|trace| trace.id.as_str()),
        parent_id = request.trace.map(|trace| trace.parent.as_str()),
        "request",
    )
        };
    }
    match request.is_minor {
        true => event!(Level::DEBUG),
        false => event!(Level::INFO),
    }
}

/// Whether there is anything in a text that would be written in another way.
fn is_special(text: &str) -> bool {
    // No early end, so that many bytes are looked at in one step.
    text.bytes().fold(false, |any, byte| any | !(b' '..=b'~').contains(&byte) | (byte == b'"') | (byte == b'\\'))
}

/// The last second in which a line was written, as the library writes it.
#[derive(Debug, Default)]
struct Second {
    since_1970: u64,
    /// All but its fraction, with the point before that.
    text: String,
}

/// How long `2026-11-22T07:09:05.` is; six digits and a `Z` follow.
const SECOND_LENGTH: usize = 20;

impl Second {
    /// Writes the time of day. Most of it changes but once a second.
    fn write_now(&mut self, line: &mut String) {
        let mut now = since_1970();
        while self.since_1970 != now.as_secs() {
            self.since_1970 = now.as_secs();
            self.text.clear();
            let _ = SystemTime.format_time(&mut Writer::new(&mut self.text));
            self.text.truncate(SECOND_LENGTH);
            // The library looks at the clock by itself, and the second may have gone by.
            now = since_1970();
        }
        line.push_str(&self.text);
        line.push_str(six_digits(now.subsec_micros(), &mut itoa::Buffer::new()));
        line.push('Z');
    }
}

fn since_1970() -> Duration {
    time::SystemTime::now().duration_since(time::UNIX_EPOCH).unwrap_or_default()
}

/// A number below a million, with zeros before it.
pub fn six_digits(number: u32, buffer: &mut itoa::Buffer) -> &str {
    // With a one before them no zero is left out.
    buffer.format(1_000_000 + number).strip_prefix('1').unwrap_or_default()
}
