//! HTTP/2 in frames of our own making, for what no well-behaved client does.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::instance::{Instance, fixture};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// The setting that nothing of an answer may come before it is asked for.
pub const NO_WINDOW: &[u8] = &[0, 4, 0, 0, 0, 0];

/// POST to `/` by https, out of HPACK's static table.
pub const POST: &[u8] = &[0x83, 0x87, 0x84];

/// The reason to reset a stream of which nothing was done.
pub const REFUSED_STREAM: &[u8] = &[0, 0, 0, 7];

pub struct Http2(pub StreamOwned<ClientConnection, TcpStream>);

impl Http2 {
    /// A connection on which nothing has been asked.
    pub fn to(instance: &Instance) -> Self {
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

    pub fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.0.write_all(&[&head, payload].concat())?;
        self.0.flush()
    }

    /// Asks for a path.
    pub fn get(&mut self, stream: u32, path: &str) -> std::io::Result<()> {
        let head = [&[0x82, 0x87, 0x04, u8::try_from(path.len()).unwrap()], path.as_bytes()].concat();
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
    }

    /// Lets so much more of an answer come.
    pub fn take(&mut self, stream: u32, bytes: usize) -> std::io::Result<()> {
        let bytes = u32::try_from(bytes).unwrap().to_be_bytes();
        self.frame(WINDOW_UPDATE, 0, 0, &bytes)?;
        self.frame(WINDOW_UPDATE, 0, stream, &bytes)
    }

    /// The kind, the flags and the payload of the next frame.
    pub fn next_frame(&mut self) -> (u8, u8, Vec<u8>) {
        self.frame_before_the_end().expect("there is another frame")
    }

    /// The same; none where the connection has ended.
    pub fn frame_before_the_end(&mut self) -> Option<(u8, u8, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        self.0.read_exact(&mut payload).ok()?;
        Some((head[3], head[4], payload))
    }

    /// Waits until the server closes the connection.
    pub fn end(&mut self) {
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

/// The program with TLS.
pub fn start(arguments: &[&str]) -> Instance {
    let (certificate, key) = (fixture("tls/first.pem"), fixture("tls/first.key"));
    Instance::with(&[&["--tls-cert", &certificate, "--tls-key", &key], arguments].concat())
}

/// Somebody else asks for something by HTTP/2, and gets it.
#[track_caller]
pub fn expect_others_to_notice_nothing(instance: &Instance) {
    let output = std::process::Command::new("curl")
        .args(["-sSf", "--http2", "--interface", "127.0.0.2", "--cacert", &fixture("tls/authority.pem")])
        .arg(format!("https://127.0.0.1:{}/api", instance.address.port()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
