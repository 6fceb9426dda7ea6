//! The pages with forms: empty, or as they were filled in with what was wrong.

use std::io;

use askama::Template;
use deltawall_core::{Capabilities, FirewallId};

use crate::deltacloud::answer::Form;
use crate::deltacloud::error::ApiError;
use crate::deltacloud::parameter::{GROUP, GROUP_OWNER, IP_ADDRESS, PREFIX_LIST, Parameter};
use crate::deltacloud::parameters::Parameters;
use crate::deltacloud::request::Head;

/// How many sources of each kind a form has room for, where no script adds to them.
const ROWS: usize = 3;

/// The page with this form.
pub(super) fn page(form: &Form, error: Option<&ApiError>, head: &Head) -> io::Result<Vec<u8>> {
    let filled = Filled { values: &form.values, error };
    let can = head.driver().capabilities();
    match &form.firewall {
        None => super::render(&NewFirewall { head, filled, can }),
        Some(firewall) => super::render(&NewRule {
            head,
            url: head.urls.firewall(firewall),
            firewall,
            addresses: filled.rows(&IP_ADDRESS),
            groups: filled.groups(),
            lists: filled.rows(&PREFIX_LIST),
            filled,
            can,
        }),
    }
}

#[derive(Template)]
#[template(path = "new_firewall.html", config = ".askama.toml")]
struct NewFirewall<'a> {
    head: &'a Head,
    filled: Filled<'a>,
    can: Capabilities,
}

#[derive(Template)]
#[template(path = "new_rule.html", config = ".askama.toml")]
struct NewRule<'a> {
    head: &'a Head,
    firewall: &'a FirewallId,
    url: String,
    filled: Filled<'a>,
    addresses: Vec<Field<'a>>,
    groups: Vec<(Field<'a>, Field<'a>)>,
    lists: Vec<Field<'a>>,
    can: Capabilities,
}

/// What has been typed, and what is wrong with it.
#[derive(Clone, Copy)]
struct Filled<'a> {
    values: &'a Parameters,
    error: Option<&'a ApiError>,
}

/// A field of a form.
struct Field<'a> {
    name: String,
    value: &'a str,
    is_wrong: bool,
}

impl<'a> Filled<'a> {
    fn value(&self, name: &str) -> &'a str {
        self.values.get(name).unwrap_or_default()
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.value(name).trim().eq_ignore_ascii_case(value)
    }

    fn is_wrong(&self, name: &str) -> bool {
        self.error.is_some_and(|error| error.parameter.as_deref() == Some(name))
    }

    /// The fields for a parameter that may be there many times: what was typed, then empty ones.
    fn rows(&self, parameter: &Parameter) -> Vec<Field<'a>> {
        let typed = self.values.all(parameter).filter(|(_, value)| !value.trim().is_empty());
        let mut rows: Vec<_> = typed.map(|(sent, value)| (value, self.is_wrong(sent))).collect();
        rows.resize(rows.len().max(ROWS), ("", false));
        let field = |(row, (value, is_wrong))| Field { name: numbered(parameter, row), value, is_wrong };
        rows.into_iter().enumerate().map(field).collect()
    }

    /// The pairs of fields for groups and their owners.
    fn groups(&self) -> Vec<(Field<'a>, Field<'a>)> {
        let of = |parameter: &Parameter, number| {
            self.values.all(parameter).find(|(name, _)| parameter.number_in(name).as_ref() == Some(number))
        };
        let sent = self.values.all(&GROUP).filter_map(|(name, _)| GROUP.number_in(name));
        let mut numbers: Vec<_> =
            sent.chain(self.values.all(&GROUP_OWNER).filter_map(|(name, _)| GROUP_OWNER.number_in(name))).collect();
        numbers.sort();
        numbers.dedup();
        let typed = numbers.iter().map(|number| (of(&GROUP, number), of(&GROUP_OWNER, number)));
        let is_blank = |half: &Option<(&str, &str)>| half.is_none_or(|(_, value)| value.trim().is_empty());
        let mut pairs: Vec<_> = typed.filter(|(name, owner)| !is_blank(name) || !is_blank(owner)).collect();
        pairs.resize(pairs.len().max(ROWS), (None, None));
        let field = |parameter: &Parameter, row, sent: Option<(&'a str, &'a str)>| Field {
            name: numbered(parameter, row),
            value: sent.map_or("", |(_, value)| value),
            is_wrong: sent.is_some_and(|(name, _)| self.is_wrong(name)),
        };
        let fields = |(row, (name, owner))| (field(&GROUP, row, name), field(&GROUP_OWNER, row, owner));
        pairs.into_iter().enumerate().map(fields).collect()
    }
}

/// The name that a parameter has in a row, the first being row 0.
fn numbered(parameter: &Parameter, row: usize) -> String {
    parameter.name.replacen('N', &(row + 1).to_string(), 1)
}
