//! What was filled in into a form.

use deltawall_core::FirewallId;

use super::pairs::Pairs;
use super::parameters::Parameters;

/// How many bytes of a page what was filled in may take: a page is many times as long as what was sent for it, and held
/// until it is taken. A person types less.
const MAX_FILLED_IN: usize = 256 * 1024;

/// How many bytes of a page a pair of fields takes that are empty, at the most.
const FIELDS_LENGTH: usize = 400;

/// What a form of a page is for. Rules stand here as their segment of the path came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    NewFirewall,
    DeleteFirewall(FirewallId),
    NewRule(FirewallId),
    EditRule(FirewallId, String),
    MoveRule(FirewallId, String),
    DeleteRule(FirewallId, String),
}

/// A form with what is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilledIn {
    pub(super) form: Form,
    pub(super) values: Parameters,
    /// Whether that is all that was filled in.
    pub(super) is_whole: bool,
}

impl FilledIn {
    /// The form with as much of what was filled in as its page repeats.
    pub(super) fn new(form: Form, filled_in: &Parameters) -> Self {
        let (values, is_whole) = filled_in.within(MAX_FILLED_IN, field_length);
        Self { form, values, is_whole }
    }

    /// The form with this in the place of what was filled in by this name.
    pub(super) fn with(mut self, name: &str, value: String) -> Self {
        let mut pairs: Pairs = self.values.0.into_iter().filter(|(known, _)| known != name).collect();
        pairs.push((name.to_owned(), value));
        self.values = Parameters(pairs);
        self
    }
}

/// How many bytes of a page a field with this value takes, at the most.
fn field_length(value: &str) -> usize {
    // Each of these becomes a reference, such as `&#60;`.
    let references = value.bytes().filter(|byte| b"<>&\"'".contains(byte)).count();
    FIELDS_LENGTH + value.len() + references * ("&#60;".len() - 1)
}
