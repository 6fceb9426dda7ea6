//! Firewalls and rules as they are kept: JSON, from which exactly the same comes back.

use std::borrow::Cow;
use std::error::Error;
use std::net::IpAddr;

use deltawall_core::{
    Account, Action, AddressRange, Cidr, CloudRuleId, Conditions, Defaults, Description, Direction, Firewall,
    FirewallId, FirewallName, Group, IcmpType, InterfaceName, Log, LogPrefix, NewRule, PacketType, PortRange,
    PrefixListId, Protocol, Rule, RuleContent, Source,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The form that is written, and the only one so far.
const VERSION: u32 = 1;

/// Why a text is not what was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidSnapshot {
    /// It is none of a form that is known here.
    #[error("what was kept has the form {0}, and this program knows {VERSION}")]
    Version(u32),
    /// It is not of its form.
    #[error("what was kept is not of its form")]
    Form(#[from] serde_json::Error),
    /// Something in it cannot be.
    #[error("what was kept holds what cannot be")]
    Value(#[from] Box<dyn Error + Send + Sync>),
}

/// What a text has to hold for a value to come of it.
type Read<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Writes a firewall.
pub(super) fn write(firewall: &Firewall) -> String {
    text(WrittenFirewall::from(firewall))
}

/// Reads a firewall.
///
/// # Errors
/// When it was not written here.
pub(super) fn read(text: &str) -> Result<Firewall, InvalidSnapshot> {
    let written: WrittenFirewall<'static> = kept(text)?;
    Ok(written.read()?)
}

/// Writes what was asked for.
pub(super) fn write_rule(rule: &NewRule) -> String {
    text(WrittenRule {
        cloud_id: None,
        owner: None,
        protocol: rule.protocol().into(),
        direction: rule.direction(),
        action: rule.action(),
        sources: rule.sources().iter().map(WrittenSource::from).collect(),
        conditions: rule.conditions().map(WrittenConditions::from),
        log: rule.log().map(WrittenLog::from),
        description: rule.description().map(|text| text.as_str().into()),
    })
}

/// Reads what was asked for.
///
/// # Errors
/// When it was not written here.
pub(super) fn read_rule(text: &str) -> Result<NewRule, InvalidSnapshot> {
    let written: WrittenRule<'static> = kept(text)?;
    Ok(written.read_new()?)
}

fn text(is: impl Serialize) -> String {
    // Nothing here can fail: all keys are texts.
    serde_json::to_string(&Kept { v: VERSION, is }).unwrap_or_default()
}

fn kept<T: DeserializeOwned>(text: &str) -> Result<T, InvalidSnapshot> {
    // By itself, since what another version has written may be anything.
    let Version { v } = serde_json::from_str(text)?;
    match v {
        VERSION => Ok(serde_json::from_str::<Kept<T>>(text)?.is),
        other => Err(InvalidSnapshot::Version(other)),
    }
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept<T> {
    v: u32,
    is: T,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFirewall<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<WrittenDefaults>,
    rules: Vec<WrittenRule<'a>>,
}

/// A rule. Of one that is only asked for, there is no owner.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cloud_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Cow<'a, str>>,
    protocol: WrittenProtocol,
    #[serde(with = "WrittenDirection")]
    direction: Direction,
    #[serde(with = "WrittenAction")]
    action: Action,
    sources: Vec<WrittenSource<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditions: Option<WrittenConditions<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<WrittenLog<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenConditions<'a> {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more_ports: Vec<(i32, i32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interface: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    states: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    packet_type: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLog<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenSource<'a> {
    Group(Cow<'a, str>, Cow<'a, str>),
    Address(IpAddr, u8),
    Range(IpAddr, IpAddr),
    PrefixList(Cow<'a, str>),
}

/// Ports, and ICMP types and codes with -1 for any.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenProtocol {
    Tcp(i32, i32),
    Udp(i32, i32),
    TcpUdp(i32, i32),
    Icmp(i32, i32),
    Icmpv6(i32, i32),
    Number(u8),
    All,
    Unnamed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDefaults {
    #[serde(with = "WrittenAction")]
    ingress: Action,
    #[serde(with = "WrittenAction")]
    egress: Action,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Direction", rename_all = "snake_case")]
enum WrittenDirection {
    Ingress,
    Egress,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Action", rename_all = "snake_case")]
enum WrittenAction {
    Accept,
    Deny,
    Reject,
}

impl<'a> From<&'a Firewall> for WrittenFirewall<'a> {
    fn from(firewall: &'a Firewall) -> Self {
        let Firewall { id, name, description, owner, rules, default } = firewall;
        Self {
            id: id.as_str().into(),
            name: name.as_str().into(),
            description: description.as_ref().map(|text| text.as_str().into()),
            owner: owner.as_ref().map(|owner| owner.as_str().into()),
            default: default.map(|Defaults { ingress, egress }| WrittenDefaults { ingress, egress }),
            rules: rules.iter().map(WrittenRule::from).collect(),
        }
    }
}

impl WrittenFirewall<'_> {
    fn read(self) -> Read<Firewall> {
        Ok(Firewall {
            id: FirewallId::new(self.id)?,
            name: FirewallName::new(self.name)?,
            description: self.description.map(Description::new).transpose()?,
            owner: self.owner.map(Account::new).transpose()?,
            rules: self.rules.into_iter().map(WrittenRule::read).collect::<Read<_>>()?,
            default: self.default.map(|WrittenDefaults { ingress, egress }| Defaults { ingress, egress }),
        })
    }
}

impl<'a> From<&'a Rule> for WrittenRule<'a> {
    fn from(rule: &'a Rule) -> Self {
        let Rule { cloud_id, content, log, description } = rule;
        let RuleContent { owner, protocol, direction, action, sources, conditions } = content;
        Self {
            cloud_id: cloud_id.as_ref().map(|id| id.as_str().into()),
            owner: Some(owner.as_str().into()),
            protocol: (*protocol).into(),
            direction: *direction,
            action: *action,
            sources: sources.iter().map(WrittenSource::from).collect(),
            conditions: conditions.as_deref().map(WrittenConditions::from),
            log: log.as_ref().map(WrittenLog::from),
            description: description.as_ref().map(|text| text.as_str().into()),
        }
    }
}

impl WrittenRule<'_> {
    fn read(self) -> Read<Rule> {
        let content = RuleContent {
            owner: Account::new(self.owner.ok_or("a rule has no owner")?)?,
            protocol: self.protocol.read()?,
            direction: self.direction,
            action: self.action,
            sources: self.sources.into_iter().map(WrittenSource::read).collect::<Read<_>>()?,
            conditions: self.conditions.map(WrittenConditions::read).transpose()?.map(Box::new),
        };
        Ok(Rule {
            cloud_id: self.cloud_id.map(CloudRuleId::new).transpose()?,
            content,
            log: self.log.map(WrittenLog::read).transpose()?,
            description: self.description.map(Description::new).transpose()?,
        })
    }

    fn read_new(self) -> Read<NewRule> {
        let sources = self.sources.into_iter().map(WrittenSource::read).collect::<Read<_>>()?;
        let conditions = self.conditions.map(WrittenConditions::read).transpose()?;
        let new = NewRule::new(self.protocol.read()?, sources)?.with_conditions(conditions.unwrap_or_default())?;
        Ok(new
            .with_direction(self.direction)
            .with_action(self.action)
            .with_log(self.log.map(WrittenLog::read).transpose()?)
            .with_description(self.description.map(Description::new).transpose()?))
    }
}

impl<'a> From<&'a Conditions> for WrittenConditions<'a> {
    fn from(conditions: &'a Conditions) -> Self {
        let Conditions { more_ports, interface, states, limit, mac, packet_type } = conditions;
        Self {
            more_ports: more_ports.iter().map(|ports| (ports.from().into(), ports.to().into())).collect(),
            interface: interface.as_ref().map(|name| name.as_str().into()),
            states: states.map(|states| states.to_string()),
            limit: limit.map(|limit| limit.to_string()),
            mac: mac.map(|mac| mac.to_string()),
            packet_type: packet_type.map(|kind| kind.name().into()),
        }
    }
}

impl WrittenConditions<'_> {
    fn read(self) -> Read<Conditions> {
        let packet_type = |name: Cow<'_, str>| {
            PacketType::ALL.into_iter().find(|kind| kind.name() == name).ok_or("a type of packets is unknown")
        };
        let more_ports = self.more_ports.into_iter().map(|(from, to)| PortRange::new(from, to));
        Ok(Conditions {
            more_ports: more_ports.collect::<Result<_, _>>()?,
            interface: self.interface.map(InterfaceName::new).transpose()?,
            states: self.states.map(|text| text.parse()).transpose()?,
            limit: self.limit.map(|text| text.parse()).transpose()?,
            mac: self.mac.map(|text| text.parse()).transpose()?,
            packet_type: self.packet_type.map(packet_type).transpose()?,
        })
    }
}

impl<'a> From<&'a Log> for WrittenLog<'a> {
    fn from(log: &'a Log) -> Self {
        Self { prefix: log.prefix.as_ref().map(|prefix| prefix.as_str().into()) }
    }
}

impl WrittenLog<'_> {
    fn read(self) -> Read<Log> {
        Ok(Log { prefix: self.prefix.map(LogPrefix::new).transpose()? })
    }
}

impl<'a> From<&'a Source> for WrittenSource<'a> {
    fn from(source: &'a Source) -> Self {
        match source {
            Source::Group(Group { owner, name }) => Self::Group(owner.as_str().into(), name.as_str().into()),
            Source::Address(cidr) => Self::Address(cidr.address(), cidr.prefix()),
            Source::Range(range) => Self::Range(range.first(), range.last()),
            Source::PrefixList(id) => Self::PrefixList(id.as_str().into()),
        }
    }
}

impl WrittenSource<'_> {
    fn read(self) -> Read<Source> {
        Ok(match self {
            Self::Group(owner, name) => {
                Source::Group(Group { owner: Account::new(owner)?, name: FirewallName::new(name)? })
            }
            Self::Address(address, prefix) => Source::Address(Cidr::new(address, prefix)?),
            Self::Range(first, last) => Source::Range(AddressRange::new(first, last)?),
            Self::PrefixList(id) => Source::PrefixList(PrefixListId::new(id)?),
        })
    }
}

impl From<Protocol> for WrittenProtocol {
    fn from(protocol: Protocol) -> Self {
        let (one, other) = protocol.numbers().unwrap_or_default();
        match protocol {
            Protocol::Tcp(_) => Self::Tcp(one, other),
            Protocol::Udp(_) => Self::Udp(one, other),
            Protocol::TcpUdp(_) => Self::TcpUdp(one, other),
            Protocol::Icmp(_) => Self::Icmp(one, other),
            Protocol::Icmpv6(_) => Self::Icmpv6(one, other),
            Protocol::Number(number) => Self::Number(number),
            Protocol::All => Self::All,
            Protocol::Unnamed => Self::Unnamed,
        }
    }
}

impl WrittenProtocol {
    fn read(self) -> Read<Protocol> {
        Ok(match self {
            Self::Tcp(from, to) => Protocol::Tcp(PortRange::new(from, to)?),
            Self::Udp(from, to) => Protocol::Udp(PortRange::new(from, to)?),
            Self::TcpUdp(from, to) => Protocol::TcpUdp(PortRange::new(from, to)?),
            Self::Icmp(kind, code) => Protocol::Icmp(IcmpType::new(kind, code)?),
            Self::Icmpv6(kind, code) => Protocol::Icmpv6(IcmpType::new(kind, code)?),
            Self::Number(number) => Protocol::Number(number),
            Self::All => Protocol::All,
            Self::Unnamed => Protocol::Unnamed,
        })
    }
}

#[cfg(test)]
mod tests;
