//! Changes, and what others did.

use std::sync::Arc;

use deltawall_core::Firewall;

use super::document::Document;
use super::firewall::firewall;
use super::plan::plan;
use crate::changes::entry::{Drift, Entry, Page};
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::representation::{Endings, Representation};

pub(super) fn changes(document: &mut Document, page: &Page, next: Option<&str>, head: &Head<'_>) {
    document.open("changes", &[]);
    for entry in &page.entries {
        change(document, entry, head);
    }
    if let Some(next) = next {
        document.empty("link", &[("href", next), ("rel", "next")]);
    }
    document.close("changes");
}

pub(super) fn drift(document: &mut Document, drift: &Drift, head: &Head<'_>) {
    document.open("drift", &[]);
    if let Some(id) = &drift.since {
        document.empty("since", &[("href", &head.urls.change(id)), ("id", id.as_str())]);
    }
    plan(document, &drift.planned, head);
    document.close("drift");
}

pub(super) fn change(document: &mut Document, entry: &Entry, head: &Head<'_>) {
    let href = head.urls.change(&entry.id);
    document.open("change", &[("href", &href), ("id", entry.id.as_str())]);
    document.open("actions", &[]);
    if entry.can_be_confirmed() {
        document.empty("link", &[("href", &format!("{href}/confirm")), ("method", "post"), ("rel", "confirm")]);
    }
    if entry.can_be_undone() {
        document.empty("link", &[("href", &format!("{href}/undo")), ("method", "post"), ("rel", "undo")]);
    }
    document.close("actions");
    document.empty("firewall", &[("href", &head.urls.firewall(&entry.firewall)), ("id", entry.firewall.as_str())]);
    document.text("driver", &entry.driver);
    document.text("provider", &entry.provider);
    document.cdata("user", &entry.user);
    document.text("operation", &entry.operation);
    if let Some(why) = &entry.why {
        document.cdata("why", why);
    }
    document.text("state", entry.state.name());
    document.text("made_at", &entry.made_at.to_string());
    if let Some(time) = entry.confirm_by {
        document.text("confirm_by", &time.to_string());
    }
    if entry.is_overdue {
        document.text("overdue", "true");
    }
    if let Some(time) = entry.ended_at {
        document.text("ended_at", &time.to_string());
    }
    if let Some(user) = &entry.undone_by {
        document.cdata("undone_by", user);
    }
    if let Some(note) = &entry.note {
        document.cdata("note", note);
    }
    state(document, "before", entry.before.as_ref(), head);
    state(document, "after", entry.after.as_ref(), head);
    if let Some(planned) = &entry.planned {
        plan(document, planned, head);
    }
    document.close("change");
}

/// The firewall as it was kept.
fn state(document: &mut Document, name: &str, kept: Option<&Arc<Firewall>>, head: &Head<'_>) {
    let Some(kept) = kept else { return };
    document.open(name, &[]);
    firewall(document, kept, &Endings::default(), &Representation::kept(kept, head));
    document.close(name);
}
