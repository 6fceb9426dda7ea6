//! Where a call goes.

use deltawall_core::{Driver, ProviderName};

/// The provider that a call is for, as it is kept; empty where that has no name.
pub(super) fn provider(driver: &dyn Driver, chosen: Option<&ProviderName>) -> String {
    let provider = chosen.cloned().or_else(|| driver.default_provider());
    provider.map(|name| name.to_string()).unwrap_or_default()
}
