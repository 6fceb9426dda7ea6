//! Firewalls are listed, made and deleted, each provider's apart.

use crate::capabilities::Replace;
use crate::conformance::subject::{Subject, absent, expect, from_group, name, tcp};
use crate::driver::ProviderName;
use crate::error::ErrorKind;
use crate::model::{Filter, Firewall, NewFirewall, Position};
use crate::rule_id::RuleId;
use crate::rule_set::{Replacement, RuleSet};
use crate::text::{FirewallId, NetworkId};

pub(in crate::conformance) async fn the_list_and_the_firewall_alone_are_the_same(subject: &Subject) {
    let listed = subject.list().await;
    assert!(!listed.is_empty(), "the subject starts with a firewall");
    for firewall in listed {
        assert_eq!(subject.show(&firewall.id).await, firewall);
    }
}

pub(in crate::conformance) async fn the_list_keeps_its_order(subject: &Subject) {
    for name in ["one", "two", "three"] {
        subject.create(name).await;
    }
    assert_eq!(subject.list().await, subject.list().await);
}

pub(in crate::conformance) async fn a_filter_keeps_one_firewall(subject: &Subject) {
    let wanted = subject.create("wanted").await;
    let filter = |id: &FirewallId| Filter { id: Some(id.clone()) };
    let kept = subject.driver.firewalls(&subject.context, &filter(&wanted.id)).await.unwrap();
    assert_eq!(kept, [wanted]);
    let none = subject.driver.firewalls(&subject.context, &filter(&absent())).await.unwrap();
    assert!(none.is_empty());
}

pub(in crate::conformance) async fn what_is_absent_is_not_found(subject: &Subject) {
    let (driver, context) = (&subject.driver, &subject.context);
    let rule = RuleId::parse("1~tcp~1~1~@address,ipv4,192.0.2.1,32").unwrap();
    let cloud_rule = RuleId::parse("99999").unwrap();
    let firewall = subject.create("there").await;
    let before = subject.list().await;

    expect(driver.firewall(context, &absent()).await, ErrorKind::NotFound);
    expect(driver.delete_firewall(context, &absent()).await, ErrorKind::NotFound);
    for rule in [rule, cloud_rule] {
        expect(driver.delete_rule(context, &absent(), &rule).await, ErrorKind::NotFound);
        expect(driver.delete_rule(context, &firewall.id, &rule).await, ErrorKind::NotFound);
    }
    let created = driver.create_rule(context, &absent(), tcp(1, &["192.0.2.1/32"]), Position::Last).await;
    expect(created, if subject.can(|c| c.rules.create) { ErrorKind::NotFound } else { ErrorKind::Unsupported });
    let seen = Firewall { id: absent(), ..(*firewall).clone() };
    let replaced = subject.replace(&seen, &RuleSet { rules: vec![], default: None }).await;
    let can = subject.can(|c| c.rules.replace != Replace::No);
    expect(replaced, if can { ErrorKind::NotFound } else { ErrorKind::Unsupported });
    let can = subject.can(|c| c.firewalls.members);
    expect(driver.members(context, &absent()).await, if can { ErrorKind::NotFound } else { ErrorKind::Unsupported });
    assert_eq!(subject.list().await, before);
}

pub(in crate::conformance) async fn strangers_are_turned_away(subject: &Subject) {
    let driver = &subject.driver;
    assert!(driver.authenticate(&subject.context).await.is_ok());
    let known = subject.list().await[0].id.clone();
    assert!(!subject.strangers.is_empty());
    for stranger in &subject.strangers {
        expect(driver.authenticate(stranger).await, ErrorKind::Unauthenticated);
        expect(driver.firewalls(stranger, &Filter::default()).await, ErrorKind::Unauthenticated);
        // Whether a firewall is there is nothing that a stranger may learn.
        expect(driver.firewall(stranger, &known).await, ErrorKind::Unauthenticated);
        expect(driver.firewall(stranger, &absent()).await, ErrorKind::Unauthenticated);
        if subject.can(|c| c.firewalls.members) {
            expect(driver.members(stranger, &known).await, ErrorKind::Unauthenticated);
        }
    }
}

pub(in crate::conformance) async fn strangers_change_nothing(subject: &Subject) {
    let driver = &subject.driver;
    let (firewall, rule) = subject.any_rule().await;
    let (before, none) = (subject.list().await, RuleSet { rules: vec![], default: None });
    for stranger in &subject.strangers {
        let new = (subject.new_firewall)(name("strange"));
        expect(driver.create_firewall(stranger, new).await, ErrorKind::Unauthenticated);
        expect(driver.delete_firewall(stranger, &firewall.id).await, ErrorKind::Unauthenticated);
        expect(
            driver.create_rule(stranger, &firewall.id, tcp(9, &["192.0.2.9"]), Position::Last).await,
            ErrorKind::Unauthenticated,
        );
        expect(driver.delete_rule(stranger, &firewall.id, &rule).await, ErrorKind::Unauthenticated);
        if subject.can(|c| c.rules.replace != Replace::No) {
            let replacement = Replacement { seen: &firewall, rules: &none, allow_gap: false };
            expect(driver.replace_rules(stranger, replacement).await, ErrorKind::Unauthenticated);
        }
    }
    assert_eq!(subject.list().await, before);
}

pub(in crate::conformance) async fn a_new_firewall_is_shown_and_listed(subject: &Subject) {
    let before = subject.list().await;
    let created = subject.create("fresh").await;
    assert_eq!(subject.show(&created.id).await, created);
    let mut after = subject.list().await;
    assert!(after.contains(&created));
    after.retain(|firewall| *firewall != created);
    assert_eq!(after, before, "the others are as they were, in their order");
}

pub(in crate::conformance) async fn a_taken_name_is_refused(subject: &Subject) {
    subject.create("taken").await;
    let before = subject.list().await;
    let again = subject.driver.create_firewall(&subject.context, (subject.new_firewall)(name("taken"))).await;
    let kind = again.expect_err("the name is taken").kind;
    assert!(matches!(kind, ErrorKind::Refused | ErrorKind::Conflict), "{kind:?}");
    assert_eq!(subject.list().await, before);
}

pub(in crate::conformance) async fn a_deleted_firewall_is_gone(subject: &Subject) {
    let created = subject.create("short-lived").await;
    subject.delete(&created.id).await;
    expect(subject.driver.firewall(&subject.context, &created.id).await, ErrorKind::NotFound);
    expect(subject.driver.delete_firewall(&subject.context, &created.id).await, ErrorKind::NotFound);
    assert!(subject.list().await.iter().all(|firewall| firewall.id != created.id));
    subject.create("short-lived").await;
}

pub(in crate::conformance) async fn deleting_one_firewall_leaves_the_others(subject: &Subject) {
    let [first, middle, last] =
        [subject.create("first").await, subject.create("middle").await, subject.create("last").await];
    subject.delete(&middle.id).await;
    let left = subject.list().await;
    assert!(left.contains(&first) && left.contains(&last));
}

pub(in crate::conformance) async fn a_network_is_chosen_only_where_there_are_any(subject: &Subject) {
    if subject.can(|c| c.firewalls.networks) {
        return;
    }
    let network = Some(NetworkId::new("vpc-1").unwrap());
    let new = NewFirewall { network, ..(subject.new_firewall)(name("placed")) };
    let before = subject.list().await;
    expect(subject.driver.create_firewall(&subject.context, new).await, ErrorKind::Unsupported);
    assert_eq!(subject.list().await, before);
}

pub(in crate::conformance) async fn a_firewall_that_anothers_rule_names_is_in_use(subject: &Subject) {
    let (used, user) = (subject.create("used").await, subject.create("user").await);
    if !subject.can(|c| c.rules.create && c.sources.groups) {
        return subject.refuses(&user, from_group(&used)).await;
    }
    subject.add(&user.id, &from_group(&used)).await;
    let before = subject.list().await;
    let refused = subject.driver.delete_firewall(&subject.context, &used.id).await;
    let message = refused.as_ref().expect_err("the firewall is in use").to_string();
    assert!(message.contains(user.name.as_str()), "{message}");
    expect(refused, ErrorKind::Refused);
    assert_eq!(subject.list().await, before);

    subject.delete(&user.id).await;
    subject.delete(&used.id).await;
}

pub(in crate::conformance) async fn a_firewall_that_only_its_own_rule_names_is_not_in_use(subject: &Subject) {
    let firewall = subject.create("inward").await;
    if !subject.can(|c| c.rules.create && c.sources.groups) {
        return subject.refuses(&firewall, from_group(&firewall)).await;
    }
    subject.add(&firewall.id, &from_group(&firewall)).await;
    subject.delete(&firewall.id).await;
}

pub(in crate::conformance) async fn members_are_told_of_each_firewall(subject: &Subject) {
    subject.create("new").await;
    for firewall in subject.list().await {
        let members = subject.driver.members(&subject.context, &firewall.id).await;
        if !subject.can(|c| c.firewalls.members) {
            expect(members, ErrorKind::Unsupported);
            continue;
        }
        let members = members.unwrap();
        assert_eq!(subject.driver.members(&subject.context, &firewall.id).await.unwrap(), members, "in their order");
        for member in &members {
            let same: Vec<_> = members.iter().filter(|other| other == &member).collect();
            assert!(!member.id.is_empty() && same.len() == 1, "{members:?}");
        }
    }
}

pub(in crate::conformance) async fn rules_count_what_they_match_where_the_driver_says_so(subject: &Subject) {
    for firewall in subject.list().await {
        let counted = subject.driver.counted(&subject.context, &firewall.id).await;
        if !subject.can(|c| c.rules.count) {
            expect(counted, ErrorKind::Unsupported);
            continue;
        }
        let (same, hits) = counted.unwrap();
        assert_eq!((&same, hits.len()), (&firewall, firewall.rules.len()));
    }
    if subject.can(|c| c.rules.count) {
        expect(subject.driver.counted(&subject.context, &absent()).await, ErrorKind::NotFound);
    }
}

pub(in crate::conformance) async fn providers_are_apart(subject: &Subject) {
    let [here, there] = subject.providers.map(|provider| subject.at(provider));
    let before = subject.driver.firewalls(&there, &Filter::default()).await.unwrap();
    let new = (subject.new_firewall)(name("here"));
    let created = subject.driver.create_firewall(&here, new).await.unwrap();
    assert_eq!(subject.driver.firewalls(&there, &Filter::default()).await.unwrap(), before);
    expect(subject.driver.firewall(&there, &created.id).await, ErrorKind::NotFound);
    assert_eq!(subject.driver.firewall(&here, &created.id).await.unwrap(), created);
}

pub(in crate::conformance) async fn the_default_provider_may_be_named_or_left_out(subject: &Subject) {
    let created = subject.create("anywhere").await;
    // Where it has no name, there is nothing to be named.
    let named = match subject.driver.default_provider() {
        Some(default) => subject.at(default.as_str()),
        None => subject.context.clone(),
    };
    assert_eq!(subject.driver.firewall(&named, &created.id).await.unwrap(), created);
    assert_eq!(subject.driver.firewalls(&named, &Filter::default()).await.unwrap(), subject.list().await);
}

pub(in crate::conformance) async fn providers_are_found_in_any_case(subject: &Subject) {
    let known = subject.driver.providers().into_iter().map(|provider| provider.name.to_string());
    for provider in known.chain(subject.providers.map(str::to_owned)) {
        let found = subject.driver.provider(&provider.to_uppercase()).unwrap();
        assert_eq!(found, ProviderName::new(&provider).unwrap());
    }
}

pub(in crate::conformance) async fn a_provider_of_hostile_spelling_is_refused(subject: &Subject) {
    for hostile in ["", " ", "-a", ".", "a/b", "a b", "a@b", "a:1", "a\r\nb", "a%2e", "é", &"a".repeat(64)] {
        let refused = subject.driver.provider(hostile).map(drop);
        expect(refused, ErrorKind::Invalid);
    }
}
