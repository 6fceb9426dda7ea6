//! Rules and what is beside them, in words.

use deltawall_core::{
    Action, Capabilities, Conditions, Defaults, Direction, Firewall, LimitSide, LimitUnit, Rest, States,
};

use super::ports;
use crate::dialects::deltacloud::shown_rule::ShownRule;

/// A rule in one line.
pub(super) fn rule(rule: &ShownRule<'_>) -> String {
    let ports = rule.ports().map_or_else(|| ports::ports(&rule.protocol).0, |list| list.replace(',', ", "));
    let (way, to_or_from) = match rule.direction {
        Direction::Ingress => ("coming in", "from"),
        Direction::Egress => ("going out", "to"),
    };
    let sources: Vec<_> = rule.sources.iter().map(ToString::to_string).collect();
    let mut line = format!(
        "{} {way}, {} {ports}, {to_or_from} {}",
        action(rule.action.unwrap_or_default()),
        ports::protocol(&rule.protocol),
        sources.join(", ")
    );
    for condition in rule.conditions.into_iter().flat_map(|all| conditions(all, rule.direction)) {
        line.push_str(", ");
        line.push_str(&condition);
    }
    match rule.log.map(|log| log.prefix.as_ref()) {
        Some(Some(prefix)) => line.push_str(&format!(", logged as \"{prefix}\"")),
        Some(None) => line.push_str(", logged"),
        None => {}
    }
    if let Some(description) = rule.description {
        line.push_str(&format!(" ({description})"));
    }
    line
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Accept => "Accept what is",
        Action::Deny => "Deny what is",
        Action::Reject => "Reject what is",
    }
}

/// What else has to be so for a rule of this direction to match, in words for each.
pub(super) fn conditions(of: &Conditions, direction: Direction) -> Vec<String> {
    let Conditions { more_ports: _, interface, states, limit, mac, packet_type } = of;
    let is_ingress = direction == Direction::Ingress;
    let mut words = Vec::new();
    if let Some(interface) = interface {
        words.push(format!("{} {interface}", if is_ingress { "in by" } else { "out by" }));
    }
    words.extend(states.map(|states| format!("of connections that are {}", listed(states))));
    if let Some(limit) = limit {
        let side = if limit.side == LimitSide::Within { "up to" } else { "what goes beyond" };
        let unit = if limit.unit == LimitUnit::NewConnections { "new connections" } else { "packets" };
        let (amount, period, burst) = (limit.amount, limit.period.name(), limit.burst);
        words.push(format!("{side} {amount} {unit} a {period}, after a burst of {burst}"));
    }
    words.extend(mac.map(|mac| format!("{} {mac}", if is_ingress { "from" } else { "to" })));
    words.extend(packet_type.map(|kind| format!("{} packets", kind.name())));
    words
}

/// `new, established or related`.
fn listed(states: States) -> String {
    let mut names: Vec<_> = states.iter().map(|state| state.name()).collect();
    match names.pop() {
        Some(last) if names.is_empty() => last.to_owned(),
        Some(last) => format!("{} or {last}", names.join(", ")),
        None => String::new(),
    }
}

/// What happens to what no rule of a firewall matches, in a sentence.
pub(super) fn rest(firewall: &Firewall, can: Capabilities) -> String {
    match (firewall.default, can.rules.rest) {
        (Some(default), _) => defaults(default),
        (None, Rest::Left) => "What no rule matches is left to the firewalls that are tried after this one.".into(),
        (None, Rest::Denied) => "What no rule matches is denied.".into(),
    }
}

/// What a default does, in a sentence.
pub(super) fn defaults(default: Defaults) -> String {
    let what = |action| match action {
        Action::Accept => "accepted",
        Action::Deny => "denied",
        Action::Reject => "rejected",
    };
    format!(
        "Of what no rule matches, what comes in is {}, and what goes out is {}.",
        what(default.ingress),
        what(default.egress)
    )
}
