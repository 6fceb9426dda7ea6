//! What rules come to, in the model.

use std::collections::HashSet;
use std::num::NonZeroU16;

use deltawall_core::{
    Action, Capabilities, Conditions, Defaults, Firewall, Limit, LimitSide, LimitUnit, NewRule, Order, PacketType,
    Period, PortRange, Protocol, Rest, RuleSet, Source,
};

use super::rule::{self, Policy, PortType, Rule, RuleType, Rules};
use crate::policies::compiled::{anywhere, without_repeated};

/// Why rules come to nothing that a driver could enforce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is about one of them, the first being 1.
    #[error("rule {0} is none that a firewall could have: {1}")]
    Rule(usize, String),
    /// The driver cannot let through what no rule matches.
    #[error("the {0} driver denies what no rule accepts, so the default policy can only be DROP")]
    Default(&'static str),
}

/// What a device does with traffic: what its rules say, or nothing at all.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// It filters by these.
    Rules(&'a Rules),
    /// It is not activated, so that nothing is filtered.
    Nothing,
}

/// The rules that a firewall has where a device does this with what comes in. What goes out is left as it is.
///
/// # Errors
/// Where no driver with these capabilities can do it. What one lacks for single rules is the engine's to find.
pub fn compile(
    wanted: Wanted<'_>,
    firewall: &Firewall,
    can: &Capabilities,
    driver: &'static str,
) -> Result<RuleSet, Unfit> {
    let is_unordered = can.rules.order == Order::Unordered;
    let everything = Rules::default();
    let Rules { rules, policy } = match wanted {
        Wanted::Rules(rules) => rules,
        Wanted::Nothing => &everything,
    };
    // Behind a rule that drops everything nothing is tried any more, so it is the policy where order does not matter.
    let last = rules.iter().position(|rule| is_unordered && drops_everything(rule));
    let (rules, policy) = match last {
        Some(last) => (rules.get(..last).unwrap_or_default(), Policy::Drop),
        None => (&**rules, *policy),
    };
    let (mut made, mut accepted) = (Vec::with_capacity(rules.len() + 1), HashSet::new());
    for (number, rule) in (1..).zip(rules) {
        for rule in compiled(rule, is_unordered).map_err(|why| Unfit::Rule(number, why))? {
            match is_unordered {
                true => made.extend(without_repeated(rule, &mut accepted)),
                false => made.push(rule),
            }
        }
    }
    let default = match (firewall.default, policy) {
        (Some(now), policy) => Some(Defaults { ingress: action(policy), ..now }),
        (None, Policy::Drop) if is_unordered && can.rules.rest == Rest::Denied => None,
        (None, Policy::Accept) if is_unordered => return Err(Unfit::Default(driver)),
        (None, policy) => {
            let rest =
                NewRule::new(Protocol::All, anywhere()).map_err(|why| Unfit::Rule(made.len(), why.to_string()))?;
            made.push(rest.with_action(action(policy)));
            None
        }
    };
    Ok(RuleSet { rules: made, default })
}

fn action(policy: Policy) -> Action {
    match policy {
        Policy::Accept => Action::Accept,
        Policy::Drop => Action::Deny,
    }
}

fn drops_everything(rule: &Rule) -> bool {
    let is_of_some = rule.ip.is_some()
        || rule.ip_range.is_some()
        || rule.mac.is_some()
        || rule.pkt_type.is_some()
        || rule.port.is_some()
        || rule.port_range.is_some()
        || rule.tcp_port.is_some()
        || rule.udp_port.is_some();
    !is_of_some && rule.filter.is_some_and(|filter| filter.policy == Policy::Drop)
}

/// The rules that one comes to: two where its ports are of TCP and of UDP, and the cloud or the ports ask for two.
fn compiled(rule: &Rule, is_unordered: bool) -> Result<Vec<NewRule>, String> {
    let sources = match (rule.network(), rule.range()) {
        (Ok(Some(network)), _) => vec![Source::Address(network)],
        (_, Ok(Some(range))) => vec![Source::Range(range)],
        (Ok(None), Ok(None)) => anywhere(),
        (Err(why), _) | (_, Err(why)) => return Err(why.to_string()),
    };
    let conditions = Conditions {
        limit: rule.limit.map(limit).transpose()?,
        mac: rule.mac.as_ref().map(|mac| mac.parse().map_err(|why| format!("{mac} {why}"))).transpose()?,
        packet_type: rule.pkt_type.map(packet_type),
        ..Conditions::default()
    };
    let action = match (rule.rule_type, rule.filter) {
        (RuleType::Filter, Some(filter)) => action(filter.policy),
        // What is within the limit goes on to the next rule.
        _ => Action::Deny,
    };
    let protocols = protocols(rule, is_unordered && rule.rule_type == RuleType::Filter)?;
    let made = protocols.into_iter().map(|protocol| {
        let rule = NewRule::new(protocol, sources.clone()).map_err(|why| why.to_string())?;
        rule.with_action(action).with_conditions(conditions.clone()).map_err(|why| why.to_string())
    });
    made.collect()
}

fn protocols(rule: &Rule, splits: bool) -> Result<Vec<Protocol>, String> {
    let ports = |from: u16, to: u16| PortRange::new(from.into(), to.into()).map_err(|why| why.to_string());
    let of_type = |kind, from, to| {
        let ports = ports(from, to)?;
        Ok::<_, String>(match kind {
            PortType::Tcp => vec![Protocol::Tcp(ports)],
            PortType::Udp => vec![Protocol::Udp(ports)],
            PortType::Both if splits => vec![Protocol::Tcp(ports), Protocol::Udp(ports)],
            PortType::Both => vec![Protocol::TcpUdp(ports)],
        })
    };
    match (rule.port, rule.port_range, rule.tcp_port, rule.udp_port) {
        (Some(port), ..) => of_type(port.port_type, port.port_num, port.port_num),
        (_, Some(range), ..) => of_type(range.port_type, range.start, range.end),
        (_, _, None, None) => Ok(vec![Protocol::All]),
        (_, _, tcp, udp) => {
            let tcp = tcp.map(|port| ports(port, port).map(Protocol::Tcp));
            let udp = udp.map(|port| ports(port, port).map(Protocol::Udp));
            tcp.into_iter().chain(udp).collect()
        }
    }
}

fn limit(limit: rule::Limit) -> Result<Limit, String> {
    let number = |number| NonZeroU16::new(number).ok_or_else(|| "a limit of nothing".to_owned());
    Ok(Limit {
        amount: number(limit.amount)?,
        burst: number(limit.burst)?,
        period: match limit.period {
            rule::Period::Second => Period::Second,
            rule::Period::Minute => Period::Minute,
            rule::Period::Hour => Period::Hour,
            rule::Period::Day => Period::Day,
        },
        unit: match limit.unit {
            rule::Unit::NewConnections => LimitUnit::NewConnections,
            rule::Unit::Packets => LimitUnit::Packets,
        },
        side: LimitSide::Beyond,
    })
}

fn packet_type(kind: rule::PktType) -> PacketType {
    match kind {
        rule::PktType::Unicast => PacketType::Unicast,
        rule::PktType::Broadcast => PacketType::Broadcast,
        rule::PktType::Multicast => PacketType::Multicast,
    }
}
