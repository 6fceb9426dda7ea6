//! Everything that this driver refuses.

use deltawall_core::{Error, ErrorKind, FirewallName, InterfaceName, LogPrefix, NotKept, ProviderName};

use crate::capabilities::{DEVICE, ID, MAX_FIREWALLS, MAX_RULES};

/// Why the host would not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("There is no firewall '{0}'")]
    NoFirewall(String),
    #[error("There is no such rule in this firewall")]
    NoRule,
    #[error("There is a firewall '{0}' already")]
    NameTaken(FirewallName),
    #[error("The firewall '{0}' is not as it was seen any more")]
    Changed(FirewallName),
    #[error("The firewall '{DEVICE}' is the host's own, and cannot be deleted")]
    Device,
    #[error("The firewall '{0}' has no default: what none of its rules matches is left to the firewalls behind it")]
    NoDefault(FirewallName),
    #[error("There are {MAX_FIREWALLS} firewalls at most")]
    TooManyFirewalls,
    #[error("A firewall has {MAX_RULES} rules at most")]
    TooManyRules,
    #[error("The marks of connections have no number left for one more rule: give --nft-marks more bits")]
    NoNumber,
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
    #[error(
        "Another program has made this rule, in words that this driver does not read: it can be deleted, and not kept"
    )]
    Foreign,
    #[error("In rule {0}: {1}")]
    InRule(usize, Box<Self>),
}

impl Refusal {
    /// What is wrong with one rule of a set, the first being 1.
    pub(crate) fn in_rule(self, number: usize) -> Self {
        Self::InRule(number, Box::new(self))
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoFirewall(_) | Self::NoRule => ErrorKind::NotFound,
            Self::Changed(_) => ErrorKind::Conflict,
            Self::InRule(_, why) => why.kind(),
            Self::NameTaken(_)
            | Self::Device
            | Self::NoDefault(_)
            | Self::TooManyFirewalls
            | Self::TooManyRules
            | Self::NoNumber
            | Self::LogPrefix
            | Self::UnwritablePrefix
            | Self::Interface(_)
            | Self::EgressMac
            | Self::Foreign => ErrorKind::Refused,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), ID, format!("{refusal}."))
    }
}

/// What cannot be kept is not done.
pub(crate) fn unkept(why: NotKept) -> Error {
    let message = format!("What is to be in force cannot be kept, so nothing was changed: {why}.");
    Error::new(ErrorKind::Unrecorded, ID, message)
}

/// Whose rules they are is not known.
pub(crate) fn unknown_table(provider: &ProviderName) -> Error {
    let message = format!(
        "There is a table inet deltawall in {provider} that the gateway's store does not know. Give --state the file that knows it, or delete the table."
    );
    Error::new(ErrorKind::Internal, ID, message)
}
