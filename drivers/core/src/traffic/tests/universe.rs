//! A universe so small that all of it can be looked at: what is said of traffic is held against each packet there is.

use std::net::IpAddr;

use proptest::prelude::*;

use crate::capabilities::{Capabilities, Order, Rest};
use crate::cidr::Cidr;
use crate::conditions::{Conditions, InterfaceName, State, States};
use crate::limit::Limit;
use crate::model::{Action, Defaults, Direction, Log, NewRule};
use crate::protocol::{IcmpType, PortRange, Protocol};
use crate::rule_set::RuleSet;
use crate::source::{Group, Source};
use crate::text::{Account, FirewallName, PrefixListId};
use crate::traffic::{Service, Traffic, Verdict};

/// All that sources can be. With each the first address that it has, and the first that comes after it, is among [`ADDRESSES`].
const SOURCES: [&str; 8] =
    ["10.0.0.0/30", "10.0.0.2/32", "10.0.0.1-10.0.0.4", "0.0.0.0/0", "0.0.0.0/1", "::/0", "::1/128", "2000::/3"];

const ADDRESSES: [&str; 13] = [
    "0.0.0.0",
    "10.0.0.0",
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.4",
    "10.0.0.5",
    "128.0.0.0",
    "::",
    "::1",
    "::2",
    "2000::",
    "4000::",
];

/// Protocol and port, or type and code. With each of [`protocols`] the first and the first that comes after it are here, and the first
/// of each ICMP type that is divided and of those behind it.
const SERVICES: [(u8, u16); 24] = [
    (0, 0),
    (1, 0),
    (1, 0x300),
    (1, 0x304),
    (1, 0x305),
    (1, 0x400),
    (1, 0x800),
    (1, 0x900),
    (2, 0),
    (6, 0),
    (6, 22),
    (6, 23),
    (6, 24),
    (6, 80),
    (6, 91),
    (7, 0),
    (17, 0),
    (17, 22),
    (17, 23),
    (17, 24),
    (18, 0),
    (47, 0),
    (48, 0),
    (58, 0),
];

fn protocols() -> Vec<Protocol> {
    let ports = |from, to| PortRange::new(from, to).unwrap();
    vec![
        Protocol::Tcp(ports(22, 22)),
        Protocol::Tcp(ports(22, 23)),
        Protocol::Tcp(ports(0, 65535)),
        Protocol::Tcp(ports(80, 90)),
        Protocol::Udp(ports(0, 22)),
        Protocol::TcpUdp(ports(23, 23)),
        Protocol::Icmp(IcmpType::Any),
        Protocol::Icmp(IcmpType::Type(8)),
        Protocol::Icmp(IcmpType::Code(3, 4)),
        Protocol::Number(47),
        Protocol::All,
        Protocol::Unnamed,
    ]
}

pub fn group(name: &str) -> Group {
    Group { owner: Account::new("1").unwrap(), name: FirewallName::new(name).unwrap() }
}

fn address_source(text: &str) -> Source {
    format!("any from {text}").parse::<Traffic>().unwrap().sources.remove(0)
}

pub fn source() -> impl Strategy<Value = Source> {
    let address = prop::sample::select(SOURCES.to_vec()).prop_map(address_source);
    let list = Just(Source::PrefixList(PrefixListId::new("l").unwrap()));
    prop_oneof![6 => address, 1 => Just(Source::Group(group("a"))), 1 => Just(Source::Group(group("b"))), 1 => list]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let states = prop_oneof![
        4 => Just(None),
        1 => prop::sample::select(vec!["new", "established", "new,established"]).prop_map(|text| Some(text.parse().unwrap())),
    ];
    let interface = prop_oneof![4 => Just(None), 1 => Just(InterfaceName::new("eth0").ok())];
    let limits = ["1/second", "beyond 1/second", "2/second of new connections"];
    let limit = prop_oneof![8 => Just(None), 1 => prop::sample::select(limits.to_vec()).prop_map(|text| Some(text.parse().unwrap()))];
    (states, interface, limit, any::<bool>()).prop_map(|(states, interface, limit, has_more)| Conditions {
        states,
        interface,
        limit,
        more_ports: if has_more { vec![PortRange::new(22, 22).unwrap()] } else { Vec::new() },
        ..Conditions::default()
    })
}

pub fn rule() -> impl Strategy<Value = NewRule> {
    let protocol = prop::sample::select(protocols());
    let action = prop_oneof![2 => Just(Action::Accept), 1 => Just(Action::Deny), 1 => Just(Action::Reject)];
    let log = prop_oneof![6 => Just(None), 1 => Just(Some(Log::default()))];
    let direction = prop_oneof![6 => Just(Direction::Ingress), 1 => Just(Direction::Egress)];
    let sources = prop::collection::vec(source(), 1..4);
    let made = (protocol, action, sources, conditions(), log, direction);
    made.prop_filter_map("a rule has a source but once, and ports where it can", |made| {
        let (protocol, action, sources, mut conditions, log, direction) = made;
        if conditions.check(protocol).is_err() {
            conditions = Conditions::default();
        }
        let new = NewRule::new(protocol, sources).ok()?.with_conditions(conditions).ok()?;
        Some(new.with_action(action).with_direction(direction).with_log(log))
    })
}

/// What an unordered cloud takes: rules that accept.
pub fn accepting(order: Order, mut rules: Vec<NewRule>) -> Vec<NewRule> {
    if order == Order::Unordered {
        rules = rules.into_iter().map(|rule| rule.with_action(Action::Accept)).collect();
    }
    rules
}

pub fn capabilities() -> impl Strategy<Value = Capabilities> {
    let order = prop_oneof![3 => Just(Order::Ordered), 1 => Just(Order::Unordered)];
    let rest = prop_oneof![Just(Rest::Denied), Just(Rest::Left)];
    (order, rest).prop_map(|(order, rest)| {
        let mut capabilities = Capabilities::default();
        (capabilities.rules.order, capabilities.rules.rest) = (order, rest);
        capabilities
    })
}

pub fn rule_set() -> impl Strategy<Value = RuleSet> {
    let action = || prop::sample::select(Action::ALL.to_vec());
    let default = (action(), action()).prop_map(|(ingress, egress)| Some(Defaults { ingress, egress }));
    let default = prop_oneof![Just(None), default];
    (prop::collection::vec(rule(), 0..7), default).prop_map(|(rules, default)| RuleSet { rules, default })
}

/// A place in the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub direction: Direction,
    pub service: (u8, u16),
    pub address: IpAddr,
}

pub fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        for service in SERVICES {
            let at = |address: &str| Place { direction, service, address: address.parse().unwrap() };
            places.extend(ADDRESSES.map(at));
        }
    }
    places
}

/// What else a packet is. A rate is known by the rule that has it and how many like that come before.
#[derive(Debug, Clone, Default)]
pub struct Symbols {
    pub groups: Vec<Group>,
    pub is_in_list: bool,
    pub is_by_eth0: bool,
    pub state: Option<State>,
    pub limits: Vec<(NewRule, usize)>,
}

/// All that can be where these rules are.
pub fn all_symbols(sets: &[&[NewRule]]) -> Vec<Symbols> {
    let mut limited: Vec<(NewRule, usize)> = Vec::new();
    for (rules, index) in sets.iter().flat_map(|rules| (0..rules.len()).map(move |index| (rules, index))) {
        let key = limit_key(rules, index);
        if limit_of(&rules[index]).is_some() && !limited.contains(&key) {
            limited.push(key);
        }
    }
    let mut all = Vec::new();
    for bits in 0..1_usize << (4 + limited.len()) {
        let has = |bit: usize| bits >> bit & 1 == 1;
        for state in [None, Some(State::New), Some(State::Established)] {
            let groups = [(0, "a"), (1, "b")].into_iter().filter(|(bit, _)| has(*bit)).map(|(_, name)| group(name));
            all.push(Symbols {
                groups: groups.collect(),
                is_in_list: has(2),
                is_by_eth0: has(3),
                state,
                limits: limited.iter().enumerate().filter(|(at, _)| has(4 + at)).map(|(_, key)| key.clone()).collect(),
            });
        }
    }
    all
}

fn limit_of(rule: &NewRule) -> Option<Limit> {
    rule.conditions().and_then(|conditions| conditions.limit)
}

fn limit_key(rules: &[NewRule], index: usize) -> (NewRule, usize) {
    (rules[index].clone(), rules[..index].iter().filter(|rule| **rule == rules[index]).count())
}

/// What becomes of a packet, and by which rule, when some are `gone`.
pub fn judge(
    rules: &[NewRule],
    rest: impl Fn(Direction) -> Verdict,
    gone: &[usize],
    place: Place,
    symbols: &Symbols,
) -> (Verdict, Option<usize>) {
    let mut left = (0..rules.len()).filter(|index| !gone.contains(index));
    match left.find(|index| matches(rules, *index, place, symbols)) {
        Some(index) => (rules[index].action().into(), Some(index)),
        None => (rest(place.direction), None),
    }
}

pub fn rest(set: &RuleSet, now: Option<Defaults>, capabilities: &Capabilities) -> impl Fn(Direction) -> Verdict {
    let otherwise = if capabilities.rules.rest == Rest::Left { Verdict::Left } else { Verdict::Deny };
    let default = set.default.or(now);
    move |direction| match (default, direction) {
        (Some(default), Direction::Ingress) => default.ingress.into(),
        (Some(default), Direction::Egress) => default.egress.into(),
        (None, _) => otherwise,
    }
}

pub fn matches(rules: &[NewRule], index: usize, place: Place, symbols: &Symbols) -> bool {
    let rule = &rules[index];
    let no_conditions = Conditions::default();
    let conditions = rule.conditions().unwrap_or(&no_conditions);
    let counts_new = conditions.limit.is_some_and(|limit| limit.unit == crate::limit::LimitUnit::NewConnections);
    rule.direction() == place.direction
        && is_to(rule.protocol(), &conditions.more_ports, place.service)
        && rule.sources().iter().any(|source| is_from(source, place.address, symbols))
        && are_so(conditions, symbols)
        && (!counts_new || symbols.state == Some(State::New))
        && (conditions.limit.is_none() || symbols.limits.contains(&limit_key(rules, index)))
}

fn is_to(asked: Protocol, more_ports: &[PortRange], (protocol, number): (u8, u16)) -> bool {
    let is_port = |ports: PortRange| {
        std::iter::once(&ports).chain(more_ports).any(|ports| (ports.from()..=ports.to()).contains(&number))
    };
    let is_kind = |kind| match kind {
        IcmpType::Any => true,
        IcmpType::Type(kind) => number >> 8 == kind.into(),
        IcmpType::Code(kind, code) => number == u16::from_be_bytes([kind, code]),
    };
    match asked {
        Protocol::Tcp(ports) => protocol == 6 && is_port(ports),
        Protocol::Udp(ports) => protocol == 17 && is_port(ports),
        Protocol::TcpUdp(ports) => (protocol == 6 || protocol == 17) && is_port(ports),
        Protocol::Icmp(kind) => protocol == 1 && is_kind(kind),
        Protocol::Icmpv6(kind) => protocol == 58 && is_kind(kind),
        Protocol::Number(number) => protocol == number,
        Protocol::All | Protocol::Unnamed => true,
    }
}

fn is_at(source: &Source, address: IpAddr) -> bool {
    match source {
        Source::Address(cidr) => Cidr::new(address, cidr.prefix())
            .is_ok_and(|of| of.family() == cidr.family() && of.network() == cidr.network()),
        Source::Range(range) => {
            range.first().is_ipv4() == address.is_ipv4() && (range.first()..=range.last()).contains(&address)
        }
        Source::Group(_) | Source::PrefixList(_) => true,
    }
}

fn is_from(source: &Source, address: IpAddr, symbols: &Symbols) -> bool {
    match source {
        Source::Group(group) => symbols.groups.contains(group),
        Source::PrefixList(_) => symbols.is_in_list,
        Source::Address(_) | Source::Range(_) => is_at(source, address),
    }
}

fn are_so(conditions: &Conditions, symbols: &Symbols) -> bool {
    (conditions.interface.is_none() || symbols.is_by_eth0)
        && conditions.states.is_none_or(|states: States| symbols.state.is_some_and(|state| states.has(state)))
}

/// Each source of each entry, as an entry of its own.
pub fn by_source(traffic: &[Traffic]) -> Vec<Traffic> {
    let of = |entry: &Traffic| {
        let entry = entry.clone();
        entry.sources.clone().into_iter().map(move |source| Traffic { sources: vec![source], ..entry.clone() })
    };
    traffic.iter().flat_map(of).collect()
}

/// Whether an entry is of this place, whatever symbols it asks for.
pub fn is_of_place(entry: &Traffic, place: Place) -> bool {
    entry.direction == place.direction
        && is_of_service(entry.service, place.service)
        && entry.sources.iter().any(|source| is_at(source, place.address))
}

pub fn is_of_service(service: Service, (protocol, number): (u8, u16)) -> bool {
    let at = u32::from(protocol) << 16 | u32::from(number);
    (service.numbers().0..service.numbers().1).contains(&at)
}

/// Whether an entry has this packet.
pub fn has(entry: &Traffic, place: Place, symbols: &Symbols) -> bool {
    let limited = |limit| symbols.limits.iter().any(|(rule, _)| limit_of(rule) == Some(limit));
    is_of_place(entry, place)
        && entry.sources.iter().any(|source| is_from(source, place.address, symbols))
        && entry
            .conditions
            .as_ref()
            .is_none_or(|conditions| are_so(conditions, symbols) && conditions.limit.is_none_or(limited))
}
