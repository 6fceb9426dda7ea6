//! One packet, and what becomes of it.

use std::net::IpAddr;
use std::str::FromStr;

use crate::conditions::{InterfaceName, MacAddress, PacketType, State};
use crate::model::{Action, Direction};
use crate::source::{Group, Source};
use crate::text::PrefixListId;
use crate::traffic::service::Service;
use crate::traffic::text::{InvalidTraffic, Traffic};

/// A packet, as far as it is known. What is not known matches no rule that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Which way it goes.
    pub direction: Direction,
    /// Its protocol, and its port or ICMP type.
    service: Service,
    /// Where it comes from; for egress, where it goes to.
    pub address: IpAddr,
    /// The groups that stand there.
    pub groups: Vec<Group>,
    /// The lists that the address is in.
    pub prefix_lists: Vec<PrefixListId>,
    /// The interface that it comes in by; for egress, goes out by.
    pub interface: Option<InterfaceName>,
    /// The state of its connection.
    pub state: Option<State>,
    /// The hardware address that it comes from; for egress, goes to.
    pub mac: Option<MacAddress>,
    /// For how many it is meant.
    pub packet_type: Option<PacketType>,
    /// Whether it stays within all rates; otherwise it is on neither side of any.
    pub is_within_rates: bool,
}

/// Why a text names no packet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPacket {
    /// It names no traffic.
    #[error(transparent)]
    Traffic(#[from] InvalidTraffic),
    /// It names the traffic of many.
    #[error(
        "is not one packet: one protocol with one port or ICMP type, and one address, such as tcp/443 from 203.0.113.9"
    )]
    Many,
}

/// What becomes of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It does not pass, and nobody is told.
    Deny,
    /// It does not pass, and the sender is told.
    Reject,
    /// It is left to the firewalls that are tried after this one.
    Left,
    /// It passes.
    Accept,
}

/// What becomes of a packet, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What becomes of it.
    pub verdict: Verdict,
    /// The rule that decides, by its index; none where no rule matches and the default decides.
    pub rule: Option<usize>,
}

impl Packet {
    /// A packet of which no more is known than its protocol with its port or ICMP type, and its address.
    ///
    /// # Errors
    /// [`InvalidPacket::Many`] where the service is that of many packets.
    pub fn new(direction: Direction, service: Service, address: IpAddr) -> Result<Self, InvalidPacket> {
        if !service.is_one() {
            return Err(InvalidPacket::Many);
        }
        Ok(Self {
            direction,
            service,
            address,
            groups: Vec::new(),
            prefix_lists: Vec::new(),
            interface: None,
            state: None,
            mac: None,
            packet_type: None,
            is_within_rates: false,
        })
    }

    /// Its protocol, and its port or ICMP type.
    pub fn service(&self) -> Service {
        self.service
    }
}

impl FromStr for Packet {
    type Err = InvalidPacket;

    /// Reads what [`Traffic`] reads, of one packet: the first of its connection, and so few that they stay within all rates.
    fn from_str(text: &str) -> Result<Self, InvalidPacket> {
        let Traffic { direction, service, sources, conditions: _ } = text.parse()?;
        let address = match sources.as_slice() {
            [Source::Address(cidr)] if cidr.prefix() == if cidr.address().is_ipv4() { 32 } else { 128 } => {
                cidr.address()
            }
            _ => return Err(InvalidPacket::Many),
        };
        Ok(Self { state: Some(State::New), is_within_rates: true, ..Self::new(direction, service, address)? })
    }
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Self; 4] = [Self::Deny, Self::Reject, Self::Left, Self::Accept];

    /// `accept`, `deny`, `reject` or `left`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
            Self::Reject => "reject",
            Self::Left => "left",
        }
    }

    /// How far traffic comes: nowhere, to the next firewall, or through.
    pub fn reach(self) -> u8 {
        match self {
            Self::Deny | Self::Reject => 0,
            Self::Left => 1,
            Self::Accept => 2,
        }
    }
}

impl From<Action> for Verdict {
    fn from(action: Action) -> Self {
        match action {
            Action::Accept => Self::Accept,
            Action::Deny => Self::Deny,
            Action::Reject => Self::Reject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_has_one_port_and_one_address() {
        for text in ["tcp/443 from 203.0.113.9", "udp/53 to 2001:db8::1", "icmp/8 from 10.0.0.1", "47 from 10.0.0.1"] {
            text.parse::<Packet>().unwrap();
        }
        for text in
            ["tcp from 10.0.0.1", "tcp/1-2 from 10.0.0.1", "any from 10.0.0.1", "icmp from ::1", "tcp/1 from ::/0"]
        {
            assert_eq!(text.parse::<Packet>(), Err(InvalidPacket::Many), "{text}");
        }
    }
}
