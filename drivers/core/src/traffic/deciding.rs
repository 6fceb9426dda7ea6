//! Rules as far as they decide about traffic, wherever they come from.

use crate::capabilities::{Capabilities, Order, Rest};
use crate::conditions::Conditions;
use crate::model::{Action, Defaults, Direction, Firewall, NewRule, Rule};
use crate::protocol::{PortRange, Protocol};
use crate::rule_set::RuleSet;
use crate::source::Source;
use crate::traffic::packet::Verdict;

/// A rule as far as it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Deciding<'a> {
    pub(super) direction: Direction,
    pub(super) protocol: Protocol,
    pub(super) sources: &'a [Source],
    pub(super) conditions: Option<&'a Conditions>,
    pub(super) action: Action,
    /// It tells of what it matches, so that it matters even if it decides nothing.
    pub(super) is_logged: bool,
}

/// All rules of a firewall, and what becomes of the rest.
#[derive(Debug, Clone)]
pub(super) struct Rules<'a> {
    pub(super) rules: Vec<Deciding<'a>>,
    pub(super) order: Order,
    pub(super) ingress_rest: Verdict,
    pub(super) egress_rest: Verdict,
}

impl<'a> Rules<'a> {
    pub(super) fn of_firewall(firewall: &'a Firewall, capabilities: &Capabilities) -> Self {
        Self::new(firewall.rules.iter().map(Deciding::from).collect(), firewall.default, capabilities)
    }

    pub(super) fn of_set(rules: &'a RuleSet, now: Option<Defaults>, capabilities: &Capabilities) -> Self {
        Self::new(rules.rules.iter().map(Deciding::from).collect(), rules.default.or(now), capabilities)
    }

    fn new(rules: Vec<Deciding<'a>>, default: Option<Defaults>, capabilities: &Capabilities) -> Self {
        let rest = match capabilities.rules.rest {
            Rest::Denied => Verdict::Deny,
            Rest::Left => Verdict::Left,
        };
        Self {
            rules,
            order: capabilities.rules.order,
            ingress_rest: default.map_or(rest, |default| default.ingress.into()),
            egress_rest: default.map_or(rest, |default| default.egress.into()),
        }
    }

    pub(super) fn rest(&self, direction: Direction) -> Verdict {
        match direction {
            Direction::Ingress => self.ingress_rest,
            Direction::Egress => self.egress_rest,
        }
    }
}

impl Deciding<'_> {
    /// Ports beside those of the protocol.
    pub(super) fn more_ports(&self) -> &[PortRange] {
        self.conditions.map_or(&[], |conditions| &conditions.more_ports)
    }
}

impl<'a> From<&'a Rule> for Deciding<'a> {
    fn from(rule: &'a Rule) -> Self {
        let content = &rule.content;
        Self {
            direction: content.direction,
            protocol: content.protocol,
            sources: &content.sources,
            conditions: content.conditions.as_deref(),
            action: content.action,
            is_logged: rule.log.is_some(),
        }
    }
}

impl<'a> From<&'a NewRule> for Deciding<'a> {
    fn from(rule: &'a NewRule) -> Self {
        Self {
            direction: rule.direction(),
            protocol: rule.protocol(),
            sources: rule.sources(),
            conditions: rule.conditions(),
            action: rule.action(),
            is_logged: rule.log().is_some(),
        }
    }
}
