//! Parts of a space, said as rules say it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::conditions::{Conditions, States};
use crate::model::Direction;
use crate::source::Source;
use crate::traffic::address;
use crate::traffic::axis::{Span, merged};
use crate::traffic::budget::{Budget, MAX_SAID, TooMuch};
use crate::traffic::service::Service;
use crate::traffic::space::{Region, Space};
use crate::traffic::symbol::{Symbol, Together};
use crate::traffic::text::Traffic;

/// These parts, in few entries: what has the same symbols is put together, and sources of the same services.
pub(super) fn traffic(
    space: &Space<'_>,
    direction: Direction,
    parts: BTreeMap<&Together, Vec<Region>>,
) -> Result<Vec<Traffic>, TooMuch> {
    let mut entries: Vec<Traffic> = Vec::new();
    let mut said_sources = 0;
    for (together, regions) in parts {
        let (source, conditions) = said(space, together);
        let from = match source {
            // Where it has which addresses nobody can tell.
            Some(source) => vec![(vec![source], regions.iter().map(|region| region.services).collect())],
            None => by_addresses(space, &regions)?,
        };
        for (sources, services) in from {
            for service in space.services.points(&services, space.budget)?.into_iter().flat_map(Service::divided) {
                said_sources += sources.len();
                if said_sources > MAX_SAID {
                    return Err(TooMuch);
                }
                let (sources, conditions) = (sources.clone(), conditions.clone());
                entries.push(Traffic { direction, service, sources, conditions });
            }
        }
    }
    let mut traffic = in_one_state_or_another(with_sources_together(entries));
    traffic.sort_by(|one, other| {
        let order = (one.service, &one.sources).cmp(&(other.service, &other.sources));
        order.then_with(|| one.to_string().cmp(&other.to_string()))
    });
    Ok(traffic)
}

/// Sources with the services that are from all of them.
type Served = (Vec<Source>, Vec<Span>);

/// Addresses, each with the services that these are for.
fn by_addresses(space: &Space<'_>, regions: &[Region]) -> Result<Vec<Served>, TooMuch> {
    let mut services: HashMap<_, Vec<Span>> = HashMap::new();
    for (these, addresses) in by_services(regions, space.budget)? {
        services.entry(addresses).or_default().push(these);
    }
    let sources = |addresses: Vec<Span>| {
        let points = space.addresses.points(&addresses, space.budget)?;
        space.budget.keep(points.len())?;
        Ok(address::to_sources(&points))
    };
    services.into_iter().map(|(addresses, services)| Ok((sources(addresses)?, services))).collect()
}

/// The addresses of each piece of the services, in order.
pub(super) fn by_services(regions: &[Region], budget: &Budget) -> Result<Vec<(Span, Vec<Span>)>, TooMuch> {
    let mut cuts: Vec<u32> = regions.iter().flat_map(|Region { services: (from, to), .. }| [*from, *to]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces: Vec<(Span, Vec<Span>)> =
        cuts.array_windows().map(|[from, to]| ((*from, *to), Vec::new())).collect();
    for Region { services: (from, to), addresses } in regions {
        let first = pieces.partition_point(|((start, _), _)| start < from);
        for (_, of_piece) in pieces.iter_mut().skip(first).take_while(|((start, _), _)| start < to) {
            budget.keep(1)?;
            of_piece.push(*addresses);
        }
    }
    let pieces = pieces.into_iter().map(|(services, addresses)| (services, merged(addresses)));
    Ok(pieces.filter(|(_, addresses)| !addresses.is_empty()).collect())
}

/// What these symbols are in a rule: a source, if there is one, and conditions. Where a rule cannot say all of them, since it has one
/// source and one rate, it says less, and so is for more.
fn said(space: &Space<'_>, together: &Together) -> (Option<Source>, Option<Box<Conditions>>) {
    let (mut sources, mut limits, mut conditions) = (Vec::new(), Vec::new(), Conditions::default());
    for symbol in together.symbols().iter().filter_map(|number| space.symbols.get(*number)) {
        match symbol {
            Symbol::Group(group) => sources.push(Source::Group(group.clone())),
            Symbol::PrefixList(list) => sources.push(Source::PrefixList(list.clone())),
            Symbol::Interface(interface) => conditions.interface = Some(interface.clone()),
            Symbol::State(state) => conditions.states = States::of([state]),
            Symbol::Mac(mac) => conditions.mac = Some(mac),
            Symbol::PacketType(kind) => conditions.packet_type = Some(kind),
            Symbol::Limit { rule, .. } => limits.extend(rule.conditions.and_then(|conditions| conditions.limit)),
        }
    }
    conditions.limit = limits.into_iter().min();
    (sources.into_iter().min(), (!conditions.is_empty()).then(|| Box::new(conditions)))
}

/// One entry for what differs in its sources only.
fn with_sources_together(entries: Vec<Traffic>) -> Vec<Traffic> {
    let mut together: Vec<Traffic> = Vec::new();
    let mut known: HashMap<(Service, Option<Box<Conditions>>), usize> = HashMap::new();
    let mut grown = BTreeSet::new();
    for entry in entries {
        let at = *known.entry((entry.service, entry.conditions.clone())).or_insert(together.len());
        match together.get_mut(at) {
            Some(first) => {
                first.sources.extend(entry.sources);
                grown.insert(at);
            }
            None => together.push(entry),
        }
    }
    for at in grown {
        if let Some(entry) = together.get_mut(at) {
            entry.sources.sort_unstable();
            entry.sources.dedup();
        }
    }
    together
}

/// One entry for what differs in the state of its connection only.
fn in_one_state_or_another(entries: Vec<Traffic>) -> Vec<Traffic> {
    let mut together: Vec<Traffic> = Vec::new();
    let mut known = HashMap::new();
    for mut entry in entries {
        let states = entry.conditions.as_mut().and_then(|conditions| conditions.states.take());
        let Some(states) = states else {
            together.push(entry);
            continue;
        };
        let key = (entry.service, entry.sources.clone(), entry.conditions.clone());
        let at = *known.entry(key).or_insert(together.len());
        let first = match together.get_mut(at) {
            Some(first) => first,
            None => {
                together.push(entry);
                let Some(first) = together.get_mut(at) else { continue };
                first
            }
        };
        let conditions = first.conditions.get_or_insert_default();
        conditions.states = States::of(states.iter().chain(conditions.states.into_iter().flat_map(States::iter)));
    }
    together
}
