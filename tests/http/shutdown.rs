//! How the gateway stops.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::instance::{Instance, eventually};
use crate::wire::{Connection, Request};

/// Longer than signals may be apart that are one.
const SAME_SIGNAL: Duration = Duration::from_millis(200);

/// A request whose head has been read, and whose body has not been sent.
fn begin(instance: &Instance) -> (Connection, Vec<u8>) {
    let mut connection = instance.connect();
    let request = Request::post("/api/firewalls").on_mock().form("name=n&description=d");
    let mut bytes = request.header("Expect", "100-continue").bytes();
    let body = bytes.split_off(bytes.len() - "name=n&description=d".len());
    connection.write(&bytes);
    assert_eq!(connection.read(false).status, 100);
    (connection, body)
}

fn is_refused(instance: &Instance) -> Option<()> {
    std::net::TcpStream::connect(instance.address).is_err().then_some(())
}

#[test]
fn it_is_not_ready_while_it_finishes_what_is_under_way() {
    let mut instance = Instance::with(&[]);
    let (mut connection, body) = begin(&instance);
    let mut idle = instance.connect();
    idle.send(Request::get("/api")).expect(200);
    instance.signal("-TERM");
    eventually("it stops accepting", || is_refused(&instance));
    assert_eq!(instance.admin("/readyz"), (503, "stopping\n".into()));
    assert_eq!(instance.admin("/healthz").0, 200);
    assert!(idle.is_closed(), "nothing is under way on it");
    connection.write(&body);
    let answer = connection.read(true).expect(201);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert_eq!(instance.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_does_not_finish_in_time_is_cut_off() {
    let mut instance = Instance::with(&["--drain-timeout", "1"]);
    let (mut connection, _) = begin(&instance);
    let started = Instant::now();
    instance.signal("-TERM");
    assert_eq!(instance.child.wait().unwrap().code(), Some(0));
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(10), "{took:?}");
    assert!(connection.is_closed());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for second in ["-TERM", "-INT"] {
        let mut instance = Instance::with(&[]);
        let (mut connection, _) = begin(&instance);
        instance.signal("-TERM");
        eventually("it stops accepting", || is_refused(&instance));
        std::thread::sleep(SAME_SIGNAL);
        assert!(instance.child.try_wait().unwrap().is_none(), "it waits for the request");
        let started = Instant::now();
        instance.signal(second);
        assert_eq!(instance.child.wait().unwrap().code(), Some(1));
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert!(connection.is_closed());
    }
}

/// As `timeout` sends them, to its child and to the group that both are in.
#[test]
fn signals_that_come_together_are_one() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut instance, mut connection, body) = eventually("they come together", || {
            let instance = Instance::with(&[]);
            let (connection, body) = begin(&instance);
            let (process, first) = (Pid::from_child(&instance.child), Instant::now());
            kill_process(process, signal).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            kill_process(process, signal).unwrap();
            // On a machine that has much to do they may not.
            (first.elapsed() < Duration::from_millis(80)).then_some((instance, connection, body))
        });
        eventually("it stops accepting", || is_refused(&instance));
        connection.write(&body);
        connection.read(true).expect(201);
        assert_eq!(instance.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_hang_up_changes_nothing_where_there_is_nothing_to_read() {
    let instance = Instance::with(&[]);
    instance.signal("-HUP");
    let mut connection = instance.connect();
    connection.send(Request::get("/api")).expect(200);
    connection.stream.get_mut().write_all(&Request::get("/api").bytes()).unwrap();
    connection.read(true).expect(200);
}

#[test]
fn systemd_is_told() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("notify-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let told = || {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let mut command = crate::server::program(&["-p", "0", "--admin-listen", "0", "--log-format", "json"]);
    command.env("NOTIFY_SOCKET", &path);
    let instance = Instance::spawn(command);
    assert_eq!(told(), "READY=1\n");
    instance.send(Request::get("/api")).expect(200);
    instance.signal("-TERM");
    assert_eq!(told(), "STOPPING=1\n");
    std::fs::remove_file(&path).unwrap();
}
