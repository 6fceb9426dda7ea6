//! The pages of the journal, of a change, and of what others did.

use std::collections::HashMap;
use std::io;

use askama::Template;
use deltawall_core::{Capabilities, Firewall, Same};

use super::planned::Planned;
use super::render::render;
use super::words;
use crate::changes::entry::{Drift, Entry, Page};
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::shown_rule::ShownRule;

#[derive(Template)]
#[template(path = "changes.html", config = ".askama.toml")]
struct Changes<'a> {
    head: &'a Head<'a>,
    entries: &'a [Entry],
    next: Option<&'a str>,
    /// Whether only some are asked for.
    is_part: bool,
}

#[derive(Template)]
#[template(path = "change.html", config = ".askama.toml")]
struct Change<'a> {
    head: &'a Head<'a>,
    entry: &'a Entry,
    url: String,
    before: Option<Vec<Line>>,
    after: Option<Vec<Line>>,
    opened: Vec<String>,
    closed: Vec<String>,
}

#[derive(Template)]
#[template(path = "drift.html", config = ".askama.toml")]
struct Drifted<'a> {
    head: &'a Head<'a>,
    firewall: &'a Firewall,
    drift: &'a Drift,
    planned: Planned<'a>,
    /// Whether it is known how the firewall was left, and it is another now.
    has_any: bool,
}

/// A rule of a firewall as it was, and whether the other one has it.
struct Line {
    text: String,
    is_other: bool,
}

/// The newest changes.
pub(super) fn list(page: &Page, next: Option<&str>, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let is_part =
        ["firewall", "state", "user", "since", "until", "before"].iter().any(|name| head.query(name).is_some());
    render(&Changes { head, entries: &page.entries, next, is_part })
}

/// One change, with its difference.
pub(super) fn one(entry: &Entry, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let can = head.driver().capabilities();
    let lines = |one: Option<&Firewall>, other: Option<&Firewall>| Some(lines(one?, other, can));
    let (before, after) = (entry.before.as_deref(), entry.after.as_deref());
    let plan = entry.planned.as_ref().map(|planned| &planned.plan);
    let traffic =
        |all: Option<&Vec<deltawall_core::Traffic>>| all.into_iter().flatten().map(ToString::to_string).collect();
    render(&Change {
        head,
        entry,
        url: head.urls.change(&entry.id),
        before: lines(before, after),
        after: lines(after, before),
        opened: traffic(plan.map(|plan| &plan.opens)),
        closed: traffic(plan.map(|plan| &plan.closes)),
    })
}

/// What others did.
pub(super) fn drift(drift: &Drift, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let has_any = drift.since.is_some() && !drift.planned.plan.is_empty();
    let planned = Planned::new(&drift.planned, None, head);
    render(&Drifted { head, firewall: &drift.planned.firewall, drift, planned, has_any })
}

fn lines(firewall: &Firewall, other: Option<&Firewall>, can: Capabilities) -> Vec<Line> {
    let mut there: HashMap<Same<'_>, usize> = HashMap::new();
    for rule in other.into_iter().flat_map(|other| &other.rules) {
        *there.entry(Same::from(rule)).or_default() += 1;
    }
    let mut lines = Vec::with_capacity(firewall.rules.len());
    for rule in &firewall.rules {
        let left = there.entry(Same::from(rule)).or_default();
        lines.push(Line { text: words::rule(&ShownRule::of(rule, can)), is_other: *left == 0 });
        *left = left.saturating_sub(1);
    }
    lines
}
