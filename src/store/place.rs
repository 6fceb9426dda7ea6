//! Which firewall it is.

/// A firewall, among those of all drivers, providers and accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The id of the driver.
    pub driver: String,
    /// The provider; where none was chosen, that which the driver takes by itself. Empty where that has no name.
    pub provider: String,
    /// The account that owns it; empty where the cloud does not say.
    pub owner: String,
    /// Its id, as the driver says it.
    pub firewall: String,
}

impl Place {
    /// The provider, as lines and answers name it that always name one.
    pub fn provider_name(&self) -> &str {
        if self.provider.is_empty() { "default" } else { &self.provider }
    }
}
