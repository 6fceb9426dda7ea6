//! The gateway's own credentials, where there is no list of those who may use them.

use crate::accounts::{By, CHANGE, OWN, start};
use crate::instance::Instance;
use crate::wire::Request;

/// The name by which tests call the gateway.
pub const PUBLIC: [&str; 2] = ["--public-url", "http://gateway.test:3001"];

#[test]
fn without_a_list_of_clients_all_on_this_machine_are_let_in() {
    let instance = Instance::with(&[&OWN[..], &PUBLIC].concat());
    instance.send(Request::get("/api/firewalls")).expect(200);
    instance.send(Request::get("/api/firewalls").by("any", "thing")).expect(200);
    instance.send(Request::post("/api/firewalls").form(CHANGE).header("X-Request-Id", "anyone")).expect(201);
    let line = instance.logged(|line| line["target"] == "deltawall::audit" && line["request_id"] == "anyone");
    assert_eq!(line["user"], "anyone");
    // The credentials are for one driver, and no other gets them.
    instance.send(Request::get("/api;driver=fgcp/firewalls")).expect(401);
    instance.send(Request::get("/api/firewalls").on_fgcp()).expect(200);
}

/// A page in a browser on this machine could send anything here, or be led here by a name of its own.
#[test]
fn pages_of_others_are_not_let_in() {
    let instance = Instance::with(&OWN);
    let local = format!("127.0.0.1:{}", instance.address.port());
    let change = || Request::post("/api/firewalls").form(CHANGE).header("Host", &local);
    for request in [
        change().header("Origin", "https://evil.example"),
        change().header("Origin", "null"),
        change().header("Origin", "http://127.0.0.1:1"),
        change().header("Sec-Fetch-Site", "cross-site"),
        change().header("Sec-Fetch-Site", "same-site"),
        change().header("Host", "evil.example"),
        change().header("Host", "127.0.0.1.evil.example"),
        Request::get("/api/firewalls").header("Host", "evil.example"),
    ] {
        instance.send(request).expect(403);
    }
    // What is no name of this machine, or no name at all. Some of it the HTTP server itself refuses.
    let refused = |request: Vec<u8>| {
        let mut connection = instance.connect();
        connection.write(&request);
        let status = connection.read(false).status;
        assert!([400, 403].contains(&status), "{status} for {}", String::from_utf8_lossy(&request));
    };
    for host in [
        "localhost:abc",
        "localhost:",
        "localhost:65536",
        "localhost.",
        "127.0.0.1.",
        "127.0.0.1:3001:3001",
        "0177.0.0.1",
        "127.1",
        "[::1",
        "::1",
        "[::1]x",
        "[127.0.0.1]",
        "user@localhost",
        "@localhost",
        "localhost, localhost",
        "local host",
        "",
    ] {
        refused(Request::get("/api/firewalls").header("Host", host).bytes());
    }
    refused(Request::get("/api/firewalls").without("Host").bytes());
    refused(b"GET /api/firewalls HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n".to_vec());
    refused(b"GET http://evil.example/api/firewalls HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec());
    let look = |host: &str| instance.send(Request::get("/api/firewalls/n").header("Host", host));
    look(&local).expect(404);
    instance
        .send(change().header("Origin", &format!("http://{local}")).header("Sec-Fetch-Site", "same-origin"))
        .expect(201);
    for host in [&*local, "localhost", "LOCALHOST:3001", "[::1]:3001", "127.1.2.3"] {
        look(host).expect(200);
    }
}

/// Where no password is asked for, a page of another site could look with the eyes of who visits it.
#[test]
fn pages_of_others_do_not_see_either() {
    let instance = Instance::with(&[&OWN[..], &PUBLIC].concat());
    let ours = "http://gateway.test:3001";
    let cases: &[(&[(&str, &str)], bool)] = &[
        (&[], true),
        (&[("Sec-Fetch-Site", "none")], true),
        (&[("Sec-Fetch-Site", "same-origin")], true),
        (&[("Sec-Fetch-Site", "same-site")], false),
        (&[("Sec-Fetch-Site", "cross-site")], false),
        (&[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")], false),
        (&[("Sec-Fetch-Site", "")], false),
        (&[("Origin", ours)], true),
        (&[("Origin", "http://evil.example")], false),
        (&[("Origin", "null")], false),
        (&[("Referer", "http://gateway.test:3001/api")], true),
        (&[("Referer", "http://evil.example/")], false),
    ];
    for (headers, is_allowed) in cases {
        for method in ["GET", "HEAD"] {
            for target in ["/api/firewalls", "/api/firewalls/test", "/api/firewalls?format=html"] {
                let request = Request::new(method, target);
                let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                let answer = instance.send(request);
                assert_eq!(answer.status, if *is_allowed { 200 } else { 403 }, "{method} {target} {headers:?}");
                assert_eq!(answer.header("X-Backend-Runtime").is_some(), *is_allowed);
            }
        }
    }
    // With clients, a browser's credentials are one's own to follow links with.
    let (instance, _) = start("links", &[("alice", "read-only", "*")]);
    let request = Request::get("/api/firewalls").by("alice", "ecila").header("Sec-Fetch-Site", "cross-site");
    instance.send(request).expect(200);
}

/// The port and the scheme are a part of the public URL as its host is.
#[test]
fn the_name_outside_is_one_with_its_port() {
    for (url, host, is_ours) in [
        ("https://fw.example.com/x", "fw.example.com", true),
        ("https://fw.example.com", "FW.example.com:443", true),
        ("https://fw.example.com", "fw.example.com:80", false),
        ("https://fw.example.com", "fw.example.com:3001", false),
        ("https://fw.example.com:8443", "fw.example.com:8443", true),
        ("https://fw.example.com:8443", "fw.example.com", false),
        ("http://fw.example.com", "fw.example.com:80", true),
        ("http://fw.example.com", "fw.example.com.", false),
    ] {
        let instance = Instance::with(&[&OWN[..], &["--public-url", url]].concat());
        let status = instance.send(Request::get("/api/firewalls").header("Host", host)).status;
        assert_eq!(status, if is_ours { 200 } else { 403 }, "{host} for {url}");
    }
}
