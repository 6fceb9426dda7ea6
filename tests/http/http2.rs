//! HTTP/2: its limits, of time and of number, and what no well-behaved client does.

use std::time::{Duration, Instant};

use crate::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, Http2, NO_WINDOW, PING, POST, REFUSED_STREAM,
    RST_STREAM, SETTINGS, expect_others_to_notice_nothing, start,
};
use crate::instance::{Instance, eventually, file, fixture};
use crate::wire::Request;

/// The kind of the last frame before the connection ends.
fn last_frame(connection: &mut Http2) -> u8 {
    let mut last = 0;
    while let Some((kind, flags, payload)) = connection.frame_before_the_end() {
        last = kind;
        if kind == PING && flags == 0 {
            // The answer is what says that all was read that had been sent.
            let _ = connection.frame(PING, ACK, 0, &payload);
        }
    }
    last
}

/// So that a client knows what was not begun.
#[test]
fn a_connection_ends_with_a_word() {
    let mut instance = start(&["--idle-timeout", "1"]);
    assert_eq!(last_frame(&mut Http2::to(&instance)), GOAWAY);
    let mut connections: Vec<_> = (0..5).map(|_| Http2::to(&instance)).collect();
    instance.signal("-TERM");
    for connection in &mut connections {
        assert_eq!(last_frame(connection), GOAWAY);
    }
    assert_eq!(instance.child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_idle_connection_is_closed() {
    let instance = start(&["--idle-timeout", "2"]);
    let mut connection = Http2::to(&instance);
    let started = Instant::now();
    connection.end();
    let took = started.elapsed();
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let mut instance = start(&[]);
    let mut connection = Http2::to(&instance);
    let started = Instant::now();
    instance.signal("-TERM");
    connection.end();
    assert_eq!(instance.child.wait().unwrap().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn slow_headers_are_given_up() {
    let instance = start(&["--idle-timeout", "1", "--header-timeout", "1"]);
    let mut connection = Http2::to(&instance);
    connection.frame(HEADERS, 0, 1, POST).unwrap();
    let started = Instant::now();
    // A head that never ends; each frame of it is one more sign of life.
    while connection.frame(CONTINUATION, 0, 1, &[0, 1, b'x', 1, b'y']).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "it is still read");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Neither signs of life nor other answers, which are taken, keep it.
#[test]
fn an_answer_that_is_not_taken_is_given_up() {
    let instance = start(&["--body-timeout", "1"]);
    let mut connection = Http2::to(&instance);
    connection.frame(SETTINGS, 0, 0, NO_WINDOW).unwrap();
    let started = Instant::now();
    connection.get(1, "/api").unwrap();
    let is_alive = |connection: &mut Http2, stream: u32| {
        connection.frame(PING, 0, 0, &[0; 8])?;
        connection.get(stream, "/api")?;
        connection.take(stream, 10_000)
    };
    let mut stream = 3;
    while is_alive(&mut connection, stream).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "it is still there");
        stream += 2;
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(started.elapsed() > Duration::from_secs(1), "{:?}", started.elapsed());
    for what in ["deltawall_requests_under_way", "deltawall_connections"] {
        eventually("nothing is held", || instance.figure(what).filter(|count| *count == 0.0));
    }
}

#[test]
fn an_answer_that_is_taken_slowly_comes_whole() {
    const STEP: usize = 16 * 1024;
    let instance = start(&["--body-timeout", "5"]);
    let mut connection = Http2::to(&instance);
    connection.frame(SETTINGS, 0, 0, NO_WINDOW).unwrap();
    connection.get(1, "/api/openapi.json").unwrap();
    let started = Instant::now();
    let mut body = Vec::new();
    let mut is_whole = false;
    while !is_whole {
        connection.take(1, STEP).unwrap();
        let most = body.len() + STEP;
        while body.len() < most && !is_whole {
            let (kind, flags, payload) = connection.next_frame();
            if kind == DATA {
                body.extend(payload);
                is_whole = flags & END_STREAM != 0;
            }
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(started.elapsed() > Duration::from_secs(5), "{:?} is no longer than the limit", started.elapsed());
    serde_json::from_slice::<serde_json::Value>(&body).unwrap();
}

#[test]
fn requests_on_one_connection_count_like_connections() {
    let instance = start(&["--body-timeout", "60", "--max-peer-connections", "90"]);
    let mut connection = Http2::to(&instance);
    for number in 0..95 {
        connection.frame(HEADERS, END_HEADERS, 2 * number + 1, POST).unwrap();
    }
    let rejected = r#"deltawall_rejected_total{limit="peer_connections"}"#;
    eventually("five are turned away", || instance.figure(rejected).filter(|count| *count == 5.0));
    assert_eq!(instance.figure("deltawall_requests_under_way"), Some(90.0));
    assert_eq!(instance.figure("deltawall_connections"), Some(90.0));
    assert!(instance.connect().is_closed(), "that would be one more");
    expect_others_to_notice_nothing(&instance);
    drop(connection);
    eventually("they are gone with the connection", || {
        instance.figure("deltawall_requests_under_way").filter(|count| *count == 0.0)
    });
}

#[test]
fn a_hundred_streams_at_a_time_and_no_more() {
    let instance = start(&["--max-peer-connections", "1000"]);
    let mut connection = Http2::to(&instance);
    for number in 0..101 {
        connection.frame(HEADERS, END_HEADERS, 2 * number + 1, POST).unwrap();
    }
    let refused = loop {
        let (kind, _, payload) = connection.next_frame();
        if kind == RST_STREAM {
            break payload;
        }
    };
    assert_eq!(refused, REFUSED_STREAM);
    eventually("all others are under way", || {
        instance.figure("deltawall_requests_under_way").filter(|count| *count == 100.0)
    });
}

/// Requests of four bytes, whose answers are not taken, and of which the most are past all limits.
#[test]
fn a_flood_of_requests_takes_no_memory() {
    const MIB: usize = 1024 * 1024;
    let instance = start(&["--body-timeout", "60"]);
    let mut connections: Vec<_> = (0..4).map(|_| Http2::to(&instance)).collect();
    let before = instance.memory();
    for connection in &mut connections {
        connection.frame(SETTINGS, 0, 0, NO_WINDOW).unwrap();
        connection.0.sock.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        // Once the server is not let write its refusals it reads no more, either.
        for number in 0..5_000 {
            let request = [0x82, 0x87, 0x84, 0x04];
            if connection.frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &request[..3]).is_err() {
                break;
            }
        }
    }
    let held = eventually("figures", || instance.figure("deltawall_held_bytes"));
    assert!(held < 4.0 * MIB as f64, "{held} bytes are held");
    let after = instance.memory();
    assert!(after < before + 12 * MIB, "{before} bytes have become {after}");
    expect_others_to_notice_nothing(&instance);
}

/// Other requests of the connection go on, and are no reason to wait for longer.
#[test]
fn slow_headers_are_given_up_beside_other_requests() {
    let instance = start(&["--header-timeout", "1", "--body-timeout", "60"]);
    let mut connection = Http2::to(&instance);
    connection.frame(HEADERS, END_HEADERS, 1, POST).unwrap();
    connection.frame(HEADERS, 0, 3, POST).unwrap();
    let started = Instant::now();
    while connection.frame(CONTINUATION, 0, 3, &[0, 1, b'x', 1, b'y']).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10), "it is still read");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(started.elapsed() > Duration::from_millis(500), "{:?}", started.elapsed());
    let unreadable = r#"deltawall_unreadable_total{status="408"}"#;
    eventually("it is counted", || instance.figure(unreadable).filter(|count| *count == 1.0));
}

#[test]
fn heads_that_are_too_large_are_answered_and_noted() {
    let instance = start(&[]);
    let literal = |name: &str, size: usize| {
        // A value's length past 126 goes on in bytes of seven bits.
        let mut length = vec![0x7f];
        let mut rest = size - 127;
        while rest > 127 {
            length.push(u8::try_from(rest % 128 + 128).unwrap());
            rest /= 128;
        }
        length.push(u8::try_from(rest).unwrap());
        [&[0, u8::try_from(name.len()).unwrap()], name.as_bytes(), &length, &vec![b'v'; size]].concat()
    };
    let many: Vec<u8> =
        (0..97).flat_map(|number| [&[0, 3][..], format!("x{number:02}").as_bytes(), &[1, b'y']].concat()).collect();
    for head in [many, (0..9).flat_map(|number| literal(&format!("x{number}"), 16_000)).collect()] {
        let mut connection = Http2::to(&instance);
        let head = [POST, &head].concat();
        let mut pieces = head.chunks(16_000).peekable();
        let first = pieces.next().unwrap();
        let end = |is_last: bool| if is_last { END_HEADERS } else { 0 };
        connection.frame(HEADERS, end(pieces.peek().is_none()) | END_STREAM, 1, first).unwrap();
        while let Some(piece) = pieces.next() {
            connection.frame(CONTINUATION, end(pieces.peek().is_none()), 1, piece).unwrap();
        }
        let answer = loop {
            let (kind, _, payload) = connection.next_frame();
            if kind == HEADERS {
                break payload;
            }
        };
        // The status stands in HPACK's static table as a name only, and 431 in Huffman's code.
        assert_eq!(answer[..5], [0x48, 0x83, 0x69, 0x90, 0xff], "{answer:x?}");
    }
    let unreadable = r#"deltawall_unreadable_total{status="431"}"#;
    assert_eq!(eventually("it is counted", || instance.figure(unreadable)), 2.0);
    instance.logged(|line| {
        line["message"] == "unreadable request" && line["status"] == "431" && line["peer"] == "127.0.0.1"
    });
}

/// However much is still to come of it.
#[test]
fn a_body_that_is_too_large_is_answered() {
    let instance = start(&[]);
    for size in [2_000_000, 20_000_000] {
        let body = file("large", &"x".repeat(size));
        let output = std::process::Command::new("curl")
            .args([
                "-sS",
                "--http2",
                "--cacert",
                &fixture("tls/authority.pem"),
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
            ])
            .args(["-u", "mockuser:mockpassword", "--data-binary", &format!("@{body}")])
            .arg(format!("https://127.0.0.1:{}/api/firewalls", instance.address.port()))
            .output()
            .unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"413"[..], &b""[..]), "{size}");
    }
}

/// HTTP/2 without TLS is not spoken, nor is an upgrade to it.
#[test]
fn plain_http_stays_http_1() {
    let instance = Instance::with(&[]);
    let upgrade = Request::get("/api").header("Connection", "Upgrade, HTTP2-Settings").header("Upgrade", "h2c");
    instance.send(upgrade.header("HTTP2-Settings", "AAMAAABkAAQAAP__")).expect(200);
    let mut connection = instance.connect();
    connection.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!((400..500).contains(&connection.read(false).status));
}
