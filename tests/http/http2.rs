//! HTTP/2 in frames of our own making, for what no well-behaved client does.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::instance::{Instance, eventually, fixture};
use crate::wire::Request;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The setting that nothing of an answer may come before it is asked for.
const NO_WINDOW: &[u8] = &[0, 4, 0, 0, 0, 0];

/// POST to `/` by https, out of HPACK's static table.
const POST: &[u8] = &[0x83, 0x87, 0x84];

struct Http2(StreamOwned<ClientConnection, TcpStream>);

impl Http2 {
    /// A connection on which nothing has been asked.
    fn to(instance: &Instance) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(fixture("tls/authority.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(instance.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let name = ServerName::try_from("gateway.test").unwrap();
        let mut http2 = Self(StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream));
        http2.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        http2.frame(SETTINGS, 0, 0, &[]).unwrap();
        assert_eq!(http2.next_frame().0, SETTINGS);
        assert_eq!(http2.0.conn.alpn_protocol(), Some(&b"h2"[..]));
        http2
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.0.write_all(&[&head, payload].concat())?;
        self.0.flush()
    }

    /// Asks for a path.
    fn get(&mut self, stream: u32, path: &str) -> std::io::Result<()> {
        let head = [&[0x82, 0x87, 0x04, u8::try_from(path.len()).unwrap()], path.as_bytes()].concat();
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
    }

    /// Lets so much more of an answer come.
    fn take(&mut self, stream: u32, bytes: usize) -> std::io::Result<()> {
        let bytes = u32::try_from(bytes).unwrap().to_be_bytes();
        self.frame(WINDOW_UPDATE, 0, 0, &bytes)?;
        self.frame(WINDOW_UPDATE, 0, stream, &bytes)
    }

    /// The kind, the flags and the payload of the next frame.
    fn next_frame(&mut self) -> (u8, u8, Vec<u8>) {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.0.read_exact(&mut payload).unwrap();
        (head[3], head[4], payload)
    }

    /// Waits until the server closes the connection.
    fn end(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    let ends = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
                    assert!(ends.contains(&error.kind()), "{error}");
                    break;
                }
            }
        }
    }
}

fn start(arguments: &[&str]) -> Instance {
    let (certificate, key) = (fixture("tls/first.pem"), fixture("tls/first.key"));
    Instance::with(&[&["--tls-cert", &certificate, "--tls-key", &key], arguments].concat())
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
    let instance = start(&["--body-timeout", "60", "--max-peer-connections", "100"]);
    let mut connection = Http2::to(&instance);
    for number in 0..105 {
        connection.frame(HEADERS, END_HEADERS, 2 * number + 1, POST).unwrap();
    }
    let rejected = r#"deltawall_rejected_total{limit="peer_connections"}"#;
    eventually("five are turned away", || instance.figure(rejected).filter(|count| *count == 5.0));
    assert_eq!(instance.figure("deltawall_requests_under_way"), Some(100.0));
    assert_eq!(instance.figure("deltawall_connections"), Some(100.0));
    assert!(instance.connect().is_closed(), "that would be one more");
    // For others all is as ever.
    let output = std::process::Command::new("curl")
        .args(["-sSf", "--http2", "--interface", "127.0.0.2", "--cacert", &fixture("tls/authority.pem")])
        .arg(format!("https://127.0.0.1:{}/api", instance.address.port()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    drop(connection);
    eventually("they are gone with the connection", || {
        instance.figure("deltawall_requests_under_way").filter(|count| *count == 0.0)
    });
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
