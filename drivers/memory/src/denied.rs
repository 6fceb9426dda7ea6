//! What both drivers refuse. The words are those of a driver that has none of its own.

use deltawall_core::FirewallName;

use crate::bounds::{MAX_PROVIDERS, MAX_SIZE};

/// Why it is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("The user or the password is wrong")]
    Credentials,
    #[error("There is no firewall '{0}'")]
    NoFirewall(String),
    #[error("There is no such rule in this firewall")]
    NoRule,
    #[error("There is a firewall '{0}' already")]
    NameTaken(FirewallName),
    #[error("The firewall '{0}' is not as it was seen any more")]
    Changed(FirewallName),
    #[error("This server keeps changes of {MAX_PROVIDERS} providers at most")]
    TooManyProviders,
    #[error("This server keeps about {} MiB of its clients' firewalls at most", MAX_SIZE >> 20)]
    NoRoom,
}
