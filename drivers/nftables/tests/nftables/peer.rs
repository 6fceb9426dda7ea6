//! A namespace on the other end of a cable, and what it is told to do. This end of the cable is `eth0`, too.

use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::namespaces::run;

/// This end's addresses.
pub const HOST: [&str; 2] = ["10.77.0.1", "fd77::1"];

/// The other end's addresses: those that rules let in, and others.
pub const ALLOWED: [&str; 2] = ["10.77.0.2", "fd77::2"];
pub const DENIED: [&str; 2] = ["10.77.0.3", "fd77::3"];

/// This end's hardware address.
pub const HOST_MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 1];

/// A program that does what it is told.
pub struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// Lays the cable. What the test does not know goes to its other end, so that all of it comes by the rules for egress.
pub fn connect() {
    run("ip", &["netns", "add", "peer"]);
    let link = "link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns peer";
    run("ip", &link.split(' ').collect::<Vec<_>>());
    let on_peer = |command: &str| run("ip", &["-n", "peer"].into_iter().chain(command.split(' ')).collect::<Vec<_>>());
    for (own, allowed, denied) in [(HOST[0], ALLOWED[0], DENIED[0]), (HOST[1], ALLOWED[1], DENIED[1])] {
        let (length, nodad) = if own.contains(':') { (64, vec!["nodad"]) } else { (24, Vec::new()) };
        let own = format!("{own}/{length}");
        run("ip", &["addr", "add", &own, "dev", "eth0"].into_iter().chain(nodad.iter().copied()).collect::<Vec<_>>());
        for address in [allowed, denied] {
            on_peer(format!("addr add {address}/{length} dev eth0 {}", nodad.join(" ")).trim());
        }
    }
    run("ip", &["link", "set", "eth0", "up"]);
    on_peer("link set eth0 up");
    on_peer("link set lo up");
    run("ip", &["route", "add", "default", "via", ALLOWED[0], "dev", "eth0"]);
    run("ip", &["-6", "route", "add", "default", "via", ALLOWED[1], "dev", "eth0"]);
    for address in ALLOWED.iter().chain(&DENIED) {
        run("ip", &["neigh", "replace", address, "lladdr", "02:00:00:00:00:02", "dev", "eth0"]);
    }
    for address in HOST {
        on_peer(&format!("neigh replace {address} lladdr 02:00:00:00:00:01 dev eth0"));
    }
    // Answers to addresses that are on no cable would only be in the way.
    for key in ["all", "default", "eth0"] {
        std::fs::write(format!("/proc/sys/net/ipv4/conf/{key}/rp_filter"), "0").unwrap();
    }
}

impl Peer {
    /// In the namespace on the other end.
    pub fn there() -> Self {
        Self::start(Command::new("ip").args(["netns", "exec", "peer", "python3"]))
    }

    /// On this end.
    pub fn here() -> Self {
        Self::start(&mut Command::new("python3"))
    }

    fn start(command: &mut Command) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/nftables/peer.py");
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
        let mut child =
            command.arg(program).env("PATH", path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    /// Tells it to do something, and waits for its answer.
    pub fn tell(&mut self, order: Value) -> Value {
        self.begin(order);
        self.answer()
    }

    /// Tells it to do something.
    pub fn begin(&mut self, order: Value) {
        writeln!(self.stdin, "{order}").unwrap();
    }

    /// What it answers.
    pub fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Whether what one says on a connection, the other hears.
    pub fn says_to(&mut self, other: &mut Self) -> bool {
        assert_eq!(self.tell(json!({"say": "hello"})), true);
        other.tell(json!({"hear": 0.3})) == "hello"
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A packet by the bytes of its head and what it carries.
pub struct Sent {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    /// A port, or ICMP type and code.
    pub service: (u16, u16),
    /// What tells it from others.
    pub number: u16,
    /// The port that it comes from; one of its number's own where there is none.
    pub from: Option<u16>,
    /// How many hops it may still go.
    pub hops: u8,
}

impl Sent {
    /// As IP has it. Its number is IPv4's identification, or IPv6's flow label.
    pub fn packet(&self) -> Vec<u8> {
        let payload = self.payload();
        let length = u16::try_from(payload.len()).unwrap();
        let mut packet = Vec::new();
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                packet.extend([0x45, 0]);
                packet.extend((length + 20).to_be_bytes());
                packet.extend(self.number.to_be_bytes());
                packet.extend([0, 0, self.hops, self.protocol, 0, 0]);
                packet.extend(source.octets());
                packet.extend(destination.octets());
                let sum = checksum(&packet);
                packet[10..12].copy_from_slice(&sum.to_be_bytes());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                packet.extend((0x6000_0000 | u32::from(self.number)).to_be_bytes());
                packet.extend(length.to_be_bytes());
                packet.extend([self.protocol, self.hops]);
                packet.extend(source.octets());
                packet.extend(destination.octets());
            }
            families => panic!("{families:?}"),
        }
        packet.extend(payload);
        packet
    }

    /// As it comes over the cable.
    pub fn frame(&self, from: [u8; 6], to: [u8; 6]) -> Vec<u8> {
        let kind: [u8; 2] = if self.source.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xdd] };
        [&to[..], &from, &kind, &self.packet()].concat()
    }

    fn payload(&self) -> Vec<u8> {
        let (first, second) = self.service;
        let from = self.from.unwrap_or(20_000 + self.number % 40_000).to_be_bytes();
        match self.protocol {
            6 => {
                let syn = [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0x10, 0, 0, 0, 0, 0];
                self.summed([&from[..], &first.to_be_bytes(), &syn].concat(), 16)
            }
            17 => self.summed([&from[..], &first.to_be_bytes(), &[0, 12, 0, 0], b"data"].concat(), 6),
            1 | 58 => {
                let [kind, code] = [first, second].map(|number| u8::try_from(number).unwrap());
                self.summed([&[kind, code, 0, 0][..], &self.number.to_be_bytes(), &[0, 1], &[0; 32]].concat(), 2)
            }
            _ => vec![0; 32],
        }
    }

    /// With its checksum at this place.
    fn summed(&self, mut payload: Vec<u8>, at: usize) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = match (self.source, self.destination) {
            (IpAddr::V4(_), _) if self.protocol == 1 => Vec::new(),
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                [&source.octets()[..], &destination.octets(), &[0, self.protocol], &length[2..]].concat()
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                [&source.octets()[..], &destination.octets(), &length, &[0, 0, 0, self.protocol]].concat()
            }
            families => panic!("{families:?}"),
        };
        let sum = checksum(&[head, payload.clone()].concat());
        payload[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        payload
    }
}

/// The checksum of the Internet (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

/// Digits for the program.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
