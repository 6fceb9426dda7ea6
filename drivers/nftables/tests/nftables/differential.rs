//! The kernel and the driver that stands in for it answer alike, whatever is done.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::random;
use deltawall_core::conformance::context;
use deltawall_core::{
    Action, Context, Defaults, Deletion, Description, Driver, Error, Filter, Firewall, FirewallId, FirewallName,
    NewFirewall, NewRule, Position, Replacement, Rule, RuleSet,
};
use deltawall_memory::{MockNftables, SAMPLE_LOGIN};
use deltawall_nftables::Options;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::rules::any_rule;
use crate::{kept, namespaces};

const NAMES: [&str; 4] = ["device", "web", "db", "a name: \"with\" {all}"];

#[derive(Debug, Clone)]
enum Change {
    CreateFirewall(&'static str),
    DeleteFirewall(&'static str),
    CreateRule(&'static str, NewRule, Option<usize>),
    DeleteRule(&'static str, Index),
    /// Some of the rules that are there, in another order, and new ones.
    Replace(&'static str, Vec<Index>, Vec<NewRule>, Option<(Action, Action)>),
}

fn change() -> impl Strategy<Value = Change> {
    let name = || select(NAMES.to_vec());
    let default = (select(Action::ALL.to_vec()), select(Action::ALL.to_vec()));
    let replace = (
        name(),
        proptest::collection::vec(any::<Index>(), 0..4),
        proptest::collection::vec(any_rule(), 0..4),
        proptest::option::weighted(0.3, default),
    );
    prop_oneof![
        2 => name().prop_map(Change::CreateFirewall),
        1 => name().prop_map(Change::DeleteFirewall),
        6 => (name(), any_rule(), proptest::option::of(1..6usize)).prop_map(|(name, rule, at)| Change::CreateRule(name, rule, at)),
        2 => (name(), any::<Index>()).prop_map(|(name, index)| Change::DeleteRule(name, index)),
        4 => replace.prop_map(|(name, old, new, default)| Change::Replace(name, old, new, default)),
    ]
}

/// One of both drivers, with what asks it.
struct Side<'a> {
    driver: &'a dyn Driver,
    context: Context,
    /// The ids of rules, in the order in which they were first seen.
    ids: Vec<String>,
}

/// What a driver answers, without what is its own: ids are told by their order, owners not at all.
type Told = Result<Vec<(String, Vec<(usize, NewRule)>, Option<Defaults>)>, String>;

impl Side<'_> {
    async fn make(&mut self, change: &Change) -> Told {
        let made = self.asked(change).await;
        let made =
            made.map_err(|error| format!("{:?} {}", error.kind, error.message.replace(self.driver.id(), "DRIVER")))?;
        Ok(made.iter().map(|firewall| self.told(firewall)).collect())
    }

    async fn asked(&self, change: &Change) -> Result<Vec<Arc<Firewall>>, Error> {
        let (driver, context) = (self.driver, &self.context);
        let id = |name: &str| FirewallId::new(name).unwrap();
        match change {
            Change::CreateFirewall(name) => {
                let (name, description) = (FirewallName::new(*name).unwrap(), Description::new("d").unwrap());
                Ok(vec![driver.create_firewall(context, NewFirewall { name, description, network: None }).await?])
            }
            Change::DeleteFirewall(name) => {
                assert_eq!(driver.delete_firewall(context, &id(name)).await?, Deletion::Done);
                Ok(Vec::new())
            }
            Change::CreateRule(name, rule, at) => {
                let position = at.and_then(NonZeroUsize::new).map_or(Position::Last, Position::At);
                Ok(vec![driver.create_rule(context, &id(name), rule.clone(), position).await?])
            }
            Change::DeleteRule(name, index) => {
                let firewall = driver.firewall(context, &id(name)).await?;
                if !firewall.rules.is_empty() {
                    driver.delete_rule(context, &firewall.id, &index.get(&firewall.rules).id()).await?;
                }
                Ok(Vec::new())
            }
            Change::Replace(name, old, new, default) => {
                let seen = driver.firewall(context, &id(name)).await?;
                let stay = old.iter().filter(|_| !seen.rules.is_empty()).map(|index| index.get(&seen.rules));
                let rules = stay.map(|rule| NewRule::of(rule).unwrap()).chain(new.iter().cloned()).collect();
                let default = default.map(|(ingress, egress)| Defaults { ingress, egress });
                let rules = &RuleSet { rules, default };
                Ok(vec![driver.replace_rules(context, Replacement { seen: &seen, rules, allow_gap: false }).await?])
            }
        }
    }

    async fn all(&mut self) -> Told {
        let all = self.driver.firewalls(&self.context, &Filter::default()).await.unwrap();
        Ok(all.iter().map(|firewall| self.told(firewall)).collect())
    }

    fn told(&mut self, firewall: &Firewall) -> (String, Vec<(usize, NewRule)>, Option<Defaults>) {
        let numbered = |rule: &Rule| {
            let id = rule.id().to_string();
            let number = self.ids.iter().position(|other| *other == id).unwrap_or_else(|| {
                self.ids.push(id);
                self.ids.len() - 1
            });
            (number, NewRule::of(rule).unwrap())
        };
        (firewall.name.to_string(), firewall.rules.iter().map(numbered).collect(), firewall.default)
    }
}

/// What each did is told the same way, and so is what is there afterwards; a rule that nft lists in other words than it was
/// written in would be told as another program's.
#[test]
fn both_answer_alike() {
    namespaces::enter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let real = runtime.block_on(kept::driver(&Arc::default(), Options::default()));
    let capabilities = real.capabilities();
    let mock = MockNftables::from_toml(
        "host = \"h\"\nuser = \"mockuser\"\npassword = \"mockpassword\"\ndevice = \"d\"\nfirewalls = []\n",
    )
    .unwrap();
    let mut of_mock = mock.capabilities();
    (of_mock.firewalls.in_memory, of_mock.firewalls.kept) = (false, true);
    assert_eq!(capabilities, of_mock, "both can do the same");
    let mut runner = random::runner(60);
    let changes = proptest::collection::vec(change(), 1..12);
    let done = runner.run(&changes, |changes| {
        runtime.block_on(async {
            let mut sides = [
                Side { driver: &real, context: kept::me(), ids: Vec::new() },
                Side { driver: &mock, context: context(SAMPLE_LOGIN.0, SAMPLE_LOGIN.1), ids: Vec::new() },
            ];
            for change in &changes {
                let [real, mock] = &mut sides;
                prop_assert_eq!(real.make(change).await, mock.make(change).await, "{:?}", change);
                prop_assert_eq!(real.all().await, mock.all().await, "after {:?}", change);
            }
            for Side { driver, context, .. } in &sides {
                clear(*driver, context).await;
            }
            Ok(())
        })
    });
    done.unwrap();
}

async fn clear(driver: &dyn Driver, context: &Context) {
    for firewall in driver.firewalls(context, &Filter::default()).await.unwrap() {
        if firewall.name.as_str() != "device" {
            driver.delete_firewall(context, &firewall.id).await.unwrap();
            continue;
        }
        let default = Some(Defaults { ingress: Action::Accept, egress: Action::Accept });
        let rules = &RuleSet { rules: Vec::new(), default };
        driver.replace_rules(context, Replacement { seen: &firewall, rules, allow_gap: false }).await.unwrap();
    }
}
