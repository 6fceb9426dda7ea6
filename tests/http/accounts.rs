//! The gateway's own credentials, and the clients that may use them.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::anyone::PUBLIC;
use crate::instance::{Instance, eventually, file, run};
use crate::wire::Request;

pub const OWN: [&str; 4] = ["--user", "mockuser", "--password", "mockpassword"];

pub trait By {
    fn by(self, user: &str, password: &str) -> Self;
}

impl By for Request {
    fn by(self, user: &str, password: &str) -> Self {
        self.header("Authorization", &format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
    }
}

/// Adds a client whose password is its name backwards.
pub fn add(file: &str, name: &str, rights: &str, drivers: &str) {
    let arguments = ["clients", "add", file, name, "--rights", rights, "--drivers", drivers];
    let (code, stdout, stderr) = run(&arguments, &format!("{}\n", password(name)));
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
}

pub fn password(name: &str) -> String {
    name.chars().rev().collect()
}

/// A gateway with these clients.
pub fn start(name: &str, clients: &[(&str, &str, &str)]) -> (Instance, String) {
    let path = file(name, "# The clients of a test.\n\n");
    for (name, rights, drivers) in clients {
        add(&path, name, rights, drivers);
    }
    (Instance::with(&[&OWN[..], &["--clients", &path]].concat()), path)
}

pub const CHANGE: &str = "name=n&description=d";

#[test]
fn a_client_with_the_right_password_is_let_in_and_no_other() {
    let (instance, _) = start("let-in", &[("alice", "read-write", "*")]);
    for format in ["xml", "json"] {
        let list = || Request::get(&format!("/api/firewalls?format={format}"));
        instance.send(list().by("alice", "ecila")).expect(200);
        for (user, password) in [("alice", "alice"), ("alice", ""), ("alice", "ecila "), ("bob", "ecila"), ("", "")] {
            let answer = instance.send(list().by(user, password)).expect(401);
            assert!(answer.header("Www-Authenticate").is_some_and(|realm| realm.starts_with("Basic realm=")));
            assert_eq!(answer.message(), "There is no such user with this password.");
            let id = answer.header("X-Request-Id").unwrap();
            let line = instance.logged(|line| line["message"] == "login" && line["request_id"] == id);
            assert_eq!((&line["user"], &line["peer"]), (&user.into(), &"127.0.0.1".into()));
        }
        instance.send(list()).expect(401);
        // The cloud's own credentials open nothing.
        instance.send(list().on_mock()).expect(401);
    }
    instance.send(Request::get("/api")).expect(200);
    instance.send(Request::get("/api/drivers")).expect(200);
    instance.send(Request::get("/api?force_auth=1").by("alice", "ecila")).expect(200);
    instance.send(Request::get("/api?force_auth=1").by("alice", "x")).expect(401);
}

#[test]
fn who_may_only_look_changes_nothing() {
    let (instance, _) = start("look", &[("reader", "read-only", "*"), ("writer", "read-write", "mock")]);
    let reader = |request: Request| instance.send(request.by("reader", "redaer"));
    reader(Request::get("/api/firewalls/test")).expect(200);
    for (number, change) in [
        Request::post("/api/firewalls").form(CHANGE),
        // That it would be wrong anyway is nothing to be told.
        Request::post("/api/firewalls").form("name=n"),
        Request::delete("/api/firewalls/test"),
        Request::post("/api/firewalls/test").form("_method=delete"),
        Request::post("/api/firewalls/test/rules").form("protocol=tcp&port_from=1&port_to=1&ip_address=10.0.0.0/8"),
        Request::delete(
            "/api/firewalls/test/393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("denied-{number}");
        let answer = reader(change.header("X-Request-Id", &id)).expect(403);
        assert_eq!(answer.message(), "reader may not change anything.");
        assert_eq!(answer.header("X-Backend-Runtime"), None, "no driver was asked");
        let line = instance.logged(|line| line["target"] == "deltawall::audit" && line["request_id"] == *id);
        assert_eq!((&line["user"], &line["result"]), (&"reader".into(), &"denied".into()));
    }
    let writer = |request: Request| instance.send(request.by("writer", "retirw"));
    writer(Request::post("/api/firewalls").form(CHANGE).header("X-Request-Id", "written")).expect(201);
    let line = instance.logged(|line| line["request_id"] == "written" && line["result"] == "done");
    assert_eq!((&line["user"], &line["target"]), (&"writer".into(), &"deltawall::audit".into()));
    writer(Request::delete("/api/firewalls/n")).expect(204);
}

#[test]
fn drivers_and_providers_are_those_of_the_client() {
    let clients = [
        ("all", "read-only", "*"),
        ("some", "read-only", "memory/north,fgcp"),
        ("other", "read-only", "ec2/eu-west-1"),
    ];
    let (instance, _) = start("scopes", &clients);
    for (user, target, status) in [
        ("all", "/api/firewalls", 200),
        ("all", "/api;provider=south/firewalls", 200),
        ("some", "/api;provider=north/firewalls", 200),
        ("some", "/api;provider=NORTH/firewalls", 200),
        ("some", "/api;provider=south/firewalls", 403),
        ("some", "/api/firewalls", 403),
        ("other", "/api/firewalls", 403),
        // The gateway has no credentials for these.
        ("all", "/api;driver=fgcp/firewalls", 403),
        ("some", "/api;driver=fgcp/firewalls", 403),
        ("other", "/api;driver=ec2;provider=eu-west-1/firewalls", 403),
    ] {
        let answer = instance.send(Request::get(target).by(user, &password(user)));
        assert_eq!(answer.status, status, "{user} {target}: {}", answer.text());
        assert_eq!(answer.header("X-Backend-Runtime").is_some(), status == 200);
    }
}

/// As `htpasswd -B` makes it.
#[test]
fn hashes_of_bcrypt_are_read() {
    let hash = bcrypt::hash_with_result("secret", 4).unwrap().format_for_version(bcrypt::Version::TwoY);
    let path = file("bcrypt", &format!("alice:{hash}:read-only:mock\n"));
    let instance = Instance::with(&[&OWN[..], &["--clients", &path]].concat());
    instance.send(Request::get("/api/firewalls").by("alice", "secret")).expect(200);
    instance.send(Request::get("/api/firewalls").by("alice", "Secret")).expect(401);
    let check = |password| run(&["clients", "check", &path, "alice"], password).0;
    assert_eq!((check("secret\n"), check("Secret\n")), (Some(0), Some(1)));
}

#[test]
fn a_hang_up_reads_the_clients_anew_and_keeps_them_where_that_fails() {
    let (instance, path) = start("anew", &[("alice", "read-only", "*")]);
    let status = |user: &str| instance.send(Request::get("/api/firewalls").by(user, &password(user))).status;
    assert_eq!((status("alice"), status("bob")), (200, 401));
    add(&path, "bob", "read-only", "*");
    instance.signal("-HUP");
    eventually("bob is let in", || (status("bob") == 200).then_some(()));
    std::fs::write(&path, "nonsense").unwrap();
    instance.signal("-HUP");
    let line = instance.logged(|line| line["what"] == "clients" && line["level"] == "ERROR");
    assert!(line["error"].as_str().unwrap().contains("line 1: it is not NAME:HASH:RIGHTS:DRIVERS"), "{line}");
    assert_eq!((status("alice"), status("bob")), (200, 200));
    std::fs::write(&path, "").unwrap();
    instance.signal("-HUP");
    eventually("nobody is let in", || (status("alice") == 401).then_some(()));
}

/// Whether or not there is such a client, an answer takes as long; and while passwords are checked others are served.
#[test]
fn checking_passwords_holds_up_nobody() {
    let (instance, _) = start("busy", &[("alice", "read-write", "*")]);
    std::thread::scope(|scope| {
        for number in 0..16 {
            let mut connection = instance.connect();
            scope.spawn(move || {
                for attempt in 0..5 {
                    let wrong = Request::get("/api/firewalls").by("alice", &format!("{number}-{attempt}"));
                    connection.send(wrong).expect(401);
                }
            });
        }
        let mut connection = instance.connect();
        connection.send(Request::get("/api/firewalls").by("alice", "ecila")).expect(200);
        let slowest = (0..50).map(|_| {
            let started = Instant::now();
            connection.send(Request::get("/api/firewalls").by("alice", "ecila")).expect(200);
            started.elapsed()
        });
        let slowest = slowest.max().unwrap();
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    });
}

/// Eighty connections of one peer that send one wrong password after the other, as long as there is work.
fn while_passwords_are_guessed(instance: &Instance, work: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    let rejected = || instance.figure(r#"deltawall_rejected_total{limit="logins"}"#);
    std::thread::scope(|scope| {
        for number in 0..80 {
            let (mut connection, is_over) = (instance.connect(), &is_over);
            scope.spawn(move || {
                let mut attempt = 0;
                while !is_over.load(Ordering::Relaxed) {
                    attempt += 1;
                    let guess = Request::get("/api/firewalls").by("alice", &format!("{number}-{attempt}"));
                    let status = connection.send(guess).status;
                    assert!([401, 503].contains(&status), "{status}");
                }
            });
        }
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually("some are turned away", rejected);
            work();
        }));
        is_over.store(true, Ordering::Relaxed);
        worked.unwrap_or_else(|why| std::panic::resume_unwind(why));
    });
}

#[test]
fn who_guesses_passwords_keeps_out_nobody_of_another_peer() {
    let people = ["alice", "bob", "carol", "dave"].map(|name| (name, "read-only", "*"));
    let (instance, _) = start("guessed", &people);
    let list = format!("http://{}/api/firewalls", instance.address);
    while_passwords_are_guessed(&instance, || {
        for (name, ..) in people {
            let login = format!("{name}:{}", password(name));
            let output = Command::new("curl")
                .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", "127.0.0.2", "-u", &login, &list])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), "200", "{name}");
        }
    });
}

#[test]
fn a_hang_up_asks_nobody_anew_whose_line_has_not_changed() {
    let (instance, path) = start("proven", &[("alice", "read-only", "*"), ("bob", "read-only", "*")]);
    let status = |user: &str| instance.send(Request::get("/api/firewalls").by(user, &password(user))).status;
    assert_eq!((status("alice"), status("bob")), (200, 200));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.split("bob:").next().unwrap()).unwrap();
    add(&path, "bob", "read-only", "*");
    add(&path, "carol", "read-only", "*");
    while_passwords_are_guessed(&instance, || {
        let anew = || instance.log().iter().filter(|line| line["what"] == "clients").count();
        for times in 1..=5 {
            instance.signal("-HUP");
            eventually("the clients are read anew", || (anew() == times).then_some(()));
            for _ in 0..10 {
                assert_eq!(status("alice"), 200);
            }
        }
    });
    // The password is the same, but its hash is not.
    assert_eq!((status("bob"), status("carol")), (200, 200));
}

#[test]
fn a_cloud_that_refuses_the_gateways_credentials_is_not_the_clients_fault() {
    let instance = Instance::with(&[&PUBLIC[..], &["--user", "mockuser", "--password", "hunter2"]].concat());
    let answer = instance.send(Request::get("/api/firewalls")).expect(502);
    assert!(answer.message().starts_with("The gateway cannot prove itself to the cloud."), "{}", answer.body);
    assert!(!answer.body.contains("hunter2") && !format!("{:?}", instance.log()).contains("hunter2"));
}

#[test]
fn nobody_unknown_is_let_in_from_elsewhere() {
    let (instance, path) = start("elsewhere", &[("alice", "read-only", "*")]);
    drop(instance);
    let arguments = [&OWN[..], &["--clients", &path, "-r", "0.0.0.0", "--insecure-http"]].concat();
    let instance = Instance::with(&arguments);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], instance.address.port()));
    let send = |request| crate::wire::Connection::to(address).send(request);
    send(Request::get("/api/firewalls")).expect(401);
    send(Request::get("/api/firewalls").by("alice", "ecila")).expect(200);
}

/// Hashes take 19 MiB each, which is taken once.
#[test]
fn wrong_passwords_take_no_more_memory_than_one() {
    let (instance, _) = start("guesses", &[("alice", "read-only", "*")]);
    let guess = |number: usize| Request::get("/api/firewalls").by("mallory", &format!("guess-{number}"));
    instance.send(guess(0)).expect(401);
    let before = instance.memory();
    std::thread::scope(|scope| {
        for client in 1..=4 {
            let instance = &instance;
            scope.spawn(move || {
                let mut connection = instance.connect();
                (0..20).for_each(|number| drop(connection.send(guess(client * 100 + number)).expect(401)));
            });
        }
    });
    let after = instance.memory();
    assert!(after < before + 16 * 1024 * 1024, "{before} bytes have become {after}");
}
