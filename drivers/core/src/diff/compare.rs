//! Which of the two ways rules are compared.

use crate::capabilities::{Capabilities, Order};
use crate::diff::difference::Diff;
use crate::diff::{joined, whole};
use crate::model::Firewall;
use crate::rule_set::RuleSet;

impl Diff {
    /// What makes of a firewall's rules these, on a driver with these capabilities.
    pub fn new(before: &Firewall, after: &RuleSet, capabilities: &Capabilities) -> Self {
        if capabilities.rules.join {
            return joined::diff(&before.rules, &after.rules);
        }
        whole::diff(&before.rules, &after.rules, capabilities.rules.order == Order::Ordered)
    }
}
