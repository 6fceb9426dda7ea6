//! Rules that would take minutes to tell of, and an answer that nobody reads.

use crate::address_range::AddressRange;
use crate::capabilities::{Capabilities, Order};
use crate::conditions::Conditions;
use crate::model::{Action, NewRule};
use crate::protocol::{PortRange, Protocol};
use crate::rule_set::RuleSet;
use crate::source::Source;
use crate::traffic::{Effect, TooMuch};

fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::default();
    capabilities.rules.order = Order::Ordered;
    capabilities
}

/// A rule of every second kind, for ports and addresses from one to another.
fn rule(number: u32, ports: Option<(u32, u32)>, (first, last): (u32, u32)) -> NewRule {
    let protocol = ports.map_or(Protocol::All, |(from, to)| {
        Protocol::Tcp(PortRange::new(from.try_into().unwrap(), to.try_into().unwrap()).unwrap())
    });
    let addresses = AddressRange::new(first.to_be_bytes().into(), last.to_be_bytes().into()).unwrap();
    let action = if number.is_multiple_of(2) { Action::Accept } else { Action::Deny };
    NewRule::new(protocol, vec![Source::Range(addresses)]).unwrap().with_action(action)
}

/// Ports that overlap those of hundreds of others, and so do the addresses; each rule has a rate of its own.
fn with_rates(rules: u32) -> RuleSet {
    let rule = |number: u32| {
        let ports = Some((number, number + 300));
        let conditions =
            Conditions { limit: Some(format!("{}/minute", number + 1).parse().unwrap()), ..Conditions::default() };
        rule(number, ports, (number * 1000, 4_000_000_000 - number * 1000)).with_conditions(conditions).unwrap()
    };
    RuleSet { rules: (0..rules).map(rule).collect(), default: None }
}

/// Rows of ports from all addresses and columns of addresses for all, by turns.
fn grid(rules: u32) -> RuleSet {
    let rule = |number: u32| {
        let (at, kind) = (number / 2, number % 4 / 2 + number % 2);
        match number.is_multiple_of(2) {
            true => rule(kind, Some((at * 5, at * 5)), (0, u32::MAX)),
            false => rule(kind, None, (at * 1000, at * 1000 + 500)),
        }
    };
    RuleSet { rules: (0..rules).map(rule).collect(), default: None }
}

#[test]
fn few_rules_are_told_of_however_they_overlap() {
    let none = RuleSet { rules: Vec::new(), default: None };
    for rules in [with_rates(20), grid(60)] {
        let effect = Effect::of_rules(&rules, None, &capabilities());
        let (opens, closes) = Effect::of_rules(&none, None, &capabilities()).changes(&effect).unwrap();
        assert!(!opens.is_empty() && closes.is_empty());
        assert!(effect.idle().is_ok() && effect.open_to_world().is_ok() && effect.lets_through().is_ok());
    }
}

#[test]
fn an_answer_that_nobody_reads_is_not_given() {
    let rows = (0..200).map(|row| rule(1, Some((row * 5, row * 5)), (0, u32::MAX)));
    let columns = (0..200).map(|column| rule(0, None, (column * 1000, column * 1000 + 500)));
    let rules = RuleSet { rules: rows.chain(columns).collect(), default: None };
    let fewer = RuleSet { rules: rules.rules.iter().skip(160).cloned().collect(), default: None };
    let said = |rules| Effect::of_rules(rules, None, &capabilities()).lets_through();
    assert!(said(&fewer).is_ok());
    assert_eq!(said(&rules), Err(TooMuch));
    assert!(Effect::of_rules(&rules, None, &capabilities()).idle().is_ok());
}

#[test]
fn what_would_take_minutes_is_not_told() {
    let none = RuleSet { rules: Vec::new(), default: None };
    let nothing = Effect::of_rules(&none, None, &capabilities());
    for rules in [with_rates(300), with_rates(3000), grid(1000), grid(6000)] {
        let effect = Effect::of_rules(&rules, None, &capabilities());
        assert_eq!(nothing.changes(&effect), Err(TooMuch));
    }
    let (rates, grid) = (with_rates(3000), grid(6000));
    for effect in [&rates, &grid].map(|rules| Effect::of_rules(rules, None, &capabilities())) {
        assert_eq!((effect.idle(), effect.open_to_world()), (Err(TooMuch), Err(TooMuch)));
    }
}
