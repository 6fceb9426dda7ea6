//! What plans tell, and what they warn of.

use super::*;
use crate::capabilities::Order;
use crate::model::{Action, RuleContent};
use crate::protocol::{PortRange, Protocol};
use crate::text::{Account, FirewallId, FirewallName};

fn tcp(port: i32, sources: &[&str]) -> NewRule {
    let source = |text: &&str| match text.strip_prefix('@') {
        Some(name) => Source::Group(group(name)),
        None => Source::Address(text.parse().unwrap()),
    };
    let ports = PortRange::new(port, port).unwrap();
    NewRule::new(Protocol::Tcp(ports), sources.iter().map(source).collect()).unwrap()
}

/// `OWNER:NAME`.
fn group(text: &str) -> Group {
    let (owner, name) = text.split_once(':').unwrap();
    Group { owner: Account::new(owner).unwrap(), name: FirewallName::new(name).unwrap() }
}

fn firewall(rules: &[NewRule]) -> Firewall {
    let content = |new: &NewRule| -> RuleContent { new.clone().into_content(Account::new("1").unwrap()) };
    let rule = |new| Rule { cloud_id: None, content: content(new), log: None, description: None };
    Firewall {
        id: FirewallId::new("web").unwrap(),
        name: FirewallName::new("web").unwrap(),
        description: None,
        owner: Account::new("1").ok(),
        rules: rules.iter().map(rule).collect(),
        default: None,
    }
}

fn warned(plan: &Plan) -> Vec<(&'static str, usize)> {
    plan.warnings.iter().map(|warning| (warning.code.name(), warning.rule.unwrap_or(usize::MAX))).collect()
}

#[test]
fn a_new_rule_is_a_rule_set_that_has_it() {
    let before = firewall(&[tcp(1, &["10.0.0.0/8"]), tcp(2, &["10.0.0.0/8"])]);
    let now = RuleSet::of(&before).unwrap();
    let new = tcp(22, &["192.0.2.0/24"]);
    let (can, limits) = (Capabilities::default(), Limits::default());
    for (position, place) in [
        (Position::Last, 2),
        (Position::At(1.try_into().unwrap()), 0),
        (Position::At(2.try_into().unwrap()), 1),
        (Position::At(9.try_into().unwrap()), 2),
    ] {
        let after = now.clone().with(new.clone(), position);
        assert_eq!(after.rules[place], new);
        let plan = Plan::new(&before, &after, &can, limits).unwrap();
        assert_eq!((plan.adds.len(), plan.removes.len(), plan.keeps), (1, 0, 2));
        assert_eq!(plan.opens.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tcp/22 from 192.0.2.0/24"]);
        assert_eq!(plan.closes, []);
    }
    let left = RuleSet::without(&before, 0).unwrap();
    let plan = Plan::new(&before, &left, &can, limits).unwrap();
    assert_eq!((plan.adds.len(), plan.removes.as_slice(), plan.keeps), (0, &before.rules[..1], 1));
    assert_eq!(plan.closes.iter().map(ToString::to_string).collect::<Vec<_>>(), ["tcp/1 from 10.0.0.0/8"]);
}

#[test]
fn of_rules_that_say_the_same_the_one_that_is_meant_comes_or_goes() {
    let (one, other) = (tcp(1, &["10.0.0.0/8"]), tcp(2, &["10.0.0.0/8"]));
    let before = firewall(&[one.clone(), other, one.clone()]);
    let mut can = Capabilities::default();
    can.rules.order = Order::Ordered;
    for index in 0..3 {
        let (after, diff) = (RuleSet::without(&before, index).unwrap(), Diff::removing(&before, index));
        let plan = Plan::of(diff, &before, &after, &can, Limits::default()).unwrap();
        assert_eq!((plan.adds.len(), plan.moves.len(), plan.keeps), (0, 0, 2));
        assert_eq!(plan.removes, before.rules[index..=index]);
    }
    for (place, index) in [(1, 0), (3, 2), (9, 3)] {
        let position = Position::At(place.try_into().unwrap());
        let after = RuleSet::of(&before).unwrap().with(one.clone(), position);
        let diff = Diff::adding(&before, one.clone(), position, &can);
        let plan = Plan::of(diff, &before, &after, &can, Limits::default()).unwrap();
        assert_eq!((plan.removes.len(), plan.moves.len(), plan.keeps), (0, 0, 3));
        let place = Position::At((index + 1).try_into().unwrap());
        assert_eq!(plan.adds, [Addition { rule: one.clone(), position: place, index }]);
    }
}

#[test]
fn a_plan_that_changes_nothing_says_so() {
    let mut before = firewall(&[tcp(1, &["10.0.0.0/8"])]);
    before.default = Some(Defaults { ingress: Action::Deny, egress: Action::Accept });
    let mut after = RuleSet::of(&before).unwrap();
    let plan = |after: &RuleSet| Plan::new(&before, after, &Capabilities::default(), Limits::default()).unwrap();
    assert!(plan(&after).is_empty());
    after.default = None;
    assert!(plan(&after).is_empty());
    after.default = Some(Defaults { ingress: Action::Reject, egress: Action::Accept });
    let rejecting = plan(&after);
    assert!(!rejecting.is_empty());
    assert_eq!((rejecting.default, rejecting.opens, rejecting.closes), (after.default, vec![], vec![]));
}

#[test]
fn warnings_are_about_rules_of_the_new_set() {
    let before = firewall(&[tcp(1, &["0.0.0.0/0"]), tcp(2, &["@1:web"])]);
    let mut can = Capabilities::default();
    (can.rules.order, can.rules.replace) = (Order::Ordered, Replace::Add);
    let now = RuleSet::of(&before).unwrap();
    let seen = [group("1:web")];
    let limits = Limits { sources: Some(3), groups: Some(&seen) };
    for (rules, warnings) in [
        (vec![], vec![]),
        // What was open is none of this change's.
        (vec![tcp(3, &["0.0.0.0/0", "::/0"])], vec![("open_to_world", 2), ("near_limit", 2)]),
        (vec![tcp(1, &["::/0"])], vec![("open_to_world", 2)]),
        (vec![tcp(1, &["10.0.0.0/8"])], vec![("shadowed", 2)]),
        (vec![tcp(3, &["@1:db"])], vec![("unseen_group", 2)]),
        (vec![tcp(3, &["@2:web"])], vec![("unseen_group", 2)]),
        (vec![tcp(3, &["10.0.0.0/9"]), tcp(3, &["10.0.0.0/8"])], vec![("redundant", 2), ("near_limit", 3)]),
    ] {
        let mut after = now.clone();
        after.rules.extend(rules);
        let plan = Plan::new(&before, &after, &can, limits).unwrap();
        assert_eq!(warned(&plan), warnings, "{:?}", plan.warnings);
    }
    let replaced = RuleSet { rules: vec![tcp(3, &["10.0.0.1", "10.0.0.2"])], default: None };
    let plan = Plan::new(&before, &replaced, &can, limits).unwrap();
    assert_eq!(
        plan.warnings.iter().map(|warning| &*warning.message).collect::<Vec<_>>(),
        ["Rule 1 may find no room: as long as all that goes is there, ingress rules have over 3 sources."]
    );
}

#[test]
fn what_opens_without_a_rule_is_warned_of_too() {
    let deny = tcp(22, &["0.0.0.0/0"]).with_action(Action::Deny);
    let mut before = firewall(&[deny]);
    before.default = Some(Defaults { ingress: Action::Accept, egress: Action::Accept });
    let mut can = Capabilities::default();
    (can.rules.order, can.rules.replace) = (Order::Ordered, Replace::Whole);
    let left = RuleSet::without(&before, 0).unwrap();
    let plan = Plan::new(&before, &left, &can, Limits::default()).unwrap();
    let [warning] = plan.warnings.as_slice() else { panic!("{:?}", plan.warnings) };
    assert_eq!((warning.code, warning.rule), (WarningCode::OpenToWorld, None));
    let mut narrow = RuleSet::of(&before).unwrap();
    narrow.rules = vec![tcp(22, &["128.0.0.0/1"]).with_action(Action::Deny)];
    assert_eq!(Plan::new(&before, &narrow, &can, Limits::default()).unwrap().warnings, []);
}

/// In one step what goes needs no room beside what comes.
#[test]
fn there_is_room_for_what_there_is_at_last() {
    let before = firewall(&[tcp(1, &["10.0.0.1", "10.0.0.2"])]);
    let mut can = Capabilities::default();
    can.rules.replace = Replace::Whole;
    let limits = Limits { sources: Some(2), groups: None };
    let plan = |rules| Plan::new(&before, &RuleSet { rules, default: None }, &can, limits).unwrap();
    assert_eq!(warned(&plan(vec![tcp(3, &["10.0.0.1", "10.0.0.2"])])), []);
    let full = vec![tcp(3, &["10.0.0.1", "10.0.0.2"]), tcp(4, &["10.0.0.1"])];
    assert_eq!(warned(&plan(full)), [("near_limit", 1)]);
}
