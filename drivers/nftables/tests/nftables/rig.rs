//! A driver on a host with a cable, and what tests do with its firewalls.

use std::sync::Arc;

use deltawall_core::{Action, Defaults, Driver, Error, Firewall, FirewallId, NewRule, Replacement, RuleSet};
use deltawall_nftables::Nftables;

use crate::{kept, namespaces, rules};

/// Nothing passes that no rule accepts.
pub const DENY: Option<Defaults> = Some(Defaults { ingress: Action::Deny, egress: Action::Deny });

/// Runs a test in namespaces of its own.
pub fn inside(test: impl Future<Output = ()>) {
    namespaces::enter();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

/// A firewall as it is in force.
pub async fn show(driver: &Nftables, name: &str) -> Arc<Firewall> {
    driver.firewall(&kept::me(), &FirewallId::new(name).unwrap()).await.unwrap()
}

/// Gives a firewall these rules, where it is as it is.
pub async fn try_replace(
    driver: &Nftables,
    name: &str,
    rules: Vec<NewRule>,
    default: Option<Defaults>,
) -> Result<Arc<Firewall>, Error> {
    let seen = show(driver, name).await;
    let rules = &RuleSet { rules, default };
    driver.replace_rules(&kept::me(), Replacement { seen: &seen, rules, allow_gap: false }).await
}

/// The same, as [`rules::read`] reads them, which has to succeed.
pub async fn replace(driver: &Nftables, name: &str, texts: &[&str], default: Option<Defaults>) -> Arc<Firewall> {
    let rules = texts.iter().map(|text| rules::read(text)).collect();
    try_replace(driver, name, rules, default).await.unwrap()
}

/// The ids of a firewall's rules.
pub fn ids(firewall: &Firewall) -> Vec<String> {
    firewall.rules.iter().map(|rule| rule.id().to_string()).collect()
}
