//! Traffic as people write it: `tcp/22 from 203.0.113.0/24`.

use std::fmt;
use std::str::FromStr;

use crate::address_range::{AddressRange, InvalidAddressRange};
use crate::cidr::{Cidr, InvalidCidr};
use crate::conditions::Conditions;
use crate::limit::LimitSide;
use crate::model::Direction;
use crate::source::Source;
use crate::traffic::service::{InvalidService, Service};

/// Some traffic, as a rule would say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Which way.
    pub direction: Direction,
    /// By which protocol, to which ports.
    pub service: Service,
    /// From where (egress: to where): any of them. All addresses are `0.0.0.0/0` and `::/0`.
    pub sources: Vec<Source>,
    /// What else has to be so, if anything; ports are in the service.
    pub conditions: Option<Box<Conditions>>,
}

/// Why a text names no traffic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTraffic {
    /// There is neither `from` nor `to`.
    #[error(
        "is not PROTOCOL/PORT from ADDRESSES, or for egress PROTOCOL/PORT to ADDRESSES, such as tcp/22 from 203.0.113.0/24"
    )]
    Form,
    /// What comes before is no service.
    #[error("'{0}' {1}")]
    Service(String, InvalidService),
    /// What comes behind is no address.
    #[error("'{0}' {1}")]
    Address(String, InvalidCidr),
    /// What comes behind is no range.
    #[error("'{0}' {1}")]
    Range(String, InvalidAddressRange),
}

impl FromStr for Traffic {
    type Err = InvalidTraffic;

    /// Reads `SERVICE from SOURCES` for ingress and `SERVICE to SOURCES` for egress. Sources are addresses, networks and ranges, with
    /// commas between them.
    fn from_str(text: &str) -> Result<Self, InvalidTraffic> {
        let mut words = text.splitn(3, ' ').map(str::trim);
        let (Some(service), Some(way), Some(sources)) = (words.next(), words.next(), words.next()) else {
            return Err(InvalidTraffic::Form);
        };
        let direction = match way {
            "from" => Direction::Ingress,
            "to" => Direction::Egress,
            _ => return Err(InvalidTraffic::Form),
        };
        let service = service.parse().map_err(|why| InvalidTraffic::Service(service.to_owned(), why))?;
        let sources = sources.split(',').map(|text| source(text.trim())).collect::<Result<_, _>>()?;
        Ok(Self { direction, service, sources, conditions: None })
    }
}

fn source(text: &str) -> Result<Source, InvalidTraffic> {
    if text.contains('-') {
        let range = text.parse::<AddressRange>();
        return range.map(Source::Range).map_err(|why| InvalidTraffic::Range(text.to_owned(), why));
    }
    text.parse::<Cidr>().map(Source::Address).map_err(|why| InvalidTraffic::Address(text.to_owned(), why))
}

/// As it is read, and then what else has to be so.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.direction == Direction::Ingress { "from" } else { "to" };
        write!(f, "{} {way} ", self.service)?;
        for (index, source) in self.sources.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{source}")?;
        }
        let Some(conditions) = &self.conditions else { return Ok(()) };
        let Conditions { more_ports: _, interface, states, limit, mac, packet_type } = &**conditions;
        if let Some(interface) = interface {
            write!(f, ", by interface {interface}")?;
        }
        if let Some(states) = states {
            write!(f, ", in state {states}")?;
        }
        if let Some(mac) = mac {
            write!(f, ", {way} {mac}")?;
        }
        if let Some(kind) = packet_type {
            write!(f, ", {}", kind.name())?;
        }
        match limit {
            Some(limit) if limit.side == LimitSide::Within => write!(f, ", within {limit}"),
            Some(limit) => write!(f, ", {limit}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "tcp/443 from 203.0.113.9/32",
            "udp/53 to 10.0.0.0/8",
            "icmp/8 from 0.0.0.0/0",
            "icmp from 10.0.0.0/8, 192.0.2.1-192.0.2.9, ::/0",
            "tcp/80-90 from 10.0.0.0/8",
            "any from ::/0",
        ] {
            assert_eq!(text.parse::<Traffic>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused_and_named() {
        for (text, why) in [
            (
                "",
                "is not PROTOCOL/PORT from ADDRESSES, or for egress PROTOCOL/PORT to ADDRESSES, such as tcp/22 from 203.0.113.0/24",
            ),
            (
                "tcp/22 in 10.0.0.0/8",
                "is not PROTOCOL/PORT from ADDRESSES, or for egress PROTOCOL/PORT to ADDRESSES, such as tcp/22 from 203.0.113.0/24",
            ),
            (
                "tpc/22 from 10.0.0.0/8",
                "'tpc/22' is not tcp/PORT, tcp/FROM-TO, udp/…, icmp, icmp/TYPE, icmp/TYPE/CODE, icmpv6/…, a protocol's number, or any",
            ),
            (
                "tcp/22 from 10.0.0.0/8, web",
                "'web' is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32",
            ),
            ("tcp/22 from 10.0.0.9-10.0.0.1", "'10.0.0.9-10.0.0.1' ends before it starts"),
        ] {
            assert_eq!(text.parse::<Traffic>().unwrap_err().to_string(), why);
        }
    }
}
