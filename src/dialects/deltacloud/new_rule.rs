//! A new rule, made of what was sent of it: all of it is checked here, before a driver is asked.

use deltawall_core::{
    Action, Capabilities, Conditions, Description, Direction, InterfaceName, Log, LogPrefix, NewRule, Order,
    PacketType, PortRange, Protocol, RuleId, Source, rule_id,
};

use super::error::ApiError;
use super::fields::Fields;
use super::parameter_table::{
    DIRECTION, INTERFACE, LIMIT, LOG_PREFIX, LOG_RULE, MAC, PACKET_TYPE, PORT_FROM, PORT_TO, PORTS, PROTOCOL,
    RULE_ACTION, RULE_DESCRIPTION, STATES,
};
use crate::text::shown;

/// Makes a rule of these fields and sources, with so many sources at most, for a driver that can do this.
pub(super) fn new_rule<F: Fields>(
    fields: &F,
    sources: impl FnOnce() -> Result<Vec<Source>, ApiError>,
    most_sources: usize,
    can: Capabilities,
) -> Result<NewRule, ApiError> {
    let (protocol, more_ports) = protocol(fields, can)?;
    let direction = fields.one_of(&DIRECTION, [Direction::Ingress, Direction::Egress])?;
    let action = fields.one_of(&RULE_ACTION, Action::ALL)?;
    let log = log(fields)?;
    let sources = sources()?;
    if sources.len() > most_sources {
        return Err(fields.refused(&format!("The rule has more than {most_sources} sources.")));
    }
    let rule = NewRule::new(protocol, sources).map_err(|why| fields.refused(&why.to_string()))?;
    let rule = rule
        .with_direction(direction.unwrap_or_default())
        .with_action(action.unwrap_or_default())
        .with_log(log)
        .with_description(fields.text(&RULE_DESCRIPTION, Description::new)?)
        .with_conditions(conditions(fields, more_ports)?)
        .map_err(|why| fields.refused(&format!("The rule contradicts itself: {why}.")))?;
    if !can.rules.own_ids && RuleId::length_in_url(&rule) > rule_id::MAX_IN_URL {
        let message = "The sources are too many or too long: the rule's id would be, for a URL to have it in it.";
        return Err(fields.refused(message));
    }
    Ok(rule)
}

/// The protocol, and what of a list of ports it has no room for.
fn protocol<F: Fields>(fields: &F, can: Capabilities) -> Result<(Protocol, Vec<PortRange>), ApiError> {
    // Where no rule can be made, some have no protocol; they can only stay what they are.
    let name = match fields.get_not_blank(&PROTOCOL) {
        None if !can.rules.create => return Ok((Protocol::Unnamed, Vec::new())),
        _ => fields.required(&PROTOCOL)?.trim(),
    };
    let is_one_of = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    // Where all rules are equal, there are two for both.
    let is_both = is_one_of(&["tcp-udp"]) && can.rules.order == Order::Ordered;
    let has_ports = is_both || is_one_of(&["tcp", "udp"]);
    let has_numbers = has_ports || is_one_of(&["icmp", "icmpv6"]);
    let is_number = name == "-1" || name.parse::<u8>().is_ok();
    if !has_numbers && !is_number {
        let what =
            format!("is '{}', and not one of tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all", shown(name));
        return Err(fields.wrong(&[&PROTOCOL], &what));
    }
    let is_given = |parameter| fields.get_not_blank(parameter).is_some();
    let (given, mut more) = match is_given(&PORTS) {
        true if is_given(&PORT_FROM) || is_given(&PORT_TO) => {
            return Err(
                fields.wrong(&[&PORTS], "stands in the place of port_from and port_to: leave out one or the other")
            );
        }
        true if !has_ports => return Err(fields.wrong(&[&PORTS], "goes with protocols that have ports")),
        true => (&PORTS, ports(fields)?),
        false => (&PORT_FROM, Vec::new()),
    };
    let numbers = match more.is_empty() {
        false => {
            let first = more.remove(0);
            Some((first.from().into(), first.to().into()))
        }
        true if has_numbers || is_given(&PORT_FROM) || is_given(&PORT_TO) => {
            Some((fields.number(&PORT_FROM)?, fields.number(&PORT_TO)?))
        }
        true => None,
    };
    let protocol = Protocol::from_parts(name, numbers).map_err(|why| match given.name == PORTS.name {
        true => fields.wrong(&[&PORTS], &format!(": {why}")),
        false => fields.wrong(&[&PORT_FROM, &PORT_TO], &format!(": {why}")),
    })?;
    Ok((protocol, more))
}

/// The ports of a list, in its order.
fn ports<F: Fields>(fields: &F) -> Result<Vec<PortRange>, ApiError> {
    let read = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let port = |text: &str| text.trim().parse().ok().filter(|_| !text.trim().starts_with(['+', '-']));
        let (Some(from), Some(to)) = (port(from), port(to)) else {
            return Err(format!("has '{}', which is neither a port nor a range such as 8000-8010", shown(part)));
        };
        PortRange::new(from, to).map_err(|why| format!(": {why}"))
    };
    let list = fields.get_not_blank(&PORTS).unwrap_or_default();
    list.split(',').map(read).collect::<Result<_, _>>().map_err(|what| fields.wrong(&[&PORTS], &what))
}

/// How a match is logged. Who says what lines begin with wants them.
fn log<F: Fields>(fields: &F) -> Result<Option<Log>, ApiError> {
    let is_logged = fields.one_of(&LOG_RULE, [true, false])?;
    let prefix = fields.get(&LOG_PREFIX).filter(|prefix| !prefix.trim().is_empty());
    let Some(prefix) = prefix else { return Ok(is_logged.unwrap_or_default().then(Log::default)) };
    if is_logged == Some(false) {
        return Err(fields.wrong(&[&LOG_PREFIX], "goes with log_rule=true"));
    }
    if prefix.len() > LogPrefix::MAX {
        return Err(fields.wrong(&[&LOG_PREFIX], &format!("is longer than {} bytes", LogPrefix::MAX)));
    }
    let prefix = LogPrefix::new(prefix).map_err(|why| fields.wrong(&[&LOG_PREFIX], &why.to_string()))?;
    Ok(Some(Log { prefix: Some(prefix) }))
}

fn conditions<F: Fields>(fields: &F, more_ports: Vec<PortRange>) -> Result<Conditions, ApiError> {
    Ok(Conditions {
        more_ports,
        interface: fields.parsed(&INTERFACE, |name| InterfaceName::new(name))?,
        states: fields.parsed(&STATES, str::parse)?,
        limit: fields.parsed(&LIMIT, str::parse)?,
        mac: fields.parsed(&MAC, str::parse)?,
        packet_type: fields.one_of(&PACKET_TYPE, PacketType::ALL)?,
    })
}
