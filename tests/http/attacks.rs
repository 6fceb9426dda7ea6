//! Attacks: whatever a client sends, it gets a refusal or a closed connection, the server goes on, and its memory is bounded.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::wire::Request;

/// How much an attack may add to what the server needs at its peak, in KiB.
const MEMORY: u64 = 64 * 1024;

/// The most memory that the server has held so far, in KiB.
pub fn peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Attacks a server that has answered before, which has to answer after it and not to have grown.
fn attack(work: impl FnOnce(&Server)) {
    let server = Server::start();
    let list = || server.send(Request::get("/api/firewalls").on_mock()).expect(200).body;
    let before = list();
    let peak_before = peak(&server);
    work(&server);
    assert_eq!(list(), before, "nothing has changed");
    let grown = peak(&server) - peak_before;
    assert!(grown < MEMORY, "{grown} KiB more");
}

/// Sends bytes, as far as the server takes them, and gives all that comes back until it closes the connection.
fn send(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    // Whoever is cut off in the middle of sending may not get to read why.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// The statuses of all the answers in what came back.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.split("HTTP/1.1 ").skip(1);
    lines.map(|line| line.get(..3).unwrap().parse().unwrap()).collect()
}

/// All were refused; or the connection was closed without a word.
#[track_caller]
fn refused(answers: &str) {
    let statuses = statuses(answers);
    assert!(statuses.iter().all(|status| (400..500).contains(status)), "{answers}");
}

fn head(lines: &str) -> Vec<u8> {
    format!("GET /api HTTP/1.1\r\nHost: gateway.test\r\n{lines}\r\n").into_bytes()
}

#[test]
fn header_bombs() {
    attack(|server| {
        refused(&send(server, &head(&format!("X: {}\r\n", "x".repeat(10_000_000)))));
        refused(&send(server, &head(&"X: y\r\n".repeat(200_000))));
        refused(&send(server, &head(&format!("{}: y\r\n", "X".repeat(1_000_000)))));
        let lines: String = (0..500).map(|number| format!("X-{number}: y\r\n")).collect();
        refused(&send(server, &head(&lines)));
        refused(&send(server, format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(1_000_000)).as_bytes()));
        refused(&send(server, "x".repeat(1_000_000).as_bytes()));
    });
}

#[test]
fn queries_and_forms_of_a_hundred_thousand_parameters() {
    attack(|server| {
        let many = "a&".repeat(100_000);
        refused(&send(server, &Request::get(&format!("/api/firewalls?{many}")).on_mock().bytes()));
        let form = Request::post("/api/firewalls").on_mock().form(&format!("name=n&description=d&{many}"));
        let answer = server.send(form).expect(400);
        assert_eq!(answer.message(), "The request has more than 2500 parameters.");
        let rule = "protocol=tcp&port_from=1&port_to=1&".to_owned() + &"ip_address=10.0.0.1,".repeat(50_000);
        server.send(Request::post("/api/firewalls/test/rules").on_mock().form(&rule)).expect(400);
        let groups: String = (0..2000).map(|number| format!("&group9{number}=a&group9{number}owner=b")).collect();
        server.send(Request::post("/api/firewalls/test/rules").on_mock().form(&groups)).expect(400);
    });
}

#[test]
fn multipart_bombs() {
    let part = |head: &str, body: &str| format!("--B\r\n{head}\r\n\r\n{body}\r\n");
    let named = |name: &str, body: &str| part(&format!("Content-Disposition: form-data; name=\"{name}\""), body);
    let whole = named("name", "n") + &named("description", "d");
    let nested = "Content-Disposition: form-data; name=\"x\"\r\nContent-Type: multipart/mixed; boundary=C";
    let bodies = [
        whole.clone() + &named("", "").repeat(20_000) + "--B--\r\n",
        whole.clone() + &part("X: y", "z").repeat(2_000) + "--B--\r\n",
        whole.clone() + &part(nested, &"--C\r\n\r\n".repeat(50_000)) + "--B--\r\n",
        whole.clone() + &named(&"x".repeat(500_000), "y") + "--B--\r\n",
        whole.clone() + &part(&"X: y\r\n".repeat(50_000), "z") + "--B--\r\n",
        whole.clone() + &part(&format!("X: {}", "y".repeat(500_000)), "z") + "--B--\r\n",
        whole.clone() + &named("x", &"y".repeat(500_000)) + "--B--\r\n",
        // It never ends.
        whole.clone() + "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny",
        whole.clone(),
        "--".repeat(400_000),
        String::new() + "--B\r\n\r\n",
    ];
    attack(|server| {
        let started = Instant::now();
        for (number, body) in bodies.into_iter().enumerate() {
            for content_type in ["multipart/form-data; boundary=B", "multipart/form-data; boundary=\"B\""] {
                let request = Request::post("/api/firewalls").on_mock().body(content_type, body.clone());
                let answer = server.send(request);
                assert_eq!(answer.status, 400, "{number}: {}", answer.text());
            }
        }
        for content_type in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=;x",
            "multipart/form-data; boundary=\"",
            "multipart/form-data; bound=B",
        ] {
            let request = Request::post("/api/firewalls").on_mock().body(content_type, whole.clone() + "--B--\r\n");
            server.send(request).expect(400);
        }
        let long = format!("multipart/form-data; boundary={}", "B".repeat(50_000));
        server.send(Request::post("/api/firewalls").on_mock().body(&long, whole)).expect(400);
        assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    });
}

#[test]
fn deep_and_odd_json() {
    let deep = |open: &str, close: &str, depth: usize| open.repeat(depth) + &close.repeat(depth);
    let bodies = [
        deep("[", "]", 400_000),
        "[".repeat(1_000_000),
        format!("{{\"name\":{},\"description\":\"d\"}}", deep("[", "]", 100_000)),
        format!("{{\"x\":{}1{}}}", "{\"x\":".repeat(100_000), "}".repeat(100_000)),
        format!("{{\"name\":{},\"description\":\"d\"}}", "9".repeat(900_000)),
        format!("{{\"name\":\"n\",\"description\":{{\"a\":{}}}}}", "1".repeat(100)),
        format!("[{}]", "{},".repeat(300_000)),
        "{\"name\":\"\\ud800\",\"description\":\"d\"}".to_owned(),
        "{\"name\":\"a\\u0000b\",\"description\":\"d\"}".to_owned(),
        "\u{feff}{}".to_owned(),
        "null".to_owned(),
        "{\"name\":\"n\",\"description\":\"d\"} {}".to_owned(),
        String::from("{\"name\":\"n\""),
    ];
    attack(|server| {
        for body in bodies {
            let start: String = body.chars().take(60).collect();
            let answer = server.send(Request::post("/api/firewalls").on_mock().json(&body));
            assert_eq!(answer.status, 400, "{start}: {}", answer.text());
        }
    });
}

#[test]
fn bytes_that_are_no_text_anywhere() {
    attack(|server| {
        for bad in ["%ff", "%00", "%c3", "%ed%a0%80", "%f8%88%80%80%80", "a%00b", "%0d%0aX-Evil:%20yes", "%e2%80%ae%00"]
        {
            let [get, delete] =
                [Request::get, Request::delete].map(|request| request(&format!("/api/firewalls/{bad}")));
            for request in [
                get,
                delete,
                Request::get(&format!("/api/drivers/{bad}")),
                Request::delete(&format!("/api/firewalls/test/{bad}")),
                Request::post(&format!("/api/firewalls/{bad}/rules")).form("protocol=-1&ip_address=10.0.0.1"),
                Request::get(&format!("/api;driver={bad}/firewalls")).header("X-Deltacloud-Driver", "none"),
                Request::get(&format!("/api;provider={bad};driver=fgcp/firewalls"))
                    .header("X-Deltacloud-Provider", "none"),
                Request::get(&format!("/api/firewalls?id={bad}")),
                Request::post("/api/firewalls").form(&format!("name={bad}&description=d")),
                Request::post("/api/firewalls").form(&format!("name=n&description={bad}")),
                Request::post(&format!("/api/firewalls?name={bad}")).form("description=d"),
                Request::post("/api/firewalls/test/rules")
                    .form(&format!("protocol=tcp&port_from=1&port_to=1&group1={bad}&group1owner=1")),
                Request::post("/api/firewalls/test/rules")
                    .form(&format!("protocol=tcp&port_from=1&port_to=1&ip_address={bad}")),
            ] {
                for format in ["application/xml", "application/json", "text/html"] {
                    let answer = server.send(request.clone().on_mock().accept(format));
                    assert!((400..500).contains(&answer.status), "{bad}: {}", answer.text());
                    assert_eq!(answer.header("X-Evil"), None);
                    answer.text();
                }
            }
        }
        // The same bytes as they are, where they cannot be percent-encoded.
        for header in
            ["Host", "Accept", "Authorization", "X-Deltacloud-Driver", "Content-Type", "If-None-Match", "Origin"]
        {
            for value in [&b"\xff\xfe"[..], b"a\0b", b"\x01", b"a\rb", b"\x7f", b"Basic /w==", b"Basic \xff"] {
                let lines = [b"POST /api/firewalls?format=json HTTP/1.1\r\n", header.as_bytes(), b": ", value].concat();
                let answers =
                    send(server, &[&lines, &b"\r\nContent-Length: 22\r\n\r\nname=n&description=d&x"[..]].concat());
                refused(&answers);
            }
        }
        let body = Request::post("/api/firewalls").on_mock();
        for bytes in
            [&b"name=\xff&description=d"[..], b"name=a\0b&description=d", b"\0", b"name=\xc0\x80&description=d"]
        {
            server.send(body.clone().body("application/x-www-form-urlencoded", bytes)).expect(400);
        }
        let latin = b"--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n\xe9\r\n--B--\r\n";
        server.send(body.body("multipart/form-data; boundary=B", &latin[..])).expect(400);
    });
}

/// Two readings of where a request ends would let one client put a request into the connection of another, behind a proxy.
#[test]
fn requests_of_which_the_end_is_in_doubt_are_refused() {
    let hidden = "DELETE /api/firewalls/new_firewall HTTP/1.1\r\nHost: a\r\n\
                  Authorization: Basic bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk\r\n\r\n";
    let length = hidden.len();
    attack(|server| {
        for headers in [
            format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
            format!("Content-Length: {length}\r\nContent-Length: 0\r\n"),
            format!("Content-Length: 0, {length}\r\n"),
            "Content-Length: +0\r\n".to_owned(),
            "Content-Length: -1\r\n".to_owned(),
            "Content-Length: 0x0\r\n".to_owned(),
            "Content-Length: 99999999999999999999\r\n".to_owned(),
            "Content-Length : 0\r\n".to_owned(),
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
            "Transfer-Encoding: chunked, identity\r\n".to_owned(),
            "Transfer-Encoding: xchunked\r\n".to_owned(),
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned(),
            "Transfer-Encoding : chunked\r\n".to_owned(),
            "Transfer-Encoding:\u{b}chunked\r\n".to_owned(),
        ] {
            let request = format!("POST /api/firewalls HTTP/1.1\r\nHost: a\r\n{headers}\r\n0\r\n\r\n{hidden}");
            let answers = send(server, request.as_bytes());
            let all = statuses(&answers);
            assert!(all.len() <= 1 && all.iter().all(|status| (400..500).contains(status)), "{headers}: {answers}");
        }
        for chunk in [
            "0x5\r\nhello\r\n0\r\n\r\n",
            "-1\r\n\r\n0\r\n\r\n",
            "ffffffffffffffffff\r\n",
            "5;a=\u{0}\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
        ] {
            let head = "POST /api/firewalls HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            let all = statuses(&send(server, format!("{head}{chunk}").as_bytes()));
            assert!(all.iter().all(|status| (400..500).contains(status)), "{chunk:?}: {all:?}");
        }
    });
}

/// Whatever a proxy before us may take for one request, we do not take for two.
#[test]
fn requests_within_requests() {
    let inner = String::from_utf8(Request::delete("/api/firewalls/test").on_mock().bytes()).unwrap();
    let login = crate::wire::MOCK_LOGIN;
    let with = |lines: &str, body: &str| {
        format!(
            "POST /api/firewalls HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: Basic {login}\r\n{lines}\r\n\r\n{body}"
        )
    };
    let length = inner.len();
    let chunked = format!("0\r\n\r\n{inner}");
    attack(|server| {
        for request in [
            with(&format!("Content-Length: 0\r\nContent-Length: {length}"), &inner),
            with(&format!("Content-Length: {length}\r\nContent-Length: 0"), &inner),
            with(&format!("Content-Length: 0, {length}"), &inner),
            with(&format!("Content-Length: +{length}"), &inner),
            with(&format!("Content-Length: 0x{length:x}"), &inner),
            with("Content-Length: -1", &inner),
            with(&format!("Content-Length: {length} "), &inner),
            with("Content-Length: 99999999999999999999999", &inner),
            with("Content-Length: ", &inner),
            with("Content-Length: 5\r\nTransfer-Encoding: chunked", &chunked),
            with("Transfer-Encoding: chunked\r\nContent-Length: 5", &chunked),
            with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", &chunked),
            with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", &chunked),
            with("Transfer-Encoding: chunked, identity", &chunked),
            with("Transfer-Encoding: identity, chunked", &chunked),
            with("Transfer-Encoding: xchunked", &chunked),
            with("Transfer-Encoding: \x0bchunked", &chunked),
            with("Transfer-Encoding : chunked", &chunked),
            with(" Transfer-Encoding: chunked", &chunked),
            with("X: y\r\n Transfer-Encoding: chunked", &chunked),
            with("Transfer_Encoding: chunked\r\nContent-Length: 99999999999999999999", &chunked),
            with("Transfer-Encoding: chunked", &format!("-1\r\n\r\n{inner}")),
            with("Transfer-Encoding: chunked", &format!("0x5\r\nhello\r\n0\r\n\r\n{inner}")),
            with("Transfer-Encoding: chunked", &format!("ffffffffffffffff1\r\n{inner}")),
            with("Transfer-Encoding: chunked", &format!("5\nhello\n0\n\n{inner}")),
            with("Transfer-Encoding: chunked", &format!("5;{}\r\nhello\r\n", "x".repeat(200_000))),
            with("Content-Length: 0", "").replace("HTTP/1.1", "HTTP/9.9") + &inner,
            with("Content-Length: 0", "").replace(" HTTP/1.1", "") + &inner,
        ] {
            let answers = send(server, request.as_bytes());
            let start: String = request.split("Basic ").nth(1).unwrap_or_default().chars().skip(30).take(120).collect();
            assert!(statuses(&answers).len() < 3, "{start}: {answers}");
            let gone = server.send(Request::get("/api/firewalls/test").on_mock()).status;
            assert_eq!(gone, 200, "{start:?}: {answers}");
        }
    });
}

#[test]
fn paths_that_lead_elsewhere() {
    attack(|server| {
        for path in [
            "/api/firewalls/..",
            "/api/firewalls/../..",
            "/api/firewalls/%2e%2e",
            "/api/firewalls/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "/api/firewalls/..%5c..%5cx",
            "/api/firewalls/test%2frules",
            "/api/firewalls/test%00",
            "/api/firewalls/test%0a",
            "/api/firewalls//rules",
            "/api/../api/firewalls",
            "/api/assets/..%2f..%2fCargo.toml",
            "/api/assets/%2e%2e/style.css",
            "//elsewhere.test/api/firewalls",
            "//elsewhere.test//api/firewalls",
            "/api%2ffirewalls",
            "/%61pi/firewalls",
            "/API/firewalls",
        ] {
            for method in ["GET", "DELETE", "POST"] {
                let answer = server.send(Request::new(method, path).on_mock());
                assert!([404, 405].contains(&answer.status), "{method} {path}: {}", answer.text());
            }
        }
        for target in ["http://elsewhere.test/api/firewalls/test", "*", "api", "", "?x", "/api/firewalls/test#x"] {
            refused(&send(
                server,
                format!("DELETE {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
            ));
        }
    });
}

#[test]
fn names_cannot_add_headers() {
    attack(|server| {
        let evil = "n%0d%0aSet-Cookie:%20a=b";
        for request in [
            Request::post("/api/firewalls").form(&format!("name={evil}&description=d")),
            Request::post("/api/firewalls").multipart(&[("name", "n\r\nSet-Cookie: a=b"), ("description", "d")]),
            Request::post("/api/firewalls").json(r#"{"name":"n\r\nSet-Cookie: a=b","description":"d"}"#),
            Request::get(&format!("/api;provider={evil}/firewalls")).header("X-Deltacloud-Driver", "fgcp"),
            Request::get(&format!("/api/firewalls/{evil}")),
        ] {
            let answer = server.send(request.on_mock());
            assert!((400..500).contains(&answer.status), "{}", answer.text());
            assert_eq!(answer.header("Set-Cookie"), None);
        }
        // What a Location says of a name is encoded.
        let name = "é \u{202e}\u{2028}%0d";
        let request = Request::post("/api/firewalls").on_mock().multipart(&[("name", name), ("description", "d")]);
        let refusal = server.send(request);
        assert!(refusal.status == 502 || refusal.header("Location").unwrap().is_ascii(), "{}", refusal.text());
    });
}
