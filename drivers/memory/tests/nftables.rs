//! What a Linux host has of its own, and the in-memory driver with it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::num::NonZeroUsize;
use std::sync::Arc;

use deltawall_core::conformance::context;
use deltawall_core::{
    Action, Conditions, Context, Description, Driver, ErrorKind, Filter, Firewall, FirewallId, FirewallName, Log,
    NewFirewall, NewRule, Position, Protocol, Replacement, Rule, RuleSet, Source,
};
use deltawall_memory::{MockNftables, nftables};
use proptest::prelude::*;
use proptest::sample::Index;

fn driver() -> MockNftables {
    MockNftables::from_toml(nftables::SAMPLE_DATA).unwrap()
}

fn me() -> Context {
    context("mockuser", "mockpassword")
}

fn id(text: &str) -> FirewallId {
    FirewallId::new(text).unwrap()
}

async fn names(driver: &MockNftables, context: &Context) -> Vec<String> {
    let listed = driver.firewalls(context, &Filter::default()).await.unwrap();
    listed.iter().map(|firewall| firewall.name.to_string()).collect()
}

#[tokio::test]
async fn the_hosts_own_firewall_is_always_there_and_last() {
    let driver = driver();
    let elsewhere = Context { provider: Some(driver.provider("elsewhere").unwrap()), ..me() };
    let new = |name| NewFirewall {
        name: FirewallName::new(name).unwrap(),
        description: Description::new("d").unwrap(),
        network: None,
    };
    for name in ["one", "two"] {
        driver.create_firewall(&me(), new(name)).await.unwrap();
    }
    driver.delete_firewall(&me(), &id("web")).await.unwrap();
    assert_eq!(names(&driver, &me()).await, ["lab", "one", "two", "device"]);
    assert_eq!(names(&driver, &elsewhere).await, ["web", "lab", "device"]);

    let refused = driver.delete_firewall(&me(), &id("device")).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Refused);
    assert_eq!(refused.to_string(), "The firewall 'device' is the host's own, and cannot be deleted.");
    assert_eq!(names(&driver, &me()).await, ["lab", "one", "two", "device"]);
}

#[tokio::test]
async fn firewalls_are_the_hosts_and_what_it_protects_goes_with_them() {
    let driver = driver();
    let members = driver.members(&me(), &id("web")).await.unwrap();
    assert_eq!(members.iter().map(|member| &*member.id).collect::<Vec<_>>(), ["web1", "web2"]);
    let web = driver.firewall(&me(), &id("web")).await.unwrap();
    assert_eq!(web.owner.as_ref().unwrap().as_str(), "host");
    driver.delete_firewall(&me(), &web.id).await.unwrap();
    driver.members(&me(), &web.id).await.unwrap_err();
    let (name, description) = (web.name.clone(), web.description.clone().unwrap());
    driver.create_firewall(&me(), NewFirewall { name, description, network: None }).await.unwrap();
    assert_eq!(driver.members(&me(), &web.id).await.unwrap(), []);
}

#[tokio::test]
async fn tcp_and_udp_are_one_rule() {
    let driver = driver();
    let protocol = Protocol::from_parts("tcp-udp", Some((53, 53))).unwrap();
    let new = NewRule::new(protocol, kinds()[0].sources().to_vec()).unwrap();
    let made = driver.create_rule(&me(), &id("lab"), new, Position::Last).await.unwrap();
    assert_eq!(made.rules.iter().map(|rule| rule.content.protocol).collect::<Vec<_>>(), [protocol]);
}

/// Rules of which each differs from the first in one thing.
fn kinds() -> Vec<NewRule> {
    let source = |text: &str| vec![Source::Address(text.parse().unwrap())];
    let new = |protocol, text| NewRule::new(protocol, source(text)).unwrap();
    let tcp = |port| Protocol::from_parts("tcp", Some((port, port))).unwrap();
    let plain = || new(tcp(22), "10.0.0.0/8");
    let conditions = Conditions { states: Some("new".parse().unwrap()), ..Conditions::default() };
    vec![
        plain(),
        new(tcp(23), "10.0.0.0/8"),
        new(tcp(22), "11.0.0.0/8"),
        plain().with_action(Action::Reject),
        plain().with_log(Some(Log::default())),
        plain().with_description(Some(Description::new("d").unwrap())),
        plain().with_conditions(conditions).unwrap(),
    ]
}

#[derive(Debug, Clone)]
enum Change {
    /// A rule of this kind is made at this place, or behind all others.
    Create(usize, Option<usize>),
    /// One of the rules is deleted, if there is any.
    Delete(Index),
    /// The rules are replaced by some of these kinds.
    Replace(Vec<usize>),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let kind = || 0..kinds().len();
    let change = prop_oneof![
        (kind(), proptest::option::of(1..12_usize)).prop_map(|(kind, place)| Change::Create(kind, place)),
        any::<Index>().prop_map(Change::Delete),
        proptest::collection::vec(kind(), 0..10).prop_map(Change::Replace),
    ];
    proptest::collection::vec(change, 1..20)
}

/// What becomes of a plain list of kinds and ids, an id of 0 standing for a rule that is new.
fn expected(before: &[(usize, usize)], change: &Change) -> Vec<(usize, usize)> {
    let mut rules = before.to_vec();
    match change {
        Change::Create(kind, None) => rules.push((*kind, 0)),
        Change::Create(kind, Some(place)) => rules.insert((place - 1).min(rules.len()), (*kind, 0)),
        Change::Delete(_) if rules.is_empty() => (),
        Change::Delete(index) => drop(rules.remove(index.index(rules.len()))),
        Change::Replace(kinds) => {
            let stays = |kind: &usize| match rules.iter().position(|(held, _)| held == kind) {
                Some(place) => rules.remove(place),
                None => (*kind, 0),
            };
            rules = kinds.iter().map(stays).collect();
        }
    }
    rules
}

async fn make(driver: &MockNftables, seen: &Arc<Firewall>, change: &Change) {
    let kinds = kinds();
    match change {
        Change::Create(kind, place) => {
            let position = place.and_then(NonZeroUsize::new).map_or(Position::Last, Position::At);
            let made = driver.create_rule(&me(), &seen.id, kinds[*kind].clone(), position).await;
            made.unwrap();
        }
        Change::Delete(_) if seen.rules.is_empty() => (),
        Change::Delete(index) => {
            driver.delete_rule(&me(), &seen.id, &index.get(&seen.rules).id()).await.unwrap();
        }
        Change::Replace(asked) => {
            let rules = &RuleSet { rules: asked.iter().map(|kind| kinds[*kind].clone()).collect(), default: None };
            let replacement = Replacement { seen, rules, allow_gap: false };
            let after = driver.replace_rules(&me(), replacement).await.unwrap();
            assert_eq!(Arc::ptr_eq(&after, seen), after == *seen, "where nothing differs, nothing is changed");
        }
    }
}

/// The kinds of rules, each with the number of its id among all that were seen.
fn numbered(rules: &[Rule], seen: &mut Vec<String>) -> Vec<(usize, usize)> {
    let numbered = rules.iter().map(|rule| {
        let (new, id) = (NewRule::of(rule).unwrap(), rule.id().to_string());
        let number = seen.iter().position(|other| *other == id).unwrap_or_else(|| {
            seen.push(id);
            seen.len() - 1
        });
        (kinds().iter().position(|kind| *kind == new).unwrap(), number + 1)
    });
    numbered.collect()
}

proptest! {
    /// Whatever is done, in whatever order, the rules are those of a plain list, and rules that stay keep their ids.
    #[test]
    fn rules_are_as_in_a_plain_list(changes in changes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (driver, mut ids, mut model) = (driver(), Vec::new(), Vec::new());
            for change in &changes {
                let seen = driver.firewall(&me(), &id("lab")).await.unwrap();
                make(&driver, &seen, change).await;
                let after = driver.firewall(&me(), &id("lab")).await.unwrap();
                let known = ids.len();
                let now = numbered(&after.rules, &mut ids);
                let asked = expected(&model, change);
                let kept = now.iter().map(|(kind, id)| (*kind, if *id > known { 0 } else { *id }));
                prop_assert_eq!(kept.collect::<Vec<_>>(), asked, "after {:?}", change);
                model = now;
            }
            Ok(())
        })?;
    }
}
