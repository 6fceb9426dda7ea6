//! How the id of a rule is read.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::address_range::{AddressRange, InvalidAddressRange};
use crate::cidr::{Cidr, InvalidCidr};
use crate::model::{Action, Direction, RuleContent};
use crate::protocol::{InvalidProtocol, Protocol};
use crate::source::{Group, Source};
use crate::text::{Account, FirewallName, InvalidText, PrefixListId};

/// Why a text is not the id of a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRuleId {
    /// Neither of the two forms.
    #[error("a rule id is OWNER~PROTOCOL~FROM~TO~SOURCES, or the cloud's own id")]
    Form,
    /// A field that is percent-encoded, but not UTF-8.
    #[error("a field of the rule id is not UTF-8")]
    Encoding,
    /// An owner or a group's name that cannot be one.
    #[error("an owner or group name in the rule id {0}")]
    Text(#[from] InvalidText),
    /// A port, type or code that is no number.
    #[error("'{0}' in the rule id is not a whole number")]
    Number(String),
    /// A protocol and ports that do not go together.
    #[error("in the rule id, {0}")]
    Protocol(#[from] InvalidProtocol),
    /// A source of none of the four forms.
    #[error(
        "a source in a rule id is @group,OWNER,NAME or @address,FAMILY,ADDRESS,PREFIX or @range,FAMILY,FIRST,LAST or \
         @prefix_list,ID"
    )]
    Source,
    /// An address and prefix that are none, or do not go together.
    #[error("an address in the rule id {0}")]
    Cidr(#[from] InvalidCidr),
    /// Two addresses that are none, or no range.
    #[error("a range of addresses in the rule id {0}")]
    Range(#[from] InvalidAddressRange),
    /// Something after the sources other than `egress`, and `deny` or `reject`, in this order.
    #[error("'{0}' in the rule id is not expected where it stands")]
    Suffix(String),
}

fn unescape(field: &str) -> Result<Cow<'_, str>, InvalidRuleId> {
    if !field.bytes().any(|byte| byte == b'%') {
        return Ok(Cow::Borrowed(field));
    }
    percent_decode_str(field).decode_utf8().or(Err(InvalidRuleId::Encoding))
}

/// Reads what a rule says.
pub(super) fn content(text: &str) -> Result<RuleContent, InvalidRuleId> {
    let mut fields = text.split('~');
    let mut field = || fields.next().ok_or(InvalidRuleId::Form);
    let owner = Account::new(unescape(field()?)?)?;
    let protocol = protocol_of(field()?, field()?, field()?)?;
    let sources = sources_of(field()?)?;

    let mut fields = fields.peekable();
    let direction = match fields.next_if_eq(&"egress") {
        Some(_) => Direction::Egress,
        None => Direction::Ingress,
    };
    let mut suffixes = [Action::Deny, Action::Reject].into_iter();
    let action = suffixes.find(|action| fields.next_if_eq(&action.name()).is_some()).unwrap_or(Action::Accept);
    if let Some(unexpected) = fields.next() {
        return Err(InvalidRuleId::Suffix(unexpected.to_owned()));
    }
    Ok(RuleContent { owner, protocol, direction, action, sources, conditions: None })
}

fn protocol_of(name: &str, from: &str, to: &str) -> Result<Protocol, InvalidRuleId> {
    let number = |text: &str| text.parse::<i32>().ok().ok_or_else(|| InvalidRuleId::Number(text.to_owned()));
    let numbers = match (from, to) {
        ("", "") => None,
        _ => Some((number(from)?, number(to)?)),
    };
    Ok(Protocol::from_parts(name, numbers)?)
}

fn sources_of(text: &str) -> Result<Vec<Source>, InvalidRuleId> {
    let mut sources = Vec::new();
    if text.is_empty() {
        return Ok(sources);
    }
    let mut parts = text.split(',');
    while let Some(kind) = parts.next() {
        let mut part = || parts.next().ok_or(InvalidRuleId::Source);
        sources.push(match kind {
            "@group" => {
                let owner = Account::new(unescape(part()?)?)?;
                let name = FirewallName::new(unescape(part()?)?)?;
                Source::Group(Group { owner, name })
            }
            "@address" => {
                let family = part()?;
                let cidr = Cidr::from_parts(part()?, part()?)?;
                if cidr.family() != family {
                    return Err(InvalidRuleId::Source);
                }
                Source::Address(cidr)
            }
            "@range" => {
                let family = part()?;
                let range = AddressRange::from_parts(part()?, part()?)?;
                if range.family() != family {
                    return Err(InvalidRuleId::Source);
                }
                Source::Range(range)
            }
            "@prefix_list" => Source::PrefixList(PrefixListId::new(unescape(part()?)?)?),
            _ => return Err(InvalidRuleId::Source),
        });
    }
    Ok(sources)
}
