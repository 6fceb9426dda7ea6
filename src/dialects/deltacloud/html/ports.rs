//! What ports and ICMP types are called.

use deltawall_core::{IcmpType, PortRange, Protocol};

/// What a service is spoken over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Tcp,
    Udp,
    Both,
}

use Over::{Both, Tcp, Udp};

/// Services that firewalls are most often opened for: the port that each has unless it is given another, what it is spoken
/// over there, and what people call it, which is not always its name in IANA's registry.
const SERVICES: [(u16, Over, &str); 36] = [
    (20, Tcp, "ftp-data"),
    (21, Tcp, "ftp"),
    (22, Tcp, "ssh"),
    (23, Tcp, "telnet"),
    (25, Tcp, "smtp"),
    (53, Both, "dns"),
    (67, Udp, "dhcp"),
    (69, Udp, "tftp"),
    (80, Tcp, "http"),
    (88, Both, "kerberos"),
    (110, Tcp, "pop3"),
    (111, Both, "rpc"),
    (123, Udp, "ntp"),
    (143, Tcp, "imap"),
    (161, Udp, "snmp"),
    (179, Tcp, "bgp"),
    (389, Tcp, "ldap"),
    (443, Both, "https"),
    (445, Tcp, "smb"),
    (465, Tcp, "smtps"),
    (500, Udp, "ike"),
    (514, Udp, "syslog"),
    (587, Tcp, "submission"),
    (636, Tcp, "ldaps"),
    (853, Tcp, "dns over tls"),
    (993, Tcp, "imaps"),
    (995, Tcp, "pop3s"),
    (1433, Tcp, "mssql"),
    (1521, Tcp, "oracle"),
    (2049, Both, "nfs"),
    (3306, Tcp, "mysql"),
    (3389, Both, "rdp"),
    (5432, Tcp, "postgresql"),
    (5900, Tcp, "vnc"),
    (6379, Tcp, "redis"),
    (27017, Tcp, "mongodb"),
];

/// ICMP's own names of its messages (RFC 792), of those that rules are made for.
const ICMP_TYPES: [(u8, &str); 5] =
    [(0, "echo reply"), (3, "unreachable"), (5, "redirect"), (8, "echo request"), (11, "time exceeded")];

/// ICMPv6's (RFC 4443, RFC 4861).
const ICMPV6_TYPES: [(u8, &str); 8] = [
    (1, "unreachable"),
    (2, "packet too big"),
    (3, "time exceeded"),
    (128, "echo request"),
    (129, "echo reply"),
    (133, "router solicitation"),
    (135, "neighbour solicitation"),
    (136, "neighbour advertisement"),
];

/// A protocol as people write it.
pub(super) fn protocol(protocol: &Protocol) -> String {
    match protocol {
        Protocol::Tcp(_) => "TCP".into(),
        Protocol::Udp(_) => "UDP".into(),
        Protocol::TcpUdp(_) => "TCP and UDP".into(),
        Protocol::Icmp(_) => "ICMP".into(),
        Protocol::Icmpv6(_) => "ICMPv6".into(),
        Protocol::Number(number) => format!("protocol {number}"),
        Protocol::All | Protocol::Unnamed => "any".into(),
    }
}

/// A protocol's ports or types as people write them, and what those are called.
pub(super) fn ports(protocol: &Protocol) -> (String, Option<&'static str>) {
    match protocol {
        Protocol::Tcp(ports) => range(*ports, Tcp),
        Protocol::Udp(ports) => range(*ports, Udp),
        Protocol::TcpUdp(ports) => range(*ports, Both),
        Protocol::Icmp(icmp) => messages(*icmp, &ICMP_TYPES),
        Protocol::Icmpv6(icmp) => messages(*icmp, &ICMPV6_TYPES),
        Protocol::Number(_) | Protocol::All | Protocol::Unnamed => ("all".into(), None),
    }
}

fn range(ports: PortRange, over: Over) -> (String, Option<&'static str>) {
    let is_at = |port, used| port == ports.from() && (used == over || used == Both || over == Both);
    let service = SERVICES.iter().find(|(port, used, _)| is_at(*port, *used)).map(|(.., name)| *name);
    match (ports.from(), ports.to()) {
        (0, u16::MAX) => ("all".into(), None),
        (from, to) if from == to => (from.to_string(), service),
        (from, to) => (format!("{from}–{to}"), None),
    }
}

fn messages(icmp: IcmpType, names: &[(u8, &'static str)]) -> (String, Option<&'static str>) {
    let name_of = |kind| names.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name);
    match icmp {
        IcmpType::Any => ("all".into(), None),
        IcmpType::Type(kind) => (format!("type {kind}"), name_of(kind)),
        IcmpType::Code(kind, code) => (format!("type {kind}, code {code}"), name_of(kind)),
    }
}
