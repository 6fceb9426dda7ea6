//! Protocols together with the ports they need, so that neither can be had without the other.

use std::borrow::Cow;

/// The traffic that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP to these ports.
    Tcp(PortRange),
    /// UDP to these ports.
    Udp(PortRange),
    /// TCP and UDP to these ports, one rule on FGCP.
    TcpUdp(PortRange),
    /// ICMP messages of this type.
    Icmp(IcmpType),
    /// ICMP messages of this type, for IPv6.
    Icmpv6(IcmpType),
    /// Another protocol, by its IANA number.
    Number(u8),
    /// Every protocol and port, which EC2 writes as -1.
    All,
    /// Whatever there is: the rule names no protocol, as FGCP's default rule.
    Unnamed,
}

/// Ports from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortRange {
    from: u16,
    to: u16,
}

/// An ICMP type and code, each possibly any; a code without a type means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IcmpType {
    /// Every message.
    Any,
    /// Every message of a type.
    Type(u8),
    /// One code of a type.
    Code(u8, u8),
}

/// Why a protocol and its two numbers do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProtocol {
    /// Not a protocol that can be named in a rule.
    #[error("protocol '{0}' is not one of tcp, udp, tcp-udp, icmp, icmpv6, a protocol's number, or -1 for all")]
    Unknown(String),
    /// Ports, or type and code, that are missing.
    #[error("protocol {0} needs two numbers")]
    NumbersMissing(&'static str),
    /// Ports for a protocol that has none.
    #[error("ports cannot be chosen for this protocol: a rule for it is for all of it")]
    NumbersGiven,
    /// A port outside 0 to 65535.
    #[error("port {0} is not between 0 and 65535")]
    Port(i32),
    /// A range that ends before it starts.
    #[error("the port range {0} to {1} ends before it starts")]
    Reversed(u16, u16),
    /// An ICMP type or code outside -1 to 255.
    #[error("ICMP type or code {0} is not between 0 and 255, nor -1 for any")]
    Icmp(i32),
    /// An ICMP code without a type.
    #[error("ICMP code {0} needs a type: -1 for any type goes with code -1")]
    CodeWithoutType(u8),
}

impl Protocol {
    /// Puts a protocol's name (any case) or number and its two numbers together: ports, or for ICMP type and code, -1 for
    /// any. A protocol that has no ports has no numbers; -1 and -1 count as none.
    ///
    /// # Errors
    /// When the name is unknown or the numbers are not ones that the protocol can have.
    pub fn from_parts(name: &str, numbers: Option<(i32, i32)>) -> Result<Self, InvalidProtocol> {
        let ports = |name| {
            let (from, to) = numbers.ok_or(InvalidProtocol::NumbersMissing(name))?;
            PortRange::new(from, to)
        };
        let icmp = |name| {
            let (kind, code) = numbers.ok_or(InvalidProtocol::NumbersMissing(name))?;
            IcmpType::new(kind, code)
        };
        let no_ports = |protocol| match numbers {
            None | Some((-1, -1)) => Ok(protocol),
            Some(_) => Err(InvalidProtocol::NumbersGiven),
        };
        // However it is spelled: `006` is TCP too.
        let number = name.parse::<u8>().ok();
        let is = |known: &str, its_number| name.eq_ignore_ascii_case(known) || number == Some(its_number);
        match (name, number) {
            _ if is("tcp", 6) => ports("tcp").map(Self::Tcp),
            _ if is("udp", 17) => ports("udp").map(Self::Udp),
            _ if name.eq_ignore_ascii_case("tcp-udp") => ports("tcp-udp").map(Self::TcpUdp),
            _ if is("icmp", 1) => icmp("icmp").map(Self::Icmp),
            _ if is("icmpv6", 58) => icmp("icmpv6").map(Self::Icmpv6),
            ("-1", _) => no_ports(Self::All),
            ("", _) => no_ports(Self::Unnamed),
            (_, Some(number)) => no_ports(Self::Number(number)),
            (_, None) => Err(InvalidProtocol::Unknown(name.to_owned())),
        }
    }

    /// The protocol's name in lower case, or its number; none where the rule names no protocol.
    pub fn name(&self) -> Option<Cow<'static, str>> {
        let name = match self {
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::TcpUdp(_) => "tcp-udp",
            Self::Icmp(_) => "icmp",
            Self::Icmpv6(_) => "icmpv6",
            Self::Number(number) => return Some(Cow::Owned(number.to_string())),
            Self::All => "-1",
            Self::Unnamed => return None,
        };
        Some(Cow::Borrowed(name))
    }

    /// First and last port, or ICMP type and code with -1 for any; none where the protocol has no such numbers.
    pub fn numbers(&self) -> Option<(i32, i32)> {
        match self {
            Self::Tcp(ports) | Self::Udp(ports) | Self::TcpUdp(ports) => Some((ports.from.into(), ports.to.into())),
            Self::Icmp(IcmpType::Any) | Self::Icmpv6(IcmpType::Any) => Some((-1, -1)),
            Self::Icmp(IcmpType::Type(kind)) | Self::Icmpv6(IcmpType::Type(kind)) => Some(((*kind).into(), -1)),
            Self::Icmp(IcmpType::Code(kind, code)) | Self::Icmpv6(IcmpType::Code(kind, code)) => {
                Some(((*kind).into(), (*code).into()))
            }
            Self::Number(_) | Self::All | Self::Unnamed => None,
        }
    }
}

impl PortRange {
    /// The ports `from` to `to`, both included.
    ///
    /// # Errors
    /// When one is outside 0 to 65535, or the range ends before it starts.
    pub fn new(from: i32, to: i32) -> Result<Self, InvalidProtocol> {
        let port = |number| u16::try_from(number).or(Err(InvalidProtocol::Port(number)));
        let (from, to) = (port(from)?, port(to)?);
        if from > to {
            return Err(InvalidProtocol::Reversed(from, to));
        }
        Ok(Self { from, to })
    }

    /// The first port.
    pub fn from(&self) -> u16 {
        self.from
    }

    /// The last port.
    pub fn to(&self) -> u16 {
        self.to
    }
}

impl IcmpType {
    /// The ICMP messages of type `kind` and code `code`, -1 standing for any.
    ///
    /// # Errors
    /// When one is outside -1 to 255, or a code comes without a type.
    pub fn new(kind: i32, code: i32) -> Result<Self, InvalidProtocol> {
        let byte = |number| match number {
            -1 => Ok(None),
            _ => u8::try_from(number).map(Some).or(Err(InvalidProtocol::Icmp(number))),
        };
        match (byte(kind)?, byte(code)?) {
            (None, None) => Ok(Self::Any),
            (Some(kind), None) => Ok(Self::Type(kind)),
            (Some(kind), Some(code)) => Ok(Self::Code(kind, code)),
            (None, Some(code)) => Err(InvalidProtocol::CodeWithoutType(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_given() {
        for (name, numbers) in [
            ("tcp", Some((0, 65535))),
            ("udp", Some((53, 53))),
            ("tcp-udp", Some((1, 2))),
            ("icmp", Some((-1, -1))),
            ("icmp", Some((8, -1))),
            ("icmpv6", Some((3, 4))),
            ("47", None),
            ("-1", None),
        ] {
            let protocol = Protocol::from_parts(&name.to_uppercase(), numbers).unwrap();
            assert_eq!((protocol.name().as_deref(), protocol.numbers()), (Some(name), numbers));
        }
        for (name, number) in [("tcp", "6"), ("udp", "017"), ("icmp", "+1"), ("icmpv6", "58")] {
            assert_eq!(Protocol::from_parts(number, Some((1, 2))), Protocol::from_parts(name, Some((1, 2))));
        }
        assert_eq!(Protocol::from_parts("-1", Some((-1, -1))), Ok(Protocol::All));
    }

    #[test]
    fn nonsense_is_refused() {
        use InvalidProtocol as Invalid;
        for (name, numbers, why) in [
            ("gre", Some((1, 1)), Invalid::Unknown("gre".into())),
            ("256", None, Invalid::Unknown("256".into())),
            ("tcp", None, Invalid::NumbersMissing("tcp")),
            ("006", None, Invalid::NumbersMissing("tcp")),
            ("47", Some((1, 1)), Invalid::NumbersGiven),
            ("-1", Some((22, 22)), Invalid::NumbersGiven),
            ("tcp", Some((-1, 1)), Invalid::Port(-1)),
            ("tcp", Some((1, 65536)), Invalid::Port(65536)),
            ("udp", Some((2, 1)), Invalid::Reversed(2, 1)),
            ("icmp", Some((256, -1)), Invalid::Icmp(256)),
            ("icmp", Some((-2, -1)), Invalid::Icmp(-2)),
            ("icmpv6", Some((-1, 0)), Invalid::CodeWithoutType(0)),
        ] {
            assert_eq!(Protocol::from_parts(name, numbers), Err(why));
        }
    }
}
