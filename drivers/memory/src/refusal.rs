//! Everything that this driver refuses, in EC2's codes and words.
//!
//! Codes and words are those of the EC2 API reference, "Error codes for the Amazon EC2 API"; that the text of a
//! group in use names its users is in the answer shown on Deltacloud's own page.

use deltawall_core::{Account, Error, ErrorKind, FirewallName, Protocol, Source};

/// Why EC2 would not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
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
    #[error("the specified group: \"{0}\" cannot be deleted by a user")]
    DefaultGroup(FirewallName),
    #[error("Value ({value}) for parameter {parameter} is invalid. {why}")]
    Value { parameter: &'static str, value: String, why: &'static str },
    #[error(
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )]
    RuleDescription,
    #[error("Invalid user id: \"{0}\"")]
    Owner(String),
    #[error("The maximum number of security groups has been reached.")]
    TooManyFirewalls,
    #[error("The maximum number of rules per security group has been reached.")]
    TooManyRules,
    #[error("This server keeps changes of {} providers at most", crate::MAX_PROVIDERS)]
    TooManyProviders,
    #[error("This server keeps about {} MiB of its clients' firewalls at most", crate::MAX_SIZE >> 20)]
    NoRoom,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (kind, code) = match refusal {
            Refusal::Credentials => (ErrorKind::Unauthenticated, "AuthFailure"),
            Refusal::NoGroup(_) => (ErrorKind::NotFound, "InvalidGroup.NotFound"),
            Refusal::NoRule => (ErrorKind::NotFound, "InvalidPermission.NotFound"),
            Refusal::GroupExists(_) => (ErrorKind::Refused, "InvalidGroup.Duplicate"),
            Refusal::RuleExists { .. } => (ErrorKind::Refused, "InvalidPermission.Duplicate"),
            Refusal::InUse { .. } => (ErrorKind::Refused, "InvalidGroup.InUse"),
            Refusal::DefaultGroup(_) => (ErrorKind::Refused, "CannotDelete"),
            Refusal::Value { .. } | Refusal::RuleDescription => (ErrorKind::Refused, "InvalidParameterValue"),
            Refusal::Owner(_) => (ErrorKind::Refused, "InvalidUserID.Malformed"),
            Refusal::TooManyFirewalls => (ErrorKind::Refused, "SecurityGroupLimitExceeded"),
            Refusal::TooManyRules => (ErrorKind::Refused, "RulesPerSecurityGroupLimitExceeded"),
            Refusal::TooManyProviders | Refusal::NoRoom => (ErrorKind::Refused, "ResourceLimitExceeded"),
        };
        Self::new(kind, crate::ID, refusal.to_string()).with_code(code)
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
