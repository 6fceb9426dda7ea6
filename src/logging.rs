//! The log: one line a request and one a fault, on standard error.

use std::cell::RefCell;
use std::io::{self, BufWriter, Stderr, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{self, Duration};

use clap::ValueEnum;
use serde::Deserialize;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{self as lines, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::trace::Trace;

/// The target of the lines that say who has changed what.
pub const AUDIT: &str = "deltawall::audit";

/// How long a line about a request may wait for others, to be written with them in one go.
const LATE: Duration = Duration::from_millis(20);

/// How much is written in one go, in bytes.
const BUFFER: usize = 64 * 1024;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The log for people, once it was started.
static TEXT: OnceLock<Lines> = OnceLock::new();

/// The log that was started. What still waits is written when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Log(Lines);

/// Starts logging for the whole process. A second start changes nothing.
///
/// # Errors
/// When the thread that writes lines late cannot be started.
pub fn start(format: LogFormat) -> io::Result<Log> {
    // What libraries say of themselves is of interest only when something is wrong; and to the HTTP server any client
    // that does not speak HTTP is an error.
    let targets = Targets::new()
        .with_target("deltawall", LevelFilter::INFO)
        .with_target("actix_http", LevelFilter::OFF)
        .with_default(LevelFilter::WARN);
    let lines = Lines::start()?;
    let log = tracing_subscriber::registry().with(targets);
    let layer = lines::layer().with_writer(lines.clone());
    let started = match format {
        LogFormat::Text => log.with(layer.with_ansi(false)).try_init(),
        LogFormat::Json => log.with(layer.json().flatten_event(true)).try_init(),
    };
    if started.is_ok() && format == LogFormat::Text {
        let _ = TEXT.set(lines.clone());
    }
    Ok(Log(lines))
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = self.0.lock().flush();
    }
}

/// Standard error, a call to the system for many lines. Only lines about requests wait: a change or a fault is written
/// at once, and whatever came before it.
#[derive(Debug, Clone)]
struct Lines {
    buffer: Arc<Mutex<BufWriter<Stderr>>>,
    writer: Thread,
}

impl Lines {
    fn start() -> io::Result<Self> {
        let buffer = Arc::new(Mutex::new(BufWriter::with_capacity(BUFFER, io::stderr())));
        let waiting = Arc::clone(&buffer);
        let writer = thread::Builder::new().name("log".into()).spawn(move || {
            loop {
                thread::park();
                thread::sleep(LATE);
                let _ = waiting.lock().unwrap_or_else(PoisonError::into_inner).flush();
            }
        })?;
        Ok(Self { buffer, writer: writer.thread().clone() })
    }

    fn lock(&self) -> MutexGuard<'_, BufWriter<Stderr>> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, may_wait: bool) -> Line<'_> {
        Line { buffer: self.lock(), writer: &self.writer, may_wait }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        self.line(false)
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Self::Writer {
        self.line(*of.level() == Level::INFO && of.target() != AUDIT)
    }
}

/// One line of the log, until it is dropped.
struct Line<'a> {
    buffer: MutexGuard<'a, BufWriter<Stderr>>,
    writer: &'a Thread,
    may_wait: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_first = self.buffer.buffer().is_empty();
        let written = self.buffer.write(bytes)?;
        if is_first && self.may_wait {
            self.writer.unpark();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.flush()
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.may_wait {
            let _ = self.buffer.flush();
        }
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
        match TEXT.get() {
            Some(lines) => self.write(request, lines),
            None => emit(request),
        }
    }

    fn write(&self, request: &Answered<'_>, lines: &Lines) {
        let (mut line, mut number) = (self.line.borrow_mut(), itoa::Buffer::new());
        line.clear();
        line.shrink_to(LENGTH);
        self.second.borrow_mut().write_now(&mut line);
        line.push_str("  INFO deltawall::deltacloud: request method=\"");
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
        let _ = lines.line(true).write_all(line.as_bytes());
    }
}

/// The same line by way of the library, in whatever form it was started with.
fn emit(request: &Answered<'_>) {
    tracing::info!(
        target: "deltawall::deltacloud",
        message = "request",
        method = request.method,
        path = request.path,
        status = request.status,
        driver = request.driver,
        provider = request.provider,
        microseconds = request.time.as_micros() as u64,
        request_id = request.request_id,
        trace_id = request.trace.map(|trace| trace.id.as_str()),
        parent_id = request.trace.map(|trace| trace.parent.as_str()),
    );
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
