//! What the OpenAPI document has for examples.

use std::sync::Arc;

use deltawall_core::{
    Account, Action, Description, Direction, Firewall, FirewallId, FirewallName, Limits, Plan, Protocol, Rule,
    RuleContent, RuleSet, Source,
};

use super::answer::View;
use super::head::Head;
use crate::changes::Planned;

/// A firewall for examples.
pub(super) fn sample() -> Option<Firewall> {
    let owner = Account::new("393485797142").ok()?;
    let content = RuleContent {
        owner: owner.clone(),
        protocol: Protocol::from_parts("tcp", Some((80, 80))).ok()?,
        direction: Direction::Ingress,
        action: Action::Accept,
        sources: vec![Source::Address("10.1.0.0/16".parse().ok()?)],
        conditions: None,
    };
    Some(Firewall {
        id: FirewallId::new("web").ok()?,
        name: FirewallName::new("web").ok()?,
        description: Description::new("Web servers").ok(),
        owner: Some(owner),
        rules: vec![Rule { cloud_id: None, content, log: None, description: None }],
        default: None,
    })
}

/// What it would do to take its rule away.
pub(super) fn sample_plan(head: &Head<'_>) -> Option<View> {
    let (firewall, after) = (sample()?, RuleSet { rules: Vec::new(), default: None });
    let plan = Plan::new(&firewall, &after, &head.driver().capabilities(), Limits::default()).ok()?;
    Some(View::Plan(Box::new(Planned { firewall: Arc::new(firewall), is_new: false, after, plan }), None))
}
