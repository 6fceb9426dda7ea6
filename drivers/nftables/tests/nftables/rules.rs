//! Rules of every kind, at random.

use std::net::IpAddr;

use deltawall_core::{
    Action, AddressRange, Cidr, Conditions, Description, Direction, InterfaceName, Limit, Log, LogPrefix, MacAddress,
    NewRule, PacketType, PortRange, Protocol, Source, State, States,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn addresses() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        (0..4u8).prop_map(|last| IpAddr::from([10, 0, 0, last])),
        (0..4u16).prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])),
    ]
}

fn source() -> impl Strategy<Value = Source> {
    let network = (addresses(), 0..=128u8).prop_map(|(address, prefix)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        Source::Address(Cidr::new(address, prefix % (most + 1)).unwrap())
    });
    let range = (addresses(), addresses()).prop_filter_map("two families", |(one, other)| {
        AddressRange::new(one.min(other), one.max(other)).ok().map(Source::Range)
    });
    prop_oneof![3 => network, 1 => range]
}

fn ports() -> impl Strategy<Value = PortRange> {
    let port = || prop_oneof![select(vec![0, 22, 23, 80, 443, 65_535]), 0..=65_535];
    (port(), port()).prop_map(|(one, other)| PortRange::new(one.min(other), one.max(other)).unwrap())
}

fn protocol() -> impl Strategy<Value = Protocol> {
    let icmp = || prop_oneof![Just((-1, -1)), (0..=255).prop_map(|kind| (kind, -1)), (0..=255, 0..=255)];
    let of_icmp = |name| move |numbers| Protocol::from_parts(name, Some(numbers)).unwrap();
    prop_oneof![
        ports().prop_map(Protocol::Tcp),
        ports().prop_map(Protocol::Udp),
        ports().prop_map(Protocol::TcpUdp),
        icmp().prop_map(of_icmp("icmp")),
        icmp().prop_map(of_icmp("icmpv6")),
        any::<u8>()
            .prop_filter("a protocol by its name", |number| ![1, 6, 17, 58].contains(number))
            .prop_map(Protocol::Number),
        Just(Protocol::All),
    ]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let states =
        proptest::collection::vec(select(State::ALL.to_vec()), 1..4).prop_map(|states| States::of(states).unwrap());
    let limit =
        select(vec!["1/second", "beyond 20/minute of new connections, burst 65535", "65535/day", "7/hour, burst 3"]);
    (
        proptest::collection::vec(ports(), 0..4),
        option::weighted(0.2, select(vec!["eth0", "lo", "veth.1-x"])),
        option::weighted(0.2, states),
        option::weighted(0.2, limit),
        option::weighted(0.2, any::<[u8; 6]>()),
        option::weighted(0.2, select(PacketType::ALL.to_vec())),
    )
        .prop_map(|(more_ports, interface, states, limit, mac, packet_type)| Conditions {
            more_ports,
            interface: interface.map(|name| InterfaceName::new(name).unwrap()),
            states,
            limit: limit.map(|text| text.parse::<Limit>().unwrap()),
            mac: mac.map(MacAddress::new),
            packet_type,
        })
}

/// Rules that the host may refuse, but whose conditions go with their protocol.
pub fn any_rule() -> impl Strategy<Value = NewRule> {
    let prefix = select(vec!["ssh: ", "it's (5%) \\ ", "no \"quotes\""]);
    let rule = (protocol(), proptest::collection::vec(source(), 1..5), select(Action::ALL.to_vec()), any::<bool>());
    let more = (
        option::weighted(0.4, conditions()),
        option::weighted(0.2, option::of(prefix)),
        option::weighted(0.2, "[ -~]{0,20}x"),
    );
    (rule, more).prop_filter_map(
        "no rule",
        |((protocol, sources, action, is_egress), (conditions, log, description))| {
            let log = log.map(|prefix| Log { prefix: prefix.map(|prefix| LogPrefix::new(prefix).unwrap()) });
            let rule = NewRule::new(protocol, sources).ok()?;
            let rule =
                rule.with_action(action).with_direction(if is_egress { Direction::Egress } else { Direction::Ingress });
            let rule = rule.with_log(log).with_description(description.map(|text| Description::new(text).unwrap()));
            rule.with_conditions(conditions.unwrap_or_default()).ok()
        },
    )
}
