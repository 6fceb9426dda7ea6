//! What is written comes back as it was.

use deltawall_core::limit::LimitUnit;
use deltawall_core::{
    Account, Action, AddressRange, Cidr, CloudRuleId, Conditions, Defaults, Description, Direction, Firewall,
    FirewallId, FirewallName, Group, IcmpType, InterfaceName, Limit, LimitSide, Log, LogPrefix, MacAddress, NewRule,
    PacketType, Period, PortRange, PrefixListId, Protocol, Rule, RuleContent, Source, State, States,
};
use proptest::prelude::*;
use proptest::{option, sample};

use super::{InvalidSnapshot, read, read_rule, write, write_rule};

/// Text of any kind that a name can have.
const TEXT: &str = r#"[a-z"\\/~@, é\u{200b}😀]{0,8}[!-~]"#;

fn ports() -> impl Strategy<Value = PortRange> {
    (any::<u16>(), any::<u16>()).prop_map(|(a, b)| PortRange::new(a.min(b).into(), a.max(b).into()).unwrap())
}

fn icmp() -> impl Strategy<Value = IcmpType> {
    prop_oneof![
        Just(IcmpType::Any),
        any::<u8>().prop_map(IcmpType::Type),
        any::<(u8, u8)>().prop_map(|(kind, code)| IcmpType::Code(kind, code)),
    ]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![
        ports().prop_map(Protocol::Tcp),
        ports().prop_map(Protocol::Udp),
        ports().prop_map(Protocol::TcpUdp),
        icmp().prop_map(Protocol::Icmp),
        icmp().prop_map(Protocol::Icmpv6),
        any::<u8>().prop_map(Protocol::Number),
        Just(Protocol::All),
        Just(Protocol::Unnamed),
    ]
}

/// Also IPv4 in IPv6's clothes, which clouds may have and clients may not.
fn source() -> impl Strategy<Value = Source> {
    let v4 = (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix).unwrap());
    let v6 = (any::<[u8; 16]>(), 0..=128_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix).unwrap());
    let mapped = any::<[u8; 4]>().prop_map(|ip| std::net::Ipv4Addr::from(ip).to_ipv6_mapped());
    let mapped = (mapped, 0..=128_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix).unwrap());
    let range =
        |a: std::net::IpAddr, b: std::net::IpAddr| Source::Range(AddressRange::new(a.min(b), a.max(b)).unwrap());
    prop_oneof![
        prop_oneof![v4, v6, mapped].prop_map(Source::Address),
        any::<[[u8; 4]; 2]>().prop_map(move |[a, b]| range(a.into(), b.into())),
        any::<[[u8; 16]; 2]>().prop_map(move |[a, b]| range(a.into(), b.into())),
        (TEXT, TEXT).prop_map(|(owner, name)| Source::Group(Group {
            owner: Account::new(owner).unwrap(),
            name: FirewallName::new(name).unwrap()
        })),
        TEXT.prop_map(|id| Source::PrefixList(PrefixListId::new(id).unwrap())),
    ]
}

fn limit() -> impl Strategy<Value = Limit> {
    let units = sample::select(vec![LimitUnit::Packets, LimitUnit::NewConnections]);
    let sides = sample::select(vec![LimitSide::Within, LimitSide::Beyond]);
    (1..=u16::MAX, sample::select(Period::ALL.to_vec()), 1..=u16::MAX, units, sides).prop_map(
        |(amount, period, burst, unit, side)| Limit {
            amount: amount.try_into().unwrap(),
            period,
            burst: burst.try_into().unwrap(),
            unit,
            side,
        },
    )
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let states = prop::collection::vec(sample::select(State::ALL.to_vec()), 0..3).prop_map(States::of);
    (
        prop::collection::vec(ports(), 0..3),
        option::of("[!#-)+-.0-9;-\\[\\]-~]{3,15}"),
        states,
        option::of(limit()),
        option::of(any::<[u8; 6]>()),
        option::of(sample::select(PacketType::ALL.to_vec())),
    )
        .prop_map(|(more_ports, interface, states, limit, mac, packet_type)| Conditions {
            more_ports,
            interface: interface.map(|name| InterfaceName::new(name).unwrap()),
            states,
            limit,
            mac: mac.map(MacAddress::new),
            packet_type,
        })
}

/// Also such as no client could have made: without sources, with one twice, with conditions that are none.
fn rule() -> impl Strategy<Value = Rule> {
    let content = (
        TEXT,
        protocol(),
        sample::select(vec![Direction::Ingress, Direction::Egress]),
        sample::select(Action::ALL.to_vec()),
        prop::collection::vec(source(), 0..4),
        option::of(conditions()),
    )
        .prop_map(|(owner, protocol, direction, action, sources, conditions)| RuleContent {
            owner: Account::new(owner).unwrap(),
            protocol,
            direction,
            action,
            sources,
            conditions: conditions.map(Box::new),
        });
    (option::of("[A-Za-z0-9_-]{1,64}"), content, option::of(option::of(TEXT)), option::of(TEXT)).prop_map(
        |(cloud_id, content, log, description)| Rule {
            cloud_id: cloud_id.map(|id| CloudRuleId::new(id).unwrap()),
            content,
            log: log.map(|prefix| Log { prefix: prefix.map(|text| LogPrefix::new(text).unwrap()) }),
            description: description.map(|text| Description::new(text).unwrap()),
        },
    )
}

fn firewall() -> impl Strategy<Value = Firewall> {
    let default = (sample::select(Action::ALL.to_vec()), sample::select(Action::ALL.to_vec()))
        .prop_map(|(ingress, egress)| Defaults { ingress, egress });
    (TEXT, TEXT, option::of(TEXT), option::of(TEXT), prop::collection::vec(rule(), 0..6), option::of(default)).prop_map(
        |(id, name, description, owner, rules, default)| Firewall {
            id: FirewallId::new(id).unwrap(),
            name: FirewallName::new(name).unwrap(),
            description: description.map(|text| Description::new(text).unwrap()),
            owner: owner.map(|text| Account::new(text).unwrap()),
            rules,
            default,
        },
    )
}

proptest! {
    #[test]
    fn any_firewall_comes_back_as_it_was(firewall in firewall()) {
        let text = write(&firewall);
        prop_assert_eq!(read(&text).unwrap(), firewall, "{}", text);
    }

    #[test]
    fn any_rule_that_can_be_asked_for_comes_back_as_it_was(rule in rule()) {
        let Ok(new) = NewRule::of(&rule) else { return Ok(()) };
        // What a client asks for is held against itself.
        let conditions = new.conditions().cloned().unwrap_or_default();
        let Ok(new) = new.with_conditions(conditions) else { return Ok(()) };
        let text = write_rule(&new);
        prop_assert_eq!(read_rule(&text).unwrap(), new, "{}", text);
    }

    #[test]
    fn what_is_cut_short_is_refused(firewall in firewall(), at in any::<sample::Index>()) {
        let text = write(&firewall);
        let cut = text.char_indices().map(|(at, _)| at).nth(at.index(text.chars().count())).unwrap();
        prop_assert!(read(text.get(..cut).unwrap()).is_err());
    }
}

#[test]
fn the_form_is_told_and_stays() {
    let text = r#"{"v":1,"is":{"id":"sg-1","name":"web","owner":"1","default":{"ingress":"deny","egress":"accept"},"rules":[{"cloud_id":"a","owner":"1","protocol":{"tcp":[22,22]},"direction":"ingress","action":"accept","sources":[{"address":["10.0.0.0",8]},{"range":["::1","::9"]},{"group":["1","web"]},{"prefix_list":"pl-1"}],"conditions":{"more_ports":[[80,90]],"limit":"20/minute"},"log":{"prefix":"p"}}]}}"#;
    assert_eq!(write(&read(text).unwrap()), text);
}

#[test]
fn what_is_not_known_is_refused_with_why() {
    let says = |error: InvalidSnapshot| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    for (text, why) in [
        (r#"{"v":2,"was":[]}"#, "what was kept has the form 2, and this program knows 1"),
        ("", "what was kept is not of its form: EOF while parsing a value at line 1 column 0"),
        (r#"{"v":1,"is":{"id":" ","name":"web","rules":[]}}"#, "what was kept holds what cannot be: must not be blank"),
        (
            r#"{"v":1,"is":{"id":"web","name":"web","rules":[],"more":1}}"#,
            "what was kept is not of its form: unknown field `more`, expected one of `id`, `name`, `description`, `owner`, `default`, `rules` at line 1 column 54",
        ),
    ] {
        assert_eq!(says(read(text).unwrap_err()), why);
    }
    let rule = r#"{"v":1,"is":{"protocol":"all","direction":"ingress","action":"accept","sources":[]}}"#;
    let why = "what was kept holds what cannot be: No sources. Specify at least one source ip address or group.";
    assert_eq!(says(read_rule(rule).unwrap_err()), why);
}
