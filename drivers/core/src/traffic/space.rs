//! All traffic of one direction, with what rules match of it.

use crate::model::Direction;
use crate::traffic::address::{self, Address, Addresses};
use crate::traffic::axis::{Axis, Span};
use crate::traffic::budget::Budget;
use crate::traffic::deciding::Rules;
use crate::traffic::matched::{Matched, matched, united};
use crate::traffic::packet::Verdict;
use crate::traffic::service::{self, Numbers};
use crate::traffic::symbol::{Symbols, Together};

/// All traffic of one direction: services one way, addresses the other, and symbols that hold or not.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) services: Axis<u32>,
    pub(super) addresses: Axis<Address>,
    pub(super) symbols: Symbols<'a>,
    /// What may be done in it.
    pub(super) budget: &'a Budget,
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
    pub(super) services: Vec<Span>,
    pub(super) addresses: Vec<Span>,
    /// What has to hold.
    pub(super) together: Together,
}

impl Term {
    /// The least region that has all it matches; none where it matches nothing.
    pub(super) fn around(&self) -> Option<Region> {
        let around = |spans: &[Span]| Some((spans.first()?.0, spans.last()?.1));
        Some(Region { services: around(&self.services)?, addresses: around(&self.addresses)? })
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

impl Region {
    /// The least that has both.
    pub(super) fn around(self, other: Self) -> Self {
        let around = |one: Span, other: Span| (one.0.min(other.0), one.1.max(other.1));
        let services = around(self.services, other.services);
        Self { services, addresses: around(self.addresses, other.addresses) }
    }
}

impl<'a> Space<'a> {
    /// The traffic of a direction in which all that these rules tell apart can be told apart, and what each matches of it.
    pub(super) fn of_each(direction: Direction, rules: &Rules<'a>, budget: &'a Budget) -> (Self, Set) {
        let mut symbols = Symbols::default();
        let matched = matched(direction, rules, &mut symbols);
        let space = Self::new(symbols, &[&matched], None, budget);
        let set = space.set(&matched, rules.rest(direction));
        (space, set)
    }

    /// The same for several sets of rules and a scope, where it does not matter which rule of a set decides.
    pub(super) fn of_all<const N: usize>(
        direction: Direction,
        all: [&Rules<'a>; N],
        scope: Option<&Scope>,
        budget: &'a Budget,
    ) -> (Self, [Set; N]) {
        let mut symbols = Symbols::default();
        let all = all.map(|rules| (united(matched(direction, rules, &mut symbols)), rules.rest(direction)));
        let space = Self::new(symbols, &all.each_ref().map(|(matched, _)| matched.as_slice()), scope, budget);
        let sets = all.map(|(matched, rest)| space.set(&matched, rest));
        (space, sets)
    }

    fn new(symbols: Symbols<'a>, all: &[&[Matched]], scope: Option<&Scope>, budget: &'a Budget) -> Self {
        let all = || all.iter().copied().flatten();
        let scoped = scope.map(|scope| [scope.services]);
        let services = all().map(|matched| &*matched.services).chain(scoped.as_ref().map(<[_; 1]>::as_slice));
        let addresses = all().map(|matched| &*matched.addresses).chain(scope.map(|scope| scope.addresses.as_slice()));
        let (services, addresses) = (Axis::new(service::ALL, services), Axis::new(address::ALL, addresses));
        Self { services, addresses, symbols, budget }
    }

    fn set(&self, matched: &[Matched], rest: Verdict) -> Set {
        let term = |matched: &Matched| Term {
            rule: matched.rule,
            verdict: matched.verdict,
            services: self.services.spans(&matched.services),
            addresses: self.addresses.spans(&matched.addresses),
            together: matched.together.clone(),
        };
        Set { terms: matched.iter().map(term).collect(), rest }
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
}
