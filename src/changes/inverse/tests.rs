//! Undoing takes back what a change did, and nothing else.

use std::collections::BTreeSet;

use deltawall_core::{Action, Capabilities, Defaults, Direction, Firewall, NewRule, PortRange, Protocol, Rule};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::few::{
    all_kinds, any_rules, described, distinct, distinct_rules, firewall, given, joining, ordered, rule, some_of,
    unordered,
};
use super::{InTheWay, Inverse, Way, inverse, is_as};

/// The firewall when the change is undone.
fn undone(before: &Firewall, after: &Firewall, now: &Firewall, can: &Capabilities, way: Way) -> Firewall {
    match inverse(Some(before), Some(after), Some(now), can, way).unwrap() {
        Inverse::Nothing => now.clone(),
        Inverse::Rules(set) => given(now, &set, can),
        Inverse::Delete => panic!("the firewall was there before"),
    }
}

/// Another firewall's rule for what no other rule is for.
fn foreign(number: usize) -> NewRule {
    let of = |port: &str| rule(&format!("{port} 10.9.0.{number}"));
    if number.is_multiple_of(2) { of("99") } else { of(">99") }
}

fn is_foreign(rule: &Rule) -> bool {
    rule.content.protocol == Protocol::Tcp(PortRange::new(99, 99).unwrap())
}

fn texts(rules: &[Rule]) -> Vec<String> {
    rules.iter().map(|rule| format!("{rule:?}")).collect()
}

fn of_direction(rules: &[Rule], direction: Direction) -> Vec<String> {
    texts(&rules.iter().filter(|rule| rule.content.direction == direction).cloned().collect::<Vec<_>>())
}

fn singles(firewall: &Firewall) -> BTreeSet<String> {
    let of_rule = |rule: &Rule| {
        let (content, sources) = (rule.content.clone(), rule.content.sources.clone());
        sources.into_iter().map(move |source| {
            let (direction, protocol, action) = (content.direction, content.protocol, content.action);
            format!("{direction:?} {protocol:?} {action:?} {source}")
        })
    };
    firewall.rules.iter().flat_map(of_rule).collect()
}

proptest! {
    #[test]
    fn what_nobody_else_has_changed_becomes_exactly_what_it_was(before in any_rules(), after in any_rules()) {
        for can in all_kinds() {
            let (before, after) = (firewall(&before, &can), firewall(&after, &can));
            let undone = undone(&before, &after, &after, &can, Way::Refuse);
            prop_assert!(is_as(&undone, &before, &can));
            if !is_as(&before, &after, &can) {
                prop_assert_eq!(undone, before);
            }
        }
    }

    #[test]
    fn rules_that_others_have_added_stay_where_they_are(
        before in distinct_rules(),
        after in distinct_rules(),
        places in vec(any::<Index>(), 1..5),
    ) {
        for can in all_kinds() {
            let (before, mut now) = (firewall(&before, &can), after.clone());
            for (number, place) in places.iter().enumerate() {
                now.insert(place.index(now.len() + 1), foreign(number));
            }
            let (after, now) = (firewall(&after, &can), firewall(&now, &can));
            let undone = undone(&before, &after, &now, &can, Way::Refuse);
            let (others, ours): (Vec<Rule>, Vec<Rule>) = undone.rules.iter().cloned().partition(is_foreign);
            let theirs: Vec<Rule> = now.rules.iter().filter(|rule| is_foreign(rule)).cloned().collect();
            prop_assert_eq!(texts(&others), texts(&theirs));
            prop_assert!(is_as(&Firewall { rules: ours, ..undone.clone() }, &before, &can), "{:#?}", undone);
        }
    }

    #[test]
    fn rules_that_others_have_removed_stay_away(
        before in distinct_rules(),
        after in distinct_rules(),
        removed in any::<Index>(),
    ) {
        let (can, stays) = (ordered(), |rule: &&NewRule| after.contains(rule));
        let kept: Vec<&NewRule> = before.iter().filter(stays).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let removed = kept[removed.index(kept.len())];
        let without = |rules: &[NewRule]| rules.iter().filter(|rule| *rule != removed).cloned().collect::<Vec<_>>();
        let is = |rules: &[NewRule]| firewall(rules, &can);
        let undone = undone(&is(&before), &is(&after), &is(&without(&after)), &can, Way::Refuse);
        let expected = is(&without(&before));
        prop_assert!(is_as(&undone, &expected, &can), "{:#?} {:#?}", undone, expected);
    }

    #[test]
    fn single_sources_come_and_go_where_rules_join(
        [before, after, now] in [any_rules(), any_rules(), any_rules()],
    ) {
        let can = joining();
        let [before, after, now] = [before, after, now].map(|rules| firewall(&rules, &can));
        let undone = singles(&undone(&before, &after, &now, &can, Way::Refuse));
        let [before, after, now] = [before, after, now].map(|firewall| singles(&firewall));
        let added: BTreeSet<_> = after.difference(&before).cloned().collect();
        let taken: BTreeSet<_> = before.difference(&after).cloned().collect();
        let expected: BTreeSet<_> = now.difference(&added).chain(&taken).cloned().collect();
        prop_assert_eq!(undone, expected);
    }

    /// Nobody may know whether the first time was one.
    #[test]
    fn undoing_twice_is_undoing_once(
        (before, after, now) in distinct_rules().prop_flat_map(|before| {
            let others = (some_of(before.clone()), distinct_rules());
            let after = others.prop_map(|(some, others)| distinct(&[some, others].concat()));
            (Just(before), after)
        }).prop_flat_map(|(before, after)| {
            let others = (some_of(after.clone()), distinct_rules());
            let now = others.prop_map(|(some, others)| distinct(&[some, others].concat()));
            (Just(before), Just(after), now)
        }),
    ) {
        for can in all_kinds() {
            let [before, after, now] = [&before, &after, &now].map(|rules| firewall(rules, &can));
            let undone = undone(&before, &after, &now, &can, Way::Nearest);
            let again = inverse(Some(&before), Some(&after), Some(&undone), &can, Way::Nearest);
            prop_assert_eq!(again, Ok(Inverse::Nothing), "{:#?}", undone);
        }
    }

    #[test]
    fn what_is_there_is_as_it_is_in_any_order_where_none_matters(rules in any_rules().prop_shuffle()) {
        let mut shuffled = rules.clone();
        shuffled.reverse();
        for can in [unordered(), joining()] {
            prop_assert!(is_as(&firewall(&shuffled, &can), &firewall(&rules, &can), &can));
        }
        let can = ordered();
        let (one, other) = (firewall(&shuffled, &can), firewall(&rules, &can));
        let is_same = [Direction::Ingress, Direction::Egress].iter().all(|way| {
            of_direction(&one.rules, *way) == of_direction(&other.rules, *way)
        });
        prop_assert_eq!(is_as(&one, &other, &can), is_same);
    }
}

/// Rules of one port each, by their last numbers.
fn numbered(numbers: &[u16]) -> Firewall {
    firewall(&numbers.iter().map(|port| rule(&format!("{port} 10.0.0.1"))).collect::<Vec<_>>(), &ordered())
}

#[test]
fn a_rule_comes_back_between_those_it_stood_between() {
    for (before, after, now, expected, nearest) in [
        (&[1, 2, 3][..], &[1, 3][..], &[1, 9, 3][..], Some(&[1, 9, 2, 3][..]), &[1, 9, 2, 3][..]),
        // What was last is last: others' rules decide as they do.
        (&[1, 2], &[1], &[1, 9], Some(&[1, 9, 2]), &[1, 9, 2]),
        (&[1, 2], &[2], &[9, 2], Some(&[9, 1, 2]), &[9, 1, 2]),
        // Its neighbours went, too.
        (&[1, 2, 3, 4], &[1, 2, 4], &[1, 9], Some(&[1, 9, 3]), &[1, 9, 3]),
        // The nearest are in order, and others are not.
        (&[1, 2, 3, 4], &[1, 2, 4], &[2, 1, 4], Some(&[2, 1, 3, 4]), &[2, 1, 3, 4]),
        (&[1, 2, 3, 4], &[1, 3, 4], &[4, 1, 3], Some(&[4, 1, 2, 3]), &[4, 1, 2, 3]),
        // They are not.
        (&[1, 2, 3], &[1, 3], &[3, 1], None, &[3, 1, 2]),
        // What was moved is moved back, and what others moved stays where it is.
        (&[1, 2, 3], &[3, 1, 2], &[3, 9, 1, 2], Some(&[9, 1, 2, 3]), &[9, 1, 2, 3]),
        (&[1, 2, 3, 4], &[2, 3, 4, 1], &[4, 2, 3, 1], Some(&[1, 4, 2, 3]), &[1, 4, 2, 3]),
        // There already, or gone already.
        (&[1, 2], &[1], &[2, 9, 1], Some(&[2, 9, 1]), &[2, 9, 1]),
        (&[1], &[1, 2], &[9, 1], Some(&[9, 1]), &[9, 1]),
    ] {
        let [before, after, now] = [before, after, now].map(numbered);
        let refusing = inverse(Some(&before), Some(&after), Some(&now), &ordered(), Way::Refuse);
        match expected {
            Some(expected) => {
                let undone = undone(&before, &after, &now, &ordered(), Way::Refuse);
                assert_eq!(texts(&undone.rules), texts(&numbered(expected).rules));
            }
            None => assert_eq!(refusing, Err(InTheWay::Order(2))),
        }
        let undone = undone(&before, &after, &now, &ordered(), Way::Nearest);
        assert_eq!(texts(&undone.rules), texts(&numbered(nearest).rules));
    }
}

#[test]
fn what_was_there_twice_is_there_twice_again() {
    for (before, after, now, expected) in [
        (&[1, 1][..], &[1][..], &[1, 9][..], &[1, 9, 1][..]),
        (&[1, 1], &[1], &[1, 1, 9], &[1, 1, 9]),
        (&[1], &[1, 1], &[1, 9, 1], &[1, 9]),
        (&[1], &[1, 1], &[1, 9], &[1, 9]),
    ] {
        let [before, after, now] = [before, after, now].map(numbered);
        let undone = undone(&before, &after, &now, &ordered(), Way::Refuse);
        assert_eq!(texts(&undone.rules), texts(&numbered(expected).rules));
    }
}

#[test]
fn a_source_that_joined_goes_alone_with_what_it_said() {
    let can = joining();
    let before = firewall(&[described("22 10.0.0.1", "office")], &can);
    let added = described("22 10.0.0.2 10.0.0.3", "for an hour");
    let rules = [described("22 10.0.0.1", "office"), added.clone()];
    let after = firewall(&rules, &can);
    let now = firewall(&[rules.to_vec(), vec![described("22 10.0.0.4", "home"), rule("80 10.0.0.1")]].concat(), &can);
    let expected = firewall(&[described("22 10.0.0.1 10.0.0.4", "office; home"), rule("80 10.0.0.1")], &can);
    assert_eq!(undone(&before, &after, &now, &can, Way::Refuse), expected);
    // One of its sources was there before, and what it says.
    let before = firewall(&[described("22 10.0.0.2", "for an hour")], &can);
    let after = firewall(&[described("22 10.0.0.2", "for an hour"), added], &can);
    let now = firewall(
        &[after.rules.iter().map(|rule| NewRule::of(rule).unwrap()).collect(), vec![rule("80 10.0.0.1")]].concat(),
        &can,
    );
    let expected = firewall(&[described("22 10.0.0.2", "for an hour"), rule("80 10.0.0.1")], &can);
    assert_eq!(undone(&before, &after, &now, &can, Way::Refuse), expected);
}

#[test]
fn what_others_have_put_there_again_does_not_come_twice() {
    let can = unordered();
    let before = firewall(&[rule("22 10.0.0.1 10.0.0.2")], &can);
    let now = firewall(&[rule("22 10.0.0.2 10.0.0.3")], &can);
    let expected = firewall(&[rule("22 10.0.0.2 10.0.0.3"), rule("22 10.0.0.1")], &can);
    assert_eq!(undone(&before, &firewall(&[], &can), &now, &can, Way::Refuse), expected);
}

#[test]
fn what_a_rule_says_is_undone_unless_others_say_something_else() {
    let can = ordered();
    let is =
        |said: &[&str]| firewall(&said.iter().map(|said| described("22 10.0.0.1", said)).collect::<Vec<_>>(), &can);
    let with = |mut firewall: Firewall| {
        firewall.rules.extend(numbered(&[9]).rules);
        firewall
    };
    for (now, expected) in [("new", "old"), ("newer", "newer")] {
        let undone = undone(&is(&["old"]), &is(&["new"]), &with(is(&[now])), &can, Way::Refuse);
        assert_eq!(undone, with(is(&[expected])));
    }
    // Two rules that differ in nothing else.
    let undone = undone(&is(&["one", "two"]), &is(&["two"]), &with(is(&["two"])), &can, Way::Refuse);
    assert_eq!(undone, with(is(&["one", "two"])));
}

#[test]
fn a_default_is_undone_for_the_direction_that_was_changed() {
    use Action::{Accept, Deny, Reject};
    let can = ordered();
    let is = |ingress, egress, port| Firewall { default: Some(Defaults { ingress, egress }), ..numbered(&[port]) };
    let undoing =
        |now: &Firewall, way| inverse(Some(&is(Deny, Accept, 1)), Some(&is(Accept, Accept, 1)), Some(now), &can, way);
    for (now, expected) in [
        (is(Accept, Accept, 1), is(Deny, Accept, 1)),
        (is(Accept, Deny, 2), is(Deny, Deny, 2)),
        (is(Deny, Deny, 2), is(Deny, Deny, 2)),
    ] {
        match undoing(&now, Way::Refuse).unwrap() {
            Inverse::Rules(set) => assert_eq!(given(&now, &set, &can), expected),
            other => assert_eq!((other, now), (Inverse::Nothing, expected)),
        }
    }
    assert_eq!(undoing(&is(Reject, Accept, 1), Way::Refuse), Err(InTheWay::Default));
    let forced = undoing(&is(Reject, Accept, 1), Way::Nearest).unwrap();
    assert!(matches!(forced, Inverse::Rules(set) if set.default == Some(Defaults { ingress: Deny, egress: Accept })));
}

#[test]
fn firewalls_come_and_go() {
    let (can, none, some) = (ordered(), numbered(&[]), numbered(&[1]));
    for (before, after, now, refusing, nearest) in [
        (None, Some(&none), Some(&none), Ok(Inverse::Delete), Ok(Inverse::Delete)),
        (None, Some(&none), Some(&some), Err(InTheWay::InUse), Ok(Inverse::Delete)),
        (None, Some(&none), None, Ok(Inverse::Nothing), Ok(Inverse::Nothing)),
        (Some(&some), None, None, Err(InTheWay::Deleted), Err(InTheWay::Deleted)),
        (Some(&some), None, Some(&some), Ok(Inverse::Nothing), Ok(Inverse::Nothing)),
        (Some(&none), Some(&some), None, Err(InTheWay::Gone), Ok(Inverse::Nothing)),
    ] {
        assert_eq!(inverse(before, after, now, &can, Way::Refuse), refusing);
        assert_eq!(inverse(before, after, now, &can, Way::Nearest), nearest);
    }
}

#[test]
fn what_no_client_could_have_made_is_refused_or_made_as_it_matches() {
    let can = joining();
    let mut before = firewall(&[rule("22 10.0.0.1 10.0.0.2"), rule("80 10.0.0.1")], &can);
    let sources = &mut before.rules[0].content.sources;
    sources[1] = sources[0].clone();
    before.rules[1].content.sources.clear();
    let after = firewall(&[], &can);
    let undoing = |way| inverse(Some(&before), Some(&after), Some(&after), &can, way);
    assert!(matches!(undoing(Way::Refuse), Err(InTheWay::Unwritable(_))));
    let Ok(Inverse::Rules(set)) = undoing(Way::Nearest) else { panic!() };
    assert_eq!(set.rules, [rule("22 10.0.0.1")]);
}
