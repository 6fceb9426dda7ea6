//! What ports and ICMP types are called.

use deltawall_core::{IcmpType, PortRange, Protocol};

/// Services that firewalls are most often opened for, by the names that IANA's registry has for their ports.
const SERVICES: [(u16, &str); 36] = [
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (53, "dns"),
    (67, "dhcp"),
    (69, "tftp"),
    (80, "http"),
    (88, "kerberos"),
    (110, "pop3"),
    (111, "rpc"),
    (123, "ntp"),
    (143, "imap"),
    (161, "snmp"),
    (179, "bgp"),
    (389, "ldap"),
    (443, "https"),
    (445, "smb"),
    (465, "smtps"),
    (500, "ike"),
    (514, "syslog"),
    (587, "submission"),
    (636, "ldaps"),
    (853, "dns over tls"),
    (993, "imaps"),
    (995, "pop3s"),
    (1433, "mssql"),
    (1521, "oracle"),
    (2049, "nfs"),
    (3306, "mysql"),
    (3389, "rdp"),
    (5432, "postgresql"),
    (5900, "vnc"),
    (6379, "redis"),
    (27017, "mongodb"),
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
        Protocol::Tcp(ports) | Protocol::Udp(ports) | Protocol::TcpUdp(ports) => range(*ports),
        Protocol::Icmp(icmp) => messages(*icmp, &ICMP_TYPES),
        Protocol::Icmpv6(icmp) => messages(*icmp, &ICMPV6_TYPES),
        Protocol::Number(_) | Protocol::All | Protocol::Unnamed => ("all".into(), None),
    }
}

fn range(ports: PortRange) -> (String, Option<&'static str>) {
    match (ports.from(), ports.to()) {
        (0 | 1, u16::MAX) => ("all".into(), None),
        (from, to) if from == to => (from.to_string(), name_of(from, &SERVICES)),
        (from, to) => (format!("{from}–{to}"), None),
    }
}

fn messages(icmp: IcmpType, names: &[(u8, &'static str)]) -> (String, Option<&'static str>) {
    match icmp {
        IcmpType::Any => ("all".into(), None),
        IcmpType::Type(kind) => (format!("type {kind}"), name_of(kind, names)),
        IcmpType::Code(kind, code) => (format!("type {kind}, code {code}"), name_of(kind, names)),
    }
}

fn name_of<T: PartialEq>(number: T, names: &[(T, &'static str)]) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}
