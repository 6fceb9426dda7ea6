//! Ids are read back, and two rules never share one.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::RuleId;
use super::parse::content as parse_content;
use crate::address_range::AddressRange;
use crate::cidr::Cidr;
use crate::model::{Action, Direction, NewRule, Rule, RuleContent};
use crate::protocol::{IcmpType, PortRange, Protocol};
use crate::source::{Group, Source};
use crate::text::{Account, FirewallName, PrefixListId};

/// The example of the API's own page, and the forms that we added to it.
#[test]
fn known_ids_parse_and_are_written_alike() {
    for id in [
        "393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24",
        "1~udp~53~53~@address,ipv6,2001:db8::,32",
        "1~icmp~-1~-1~@address,ipv4,0.0.0.0,0",
        "1~tcp~1~2~@group,2,a%7E%40%2C%2F%20%25b~egress~deny",
        "1~tcp~1~2~@address,ipv4,0.0.0.0,0~deny",
        "1~tcp~1~2~@range,ipv4,10.0.0.1,10.0.0.9,@range,ipv6,::1,::2~reject",
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
        "1~tcp~22~22~@range,ipv4,10.0.0.9,10.0.0.1",
        "1~tcp~22~22~@range,ipv4,10.0.0.9",
        "1~tcp~22~22~@range,ipv6,10.0.0.1,10.0.0.9",
        "1~tcp~22~22~@group,1,a~deny~reject",
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
    let rule = Rule { cloud_id: None, content, log: None, description: None };
    for other in
        ["1~TCP~22~22~@group,1,a%2fb,@address,ipv4,10.1.2.3,24", "1~tcp~22~22~@address,ipv4,10.1.2.0,24,@group,1,a%2Fb"]
    {
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
    let range = any::<[[u8; 4]; 2]>().prop_map(|[a, b]| AddressRange::new(a.min(b).into(), a.max(b).into()));
    let range = range.prop_map(|range| Source::Range(range.unwrap()));
    prop_oneof![group, list, range, prop_oneof![v4, v6].prop_map(|cidr| Source::Address(cidr.unwrap()))]
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
        any::<u8>().prop_filter_map("it has a name", |number| { Protocol::from_parts(&number.to_string(), None).ok() }),
        Just(Protocol::All),
        Just(Protocol::Unnamed),
    ]
}

fn content() -> impl Strategy<Value = RuleContent> {
    let direction = prop_oneof![Just(Direction::Ingress), Just(Direction::Egress)];
    let action = prop_oneof![Just(Action::Accept), Just(Action::Deny), Just(Action::Reject)];
    let sources = prop::collection::vec(source(), 0..6);
    (name(), protocol(), direction, action, sources).prop_map(|(owner, protocol, direction, action, sources)| {
        RuleContent { owner: Account::new(owner).unwrap(), protocol, direction, action, sources, conditions: None }
    })
}

proptest! {
    #[test]
    fn any_rule_is_read_back_from_its_id(content in content()) {
        let rule = Rule { cloud_id: None, content: content.clone(), log: None, description: None };
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
        let id = Rule { cloud_id: None, content, log: None, description: None }.id().to_string();
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
            Rule { cloud_id: None, content: content.clone(), log: None, description: None }.id().to_string()
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
