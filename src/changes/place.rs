//! Where a call goes.

use deltawall_core::{Driver, ProviderName};

use crate::gateway::one_at_a_time;

/// The provider that a call is for, as it is kept; empty where that has no name.
pub(super) fn provider(driver: &dyn Driver, chosen: Option<&ProviderName>) -> String {
    one_at_a_time::provider(driver, chosen).map(|name| name.to_string()).unwrap_or_default()
}
