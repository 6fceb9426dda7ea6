//! What must not stop the gateway: a log that nobody reads, files that have no end, descriptors that are used up.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::instance::{Instance, eventually, file, fixture};
use crate::server::program;
use crate::wire::{Connection, Request};

const ARGUMENTS: [&str; 6] = ["-p", "0", "--admin-listen", "0", "--log-format", "json"];

/// How long the end may take where nothing is under way, with a second for a log that nobody reads.
const END: Duration = Duration::from_secs(8);

/// A gateway with as many lines about requests as it keeps for a log that nobody reads, and more.
fn stuck() -> (Instance, Connection) {
    let instance = Instance::unread(program(&ARGUMENTS));
    let mut connection = instance.connect();
    let long = format!("/{}", "x".repeat(4000));
    for _ in 0..500 {
        connection.send(Request::get(&long)).expect(404);
    }
    (instance, connection)
}

fn lost(instance: &Instance, kind: &str) -> f64 {
    instance.figure(&format!("deltawall_log_lines_lost_total{{kind=\"{kind}\"}}")).expect("there is this figure")
}

/// A change whose line in the audit is long.
fn change(number: u32) -> Request {
    let long = "x".repeat(100);
    let ignored: String = (0..90).map(|number| format!("&ip_address{number}={long}")).collect();
    Request::post("/api/firewalls").on_mock().form(&format!("name=n{number}&description=d{ignored}"))
}

#[track_caller]
fn ends(mut instance: Instance, code: i32) {
    let started = Instant::now();
    let ended = eventually("it ends", || instance.child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(code));
    assert!(started.elapsed() < END, "{:?}", started.elapsed());
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let (instance, mut connection) = stuck();
    assert!(lost(&instance, "request") > 0.0);
    // There is room left for what has to be known.
    connection.send(change(0)).expect(201);
    assert_eq!(lost(&instance, "change"), 0.0);
    let (status, why) =
        eventually("operators are told", || Some(instance.admin("/readyz")).filter(|(it, _)| *it != 200));
    assert_eq!(status, 503);
    assert!(why.starts_with("standard error has taken nothing of the log for "), "{why}");
    assert_eq!(instance.admin("/healthz").0, 200);
    instance.signal("-TERM");
    ends(instance, 0);
}

#[test]
fn a_lost_line_of_a_change_is_told_until_the_log_is_read_again() {
    let (mut instance, mut connection) = stuck();
    let changes = (0..1000).find(|number| {
        connection.send(change(*number)).expect(201);
        lost(&instance, "change") > 0.0
    });
    assert!(changes.is_some(), "what waits has a bound");
    let told = instance.admin("/readyz");
    assert_eq!(told, (503, "lines about changes were lost, since standard error does not take them\n".into()));
    let before = lost(&instance, "change");
    instance.read_log();
    eventually("it is ready again", || (instance.admin("/readyz").0 == 200).then_some(()));
    connection.send(Request::delete("/api/firewalls/n0").on_mock().header("X-Request-Id", "after")).expect(204);
    instance.logged(|line| line["request_id"] == "after" && line["result"] == "done");
    assert_eq!(lost(&instance, "change"), before);
    let audited = instance.log().iter().filter(|line| line["change"] == "create_firewall").count();
    assert_eq!(audited, 2 * (changes.unwrap() as usize + 1) - before as usize, "no line is lost that was not counted");
}

#[test]
fn a_second_signal_ends_it_whatever_the_log_does() {
    let (mut instance, mut connection) = stuck();
    let bytes = Request::post("/api/firewalls").header("Expect", "100-continue").form("name=n&description=d").bytes();
    connection.write(&bytes[..bytes.len() - 1]);
    assert_eq!(connection.read(false).status, 100);
    instance.signal("-TERM");
    eventually("it stops accepting", || TcpStream::connect(instance.address).is_err().then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    assert!(instance.child.try_wait().unwrap().is_none(), "it waits for the request");
    instance.signal("-TERM");
    ends(instance, 1);
}

#[test]
fn lines_that_cannot_be_written_are_counted() {
    let mut instance = Instance::unread(program(&ARGUMENTS));
    drop(instance.child.stderr.take());
    instance.send(change(0)).expect(201);
    eventually("the line is counted", || (lost(&instance, "change") >= 1.0).then_some(()));
    assert_eq!(instance.admin("/readyz").0, 503);
    instance.send(change(1)).expect(201);
    instance.signal("-TERM");
    ends(instance, 0);

    let mut command = program(&ARGUMENTS);
    command.stderr(File::options().write(true).open("/dev/full").unwrap());
    let instance = Instance::unread(command);
    instance.send(change(0)).expect(201);
    eventually("operators are told", || (instance.admin("/readyz").0 == 503).then_some(()));
    instance.send(change(1)).expect(201);
    instance.signal("-TERM");
    ends(instance, 0);
}

/// Puts a pipe in the place of a file, and has it read.
fn make_endless(instance: &Instance, path: &str) {
    std::fs::remove_file(path).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    instance.signal("-HUP");
}

/// What became of reading this anew, so many times after one another.
#[track_caller]
fn read_anew(instance: &Instance, what: &str, levels: &[&str]) {
    eventually("it is read anew", || {
        let log = instance.log();
        let of_it = log.iter().filter(|line| line["what"] == what);
        (of_it.map(|line| line["level"].as_str().unwrap()).collect::<Vec<_>>() == levels).then_some(())
    });
}

#[test]
fn a_file_that_has_no_end_is_not_read() {
    let copy = |kind| {
        let content = std::fs::read_to_string(fixture(&format!("tls/first.{kind}"))).unwrap();
        file(&format!("endless.{kind}"), &content)
    };
    let [certificate, key] = ["pem", "key"].map(copy);
    let instance = Instance::with(&["--tls-cert", &certificate, "--tls-key", &key]);
    make_endless(&instance, &certificate);
    // What else there is to read is read.
    read_anew(&instance, "certificate", &["ERROR"]);
    read_anew(&instance, "clients", &["INFO"]);
    std::fs::remove_file(&certificate).unwrap();
    copy("pem");
    instance.signal("-HUP");
    read_anew(&instance, "certificate", &["ERROR", "INFO"]);
    instance.signal("-TERM");
    ends(instance, 0);
}

#[test]
fn clients_are_read_anew_after_a_file_that_has_no_end() {
    let clients = file("endless", "# Nobody.\n");
    let own = ["--user", "mockuser", "--password", "mockpassword", "--clients", &clients];
    let instance = Instance::with(&own);
    make_endless(&instance, &clients);
    read_anew(&instance, "clients", &["ERROR"]);
    std::fs::remove_file(&clients).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &clients).unwrap();
    instance.signal("-HUP");
    read_anew(&instance, "clients", &["ERROR"; 2]);
    instance.send(Request::get("/api/firewalls").on_mock()).expect(401);
    std::fs::remove_file(&clients).unwrap();
    std::fs::write(&clients, "# Still nobody.\n").unwrap();
    instance.signal("-HUP");
    read_anew(&instance, "clients", &["ERROR", "ERROR", "INFO"]);
    instance.signal("-TERM");
    ends(instance, 0);
}

/// A gateway that begins with 64 descriptors; `ulimit` says whether it may have more.
fn with_few_descriptors(ulimit: &str) -> Instance {
    let with_limit = program(&[&ARGUMENTS[..], &["--max-peer-connections", "1000"]].concat());
    let mut command = Command::new("sh");
    // How many it needs depends on how many cores there are.
    command.args(["-c", &format!("{ulimit} 64; exec taskset -c 0 \"$0\" \"$@\"")]);
    command.arg(with_limit.get_program()).args(with_limit.get_args());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Instance::spawn(command)
}

/// Whether a connection was taken in. One that was not is closed, now or when there are descriptors to accept it with.
fn is_served(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answer = [0; 13];
    let sent = stream.write_all(&Request::get("/api").bytes());
    sent.and_then(|()| stream.read_exact(&mut answer)).is_ok() && answer == *b"HTTP/1.1 200 "
}

#[test]
fn descriptors_are_left_for_operators() {
    let instance = with_few_descriptors("ulimit -n");
    let line = instance.logged(|line| line["level"] == "WARN");
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("--max-connections") && line["limit"] == 64, "{line}");
    let most = line["connections"].as_u64().unwrap();
    assert!((1..64).contains(&most), "{line}");

    let connect = || TcpStream::connect(instance.address).unwrap();
    let mut taken: Vec<_> = (0..200).map(|_| connect()).collect();
    for _ in 0..3 {
        assert_eq!(instance.admin("/healthz"), (200, "alive\n".into()));
        assert_eq!(instance.figure("deltawall_connections"), Some(most as f64));
    }
    let served = taken.iter_mut().filter_map(|stream| is_served(stream).then_some(()));
    assert_eq!(served.count() as u64, most);
    drop(taken);
    // Those that could not be accepted before are accepted now, and take their places for a moment.
    eventually("it serves again", || is_served(&mut connect()).then_some(()));
    instance.signal("-TERM");
    ends(instance, 0);
}

#[test]
fn descriptors_that_it_may_have_are_taken() {
    let instance = with_few_descriptors("ulimit -S -n");
    let mut taken: Vec<_> = (0..200).map(|_| instance.connect()).collect();
    for connection in &mut taken {
        connection.send(Request::get("/api")).expect(200);
    }
    assert!(!instance.log().iter().any(|line| line["level"] == "WARN"));
}

/// A port that nobody has, for a gateway that cannot say which it took.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_greeting_that_nobody_reads_stops_nothing() {
    let (_reader, mut writer) = std::io::pipe().unwrap();
    // As much as a pipe holds.
    writer.write_all(&[b'x'; 64 * 1024]).unwrap();
    let port = free_port();
    let mut command = program(&["-p", &port.to_string()]);
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    eventually("it listens", || TcpStream::connect(("127.0.0.1", port)).ok());
    let mut connection = Connection::to(([127, 0, 0, 1], port).into());
    connection.send(Request::get("/api")).expect(200);
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let ended = eventually("it ends", || child.try_wait().unwrap());
    assert_eq!(ended.code(), Some(0));
}

#[test]
fn a_service_manager_that_does_not_listen_stops_nothing() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deaf-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let _deaf = UnixDatagram::bind(&path).unwrap();
    let others = UnixDatagram::unbound().unwrap();
    others.set_nonblocking(true).unwrap();
    while others.send_to(b"full", &path).is_ok() {}
    let mut command = program(&ARGUMENTS);
    command.env("NOTIFY_SOCKET", &path);
    let instance = Instance::spawn(command);
    instance.send(Request::get("/api")).expect(200);
    instance.signal("-TERM");
    ends(instance, 0);
    std::fs::remove_file(&path).unwrap();
}
