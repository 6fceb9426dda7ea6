//! The pages of what a change would do, and of what becomes of a packet.

use std::io;

use askama::Template;
use deltawall_core::{Explanation, Firewall};

use super::form;
use super::planned::Planned;
use super::render::render;
use super::words;
use crate::changes;
use crate::dialects::deltacloud::filled_in::FilledIn;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::shown_rule::ShownRule;

#[derive(Template)]
#[template(path = "plan.html", config = ".askama.toml")]
struct Plan<'a> {
    head: &'a Head<'a>,
    firewall: &'a Firewall,
    planned: Planned<'a>,
}

#[derive(Template)]
#[template(path = "explanation.html", config = ".askama.toml")]
struct Explained<'a> {
    head: &'a Head<'a>,
    firewall: &'a Firewall,
    verdict: &'static str,
    /// The rule that decides; none where none does.
    rule: Option<String>,
}

/// The page of what a change would do: before the form that asks for it, where there is one.
pub(super) fn page(planned: &changes::Planned, form: Option<&FilledIn>, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let told = || Planned::new(planned, form.map(|form| (form, form::action(&form.form, &head.urls))), head);
    match form.and_then(|form| form::page(form, None, Some(told()), head)) {
        Some(page) => page,
        None => render(&Plan { head, firewall: &planned.firewall, planned: told() }),
    }
}

/// The page of what becomes of a packet.
pub(super) fn explanation(firewall: &Firewall, explained: &Explanation, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let can = head.driver().capabilities();
    let deciding = explained.rule.and_then(|index| Some((index, firewall.rules.get(index)?)));
    let rule = deciding.map(|(index, one)| words::rule(&ShownRule::there(one, index, can)));
    render(&Explained { head, firewall, verdict: explained.verdict.name(), rule })
}
