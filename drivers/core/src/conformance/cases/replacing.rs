//! All rules of a firewall are replaced at once.

use crate::capabilities::{Order, Replace, Rest};
use crate::conformance::subject::{Subject, added, address, expect, from_group, name, tcp};
use crate::error::ErrorKind;
use crate::model::{Action, Defaults, Direction, Firewall, NewRule, Rule};
use crate::protocol::Protocol;
use crate::rule_id::RuleId;
use crate::rule_set::RuleSet;
use crate::text::Description;

pub(in crate::conformance) async fn a_set_of_rules_replaces_those_that_are_there(subject: &Subject) {
    let mut seen = subject.create("replaced").await;
    for rules in [
        vec![tcp(80, &["192.0.2.0/24"]), tcp(443, &["192.0.2.0/24"])],
        vec![tcp(443, &["192.0.2.0/24"]), tcp(22, &["192.0.2.1", "198.51.100.0/24"])],
        vec![tcp(443, &["192.0.2.0/24"]), tcp(22, &["198.51.100.0/24", "203.0.113.0/24"])],
        vec![tcp(22, &["198.51.100.0/24"]).with_direction(Direction::Egress)],
        vec![],
    ] {
        let set = set(rules);
        if !subject.can_replace() {
            return subject.refuses_set(&seen, &set).await;
        }
        if set.rules.iter().any(|new| new.direction() == Direction::Egress) && !subject.can(|c| c.rules.egress) {
            subject.refuses_set(&seen, &set).await;
            continue;
        }
        let after = subject.replace(&seen, &set).await.unwrap();
        assert_eq!(after, subject.show(&seen.id).await);
        has_rules(subject, &after, &set.rules);
        seen = after;
    }
}

pub(in crate::conformance) async fn rules_that_stay_are_the_rules_that_they_were(subject: &Subject) {
    let (seen, goes) = subject.any_rule().await;
    let kept: Vec<_> = seen.rules.iter().filter(|rule| !goes.names(rule)).cloned().collect();
    let mut staying = set(as_new(&kept));
    if subject.can(|c| c.rules.replace == Replace::No) {
        return subject.refuses_set(&seen, &staying).await;
    }
    let left = subject.replace(&seen, &staying).await.unwrap();
    assert_eq!(left.rules, kept);
    assert_eq!(left, subject.show(&seen.id).await);

    staying.rules.push(tcp(8080, &["192.0.2.0/24"]));
    if !subject.can_replace() {
        return subject.refuses_set(&left, &staying).await;
    }
    let more = subject.replace(&left, &staying).await.unwrap();
    assert!(kept.iter().all(|rule| more.rules.contains(rule)), "{more:?}");
    added(&left, &more);
}

pub(in crate::conformance) async fn the_same_rules_again_change_nothing(subject: &Subject) {
    let (seen, _) = subject.any_rule().await;
    let same = set(as_new(&seen.rules));
    if subject.can(|c| c.rules.replace == Replace::No) {
        return subject.refuses_set(&seen, &same).await;
    }
    assert_eq!(subject.replace(&seen, &same).await.unwrap(), seen);
    assert_eq!(subject.show(&seen.id).await, seen);
}

pub(in crate::conformance) async fn rules_stand_as_in_their_set_where_they_have_an_order(subject: &Subject) {
    let seen = subject.create("sorted").await;
    let [first, second, third] = [80, 443, 22].map(|port| tcp(port, &["192.0.2.0/24"]));
    let one_way = set(vec![first.clone(), second.clone(), third.clone()]);
    if !subject.can_replace() {
        return subject.refuses_set(&seen, &one_way).await;
    }
    let seen = subject.replace(&seen, &one_way).await.unwrap();
    let other_way = set(vec![third, first, second]);
    let after = subject.replace(&seen, &other_way).await.unwrap();
    has_rules(subject, &after, &other_way.rules);
    if subject.can(|c| c.rules.order == Order::Ordered) {
        assert!(after.rules.iter().all(|rule| seen.rules.contains(rule)), "moved, they are the rules that they were");
    } else {
        assert_eq!(after, seen, "another order is no difference");
    }
}

pub(in crate::conformance) async fn a_firewall_that_has_changed_since_it_was_seen_is_a_conflict(subject: &Subject) {
    let (seen, rule) = subject.any_rule().await;
    subject.driver.delete_rule(&subject.context, &seen.id, &rule).await.unwrap();
    let now = subject.show(&seen.id).await;
    // What it has now, and what it had: both were meant for a firewall that is there no more.
    for rules in [as_new(&now.rules), as_new(&seen.rules)] {
        let refused = subject.replace(&seen, &set(rules)).await;
        let can = subject.can(|c| c.rules.replace != Replace::No);
        expect(refused, if can { ErrorKind::Conflict } else { ErrorKind::Unsupported });
        assert_eq!(subject.show(&seen.id).await, now);
    }
}

pub(in crate::conformance) async fn a_rule_that_cannot_be_made_is_named_and_nothing_changes(subject: &Subject) {
    let firewall = subject.create("unharmed").await;
    let mut gone = (*firewall).clone();
    gone.name = name("never-made");
    let bad = set(vec![tcp(22, &["192.0.2.0/24"]), from_group(&gone), tcp(23, &["192.0.2.0/24"])]);
    if !subject.can_replace() {
        return subject.refuses_set(&firewall, &bad).await;
    }
    let seen = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24"])).await.unwrap();
    let refused = subject.replace(&seen, &bad).await;
    names_the_second(&refused);
    expect(refused, if subject.can(|c| c.sources.groups) { ErrorKind::NotFound } else { ErrorKind::Unsupported });
    assert_eq!(subject.show(&seen.id).await, seen);
}

pub(in crate::conformance) async fn the_same_rule_twice_in_a_set_is_refused_unless_rules_repeat(subject: &Subject) {
    let seen = subject.create("repeated").await;
    let twice = set(vec![tcp(80, &["192.0.2.0/24"]), tcp(80, &["192.0.2.9/24"])]);
    if !subject.can_replace() {
        return subject.refuses_set(&seen, &twice).await;
    }
    let done = subject.replace(&seen, &twice).await;
    if !subject.can(|c| c.rules.repeat) {
        names_the_second(&done);
        expect(done, ErrorKind::Refused);
        assert_eq!(subject.show(&seen.id).await, seen);
        return;
    }
    let both = done.unwrap();
    has_rules(subject, &both, &twice.rules);
    let once = subject.replace(&both, &set(vec![tcp(80, &["192.0.2.0/24"])])).await.unwrap();
    assert_eq!(once.rules, both.rules[..1], "of two that are the same, the first stays");
}

pub(in crate::conformance) async fn last_rules_that_deny_are_none_where_the_rest_is_denied_anyway(subject: &Subject) {
    let mut seen = subject.create("closed").await;
    let denial = NewRule::new(Protocol::All, vec![address("0.0.0.0/0")]).unwrap().with_action(Action::Deny);
    let rules = vec![tcp(80, &["192.0.2.0/24"]), denial];
    if !subject.can_replace() {
        return subject.refuses_set(&seen, &set(rules)).await;
    }
    let denies = Defaults { ingress: Action::Deny, egress: Action::Deny };
    if subject.can(|c| c.rules.order == Order::Unordered && c.rules.rest == Rest::Denied) {
        for default in [None, Some(denies)] {
            seen = subject.replace(&seen, &RuleSet { rules: rules.clone(), default }).await.unwrap();
            has_rules(subject, &seen, &rules[..1]);
        }
    } else if subject.can(|c| c.rules.deny) {
        let after = subject.replace(&seen, &set(rules.clone())).await.unwrap();
        has_rules(subject, &after, &rules);
    } else {
        subject.refuses_set(&seen, &set(rules)).await;
    }
}

pub(in crate::conformance) async fn a_set_brings_its_descriptions(subject: &Subject) {
    let mut seen = subject.create("renamed").await;
    for text in ["for the office", "for the other office"] {
        let description = Some(Description::new(text).unwrap());
        let described = set(vec![tcp(22, &["192.0.2.0/24"]).with_description(description)]);
        if !(subject.can_replace() && subject.can(|c| c.rules.descriptions)) {
            return subject.refuses_set(&seen, &described).await;
        }
        seen = subject.replace(&seen, &described).await.unwrap();
        has_rules(subject, &seen, &described.rules);
    }
}

pub(in crate::conformance) async fn a_default_is_chosen_where_a_firewall_has_one(subject: &Subject) {
    let listed = subject.list().await;
    let new = subject.create("without-default").await;
    let refuse = |default| RuleSet { rules: vec![], default: Some(default) };
    let mixed = Defaults { ingress: Action::Deny, egress: Action::Accept };
    if !subject.can(|c| c.firewalls.default) {
        assert!(listed.iter().all(|firewall| firewall.default.is_none()));
        return subject.refuses_set(&new, &refuse(mixed)).await;
    }
    let has_default = listed.iter().find(|firewall| firewall.default.is_some()).expect("a firewall has a default");
    let (mut seen, rules) = (has_default.clone(), as_new(&has_default.rules));
    for default in [mixed, Defaults { ingress: Action::Accept, egress: Action::Deny }] {
        let asked = RuleSet { rules: rules.clone(), default: Some(default) };
        seen = subject.replace(&seen, &asked).await.unwrap();
        assert_eq!((seen.default, &seen.rules), (Some(default), &has_default.rules));
        assert_eq!(subject.replace(&seen, &set(rules.clone())).await.unwrap(), seen, "none is the one that is there");
    }
    if let Some(other) = subject.list().await.iter().find(|firewall| firewall.default.is_none()) {
        let asked = RuleSet { default: Some(mixed), ..set(as_new(&other.rules)) };
        expect(subject.replace(other, &asked).await, ErrorKind::Refused);
        assert_eq!(subject.show(&other.id).await, *other);
    }
}

fn set(rules: Vec<NewRule>) -> RuleSet {
    RuleSet { rules, default: None }
}

/// What would make these rules, without such as no client could have made.
fn as_new(rules: &[Rule]) -> Vec<NewRule> {
    rules.iter().filter_map(|rule| NewRule::of(rule).ok()).collect()
}

/// A firewall's rules are these, in this order where rules have one.
#[track_caller]
fn has_rules(subject: &Subject, firewall: &Firewall, asked: &[NewRule]) {
    let is_it = |rule: &Rule, new: &NewRule| {
        rule.content.same_as(&new.clone().into_content(rule.content.owner.clone()))
            && rule.log.as_ref() == new.log()
            && rule.description.as_ref() == new.description()
    };
    assert_eq!(firewall.rules.len(), asked.len(), "{firewall:?}");
    for (new, rule) in asked.iter().zip(&firewall.rules) {
        let is_there = match subject.can(|c| c.rules.order == Order::Ordered) {
            true => is_it(rule, new),
            false => firewall.rules.iter().any(|rule| is_it(rule, new)),
        };
        assert!(is_there, "{new:?} in {firewall:?}");
        assert!(RuleId::parse(&rule.id().to_string()).unwrap().names(rule));
    }
}

#[track_caller]
fn names_the_second<T>(refused: &Result<T, crate::error::Error>) {
    let message = refused.as_ref().err().expect("rule 2 cannot be made").to_string();
    assert!(message.to_lowercase().contains("rule 2"), "{message}");
}
