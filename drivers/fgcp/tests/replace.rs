//! Replacing rules on a platform where they can only be taken away, and who stands behind a firewall.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::conformance::context;
use deltawall_core::{
    Action, Context, Defaults, Driver, Error, ErrorKind, Firewall, FirewallId, NewRule, Replacement, RuleSet,
};
use deltawall_fgcp::{Fgcp, SAMPLE_DATA};

struct Bench {
    driver: Fgcp,
    context: Context,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new() -> Self {
        Self {
            driver: Fgcp::from_toml(SAMPLE_DATA, Duration::ZERO).unwrap(),
            context: context("fgcpuser", "fgcppassword"),
            runtime: tokio::runtime::Builder::new_current_thread().build().unwrap(),
        }
    }

    fn show(&self) -> Arc<Firewall> {
        self.runtime.block_on(self.driver.firewall(&self.context, &id("ZG8ZJCJ07"))).unwrap()
    }

    fn replace(&self, seen: &Firewall, rules: &RuleSet) -> Result<Arc<Firewall>, Error> {
        let replacement = Replacement { seen, rules, allow_gap: false };
        self.runtime.block_on(self.driver.replace_rules(&self.context, replacement))
    }
}

fn id(system: &str) -> FirewallId {
    FirewallId::new(format!("UZXC0GRT-{system}-S-0001")).unwrap()
}

fn set(rules: &[NewRule]) -> RuleSet {
    RuleSet { rules: rules.to_vec(), default: None }
}

fn ids(firewall: &Firewall) -> Vec<String> {
    firewall.rules.iter().map(|rule| rule.id().to_string()).collect()
}

#[test]
fn rules_that_are_not_in_the_new_set_go_and_the_default_rule_stays() {
    let bench = Bench::new();
    let seen = bench.show();
    let all = RuleSet::of(&seen).unwrap();
    assert_eq!(bench.replace(&seen, &all).unwrap(), seen);
    let default = all.rules.len() - 1;
    assert_eq!(bench.replace(&seen, &set(&all.rules[..default])).unwrap(), seen);

    let kept = [&all.rules[1], &all.rules[3], &all.rules[default]].map(Clone::clone);
    let now = bench.replace(&seen, &set(&kept)).unwrap();
    assert_eq!(ids(&now), ["35002", "45001", "50000"]);
    assert_eq!(bench.show(), now);
    assert_eq!(ids(&bench.replace(&now, &set(&[])).unwrap()), ["50000"]);
}

#[test]
fn nothing_is_made_moved_or_taken_away_where_the_set_asks_for_more() {
    let bench = Bench::new();
    let seen = bench.show();
    let rules = RuleSet::of(&seen).unwrap().rules;
    let other = rules[1].clone().with_action(Action::Deny);
    let unlogged = rules[1].clone().with_log(None);
    let defaults = Defaults { ingress: Action::Deny, egress: Action::Deny };
    for (wanted, message) in [
        (set(&[rules[0].clone(), other]), "make or move rules, as rule 2 asks"),
        (set(&[unlogged]), "make or move rules, as rule 1 asks"),
        (set(&[rules[1].clone(), rules[0].clone()]), "make or move rules, as rule 2 asks"),
        (set(&[rules[0].clone(), rules[0].clone()]), "make or move rules, as rule 2 asks"),
        (
            RuleSet { rules: rules.clone(), default: Some(defaults) },
            "choose what happens to traffic that no rule matches",
        ),
    ] {
        let error = bench.replace(&seen, &wanted).unwrap_err();
        assert_eq!((error.kind, error.message), (ErrorKind::Unsupported, format!("The fgcp driver cannot {message}.")));
        assert_eq!(bench.show(), seen);
    }
}

#[test]
fn a_firewall_that_has_changed_since_it_was_seen_is_left_as_it_is() {
    let bench = Bench::new();
    let seen = bench.show();
    let now = bench.replace(&seen, &set(&RuleSet::of(&seen).unwrap().rules[1..])).unwrap();
    assert_eq!(bench.replace(&seen, &set(&[])).unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(bench.show(), now);
    let absent = Firewall { id: id("ABSENT"), ..(*seen).clone() };
    assert_eq!(bench.replace(&absent, &set(&[])).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn the_servers_of_a_system_are_its_members() {
    let bench = Bench::new();
    let members = |system| bench.runtime.block_on(bench.driver.members(&bench.context, &id(system)));
    let told: Vec<_> = members("ZG8ZJCJ07").unwrap().into_iter().collect();
    let told = told.iter().map(|one| (&*one.id, one.name.as_deref(), one.addresses.len(), one.state.as_deref()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("UZXC0GRT-ZG8ZJCJ07-S-0002", Some("web1"), 2, Some("RUNNING")),
            ("UZXC0GRT-ZG8ZJCJ07-S-0003", Some("db1"), 1, Some("STOPPED")),
        ]
    );
    assert_eq!(members("7KX0B4T1E").unwrap(), []);
    assert_eq!(members("ABSENT").unwrap_err().kind, ErrorKind::NotFound);
}
