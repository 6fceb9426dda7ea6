//! What it costs to write the XML of firewalls that nobody has asked for before:
//! `cargo bench --package deltawall --no-default-features --bench xml`.

use std::sync::Arc;

use deltawall::dialects::deltacloud::firewalls_xml;
use deltawall_core::{
    Account, Capabilities, Description, Firewall, FirewallId, FirewallName, Rule, RuleContent, RuleId,
};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

/// As tests/bench has them: twenty firewalls of three rules.
fn firewalls() -> Option<Vec<Arc<Firewall>>> {
    let owner = Account::new("393485797142").ok()?;
    let firewall = |number: u32| {
        let name = FirewallName::new(format!("g{number}")).ok()?;
        Some(Arc::new(Firewall {
            id: FirewallId::from(&name),
            name,
            description: Description::new(format!("firewall number {number}")).ok(),
            owner: Some(owner.clone()),
            rules: (1..=3).map(rule).collect::<Option<_>>()?,
            default: None,
        }))
    };
    (0..20).map(firewall).collect()
}

fn rule(port: u16) -> Option<Rule> {
    let id = format!("393485797142~tcp~{port}~{port}~@address,ipv4,10.0.0.0,8");
    let RuleId::Content(content) = RuleId::parse(&id).ok()? else { return None };
    let content: RuleContent = content.into_owned();
    Some(Rule { cloud_id: None, content, log: None, description: None })
}

#[divan::bench(sample_count = 1000, sample_size = 10)]
fn xml(bencher: Bencher) {
    let firewalls = firewalls().unwrap_or_default();
    let mut can = Capabilities::default();
    (can.rules.create, can.rules.delete, can.firewalls.delete) = (true, true, true);
    let write = || firewalls_xml(black_box(&firewalls), can, "http://127.0.0.1:3001");
    bencher.counter(BytesCount::new(write().len())).bench(write);
}

fn main() {
    divan::main();
}
