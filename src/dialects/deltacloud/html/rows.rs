//! The fields of a form for parameters that may be there many times.

use crate::dialects::deltacloud::parameter::Parameter;
use crate::dialects::deltacloud::parameter_table::{GROUP, GROUP_OWNER};
use crate::dialects::deltacloud::parameters::Parameters;

/// How many sources of each kind a form has room for, where no script adds to them.
const ROWS: usize = 3;

/// A field for a parameter that may be there many times.
pub(super) struct Field<'a> {
    pub(super) name: String,
    /// What the parameter was called when it came.
    pub(super) sent: String,
    pub(super) value: &'a str,
}

/// The fields for a parameter that may be there many times: what was typed, then empty ones. A form sends all its rows
/// in their order, and they stay where they were; what was sent otherwise gets the next row. So many are empty at the least.
pub(super) fn rows<'a>(values: &'a Parameters, parameter: &Parameter, spare: usize) -> Vec<Field<'a>> {
    let mut rows = Vec::new();
    for (sent, value) in values.all(parameter) {
        let name = numbered(parameter, rows.len());
        if sent == name || !is_blank(value) {
            rows.push(Field { name, sent: sent.to_owned(), value });
        }
    }
    rows.extend((rows.len()..ROWS.max(rows.len() + spare)).map(|row| empty(parameter, row)));
    rows
}

/// The pairs of fields for groups and their owners, in the same way.
pub(super) fn groups(values: &Parameters, spare: usize) -> Vec<[Field<'_>; 2]> {
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
    rows.extend((rows.len()..ROWS.max(rows.len() + spare)).map(|row| [empty(&GROUP, row), empty(&GROUP_OWNER, row)]));
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
