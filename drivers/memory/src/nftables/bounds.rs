//! What the driver is called, what each host has, and how much it may have.

/// The id of this driver.
pub const ID: &str = "mock-nftables";

/// The firewall that each host has.
pub(super) const DEVICE: &str = "device";

/// How many firewalls a provider may have.
pub(super) const MAX_FIREWALLS: usize = 2_500;

/// How many rules a firewall may have.
pub(super) const MAX_RULES: usize = 20_000;
