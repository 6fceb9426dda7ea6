//! The ids of rules.
//!
//! EC2 had no ids for rules when Deltacloud was written, so Deltacloud made them from what a rule says:
//!
//! ```text
//! OWNER~PROTOCOL~FROM~TO~SOURCES
//! 393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24
//! ```
//!
//! A group's name may hold `~`, `@`, `,`, `/` and spaces, which would make such an id mean two things. Those
//! and `%` are percent-encoded here within a field, so each id parses back to what made it, and ids of
//! ordinary names are as they always were. `~egress` and `~deny` follow where they apply.
//! Clouds whose rules have ids of their own use those.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::model::{Action, Direction, NewRule, Rule, RuleContent};
use crate::protocol::{InvalidProtocol, Protocol};
use crate::source::{Cidr, Group, InvalidCidr, Source};
use crate::text::{Account, FirewallName, InvalidText, PrefixListId, length_in_url};

/// What stands for something else within an id.
const DELIMITERS: &AsciiSet = &AsciiSet::EMPTY.add(b'~').add(b'@').add(b',').add(b'/').add(b' ').add(b'%');

/// How many bytes of a URL the id of a new rule may take, however it is encoded there. HTTP servers and proxies want a
/// request's first line to be shorter than 64 KiB, and the firewall's id ([`text::MAX_ID_IN_URL`](crate::text::MAX_ID_IN_URL))
/// and the choice of driver and provider are in it, too.
pub const MAX_IN_URL: usize = 60_000;

/// How many bytes of a URL an account takes at the most: EC2's have twelve digits, and no cloud's have more than 255 characters.
const ACCOUNT_IN_URL: usize = 3 * 255;

/// What a rule is addressed by, within its firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleId<'a> {
    /// The cloud's own id.
    Cloud(Cow<'a, CloudRuleId>),
    /// What the rule says, where the cloud has no ids.
    Content(Cow<'a, RuleContent>),
}

/// A rule's id on a cloud that gives them: letters, digits, `-` and `_`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CloudRuleId(String);

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
    /// A source that is neither `@group,OWNER,NAME`, `@address,FAMILY,ADDRESS,PREFIX` nor `@prefix_list,ID`.
    #[error("a source in a rule id is @group,OWNER,NAME or @address,FAMILY,ADDRESS,PREFIX or @prefix_list,ID")]
    Source,
    /// An address and prefix that are none, or do not go together.
    #[error("an address in the rule id {0}")]
    Cidr(#[from] InvalidCidr),
    /// Something after the sources other than `egress`, `deny`, in this order.
    #[error("'{0}' in the rule id is not expected where it stands")]
    Suffix(String),
}

impl CloudRuleId {
    /// Takes a cloud's own id as it is.
    ///
    /// # Errors
    /// When it is empty, over 64 characters, or holds other than letters, digits, `-` and `_`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidRuleId> {
        let text = text.into();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            true => Ok(Self(text)),
            false => Err(InvalidRuleId::Form),
        }
    }

    /// The id as the cloud writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> RuleId<'a> {
    pub(crate) fn of(rule: &'a Rule) -> Self {
        match &rule.cloud_id {
            Some(id) => Self::Cloud(Cow::Borrowed(id)),
            None => Self::Content(Cow::Borrowed(&rule.content)),
        }
    }

    /// Whether this is the id of `rule`, however it is spelled: order of sources and bits past a prefix do not matter.
    pub fn names(&self, rule: &Rule) -> bool {
        match (self, &rule.cloud_id) {
            (Self::Cloud(id), Some(cloud_id)) => **id == *cloud_id,
            (Self::Content(content), None) => content.same_as(&rule.content),
            _ => false,
        }
    }
}

impl RuleId<'_> {
    /// How many bytes of a URL the id of this rule takes at the most, where it is what the rule says, whoever owns the firewall.
    pub fn length_in_url(new: &NewRule) -> usize {
        let (protocol, direction, action) = (new.protocol(), new.direction(), new.action());
        ACCOUNT_IN_URL + length_in_url(&Written { owner: "", protocol, direction, action, sources: new.sources() })
    }

    /// The same id, of its own.
    pub fn into_owned(self) -> RuleId<'static> {
        match self {
            Self::Cloud(id) => RuleId::Cloud(Cow::Owned(id.into_owned())),
            Self::Content(content) => RuleId::Content(Cow::Owned(content.into_owned())),
        }
    }
}

impl RuleId<'static> {
    /// Reads an id of either form.
    ///
    /// # Errors
    /// When it could not have been written for any rule.
    pub fn parse(text: &str) -> Result<Self, InvalidRuleId> {
        if text.contains('~') {
            return parse_content(text).map(|content| Self::Content(Cow::Owned(content)));
        }
        CloudRuleId::new(text).map(|id| Self::Cloud(Cow::Owned(id)))
    }
}

impl fmt::Display for RuleId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(id) => f.write_str(id.as_str()),
            Self::Content(content) => {
                let RuleContent { owner, protocol, direction, action, sources } = &**content;
                let (owner, protocol, direction, action) = (owner.as_str(), *protocol, *direction, *action);
                Written { owner, protocol, direction, action, sources }.fmt(f)
            }
        }
    }
}

/// What is written of a rule.
struct Written<'a> {
    owner: &'a str,
    protocol: Protocol,
    direction: Direction,
    action: Action,
    sources: &'a [Source],
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(self.owner, f)?;
        f.write_str("~")?;
        f.write_str(&self.protocol.name().unwrap_or_default())?;
        f.write_str("~")?;
        if let Some((from, to)) = self.protocol.numbers() {
            write_number(from, f)?;
            f.write_str("~")?;
            write_number(to, f)?;
        } else {
            f.write_str("~")?;
        }
        f.write_str("~")?;
        for (index, source) in self.sources.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write_source(source, f)?;
        }
        if self.direction == Direction::Egress {
            f.write_str("~egress")?;
        }
        if self.action == Action::Deny {
            f.write_str("~deny")?;
        }
        Ok(())
    }
}

fn write_source(source: &Source, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match source {
        Source::Group(group) => {
            f.write_str("@group,")?;
            write_escaped(group.owner.as_str(), f)?;
            f.write_str(",")?;
            write_escaped(group.name.as_str(), f)
        }
        Source::Address(cidr) => {
            f.write_str("@address,")?;
            f.write_str(cidr.family())?;
            f.write_str(",")?;
            fmt::Display::fmt(&cidr.address_text(), f)?;
            f.write_str(",")?;
            write_number(cidr.prefix().into(), f)
        }
        Source::PrefixList(id) => {
            f.write_str("@prefix_list,")?;
            write_escaped(id.as_str(), f)
        }
    }
}

fn write_escaped(field: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    utf8_percent_encode(field, DELIMITERS).try_for_each(|part| f.write_str(part))
}

fn write_number(number: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(itoa::Buffer::new().format(number))
}

fn unescape(field: &str) -> Result<Cow<'_, str>, InvalidRuleId> {
    if !field.bytes().any(|byte| byte == b'%') {
        return Ok(Cow::Borrowed(field));
    }
    percent_decode_str(field).decode_utf8().or(Err(InvalidRuleId::Encoding))
}

fn parse_content(text: &str) -> Result<RuleContent, InvalidRuleId> {
    let mut fields = text.split('~');
    let mut field = || fields.next().ok_or(InvalidRuleId::Form);
    let owner = Account::new(unescape(field()?)?)?;
    let protocol = parse_protocol(field()?, field()?, field()?)?;
    let sources = parse_sources(field()?)?;

    let mut fields = fields.peekable();
    let direction = match fields.next_if_eq(&"egress") {
        Some(_) => Direction::Egress,
        None => Direction::Ingress,
    };
    let action = match fields.next_if_eq(&"deny") {
        Some(_) => Action::Deny,
        None => Action::Accept,
    };
    if let Some(unexpected) = fields.next() {
        return Err(InvalidRuleId::Suffix(unexpected.to_owned()));
    }
    Ok(RuleContent { owner, protocol, direction, action, sources })
}

fn parse_protocol(name: &str, from: &str, to: &str) -> Result<Protocol, InvalidRuleId> {
    let number = |text: &str| text.parse::<i32>().ok().ok_or_else(|| InvalidRuleId::Number(text.to_owned()));
    let numbers = match (from, to) {
        ("", "") => None,
        _ => Some((number(from)?, number(to)?)),
    };
    Ok(Protocol::from_parts(name, numbers)?)
}

fn parse_sources(text: &str) -> Result<Vec<Source>, InvalidRuleId> {
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
            "@prefix_list" => Source::PrefixList(PrefixListId::new(unescape(part()?)?)?),
            _ => return Err(InvalidRuleId::Source),
        });
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::NON_ALPHANUMERIC;
    use proptest::prelude::*;

    /// The example of the API's own page, and the forms that we added to it.
    #[test]
    fn known_ids_parse_and_are_written_alike() {
        for id in [
            "393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24",
            "1~udp~53~53~@address,ipv6,2001:db8::,32",
            "1~icmp~-1~-1~@address,ipv4,0.0.0.0,0",
            "1~tcp~1~2~@group,2,a%7E%40%2C%2F%20%25b~egress~deny",
            "1~tcp~1~2~@address,ipv4,0.0.0.0,0~deny",
            "1~-1~~~@prefix_list,pl-1,@address,ipv6,::,0",
            "1~47~~~@address,ipv4,10.0.0.0,8",
            "1~icmpv6~128~0~@address,ipv6,::,0",
            // No client can make it, but a cloud may hold it.
            "1~tcp~22~22~@address,ipv6,::ffff:203.0.113.7,128",
            "1~~~~",
            "45001",
        ] {
            assert_eq!(RuleId::parse(id).unwrap().to_string(), id);
        }
    }

    #[test]
    fn what_no_rule_could_have_is_refused() {
        for id in [
            "",
            "a b",
            "~",
            "1~tcp~22~22",
            "~tcp~22~22~@group,1,a",
            "1~tcp~x~22~@group,1,a",
            "1~tcp~23~22~@group,1,a",
            "1~tcp~~~@group,1,a",
            "1~tcp~~22~@group,1,a",
            "1~-1~1~2~@group,1,a",
            "1~tcp~22~22~@prefix_list",
            "1~gre~1~1~@group,1,a",
            "1~tcp~22~22~@group,1",
            "1~tcp~22~22~@group,1,",
            "1~tcp~22~22~@group,1,a,",
            "1~tcp~22~22~@group,1,%ff",
            "1~tcp~22~22~@group,1,%00",
            "1~tcp~22~22~@address,ipv6,10.0.0.0,8",
            "1~tcp~22~22~@address,ipv4,10.0.0.0,33",
            "1~tcp~22~22~@address,ipv4,010.0.0.0,8",
            "1~tcp~22~22~@address,ipv4,10.0.0.0,08",
            "1~tcp~22~22~@address,ipv4,10.0.0.0,+8",
            "1~tcp~22~22~@address,ipv6,64:ff9b::010.0.0.1,128",
            "1~tcp~22~22~@zone,a",
            "1~tcp~22~22~@group,1,a~deny~egress",
            "1~tcp~22~22~@group,1,a~egress~egress",
            "1~tcp~22~22~@group,1,a~",
        ] {
            assert!(RuleId::parse(id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn a_rule_is_found_by_what_its_id_says() {
        let content = parse_content("1~tcp~22~22~@group,1,a/b,@address,ipv4,10.1.2.3,24").unwrap();
        let rule = Rule { cloud_id: None, content, log: false, description: None };
        for other in [
            "1~TCP~22~22~@group,1,a%2fb,@address,ipv4,10.1.2.3,24",
            "1~tcp~22~22~@address,ipv4,10.1.2.0,24,@group,1,a%2Fb",
        ] {
            assert!(RuleId::parse(other).unwrap().names(&rule), "{other}");
        }
        for another in [
            "2~tcp~22~22~@group,1,a%2Fb,@address,ipv4,10.1.2.3,24",
            "1~tcp~22~22~@group,1,a%2Fb,@address,ipv4,10.1.2.3,25",
            "1~tcp~22~22~@group,1,a%2Fb",
            "1~tcp~22~22~@group,1,a%2Fb,@address,ipv4,10.1.2.3,24~egress",
            "45001",
        ] {
            assert!(!RuleId::parse(another).unwrap().names(&rule), "{another}");
        }
    }

    fn name() -> impl Strategy<Value = String> {
        let not_blank = |name: &String| !name.trim().is_empty();
        "[a-zA-Z0-9 ._\\-:/()#,@\\[\\]+=&;{}!$*~%]{1,40}".prop_filter("a name is not blank", not_blank)
    }

    fn source() -> impl Strategy<Value = Source> {
        let group = (name(), name()).prop_map(|(owner, name)| {
            Source::Group(Group { owner: Account::new(owner).unwrap(), name: FirewallName::new(name).unwrap() })
        });
        let v4 = (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let v6 = (any::<[u8; 16]>(), 0..=128_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let list = name().prop_map(|name| Source::PrefixList(PrefixListId::new(name).unwrap()));
        prop_oneof![group, list, prop_oneof![v4, v6].prop_map(|cidr| Source::Address(cidr.unwrap()))]
    }

    fn protocol() -> impl Strategy<Value = Protocol> {
        let ports =
            (any::<u16>(), any::<u16>()).prop_map(|(a, b)| PortRange::new(a.min(b).into(), a.max(b).into()).unwrap());
        let icmp = (-1..=255_i32, -1..=255_i32)
            .prop_filter_map("a code needs a type", |(kind, code)| IcmpType::new(kind, code).ok());
        prop_oneof![
            ports.clone().prop_map(Protocol::Tcp),
            ports.clone().prop_map(Protocol::Udp),
            ports.prop_map(Protocol::TcpUdp),
            icmp.clone().prop_map(Protocol::Icmp),
            icmp.prop_map(Protocol::Icmpv6),
            any::<u8>()
                .prop_filter_map("it has a name", |number| { Protocol::from_parts(&number.to_string(), None).ok() }),
            Just(Protocol::All),
            Just(Protocol::Unnamed),
        ]
    }

    fn content() -> impl Strategy<Value = RuleContent> {
        let direction = prop_oneof![Just(Direction::Ingress), Just(Direction::Egress)];
        let action = prop_oneof![Just(Action::Accept), Just(Action::Deny)];
        let sources = prop::collection::vec(source(), 0..6);
        (name(), protocol(), direction, action, sources).prop_map(|(owner, protocol, direction, action, sources)| {
            RuleContent { owner: Account::new(owner).unwrap(), protocol, direction, action, sources }
        })
    }

    use crate::protocol::{IcmpType, PortRange};

    proptest! {
        #[test]
        fn any_rule_is_read_back_from_its_id(content in content()) {
            let rule = Rule { cloud_id: None, content: content.clone(), log: false, description: None };
            let id = rule.id().to_string();
            prop_assert!(!id.contains([' ', '/']), "{id}");
            prop_assert_eq!(RuleId::parse(&id), Ok(RuleId::Content(Cow::Owned(content))));
        }

        /// However a client encodes it, and whoever owns the firewall.
        #[test]
        fn no_id_is_longer_in_a_url_than_was_said(content in content(), owner in "[0-9]{12}|[a-z]{1,255}") {
            let RuleContent { protocol, direction, action, sources, .. } = content;
            let Ok(new) = NewRule::new(protocol, sources) else { return Ok(()) };
            let new = new.with_direction(direction).with_action(action);
            let content = new.clone().into_content(Account::new(owner).unwrap());
            let id = Rule { cloud_id: None, content, log: false, description: None }.id().to_string();
            let encoded = utf8_percent_encode(&id, NON_ALPHANUMERIC).to_string();
            let plain = ["%2D", "%2E", "%5F", "%7E"].iter().map(|never| 2 * encoded.matches(never).count()).sum::<usize>();
            prop_assert!(encoded.len() - plain <= RuleId::length_in_url(&new));
        }

        /// Two rules that differ in one thing are the ones most likely to share an id.
        #[test]
        fn two_rules_never_share_an_id(a in content(), other in content(), what in 0..5) {
            let mut b = a.clone();
            match what {
                0 => b.owner = other.owner,
                1 => b.protocol = other.protocol,
                2 => b.sources = other.sources,
                3 => b.direction = other.direction,
                _ => b.action = other.action,
            }
            let id = |content: &RuleContent| {
                Rule { cloud_id: None, content: content.clone(), log: false, description: None }.id().to_string()
            };
            prop_assert_eq!(a == b, id(&a) == id(&b));
        }

        #[test]
        fn an_address_in_an_id_has_one_spelling(ip in any::<[u8; 4]>(), prefix in 0..=32_u8, which in 0..5_usize, before in "0{1,3}|[+]") {
            let numbers = [ip[0], ip[1], ip[2], ip[3], prefix];
            let id = |zeros: bool| {
                let mut numbers = numbers.map(|number| number.to_string());
                if zeros {
                    numbers[which].insert_str(0, &before);
                }
                let [a, b, c, d, prefix] = numbers;
                format!("1~tcp~22~22~@address,ipv4,{a}.{b}.{c}.{d},{prefix}")
            };
            prop_assert!(RuleId::parse(&id(false)).is_ok());
            prop_assert!(RuleId::parse(&id(true)).is_err(), "{}", id(true));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = RuleId::parse(&text);
        }

        #[test]
        fn no_text_of_the_ids_own_characters_makes_the_parser_panic(text in "([~@,%0-9a-f/ -]|group|address|ipv4|tcp|egress){0,30}") {
            if let Ok(id) = RuleId::parse(&text) {
                prop_assert_eq!(RuleId::parse(&id.to_string()), Ok(id));
            }
        }
    }
}
