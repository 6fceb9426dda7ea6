//! What becomes of some traffic, or of one packet.

use std::collections::BTreeSet;

use crate::conditions::Conditions;
use crate::limit::LimitSide;
use crate::source::Source;
use crate::traffic::address::{self, Address};
use crate::traffic::axis::merged;
use crate::traffic::budget::{Budget, TooMuch};
use crate::traffic::deciding::{Deciding, Rules};
use crate::traffic::divide::divide;
use crate::traffic::outcome::Outcome;
use crate::traffic::packet::{Explanation, Packet, Verdict};
use crate::traffic::service::Service;
use crate::traffic::space::{Scope, Set, Space};
use crate::traffic::symbol::Together;
use crate::traffic::text::Traffic;

/// What becomes of a packet, and by which rule.
pub(super) fn explain(rules: &Rules<'_>, packet: &Packet) -> Explanation {
    match rules.rules.iter().enumerate().find(|(_, rule)| matches(rule, packet)) {
        Some((index, rule)) => Explanation { verdict: rule.action.into(), rule: Some(index) },
        None => Explanation { verdict: rules.rest(packet.direction), rule: None },
    }
}

fn matches(rule: &Deciding<'_>, packet: &Packet) -> bool {
    let (number, _) = packet.service().numbers();
    let is_to = |(from, to): &(u32, u32)| (*from..*to).contains(&number);
    rule.direction == packet.direction
        && Service::numbers_of(rule.protocol, rule.more_ports()).iter().any(is_to)
        && rule.sources.iter().any(|source| is_from(source, packet))
        && rule.conditions.is_none_or(|conditions| is_under(conditions, packet))
}

fn is_from(source: &Source, packet: &Packet) -> bool {
    match source {
        Source::Group(group) => packet.groups.contains(group),
        Source::PrefixList(list) => packet.prefix_lists.contains(list),
        Source::Address(_) | Source::Range(_) => {
            let address = Address::from(packet.address);
            address::of(source).is_some_and(|(from, to)| (from..to).contains(&address))
        }
    }
}

fn is_under(conditions: &Conditions, packet: &Packet) -> bool {
    let Conditions { more_ports: _, interface, states, limit, mac, packet_type } = conditions;
    interface.as_ref().is_none_or(|asked| packet.interface.as_ref() == Some(asked))
        && states.is_none_or(|asked| packet.state.is_some_and(|state| asked.has(state)))
        && limit.is_none_or(|limit| packet.is_within_rates && limit.side == LimitSide::Within)
        && mac.is_none_or(|asked| packet.mac == Some(asked))
        && packet_type.is_none_or(|asked| packet.packet_type == Some(asked))
}

/// All that can become of some of this traffic, whatever symbols hold beside those it says.
pub(super) fn verdicts(rules: &Rules<'_>, traffic: &Traffic, budget: &Budget) -> Result<BTreeSet<Verdict>, TooMuch> {
    let services = traffic.service.numbers();
    let addresses = merged(traffic.sources.iter().filter_map(address::of).collect());
    let scope = Scope { services, addresses };
    let (mut space, [set]) = Space::of_all(traffic.direction, [rules], Some(&scope), budget);
    let mut verdicts = BTreeSet::new();
    let conditions = traffic.conditions.as_deref();
    for given in space.symbols.of_traffic(conditions) {
        verdicts.extend(verdicts_in(&space, &set, &scope, &given)?);
        for source in &traffic.sources {
            if let Some(given) = space.symbols.with_source(&given, source) {
                let everywhere = Scope { services, addresses: vec![address::ALL] };
                verdicts.extend(verdicts_in(&space, &set, &everywhere, &given)?);
            }
        }
    }
    Ok(verdicts)
}

fn verdicts_in(space: &Space<'_>, set: &Set, scope: &Scope, given: &Together) -> Result<BTreeSet<Verdict>, TooMuch> {
    let mut verdicts = BTreeSet::new();
    let terms = vec![set.terms.iter().collect()];
    for region in space.regions(scope) {
        divide(region, &terms, space.budget, |_, lists| {
            for terms in lists {
                verdicts.extend(Outcome { terms, rest: set.rest }.verdicts(space, given)?);
            }
            Ok(())
        })?;
    }
    Ok(verdicts)
}
