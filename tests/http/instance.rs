//! The program as an operator runs it: with a log that can be read while it runs, and the listener for health and figures.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::server::{Server, address_in, printed, program};
use crate::wire::SECRET;

/// How long something may take that should happen at once.
const SOON: Duration = Duration::from_secs(10);

/// The program, listening on free ports until it is dropped.
pub struct Instance {
    server: Server,
    admin: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Deref for Instance {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Instance {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

/// Writes a file that only this test has.
pub fn file(name: &str, content: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A file beside the tests.
pub fn fixture(name: &str) -> String {
    format!("{}/tests/http/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Waits until something is so, which is to happen without anything more being done for it.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Instance {
    pub fn with(arguments: &[&str]) -> Self {
        Self::spawn(program(&[&["-p", "0", "--admin-listen", "0", "--log-format", "json"], arguments].concat()))
    }

    pub fn spawn(command: Command) -> Self {
        let mut instance = Self::unread(command);
        instance.read_log();
        instance
    }

    /// The same, with a log that nobody reads.
    pub fn unread(command: Command) -> Self {
        let mut server = Server::spawn(command);
        let admin = address_in(&server.next_line());
        Self { server, admin, log: Arc::default() }
    }

    /// Reads the log from here on.
    pub fn read_log(&mut self) {
        let stderr = BufReader::new(self.child.stderr.take().unwrap());
        let lines = Arc::clone(&self.log);
        std::thread::spawn(move || {
            let mut printed = printed();
            for line in stderr.lines().map_while(Result::ok) {
                writeln!(printed, "{line}").unwrap();
                lines.lock().unwrap().push(line);
            }
        });
    }

    /// Status and body of what is asked where operators ask.
    pub fn admin(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!body.contains(SECRET), "{body}");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// A figure, by its name and labels as they stand in /metrics; nothing where there is none.
    pub fn figure(&self, series: &str) -> Option<f64> {
        let (_, text) = self.admin("/metrics");
        let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
        Some(line.rsplit(' ').next().unwrap().parse().unwrap())
    }

    /// How much of its memory is in use, in bytes.
    pub fn memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// What was logged so far, but for why the program has ended.
    pub fn log(&self) -> Vec<serde_json::Value> {
        let log = self.log.lock().unwrap();
        let lines = log.iter().filter(|line| !line.starts_with("deltawall: "));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The first line of the log of which this is true, as soon as it is there.
    #[track_caller]
    pub fn logged(&self, is_it: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        eventually("it is in the log", || self.log().into_iter().find(&is_it))
    }
}

/// Runs the program to its end with this on its standard input: exit code, standard output, standard error.
pub fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = program(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // Who wants no input may have gone.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
