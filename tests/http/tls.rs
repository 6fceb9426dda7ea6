//! TLS: both versions of HTTP, and certificates that are exchanged while clients are there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::instance::{Instance, eventually, file, fixture};
use crate::wire::{HOST, MOCK_LOGIN};

/// The first certificate in files of this test's own, and the program that uses them.
pub fn start(name: &str, arguments: &[&str]) -> (Instance, [String; 2]) {
    let copy = |kind| {
        file(&format!("{name}.{kind}"), &std::fs::read_to_string(fixture(&format!("tls/first.{kind}"))).unwrap())
    };
    let files = ["pem", "key"].map(copy);
    let [certificate, key] = &files;
    let instance = Instance::with(&[&["--tls-cert", certificate, "--tls-key", key], arguments].concat());
    (instance, files)
}

/// Puts another certificate into the files, and says so.
fn exchange(instance: &Instance, files: &[String; 2], name: &str) {
    for (file, kind) in files.iter().zip(["pem", "key"]) {
        std::fs::copy(fixture(&format!("tls/{name}.{kind}")), file).unwrap();
    }
    instance.signal("-HUP");
}

fn curl(address: SocketAddr, arguments: &[&str]) -> String {
    let (authority, port) = (fixture("tls/authority.pem"), address.port());
    let output = Command::new("curl")
        .args(["-sS", "--cacert", &authority])
        .args(arguments)
        .arg(format!("https://localhost:{port}/api/firewalls?format=json"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    text.replace(&port.to_string(), "PORT")
}

/// A connection with TLS that offers HTTP/1.1 only.
struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    fn to(address: SocketAddr) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(fixture("tls/authority.pem")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let name = ServerName::try_from("gateway.test").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream))
    }

    /// The status line of the answer to a request without a body, which is read to its end.
    fn send(&mut self, request: &str) -> String {
        write!(self.0, "{request} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Basic {MOCK_LOGIN}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"</firewalls>\n") {
            let mut bytes = [0; 4096];
            let read = self.0.read(&mut bytes).unwrap();
            assert!(read > 0, "the connection is closed");
            answer.extend_from_slice(&bytes[..read]);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains(&format!("href='https://{HOST}/api/firewalls/default'")), "{answer}");
        answer.lines().next().unwrap().to_owned()
    }

    /// The certificate that the server has shown.
    fn certificate(&self) -> CertificateDer<'static> {
        self.0.conn.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(fixture(&format!("tls/{name}.pem"))).unwrap()
}

#[test]
fn both_versions_of_http_are_spoken() {
    let (instance, _) = start("versions", &[]);
    for (version, number) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let login = ["-u", "mockuser:mockpassword", "-w", "%{http_version} %{http_code}", version];
        let answer = curl(instance.address, &login);
        assert!(answer.ends_with(&format!("{number} 200")), "{answer}");
        // Links are to where the client is.
        assert!(answer.contains("\"https://localhost:PORT/api/firewalls/default\""), "{answer}");
        let made = ["-u", "mockuser:mockpassword", "-d", &format!("name=n{number}&description=d"), version];
        assert!(curl(instance.address, &made).contains(&format!("\"id\":\"n{number}\"")));
    }
    let url = format!("https://localhost:{}/api", instance.address.port());
    let stranger = Command::new("curl").args(["-sS", &url]).output().unwrap();
    assert_eq!(stranger.status.code(), Some(60), "the certificate is not one that all know");
}

#[test]
fn versions_of_tls_that_are_broken_are_not_spoken() {
    let (instance, _) = start("broken", &[]);
    assert!(curl(instance.address, &["--tls-max", "1.1"]).starts_with("curl: (35)"));
    assert!(curl(instance.address, &["--tls-max", "1.2", "-u", "mockuser:mockpassword"]).contains("default"));
}

#[test]
fn a_new_certificate_is_for_new_connections_and_drops_none() {
    let (instance, files) = start("reload", &[]);
    let mut before = Client::to(instance.address);
    assert_eq!(before.send("GET /api/firewalls"), "HTTP/1.1 200 OK");
    assert_eq!(before.certificate(), certificate("first"));
    exchange(&instance, &files, "second");
    eventually("new connections get the new certificate", || {
        let mut after = Client::to(instance.address);
        after.send("GET /api/firewalls");
        (after.certificate() == certificate("second")).then_some(())
    });
    assert_eq!(before.send("GET /api/firewalls"), "HTTP/1.1 200 OK");
}

#[test]
fn a_bad_certificate_changes_nothing_but_the_log() {
    let (instance, files) = start("bad", &[]);
    std::fs::write(&files[0], "nonsense").unwrap();
    instance.signal("-HUP");
    let line = instance.logged(|line| line["what"] == "certificate");
    assert_eq!(line["level"], "ERROR");
    assert!(line["error"].as_str().unwrap().contains("there is no certificate in it"), "{line}");
    let mut client = Client::to(instance.address);
    assert_eq!(client.send("GET /api/firewalls"), "HTTP/1.1 200 OK");
    assert_eq!(client.certificate(), certificate("first"));
}

#[test]
fn a_handshake_that_goes_nowhere_costs_one_connection() {
    let (instance, _) = start("silent", &["--header-timeout", "1"]);
    let mut silent: Vec<_> = (0..50).map(|_| instance.connect()).collect();
    let mut plain = instance.connect();
    plain.write(b"GET /api HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut client = Client::to(instance.address);
    assert_eq!(client.send("GET /api/firewalls"), "HTTP/1.1 200 OK");
    assert!(silent.iter_mut().all(|connection| connection.is_closed()));
}

#[test]
fn a_handshake_does_not_hold_up_the_end() {
    let (mut instance, _) = start("end", &[]);
    let mut silent = instance.connect();
    eventually("it is there", || instance.figure("deltawall_connections").filter(|count| *count == 1.0));
    let started = Instant::now();
    instance.signal("-TERM");
    assert_eq!(instance.child.wait().unwrap().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert!(silent.is_closed());
}
