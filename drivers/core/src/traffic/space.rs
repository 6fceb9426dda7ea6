//! All traffic of one direction, with what rules match of it.

use std::collections::HashMap;
use std::rc::Rc;

use crate::model::Direction;
use crate::traffic::address::{self, Address, Addresses};
use crate::traffic::axis::{Axis, Span, merged};
use crate::traffic::deciding::Rules;
use crate::traffic::packet::Verdict;
use crate::traffic::service::{self, Numbers, Service};
use crate::traffic::symbol::{Symbols, Together};

/// All traffic of one direction: services one way, addresses the other, and symbols that hold or not.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) services: Axis<u32>,
    pub(super) addresses: Axis<Address>,
    pub(super) symbols: Symbols<'a>,
}

/// One set of rules in the space.
#[derive(Debug)]
pub(super) struct Set {
    /// What they match, in their order.
    pub(super) terms: Vec<Term>,
    /// What becomes of the rest.
    pub(super) rest: Verdict,
}

/// What a rule matches; where it has sources of several kinds, a part of that.
#[derive(Debug)]
pub(super) struct Term {
    /// The rule's index in its set.
    pub(super) rule: usize,
    pub(super) verdict: Verdict,
    pub(super) services: Rc<[Span]>,
    pub(super) addresses: Rc<[Span]>,
    /// What has to hold.
    pub(super) together: Together,
}

impl Term {
    /// Whether there is any traffic that it matches.
    pub(super) fn is_something(&self) -> bool {
        !self.services.is_empty() && !self.addresses.is_empty()
    }
}

/// Some services from some addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) services: Span,
    pub(super) addresses: Span,
}

/// Services and addresses that can be told from others, whatever rules there are.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) services: Numbers,
    pub(super) addresses: Vec<Addresses>,
}

impl<'a> Space<'a> {
    /// The traffic of a direction in which all that these rules and this scope tell apart can be told apart, and what they match of it.
    pub(super) fn new(direction: Direction, all: &[&Rules<'a>], scope: Option<&Scope>) -> (Self, Vec<Set>) {
        let mut services = Vec::new();
        let mut addresses = Vec::new();
        for rule in all.iter().flat_map(|rules| &rules.rules).filter(|rule| rule.direction == direction) {
            services.push(merged(Service::numbers_of(rule.protocol, rule.more_ports())));
            addresses.push(merged(rule.sources.iter().filter_map(address::of).collect()));
        }
        let scoped = scope.map(|scope| [scope.services]);
        let sets = services.iter().map(Vec::as_slice).chain(scoped.as_ref().map(<[_; 1]>::as_slice));
        let service_axis = Axis::new(service::ALL, sets);
        let sets = addresses.iter().map(Vec::as_slice).chain(scope.map(|scope| scope.addresses.as_slice()));
        let address_axis = Axis::new(address::ALL, sets);
        let mut space = Self { services: service_axis, addresses: address_axis, symbols: Symbols::default() };
        let mut matched = services.iter().zip(&addresses);
        let sets = all.iter().map(|rules| space.set(direction, rules, &mut matched)).collect();
        (space, sets)
    }

    /// All of it.
    pub(super) fn whole(&self) -> Region {
        Region { services: self.services.whole(), addresses: self.addresses.whole() }
    }

    /// What a scope is of it.
    pub(super) fn regions(&self, scope: &Scope) -> Vec<Region> {
        let services = self.services.spans(&[scope.services]);
        let addresses = self.addresses.spans(&scope.addresses);
        let of_services = |services| addresses.iter().map(move |addresses| Region { services, addresses: *addresses });
        services.into_iter().flat_map(of_services).collect()
    }

    fn set<'s>(
        &mut self,
        direction: Direction,
        rules: &Rules<'a>,
        matched: &mut impl Iterator<Item = (&'s Vec<Numbers>, &'s Vec<Addresses>)>,
    ) -> Set {
        let everywhere: Rc<[Span]> = Rc::new([self.addresses.whole()]);
        let mut terms = Vec::with_capacity(rules.rules.len());
        let mut limited = HashMap::new();
        let of_direction = rules.rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction);
        for ((index, rule), (services, addresses)) in of_direction.zip(matched) {
            let nth = match rule.conditions.is_some_and(|conditions| conditions.limit.is_some()) {
                true => *limited.entry(*rule).and_modify(|nth| *nth += 1).or_insert(0_usize),
                false => 0,
            };
            let services: Rc<[Span]> = self.services.spans(services).into();
            let from: Rc<[Span]> = self.addresses.spans(addresses).into();
            let mut add = |addresses: &Rc<[Span]>, together| {
                let (services, addresses) = (Rc::clone(&services), Rc::clone(addresses));
                terms.push(Term { rule: index, verdict: rule.action.into(), services, addresses, together });
            };
            for conditions in self.symbols.of_conditions(*rule, nth) {
                for source in rule.sources {
                    if let Some(together) = self.symbols.with_source(&conditions, source) {
                        add(&everywhere, together);
                    }
                }
                if !from.is_empty() {
                    add(&from, conditions);
                }
            }
        }
        Set { terms, rest: rules.rest(direction) }
    }
}
