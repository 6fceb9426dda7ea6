//! What rules match, as points of the plane.

use std::collections::HashMap;
use std::rc::Rc;

use crate::model::Direction;
use crate::traffic::address::{self, Addresses};
use crate::traffic::axis::merged;
use crate::traffic::deciding::Rules;
use crate::traffic::packet::Verdict;
use crate::traffic::service::{Numbers, Service};
use crate::traffic::symbol::{Symbols, Together};

/// What a rule matches; where it has sources of several kinds, a part of that.
#[derive(Debug)]
pub(super) struct Matched {
    /// The rule's index.
    pub(super) rule: usize,
    pub(super) verdict: Verdict,
    pub(super) services: Rc<[Numbers]>,
    pub(super) addresses: Rc<[Addresses]>,
    /// What has to hold.
    pub(super) together: Together,
}

/// What rules match in a direction, in their order.
pub(super) fn matched<'a>(direction: Direction, rules: &Rules<'a>, symbols: &mut Symbols<'a>) -> Vec<Matched> {
    let everywhere: Rc<[Addresses]> = Rc::new([address::ALL]);
    let mut all = Vec::with_capacity(rules.rules.len());
    let mut limited = HashMap::new();
    for (index, rule) in rules.rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction) {
        let nth = match rule.conditions.is_some_and(|conditions| conditions.limit.is_some()) {
            true => *limited.entry(*rule).and_modify(|nth| *nth += 1).or_insert(0_usize),
            false => 0,
        };
        let services: Rc<[Numbers]> = merged(Service::numbers_of(rule.protocol, rule.more_ports())).into();
        let from: Rc<[Addresses]> = merged(rule.sources.iter().filter_map(address::of).collect()).into();
        let mut add = |addresses: &Rc<[Addresses]>, together| {
            let (services, addresses) = (Rc::clone(&services), Rc::clone(addresses));
            all.push(Matched { rule: index, verdict: rule.action.into(), services, addresses, together });
        };
        for conditions in symbols.of_conditions(*rule, nth) {
            for source in rule.sources {
                if let Some(together) = symbols.with_source(&conditions, source) {
                    add(&everywhere, together);
                }
            }
            if !from.is_empty() {
                add(&from, conditions);
            }
        }
    }
    all
}

/// The same in fewer pieces. Rules that follow each other and do the same are one: those for the same services with the addresses of all,
/// and then those from the same addresses with the services of all.
pub(super) fn united(all: Vec<Matched>) -> Vec<Matched> {
    let mut united = Vec::with_capacity(all.len());
    let mut alike: Vec<Matched> = Vec::new();
    for matched in all {
        if alike.first().is_some_and(|first| first.verdict != matched.verdict) {
            united.append(&mut united_by_both(std::mem::take(&mut alike)));
        }
        alike.push(matched);
    }
    united.append(&mut united_by_both(alike));
    united
}

fn united_by_both(alike: Vec<Matched>) -> Vec<Matched> {
    let mut by_services: Vec<(Matched, Vec<Rc<[Addresses]>>)> = Vec::new();
    let mut known = HashMap::new();
    for matched in alike {
        let at = *known.entry((Rc::clone(&matched.services), matched.together.clone())).or_insert(by_services.len());
        let addresses = Rc::clone(&matched.addresses);
        match by_services.get_mut(at) {
            Some((_, all)) => all.push(addresses),
            None => by_services.push((matched, vec![addresses])),
        }
    }
    let mut by_addresses: Vec<(Matched, Vec<Rc<[Numbers]>>)> = Vec::new();
    let mut known = HashMap::new();
    for (matched, addresses) in by_services {
        let matched = Matched { addresses: together(&addresses), ..matched };
        let at = *known.entry((Rc::clone(&matched.addresses), matched.together.clone())).or_insert(by_addresses.len());
        let services = Rc::clone(&matched.services);
        match by_addresses.get_mut(at) {
            Some((_, all)) => all.push(services),
            None => by_addresses.push((matched, vec![services])),
        }
    }
    by_addresses.into_iter().map(|(matched, services)| Matched { services: together(&services), ..matched }).collect()
}

fn together<T: Copy + Ord>(all: &[Rc<[(T, T)]>]) -> Rc<[(T, T)]> {
    match all {
        [only] => Rc::clone(only),
        _ => merged(all.iter().flat_map(|these| these.iter().copied()).collect()).into(),
    }
}
