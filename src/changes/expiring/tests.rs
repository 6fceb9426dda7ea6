//! What ends is exactly what was asked for.

use std::collections::BTreeSet;

use deltawall_core::{Capabilities, CloudRuleId, Diff, Firewall, NewRule, RuleSet};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::few::{
    any_rule, any_rules, described, distinct_rules, firewall, given, joining, ordered, rule, unordered,
};
use super::super::inverse::is_as;
use super::super::joined::saying_its_own;
use super::{Again, Endings, Removal, RuleExpiry, added, cloud_ids, read, shown};
use crate::clock::Timestamp;
use crate::store::ChangeId;
use crate::store::expiry::Expiry;
use crate::store::place::Place;

/// An expiry in the minute of this number, asked for by the change of that number.
fn expiry(rule: &NewRule, minute: u8, change: u8) -> Expiry {
    let place = ["mock", "default", "1", "web"].map(str::to_owned);
    let [driver, provider, owner, firewall] = place;
    Expiry {
        id: format!("{change}:{minute}"),
        change: ChangeId::new(&format!("{change:026}")).unwrap(),
        place: Place { driver, provider, owner, firewall },
        user: "anna".into(),
        rule: super::snapshot::write_rule(rule),
        cloud_id: None,
        due: at(minute),
    }
}

fn of(id: &str, expiry: Expiry) -> Expiry {
    Expiry { cloud_id: Some(id.into()), ..expiry }
}

fn at(minute: u8) -> Timestamp {
    format!("2026-12-01T12:{minute:02}:00Z").parse().unwrap()
}

/// The firewall with ids of the cloud's own.
fn with_ids(mut firewall: Firewall, ids: &[&str]) -> Firewall {
    for (rule, id) in firewall.rules.iter_mut().zip(ids) {
        rule.cloud_id = CloudRuleId::new(*id).ok();
    }
    firewall
}

/// What is left of the firewall by this minute.
fn ended(firewall: &Firewall, expiries: &[Expiry], minute: u8, can: &Capabilities) -> Firewall {
    let all = read(expiries);
    match Endings::new(&all, can).removal(firewall, |expiry| expiry.due <= at(minute)) {
        Removal::Nothing => firewall.clone(),
        Removal::Leaving(set) => given(firewall, &set, can),
        Removal::Rules(ids) => {
            let mut left = firewall.clone();
            left.rules.retain(|rule| !ids.iter().any(|id| id.names(rule)));
            left
        }
    }
}

#[test]
fn a_source_that_joined_a_lasting_rule_goes_alone_with_what_it_said() {
    let can = joining();
    let lasting = described("22 10.0.0.1", "office");
    for (said, expected) in [("for an hour", "office"), ("office", "office"), ("office; for an hour", "office")] {
        let before = firewall(std::slice::from_ref(&lasting), &can);
        let asked = described("22 10.0.0.2 10.0.0.3", said);
        let now = firewall(&[lasting.clone(), asked.clone(), rule("80 10.0.0.2")], &can);
        let expiries = [expiry(&saying_its_own(asked, &before.rules), 10, 1)];
        assert_eq!(ended(&now, &expiries, 9, &can), now);
        let expected = firewall(&[described("22 10.0.0.1", expected), rule("80 10.0.0.2")], &can);
        assert_eq!(ended(&now, &expiries, 10, &can), expected);
    }
}

#[test]
fn what_another_that_still_ends_says_stays() {
    let can = joining();
    let [first, second] = ["22 10.0.0.1", "22 10.0.0.2"].map(|text| described(text, "for an hour"));
    let now = firewall(&[first.clone(), second.clone()], &can);
    let expiries = [expiry(&first, 10, 1), expiry(&second, 20, 2)];
    assert_eq!(ended(&now, &expiries, 10, &can), firewall(&[second], &can));
    assert_eq!(ended(&now, &expiries, 20, &can).rules, []);
}

#[test]
fn the_expiry_that_was_asked_for_last_decides() {
    let can = joining();
    let now = firewall(&[rule("22 10.0.0.1 10.0.0.2 10.0.0.3")], &can);
    let expiries = [expiry(&rule("22 10.0.0.1 10.0.0.2"), 10, 1), expiry(&rule("22 10.0.0.1"), 30, 2)];
    let times = RuleExpiry::Sources(vec![Some(at(30)), Some(at(10)), None]);
    assert_eq!(shown(&now, &expiries, &can), [times]);
    assert_eq!(ended(&now, &expiries, 10, &can), firewall(&[rule("22 10.0.0.1 10.0.0.3")], &can));
    // It may be earlier, too.
    let earlier = [expiries[0].clone(), expiry(&rule("22 10.0.0.1"), 5, 2)];
    assert_eq!(ended(&now, &earlier, 5, &can), firewall(&[rule("22 10.0.0.2 10.0.0.3")], &can));
    let all = read(&expiries);
    let endings = Endings::new(&all, &can);
    assert_eq!(endings.deciding(&firewall(&[rule("22 10.0.0.1")], &can)), ["2:30"].into());
}

#[test]
fn a_rule_with_an_id_goes_by_that() {
    let can = ordered();
    let ends = rule("22 10.0.0.1");
    let now = with_ids(firewall(&[ends.clone(), rule("80 10.0.0.1"), ends.clone()], &can), &["a", "b", "c"]);
    let expiries = [of("c", expiry(&ends, 10, 1))];
    assert_eq!(
        ended(&now, &expiries, 10, &can),
        with_ids(firewall(&[ends.clone(), rule("80 10.0.0.1")], &can), &["a", "b"])
    );
    // Whatever it says of itself by now.
    let mut described = now.clone();
    described.rules[2].description = deltawall_core::Description::new("mine").ok();
    assert_eq!(ended(&described, &expiries, 10, &can).rules, now.rules[..2]);
    let all = read(&expiries);
    let endings = Endings::new(&all, &can);
    assert_eq!(endings.absent(&now), Vec::<String>::new());
    assert_eq!(endings.absent(&ended(&now, &expiries, 10, &can)), ["1:10"]);
    // One more of the same does not come in its place, and the same rule does.
    assert_eq!(endings.replaced([(&ends, None)]), Vec::<String>::new());
    assert_eq!(endings.replaced([(&ends, Some("c"))]), ["1:10"]);
    let again = endings.asked_again(&now, &ends).unwrap();
    assert_eq!(again, Again { rule: ends.clone(), cloud_id: CloudRuleId::new("c").ok() });
}

#[test]
fn the_ids_of_rules_that_were_made_are_those_that_were_not_there() {
    let can = ordered();
    let [one, other] = ["22 10.0.0.1", "80 10.0.0.1"].map(rule);
    let before = with_ids(firewall(std::slice::from_ref(&one), &can), &["a"]);
    let after = with_ids(firewall(&[one.clone(), other.clone(), one.clone()], &can), &["a", "b", "c"]);
    let asked = [("first", &one), ("second", &other), ("third", &one)];
    let ids = [("first", "c"), ("second", "b")].map(|(expiry, id)| (expiry.to_owned(), id.to_owned()));
    assert_eq!(cloud_ids(Some(&before), &after, asked), ids);
}

#[test]
fn a_rule_is_asked_for_again_where_it_is_there_and_all_of_it_ends() {
    let lasting = rule("80 10.0.0.1");
    for can in [unordered(), ordered(), joining()] {
        let ends = rule("22 10.0.0.1 10.0.0.2");
        let now = firewall(&[ends.clone(), lasting.clone()], &can);
        let expiries = [expiry(&ends, 10, 1)];
        let all = read(&expiries);
        let endings = Endings::new(&all, &can);
        let again = |rule: &NewRule| endings.asked_again(&now, rule).map(|again| again.rule);
        assert_eq!(again(&ends), Some(ends.clone()));
        assert_eq!(again(&lasting), None);
        assert_eq!(again(&rule("22 10.0.0.2 10.0.0.3")), None);
        let part = rule("22 10.0.0.2");
        assert_eq!(again(&part), can.rules.join.then(|| part.clone()));
        assert_eq!(endings.at_another_time(&now, &ends, at(10)), None);
        assert!(endings.at_another_time(&now, &ends, at(11)).is_some());
        assert!(endings.at_another_time(&now, &lasting, at(10)).is_some());
        // What it is asked for again for comes in the place of all of the first, or of a part.
        assert_eq!(endings.replaced([(&ends, None)]), ["1:10"]);
        assert_eq!(endings.replaced([(&part, None)]), Vec::<String>::new());
    }
}

#[test]
fn a_rule_that_is_edited_keeps_its_end() {
    let can = joining();
    let now = firewall(&[rule("22 10.0.0.1 10.0.0.2")], &can);
    let becomes = rule("23 10.0.0.1 10.0.0.2 10.0.0.3");
    let carried = |expiries: &[Expiry]| Endings::new(&read(expiries), &can).carried(&now.rules[0], &becomes);
    assert_eq!(carried(&[]), []);
    assert_eq!(carried(&[expiry(&rule("22 10.0.0.2"), 10, 1)]), [(rule("23 10.0.0.2"), at(10))]);
    assert_eq!(carried(&[expiry(&rule("22 10.0.0.1 10.0.0.2"), 10, 1)]), [(becomes.clone(), at(10))]);
    let two = [expiry(&rule("22 10.0.0.1"), 10, 1), expiry(&rule("22 10.0.0.2"), 20, 2)];
    assert_eq!(carried(&two), [(rule("23 10.0.0.1 10.0.0.3"), at(10)), (rule("23 10.0.0.2"), at(20))]);
}

#[test]
fn what_is_only_said_anew_is_not_added() {
    for can in [unordered(), ordered(), joining()] {
        let before = firewall(&[described("22 10.0.0.1", "old"), rule("80 10.0.0.1")], &can);
        let rules = vec![described("22 10.0.0.1", "new"), rule("80 10.0.0.2"), rule("80 10.0.0.1")];
        let diff = Diff::new(&before, &RuleSet { rules, default: None }, &can);
        assert_eq!(added(&diff, &can).collect::<Vec<_>>(), [&rule("80 10.0.0.2")]);
    }
    // One more of the same is.
    let (can, one) = (ordered(), rule("22 10.0.0.1"));
    let set = RuleSet { rules: vec![one.clone(), one.clone()], default: None };
    let diff = Diff::new(&firewall(std::slice::from_ref(&one), &can), &set, &can);
    assert_eq!(added(&diff, &can).count(), 1);
}

#[test]
fn it_is_shown_when_a_rule_goes() {
    let can = joining();
    let now = firewall(&[rule("22 10.0.0.1 10.0.0.2"), rule("80 10.0.0.1"), rule("443 10.0.0.1 10.0.0.2")], &can);
    let expiries = [
        expiry(&rule("22 10.0.0.1"), 10, 1),
        expiry(&rule("22 10.0.0.2"), 10, 2),
        expiry(&rule("443 10.0.0.1"), 10, 3),
        expiry(&rule("443 10.0.0.2"), 20, 4),
    ];
    let sources = RuleExpiry::Sources(vec![Some(at(10)), Some(at(20))]);
    assert_eq!(shown(&now, &expiries, &can), [RuleExpiry::At(at(10)), RuleExpiry::Never, sources]);
}

/// One that only the cloud could have made is in nobody's way.
#[test]
fn a_rule_that_cannot_be_made_again_holds_up_no_end() {
    for can in [unordered(), ordered(), joining()] {
        let (ends, others) = (["22 10.0.0.1", "23 10.0.0.1"].map(rule), rule("80 10.0.0.1 10.0.0.2"));
        let mut now = firewall(&[ends.to_vec(), vec![others]].concat(), &can);
        let sources = &mut now.rules[2].content.sources;
        sources[1] = sources[0].clone();
        let expiries = ends.each_ref().map(|rule| expiry(rule, 10, 1));
        let left = ended(&now, &expiries, 10, &can);
        assert_eq!(left.rules.len(), 1);
        assert_eq!(left.rules[0].content.protocol, now.rules[2].content.protocol);
    }
}

fn singles(firewall: &Firewall) -> BTreeSet<String> {
    let of_rule = |rule: &deltawall_core::Rule| {
        let (subject, sources) = (format!("{:?}", super::Subject::from(rule)), rule.content.sources.clone());
        sources.into_iter().map(move |source| format!("{subject} {source}"))
    };
    firewall.rules.iter().flat_map(of_rule).collect()
}

proptest! {
    #[test]
    fn single_sources_go_where_rules_join(lasting in any_rules(), ends in vec((any_rule(), 1..60_u8), 1..5), minute in 1..60_u8) {
        let can = joining();
        let expiries: Vec<Expiry> = (1..).zip(&ends).map(|(change, (rule, due))| expiry(rule, *due, change)).collect();
        let ends: Vec<NewRule> = ends.into_iter().map(|(rule, _)| rule).collect();
        let now = firewall(&[lasting, ends].concat(), &can);
        let mut due = BTreeSet::new();
        for expiry in &expiries {
            let its = singles(&firewall(&[super::snapshot::read_rule(&expiry.rule).unwrap()], &can));
            due.retain(|single| !its.contains(single));
            if expiry.due <= at(minute) {
                due.extend(its);
            }
        }
        let left = ended(&now, &expiries, minute, &can);
        prop_assert_eq!(singles(&left), singles(&now).difference(&due).cloned().collect::<BTreeSet<_>>());
        // What was removed is not there to be removed again.
        prop_assert_eq!(&ended(&left, &expiries, minute, &can), &left);
    }

    #[test]
    fn whole_rules_go_where_they_do_not(rules in distinct_rules(), dues in vec(1..60_u8, 8), minute in 1..60_u8) {
        for can in [unordered(), ordered()] {
            // Every other one ends.
            let ends: Vec<_> = rules.iter().zip(&dues).step_by(2).collect();
            let expiries: Vec<Expiry> = ends.iter().map(|(rule, due)| expiry(rule, **due, 1)).collect();
            let is_over = |rule: &NewRule| ends.iter().any(|(end, due)| *end == rule && **due <= minute);
            let stay: Vec<NewRule> = rules.iter().filter(|rule| !is_over(rule)).cloned().collect();
            let left = ended(&firewall(&rules, &can), &expiries, minute, &can);
            prop_assert!(is_as(&left, &firewall(&stay, &can), &can));
        }
    }
}
