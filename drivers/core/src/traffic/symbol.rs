//! What cannot be told from a packet's addresses and ports, and holds for it or not.

use std::collections::HashMap;

use crate::conditions::{Conditions, InterfaceName, MacAddress, PacketType, State, States};
use crate::limit::LimitUnit;
use crate::source::{Group, Source};
use crate::text::PrefixListId;
use crate::traffic::deciding::Deciding;

/// Something that holds for a packet or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Symbol<'a> {
    /// The group stands where it comes from.
    Group(&'a Group),
    /// The list has the address that it comes from.
    PrefixList(&'a PrefixListId),
    /// It comes in by the interface.
    Interface(&'a InterfaceName),
    /// Its connection is in the state.
    State(State),
    /// It comes from the hardware address.
    Mac(MacAddress),
    /// It is meant for so many.
    PacketType(PacketType),
    /// It is on the side of a rate that the rule is about. Each rule counts by itself: `nth` is how many like it come before.
    Limit { rule: Deciding<'a>, nth: usize },
}

impl Symbol<'_> {
    /// Whether both cannot hold at once: a packet comes in by one interface.
    fn excludes(&self, other: &Self) -> bool {
        let are_of_one_kind = matches!(
            (self, other),
            (Self::Interface(_), Self::Interface(_))
                | (Self::State(_), Self::State(_))
                | (Self::Mac(_), Self::Mac(_))
                | (Self::PacketType(_), Self::PacketType(_))
        );
        are_of_one_kind && self != other
    }
}

/// Symbols that hold together, by their numbers in order. None: it always holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Together(Vec<usize>);

impl Together {
    /// Whether it always holds.
    pub(super) fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds wherever these hold.
    pub(super) fn follows_from(&self, holding: &[usize]) -> bool {
        self.0.iter().all(|symbol| holding.contains(symbol))
    }

    /// The symbols' numbers.
    pub(super) fn symbols(&self) -> &[usize] {
        &self.0
    }
}

impl FromIterator<usize> for Together {
    fn from_iter<I: IntoIterator<Item = usize>>(symbols: I) -> Self {
        let mut symbols: Vec<_> = symbols.into_iter().collect();
        symbols.sort_unstable();
        symbols.dedup();
        Self(symbols)
    }
}

/// The symbols that occur, with a number for each.
#[derive(Debug, Default)]
pub(super) struct Symbols<'a> {
    numbers: HashMap<Symbol<'a>, usize>,
    all: Vec<Symbol<'a>>,
}

impl<'a> Symbols<'a> {
    /// The symbol of a number that was given.
    pub(super) fn get(&self, number: usize) -> Option<Symbol<'a>> {
        self.all.get(number).copied()
    }

    /// Whether these can hold where those do.
    pub(super) fn go_together(&self, these: &[usize], those: &[usize]) -> bool {
        let excludes = |one: &usize, other: &usize| match (self.all.get(*one), self.all.get(*other)) {
            (Some(one), Some(other)) => one.excludes(other),
            _ => false,
        };
        !these.iter().any(|one| those.iter().any(|other| excludes(one, other)))
    }

    /// What has to hold for a rule, beside its sources and ports: any of these. `nth` is how many rules like it come before.
    pub(super) fn of_conditions(&mut self, rule: Deciding<'a>, nth: usize) -> Vec<Together> {
        let limit = rule.conditions.and_then(|conditions| conditions.limit);
        // What is not the first of its connection is not counted, and so not the rule's.
        let counts_new = limit.is_some_and(|limit| limit.unit == LimitUnit::NewConnections);
        let states = if counts_new { States::of([State::New]) } else { rule.conditions.and_then(|it| it.states) };
        self.all_of(rule.conditions, limit.map(|_| Symbol::Limit { rule, nth }), states)
    }

    /// What has to hold for some traffic, beside its sources and ports: any of these. No rate is said to.
    pub(super) fn of_traffic(&mut self, conditions: Option<&'a Conditions>) -> Vec<Together> {
        self.all_of(conditions, None, conditions.and_then(|conditions| conditions.states))
    }

    fn all_of(
        &mut self,
        conditions: Option<&'a Conditions>,
        limit: Option<Symbol<'a>>,
        states: Option<States>,
    ) -> Vec<Together> {
        let Some(Conditions { interface, mac, packet_type, .. }) = conditions else {
            return vec![Together::default()];
        };
        let fixed = [
            interface.as_ref().map(Symbol::Interface),
            limit,
            mac.map(Symbol::Mac),
            packet_type.map(Symbol::PacketType),
        ];
        let fixed: Vec<_> = fixed.into_iter().flatten().map(|symbol| self.number(symbol)).collect();
        let Some(states) = states else { return vec![fixed.into_iter().collect()] };
        states.iter().map(|state| fixed.iter().copied().chain([self.number(Symbol::State(state))]).collect()).collect()
    }

    /// What has to hold for a source that is no addresses, beside what else has to.
    pub(super) fn with_source(&mut self, others: &Together, source: &'a Source) -> Option<Together> {
        let symbol = match source {
            Source::Group(group) => Symbol::Group(group),
            Source::PrefixList(list) => Symbol::PrefixList(list),
            Source::Address(_) | Source::Range(_) => return None,
        };
        Some(others.0.iter().copied().chain([self.number(symbol)]).collect())
    }

    fn number(&mut self, symbol: Symbol<'a>) -> usize {
        let next = self.all.len();
        let number = *self.numbers.entry(symbol).or_insert(next);
        if number == next {
            self.all.push(symbol);
        }
        number
    }
}
