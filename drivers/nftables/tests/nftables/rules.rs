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

/// Rules for the traffic of few addresses and ports, so that packets meet them; without rates, which no packet alone can tell.
pub fn near_rule() -> impl Strategy<Value = NewRule> {
    let source = select(vec![
        "0.0.0.0/0",
        "::/0",
        "10.1.0.0/16",
        "10.1.0.2/32",
        "10.0.0.0/8",
        "10.1.0.2-10.2.0.0",
        "2001:db8::/32",
        "2001:db8:1::1/128",
        "2001:db8:1::2-2001:db8:2::1",
    ]);
    let service = select(vec![
        "tcp/22",
        "tcp/22-80",
        "tcp/0-65535",
        "udp/53",
        "udp/0-79",
        "tcp-udp/22",
        "tcp-udp/0-65535",
        "icmp/8/-1",
        "icmp/-1/-1",
        "icmp/8/0",
        "icmpv6/128/-1",
        "icmpv6/128/1",
        "icmpv6/-1/-1",
        "50",
        "all",
    ]);
    let condition = select(vec![
        "",
        "",
        "",
        "",
        "interface=eth0",
        "interface=lo",
        "states=new",
        "states=established",
        "mac=02:00:00:00:00:03",
        "type=unicast",
        "type=multicast",
        "type=broadcast",
        "ports=80,23",
        "log=x:_",
    ]);
    let sources = proptest::sample::subsequence(vec![0usize, 1, 2], 1..3)
        .prop_flat_map(move |places| proptest::collection::vec(source.clone(), places.len()));
    let all =
        (any::<bool>(), service, sources, proptest::collection::vec(condition, 0..3), select(Action::ALL.to_vec()));
    all.prop_filter_map("no rule", |(is_ingress, service, sources, conditions, action)| {
        let way = if is_ingress { "in" } else { "out" };
        let rule =
            try_read(&format!("{way} {service} {} {}", sources.join(","), conditions.join(" ")))?.with_action(action);
        let has_mac = rule.conditions().is_some_and(|conditions| conditions.mac.is_some());
        (is_ingress || !has_mac).then_some(rule)
    })
}

/// Reads `in|out PROTOCOL[/FROM-TO] SOURCE,… [CONDITION=VALUE …]`, where `_` stands for a space.
pub fn read(text: &str) -> NewRule {
    try_read(text).unwrap_or_else(|| panic!("{text}"))
}

fn try_read(text: &str) -> Option<NewRule> {
    let mut words = text.split_whitespace();
    let (way, service, sources) = (words.next()?, words.next()?, words.next()?);
    let source = |text: &str| match text.parse() {
        Ok(cidr) => Source::Address(cidr),
        Err(_) => Source::Range(text.parse().unwrap()),
    };
    let new = NewRule::new(protocol_of(service), sources.split(',').map(source).collect()).ok()?;
    let mut conditions = Conditions::default();
    let mut log = None;
    for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
        let value = value.replace('_', " ");
        match key {
            "interface" => conditions.interface = Some(InterfaceName::new(value).unwrap()),
            "states" => conditions.states = Some(value.parse().unwrap()),
            "limit" => conditions.limit = Some(value.parse().unwrap()),
            "mac" => conditions.mac = Some(value.parse().unwrap()),
            "type" => conditions.packet_type = PacketType::ALL.into_iter().find(|kind| kind.name() == value),
            "ports" => conditions.more_ports = value.split(',').map(|ports| range(ports, '-')).collect(),
            "log" => log = Some(Log { prefix: Some(LogPrefix::new(value).unwrap()) }),
            other => panic!("{other}"),
        }
    }
    let direction = if way == "in" { Direction::Ingress } else { Direction::Egress };
    new.with_direction(direction).with_log(log).with_conditions(conditions).ok()
}

fn protocol_of(text: &str) -> Protocol {
    let (name, numbers) = text.split_once('/').unwrap_or((text, ""));
    let numbers = match name {
        "all" => return Protocol::All,
        "icmp" | "icmpv6" => numbers.split_once('/').map(|(kind, code)| (kind.parse().unwrap(), code.parse().unwrap())),
        _ if numbers.is_empty() => None,
        _ => Some((range(numbers, '-').from().into(), range(numbers, '-').to().into())),
    };
    Protocol::from_parts(name, numbers).unwrap()
}

fn range(text: &str, between: char) -> PortRange {
    let (from, to) = text.split_once(between).unwrap_or((text, text));
    PortRange::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}
