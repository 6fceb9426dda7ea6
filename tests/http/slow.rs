//! Slow, silent and many clients: each costs what its connections cost, for as long as the limits say, and nobody else
//! notices.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use crate::instance::{Instance, eventually, file};
use crate::wire::{Connection, Request};

const LIMIT: Duration = Duration::from_secs(1);

/// How much later than at the limit something may happen on a busy machine.
const SLACK: Duration = Duration::from_secs(8);

/// Sends these bytes one at a time, over far more than the limit; for as long as the server listens.
fn drip(connection: &Connection, bytes: &'static [u8]) -> thread::JoinHandle<()> {
    let mut stream = connection.stream.get_ref().try_clone().unwrap();
    thread::spawn(move || {
        for byte in bytes {
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
    })
}

#[track_caller]
fn took_the_limit(started: Instant) {
    let took = started.elapsed();
    assert!(took > LIMIT / 2 && took < LIMIT + SLACK, "{took:?}");
}

const ENDLESS_HEAD: &[u8] =
    b"GET /api HTTP/1.1\r\nHost: a\r\nX-1: 1\r\nX-2: 2\r\nX-3: 3\r\nX-4: 4\r\nX-5: 5\r\nX-6: 6\r\nX-7: 7\r\n";

#[test]
fn slow_headers_are_given_up() {
    let instance = Instance::with(&["--header-timeout", "1"]);
    let mut connection = instance.connect();
    let started = Instant::now();
    let dripping = drip(&connection, ENDLESS_HEAD);
    assert_eq!(connection.read(false).status, 408);
    assert!(connection.is_closed());
    took_the_limit(started);
    dripping.join().unwrap();
}

/// The HTTP server itself looks after the first request only.
#[test]
fn slow_headers_of_a_later_request_are_given_up_too() {
    let instance = Instance::with(&["--header-timeout", "1"]);
    let mut connection = instance.connect();
    connection.send(Request::get("/api")).expect(200);
    let started = Instant::now();
    let dripping = drip(&connection, ENDLESS_HEAD);
    assert!(connection.is_closed());
    took_the_limit(started);
    dripping.join().unwrap();
}

/// As long as the client is not done with its head, it waits, too.
#[test]
fn the_time_of_a_request_is_from_its_first_byte() {
    let instance = Instance::with(&[]);
    let mut connection = instance.connect();
    // The server has the connection then, and takes what comes as it comes.
    connection.send(Request::get("/api/drivers")).expect(200);
    connection.write(b"GET /api HTTP/1.1\r\n");
    thread::sleep(LIMIT);
    connection.write(b"Host: a\r\n\r\n");
    connection.read(true).expect(200);
    let seconds = instance.figure(r#"deltawall_request_seconds_sum{route="/api",method="GET"}"#).unwrap();
    assert!(seconds > LIMIT.as_secs_f64() / 2.0, "{seconds} s");
}

#[test]
fn a_slow_body_is_answered_in_the_clients_format_and_changes_nothing() {
    let instance = Instance::with(&["--body-timeout", "1"]);
    for format in ["xml", "json"] {
        let mut connection = instance.connect();
        let target = format!("/api/firewalls?format={format}");
        let head = Request::post(&target).on_mock().form("name=slow&description=d").bytes();
        let started = Instant::now();
        connection.write(&head[..head.len() - 5]);
        let answer = connection.read(true).expect(408);
        assert_eq!(answer.header("Content-Type"), Some(&*format!("application/{format}")));
        assert_eq!(answer.message(), "The body of the request took longer than 1 seconds.");
        took_the_limit(started);
        assert!(connection.is_closed());
    }
    instance.send(Request::get("/api/firewalls/slow").on_mock()).expect(404);
    assert_eq!(instance.figure("deltawall_rejected_total{limit=\"body_time\"}"), Some(2.0));
}

#[test]
fn an_idle_connection_is_closed() {
    let instance = Instance::with(&["--idle-timeout", "1"]);
    let mut connection = instance.connect();
    connection.send(Request::get("/api")).expect(200);
    let started = Instant::now();
    assert!(connection.is_closed());
    took_the_limit(started);
}

/// The answer is far larger than what the system buffers on the way.
#[test]
fn a_client_that_does_not_read_is_given_up() {
    let instance = Instance::with(&["--body-timeout", "1"]);
    let rule = |n: u32| {
        format!("protocol=tcp&port_from={n}&port_to={n}&ip_address=10.0.0.0/8&description={}", "x".repeat(200))
    };
    let mut connection = instance.connect();
    for firewall in ["default", "test", "new_firewall"] {
        let rules = format!("/api/firewalls/{firewall}/rules");
        for n in 1..50 {
            connection.send(Request::post(&rules).on_mock().form(&rule(n))).expect(201);
        }
    }
    drop(connection);
    let mut silent = instance.connect();
    eventually("it is the only connection", || instance.figure("deltawall_connections").filter(|count| *count == 1.0));
    let ask = Request::get("/api/firewalls").on_mock().bytes();
    silent.stream.get_mut().set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    // Requests in a row, until the server takes no more of them.
    while silent.stream.get_mut().write_all(&ask).is_ok() {}
    eventually("it is given up", || instance.figure("deltawall_connections").filter(|count| *count == 0.0));
    instance.send(Request::get("/api")).expect(200);
}

/// A client that reads slowly may go on when it has read all: the time counts from the end of the answer, not from where it
/// was ready.
#[test]
fn a_connection_idles_from_the_end_of_its_answer() {
    let addresses: Vec<_> = (0..50).map(|n| format!("\"10.0.{n}.0/24\"")).collect();
    let addresses = addresses.join(", ");
    let rule = |port| {
        format!(
            "[[firewalls.rules]]\nprotocol = \"tcp\"\nport_from = {port}\nport_to = {port}\naddresses = [{addresses}]\n"
        )
    };
    let rules: String = (1..=20).map(rule).collect();
    let firewall = |n| format!("[[firewalls]]\nname = \"g{n}\"\ndescription = \"large\"\n{rules}");
    let firewalls: String = (0..100).map(firewall).collect();
    let login = "account = \"393485797142\"\nuser = \"mockuser\"\npassword = \"mockpassword\"\n";
    let data = file("large.toml", &format!("{login}{firewalls}"));
    let instance = Instance::with(&["--mock-data", &data, "--idle-timeout", "2"]);
    let mut connection = instance.connect();
    connection.write(&Request::get("/api/firewalls").on_mock().bytes());
    thread::sleep(Duration::from_secs(3));
    // Far more than what the system buffers on the way.
    assert!(connection.read(true).expect(200).body.len() > 12 << 20);
    thread::sleep(Duration::from_millis(1200));
    connection.send(Request::get("/api")).expect(200);
}

#[test]
fn a_peer_has_so_many_connections_and_no_more() {
    let instance = Instance::with(&["--max-peer-connections", "3"]);
    let mut connections: Vec<_> = (0..3).map(|_| instance.connect()).collect();
    for connection in &mut connections {
        connection.send(Request::get("/api")).expect(200);
    }
    assert!(instance.connect().is_closed());
    assert_eq!(instance.figure("deltawall_rejected_total{limit=\"peer_connections\"}"), Some(1.0));
    assert_eq!(instance.figure("deltawall_connections"), Some(3.0));
    for connection in &mut connections {
        connection.send(Request::get("/api")).expect(200);
    }
    drop(connections.pop());
    eventually("its place is free again", || {
        let mut connection = instance.connect();
        connection.stream.get_mut().write_all(&Request::get("/api").bytes()).ok()?;
        (!connection.is_closed()).then_some(())
    });
}

#[test]
fn there_are_so_many_connections_and_no_more() {
    let instance = Instance::with(&["--max-connections", "5"]);
    let mut connections: Vec<_> = (0..5).map(|_| instance.connect()).collect();
    for connection in &mut connections {
        connection.send(Request::get("/api")).expect(200);
    }
    assert!(instance.connect().is_closed());
    assert_eq!(instance.figure("deltawall_rejected_total{limit=\"connections\"}"), Some(1.0));
    // Operators can always look.
    assert_eq!(instance.admin("/readyz").0, 200);
    for connection in &mut connections {
        connection.send(Request::get("/api")).expect(200);
    }
}

#[test]
fn silent_clients_hold_up_nobody() {
    let instance = Instance::with(&["--header-timeout", "30"]);
    let silent: Vec<_> = (0..90).map(|_| instance.connect()).collect();
    let mut halves: Vec<_> = (0..9).map(|_| instance.connect()).collect();
    for half in &mut halves {
        half.write(b"POST /api/firewalls HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nname=");
    }
    let started = Instant::now();
    let mut connection = instance.connect();
    for _ in 0..20 {
        connection.send(Request::get("/api/firewalls").on_mock()).expect(200);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    drop(silent);
}
