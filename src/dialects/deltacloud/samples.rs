//! What the OpenAPI document has for examples.

use std::sync::Arc;

use deltawall_core::{
    Account, Action, Description, Direction, Firewall, FirewallId, FirewallName, Limits, Plan, Protocol, Rule,
    RuleContent, RuleSet, Source,
};

use super::answer::View;
use super::head::Head;
use crate::changes::Planned;
use crate::changes::entry::{Drift, Entry, Page};
use crate::store::ChangeId;
use crate::store::record::State;

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
    Some(View::Plan(Box::new(planned(head)?), None))
}

fn planned(head: &Head<'_>) -> Option<Planned> {
    let (firewall, after) = (sample()?, RuleSet { rules: Vec::new(), default: None });
    let plan = Plan::new(&firewall, &after, &head.driver().capabilities(), Limits::default()).ok()?;
    Some(Planned { firewall: Arc::new(firewall), is_new: false, after, plan })
}

/// A change for examples: one that is tried.
pub(super) fn sample_change() -> Option<View> {
    Some(View::Change(Box::new(change()?)))
}

pub(super) fn sample_changes() -> Option<View> {
    Some(View::Changes(Page { entries: vec![change()?], has_more: false }, None))
}

pub(super) fn sample_drift(head: &Head<'_>) -> Option<View> {
    Some(View::Drift(Box::new(Drift { since: Some(change()?.id), planned: planned(head)? })))
}

fn change() -> Option<Entry> {
    Some(Entry {
        id: ChangeId::new("01KBF1GQ00T5NJ4YXH8M2ZRW6C").ok()?,
        firewall: FirewallId::new("web").ok()?,
        driver: "mock".into(),
        provider: String::new(),
        user: "mockuser".into(),
        operation: "create_rule".into(),
        why: Some("Ticket 4711".into()),
        state: State::Trying,
        made_at: "2026-12-01T12:00:00Z".parse().ok()?,
        confirm_by: "2026-12-01T12:01:00Z".parse().ok(),
        ended_at: None,
        undone_by: None,
        note: None,
        is_overdue: false,
        before: None,
        after: None,
        planned: None,
    })
}
