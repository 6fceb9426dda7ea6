//! A crowd of clients that say nothing.

use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::attacks::peak;
use crate::server::{Server, not_run};
use crate::wire::Request;

/// How many files this process and those it starts may have open, once that is raised as far as may be up to this many.
fn raise_open_files(most: usize) -> usize {
    let mine = std::process::id().to_string();
    let prlimit = |most: usize| {
        let limit = format!("--nofile={most}:{most}");
        Command::new("prlimit").args(["--pid", &mine, &limit]).stderr(Stdio::null()).status().unwrap().success()
    };
    if prlimit(most) {
        return most;
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let hard = line.split_whitespace().nth(4).unwrap().parse().unwrap();
    assert!(prlimit(hard));
    hard
}

/// Ten thousand clients that connect and say nothing take no more than their connections.
#[test]
fn ten_thousand_idle_connections() {
    // Each connection has an end here too, which takes half of what the server may have open.
    let most = raise_open_files(20_000);
    let clients = most / 2;
    if clients < 10_000 {
        not_run(&format!("ten thousand idle connections: with {clients}, as a process may have {most} files open"));
    }
    let server = Server::with(&["--max-connections", "20000", "--max-peer-connections", "20000"]);
    server.send(Request::get("/api").on_mock()).expect(200);
    let before = peak(&server);
    let idle: Vec<_> = (0..clients).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let started = Instant::now();
    server.send(Request::get("/api/firewalls").on_mock()).expect(200);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let grown = peak(&server) - before;
    assert!(grown < 26 * clients as u64, "{grown} KiB for {clients} connections");
    drop(idle);
    server.send(Request::get("/api/firewalls").on_mock()).expect(200);
}
