//! What is said to come, go and move makes of the old rules the new ones.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use crate::capabilities::{Capabilities, Order};
use crate::diff::Diff;
use crate::model::{Action, Firewall, NewRule, Position, Rule};
use crate::protocol::{PortRange, Protocol};
use crate::rule_set::RuleSet;
use crate::source::Source;
use crate::text::{Account, Description, FirewallId, FirewallName};

fn firewall(rules: &[NewRule]) -> Firewall {
    let rule = |new: &NewRule| Rule {
        cloud_id: None,
        content: new.clone().into_content(Account::new("1").unwrap()),
        log: new.log().cloned(),
        description: new.description().cloned(),
    };
    Firewall {
        id: FirewallId::new("web").unwrap(),
        name: FirewallName::new("web").unwrap(),
        description: None,
        owner: None,
        rules: rules.iter().map(rule).collect(),
        default: None,
    }
}

fn rule() -> impl Strategy<Value = NewRule> {
    let sources = prop::collection::btree_set(0..3_u8, 1..3);
    (1..3_i32, sources, any::<bool>(), any::<bool>()).prop_map(|(port, sources, accepts, is_described)| {
        let source = |last: &u8| Source::Address(format!("10.0.0.{last}").parse().unwrap());
        let protocol = Protocol::Tcp(PortRange::new(port, port).unwrap());
        let new = NewRule::new(protocol, sources.iter().map(source).collect()).unwrap();
        let description = is_described.then(|| Description::new("a").unwrap());
        new.with_action(if accepts { Action::Accept } else { Action::Deny }).with_description(description)
    })
}

/// Does what it says.
fn applied(before: &[NewRule], diff: &Diff) -> Vec<NewRule> {
    let mut rules = before.to_vec();
    let removed = diff.removes.iter().map(|rule| NewRule::of(rule).unwrap());
    let moved = diff.moves.iter().map(|moved| NewRule::of(&moved.rule).unwrap());
    // The last of several that are the same, since the first stay.
    for gone in removed.chain(moved) {
        let at = rules.iter().rposition(|rule| same(rule, &gone)).unwrap();
        rules.remove(at);
    }
    let end = usize::MAX;
    let added = diff.adds.iter().map(|add| match add.position {
        Position::At(place) => (place.get(), add.rule.clone()),
        Position::Last => (end, add.rule.clone()),
    });
    let moved = diff.moves.iter().map(|moved| (moved.position.get(), NewRule::of(&moved.rule).unwrap()));
    let mut placed: Vec<_> = added.chain(moved).collect();
    placed.sort_by_key(|(place, _)| *place);
    for (place, rule) in placed {
        let at = if place == end { rules.len() } else { place - 1 };
        rules.insert(at, rule);
    }
    rules
}

fn same(one: &NewRule, other: &NewRule) -> bool {
    let content = |rule: &NewRule| rule.clone().into_content(Account::new("1").unwrap());
    content(one).same_as(&content(other)) && one.description() == other.description()
}

fn in_some_order(rules: &[NewRule]) -> Vec<String> {
    let mut texts: Vec<_> = rules.iter().map(|rule| format!("{rule:?}")).collect();
    texts.sort_unstable();
    texts
}

/// How many numbers of a row stay if as few as can be are taken out so that the rest are in order.
fn most_in_order(numbers: &[usize]) -> usize {
    let mut best = vec![1; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        for earlier in 0..at {
            if numbers[earlier] < *number {
                best[at] = best[at].max(best[earlier] + 1);
            }
        }
    }
    best.into_iter().max().unwrap_or(0)
}

proptest! {
    #[test]
    fn ordered_rules_become_the_new_ones(
        before in prop::collection::vec(rule(), 0..8),
        after in prop::collection::vec(rule(), 0..8),
    ) {
        let mut capabilities = Capabilities::default();
        capabilities.rules.order = Order::Ordered;
        let set = RuleSet { rules: after.clone(), default: None };
        let diff = Diff::new(&firewall(&before), &set, &capabilities);
        prop_assert_eq!(diff.is_empty(), before == after);
        prop_assert_eq!(diff.keeps + diff.moves.len() + diff.removes.len(), before.len());
        prop_assert_eq!(applied(&before, &diff), after);
    }

    #[test]
    fn as_few_as_can_move(shuffled in Just((0..9_u8).collect::<Vec<_>>()).prop_shuffle()) {
        let of = |last: &u8| {
            let source = Source::Address(format!("10.0.0.{last}").parse().unwrap());
            NewRule::new(Protocol::All, vec![source]).unwrap()
        };
        let before: Vec<_> = (0..9).map(|last| of(&last)).collect();
        let set = RuleSet { rules: shuffled.iter().map(of).collect(), default: None };
        let mut capabilities = Capabilities::default();
        capabilities.rules.order = Order::Ordered;
        let diff = Diff::new(&firewall(&before), &set, &capabilities);
        let numbers: Vec<_> = shuffled.iter().map(|number| usize::from(*number)).collect();
        prop_assert_eq!(diff.keeps, most_in_order(&numbers));
        prop_assert_eq!(applied(&before, &diff), set.rules);
    }

    #[test]
    fn unordered_rules_come_and_go_and_never_move(
        before in prop::collection::vec(rule(), 0..8),
        after in prop::collection::vec(rule(), 0..8),
    ) {
        let set = RuleSet { rules: after.clone(), default: None };
        let diff = Diff::new(&firewall(&before), &set, &Capabilities::default());
        prop_assert_eq!(in_some_order(&applied(&before, &diff)), in_some_order(&after));
        prop_assert!(diff.moves.is_empty());
        prop_assert_eq!(diff.keeps + diff.removes.len(), before.len());
    }

    #[test]
    fn where_rules_join_single_sources_come_and_go(
        mut before in prop::collection::vec(rule(), 0..6),
        after in prop::collection::vec(rule(), 0..6),
    ) {
        // There is one rule for each kind of traffic.
        let mut known = HashSet::new();
        before.retain(|rule| known.insert((rule.protocol(), rule.action())));
        let mut capabilities = Capabilities::default();
        capabilities.rules.join = true;
        let set = RuleSet { rules: after.clone(), default: None };
        let diff = Diff::new(&firewall(&before), &set, &capabilities);
        let removed: Vec<_> = diff.removes.iter().map(|rule| NewRule::of(rule).unwrap()).collect();
        let added: Vec<_> = diff.adds.iter().map(|add| add.rule.clone()).collect();
        let (mut there, wanted) = (singles(&before), singles(&after));
        for gone in singles(&removed) {
            prop_assert!(there.remove(&gone), "{gone} was not there");
        }
        for new in singles(&added) {
            prop_assert!(there.insert(new.clone()), "{new} is there");
        }
        prop_assert_eq!(there, wanted);
    }
}

fn singles(rules: &[NewRule]) -> BTreeSet<String> {
    let of = |rule: &NewRule| {
        let (protocol, action) = (rule.protocol(), rule.action());
        rule.sources().iter().map(move |source| format!("{protocol:?} {action:?} {source}")).collect::<Vec<_>>()
    };
    rules.iter().flat_map(of).collect()
}

#[test]
fn what_a_joined_rule_says_of_itself_may_change() {
    let mut capabilities = Capabilities::default();
    capabilities.rules.join = true;
    let said = |text: &str, sources: &[&str]| {
        let sources = sources.iter().map(|source| Source::Address(source.parse().unwrap())).collect();
        NewRule::new(Protocol::All, sources).unwrap().with_description(Description::new(text).ok())
    };
    let before = firewall(&[said("old", &["10.0.0.1", "10.0.0.2"])]);
    for (after, adds, removes) in [
        (said("old", &["10.0.0.2", "10.0.0.1"]), 0, 0),
        (said("new", &["10.0.0.2", "10.0.0.1"]), 2, 2),
        (said("new", &["10.0.0.2", "10.0.0.3"]), 1, 1),
    ] {
        let diff = Diff::new(&before, &RuleSet { rules: vec![after], default: None }, &capabilities);
        let added: usize = diff.adds.iter().map(|add| add.rule.sources().len()).sum();
        let removed: usize = diff.removes.iter().map(|rule| rule.content.sources.len()).sum();
        assert_eq!((added, removed), (adds, removes));
    }
}
