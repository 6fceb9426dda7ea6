//! Rules are made and deleted, and are what they were asked to be.

use std::num::NonZeroUsize;

use crate::capabilities::Order;
use crate::conformance::subject::{Subject, added, address, expect, from_group, name, tcp};
use crate::error::ErrorKind;
use crate::model::{Action, Direction, Firewall, Log, NewRule, Position};
use crate::protocol::Protocol;
use crate::rule_id::RuleId;
use crate::source::{Group, Source};
use crate::text::{Account, Description};

pub(in crate::conformance) async fn a_new_rule_is_as_it_was_asked_for(subject: &Subject) {
    let mut before = subject.create("asked").await;
    for new in [tcp(80, &["192.0.2.0/24"]), tcp(443, &["192.0.2.0/24"]), tcp(80, &["198.51.100.7", "203.0.113.0/24"])] {
        let Some(after) = subject.add(&before.id, &new).await else { return };
        assert_eq!(after, subject.show(&before.id).await);
        let made = &added(&before, &after).content;
        let asked = new.into_content(made.owner.clone());
        if subject.can(|c| c.rules.join) {
            assert_eq!((made.protocol, made.direction, made.action), (asked.protocol, asked.direction, asked.action));
            assert!(asked.sources.iter().all(|source| made.sources.contains(source)), "{made:?}");
        } else {
            assert!(made.same_as(&asked), "{made:?}");
            let kept: Vec<_> = after.rules.iter().filter(|rule| rule.content != *made).collect();
            assert_eq!(kept, before.rules.iter().collect::<Vec<_>>(), "the others are as they were, in their order");
        }
        before = after;
    }
}

/// Where rules join, the new sources are added to those that are there, and none goes.
pub(in crate::conformance) async fn rules_for_the_same_traffic_join_where_the_driver_says_so(subject: &Subject) {
    let firewall = subject.create("joining").await;
    let Some(one) = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24"])).await else { return };
    let two = subject.add(&firewall.id, &tcp(80, &["198.51.100.7"])).await.unwrap();
    let sources = |firewall: &Firewall| firewall.rules.iter().map(|rule| rule.content.sources.len()).sum::<usize>();
    assert_eq!(sources(&two), sources(&one) + 1);
    let new_rules = if subject.can(|c| c.rules.join) { 0 } else { 1 };
    assert_eq!(two.rules.len(), one.rules.len() + new_rules);
}

pub(in crate::conformance) async fn a_rule_with_many_sources_is_one_rule(subject: &Subject) {
    let firewall = subject.create("busy").await;
    let sources: Vec<_> = (0..50).map(|n| format!("198.51.100.{n}")).collect();
    let sources: Vec<_> = sources.iter().map(String::as_str).collect();
    let Some(changed) = subject.add(&firewall.id, &tcp(80, &sources)).await else { return };
    assert_eq!(changed.rules.len(), firewall.rules.len() + 1);
    assert_eq!(added(&firewall, &changed).content.sources.len(), 50);
}

pub(in crate::conformance) async fn a_rule_for_each_protocol(subject: &Subject) {
    let mut before = subject.create("protocols").await;
    for (protocol, from, to) in
        [("tcp", 0, 65535), ("udp", 53, 53), ("icmp", -1, -1), ("icmp", 8, -1), ("icmp", 3, 4), ("tcp", 22, 22)]
    {
        let protocol = Protocol::from_parts(protocol, Some((from, to))).unwrap();
        let new = NewRule::new(protocol, vec![address("192.0.2.0/24")]).unwrap();
        let Some(after) = subject.add(&before.id, &new).await else { return };
        assert_eq!(added(&before, &after).content.protocol, protocol);
        before = after;
    }
}

pub(in crate::conformance) async fn rules_for_other_protocols(subject: &Subject) {
    let mut before = subject.create("others").await;
    let all = [("icmpv6", Some((128, 0)), "2001:db8::/32"), ("47", None, "192.0.2.0/24"), ("-1", None, "192.0.2.0/24")];
    for (protocol, numbers, source) in all {
        let protocol = Protocol::from_parts(protocol, numbers).unwrap();
        let new = NewRule::new(protocol, vec![address(source)]).unwrap();
        let can_source = subject.can(|c| c.sources.ipv6 || !new.sources().iter().any(Source::is_ipv6));
        if !(can_source && subject.can(|c| c.rules.create && c.rules.other_protocols)) {
            subject.refuses(&before, new).await;
            continue;
        }
        let after = subject.add(&before.id, &new).await.unwrap();
        assert_eq!(added(&before, &after).content.protocol, protocol);
        before = after;
    }
}

pub(in crate::conformance) async fn a_rule_with_a_description(subject: &Subject) {
    let firewall = subject.create("described").await;
    let description = Some(Description::new("for the office").unwrap());
    let new = tcp(22, &["192.0.2.0/24"]).with_description(description.clone());
    if !subject.can(|c| c.rules.create && c.rules.descriptions) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).description, description);
}

pub(in crate::conformance) async fn an_egress_rule(subject: &Subject) {
    let firewall = subject.create("outward").await;
    let ingress = tcp(25, &["192.0.2.25"]);
    let egress = ingress.clone().with_direction(Direction::Egress);
    if !subject.can(|c| c.rules.create && c.rules.egress) {
        return subject.refuses(&firewall, egress).await;
    }
    // The same traffic the other way is another rule.
    let one = subject.add(&firewall.id, &ingress).await.unwrap();
    let both = subject.add(&firewall.id, &egress).await.unwrap();
    assert_eq!(added(&firewall, &one).content.direction, Direction::Ingress);
    let made = added(&one, &both);
    assert_eq!(made.content.direction, Direction::Egress);
    let id = RuleId::parse(&made.id().to_string()).unwrap();
    subject.driver.delete_rule(&subject.context, &firewall.id, &id).await.unwrap();
    assert_eq!(subject.show(&firewall.id).await, one);
}

pub(in crate::conformance) async fn a_rule_that_denies(subject: &Subject) {
    let firewall = subject.create("denying").await;
    let new = tcp(23, &["192.0.2.0/24"]).with_action(Action::Deny);
    if !subject.can(|c| c.rules.create && c.rules.deny) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).content.action, Action::Deny);
}

pub(in crate::conformance) async fn a_rule_that_logs(subject: &Subject) {
    let firewall = subject.create("logging").await;
    let new = tcp(22, &["192.0.2.0/24"]).with_log(Some(Log::default()));
    if !subject.can(|c| c.rules.create && c.rules.log) {
        return subject.refuses(&firewall, new).await;
    }
    assert!(added(&firewall, &subject.add(&firewall.id, &new).await.unwrap()).log.is_some());
}

pub(in crate::conformance) async fn a_rule_with_an_ipv6_source(subject: &Subject) {
    let firewall = subject.create("six").await;
    let new = tcp(80, &["2001:db8::/32", "192.0.2.0/24"]);
    if !subject.can(|c| c.rules.create && c.sources.ipv6) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert!(added(&firewall, &changed).content.sources.contains(&address("2001:db8::/32")));
}

pub(in crate::conformance) async fn a_rule_with_a_group_source(subject: &Subject) {
    let firewall = subject.create("inner").await;
    let outer = subject.create("outer").await;
    let new = from_group(&outer);
    if !subject.can(|c| c.rules.create && c.sources.groups) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).content.sources, new.sources());
}

pub(in crate::conformance) async fn an_unknown_group_of_our_own_account_is_not_found(subject: &Subject) {
    let firewall = subject.create("lonely").await;
    let mut gone = (*firewall).clone();
    gone.name = name("never-made");
    if !subject.can(|c| c.rules.create && c.sources.groups) {
        return subject.refuses(&firewall, from_group(&gone)).await;
    }
    let refused = subject.driver.create_rule(&subject.context, &firewall.id, from_group(&gone), Position::Last).await;
    expect(refused, ErrorKind::NotFound);
    assert_eq!(subject.show(&firewall.id).await, firewall);
}

pub(in crate::conformance) async fn a_group_of_another_account_is_taken_as_it_is(subject: &Subject) {
    let firewall = subject.create("friendly").await;
    let group = Group { owner: Account::new("111122223333").unwrap(), name: name("theirs") };
    let new = NewRule::new(Protocol::from_parts("tcp", Some((1, 2))).unwrap(), vec![Source::Group(group)]).unwrap();
    if !subject.can(|c| c.rules.create && c.sources.groups) {
        return subject.refuses(&firewall, new).await;
    }
    if !subject.can(|c| c.sources.foreign_groups) {
        assert!(subject.driver.create_rule(&subject.context, &firewall.id, new, Position::Last).await.is_err());
        assert_eq!(subject.show(&firewall.id).await, firewall);
        return;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).content.sources, new.sources());
}

pub(in crate::conformance) async fn a_rule_that_is_there_is_refused_unless_rules_repeat(subject: &Subject) {
    let firewall = subject.create("once").await;
    let Some(once) = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24", "198.51.100.0/24"])).await else { return };
    for again in [
        tcp(80, &["192.0.2.0/24", "198.51.100.0/24"]),
        tcp(80, &["198.51.100.0/24", "192.0.2.0/24"]),
        tcp(80, &["192.0.2.1/24", "198.51.100.255/24"]),
    ] {
        let result = subject.driver.create_rule(&subject.context, &firewall.id, again, Position::Last).await;
        if subject.can(|c| c.rules.repeat) {
            let twice = result.unwrap();
            assert!(added(&once, &twice).content.same_as(&added(&firewall, &once).content));
            let id = RuleId::parse(&added(&once, &twice).id().to_string()).unwrap();
            subject.driver.delete_rule(&subject.context, &firewall.id, &id).await.unwrap();
        } else {
            expect(result, ErrorKind::Refused);
        }
        assert_eq!(subject.show(&firewall.id).await, once);
    }
    // Other ports or another protocol make another rule.
    subject.add(&firewall.id, &tcp(81, &["192.0.2.0/24", "198.51.100.0/24"])).await;
}

pub(in crate::conformance) async fn a_new_rule_stands_where_it_is_asked_to(subject: &Subject) {
    let mut before = subject.create("queue").await;
    let at = |place| Position::At(NonZeroUsize::new(place).unwrap());
    for (port, position, place) in
        [(1, at(1), 0), (2, Position::Last, 1), (3, at(2), 1), (4, at(100), 3), (5, at(1), 0), (6, at(5), 4)]
    {
        let new = tcp(port, &["192.0.2.0/24"]);
        if !subject.can(|c| c.rules.create) {
            return subject.refuses(&before, new).await;
        }
        let after = subject.driver.create_rule(&subject.context, &before.id, new, position).await.unwrap();
        let (made, others): (Vec<_>, Vec<_>) = after.rules.iter().partition(|rule| !before.rules.contains(rule));
        assert_eq!((made.len(), others), (1, before.rules.iter().collect()), "the others keep their order");
        if subject.can(|c| c.rules.order == Order::Ordered) {
            assert_eq!(after.rules[place], *made[0], "{position:?}");
        }
        before = after;
    }
}

pub(in crate::conformance) async fn each_rule_is_named_by_its_id_alone(subject: &Subject) {
    subject.any_rule().await;
    for firewall in subject.list().await {
        for rule in &firewall.rules {
            assert_eq!(rule.cloud_id.is_some(), subject.can(|c| c.rules.own_ids));
            let id = RuleId::parse(&rule.id().to_string()).unwrap();
            let named: Vec<_> = firewall.rules.iter().filter(|other| id.names(other)).collect();
            assert_eq!(named, [rule]);
        }
    }
}

pub(in crate::conformance) async fn a_deleted_rule_is_gone(subject: &Subject) {
    let (firewall, rule) = subject.any_rule().await;
    let others = subject.list().await.into_iter().filter(|other| other.id != firewall.id).collect::<Vec<_>>();
    subject.driver.delete_rule(&subject.context, &firewall.id, &rule).await.unwrap();

    let left = subject.show(&firewall.id).await;
    let kept: Vec<_> = firewall.rules.iter().filter(|held| !rule.names(held)).cloned().collect();
    assert_eq!(left.rules, kept);
    assert_eq!(kept.len(), firewall.rules.len() - 1);
    expect(subject.driver.delete_rule(&subject.context, &firewall.id, &rule).await, ErrorKind::NotFound);
    for other in others {
        assert_eq!(subject.show(&other.id).await, other);
    }
}

pub(in crate::conformance) async fn a_rule_is_deleted_by_what_its_id_says(subject: &Subject) {
    let firewall = subject.create("spelled").await;
    let Some(made) = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24", "198.51.100.0/24"])).await else { return };
    let rule = added(&firewall, &made);
    let id = match &rule.cloud_id {
        Some(id) => id.as_str().to_owned(),
        None => format!("{}~TCP~80~80~@address,ipv4,198.51.100.9,24,@address,ipv4,192.0.2.0,24", rule.content.owner),
    };
    subject.driver.delete_rule(&subject.context, &firewall.id, &RuleId::parse(&id).unwrap()).await.unwrap();
    assert_eq!(subject.show(&firewall.id).await, firewall);
}

pub(in crate::conformance) async fn a_deleted_rule_can_be_made_again(subject: &Subject) {
    let firewall = subject.create("again").await;
    let new = tcp(80, &["192.0.2.0/24"]);
    let Some(made) = subject.add(&firewall.id, &new).await else { return };
    let id = added(&firewall, &made).id().to_string();
    subject.driver.delete_rule(&subject.context, &firewall.id, &RuleId::parse(&id).unwrap()).await.unwrap();
    assert_eq!(subject.show(&firewall.id).await, firewall);
    let again = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(again.rules.len(), made.rules.len());
}
