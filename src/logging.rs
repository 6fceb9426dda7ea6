//! The log: one line a request and one a fault, on standard error.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, BufWriter, Stderr, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{self, Duration};

use clap::ValueEnum;
use serde::Deserialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::field::VisitOutput;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{self as lines, MakeWriter};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The target of the lines that say who has changed what.
pub const AUDIT: &str = "deltawall::audit";

/// How long a line about a request may wait for others, to be written with them in one go.
const LATE: Duration = Duration::from_millis(20);

/// How much is written in one go, in bytes.
const BUFFER: usize = 16 * 1024;

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
    let _ = match format {
        LogFormat::Text => log.with(Text(lines.clone())).try_init(),
        LogFormat::Json => log.with(lines::layer().with_writer(lines.clone()).json().flatten_event(true)).try_init(),
    };
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
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { buffer: self.lock(), writer: &self.writer, may_wait: false }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Self::Writer {
        let mut line = self.make_writer();
        line.may_wait = *of.level() == Level::INFO && of.target() != AUDIT;
        line
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

/// Lines for people: what the library would write, with less of the formatter's machinery, since there is one for each
/// request.
struct Text(Lines);

/// How much is kept for the next line of a thread, in bytes.
const LENGTH: usize = 4 * 1024;

impl<S: Subscriber> Layer<S> for Text {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => " ERROR ",
            Level::WARN => "  WARN ",
            Level::INFO => "  INFO ",
            Level::DEBUG => " DEBUG ",
            Level::TRACE => " TRACE ",
        };
        // A field that logs while it is written finds none, and its line has a text of its own.
        let mut line = FieldVisitor { text: LINE.take(), result: Ok(()) };
        line.result = write_time(&mut line.text);
        line.text.push_str(level);
        line.text.push_str(metadata.target());
        line.text.push(':');
        event.record(&mut line);
        line.text.push('\n');
        if line.result.is_ok() {
            let _ = self.0.make_writer_for(metadata).write_all(line.text.as_bytes());
        }
        if line.text.capacity() <= LENGTH {
            line.text.clear();
            LINE.set(line.text);
        }
    }
}

thread_local! {
    /// Where this thread puts its lines together.
    static LINE: Cell<String> = const { Cell::new(String::new()) };

    /// The last second in which this thread has written a line, and its text without a fraction.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

fn since_1970() -> Duration {
    time::SystemTime::now().duration_since(time::UNIX_EPOCH).unwrap_or_default()
}

/// How long `2026-11-22T07:09:05` is.
const SECOND_LENGTH: usize = 19;

/// The time as the library writes it. Most of that changes but once a second, and is kept.
fn write_time(line: &mut String) -> fmt::Result {
    let mut now = since_1970();
    SECOND.with_borrow_mut(|(second, text)| {
        while *second != now.as_secs() {
            text.clear();
            SystemTime.format_time(&mut Writer::new(text))?;
            text.truncate(SECOND_LENGTH);
            *second = now.as_secs();
            // The library looks at the clock by itself, and the second may have gone by.
            now = since_1970();
        }
        line.push_str(text);
        line.push('.');
        line.push_str(six_digits(now.subsec_micros(), &mut itoa::Buffer::new()));
        line.push('Z');
        Ok(())
    })
}

/// A number below a million, with zeros before it.
pub fn six_digits(number: u32, buffer: &mut itoa::Buffer) -> &str {
    // With a one before them no zero is left out.
    buffer.format(1_000_000 + number).strip_prefix('1').unwrap_or_default()
}

/// Fields as the library writes them, but that text without anything to escape is not looked through by its formatter.
struct FieldVisitor {
    text: String,
    result: fmt::Result,
}

impl FieldVisitor {
    fn name(&mut self, name: &str) {
        self.text.push(' ');
        self.text.push_str(name);
        self.text.push('=');
    }
}

/// Whether there is anything in a text that would be written in another way.
fn is_special(text: &str) -> bool {
    // No early end, so that many bytes are looked at in one step.
    text.bytes().fold(false, |any, byte| any | !(b' '..=b'~').contains(&byte) | (byte == b'"') | (byte == b'\\'))
}

/// The field that stands without a name.
const MESSAGE: &str = "message";

impl Visit for FieldVisitor {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field.name());
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match (field.name(), is_special(value)) {
            (MESSAGE, true) => self.record_debug(field, &format_args!("{value}")),
            (_, true) => self.record_debug(field, &value),
            (MESSAGE, false) => {
                self.text.push(' ');
                self.text.push_str(value);
            }
            (name, false) => {
                self.name(name);
                self.text.push('"');
                self.text.push_str(value);
                self.text.push('"');
            }
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut visitor = DefaultVisitor::new(Writer::new(&mut self.text), false);
        visitor.record_debug(field, value);
        self.result = self.result.and(visitor.finish());
    }
}
