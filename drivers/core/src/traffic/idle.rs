//! Rules without which nothing would be different.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::capabilities::Order;
use crate::model::Direction;
use crate::traffic::deciding::Rules;
use crate::traffic::divide::{divide, divide_for};
use crate::traffic::outcome::{Holding, Outcome};
use crate::traffic::space::{Set, Space, Term};
use crate::traffic::symbol::Together;

/// Rules that do nothing, by their indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Idle {
    /// They can never match: rules before them decide about all they are for, or they are for nothing.
    pub shadowed: Vec<usize>,
    /// They match, and without them, and all others here, the same would become of all traffic. Of rules that make each other
    /// redundant the last are here. One that logs never is, nor is one with a rate.
    pub redundant: Vec<usize>,
}

/// The rules that do nothing.
pub(super) fn idle(rules: &Rules<'_>) -> Idle {
    let mut idle = Idle::default();
    for direction in [Direction::Ingress, Direction::Egress] {
        let (space, sets) = Space::new(direction, &[rules], None);
        let Some(set) = sets.first() else { continue };
        let uses = Uses::of(&space, set);
        let of_direction = rules.rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction);
        let is_for_something = |rule: &usize| set.terms.iter().any(|term| term.rule == *rule && term.is_something());
        let all = of_direction.clone().map(|(index, _)| index);
        let shadowed: BTreeSet<usize> = match rules.order {
            Order::Ordered => all.filter(|index| !uses.matching.contains(index)).collect(),
            Order::Unordered => all.filter(|index| !is_for_something(index)).collect(),
        };
        let mut without = shadowed.clone();
        for (index, rule) in of_direction.rev() {
            let may_be = !rule.is_logged && !uses.needed.contains(&index) && !without.contains(&index);
            if may_be && !is_needed(&space, set, index, &without) {
                without.insert(index);
                idle.redundant.push(index);
            }
        }
        idle.shadowed.extend(shadowed);
    }
    idle.shadowed.sort_unstable();
    idle.redundant.sort_unstable();
    idle
}

/// Rules that decide about something, and among them those without which another would, and otherwise.
#[derive(Default)]
struct Uses {
    matching: BTreeSet<usize>,
    needed: BTreeSet<usize>,
}

impl Uses {
    fn of(space: &Space<'_>, set: &Set) -> Self {
        let mut uses = Self::default();
        let _ = divide(space.whole(), &[set.terms.iter().collect()], 2, &mut |_, lists| {
            for list in lists {
                uses.see(space, &Outcome { terms: list, rest: set.rest });
            }
            ControlFlow::Continue(())
        });
        uses
    }

    fn see(&mut self, space: &Space<'_>, outcome: &Outcome<'_, '_>) {
        let Some(holding) = Holding::all(&space.symbols, &[*outcome], &Together::default()) else {
            for rule in matching(outcome) {
                self.matching.insert(rule);
                self.needed.insert(rule);
            }
            return;
        };
        for (first, is_needed) in holding.iter().filter_map(|holding| decides(holding, outcome)) {
            self.matching.insert(first.rule);
            if is_needed {
                self.needed.insert(first.rule);
            }
        }
    }
}

/// The rules one of whose terms can be the first that holds: none before it holds wherever it does.
fn matching(outcome: &Outcome<'_, '_>) -> impl Iterator<Item = usize> {
    let is_first = |at: usize, term: &Term| {
        let holds_too = |earlier: &&&Term| earlier.together.follows_from(term.together.symbols());
        !outcome.terms.iter().take(at).any(|earlier| holds_too(&earlier))
    };
    outcome.terms.iter().enumerate().filter(move |(at, term)| is_first(*at, term)).map(|(_, term)| term.rule)
}

/// The term that decides, and whether something else would become of the traffic without its rule.
fn decides<'t>(holding: &Holding, outcome: &Outcome<'_, 't>) -> Option<(&'t Term, bool)> {
    let first = outcome.terms.iter().find(|term| holding.has(term))?;
    let next = outcome.terms.iter().find(|term| term.rule != first.rule && holding.has(term));
    Some((*first, next.map_or(outcome.rest, |term| term.verdict) != first.verdict))
}

/// Whether something else would become of some traffic if the rule were not there, those that are gone being so.
fn is_needed(space: &Space<'_>, set: &Set, rule: usize, gone: &BTreeSet<usize>) -> bool {
    let left = set.terms.iter().filter(|term| !gone.contains(&term.rule)).collect();
    divide_for(rule, space.whole(), &[left], 2, &mut |_, lists| {
        let is_needed = lists.iter().any(|list| {
            let outcome = Outcome { terms: list, rest: set.rest };
            match Holding::all(&space.symbols, &[outcome], &Together::default()) {
                Some(holding) => holding.iter().any(|holding| {
                    decides(holding, &outcome).is_some_and(|(first, is_needed)| first.rule == rule && is_needed)
                }),
                None => matching(&outcome).any(|matching| matching == rule),
            }
        });
        if is_needed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .is_break()
}
