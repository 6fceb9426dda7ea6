//! What else has to be so for a rule to match, beside protocol, direction and sources.
//!
//! Each of these is a capability of its own ([`ConditionCapabilities`](crate::ConditionCapabilities)): few clouds have any, and a host's
//! own filter has all.

use std::fmt;
use std::str::FromStr;

use crate::limit::{Limit, LimitUnit};
use crate::protocol::{PortRange, Protocol};

/// What else has to be so for a rule to match. By default nothing has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Conditions {
    /// Ports beside those that the protocol names, in the client's order: a list of ports is one rule. Any of them matches.
    pub more_ports: Vec<PortRange>,
    /// The interface that traffic comes in by; for egress, goes out by.
    pub interface: Option<InterfaceName>,
    /// The states that its connection may be in.
    pub states: Option<States>,
    /// How much of it there may be, or must be, in a time.
    pub limit: Option<Limit>,
    /// The hardware address that it comes from; for egress, goes to.
    pub mac: Option<MacAddress>,
    /// For how many it is meant.
    pub packet_type: Option<PacketType>,
}

/// Why conditions cannot be those of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConditions {
    /// There are more ports, and the protocol has none.
    #[error("a list of ports needs tcp, udp or tcp-udp")]
    PortsWithoutPorts,
    /// New connections are counted, in a rule that never sees any.
    #[error("a limit of new connections never applies to a rule for other states")]
    NeverNew,
}

/// A network interface of the host: what Linux takes as a name, `*` left out, since filters read it as any end of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(String);

/// Why a text is not the name of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not the name of an interface: 1 to 15 visible characters of ASCII, none of them '/', ':', '*', '\"' or '\\', and not '.' or '..'"
)]
pub struct InvalidInterfaceName;

/// States of a connection, as the kernel that filters it tracks them. At least one, or a rule would match nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct States {
    new: bool,
    established: bool,
    related: bool,
}

/// A state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Its first packet.
    New,
    /// Packets have gone both ways.
    Established,
    /// It belongs to another, as an FTP transfer or an ICMP error does.
    Related,
}

/// Why a text names no states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a list of connection states: one or more of new, established, related")]
pub struct InvalidStates;

/// A hardware address of six bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress([u8; 6]);

/// Why a text is no hardware address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a MAC address, such as 00:1b:63:84:45:e6")]
pub struct InvalidMacAddress;

/// For how many receivers a packet is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PacketType {
    /// One.
    Unicast,
    /// All on the link.
    Broadcast,
    /// Those that joined a group.
    Multicast,
}

impl Conditions {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether they can be those of a rule for this protocol.
    ///
    /// # Errors
    /// When they contradict it, or each other.
    pub fn check(&self, protocol: Protocol) -> Result<(), InvalidConditions> {
        let has_ports = matches!(protocol, Protocol::Tcp(_) | Protocol::Udp(_) | Protocol::TcpUdp(_));
        if !self.more_ports.is_empty() && !has_ports {
            return Err(InvalidConditions::PortsWithoutPorts);
        }
        let counts_new = self.limit.is_some_and(|limit| limit.unit == LimitUnit::NewConnections);
        if counts_new && self.states.is_some_and(|states| !states.has(State::New)) {
            return Err(InvalidConditions::NeverNew);
        }
        Ok(())
    }
}

/// Names that nft (1.0.6) reads as something else in its JSON: protocols, and a statement.
const MISREAD_BY_NFT: [&str; 10] = ["tcp", "udp", "icmp", "ah", "esp", "comp", "sctp", "dccp", "udplite", "redirect"];

impl InterfaceName {
    /// Whether nft would read it as something else than a name: it has these words, and sets begin with `@`.
    pub fn is_misread_by_nft(&self) -> bool {
        self.0.starts_with('@') || MISREAD_BY_NFT.contains(&&*self.0)
    }

    /// Takes a name as it is.
    ///
    /// # Errors
    /// When no interface can have it.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidInterfaceName> {
        let text = text.into();
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"/:*\"\\".contains(&byte);
        match (1..=15).contains(&text.len()) && text.bytes().all(is_allowed) && text != "." && text != ".." {
            true => Ok(Self(text)),
            false => Err(InvalidInterfaceName),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl State {
    /// All states, in the order in which they are written.
    pub const ALL: [Self; 3] = [Self::New, Self::Established, Self::Related];

    /// `new`, `established` or `related`.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Established => "established",
            Self::Related => "related",
        }
    }
}

impl States {
    /// These states; none where there are none.
    pub fn of(states: impl IntoIterator<Item = State>) -> Option<Self> {
        let mut these = Self { new: false, established: false, related: false };
        for state in states {
            match state {
                State::New => these.new = true,
                State::Established => these.established = true,
                State::Related => these.related = true,
            }
        }
        (these.new || these.established || these.related).then_some(these)
    }

    /// Whether this state is among them.
    pub fn has(self, state: State) -> bool {
        match state {
            State::New => self.new,
            State::Established => self.established,
            State::Related => self.related,
        }
    }

    /// The states in the order of [`State::ALL`].
    pub fn iter(self) -> impl Iterator<Item = State> {
        State::ALL.into_iter().filter(move |state| self.has(*state))
    }
}

impl FromStr for States {
    type Err = InvalidStates;

    /// Reads names in any case and order, with commas between them.
    fn from_str(text: &str) -> Result<Self, InvalidStates> {
        let named = |name: &str| {
            let name = name.trim();
            State::ALL.into_iter().find(|state| name.eq_ignore_ascii_case(state.name())).ok_or(InvalidStates)
        };
        Self::of(text.split(',').map(named).collect::<Result<Vec<_>, _>>()?).ok_or(InvalidStates)
    }
}

/// `new,established`.
impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, state) in self.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{}", state.name())?;
        }
        Ok(())
    }
}

impl MacAddress {
    /// The address of these six bytes.
    pub fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

impl FromStr for MacAddress {
    type Err = InvalidMacAddress;

    /// Reads six pairs of hexadecimal digits, with `:` or `-` between all of them.
    fn from_str(text: &str) -> Result<Self, InvalidMacAddress> {
        let separator = if text.contains('-') { '-' } else { ':' };
        let mut parts = text.split(separator);
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            let part = parts.next().ok_or(InvalidMacAddress)?;
            let is_pair = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            *byte = u8::from_str_radix(part, 16).ok().filter(|_| is_pair).ok_or(InvalidMacAddress)?;
        }
        if parts.next().is_some() { Err(InvalidMacAddress) } else { Ok(Self(bytes)) }
    }
}

/// In lower case, with `:` between the pairs.
impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl PacketType {
    /// All types.
    pub const ALL: [Self; 3] = [Self::Unicast, Self::Broadcast, Self::Multicast];

    /// `unicast`, `broadcast` or `multicast`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unicast => "unicast",
            Self::Broadcast => "broadcast",
            Self::Multicast => "multicast",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["new", "established,related", "new,established,related"] {
            assert_eq!(text.parse::<States>().unwrap().to_string(), text);
        }
        assert_eq!("00-1B-63-84-45-E6".parse::<MacAddress>().unwrap().to_string(), "00:1b:63:84:45:e6");
        assert_eq!(" NEW, Established ".parse::<States>().unwrap().to_string(), "new,established");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "new,", "any", "new established"] {
            assert_eq!(text.parse::<States>(), Err(InvalidStates), "{text:?}");
        }
        for text in [
            "",
            "00:1b:63:84:45",
            "00:1b:63:84:45:e6:00",
            "00:1b-63:84:45:e6",
            "0:01b:63:84:45:e6",
            "+0:1b:63:84:45:e6",
        ] {
            assert_eq!(text.parse::<MacAddress>(), Err(InvalidMacAddress), "{text:?}");
        }
        for text in ["", ".", "..", "a/b", "a b", "eth*", "0123456789abcdef", "é"] {
            assert_eq!(InterfaceName::new(text), Err(InvalidInterfaceName), "{text:?}");
        }
        InterfaceName::new("eth0.100").unwrap();
    }
}
