//! The pages with forms: empty, or as they were filled in with what was wrong.

use std::io;

use askama::Template;
use deltawall_core::{Capabilities, FirewallId};

use super::render::render;
use crate::dialects::deltacloud::error::ApiError;
use crate::dialects::deltacloud::filled_in::FilledIn;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::parameter::Parameter;
use crate::dialects::deltacloud::parameter_table::{GROUP, GROUP_OWNER, IP_ADDRESS, PREFIX_LIST};
use crate::dialects::deltacloud::parameters::Parameters;

/// How many sources of each kind a form has room for, where no script adds to them.
const ROWS: usize = 3;

/// The page with this form.
pub(super) fn page(form: &FilledIn, error: Option<&ApiError>, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let can = head.driver().capabilities();
    let Some(firewall) = &form.firewall else {
        let offered = offered([("name", true), ("description", true), ("vpc_id", can.firewalls.networks)]);
        return render(&NewFirewall { head, filled: Filled::new(form, error, offered, &[]) });
    };
    let offered = offered([
        ("protocol", true),
        ("port_from", true),
        ("port_to", true),
        ("direction", can.rules.egress),
        ("rule_action", can.rules.deny),
        ("log_rule", can.rules.log),
        ("description", can.rules.descriptions),
    ]);
    let values = &form.values;
    let addresses = rows(values, &IP_ADDRESS);
    let groups = if can.sources.groups { groups(values) } else { Vec::new() };
    let lists = if can.sources.prefix_lists { rows(values, &PREFIX_LIST) } else { Vec::new() };
    let filled = Filled::new(form, error, offered, &[&addresses, groups.as_flattened(), &lists]);
    let url = head.urls.firewall(firewall);
    render(&NewRule { head, firewall, url, filled, addresses, groups, lists, can })
}

#[derive(Template)]
#[template(path = "new_firewall.html", config = ".askama.toml")]
struct NewFirewall<'a> {
    head: &'a Head<'a>,
    filled: Filled<'a>,
}

#[derive(Template)]
#[template(path = "new_rule.html", config = ".askama.toml")]
struct NewRule<'a> {
    head: &'a Head<'a>,
    firewall: &'a FirewallId,
    url: String,
    filled: Filled<'a>,
    addresses: Vec<Field<'a>>,
    groups: Vec<[Field<'a>; 2]>,
    lists: Vec<Field<'a>>,
    can: Capabilities,
}

/// What has been typed, and what is wrong with it.
struct Filled<'a> {
    form: &'a FilledIn,
    error: Option<&'a ApiError>,
    /// The fields that are there once.
    offered: Vec<&'static str>,
    /// The name of the field that is wrong, where the form has one for what is wrong.
    wrong: Option<String>,
}

/// A field for a parameter that may be there many times.
struct Field<'a> {
    name: String,
    /// What the parameter was called when it came.
    sent: String,
    value: &'a str,
}

impl<'a> Filled<'a> {
    fn new(form: &'a FilledIn, error: Option<&'a ApiError>, offered: Vec<&'static str>, rows: &[&[Field<'_>]]) -> Self {
        let wrong = error.and_then(|error| error.parameter.as_deref()).and_then(|sent| {
            let row = rows.iter().copied().flatten().find(|field| field.sent == sent);
            row.map(|field| &*field.name).or(offered.iter().copied().find(|name| *name == sent))
        });
        Self { form, error, wrong: wrong.map(str::to_owned), offered }
    }

    fn value(&self, name: &str) -> &'a str {
        self.form.values.get(name).unwrap_or_default()
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.value(name).trim().eq_ignore_ascii_case(value)
    }

    fn offers(&self, name: &str) -> bool {
        self.offered.contains(&name)
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.as_deref() == Some(name)
    }
}

/// The names of those fields that the form has.
fn offered<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, is_offered)| *is_offered).map(|(name, _)| name).collect()
}

/// The fields for a parameter that may be there many times: what was typed, then empty ones. A form sends all its rows
/// in their order, and they stay where they were; what was sent otherwise gets the next row.
fn rows<'a>(values: &'a Parameters, parameter: &Parameter) -> Vec<Field<'a>> {
    let mut rows = Vec::new();
    for (sent, value) in values.all(parameter) {
        let name = numbered(parameter, rows.len());
        if sent == name || !is_blank(value) {
            rows.push(Field { name, sent: sent.to_owned(), value });
        }
    }
    rows.extend((rows.len()..ROWS).map(|row| empty(parameter, row)));
    rows
}

/// The pairs of fields for groups and their owners, in the same way.
fn groups(values: &Parameters) -> Vec<[Field<'_>; 2]> {
    let mut rows = Vec::new();
    for (number, (name, owner)) in values.group_pairs() {
        let field = |parameter: &Parameter, value| {
            let (name, sent) = (numbered(parameter, rows.len()), parameter.numbered(&number));
            Field { name, sent, value }
        };
        let pair = [field(&GROUP, name), field(&GROUP_OWNER, owner)];
        let is_in_place = pair.iter().all(|field| field.sent == field.name);
        if is_in_place || !is_blank(name) || !is_blank(owner) {
            rows.push(pair);
        }
    }
    rows.extend((rows.len()..ROWS).map(|row| [empty(&GROUP, row), empty(&GROUP_OWNER, row)]));
    rows
}

fn empty(parameter: &Parameter, row: usize) -> Field<'static> {
    let name = numbered(parameter, row);
    Field { sent: name.clone(), name, value: "" }
}

/// The name that a parameter has in a row, the first being row 0.
fn numbered(parameter: &Parameter, row: usize) -> String {
    parameter.name.replacen('N', &(row + 1).to_string(), 1)
}

fn is_blank(value: &str) -> bool {
    value.trim().is_empty()
}
