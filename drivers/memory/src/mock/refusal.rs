//! Everything that this driver refuses, in EC2's codes and words.
//!
//! Codes and words are those of the EC2 API reference, "Error codes for the Amazon EC2 API"; that the text of a
//! group in use names its users is in the answer shown on Deltacloud's own page.

use deltawall_core::{Account, Error, ErrorKind, FirewallName, Protocol, Source};

use super::capabilities::ID;
use crate::denied::Denied;

/// Why EC2 would not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("AWS was not able to validate the provided access credentials")]
    Credentials,
    #[error("The security group '{0}' does not exist")]
    NoGroup(String),
    #[error("The specified rule does not exist in this security group")]
    NoRule,
    #[error("The security group '{0}' already exists")]
    GroupExists(FirewallName),
    #[error("the specified rule \"peer: {peer}, {} ALLOW\" already exists", traffic(.protocol))]
    RuleExists { peer: Source, protocol: Protocol },
    #[error("Group {account}:{name} is used by groups: {}", users(.account, .by))]
    InUse { account: Account, name: FirewallName, by: Vec<FirewallName> },
    #[error("resource {0} has a dependent object: {members}", members = .1.join(", "))]
    HasMembers(FirewallName, Vec<String>),
    #[error("the specified group: \"{0}\" cannot be deleted by a user")]
    DefaultGroup(FirewallName),
    #[error("Value ({value}) for parameter {parameter} is invalid. {why}")]
    Value { parameter: &'static str, value: String, why: &'static str },
    #[error(
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )]
    RuleDescription,
    #[error("Invalid value '{}' for IP protocol. Unknown protocol.", .0.name().unwrap_or_default())]
    Protocol(Protocol),
    #[error("Invalid user id: \"{0}\"")]
    Owner(String),
    #[error("The maximum number of security groups has been reached.")]
    TooManyFirewalls,
    #[error("The maximum number of rules per security group has been reached.")]
    TooManyRules,
    #[error("In rule {0}: {1}")]
    InRule(usize, Box<Self>),
    /// EC2 has no words for it.
    #[error(transparent)]
    Denied(Denied),
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Credentials => Self::Credentials,
            Denied::NoFirewall(id) => Self::NoGroup(id),
            Denied::NoRule => Self::NoRule,
            Denied::NameTaken(name) => Self::GroupExists(name),
            Denied::Changed(_) | Denied::TooManyProviders | Denied::NoRoom => Self::Denied(denied),
        }
    }
}

impl Refusal {
    /// What is wrong with one rule of a set, the first being 1.
    pub(super) fn in_rule(self, number: usize) -> Self {
        Self::InRule(number, Box::new(self))
    }

    /// What sort of failure it is, and EC2's code.
    fn kind_and_code(&self) -> (ErrorKind, &'static str) {
        match self {
            Self::Credentials => (ErrorKind::Unauthenticated, "AuthFailure"),
            Self::NoGroup(_) => (ErrorKind::NotFound, "InvalidGroup.NotFound"),
            Self::NoRule => (ErrorKind::NotFound, "InvalidPermission.NotFound"),
            Self::GroupExists(_) => (ErrorKind::Refused, "InvalidGroup.Duplicate"),
            Self::RuleExists { .. } => (ErrorKind::Refused, "InvalidPermission.Duplicate"),
            Self::InUse { .. } => (ErrorKind::Refused, "InvalidGroup.InUse"),
            Self::HasMembers(..) => (ErrorKind::Refused, "DependencyViolation"),
            Self::DefaultGroup(_) => (ErrorKind::Refused, "CannotDelete"),
            Self::Value { .. } | Self::RuleDescription | Self::Protocol(_) => {
                (ErrorKind::Refused, "InvalidParameterValue")
            }
            Self::Owner(_) => (ErrorKind::Refused, "InvalidUserID.Malformed"),
            Self::TooManyFirewalls => (ErrorKind::Refused, "SecurityGroupLimitExceeded"),
            Self::TooManyRules => (ErrorKind::Refused, "RulesPerSecurityGroupLimitExceeded"),
            Self::InRule(_, why) => why.kind_and_code(),
            Self::Denied(Denied::Changed(_)) => (ErrorKind::Conflict, "IncorrectState"),
            Self::Denied(_) => (ErrorKind::Refused, "ResourceLimitExceeded"),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (kind, code) = refusal.kind_and_code();
        Self::new(kind, ID, refusal.to_string()).with_code(code)
    }
}

/// A permission's protocol and ports as EC2 words them.
fn traffic(protocol: &Protocol) -> String {
    let name = match protocol {
        Protocol::All => "ALL".into(),
        _ => protocol.name().unwrap_or_default().to_uppercase(),
    };
    match (protocol, protocol.numbers()) {
        (_, None) => format!("{name},"),
        (Protocol::Icmp(_) | Protocol::Icmpv6(_), Some((kind, code))) => format!("{name}, type: {kind}, code: {code},"),
        (_, Some((from, to))) => format!("{name}, from port: {from}, to port: {to},"),
    }
}

fn users(account: &Account, names: &[FirewallName]) -> String {
    let users: Vec<_> = names.iter().map(|name| format!("{account}:{name}")).collect();
    users.join(", ")
}
