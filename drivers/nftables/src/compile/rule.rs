//! One rule.

use deltawall_core::{
    Action, Conditions, Direction, IcmpType, Limit, LimitSide, LimitUnit, PacketType, PortRange, Protocol, Rule, State,
    States,
};
use serde_json::{Value, json};

use super::addresses::{Addresses, Family, value};
use crate::commands::{self, TABLE, ct, differs, goto, matches, meta, payload};
use crate::names::{ACCEPTED, limit_of};
use crate::options::Options;

/// What a rule is in the kernel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compiled {
    /// The rate that all its rules share, where it has one.
    pub(crate) limit: Option<Value>,
    /// What each of nft's rules matches, and what it does then. Between both it counts.
    pub(crate) rules: Vec<(Vec<Value>, Vec<Value>)>,
}

/// The kernel's numbers of protocols.
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// The kernel's numbers of a connection's states.
pub(crate) const ESTABLISHED: u32 = 2;
pub(crate) const RELATED: u32 = 4;
const NEW: u32 = 8;

/// What a rule with this number is in the kernel.
pub(crate) fn compile(rule: &Rule, number: u32, options: &Options) -> Compiled {
    let content = &rule.content;
    let conditions = content.conditions.as_deref();
    let limit = conditions.and_then(|conditions| conditions.limit);
    let name = limit_of(number);
    let mut behind = conditions.map(|conditions| further(conditions, content.direction)).unwrap_or_default();
    let counts_new = limit.is_some_and(|limit| limit.unit == LimitUnit::NewConnections);
    match conditions.and_then(|conditions| conditions.states) {
        _ if counts_new => behind.push(matches(ct("state"), NEW)),
        Some(states) => behind.push(of_states(states)),
        None => {}
    }
    if limit.is_some() {
        behind.push(json!({"limit": name}));
    }
    let mut does = Vec::new();
    if let Some(log) = &rule.log {
        does.push(match &log.prefix {
            Some(prefix) => json!({"log": {"prefix": prefix.as_str()}}),
            None => json!({"log": null}),
        });
    }
    does.extend(verdict(content.action, number, options));
    let more_ports = conditions.map_or(&[][..], |conditions| &conditions.more_ports);
    let rules = origins(&content.sources, content.direction, content.protocol).into_iter().map(|mut matched| {
        let at = if matched_before(content.protocol) { 0 } else { matched.len() };
        matched.splice(at..at, service(content.protocol, more_ports));
        matched.extend(behind.iter().cloned());
        (matched, does.clone())
    });
    Compiled { limit: limit.map(|limit| rate(&name, limit)), rules: rules.collect() }
}

/// The matches of each of nft's rules for where packets come from, or go to: one where the family does not matter.
fn origins(sources: &[deltawall_core::Source], direction: Direction, protocol: Protocol) -> Vec<Vec<Value>> {
    let field = match direction {
        Direction::Ingress => "saddr",
        Direction::Egress => "daddr",
    };
    let of = Family::ALL.map(|family| (family, Addresses::of(sources, family)));
    // A match of an ICMP type is one of its family, too.
    let own = match protocol {
        Protocol::Icmp(IcmpType::Type(_) | IcmpType::Code(..)) => Some(Family::V4),
        Protocol::Icmpv6(IcmpType::Type(_) | IcmpType::Code(..)) => Some(Family::V6),
        _ => None,
    };
    if own.is_none() && of.iter().all(|(_, addresses)| *addresses == Addresses::All) {
        return vec![Vec::new()];
    }
    let origin = |(family, addresses): (Family, Addresses)| match addresses {
        Addresses::None => None,
        Addresses::All if own == Some(family) => Some(Vec::new()),
        Addresses::All => Some(vec![matches(meta("nfproto"), family.number())]),
        Addresses::Some(spans) => Some(vec![matches(payload(family.name(), field), value(&spans, family))]),
    };
    of.into_iter().filter_map(origin).collect()
}

/// Whether the protocol is matched before the addresses. nft leaves a match of the family out of what it lists where one of ICMP
/// stands behind it, as if it went without saying, which is not so: IPv6 can carry the protocol of that number, too.
fn matched_before(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Icmp(IcmpType::Any) | Protocol::Icmpv6(IcmpType::Any))
}

/// The matches for a protocol, and for its ports or its type.
fn service(protocol: Protocol, more: &[PortRange]) -> Vec<Value> {
    let is = |number: u8| matches(meta("l4proto"), number);
    let of_ports = |name: &str, ports: PortRange, whole: Value| match merged(ports, more) {
        Some(ports) => vec![matches(payload(name, "dport"), ports)],
        None => vec![whole],
    };
    let of_icmp = |name: &str, number: u8, kind: IcmpType| match kind {
        IcmpType::Any => vec![is(number)],
        IcmpType::Type(kind) => vec![matches(payload(name, "type"), kind)],
        IcmpType::Code(kind, code) => vec![matches(payload(name, "type"), kind), matches(payload(name, "code"), code)],
    };
    match protocol {
        Protocol::Tcp(ports) => of_ports("tcp", ports, is(TCP)),
        Protocol::Udp(ports) => of_ports("udp", ports, is(UDP)),
        Protocol::TcpUdp(ports) => {
            let mut matched = vec![matches(meta("l4proto"), json!({"set": [TCP, UDP]}))];
            matched.extend(merged(ports, more).map(|ports| matches(payload("th", "dport"), ports)));
            matched
        }
        Protocol::Icmp(kind) => of_icmp("icmp", ICMP, kind),
        Protocol::Icmpv6(kind) => of_icmp("icmpv6", ICMPV6, kind),
        Protocol::Number(number) => vec![is(number)],
        Protocol::All | Protocol::Unnamed => Vec::new(),
    }
}

/// What a port is compared with; none where it may be any.
fn merged(ports: PortRange, more: &[PortRange]) -> Option<Value> {
    let mut all: Vec<(u16, u16)> = [&ports].into_iter().chain(more).map(|ports| (ports.from(), ports.to())).collect();
    all.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::with_capacity(all.len());
    for (from, to) in all {
        match merged.last_mut() {
            Some((_, end)) if end.checked_add(1).is_none_or(|next| from <= next) => *end = to.max(*end),
            _ => merged.push((from, to)),
        }
    }
    let element = |(from, to): &(u16, u16)| if from == to { json!(from) } else { json!({"range": [from, to]}) };
    match merged[..] {
        [(0, u16::MAX)] => None,
        [ref one] => Some(element(one)),
        _ => Some(json!({"set": merged.iter().map(element).collect::<Vec<_>>()})),
    }
}

/// The matches for an interface, a hardware address and a type of packets.
fn further(conditions: &Conditions, direction: Direction) -> Vec<Value> {
    let mut matched = Vec::new();
    if let Some(interface) = &conditions.interface {
        let key = match direction {
            Direction::Ingress => "iifname",
            Direction::Egress => "oifname",
        };
        matched.push(matches(meta(key), interface.as_str()));
    }
    if let Some(mac) = &conditions.mac {
        matched.push(matches(payload("ether", "saddr"), mac.to_string()));
    }
    matched.extend(conditions.packet_type.map(|kind| match direction {
        Direction::Ingress => matches(meta("pkttype"), pkttype(kind)),
        Direction::Egress => of_destination(kind),
    }));
    matched
}

/// The kernel's number for what the link says (PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST).
fn pkttype(kind: PacketType) -> u32 {
    match kind {
        PacketType::Unicast => 0,
        PacketType::Broadcast => 1,
        PacketType::Multicast => 2,
    }
}

/// For how many a packet is meant that leaves: no link has said that yet, and the address tells it (RTN_BROADCAST,
/// RTN_MULTICAST).
fn of_destination(kind: PacketType) -> Value {
    const BROADCAST: u32 = 3;
    const MULTICAST: u32 = 5;
    let destination = json!({"fib": {"result": "type", "flags": ["daddr"]}});
    match kind {
        PacketType::Unicast => differs(destination, json!({"set": [BROADCAST, MULTICAST]})),
        PacketType::Broadcast => matches(destination, BROADCAST),
        PacketType::Multicast => matches(destination, MULTICAST),
    }
}

fn of_states(states: States) -> Value {
    let mut numbers: Vec<u32> = states.iter().map(number_of).collect();
    numbers.sort_unstable();
    match numbers[..] {
        [one] => matches(ct("state"), one),
        _ => json!({"match": {"op": "in", "left": ct("state"), "right": numbers}}),
    }
}

fn number_of(state: State) -> u32 {
    match state {
        State::New => NEW,
        State::Established => ESTABLISHED,
        State::Related => RELATED,
    }
}

fn rate(name: &str, limit: Limit) -> Value {
    let mut rate = json!({
        "family": "inet", "table": TABLE, "name": name,
        "rate": limit.amount, "per": limit.period.name(), "burst": limit.burst,
    });
    if let Some(rate) = rate.as_object_mut()
        && limit.side == LimitSide::Beyond
    {
        rate.insert("inv".into(), true.into());
    }
    rate
}

/// What becomes of a packet that a rule with this number matches.
pub(crate) fn verdict(action: Action, number: u32, options: &Options) -> Vec<Value> {
    match action {
        Action::Accept if options.marks_connections() => vec![mark(number, options), goto(ACCEPTED)],
        Action::Accept => vec![commands::accept()],
        Action::Deny => vec![commands::drop()],
        Action::Reject => vec![commands::reject()],
    }
}

/// Writes a number into the bits of a connection's mark that are ours.
pub(crate) fn mark(number: u32, options: &Options) -> Value {
    let (number, others) = (options.marks.of(number), !options.marks.bits());
    // The bits that are set behind this may as well stay: nft says it so.
    let kept = json!({"&": [ct("mark"), others | number]});
    let value = match (number, others) {
        (_, 0) => json!(number),
        (0, _) => kept,
        _ => json!({"|": [kept, number]}),
    };
    json!({"mangle": {"key": ct("mark"), "value": value}})
}
