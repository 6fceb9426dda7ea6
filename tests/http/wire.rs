//! HTTP as it goes over the wire: nothing is normalised, decoded or added that a test does not ask for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The host that requests name, so that answers do not depend on the port.
pub const HOST: &str = "gateway.test:3001";

/// How the secrets of all accounts at the emulator begin. No answer ever holds one.
pub const SECRET: &str = "secret-A";

/// `user:password` of the samples, in base64.
pub const MOCK_LOGIN: &str = "bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk";
pub const FGCP_LOGIN: &str = "ZmdjcHVzZXI6ZmdjcHBhc3N3b3Jk";

#[derive(Clone)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        let headers = vec![("Host".to_owned(), HOST.to_owned())];
        Self { method: method.into(), target: target.into(), headers, body: Vec::new() }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    pub fn delete(target: &str) -> Self {
        Self::new("DELETE", target)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// With these credentials, in base64.
    pub fn login(self, login: &str) -> Self {
        self.header("Authorization", &format!("Basic {login}"))
    }

    /// With the credentials of the in-memory driver's samples.
    pub fn on_mock(self) -> Self {
        self.login(MOCK_LOGIN)
    }

    /// On the Fujitsu mock, with the credentials of its samples.
    pub fn on_fgcp(self) -> Self {
        self.login(FGCP_LOGIN).header("X-Deltacloud-Driver", "fgcp")
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    pub fn accept(self, media_types: &str) -> Self {
        self.header("Accept", media_types)
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    pub fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn json(self, body: &str) -> Self {
        self.body("application/json", body)
    }

    /// A multipart form of these fields, as curl writes it with `-F`.
    pub fn multipart(self, fields: &[(&str, &str)]) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            write!(body, "--BOUNDARY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
        }
        body.push_str("--BOUNDARY--\r\n");
        self.body("multipart/form-data; boundary=BOUNDARY", body)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if !self.body.is_empty() || self.method == "POST" {
            write!(head, "Content-Length: {}\r\n", self.body.len()).unwrap();
        }
        head.push_str("\r\n");
        [head.into_bytes(), self.body.clone()].concat()
    }
}

/// A connection that is kept for several requests.
pub struct Connection {
    pub stream: BufReader<TcpStream>,
    login: Option<String>,
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream: BufReader::new(stream), login: None }
    }

    /// The same connection, with these credentials in each request that says nothing of any.
    pub fn with_login(self, login: &str) -> Self {
        Self { login: Some(login.to_owned()), ..self }
    }

    pub fn send(&mut self, request: Request) -> Answer {
        let request = match &self.login {
            Some(login) if !request.has_header("Authorization") => request.login(login),
            _ => request,
        };
        let has_body = request.method != "HEAD";
        self.write(&request.bytes());
        self.read(has_body)
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub fn read(&mut self, has_body: bool) -> Answer {
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            line.trim_end_matches("\r\n").to_owned()
        };
        let status_line = line();
        let status = status_line.split(' ').nth(1).expect("there is a status line").parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let header = line();
            let Some((name, value)) = header.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer { status_line, status, headers, body: String::new() };
        if has_body && status != 204 && status != 304 {
            let length = answer.header("Content-Length").expect("each answer says its length").parse().unwrap();
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).unwrap();
            answer.body = String::from_utf8(body).unwrap();
            assert!(!answer.body.contains(SECRET), "{}", answer.body);
        }
        answer
    }

    /// Whether the server closes the connection, which it gets time to do.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status_line: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// A header, whose name must be written just so.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The message of an error, in whichever format.
    pub fn message(&self) -> String {
        if let Ok(json) = serde_json::from_str::<serde_json::Value>(&self.body) {
            return json["message"].as_str().unwrap().to_owned();
        }
        let message = self.body.split("<message>").nth(1).expect("an error has a message");
        let message = message.split("</message>").next().unwrap();
        message.replace("<![CDATA[", "").replace("]]>", "")
    }

    pub fn json(&self) -> serde_json::Value {
        let media_type = self.header("Content-Type").expect("JSON has a type");
        assert!(["application/json", "application/json; charset=utf-8"].contains(&media_type), "{media_type}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The answer as it came, with headers in the order of their names, and what differs from run to run named.
    pub fn text(&self) -> String {
        self.check_xml();
        let mut headers = self.headers.clone();
        headers.sort();
        let mut text = format!("{}\n", self.status_line);
        for (name, value) in headers {
            // Each answer has one, and snapshots need not all say so.
            if name == "X-Request-Id" {
                assert!(!value.is_empty());
                continue;
            }
            let value = match name.as_str() {
                "Date" => "DATE",
                "Etag" => "TAG",
                "X-Backend-Runtime" => {
                    assert!(value.parse::<f64>().is_ok(), "{value}");
                    "SECONDS"
                }
                _ => &value,
            };
            writeln!(text, "{name}: {value}").unwrap();
        }
        text + "\n" + &self.body
    }

    /// Whatever calls itself XML is well-formed.
    fn check_xml(&self) {
        if self.header("Content-Type") != Some("application/xml") || self.body.is_empty() {
            return;
        }
        let mut reader = quick_xml::Reader::from_str(&self.body);
        loop {
            match reader.read_event().expect("the answer is well-formed XML") {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute.unwrap().normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
                    }
                }
                _ => {}
            }
        }
    }
}
