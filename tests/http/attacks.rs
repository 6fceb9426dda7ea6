//! What only an attacker sends. Each time the answer is a 4xx, memory stays bounded, and the server goes on.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use crate::instance::Instance;
use crate::wire::Request;

const MIB: usize = 1024 * 1024;

/// The most memory that the program has had so far, in bytes.
fn most_memory(instance: &Instance) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", instance.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// The server is there, and nothing has changed on it.
#[track_caller]
fn is_unharmed(instance: &Instance) {
    let list = instance.send(Request::get("/api/firewalls?format=json").on_mock()).expect(200).json();
    assert_eq!(list["firewalls"].as_array().unwrap().len(), 3, "{list}");
}

/// Sends bytes as they are, for as long as they are taken, and gives all that came back before the server closed.
fn raw(instance: &Instance, bytes: &[u8]) -> String {
    let mut connection = instance.connect();
    let stream = connection.stream.get_mut();
    if stream.write_all(bytes).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it closes the connection");
                break;
            }
        }
    }
    String::from_utf8(answer).unwrap()
}

/// The statuses of all answers in what came back.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.lines().filter_map(|line| line.split("HTTP/1.1 ").nth(1));
    lines.map(|line| line[..3].parse().unwrap()).collect()
}

#[test]
fn bombs_of_headers_fields_parts_and_brackets() {
    let instance = Instance::with(&[]);
    let headers: String = (0..1000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let all = statuses(&raw(&instance, format!("GET /api HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes()));
    assert!(all.len() == 1 && (400..500).contains(&all[0]), "{all:?}");

    let many = "a=b&".repeat(100_000);
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep_object = format!("{}1{}", r#"{"name":"#.repeat(50_000), "}".repeat(50_000));
    let part = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n";
    let nested =
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n";
    let long_name =
        format!("--B\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\nb\r\n--B--\r\n", "n".repeat(900_000));
    let long_header = format!("--B\r\nX: {}\r\n\r\nb\r\n--B--\r\n", "n".repeat(900_000));
    let multipart = |body: String| Request::post("/api/firewalls").body("multipart/form-data; boundary=B", body);
    for (what, request) in [
        ("a query", Request::get(&format!("/api/firewalls?{}", &many[..60_000]))),
        ("a form", Request::post("/api/firewalls").form(&many)),
        ("deep JSON", Request::post("/api/firewalls").json(&deep)),
        ("deep objects", Request::post("/api/firewalls").json(&deep_object)),
        ("many parts", multipart(part.repeat(15_000) + "--B--\r\n")),
        ("parts in parts", multipart(nested.repeat(5_000))),
        ("a part's name", multipart(long_name)),
        ("a part's header", multipart(long_header)),
        ("no boundary", Request::post("/api/firewalls").body("multipart/form-data", "x")),
        ("no end", multipart(part.to_owned())),
    ] {
        for format in ["application/xml", "application/json"] {
            let answer = instance.send(request.clone().on_mock().accept(format));
            assert!((400..500).contains(&answer.status), "{what}: {}", answer.status_line);
            assert_eq!(answer.header("Content-Type"), Some(format), "{what}");
            // The URL is repeated, and can be no longer than that.
            assert!(answer.body.len() < 256 * 1024, "{what}: an answer of {} bytes", answer.body.len());
        }
    }
    is_unharmed(&instance);
    assert!(most_memory(&instance) < 200 * MIB, "{}", most_memory(&instance));
}

/// Two readings of where a request ends would let one client put a request into the connection of another, behind a proxy.
#[test]
fn requests_of_which_the_end_is_in_doubt_are_refused() {
    let instance = Instance::with(&[]);
    let hidden = "DELETE /api/firewalls/new_firewall HTTP/1.1\r\nHost: a\r\n\
                  Authorization: Basic bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk\r\n\r\n";
    let length = hidden.len();
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
        let answers = raw(&instance, request.as_bytes());
        let all = statuses(&answers);
        assert!(all.len() <= 1 && all.iter().all(|status| (400..500).contains(status)), "{headers}: {answers}");
        is_unharmed(&instance);
    }
    for chunk in [
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\n\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "5;a=\u{0}\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
    ] {
        let head = "POST /api/firewalls HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let all = statuses(&raw(&instance, format!("{head}{chunk}").as_bytes()));
        assert!(all.iter().all(|status| (400..500).contains(status)), "{chunk:?}: {all:?}");
        is_unharmed(&instance);
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_wherever_they_stand() {
    let instance = Instance::with(&[]);
    for bytes in ["%00", "%ff", "%c3%28", "%ed%a0%80", "%0a", "%0d%0a", "%1b", "%7f"] {
        for request in [
            Request::get(&format!("/api/firewalls/{bytes}")),
            Request::delete(&format!("/api/firewalls/test/{bytes}")),
            Request::delete(&format!("/api/firewalls/{bytes}/45001")),
            Request::get(&format!("/api/drivers/{bytes}")),
            Request::get(&format!("/api;driver={bytes}x")),
            Request::get(&format!("/api;provider=x{bytes}x/firewalls")),
            Request::post(&format!("/api/firewalls?name=a{bytes}b&description=d")),
            Request::post("/api/firewalls").form(&format!("name=a{bytes}b&description=d")),
        ] {
            for format in ["application/xml", "application/json"] {
                let answer = instance.send(request.clone().on_mock().accept(format));
                assert!((400..500).contains(&answer.status), "{bytes}: {}", answer.text());
                answer.text();
                let is_control = |c: char| c < ' ' && !"\t\r\n".contains(c);
                assert!(!answer.body.contains(is_control), "{bytes}: {:?}", answer.body);
            }
        }
    }
    for body in [&b"name=a\0b&description=d"[..], b"name=\xff\xfe&description=d", b"\0", b"\xff"] {
        for content_type in ["application/x-www-form-urlencoded", "application/json"] {
            let request = Request::post("/api/firewalls").on_mock().body(content_type, body);
            assert!((400..500).contains(&instance.send(request).status));
        }
    }
    for head in [
        &b"GET /api/firewalls/a\0b HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"GET /api/firewalls/a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: a\0b\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n",
        b"GET /api HTTP/1.1\r\nHost: a\r\n folded: y\r\n\r\n",
        b"G\xc3\x89T /api HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let all = statuses(&raw(&instance, head));
        assert!(all.iter().all(|status| (400..500).contains(status)), "{head:?}: {all:?}");
    }
    is_unharmed(&instance);
}

/// Ids are ids: no path leads out of them, and nothing in them starts a line of a header or of the log.
#[test]
fn names_that_look_like_paths_or_headers_are_names() {
    let instance = Instance::with(&[]);
    for id in ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2f", "%5c..%5c", "a%2Fb", "....", "%252e%252e%252f"] {
        for method in ["GET", "DELETE"] {
            instance.send(Request::new(method, &format!("/api/firewalls/{id}")).on_mock()).expect(404);
        }
    }
    for path in ["/api/../etc/passwd", "/../../etc/passwd", "/api/firewalls/../../drivers", "//api", "/api//firewalls"]
    {
        instance.send(Request::get(path).on_mock()).expect(404);
    }
    let split = "a%0d%0aSet-Cookie:%20x=y%0d%0a%0d%0aHTTP/1.1%20200%20OK";
    for request in [
        Request::post(&format!("/api/firewalls?name={split}&description=d")),
        Request::get(&format!("/api/firewalls/{split}")),
        Request::get(&format!("/api;provider={split}")),
        Request::get(&format!("/api?format={split}")),
    ] {
        let answer = instance.send(request.on_mock().header("X-Request-Id", "split"));
        assert!((400..500).contains(&answer.status) && answer.header("Set-Cookie").is_none(), "{}", answer.text());
    }
    // Each line of the log is one JSON object still.
    instance.logged(|line| line["path"].as_str().is_some_and(|path| path.contains("Set-Cookie")));
    is_unharmed(&instance);
}

#[test]
fn many_idle_connections_leave_room_for_others() {
    let instance = Instance::with(&["--max-connections", "2000", "--max-peer-connections", "900"]);
    let idle: Vec<_> = (0..900).map(|_| instance.connect()).collect();
    crate::instance::eventually("all are there", || {
        instance.figure("deltawall_connections").filter(|count| *count == 900.0)
    });
    assert!(instance.connect().is_closed(), "one peer has no more");
    // Another address of this machine is another peer.
    let output = std::process::Command::new("curl")
        .args(["-sSf", "--interface", "127.0.0.2", &format!("http://{}/api", instance.address)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(most_memory(&instance) < 300 * MIB, "{}", most_memory(&instance));
    drop(idle);
    crate::instance::eventually("they are gone", || {
        instance.figure("deltawall_connections").filter(|count| *count == 0.0)
    });
    is_unharmed(&instance);
}
