//! A rule as a client sends it, and what is wrong with one.
//!
//! The members and what they mean are those of Axis' "Firewall configuration API", v1beta and v1.

use deltawall_core::{AddressRange, Cidr, InvalidAddressRange};
use serde::{Deserialize, Serialize};

/// The rules of a device, and what happens to what none of them matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The rules, in the order in which they are tried: as they were sent, to the letter.
    pub rules: Vec<Rule>,
    /// What happens to the rest.
    pub policy: Policy,
}

/// A rule. Its members stand in alphabetical order, as devices write them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    /// What a rule of type FILTER does.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// An address or a network that traffic comes from.
    #[serde(default)]
    pub ip: Option<String>,
    /// The same, from one address to another.
    #[serde(default)]
    pub ip_range: Option<IpRange>,
    /// How much a rule of type LIMIT lets through.
    #[serde(default)]
    pub limit: Option<Limit>,
    /// The hardware address that traffic comes from.
    #[serde(default)]
    pub mac: Option<String>,
    /// For how many traffic is meant.
    #[serde(default)]
    pub pkt_type: Option<PktType>,
    /// A port of the device.
    #[serde(default)]
    pub port: Option<Port>,
    /// Ports of the device.
    #[serde(default)]
    pub port_range: Option<PortRange>,
    /// What the rule is.
    pub rule_type: RuleType,
    /// A port of TCP.
    #[serde(default)]
    pub tcp_port: Option<u16>,
    /// A port of UDP.
    #[serde(default)]
    pub udp_port: Option<u16>,
}

/// What a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RuleType {
    /// It accepts, or drops.
    Filter,
    /// It drops what is more than its limit.
    Limit,
}

/// What happens to traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Policy {
    /// It passes.
    #[default]
    Accept,
    /// It does not.
    Drop,
}

/// What a rule of type FILTER does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// What happens to traffic that the rule matches.
    pub policy: Policy,
}

/// Addresses from one to another, both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IpRange {
    /// The last.
    pub end: String,
    /// The first.
    pub start: String,
}

/// How much there may be of some traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many in each period.
    pub amount: u16,
    /// How many at once before that counts.
    pub burst: u16,
    /// How long a period is.
    pub period: Period,
    /// What is counted.
    pub unit: Unit,
}

/// How long the period of a limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum Period {
    Second,
    Minute,
    Hour,
    Day,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Unit {
    /// Connections that begin.
    NewConnections,
    /// Each packet.
    Packets,
}

/// For how many traffic is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs)]
pub enum PktType {
    Unicast,
    Broadcast,
    Multicast,
}

/// A port of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Port {
    /// Its number.
    pub port_num: u16,
    /// Of what.
    pub port_type: PortType,
}

/// Ports of the device, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PortRange {
    /// The last.
    pub end: u16,
    /// Of what.
    pub port_type: PortType,
    /// The first.
    pub start: u16,
}

/// What a port is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PortType {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Either.
    Both,
}

/// What is wrong with a rule whose members are all of the right type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// What should be an address or a network is none.
    #[error("it has an address that is none")]
    Address,
    /// A range of addresses ends before it starts, or in another family.
    #[error("its range of addresses ends before it starts, or in another family")]
    AddressRange,
    /// A range of ports ends before it starts.
    #[error("its range of ports ends before it starts")]
    PortRange,
    /// Its members do not go together.
    #[error("it has members that do not go together")]
    Shape,
}

/// Which rules may have two ports beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// None: one criterion for each layer.
    One,
    /// All: a port of TCP and one of UDP match either.
    TcpAndUdp,
}

impl Rule {
    /// What is wrong with it, the first thing first: addresses, their range, that of ports, what goes together.
    ///
    /// # Errors
    /// That.
    pub fn check(&self, ports: Ports) -> Result<(), Wrong> {
        self.network()?;
        self.range()?;
        if self.port_range.is_some_and(|range| range.start > range.end) {
            return Err(Wrong::PortRange);
        }
        let (tcp, udp) = (self.tcp_port.is_some(), self.udp_port.is_some());
        let of_layers = [
            usize::from(self.mac.is_some()) + usize::from(self.pkt_type.is_some()),
            usize::from(self.ip.is_some()) + usize::from(self.ip_range.is_some()),
            usize::from(self.port.is_some())
                + usize::from(self.port_range.is_some())
                + match ports {
                    Ports::One => usize::from(tcp) + usize::from(udp),
                    Ports::TcpAndUdp => usize::from(tcp || udp),
                },
        ];
        let is_whole = match self.rule_type {
            RuleType::Filter => self.filter.is_some() && self.limit.is_none(),
            RuleType::Limit => self.limit.is_some() && self.filter.is_none(),
        };
        match is_whole && of_layers.iter().all(|criteria| *criteria <= 1) {
            true => Ok(()),
            false => Err(Wrong::Shape),
        }
    }

    /// The network that it is for, if it is for one.
    pub(super) fn network(&self) -> Result<Option<Cidr>, Wrong> {
        self.ip.as_ref().map(|text| text.parse().or(Err(Wrong::Address))).transpose()
    }

    /// The addresses that it is for, if it says from where to where.
    pub(super) fn range(&self) -> Result<Option<AddressRange>, Wrong> {
        let Some(IpRange { start, end }) = &self.ip_range else { return Ok(None) };
        AddressRange::from_parts(start, end).map(Some).map_err(|why| match why {
            InvalidAddressRange::Families | InvalidAddressRange::Reversed => Wrong::AddressRange,
            InvalidAddressRange::Address(_) | InvalidAddressRange::Form => Wrong::Address,
        })
    }
}
