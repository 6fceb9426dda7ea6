//! Protocols with their ports, as numbers on one line, so that what lies between two of them can be told.

use std::fmt;
use std::str::FromStr;

use crate::protocol::{IcmpType, PortRange, Protocol};

/// Some traffic by its protocol: whole protocols from one number to another; or of one protocol some ports, some ICMP types, or some
/// codes of an ICMP type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    first: u32,
    last: u32,
}

/// Why a text is no service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not tcp/PORT, tcp/FROM-TO, udp/…, icmp, icmp/TYPE, icmp/TYPE/CODE, icmpv6/…, a protocol's number, or any")]
pub struct InvalidService;

/// From one number on the line up to another that is not included.
pub(super) type Numbers = (u32, u32);

/// All there is: 65,536 numbers for each of 256 protocols, whether it has ports or not.
pub(super) const ALL: Numbers = (0, 256 << BITS);

const BITS: u32 = 16;
const LAST: u32 = (1 << BITS) - 1;
const ICMP: u32 = 1;
const TCP: u32 = 6;
const UDP: u32 = 17;
const ICMPV6: u32 = 58;

impl Service {
    /// Every protocol and port.
    pub const ANY: Self = Self { first: ALL.0, last: ALL.1 - 1 };

    /// As a rule says it; none where no rule says just this, such as ICMP types from one to another.
    pub fn as_protocol(&self) -> Option<Protocol> {
        if *self == Self::ANY {
            return Some(Protocol::All);
        }
        let (protocol, from, to) = self.of_one()?;
        let ports = || PortRange::new(i32::from(from), i32::from(to)).ok();
        match u32::from(protocol) {
            TCP => ports().map(Protocol::Tcp),
            UDP => ports().map(Protocol::Udp),
            ICMP => icmp_type(from, to).map(Protocol::Icmp),
            ICMPV6 => icmp_type(from, to).map(Protocol::Icmpv6),
            _ => Some(Protocol::Number(protocol)),
        }
    }

    /// The numbers on the line.
    pub(super) fn numbers(&self) -> Numbers {
        (self.first, self.last + 1)
    }

    /// Whether a packet can be just this: it has one protocol, and one port where that has ports. A type of ICMP will do.
    pub(super) fn is_one(&self) -> bool {
        let Some((protocol, from, to)) = self.of_one() else { return false };
        match u32::from(protocol) {
            TCP | UDP => from == to,
            ICMP | ICMPV6 => from >> 8 == to >> 8,
            _ => true,
        }
    }

    /// What a rule for this protocol and these further ports matches, in any order.
    pub(super) fn numbers_of(protocol: Protocol, more_ports: &[PortRange]) -> Vec<Numbers> {
        let of = |protocol: u32, first: u16, last: u16| {
            let start = protocol << BITS;
            (start + u32::from(first), start + u32::from(last) + 1)
        };
        let ports = |protocol, named: PortRange| {
            let all = std::iter::once(named).chain(more_ports.iter().copied());
            all.map(move |ports| of(protocol, ports.from(), ports.to()))
        };
        let icmp = |protocol, kind| match kind {
            IcmpType::Any => of(protocol, 0, u16::MAX),
            IcmpType::Type(kind) => of(protocol, u16::from_be_bytes([kind, 0]), u16::from_be_bytes([kind, u8::MAX])),
            IcmpType::Code(kind, code) => {
                let number = u16::from_be_bytes([kind, code]);
                of(protocol, number, number)
            }
        };
        match protocol {
            Protocol::Tcp(named) => ports(TCP, named).collect(),
            Protocol::Udp(named) => ports(UDP, named).collect(),
            Protocol::TcpUdp(named) => ports(TCP, named).chain(ports(UDP, named)).collect(),
            Protocol::Icmp(kind) => vec![icmp(ICMP, kind)],
            Protocol::Icmpv6(kind) => vec![icmp(ICMPV6, kind)],
            Protocol::Number(number) => vec![of(number.into(), 0, u16::MAX)],
            Protocol::All | Protocol::Unnamed => vec![ALL],
        }
    }

    /// The fewest services that together are these numbers.
    pub(super) fn divided((from, to): Numbers) -> Vec<Self> {
        let mut services = Vec::new();
        for (from, to) in in_blocks((from, to), BITS) {
            let is_icmp = matches!(from >> BITS, ICMP | ICMPV6) && from >> BITS == (to - 1) >> BITS;
            let parts = if is_icmp && to - from <= LAST { in_blocks((from, to), 8) } else { vec![(from, to)] };
            services.extend(parts.into_iter().map(|(from, to)| Self { first: from, last: to - 1 }));
        }
        services
    }

    /// The protocol, and the first and the last of its numbers; none where there are several protocols.
    fn of_one(&self) -> Option<(u8, u16, u16)> {
        let low = |number: u32| u16::try_from(number & LAST).ok();
        let protocol = u8::try_from(self.first >> BITS).ok()?;
        (self.first >> BITS == self.last >> BITS).then_some((protocol, low(self.first)?, low(self.last)?))
    }
}

/// Cut so that each part is of whole blocks of so many bits, or within one.
fn in_blocks((from, to): Numbers, bits: u32) -> Vec<Numbers> {
    let up = (from + (1 << bits) - 1) >> bits << bits;
    let down = to >> bits << bits;
    let cuts = if up <= down { [(from, up), (up, down), (down, to)] } else { [(from, to), (to, to), (to, to)] };
    cuts.into_iter().filter(|(from, to)| from < to).collect()
}

fn icmp_type(from: u16, to: u16) -> Option<IcmpType> {
    let ([kind, code], [last_kind, last_code]) = (from.to_be_bytes(), to.to_be_bytes());
    match (code, last_code) {
        _ if (from, to) == (0, u16::MAX) => Some(IcmpType::Any),
        (0, u8::MAX) if kind == last_kind => Some(IcmpType::Type(kind)),
        _ if from == to => Some(IcmpType::Code(kind, code)),
        _ => None,
    }
}

/// As it is read: `tcp/22`, `tcp/80-90`, `udp`, `icmp/3/4`, `icmp/0-7`, `47`, `7-255`, `any`.
impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("any");
        }
        let Some((protocol, from, to)) = self.of_one() else {
            return Between(self.first >> BITS, self.last >> BITS).fmt(f);
        };
        let is_icmp = matches!(u32::from(protocol), ICMP | ICMPV6);
        match u32::from(protocol) {
            TCP => f.write_str("tcp")?,
            UDP => f.write_str("udp")?,
            ICMP => f.write_str("icmp")?,
            ICMPV6 => f.write_str("icmpv6")?,
            _ => return protocol.fmt(f),
        }
        let ([kind, code], [last_kind, last_code]) = (from.to_be_bytes(), to.to_be_bytes());
        match (code, last_code) {
            _ if (from, to) == (0, u16::MAX) => Ok(()),
            _ if !is_icmp => write!(f, "/{}", Between(from, to)),
            (0, u8::MAX) => write!(f, "/{}", Between(kind, last_kind)),
            _ => write!(f, "/{kind}/{}", Between(code, last_code)),
        }
    }
}

struct Between<T>(T, T);

impl<T: fmt::Display + PartialEq> fmt::Display for Between<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == self.1 { self.0.fmt(f) } else { write!(f, "{}-{}", self.0, self.1) }
    }
}

impl FromStr for Service {
    type Err = InvalidService;

    /// Reads what is written, names in any case.
    fn from_str(text: &str) -> Result<Self, InvalidService> {
        let (name, numbers) = text.split_once('/').map_or((text, None), |(name, numbers)| (name, Some(numbers)));
        let protocol = match &*name.to_ascii_lowercase() {
            "any" if numbers.is_none() => return Ok(Self::ANY),
            "tcp" => TCP,
            "udp" => UDP,
            "icmp" => ICMP,
            "icmpv6" => ICMPV6,
            _ if numbers.is_none() => {
                let (first, last) = between::<u8>(name)?;
                return Ok(Self { first: u32::from(first) << BITS, last: u32::from(last) << BITS | LAST });
            }
            _ => return Err(InvalidService),
        };
        let (first, last) = match numbers {
            None => (0, u16::MAX),
            Some(ports) if matches!(protocol, TCP | UDP) => between(ports)?,
            Some(types) => {
                let (kinds, codes) = match types.split_once('/') {
                    Some((kind, codes)) => ((number(kind)?, number(kind)?), between(codes)?),
                    None => (between(types)?, (0, u8::MAX)),
                };
                (u16::from_be_bytes([kinds.0, codes.0]), u16::from_be_bytes([kinds.1, codes.1]))
            }
        };
        let start = protocol << BITS;
        Ok(Self { first: start | u32::from(first), last: start | u32::from(last) })
    }
}

/// `FROM-TO`, or one number.
fn between<T: FromStr + Copy + PartialOrd>(text: &str) -> Result<(T, T), InvalidService> {
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(text)?, number(text)?),
    };
    if first <= last { Ok((first, last)) } else { Err(InvalidService) }
}

/// Digits alone: no sign, no space.
fn number<T: FromStr>(text: &str) -> Result<T, InvalidService> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain).ok_or(InvalidService)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "any",
            "tcp",
            "tcp/22",
            "tcp/0-22",
            "udp/80-90",
            "icmp",
            "icmp/8",
            "icmp/0-7",
            "icmp/3/4",
            "icmp/3/0-3",
            "icmpv6/128/0",
            "47",
            "7-255",
            "0-5",
        ] {
            assert_eq!(text.parse::<Service>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "tcp/",
            "tcp/65536",
            "tcp/2-1",
            "tcp/+1",
            "gre",
            "256",
            "47/1",
            "any/1",
            "icmp/256",
            "icmp/1-2/0",
            "tcp/1/2",
        ] {
            assert_eq!(text.parse::<Service>(), Err(InvalidService), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn divided_numbers_are_all_there_and_read_back(a in 0..ALL.1, length in 1..300_000_u32) {
            let numbers = (a, a.saturating_add(length).min(ALL.1));
            let services = Service::divided(numbers);
            let mut from = numbers.0;
            for service in services {
                prop_assert_eq!(service.numbers().0, from);
                from = service.numbers().1;
                // Protocols without ports come whole.
                if service.of_one().is_some_and(|(protocol, ..)| [1, 6, 17, 58].contains(&protocol)) {
                    prop_assert_eq!(service.to_string().parse(), Ok(service));
                }
            }
            prop_assert_eq!(from, numbers.1);
        }
    }
}
