//! Services: a protocol, and ports of it.

use deltawall_core::{IcmpType, PortRange, Protocol};
use serde::{Deserialize, Serialize};

use super::id::Id;

/// A service that rules are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its id.
    pub id: Id,
    /// When it was made, in the order of all objects.
    pub made: u64,
    /// What it is called.
    pub name: String,
    /// What it is of.
    pub traffic: Traffic,
    /// Whether it is always there.
    #[serde(default, skip)]
    pub is_built_in: bool,
}

/// A protocol and its ports, as somebody wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// `TCP`, `UDP`, `ICMP`, or a protocol's number.
    protocol: String,
    /// Ports and ranges with commas between, types of ICMP messages; none for all.
    port: Option<String>,
}

/// Why a protocol and its ports are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTraffic {
    /// There is no such protocol.
    #[error("'{0}' is no protocol: TCP, UDP, ICMP, or a number from 0 to 255")]
    Protocol(String),
    /// These are no ports.
    #[error(
        "'{0}' is no port: a number from 0 to 65535, a range such as 1-52, or several of these with commas between"
    )]
    Port(String),
    /// These are no types.
    #[error("'{0}' is no type of ICMP messages: a number from 0 to 255, or several with commas between")]
    Type(String),
    /// The protocol has no ports.
    #[error("Protocol {0} has no ports: leave port out")]
    PortsOfNone(String),
}

/// How many ports a service lists, at the most.
const MAX_PORTS: usize = 100;

/// Those that are always there, in Halo's order.
const BUILT_IN: [(&str, &str, Option<&str>); 27] = [
    ("ssh", "TCP", Some("22")),
    ("http", "TCP", Some("80")),
    ("https", "TCP", Some("443")),
    ("echo", "UDP", Some("7")),
    ("dns query", "UDP", Some("53")),
    ("dns AXFR", "TCP", Some("53")),
    ("imap", "TCP", Some("143")),
    ("imap (secure)", "TCP", Some("993")),
    ("ldap", "TCP", Some("389")),
    ("mysql", "TCP", Some("3306")),
    ("postgresql", "TCP", Some("5432")),
    ("pop3 (secure)", "TCP", Some("995")),
    ("smtp", "TCP", Some("25")),
    ("smtps", "TCP", Some("465")),
    ("rdp", "TCP", Some("3389")),
    ("pop3", "TCP", Some("110")),
    ("ping", "ICMP", Some("8")),
    ("timestamp", "ICMP", Some("13")),
    ("address mask", "ICMP", Some("17")),
    ("IGRP", "9", None),
    ("IPV6 Encap", "41", None),
    ("GRE", "47", None),
    ("IPSec/ESP", "50", None),
    ("IPSec/AH", "51", None),
    ("L2TP", "115", None),
    ("ms sql", "TCP", Some("1433")),
    ("TCP-1443", "TCP", Some("1443")),
];

/// What a protocol's ports are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
    Icmp,
    Other(u8),
}

impl Service {
    /// Those that are always there.
    pub fn built_in() -> impl Iterator<Item = Self> {
        BUILT_IN.iter().map(|(name, protocol, port)| Self {
            id: Id::of(&["firewall_service", name]),
            made: 0,
            name: (*name).to_owned(),
            traffic: Traffic { protocol: (*protocol).to_owned(), port: port.map(str::to_owned) },
            is_built_in: true,
        })
    }
}

impl Traffic {
    /// Takes a protocol in any case, and its ports; none, or nothing, for all.
    ///
    /// # Errors
    /// When there is no such protocol, or it has no such ports.
    pub fn new(protocol: &str, port: Option<&str>) -> Result<Self, InvalidTraffic> {
        let protocol = protocol.trim().to_ascii_uppercase();
        let port: Option<String> = port.map(|port| port.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let traffic = Self { protocol, port: port.filter(|port| !port.is_empty()) };
        traffic.protocols().map(|_| traffic)
    }

    /// The protocol, as it is shown.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// The ports, as they are shown.
    pub fn port(&self) -> Option<&str> {
        self.port.as_deref()
    }

    /// What it comes to in the model: each protocol with the ports beside those that it names.
    ///
    /// # Errors
    /// When it is none.
    pub fn protocols(&self) -> Result<Vec<(Protocol, Vec<PortRange>)>, InvalidTraffic> {
        let kind =
            self.kind().ok_or_else(|| InvalidTraffic::Protocol(crate::text::shown(&self.protocol).to_string()))?;
        let ports = self.port.as_deref();
        match kind {
            Kind::Tcp | Kind::Udp => {
                let ports = ports.map_or_else(|| Ok(vec![all_ports()?]), read_ports);
                let ports = ports.map_err(|()| InvalidTraffic::Port(self.shown_port()))?;
                let Some((first, more)) = ports.split_first() else {
                    return Err(InvalidTraffic::Port(self.shown_port()));
                };
                let protocol = if kind == Kind::Tcp { Protocol::Tcp(*first) } else { Protocol::Udp(*first) };
                Ok(vec![(protocol, more.to_vec())])
            }
            Kind::Icmp => {
                let Some(types) = ports else { return Ok(vec![(Protocol::Icmp(IcmpType::Any), Vec::new())]) };
                let of_type = |text: &str| {
                    let number: u8 = plain_number(text)?;
                    Some((Protocol::Icmp(IcmpType::Type(number)), Vec::new()))
                };
                let types = types.split(',').map(of_type).take(MAX_PORTS + 1).collect::<Option<Vec<_>>>();
                types.filter(|types| types.len() <= MAX_PORTS).ok_or_else(|| InvalidTraffic::Type(self.shown_port()))
            }
            Kind::Other(_) if ports.is_some() => Err(InvalidTraffic::PortsOfNone(self.protocol.clone())),
            Kind::Other(58) => Ok(vec![(Protocol::Icmpv6(IcmpType::Any), Vec::new())]),
            Kind::Other(number) => Ok(vec![(Protocol::Number(number), Vec::new())]),
        }
    }

    fn shown_port(&self) -> String {
        crate::text::shown(self.port().unwrap_or_default()).to_string()
    }

    fn kind(&self) -> Option<Kind> {
        Some(match &*self.protocol {
            "TCP" => Kind::Tcp,
            "UDP" => Kind::Udp,
            "ICMP" => Kind::Icmp,
            number => match plain_number(number)? {
                6 => Kind::Tcp,
                17 => Kind::Udp,
                1 => Kind::Icmp,
                number => Kind::Other(number),
            },
        })
    }
}

/// A number without a sign.
fn plain_number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn all_ports() -> Result<PortRange, ()> {
    PortRange::new(0, u16::MAX.into()).or(Err(()))
}

fn read_ports(text: &str) -> Result<Vec<PortRange>, ()> {
    let range = |text: &str| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to): (u16, u16) = plain_number(from).zip(plain_number(to)).ok_or(())?;
        PortRange::new(from.into(), to.into()).or(Err(()))
    };
    let ports = text.split(',').take(MAX_PORTS + 1).map(range).collect::<Result<Vec<_>, _>>()?;
    if ports.len() > MAX_PORTS { Err(()) } else { Ok(ports) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_as_any_other() {
        assert_eq!(Service::built_in().count(), 27);
        for service in Service::built_in() {
            let traffic = &service.traffic;
            assert_eq!(Traffic::new(traffic.protocol(), traffic.port()).as_ref(), Ok(traffic), "{}", service.name);
        }
    }

    #[test]
    fn protocols_and_ports_are_read_as_they_come() {
        for (protocol, port, shown) in [
            ("tcp", Some("22"), ("TCP", Some("22"))),
            ("Udp", Some(" 1-52, 80 "), ("UDP", Some("1-52,80"))),
            ("TCP", Some(""), ("TCP", None)),
            ("icmp", Some("0,8"), ("ICMP", Some("0,8"))),
            ("47", None, ("47", None)),
        ] {
            let traffic = Traffic::new(protocol, port).unwrap();
            assert_eq!((traffic.protocol(), traffic.port()), shown);
        }
        let (protocols, more) = Traffic::new("TCP", Some("80,443,8000-8100")).unwrap().protocols().unwrap().remove(0);
        assert!(matches!(protocols, Protocol::Tcp(ports) if (ports.from(), ports.to()) == (80, 80)));
        assert_eq!(more.len(), 2);
    }

    #[test]
    fn nonsense_is_refused() {
        for (protocol, port) in [
            ("", None),
            ("SCTP", None),
            ("256", None),
            ("+6", None),
            ("TCP", Some("65536")),
            ("TCP", Some("80-22")),
            ("TCP", Some("22,")),
            ("TCP", Some("1:52")),
            ("UDP", Some("-1")),
            ("ICMP", Some("256")),
            ("ICMP", Some("0-8")),
            ("47", Some("1")),
        ] {
            assert!(Traffic::new(protocol, port).is_err(), "{protocol} {port:?}");
        }
        assert!(Traffic::new("TCP", Some(&vec!["1"; MAX_PORTS + 1].join(","))).is_err());
    }
}
