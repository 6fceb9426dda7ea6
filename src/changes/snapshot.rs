//! Firewalls and rules as they are kept: JSON that only this file reads and writes, each of whose forms has a number.

use deltawall_core::model::Log;
use deltawall_core::{
    Account, Action, Conditions, Defaults, Direction, Firewall, Group, NewRule, PacketType, PortRange, Protocol, Rule,
    RuleContent, RuleSet, Source,
};
use serde::{Deserialize, Serialize};

/// The form in which firewalls are written.
const FORM: u8 = 1;

/// Why what was kept cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// It is no JSON of this form.
    #[error("it is written in another way")]
    Form(#[from] serde_json::Error),
    /// Another gateway has written it, which is newer.
    #[error("it is of form {0}, and this gateway reads form {FORM}")]
    Newer(u8),
    /// A word of it is none.
    #[error("{0}")]
    Word(String),
}

#[derive(Serialize, Deserialize)]
struct KeptFirewall {
    form: u8,
    id: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<(String, String)>,
    rules: Vec<KeptRule>,
}

#[derive(Serialize, Deserialize)]
struct KeptRule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    direction: String,
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers: Option<(i32, i32)>,
    sources: Vec<KeptSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    conditions: Option<KeptConditions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<KeptLog>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptSource {
    Group(String, String),
    Address(String),
    Range(String),
    PrefixList(String),
}

#[derive(Serialize, Deserialize)]
struct KeptConditions {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    more_ports: Vec<(u16, u16)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    states: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    packet_type: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptLog {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
}

/// A firewall as it is kept.
pub(super) fn write(firewall: &Firewall) -> String {
    let kept = KeptFirewall {
        form: FORM,
        id: firewall.id.to_string(),
        name: firewall.name.to_string(),
        description: firewall.description.as_ref().map(ToString::to_string),
        owner: firewall.owner.as_ref().map(ToString::to_string),
        default: firewall.default.map(|default| (default.ingress.name().into(), default.egress.name().into())),
        rules: firewall.rules.iter().map(keep).collect(),
    };
    json(&kept)
}

/// The firewall that was kept so.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(text: &str) -> Result<Firewall, Unreadable> {
    #[derive(Deserialize)]
    struct Form {
        form: u8,
    }
    let Form { form } = serde_json::from_str(text)?;
    if form != FORM {
        return Err(Unreadable::Newer(form));
    }
    let kept: KeptFirewall = serde_json::from_str(text)?;
    let default = kept.default.map(|(ingress, egress)| {
        Ok::<_, Unreadable>(Defaults { ingress: action(&ingress)?, egress: action(&egress)? })
    });
    Ok(Firewall {
        id: word(deltawall_core::FirewallId::new(kept.id))?,
        name: word(deltawall_core::FirewallName::new(kept.name))?,
        description: kept.description.map(deltawall_core::Description::new).map(word).transpose()?,
        owner: kept.owner.map(Account::new).map(word).transpose()?,
        rules: kept.rules.into_iter().map(kept_rule).collect::<Result<_, _>>()?,
        default: default.transpose()?,
    })
}

/// A rule that was asked for, as it is kept.
pub(super) fn write_rule(rule: &NewRule) -> String {
    json(&KeptRule {
        id: None,
        owner: None,
        direction: rule.direction().name().into(),
        action: rule.action().name().into(),
        protocol: rule.protocol().name().map(Into::into),
        numbers: rule.protocol().numbers(),
        sources: rule.sources().iter().map(keep_source).collect(),
        conditions: rule.conditions().map(keep_conditions),
        log: rule.log().map(keep_log),
        description: rule.description().map(ToString::to_string),
    })
}

/// The rule that was kept so.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read_rule(text: &str) -> Result<NewRule, Unreadable> {
    word(NewRule::of(&kept_rule(serde_json::from_str(text)?)?))
}

/// A firewall as it would be with these rules.
pub(super) fn with_rules(firewall: &Firewall, rules: &RuleSet) -> Option<Firewall> {
    let owner = firewall.owner.clone().or_else(nobody)?;
    let made = |new: &NewRule| Rule {
        cloud_id: None,
        content: new.clone().into_content(owner.clone()),
        log: new.log().cloned(),
        description: new.description().cloned(),
    };
    let default = rules.default.or(firewall.default);
    Some(Firewall { rules: rules.rules.iter().map(made).collect(), default, ..firewall.clone() })
}

/// Who owns firewalls of which the cloud does not say it.
fn nobody() -> Option<Account> {
    Account::new("nobody").ok()
}

/// Text, numbers and lists can always be written.
fn json(kept: &impl Serialize) -> String {
    serde_json::to_string(kept).unwrap_or_default()
}

fn keep(rule: &Rule) -> KeptRule {
    let content = &rule.content;
    KeptRule {
        id: rule.cloud_id.as_ref().map(|id| id.as_str().to_owned()),
        owner: Some(content.owner.to_string()),
        direction: content.direction.name().into(),
        action: content.action.name().into(),
        protocol: content.protocol.name().map(Into::into),
        numbers: content.protocol.numbers(),
        sources: content.sources.iter().map(keep_source).collect(),
        conditions: content.conditions.as_deref().map(keep_conditions),
        log: rule.log.as_ref().map(keep_log),
        description: rule.description.as_ref().map(ToString::to_string),
    }
}

fn keep_log(log: &Log) -> KeptLog {
    KeptLog { prefix: log.prefix.as_ref().map(ToString::to_string) }
}

fn keep_source(source: &Source) -> KeptSource {
    match source {
        Source::Group(Group { owner, name }) => KeptSource::Group(owner.to_string(), name.to_string()),
        Source::Address(cidr) => KeptSource::Address(cidr.to_string()),
        Source::Range(range) => KeptSource::Range(range.to_string()),
        Source::PrefixList(id) => KeptSource::PrefixList(id.to_string()),
    }
}

fn keep_conditions(conditions: &Conditions) -> KeptConditions {
    KeptConditions {
        more_ports: conditions.more_ports.iter().map(|ports| (ports.from(), ports.to())).collect(),
        interface: conditions.interface.as_ref().map(ToString::to_string),
        states: conditions.states.map(|states| states.to_string()),
        limit: conditions.limit.map(|limit| limit.to_string()),
        mac: conditions.mac.map(|mac| mac.to_string()),
        packet_type: conditions.packet_type.map(|kind| kind.name().to_owned()),
    }
}

fn kept_rule(kept: KeptRule) -> Result<Rule, Unreadable> {
    let conditions = kept.conditions.map(kept_conditions).transpose()?;
    let log = kept.log.map(|log| {
        let prefix = log.prefix.map(deltawall_core::LogPrefix::new).map(word).transpose()?;
        Ok::<_, Unreadable>(Log { prefix })
    });
    Ok(Rule {
        cloud_id: kept.id.map(deltawall_core::CloudRuleId::new).map(word).transpose()?,
        content: RuleContent {
            owner: match kept.owner {
                Some(owner) => word(Account::new(owner))?,
                None => nobody().ok_or_else(|| Unreadable::Word("it has no owner".into()))?,
            },
            protocol: word(Protocol::from_parts(kept.protocol.as_deref().unwrap_or_default(), kept.numbers))?,
            direction: direction(&kept.direction)?,
            action: action(&kept.action)?,
            sources: kept.sources.into_iter().map(kept_source).collect::<Result<_, _>>()?,
            conditions: conditions.map(Box::new),
        },
        log: log.transpose()?,
        description: kept.description.map(deltawall_core::Description::new).map(word).transpose()?,
    })
}

fn kept_source(kept: KeptSource) -> Result<Source, Unreadable> {
    Ok(match kept {
        KeptSource::Group(owner, name) => Source::Group(Group {
            owner: word(Account::new(owner))?,
            name: word(deltawall_core::FirewallName::new(name))?,
        }),
        KeptSource::Address(cidr) => Source::Address(word(cidr.parse())?),
        KeptSource::Range(range) => Source::Range(word(range.parse())?),
        KeptSource::PrefixList(id) => Source::PrefixList(word(deltawall_core::PrefixListId::new(id))?),
    })
}

fn kept_conditions(kept: KeptConditions) -> Result<Conditions, Unreadable> {
    let ports = |(from, to): (u16, u16)| word(PortRange::new(from.into(), to.into()));
    let kind = |name: String| {
        let named = PacketType::ALL.into_iter().find(|kind| kind.name() == name);
        named.ok_or_else(|| Unreadable::Word(format!("'{name}' is no type of packets")))
    };
    Ok(Conditions {
        more_ports: kept.more_ports.into_iter().map(ports).collect::<Result<_, _>>()?,
        interface: kept.interface.map(deltawall_core::InterfaceName::new).map(word).transpose()?,
        states: kept.states.map(|states| word(states.parse())).transpose()?,
        limit: kept.limit.map(|limit| word(limit.parse())).transpose()?,
        mac: kept.mac.map(|mac| word(mac.parse())).transpose()?,
        packet_type: kept.packet_type.map(kind).transpose()?,
    })
}

fn direction(name: &str) -> Result<Direction, Unreadable> {
    let named = [Direction::Ingress, Direction::Egress].into_iter().find(|direction| direction.name() == name);
    named.ok_or_else(|| Unreadable::Word(format!("'{name}' is no direction")))
}

fn action(name: &str) -> Result<Action, Unreadable> {
    let named = Action::ALL.into_iter().find(|action| action.name() == name);
    named.ok_or_else(|| Unreadable::Word(format!("'{name}' is no action")))
}

fn word<T, E: ToString>(read: Result<T, E>) -> Result<T, Unreadable> {
    read.map_err(|why| Unreadable::Word(why.to_string()))
}
