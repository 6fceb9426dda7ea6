//! What was filled in into a form.

use deltawall_core::FirewallId;

use super::parameters::Parameters;

/// How many bytes of a page what was filled in may take: a page is many times as long as what was sent for it, and held
/// until it is taken. A person types less.
const MAX_FILLED_IN: usize = 256 * 1024;

/// How many bytes of a page a pair of fields takes that are empty, at the most.
const FIELDS_LENGTH: usize = 400;

/// A form with what is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilledIn {
    /// The firewall that gets a rule; none for a new firewall.
    pub(super) firewall: Option<FirewallId>,
    pub(super) values: Parameters,
    /// Whether that is all that was filled in.
    pub(super) is_whole: bool,
}

impl FilledIn {
    /// The form with as much of what was filled in as its page repeats.
    pub(super) fn new(firewall: Option<FirewallId>, filled_in: &Parameters) -> Self {
        let (values, is_whole) = filled_in.within(MAX_FILLED_IN, field_length);
        Self { firewall, values, is_whole }
    }
}

/// How many bytes of a page a field with this value takes, at the most.
fn field_length(value: &str) -> usize {
    // Each of these becomes a reference, such as `&#60;`.
    let references = value.bytes().filter(|byte| b"<>&\"'".contains(byte)).count();
    FIELDS_LENGTH + value.len() + references * ("&#60;".len() - 1)
}
