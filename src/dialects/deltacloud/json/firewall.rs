//! Firewalls, rules, sources and members.

use std::borrow::Cow;

use deltawall_core::{Action, Defaults, Firewall, Hits, LogPrefix, Member, Source};
use serde::Serialize;
use utoipa::ToSchema;

use crate::changes::RuleExpiry;
use crate::clock::Timestamp;
use crate::dialects::deltacloud::representation::{Endings, Representation};
use crate::dialects::deltacloud::shown_rule::ShownRule;

#[derive(Serialize, ToSchema)]
#[schema(as = Firewall)]
pub(super) struct FirewallView<'a> {
    id: &'a str,
    href: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<&'a str>,
    rules: Vec<RuleView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<DefaultView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<MemberView<'a>>>,
    /// The change that it waits for the end of.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial: Option<TrialView<'a>>,
}

/// A change that is tried, or being undone: until its end no other is made.
#[derive(Serialize, ToSchema)]
#[schema(as = Trial)]
struct TrialView<'a> {
    id: &'a str,
    href: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue: Option<bool>,
}

/// What happens to traffic that no rule matches.
#[derive(Serialize, ToSchema)]
#[schema(as = Default)]
pub(super) struct DefaultView {
    ingress: &'static str,
    egress: &'static str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberView<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
pub(super) struct RuleView<'a> {
    /// Rules that are asked for have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Its place, where that matters and can be chosen. The first is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_protocol: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_to: Option<String>,
    /// A list of ports, in the place of the first and the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<String>,
    sources: Vec<SourceView<'a>>,
    direction: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_rule: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_prefix: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// When it goes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// What it has matched, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    hits: Option<HitsView>,
}

/// What a rule has matched.
#[derive(Serialize, ToSchema)]
#[schema(as = Hits)]
struct HitsView {
    packets: String,
    bytes: String,
}

/// A source. `expires_at` is when it goes by itself, where other sources of its rule do not, or at another time.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = Source)]
pub(super) enum SourceView<'a> {
    Group {
        name: &'a str,
        owner: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
    },
    Address {
        family: &'a str,
        address: String,
        prefix: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
    },
    Range {
        family: &'a str,
        first: String,
        last: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
    },
    PrefixList {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
    },
}

pub(super) fn firewall<'a>(firewall: &'a Firewall, endings: &'a Endings, of: &Representation<'a>) -> FirewallView<'a> {
    let rules = firewall.rules.iter().enumerate().filter(|(_, rule)| of.shown.has(rule));
    FirewallView {
        id: firewall.id.as_str(),
        href: of.urls.firewall(&firewall.id),
        name: firewall.name.as_str(),
        description: firewall.description.as_ref().map(|description| description.as_str()),
        owner_id: firewall.owner.as_ref().map(|owner| owner.as_str()),
        rules: rules
            .map(|(index, one)| {
                let shown = ShownRule::there(one, index, of.capabilities);
                rule(shown.ending(endings.of_rule(index)).counted(of.hits_of(index)))
            })
            .collect(),
        default: firewall.default.map(default),
        members: of.members.map(|members| members.iter().map(member).collect()),
        trial: endings.trial.as_ref().map(|trial| TrialView {
            id: trial.id.as_str(),
            href: of.urls.change(&trial.id),
            state: trial.state,
            confirm_by: trial.confirm_by.map(|time| time.to_string()),
            overdue: trial.is_overdue.then_some(true),
        }),
    }
}

pub(super) fn default(default: Defaults) -> DefaultView {
    DefaultView { ingress: default.ingress.name(), egress: default.egress.name() }
}

fn member(member: &Member) -> MemberView<'_> {
    MemberView {
        id: &member.id,
        name: member.name.as_deref(),
        addresses: member.addresses.iter().map(ToString::to_string).collect(),
        state: member.state.as_deref(),
    }
}

pub(super) fn rule(rule: ShownRule<'_>) -> RuleView<'_> {
    let ports = rule.ports();
    let numbers = rule.protocol.numbers().filter(|_| ports.is_none());
    let conditions = rule.conditions;
    let sources = rule.sources.iter().enumerate();
    let sources = sources.map(|(index, one)| expiring_source(one, rule.source_expires_at(index)));
    RuleView {
        sources: sources.collect(),
        expires_at: match rule.expiry {
            RuleExpiry::At(time) => Some(time.to_string()),
            RuleExpiry::Never | RuleExpiry::Sources(_) => None,
        },
        id: rule.id,
        position: rule.position,
        allow_protocol: rule.protocol.name(),
        port_from: numbers.map(|(from, _)| from.to_string()),
        port_to: numbers.map(|(_, to)| to.to_string()),
        ports,
        direction: rule.direction.name(),
        rule_action: rule.action.map(Action::name),
        log_rule: rule.is_logged,
        log_prefix: rule.log.and_then(|log| log.prefix.as_ref()).map(LogPrefix::as_str),
        interface: conditions.and_then(|conditions| conditions.interface.as_ref()).map(|interface| interface.as_str()),
        states: conditions.and_then(|conditions| conditions.states).map(|states| states.to_string()),
        limit: conditions.and_then(|conditions| conditions.limit).map(|limit| limit.to_string()),
        mac: conditions.and_then(|conditions| conditions.mac).map(|mac| mac.to_string()),
        packet_type: conditions.and_then(|conditions| conditions.packet_type).map(|kind| kind.name()),
        description: rule.description.map(|description| description.as_str()),
        hits: rule
            .hits
            .map(|Hits { packets, bytes }| HitsView { packets: packets.to_string(), bytes: bytes.to_string() }),
    }
}

pub(super) fn source(source: &Source) -> SourceView<'_> {
    expiring_source(source, None)
}

fn expiring_source(source: &Source, expires_at: Option<Timestamp>) -> SourceView<'_> {
    let expires_at = expires_at.map(|time| time.to_string());
    match source {
        Source::Group(group) => {
            SourceView::Group { name: group.name.as_str(), owner: group.owner.as_str(), expires_at }
        }
        Source::Range(range) => SourceView::Range {
            family: range.family(),
            first: range.first().to_string(),
            last: range.last().to_string(),
            expires_at,
        },
        Source::PrefixList(id) => SourceView::PrefixList { name: id.as_str(), expires_at },
        Source::Address(cidr) => SourceView::Address {
            family: cidr.family(),
            address: cidr.address_text().to_string(),
            prefix: cidr.prefix().to_string(),
            expires_at,
        },
    }
}
