//! What is said of traffic is so for each packet of a small universe.

mod bounds;
mod examples;
mod universe;

use std::collections::BTreeSet;

use proptest::prelude::*;

use self::universe::{
    Place, Symbols, accepting, all_symbols, by_source, capabilities, group, has, is_of_place, judge, matches, places,
    rest, rule_set, source,
};
use crate::capabilities::Capabilities;
use crate::model::{Action, Direction, NewRule};
use crate::protocol::Protocol;
use crate::rule_set::RuleSet;
use crate::source::Source;
use crate::traffic::{Effect, Packet, Service, Traffic, Verdict};

/// Holds what is said against what is so: each packet of which it is so is said to be, and wherever it is said there are symbols
/// with which it is.
fn is_said(said: &[Traffic], all: &[Symbols], is_so: impl Fn(Place, &Symbols) -> bool) -> Result<(), TestCaseError> {
    let said = by_source(said);
    for place in places() {
        let so: Vec<_> = all.iter().filter(|symbols| is_so(place, symbols)).collect();
        for symbols in &so {
            prop_assert!(said.iter().any(|entry| has(entry, place, symbols)), "not said: {place:?} {symbols:?}");
        }
        for entry in said.iter().filter(|entry| has_addresses(entry) && is_of_place(entry, place)) {
            prop_assert!(so.iter().any(|symbols| has(entry, place, symbols)), "not so: {entry} at {place:?}");
        }
    }
    // Of groups it is said for some addresses.
    for entry in said.iter().filter(|entry| !has_addresses(entry)) {
        let is_so = |place| all.iter().any(|symbols| has(entry, place, symbols) && is_so(place, symbols));
        prop_assert!(places().into_iter().any(is_so), "not so: {entry}");
    }
    Ok(())
}

fn has_addresses(entry: &Traffic) -> bool {
    entry.sources.iter().any(|source| matches!(source, Source::Address(_) | Source::Range(_)))
}

/// Rules of which few have rates, so that all that can be can be looked at.
fn sets() -> impl Strategy<Value = (Capabilities, RuleSet, RuleSet)> {
    let made = (capabilities(), rule_set(), rule_set(), any::<prop::sample::Index>());
    made.prop_map(|(capabilities, before, mut after, shared)| {
        // A change leaves most rules as they are.
        let shared = shared.index(before.rules.len() + 1);
        after.rules.splice(0..after.rules.len().min(shared), before.rules.iter().take(shared).cloned());
        let order = capabilities.rules.order;
        let of = |set: RuleSet| RuleSet { rules: accepting(order, set.rules), ..set };
        (capabilities, of(before), of(after))
    })
    .prop_filter("few rates", |(_, before, after)| all_symbols(&[&before.rules, &after.rules]).len() <= 48 * 4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_a_change_opens_and_closes_is_said((capabilities, before, after) in sets()) {
        let all = all_symbols(&[&before.rules, &after.rules]);
        let now = before.default;
        let (opens, closes) =
            Effect::of_rules(&before, None, &capabilities).changes(&Effect::of_rules(&after, now, &capabilities)).unwrap();
        let (was_rest, is_rest) = (rest(&before, None, &capabilities), rest(&after, now, &capabilities));
        let was = |place, symbols: &Symbols| judge(&before.rules, &was_rest, &[], place, symbols).0.reach();
        let is = |place, symbols: &Symbols| judge(&after.rules, &is_rest, &[], place, symbols).0.reach();
        is_said(&opens, &all, |place, symbols| is(place, symbols) > was(place, symbols))?;
        is_said(&closes, &all, |place, symbols| is(place, symbols) < was(place, symbols))?;
    }

    #[test]
    fn what_rules_let_through_is_said((capabilities, _, rules) in sets()) {
        let all = all_symbols(&[&rules.rules]);
        let otherwise = rest(&rules, None, &capabilities);
        let passes = Effect::of_rules(&rules, None, &capabilities).lets_through().unwrap();
        is_said(&passes, &all, |place, symbols| {
            judge(&rules.rules, &otherwise, &[], place, symbols).0 == Verdict::Accept
        })?;
    }

    #[test]
    fn what_can_become_of_traffic_is_known(
        (capabilities, _, rules) in sets(),
        sources in prop::collection::vec(source(), 1..3),
        service in prop::sample::select(vec!["any", "tcp/22", "tcp/22-23", "tcp", "icmp", "icmp/8", "0-5", "47", "udp/0-22"]),
        direction in prop::sample::select(vec![Direction::Ingress, Direction::Egress]),
    ) {
        let all = all_symbols(&[&rules.rules]);
        let traffic = Traffic { direction, service: service.parse().unwrap(), sources, conditions: None };
        let effect = Effect::of_rules(&rules, None, &capabilities);
        let otherwise = rest(&rules, None, &capabilities);
        let mut verdicts = BTreeSet::new();
        for place in places() {
            let of_it = all.iter().filter(|symbols| has(&traffic, place, symbols));
            verdicts.extend(of_it.map(|symbols| judge(&rules.rules, &otherwise, &[], place, symbols).0));
        }
        prop_assert_eq!(effect.verdicts(&traffic), Ok(verdicts.clone()));
        prop_assert_eq!(effect.lets_all_through(&traffic), Ok(verdicts.iter().all(|verdict| *verdict == Verdict::Accept)));
        prop_assert_eq!(effect.lets_none_through(&traffic), Ok(!verdicts.contains(&Verdict::Accept)));
    }

    #[test]
    fn idle_rules_are_those_without_which_all_stays_as_it_is((capabilities, _, rules) in sets()) {
        let all = all_symbols(&[&rules.rules]);
        let otherwise = rest(&rules, None, &capabilities);
        let idle = Effect::of_rules(&rules, None, &capabilities).idle().unwrap();
        let matching_of = |(place, symbols): (Place, &Symbols)| {
            let matching = (0..rules.rules.len()).filter(|rule| matches(&rules.rules, *rule, place, symbols)).collect();
            (otherwise(place.direction), matching)
        };
        let packets = places().into_iter().flat_map(|place| all.iter().map(move |symbols| (place, symbols)));
        let packets: BTreeSet<(Verdict, Vec<usize>)> = packets.map(matching_of).collect();
        let judged = |gone: &[usize]| -> Vec<(Verdict, Option<usize>)> {
            let judge = |(otherwise, matching): &(Verdict, Vec<usize>)| {
                match matching.iter().find(|rule| !gone.contains(rule)) {
                    Some(rule) => (rules.rules[*rule].action().into(), Some(*rule)),
                    None => (*otherwise, None),
                }
            };
            packets.iter().map(judge).collect()
        };
        let verdicts = |gone: &[usize]| judged(gone).into_iter().map(|(verdict, _)| verdict).collect::<Vec<_>>();
        let now = judged(&[]);
        let same: Vec<_> = now.iter().map(|(verdict, _)| *verdict).collect();
        let matching: BTreeSet<_> = now.iter().filter_map(|(_, rule)| *rule).collect();
        let is_ordered = capabilities.rules.order == crate::Order::Ordered;
        let shadowed: Vec<_> = (0..rules.rules.len()).filter(|rule| is_ordered && !matching.contains(rule)).collect();
        prop_assert_eq!(&idle.shadowed, &shadowed);
        let mut gone = shadowed;
        for rule in (0..rules.rules.len()).rev().filter(|rule| !idle.shadowed.contains(rule)) {
            gone.push(rule);
            let is_redundant = rules.rules[rule].log().is_none() && verdicts(&[rule]) == same && verdicts(&gone) == same;
            prop_assert_eq!(idle.redundant.contains(&rule), is_redundant, "rule {}", rule);
            if !is_redundant {
                gone.pop();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_packet_is_explained((capabilities, _, rules) in sets()) {
        let otherwise = rest(&rules, None, &capabilities);
        let effect = Effect::of_rules(&rules, None, &capabilities);
        for place in places() {
            let (protocol, number) = place.service;
            let Some(service) = one_service(protocol, number) else { continue };
            for symbols in all_symbols(&[]) {
                let mut packet = Packet::new(place.direction, service, place.address).unwrap();
                packet.groups.clone_from(&symbols.groups);
                packet.state = symbols.state;
                if symbols.is_by_eth0 {
                    packet.interface = crate::conditions::InterfaceName::new("eth0").ok();
                }
                if symbols.is_in_list {
                    packet.prefix_lists = vec![crate::text::PrefixListId::new("l").unwrap()];
                }
                let explanation = effect.explain(&packet);
                let judged = judge(&rules.rules, &otherwise, &[], place, &symbols);
                prop_assert_eq!((explanation.verdict, explanation.rule), judged, "{:?}", packet);
            }
        }
    }
}

/// Some rules for each of many groups, of which there are more than are looked at in all ways.
fn many_groups() -> impl Strategy<Value = Vec<NewRule>> {
    let action = prop::sample::select(Action::ALL.to_vec());
    prop::collection::vec(action, 10).prop_map(|actions| {
        let rule = |(number, action): (usize, Action)| {
            let of_group = NewRule::new(Protocol::All, vec![Source::Group(group(&format!("g{number}")))]);
            of_group.unwrap().with_action(action)
        };
        actions.into_iter().enumerate().map(rule).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Too much is said, perhaps, but never too little.
    #[test]
    fn with_many_symbols_nothing_is_missed(
        (capabilities, before, after) in sets(),
        (some, others) in (many_groups(), many_groups()),
    ) {
        let order = capabilities.rules.order;
        let of = |more: Vec<NewRule>, set: RuleSet| {
            RuleSet { rules: accepting(order, more.into_iter().chain(set.rules).collect()), ..set }
        };
        let (before, after) = (of(some, before), of(others, after));
        let mut all = all_symbols(&[&before.rules, &after.rules]);
        for (number, symbols) in all.iter_mut().enumerate().filter(|(number, _)| number % 3 != 0) {
            symbols.groups.extend([group(&format!("g{}", number % 7)), group(&format!("g{}", number % 10))]);
        }
        let was_effect = Effect::of_rules(&before, None, &capabilities);
        let is_effect = Effect::of_rules(&after, before.default, &capabilities);
        let (opens, closes) = was_effect.changes(&is_effect).unwrap();
        let (was_rest, is_rest) = (rest(&before, None, &capabilities), rest(&after, before.default, &capabilities));
        let everything: Traffic = "any from 0.0.0.0/0, ::/0".parse().unwrap();
        let verdicts = is_effect.verdicts(&everything).unwrap();
        let idle = is_effect.idle().unwrap();
        for place in places() {
            for symbols in &all {
                let was = judge(&before.rules, &was_rest, &[], place, symbols).0.reach();
                let (verdict, rule) = judge(&after.rules, &is_rest, &[], place, symbols);
                let is_said = |said: &[Traffic]| said.iter().any(|entry| has(entry, place, symbols));
                prop_assert!(verdict.reach() <= was || is_said(&opens), "opens: {place:?} {symbols:?}");
                prop_assert!(verdict.reach() >= was || is_said(&closes), "closes: {place:?} {symbols:?}");
                prop_assert!(place.direction == Direction::Egress || verdicts.contains(&verdict));
                prop_assert!(rule.is_none_or(|rule| !idle.shadowed.contains(&rule)));
                let without = judge(&after.rules, &is_rest, &[idle.shadowed.clone(), idle.redundant.clone()].concat(), place, symbols);
                prop_assert_eq!(without.0, verdict);
            }
        }
    }
}

/// The service of a place, where one packet has it.
fn one_service(protocol: u8, number: u16) -> Option<Service> {
    let [kind, code] = number.to_be_bytes();
    let text = match protocol {
        1 => format!("icmp/{kind}/{code}"),
        6 => format!("tcp/{number}"),
        17 => format!("udp/{number}"),
        58 => format!("icmpv6/{kind}/{code}"),
        _ => protocol.to_string(),
    };
    text.parse().ok()
}
