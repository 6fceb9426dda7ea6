//! Everything that this driver refuses.

use deltawall_core::{Error, ErrorKind, FirewallName, InterfaceName, LogPrefix};

use super::capabilities::{DEVICE, ID, MAX_FIREWALLS, MAX_RULES};
use crate::denied::Denied;

/// Why the host would not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("The firewall '{DEVICE}' is the host's own, and cannot be deleted")]
    Device,
    #[error("The firewall '{0}' has no default: what none of its rules matches is left to the firewalls behind it")]
    NoDefault(FirewallName),
    #[error("There are {MAX_FIREWALLS} firewalls at most")]
    TooManyFirewalls,
    #[error("A firewall has {MAX_RULES} rules at most")]
    TooManyRules,
    #[error("A prefix of what is logged has {} bytes at most", LogPrefix::MAX)]
    LogPrefix,
    #[error(
        "A prefix of what is logged can have neither a quote nor a dollar sign in it, which nft has no way to write"
    )]
    UnwritablePrefix,
    #[error("nft reads '{0}' as something else than the name of an interface: no rule can be for it")]
    Interface(InterfaceName),
    #[error("A rule for egress cannot ask for a MAC address: a packet that leaves has none yet where it is filtered")]
    EgressMac,
    #[error("In rule {0}: {1}")]
    InRule(usize, Box<Self>),
}

impl Refusal {
    /// What is wrong with one rule of a set, the first being 1.
    pub(super) fn in_rule(self, number: usize) -> Self {
        Self::InRule(number, Box::new(self))
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Denied(Denied::Credentials) => ErrorKind::Unauthenticated,
            Self::Denied(Denied::NoFirewall(_) | Denied::NoRule) => ErrorKind::NotFound,
            Self::Denied(Denied::Changed(_)) => ErrorKind::Conflict,
            Self::InRule(_, why) => why.kind(),
            Self::Denied(Denied::NameTaken(_) | Denied::TooManyProviders | Denied::NoRoom)
            | Self::Device
            | Self::NoDefault(_)
            | Self::TooManyFirewalls
            | Self::TooManyRules
            | Self::LogPrefix
            | Self::UnwritablePrefix
            | Self::Interface(_)
            | Self::EgressMac => ErrorKind::Refused,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), ID, format!("{refusal}."))
    }
}
