//! What is held of requests and answers is bounded, for one peer and for all.

use crate::frames::{
    END_HEADERS, END_STREAM, HEADERS, Http2, NO_WINDOW, RST_STREAM, SETTINGS, expect_others_to_notice_nothing, start,
};
use crate::instance::{Instance, eventually, file};
use crate::wire::Request;

const REJECTED: &str = r#"deltawall_rejected_total{limit="held"}"#;
const HELD: &str = "deltawall_held_bytes";

/// A file with so many firewalls for the mock.
fn data(firewalls: usize) -> String {
    let entry = |number| format!("[[firewalls]]\nname = \"firewall-{number}\"\ndescription = \"one of many\"\n");
    file("many.toml", &(0..firewalls).map(entry).collect::<String>())
}

/// GET by https of a path, with the mock's login.
fn list(path: &str) -> Vec<u8> {
    let login = format!("Basic {}", crate::wire::MOCK_LOGIN);
    let path = [&[0x82, 0x87, 0x04, u8::try_from(path.len()).unwrap()], path.as_bytes()].concat();
    let login = [&[0x0f, 0x08, u8::try_from(login.len()).unwrap()], login.as_bytes()].concat();
    [path, login].concat()
}

#[test]
fn bodies_that_are_still_coming() {
    let instance = Instance::with(&["--max-held", "3000000"]);
    let [start, rest] = ["name=n&description=d&".repeat(18_000), "&".repeat(1_000)];
    let head = |length: usize| {
        let head = Request::post("/api/firewalls").on_mock().bytes();
        String::from_utf8(head).unwrap().replace("Content-Length: 0", &format!("Content-Length: {length}"))
    };
    let mut connections: Vec<_> = (0..3).map(|_| instance.connect()).collect();
    // One after the other: of bodies that come at once, each may find the room that it needs taken by another that is then refused.
    for connection in &mut connections {
        connection.write(head(start.len() + rest.len()).as_bytes());
        connection.write(start.as_bytes());
        eventually("one has room", || instance.figure(HELD).filter(|held| (1_000_000.0..1_500_000.0).contains(held)));
    }
    let mut refused = 0;
    for connection in &mut connections {
        connection.write(rest.as_bytes());
        let answer = connection.read(true);
        if answer.status == 503 {
            assert_eq!(answer.message(), "There is no room for the body of the request. Nothing was begun; try again.");
            assert_eq!(answer.header("Retry-After"), Some("1"));
            refused += 1;
        }
        connection.send(Request::get("/api")).expect(200);
    }
    assert_eq!(refused, 2);
    assert_eq!(instance.figure(REJECTED), Some(f64::from(refused)));
    eventually("nothing is held", || instance.figure(HELD).filter(|held| *held == 0.0));
}

#[test]
fn answers_that_nobody_takes() {
    let instance = start(&["--max-held", "4000000", "--body-timeout", "60", "--mock-data", &data(3_000)]);
    let mut connection = Http2::to(&instance);
    connection.frame(SETTINGS, 0, 0, NO_WINDOW).unwrap();
    for number in 0..5 {
        connection
            .frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &list("/api/firewalls?format=xml"))
            .unwrap();
    }
    // A list has half as much and less, so there is room for one of this peer's.
    eventually("four are refused", || instance.figure(REJECTED).filter(|count| *count == 4.0));
    let held = instance.figure(HELD).unwrap();
    assert!((1_000_000.0..2_000_000.0).contains(&held), "{held}");
    expect_others_to_notice_nothing(&instance);
    // Who takes no more than it wants makes room for what it wants.
    for number in 0..5 {
        connection.frame(RST_STREAM, 0, 2 * number + 1, &[0, 0, 0, 8]).unwrap();
    }
    eventually("nothing is held", || instance.figure(HELD).filter(|held| *held == 0.0));
    connection.frame(HEADERS, END_HEADERS | END_STREAM, 11, &list("/api/firewalls?format=xml")).unwrap();
    eventually("there is room again", || instance.figure(HELD).filter(|held| *held > 1_000_000.0));
    assert_eq!(instance.figure(REJECTED), Some(4.0));
}

/// What has been done is told, however much is held: nobody could know of it otherwise.
#[test]
fn a_change_is_answered_in_any_case() {
    let instance = Instance::with(&["--max-held", "15000"]);
    let sources: String = (0..60).map(|number| format!("&ip_address{number}=10.0.{number}.0/24")).collect();
    let rule = format!("protocol=tcp&port_from=1&port_to=1{sources}");
    let rules = "/api/firewalls/new_firewall/rules";
    instance.send(Request::post(rules).form(&rule).on_mock()).expect(201);
    instance.send(Request::get("/api/firewalls/new_firewall").on_mock()).expect(503);
    let source = |number| format!(r#"{{"type":"address","address":"10.1.{number}.0/24"}}"#);
    let sources: Vec<_> = (0..45).map(source).collect();
    let set = format!(r#"{{"rules":[{{"allow_protocol":"tcp","ports":2,"sources":[{}]}}]}}"#, sources.join(","));
    instance.send(Request::new("PUT", rules).json(&set).on_mock()).expect(200);
    instance.send(Request::get("/api/firewalls/new_firewall").on_mock()).expect(503);
    assert_eq!(instance.figure(REJECTED), Some(2.0));
}
