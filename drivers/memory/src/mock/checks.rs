//! What EC2 takes as names, descriptions and owners.
//!
//! From the EC2 API reference: `CreateSecurityGroup` for groups, `IpRange` for the descriptions of rules, "Error codes" for owners.

use deltawall_core::{Account, Description, FirewallName, Group, NewRule, Protocol, Source};

use super::refusal::Refusal;

/// "Constraints: Up to 255 characters in length", for names as for descriptions.
const MAX_TEXT: usize = 255;

/// A new group's name.
pub(super) fn name(name: &FirewallName) -> Result<(), Refusal> {
    let name = name.as_str();
    match wrong(name).or(name.starts_with("sg-").then_some("Group names may not be in the format sg-*.")) {
        Some(why) => Err(Refusal::Value { parameter: "GroupName", value: name.to_owned(), why }),
        None => Ok(()),
    }
}

/// A new group's description.
pub(super) fn description(description: &Description) -> Result<(), Refusal> {
    let text = description.as_str();
    match wrong(text) {
        Some(why) => Err(Refusal::Value { parameter: "GroupDescription", value: text.to_owned(), why }),
        None => Ok(()),
    }
}

/// A new rule's description.
pub(super) fn rule_description(description: &Description) -> Result<(), Refusal> {
    if wrong(description.as_str()).is_some() { Err(Refusal::RuleDescription) } else { Ok(()) }
}

/// What a new rule of this account says.
pub(super) fn rule(new: &NewRule, account: &Account) -> Result<(), Refusal> {
    if let Protocol::TcpUdp(_) | Protocol::Unnamed = new.protocol() {
        return Err(Refusal::Protocol(new.protocol()));
    }
    for source in new.sources() {
        if let Source::Group(group) = source
            && group.owner != *account
        {
            foreign_group(group)?;
        }
    }
    new.description().map_or(Ok(()), rule_description)
}

/// A group of another account. Nobody can see whether it is there, but whether it can be.
fn foreign_group(group: &Group) -> Result<(), Refusal> {
    let owner = group.owner.as_str();
    if owner.len() != 12 || !owner.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Owner(owner.to_owned()));
    }
    if wrong(group.name.as_str()).is_some() { Err(Refusal::NoGroup(group.name.to_string())) } else { Ok(()) }
}

/// What EC2 has against a text, if anything: "Constraints: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*".
fn wrong(text: &str) -> Option<&'static str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-:/()#,@[]+=&;{}!$*".contains(&byte);
    if !text.is_ascii() {
        Some("Character sets beyond ASCII are not supported.")
    } else if text.len() > MAX_TEXT {
        Some("It is longer than 255 characters.")
    } else if !text.bytes().all(is_allowed) {
        Some("Valid are a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*")
    } else {
        None
    }
}
