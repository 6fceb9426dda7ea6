//! Changes, and what others did.

use std::sync::Arc;

use deltawall_core::Firewall;
use serde::Serialize;
use utoipa::ToSchema;

use super::firewall::{FirewallView, firewall};
use super::plan::{PlanView, plan};
use crate::changes::entry::{Drift, Entry, Page};
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::representation::{Endings, Representation};
use crate::store::ChangeId;

/// Of what was kept nothing ends any more.
static NONE: Endings = Endings { trial: None, rules: Vec::new() };

#[derive(Serialize, ToSchema)]
#[schema(as = OneChange)]
pub(super) struct OneChangeView<'a> {
    change: ChangeView<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Changes)]
pub(super) struct ChangesView<'a> {
    changes: Vec<ChangeView<'a>>,
    /// Where those are that stand behind these; only where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OneDrift)]
pub(super) struct OneDriftView<'a> {
    drift: DriftView<'a>,
}

/// What others did to a firewall since our last change of it.
#[derive(Serialize, ToSchema)]
#[schema(as = Drift)]
struct DriftView<'a> {
    /// Our last change; none where it is not known how the firewall was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<ReferenceView>,
    plan: PlanView<'a>,
}

/// Something, by its id and where it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Reference)]
struct ReferenceView {
    id: String,
    href: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeView<'a> {
    id: &'a str,
    href: String,
    firewall: ReferenceView,
    driver: &'a str,
    provider: &'a str,
    user: &'a str,
    /// What was done, such as `create_rule`.
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    /// `applying`, `trying`, `confirmed`, `undoing`, `undone`, `done`, `failed` or `unknown`.
    state: &'static str,
    made_at: String,
    /// Until when it has to be confirmed, where it is a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_by: Option<String>,
    /// Whether it should have been undone by now, and is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// Who has undone it; none where its time was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_by: Option<&'a str>,
    /// Why it failed, or what is in the way of undoing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// The firewall before, where it was looked at. Lists leave it out, and what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<FirewallView<'a>>,
    /// The firewall after, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<FirewallView<'a>>,
    /// What it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanView<'a>>,
}

pub(super) fn one<'a>(entry: &'a Entry, head: &'a Head<'a>) -> OneChangeView<'a> {
    OneChangeView { change: change(entry, head) }
}

pub(super) fn changes<'a>(page: &'a Page, next: Option<&'a str>, head: &'a Head<'a>) -> ChangesView<'a> {
    ChangesView { changes: page.entries.iter().map(|entry| change(entry, head)).collect(), next }
}

pub(super) fn drift<'a>(drift: &'a Drift, head: &'a Head<'a>) -> OneDriftView<'a> {
    let since = drift.since.as_ref().map(|id| reference(id, head));
    OneDriftView { drift: DriftView { since, plan: plan(&drift.planned, head) } }
}

fn reference(id: &ChangeId, head: &Head<'_>) -> ReferenceView {
    ReferenceView { id: id.to_string(), href: head.urls.change(id) }
}

fn change<'a>(entry: &'a Entry, head: &'a Head<'a>) -> ChangeView<'a> {
    let shown =
        |one: &'a Option<Arc<Firewall>>| one.as_ref().map(|one| firewall(one, &NONE, &Representation::kept(one, head)));
    ChangeView {
        id: entry.id.as_str(),
        href: head.urls.change(&entry.id),
        firewall: ReferenceView { id: entry.firewall.to_string(), href: head.urls.firewall(&entry.firewall) },
        driver: &entry.driver,
        provider: &entry.provider,
        user: &entry.user,
        operation: &entry.operation,
        why: entry.why.as_deref(),
        state: entry.state.name(),
        made_at: entry.made_at.to_string(),
        confirm_by: entry.confirm_by.map(|time| time.to_string()),
        overdue: entry.is_overdue.then_some(true),
        ended_at: entry.ended_at.map(|time| time.to_string()),
        undone_by: entry.undone_by.as_deref(),
        note: entry.note.as_deref(),
        before: shown(&entry.before),
        after: shown(&entry.after),
        plan: entry.planned.as_ref().map(|planned| plan(planned, head)),
    }
}
