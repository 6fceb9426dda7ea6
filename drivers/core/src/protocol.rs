//! Protocols together with the ports they need, so that neither can be had without the other.

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
    /// Whatever there is, as in FGCP's default rule.
    Any,
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
    #[error("protocol '{0}' is not one of tcp, udp, tcp-udp, icmp")]
    Unknown(String),
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
    /// Puts a protocol's name (any case) and its two numbers together. For ICMP these are type and code, -1 for any.
    ///
    /// # Errors
    /// When the name is unknown or the numbers are not ones that the protocol can have.
    pub fn from_parts(name: &str, from: i32, to: i32) -> Result<Self, InvalidProtocol> {
        match name.to_ascii_lowercase().as_str() {
            "tcp" => Ok(Self::Tcp(PortRange::new(from, to)?)),
            "udp" => Ok(Self::Udp(PortRange::new(from, to)?)),
            "tcp-udp" => Ok(Self::TcpUdp(PortRange::new(from, to)?)),
            "icmp" => Ok(Self::Icmp(IcmpType::new(from, to)?)),
            _ => Err(InvalidProtocol::Unknown(name.to_owned())),
        }
    }

    /// The protocol's name in lower case; none where the rule names no protocol.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Tcp(_) => Some("tcp"),
            Self::Udp(_) => Some("udp"),
            Self::TcpUdp(_) => Some("tcp-udp"),
            Self::Icmp(_) => Some("icmp"),
            Self::Any => None,
        }
    }

    /// First and last port, or ICMP type and code with -1 for any; none where the rule names no protocol.
    pub fn numbers(&self) -> Option<(i32, i32)> {
        match self {
            Self::Tcp(ports) | Self::Udp(ports) | Self::TcpUdp(ports) => Some((ports.from.into(), ports.to.into())),
            Self::Icmp(IcmpType::Any) => Some((-1, -1)),
            Self::Icmp(IcmpType::Type(kind)) => Some(((*kind).into(), -1)),
            Self::Icmp(IcmpType::Code(kind, code)) => Some(((*kind).into(), (*code).into())),
            Self::Any => None,
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
        for (name, from, to) in
            [("tcp", 0, 65535), ("udp", 53, 53), ("tcp-udp", 1, 2), ("icmp", -1, -1), ("icmp", 8, -1), ("icmp", 3, 4)]
        {
            let protocol = Protocol::from_parts(&name.to_uppercase(), from, to).unwrap();
            assert_eq!((protocol.name(), protocol.numbers()), (Some(name), Some((from, to))));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        use InvalidProtocol as Invalid;
        for (name, from, to, why) in [
            ("gre", 1, 1, Invalid::Unknown("gre".into())),
            ("tcp", -1, 1, Invalid::Port(-1)),
            ("tcp", 1, 65536, Invalid::Port(65536)),
            ("udp", 2, 1, Invalid::Reversed(2, 1)),
            ("icmp", 256, -1, Invalid::Icmp(256)),
            ("icmp", -2, -1, Invalid::Icmp(-2)),
            ("icmp", -1, 0, Invalid::CodeWithoutType(0)),
        ] {
            assert_eq!(Protocol::from_parts(name, from, to), Err(why));
        }
    }
}
