//! What clients say of their connections, and what is no request at all.

use std::time::{Duration, Instant};

use crate::instance::{Instance, eventually};
use crate::server::Server;
use crate::wire::{Connection, Request};

/// As Java's HttpClient, curl and nginx make them. HTTP/1 goes on as if there were none.
const OFFERS: [(&str, &str); 5] = [
    ("Upgrade, HTTP2-Settings", "h2c"),
    ("keep-alive, Upgrade", "TLS/1.2"),
    ("upgrade", "websocket"),
    ("Upgrade", "WebSocket"),
    ("upgrade", "websocket, h2c"),
];

#[test]
fn an_offer_to_upgrade_is_ignored() {
    let server = Server::start();
    let mut connection = server.connect();
    for (option, protocol) in OFFERS {
        let offer = |request: Request| {
            request
                .on_mock()
                .header("Connection", option)
                .header("Upgrade", protocol)
                .header("HTTP2-Settings", "AAMAAABkAAQAAP__")
        };
        let answer = connection.send(offer(Request::get("/api"))).expect(200);
        assert_eq!((answer.header("Connection"), answer.header("Upgrade")), (None, None));
        let form = "name=web&description=Connection:+upgrade%0d%0aUpgrade:+websocket%0d%0a";
        connection.send(offer(Request::post("/api/firewalls").form(form))).expect(400);
        connection.send(offer(Request::post("/api/firewalls").form("name=web&description=d"))).expect(201);
        connection.send(offer(Request::delete("/api/firewalls/web"))).expect(204);
        // The offer alone, without what it is for.
        connection.send(Request::get("/api").header("Connection", option)).expect(200);
    }
}

/// Also where it comes behind another request, or behind the body of one.
#[test]
fn an_offer_in_the_middle_of_others_is_ignored() {
    let server = Server::start();
    for (option, protocol) in OFFERS {
        let offer = |request: Request| request.on_mock().header("Connection", option).header("Upgrade", protocol);
        let chunked = Request::post("/api/firewalls").on_mock().header("Transfer-Encoding", "chunked").bytes();
        let chunked = String::from_utf8(chunked).unwrap().replace("Content-Length: 0\r\n", "");
        let body = "a;x=Upgrade:\r\nname=chunk\r\n10\r\ned&description=d\r\n0\r\n\r\n";
        let requests = [
            offer(Request::get("/api")).bytes(),
            offer(Request::post("/api/firewalls").form("name=web&description=d")).bytes(),
            [chunked.as_bytes(), body.as_bytes()].concat(),
            offer(Request::delete("/api/firewalls/web")).bytes(),
            offer(Request::delete("/api/firewalls/chunked")).bytes(),
            offer(Request::get("/api/firewalls")).bytes(),
        ];
        for pieces in [requests.concat().len(), 700, 64] {
            let mut connection = server.connect();
            connection.stream.get_ref().set_nodelay(true).unwrap();
            requests.concat().chunks(pieces).for_each(|piece| connection.write(piece));
            for status in [200, 201, 201, 204, 204, 200] {
                let answer = connection.read(true).expect(status);
                assert_eq!(answer.header("Connection"), None);
            }
            connection.send(Request::get("/api")).expect(200);
        }
    }
}

/// In pieces, as a slow network has them.
#[test]
fn an_offer_that_comes_in_pieces_is_ignored_too() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.stream.get_ref().set_nodelay(true).unwrap();
    let request = Request::get("/api").header("Connection", "Upgrade").header("Upgrade", "websocket").bytes();
    for _ in 0..2 {
        for piece in request.chunks(9) {
            connection.write(piece);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        connection.read(true).expect(200);
    }
}

/// A body is not touched, whatever looks like a head in it.
#[test]
fn a_body_may_hold_the_words_of_an_offer() {
    let server = Server::start();
    let words = "a\nConnection: upgrade\nUpgrade: websocket";
    let rule = [("protocol", words), ("port_from", "1"), ("port_to", "1")];
    let mut connection = server.connect().with_login(crate::wire::MOCK_LOGIN);
    let answer = connection.send(Request::post("/api/firewalls/default/rules").multipart(&rule)).expect(400);
    assert!(answer.message().contains(words), "{}", answer.body);
}

/// A second head has no answer, as ever.
#[test]
fn a_head_that_is_given_up_is_noted() {
    let instance = Instance::with(&["--header-timeout", "1"]);
    let mut connection = instance.connect();
    connection.send(Request::get("/api")).expect(200);
    connection.write(b"GET /api HTTP/1.1\r\n");
    assert!(connection.is_closed());
    // One that has come together with the request before it.
    let mut connection = instance.connect();
    connection.write(&[&Request::get("/api").bytes()[..], b"GET /api HTTP/1.1\r\nHost: "].concat());
    let started = Instant::now();
    connection.read(true).expect(200);
    assert!(connection.is_closed());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let series = r#"deltawall_unreadable_total{status="408"}"#;
    eventually("it is counted", || instance.figure(series).filter(|count| *count == 2.0));
}

/// Asks twice at once, saying with the first that it is the last.
fn closing(connection: &mut Connection, close: &str, second: &Request) {
    let first = Request::get("/api").bytes();
    let first = String::from_utf8(first).unwrap().replacen(" HTTP/1.1\r\n", close, 1);
    connection.write(&[first.as_bytes(), &second.bytes()].concat());
}

#[test]
fn what_comes_behind_the_last_request_is_not_done() {
    let server = Server::start();
    for close in
        [" HTTP/1.1\r\nConnection: close\r\n", " HTTP/1.1\r\nConnection: keep-alive, close\r\n", " HTTP/1.0\r\n"]
    {
        let mut connection = server.connect();
        closing(&mut connection, close, &Request::delete("/api/firewalls/new_firewall").on_mock());
        let answer = connection.read(true).expect(200);
        let says = answer.header("Connection");
        assert!(says == Some("close") || says.is_none() && close.contains("HTTP/1.0"), "{says:?}");
        assert!(connection.is_closed());
        server.send(Request::get("/api/firewalls/new_firewall").on_mock()).expect(200);
    }
    // Those before the last are answered in turn.
    let mut connection = server.connect();
    connection.write(&Request::get("/api/drivers").bytes());
    closing(&mut connection, " HTTP/1.1\r\nConnection: close\r\n", &Request::get("/api"));
    connection.read(true).expect(200);
    connection.read(true).expect(200);
    assert!(connection.is_closed());
}

#[test]
fn what_cannot_be_read_is_noted() {
    let instance = Instance::with(&["--header-timeout", "1"]);
    for (bytes, status) in [
        ("NONSENSE\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(140_000)), "431"),
        ("GET / HTTP/1.1\r\nHost: x\r\n".to_owned(), "408"),
    ] {
        let series = format!(r#"deltawall_unreadable_total{{status="{status}"}}"#);
        let before = instance.figure(&series).unwrap_or_default();
        let mut connection = instance.connect();
        connection.write(bytes.as_bytes());
        assert_eq!(connection.read(false).status.to_string(), status);
        eventually("it is counted", || instance.figure(&series).filter(|count| *count == before + 1.0));
        let line = instance.logged(|line| line["message"] == "unreadable request" && line["status"] == status);
        assert_eq!(line["peer"], "127.0.0.1");
    }
}
