//! Which versions of HTTP are offered, by the name for which a client asks in TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, HandshakeKind, RootCertStore, SupportedProtocolVersion,
};

use crate::instance::{Instance, file, fixture};
use crate::server::program;
use crate::tls::start;

/// The status line that curl gets for a name, whose default it is to take HTTP/2.
fn status_line(instance: &Instance, name: &str) -> String {
    let port = instance.address.port();
    let output = Command::new("curl")
        .args(["-sSki", "-o-", "--connect-to", &format!("::127.0.0.1:{port}")])
        .arg(format!("https://{name}:{port}/api"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    text.lines().next().unwrap_or_default().trim_end().to_owned()
}

fn expect(instance: &Instance, http1: &[&str], http2: &[&str]) {
    for name in http1 {
        assert_eq!(status_line(instance, name), "HTTP/1.1 200 OK", "{name}");
    }
    for name in http2 {
        assert_eq!(status_line(instance, name), "HTTP/2 200", "{name}");
    }
}

/// What a client says that takes these protocols.
fn config(protocols: &[&str], version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(fixture("tls/authority.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A client that has said nothing yet.
fn client(instance: &Instance, config: &Arc<ClientConfig>, name: &'static str) -> (ClientConnection, TcpStream) {
    let stream = TcpStream::connect(instance.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (ClientConnection::new(Arc::clone(config), ServerName::try_from(name).unwrap()).unwrap(), stream)
}

/// The protocol that both agree on, once a request was answered.
fn agreed(
    instance: &Instance,
    config: &Arc<ClientConfig>,
    name: &'static str,
) -> Result<(Option<String>, HandshakeKind), std::io::Error> {
    let (mut client, mut stream) = client(instance, config, name);
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    let protocol = client.alpn_protocol().map(|protocol| String::from_utf8(protocol.to_vec()).unwrap());
    if protocol.as_deref() != Some("h2") {
        write!(client.writer(), "GET /api HTTP/1.1\r\nHost: {name}\r\n\r\n").unwrap();
    }
    // The first thing that is said, and before it what a session is known by.
    while client.process_new_packets().unwrap().plaintext_bytes_to_read() == 0 {
        client.complete_io(&mut stream)?;
    }
    Ok((protocol, client.handshake_kind().unwrap()))
}

#[test]
fn names_of_halo_are_offered_http1_alone() {
    let (instance, _) = start("alpn", &[]);
    let http1 = ["api.cloudpassage.com", "API.CloudPassage.Com", "a.b.c.cloudpassage.com"];
    let http2 = [
        "localhost",
        "127.0.0.1",
        "cloudpassage.com",
        "xcloudpassage.com",
        "api.cloudpassage.com.example.com",
        "cloudpassage.org",
    ];
    expect(&instance, &http1, &http2);
}

#[test]
fn others_may_be_named_or_none() {
    let (instance, _) = start("alpn-named", &["--halo-hosts", "Gateway.test, *.Example.com.,"]);
    let http2 = ["a.gateway.test", "example.com", "api.cloudpassage.com", "localhost"];
    expect(&instance, &["gateway.test", "a.example.com", "b.a.example.com"], &http2);
    for none in ["", "none"] {
        let (instance, _) = start("alpn-none", &["--halo-hosts", none]);
        expect(&instance, &[], &["api.cloudpassage.com", "none", "localhost"]);
    }
}

#[test]
fn the_environment_and_the_file_name_them_too() {
    let (certificate, key) = (fixture("tls/first.pem"), fixture("tls/first.key"));
    let own = "port = 0\nadmin_listen = \"0\"\nlog_format = \"json\"\nhalo_hosts = [\"a.test\", \"*.b.test\"]\n";
    let config = file("alpn.toml", own);
    for (variable, http1, http2) in [
        (None, &["a.test", "a.b.test"][..], &["b.test", "api.cloudpassage.com"][..]),
        (Some("c.test,d.test"), &["c.test", "d.test"], &["a.test", "a.b.test"]),
        (Some(""), &[], &["a.test", "api.cloudpassage.com"]),
    ] {
        let mut command = program(&["--config", &config, "--tls-cert", &certificate, "--tls-key", &key]);
        command.envs(variable.map(|names| ("API_HALO_HOSTS", names)));
        expect(&Instance::spawn(command), http1, http2);
    }
}

/// RFC 7301, 3.2: a server that supports none of the protocols that a client advertises ends the handshake with this alert.
#[test]
fn who_takes_nothing_of_what_is_offered_is_told() {
    let (instance, _) = start("alpn-alert", &["--halo-hosts", "gateway.test"]);
    for version in [&TLS12, &TLS13] {
        let refused = agreed(&instance, &config(&["h2"], version), "gateway.test").unwrap_err();
        let why = refused.into_inner().unwrap().downcast::<Error>().unwrap();
        assert_eq!(*why, Error::AlertReceived(AlertDescription::NoApplicationProtocol));
        for (protocols, name, agrees) in [
            (&["h2", "http/1.1"][..], "gateway.test", Some("http/1.1")),
            (&["http/1.1"], "gateway.test", Some("http/1.1")),
            (&[], "gateway.test", None),
            (&["h2"], "localhost", Some("h2")),
            (&["http/1.1", "h2"], "localhost", Some("h2")),
            (&[], "localhost", None),
        ] {
            let (protocol, _) = agreed(&instance, &config(protocols, version), name).unwrap();
            assert_eq!(protocol.as_deref(), agrees, "{protocols:?} for {name}");
        }
    }
}

#[test]
fn sessions_are_taken_up_again_by_the_name_that_they_are_of() {
    let (instance, _) = start("alpn-sessions", &["--halo-hosts", "gateway.test"]);
    for version in [&TLS12, &TLS13] {
        let config = config(&["h2", "http/1.1"], version);
        for (name, protocol) in [("gateway.test", "http/1.1"), ("localhost", "h2")] {
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
                let agreed = agreed(&instance, &config, name).unwrap();
                assert_eq!(agreed, (Some(protocol.to_owned()), kind), "{name} {version:?}");
            }
        }
    }
}

/// Before all is there that a client begins with, or behind that.
#[test]
fn a_handshake_that_stops_halfway_ends_in_time() {
    let (instance, _) = start("alpn-halfway", &["--header-timeout", "1"]);
    let config = config(&["h2", "http/1.1"], &TLS13);
    for name in ["api.cloudpassage.com", "localhost"] {
        let mut hello = Vec::new();
        client(&instance, &config, name).0.write_tls(&mut hello).unwrap();
        for (sent, is_answered) in [(&hello[..hello.len() / 2], false), (&hello, true)] {
            let mut stream = client(&instance, &config, name).1;
            stream.write_all(sent).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert_eq!(!answer.is_empty(), is_answered, "{name}");
        }
    }
}
