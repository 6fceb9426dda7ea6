//! Firewalls of few rules, so that many of them are alike, for tests of what becomes of them.

use std::collections::HashSet;

use deltawall_core::{
    Account, Action, Capabilities, Description, Direction, Firewall, FirewallId, FirewallName, NewRule, Order,
    PortRange, Protocol, Replace, Rule, RuleSet, Source,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::matching::Subject;

/// Rules are whole and equal, and none repeats.
pub(super) fn unordered() -> Capabilities {
    let mut can = Capabilities::default();
    (can.rules.create, can.rules.delete, can.rules.replace) = (true, true, Replace::Whole);
    (can.rules.deny, can.rules.descriptions, can.rules.egress) = (true, true, true);
    can
}

/// The first rule that matches decides, and any may repeat.
pub(super) fn ordered() -> Capabilities {
    let mut can = unordered();
    (can.rules.order, can.rules.repeat, can.firewalls.default) = (Order::Ordered, true, true);
    can
}

/// Rules for the same traffic are one.
pub(super) fn joining() -> Capabilities {
    let mut can = unordered();
    can.rules.join = true;
    can
}

pub(super) fn all_kinds() -> [Capabilities; 3] {
    [unordered(), ordered(), joining()]
}

/// A rule for one of these ports, such as `80 10.0.0.1 10.0.0.2`; `>` before the port makes it egress, `!` deny.
pub(super) fn rule(text: &str) -> NewRule {
    let (port, sources) = text.split_once(' ').unwrap();
    let sources = sources.split(' ').map(|source| Source::Address(source.parse().unwrap())).collect();
    let (port, direction) = match port.strip_prefix('>') {
        Some(port) => (port, Direction::Egress),
        None => (port, Direction::Ingress),
    };
    let (port, action) = match port.strip_prefix('!') {
        Some(port) => (port, Action::Deny),
        None => (port, Action::Accept),
    };
    let port = port.parse().unwrap();
    let new = NewRule::new(Protocol::Tcp(PortRange::new(port, port).unwrap()), sources).unwrap();
    new.with_direction(direction).with_action(action)
}

pub(super) fn described(text: &str, said: &str) -> NewRule {
    rule(text).with_description(Description::new(said).ok())
}

/// A firewall that was given these rules, as it is shown.
pub(super) fn firewall(rules: &[NewRule], can: &Capabilities) -> Firewall {
    let name = FirewallName::new("web").unwrap();
    let none = Firewall {
        id: FirewallId::from(&name),
        name,
        description: None,
        owner: Some(Account::new("1").unwrap()),
        rules: Vec::new(),
        default: None,
    };
    given(&none, &RuleSet { rules: rules.to_vec(), default: None }, can)
}

/// What a driver makes of a firewall that gets these rules.
pub(super) fn given(firewall: &Firewall, set: &RuleSet, can: &Capabilities) -> Firewall {
    let mut rules: Vec<Rule> = Vec::new();
    for new in &set.rules {
        let made = Rule {
            cloud_id: None,
            content: new.clone().into_content(Account::new("1").unwrap()),
            log: new.log().cloned(),
            description: new.description().cloned(),
        };
        match rules.iter_mut().find(|there| can.rules.join && Subject::from(&**there) == Subject::from(&made)) {
            Some(there) => join(there, made),
            None => rules.push(made),
        }
    }
    Firewall { rules, default: set.default.or(firewall.default), ..firewall.clone() }
}

fn join(there: &mut Rule, made: Rule) {
    for source in made.content.sources {
        if !there.content.sources.iter().any(|it| it.canonical() == source.canonical()) {
            there.content.sources.push(source);
        }
    }
    let said = |rule: &Option<Description>| rule.as_ref().map_or(String::new(), |text| text.as_str().to_owned());
    let (held, new) = (said(&there.description), said(&made.description));
    let mut texts: Vec<&str> = held.split("; ").chain(new.split("; ")).filter(|text| !text.is_empty()).collect();
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(*text));
    there.description = Description::new(texts.join("; ")).ok();
}

/// A rule of TCP.
pub(super) fn any_rule() -> impl Strategy<Value = NewRule> {
    (1..3_u16, btree_set(0..4_u8, 1..3), any::<[bool; 2]>(), 0..3_usize).prop_map(
        |(port, sources, [is_egress, denies], said)| {
            let sources: Vec<String> = sources.iter().map(|last| format!("10.0.0.{last}")).collect();
            let way = if is_egress { ">" } else { "" };
            let action = if denies { "!" } else { "" };
            let new = rule(&format!("{way}{action}{port} {}", sources.join(" ")));
            new.with_description(["", "a", "b"].get(said).and_then(|text| Description::new(*text).ok()))
        },
    )
}

pub(super) fn any_rules() -> impl Strategy<Value = Vec<NewRule>> {
    vec(any_rule(), 0..8)
}

/// No two of which have a source for the same traffic: so they are wherever none repeats.
pub(super) fn distinct_rules() -> impl Strategy<Value = Vec<NewRule>> {
    any_rules().prop_map(|rules| distinct(&rules))
}

pub(super) fn distinct(rules: &[NewRule]) -> Vec<NewRule> {
    let mut seen = HashSet::new();
    let mut is_new = |rule| NewRule::sources(rule).iter().all(|source| seen.insert((Subject::from(rule), source)));
    rules.iter().filter(|rule| is_new(*rule)).cloned().collect()
}

/// Some of these, in any order.
pub(super) fn some_of(rules: Vec<NewRule>) -> impl Strategy<Value = Vec<NewRule>> {
    let length = rules.len();
    (Just(rules).prop_shuffle(), 0..=length).prop_map(|(mut rules, most)| {
        rules.truncate(most);
        rules
    })
}
