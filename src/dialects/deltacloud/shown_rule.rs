//! A rule as answers show it, whether it is there or is asked for.

use std::borrow::Cow;
use std::fmt::Write;

use deltawall_core::{
    Action, Capabilities, Conditions, Description, Direction, Firewall, Hits, Log, NewRule, Order, PortRange, Protocol,
    Rule, Source,
};

use crate::changes::RuleExpiry;
use crate::clock::Timestamp;

/// A rule, of which answers show this.
pub(super) struct ShownRule<'a> {
    /// None where it is not there.
    pub(super) id: Option<String>,
    /// Its place among all rules of its firewall, the first being 1; none where that does not matter, or cannot be chosen.
    pub(super) position: Option<usize>,
    pub(super) protocol: Protocol,
    pub(super) direction: Direction,
    /// None where all rules accept.
    pub(super) action: Option<Action>,
    /// Whether a match is logged; none where none is.
    pub(super) is_logged: Option<bool>,
    pub(super) log: Option<&'a Log>,
    pub(super) description: Option<&'a Description>,
    pub(super) sources: &'a [Source],
    pub(super) conditions: Option<&'a Conditions>,
    /// When it goes by itself, or some of its sources.
    pub(super) expiry: RuleExpiry,
    /// What it has matched, where that was asked for.
    pub(super) hits: Option<Hits>,
}

impl<'a> ShownRule<'a> {
    /// A rule that is there, at this index.
    pub(super) fn there(rule: &'a Rule, index: usize, can: Capabilities) -> Self {
        Self {
            id: Some(rule.id().to_string()),
            position: has_positions(can).then_some(index + 1),
            ..Self::of(rule, can)
        }
    }

    /// A rule that is there, or some of the sources of one, which has no id of its own.
    pub(super) fn in_part(rule: &'a Rule, firewall: &Firewall, can: Capabilities) -> Self {
        match firewall.rules.iter().position(|there| there == rule) {
            Some(index) => Self::there(rule, index, can),
            None => Self::of(rule, can),
        }
    }

    pub(super) fn of(rule: &'a Rule, can: Capabilities) -> Self {
        let content = &rule.content;
        Self {
            id: None,
            position: None,
            protocol: content.protocol,
            direction: content.direction,
            action: can.rules.deny.then_some(content.action),
            is_logged: can.rules.log.then_some(rule.log.is_some()),
            log: rule.log.as_ref(),
            description: rule.description.as_ref(),
            sources: &content.sources,
            conditions: content.conditions.as_deref(),
            expiry: RuleExpiry::Never,
            hits: None,
        }
    }

    /// A rule that is asked for, and would stand at this index.
    pub(super) fn new(rule: &'a NewRule, index: usize, can: Capabilities) -> Self {
        Self {
            id: None,
            position: has_positions(can).then_some(index + 1),
            protocol: rule.protocol(),
            direction: rule.direction(),
            action: can.rules.deny.then_some(rule.action()),
            is_logged: can.rules.log.then_some(rule.log().is_some()),
            log: rule.log(),
            description: rule.description(),
            sources: rule.sources(),
            conditions: rule.conditions(),
            expiry: RuleExpiry::Never,
            hits: None,
        }
    }

    /// Its ports, as the parameter `ports` has them, where they are a list; else it has two numbers, if any.
    pub(super) fn ports(&self) -> Option<String> {
        let more = self.conditions.map(|conditions| &conditions.more_ports).filter(|more| !more.is_empty())?;
        let first = match self.protocol {
            Protocol::Tcp(ports) | Protocol::Udp(ports) | Protocol::TcpUdp(ports) => Some(ports),
            _ => None,
        };
        let mut text = String::new();
        for ports in first.iter().chain(more) {
            let comma = if text.is_empty() { "" } else { "," };
            // Nothing here can fail.
            let _ = write!(text, "{comma}{}", range(*ports));
        }
        Some(text)
    }

    /// The same rule, which goes by itself then, or some of its sources.
    pub(super) fn ending(self, expiry: &RuleExpiry) -> Self {
        Self { expiry: expiry.clone(), ..self }
    }

    /// The same rule, which has matched so much, where that was asked for.
    pub(super) fn counted(self, hits: Option<Hits>) -> Self {
        Self { hits, ..self }
    }

    /// When the source of this index goes by itself, where others do not, or at another time.
    pub(super) fn source_expires_at(&self, index: usize) -> Option<Timestamp> {
        match &self.expiry {
            RuleExpiry::Sources(times) => times.get(index).copied().flatten(),
            RuleExpiry::Never | RuleExpiry::At(_) => None,
        }
    }

    /// What else has to be so for it to match, by the parameters that say it.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (&'static str, Cow<'a, str>)> {
        conditions(self.conditions)
    }
}

/// What has to be so, by the parameters that say it.
pub(super) fn conditions(of: Option<&Conditions>) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
    of.into_iter().flat_map(|Conditions { more_ports: _, interface, states, limit, mac, packet_type }| {
        let all = [
            ("interface", interface.as_ref().map(|interface| Cow::Borrowed(interface.as_str()))),
            ("states", states.map(|states| Cow::Owned(states.to_string()))),
            ("limit", limit.map(|limit| Cow::Owned(limit.to_string()))),
            ("mac", mac.map(|mac| Cow::Owned(mac.to_string()))),
            ("packet_type", packet_type.map(|kind| Cow::Borrowed(kind.name()))),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    })
}

fn range(ports: PortRange) -> String {
    match (ports.from(), ports.to()) {
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from}-{to}"),
    }
}

/// Whether rules have places that can be chosen.
fn has_positions(can: Capabilities) -> bool {
    can.rules.order == Order::Ordered && can.rules.create
}
