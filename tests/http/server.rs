//! Servers to test: the real program, or one in this process for a driver that exists only here.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;

use deltawall::changes::documents::StoredDocuments;
use deltawall::changes::guards::Guards;
use deltawall::changes::{Changes, Parts};
use deltawall::clock::{Clock, SystemClock};
use deltawall::config::Config;
use deltawall::gateway::{Gateway, Registry};
use deltawall::http::Server as Listening;
use deltawall::policies::Policies;
use deltawall::store::opening::{self, Opened};
use deltawall_core::{Documents, Driver};

use crate::wire::{Answer, Connection, Request};

/// The program, listening on a free port until it is dropped.
pub struct Server {
    pub child: Child,
    pub address: SocketAddr,
    pub greeting: [String; 2],
    stdout: BufReader<ChildStdout>,
}

/// The program with these arguments and nothing of our own environment that it would heed.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deltawall"));
    for (name, _) in std::env::vars()
        .filter(|(name, _)| ["API_", "DELTAWALL_", "COLUMNS"].iter().any(|start| name.starts_with(start)))
    {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The file that all programs' logs go to, which `tests/run` looks through for credentials when all tests are done.
pub fn printed() -> File {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/printed");
    File::options().create(true).append(true).open(path).unwrap()
}

/// Says that something cannot be tested on this machine, and why: `tests/run` says it again at its end.
pub fn not_run(what: &str) {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/not-run");
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

impl Server {
    /// With the in-memory driver and its samples.
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(arguments: &[&str]) -> Self {
        let mut command = program(&[&["-p", "0"], arguments].concat());
        command.stderr(printed());
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let greeting = [(); 2].map(|()| line(&mut stdout));
        Self { child, address: address_in(&greeting[0]), greeting, stdout }
    }

    /// The next line that it prints.
    pub fn next_line(&mut self) -> String {
        line(&mut self.stdout)
    }

    pub fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// One request on a connection of its own.
    pub fn send(&self, request: Request) -> Answer {
        self.connect().send(request)
    }

    /// Sends the program a signal, by its process id.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What the program has printed since its greeting, once it has ended.
    pub fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        rest
    }
}

fn line(stdout: &mut impl BufRead) -> String {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Host and port of the URL in a line.
pub fn address_in(line: &str) -> SocketAddr {
    let url = line.split("://").nth(1).expect("the line has a URL");
    url.split('/').next().unwrap().parse().unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What no driver of this process keeps anything in.
pub fn no_documents() -> Arc<dyn Documents> {
    Arc::new(StoredDocuments(Arc::new(deltawall::store::Memory::default())))
}

/// A server in this process with all drivers and one more, which is the default.
pub fn in_process(driver: Arc<dyn Driver>, config: Config) -> SocketAddr {
    listen(Config { driver: driver.id().into(), ..config }, Some(driver))
}

/// Changes through these drivers, kept where the configuration says, and what firewalls are kept at.
fn changes(registry: Registry, config: &Config, clock: Arc<dyn Clock>) -> (Arc<Changes>, Arc<Policies>) {
    let gateway = Arc::new(Gateway::new(registry, config).unwrap());
    let guards = Guards::new(config.guards.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let Opened { store, key } = opening::open(&config.kept).await.unwrap();
        let is_on = !config.guards.is_empty() || store.is_durable();
        let changes = Changes::new(Parts { gateway, store, key, clock, guards, keep: config.kept.time }, is_on);
        changes.start().await.unwrap();
        let changes = Arc::new(changes);
        let policies = Arc::new(Policies::new(config, &changes).unwrap());
        policies.start().await;
        (changes, policies)
    })
}

/// A server in this process with all drivers, and perhaps one that exists only here.
pub fn listen(config: Config, driver: Option<Arc<dyn Driver>>) -> SocketAddr {
    listen_by(config, driver, Arc::new(SystemClock::default()))
}

/// The same, with another clock.
pub fn listen_by(config: Config, driver: Option<Arc<dyn Driver>>, clock: Arc<dyn Clock>) -> SocketAddr {
    let config = Config { port: 0, ..config };
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        // One that exists only here is not among those that the program knows.
        let default = if driver.is_some() { Config::default().driver } else { config.driver.clone() };
        let mut registry =
            Registry::from_config(&Config { driver: default, ..config.clone() }, &no_documents()).unwrap();
        if let Some(driver) = driver {
            registry.add(driver, None, None);
        }
        let (changes, policies) = changes(registry, &config, clock);
        let server = Listening::bind(&config, changes, policies).unwrap();
        let address = server.address();
        server.run(move |_| send.send(address).unwrap()).unwrap();
    });
    receive.recv().unwrap()
}
