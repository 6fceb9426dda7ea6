//! Rules without which nothing would be different.

use std::collections::BTreeSet;

use crate::capabilities::Order;
use crate::model::Direction;
use crate::traffic::budget::{Budget, TooMuch};
use crate::traffic::deciding::Rules;
use crate::traffic::divide::{Visitor, explore};
use crate::traffic::outcome::{Holding, Outcome};
use crate::traffic::packet::Verdict;
use crate::traffic::space::{Region, Set, Space, Term};
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
pub(super) fn idle(rules: &Rules<'_>, budget: &Budget) -> Result<Idle, TooMuch> {
    let mut idle = Idle::default();
    for direction in [Direction::Ingress, Direction::Egress] {
        let (space, set) = Space::of_each(direction, rules, budget);
        let uses = Uses::of(&space, &set)?;
        let of_direction = rules.rules.iter().enumerate().filter(|(_, rule)| rule.direction == direction);
        let for_something = set.terms.iter().filter(|term| term.around().is_some()).map(|term| term.rule);
        let for_something: BTreeSet<usize> = for_something.collect();
        let all = of_direction.clone().map(|(index, _)| index);
        let shadowed: BTreeSet<usize> = match rules.order {
            Order::Ordered => all.filter(|index| !uses.matching.contains(index)).collect(),
            Order::Unordered => all.filter(|index| !for_something.contains(index)).collect(),
        };
        let mut without = shadowed.clone();
        for (index, rule) in of_direction.rev() {
            let may_be = !rule.is_logged && !uses.needed.contains(&index) && !without.contains(&index);
            if may_be && !is_needed(&space, &set, index, &without)? {
                without.insert(index);
                idle.redundant.push(index);
            }
        }
        idle.shadowed.extend(shadowed);
    }
    idle.shadowed.sort_unstable();
    idle.redundant.sort_unstable();
    Ok(idle)
}

/// Looks for rules that decide about something, and among them for those without which something else would become of it.
struct Uses<'s, 'a> {
    space: &'s Space<'a>,
    rest: Verdict,
    matching: BTreeSet<usize>,
    needed: BTreeSet<usize>,
}

impl<'s, 'a> Uses<'s, 'a> {
    fn of(space: &'s Space<'a>, set: &Set) -> Result<Self, TooMuch> {
        let mut uses = Self { space, rest: set.rest, matching: BTreeSet::new(), needed: BTreeSet::new() };
        explore(space.whole(), &[set.terms.iter().collect()], 2, space.budget, &mut uses)?;
        Ok(uses)
    }
}

impl Visitor<'_> for Uses<'_, '_> {
    type Stop = TooMuch;

    fn asks(&self, lists: &[Vec<&Term>]) -> bool {
        lists.iter().flatten().any(|term| !self.needed.contains(&term.rule))
    }

    fn visit(&mut self, _: Region, lists: &[Vec<&Term>]) -> Result<(), TooMuch> {
        for terms in lists {
            for (rule, is_needed) in uses(self.space, &Outcome { terms, rest: self.rest })? {
                self.matching.insert(rule);
                if is_needed {
                    self.needed.insert(rule);
                }
            }
        }
        Ok(())
    }
}

/// Looks for something that a rule is needed for.
struct Need<'s, 'a> {
    space: &'s Space<'a>,
    rest: Verdict,
    rule: usize,
}

/// Why it is looked no further.
enum Stop {
    Found,
    TooMuch(TooMuch),
}

impl From<TooMuch> for Stop {
    fn from(why: TooMuch) -> Self {
        Self::TooMuch(why)
    }
}

impl Visitor<'_> for Need<'_, '_> {
    type Stop = Stop;

    fn asks(&self, lists: &[Vec<&Term>]) -> bool {
        lists.iter().flatten().any(|term| term.rule == self.rule)
    }

    fn visit(&mut self, _: Region, lists: &[Vec<&Term>]) -> Result<(), Stop> {
        for terms in lists {
            if uses(self.space, &Outcome { terms, rest: self.rest })?.contains(&(self.rule, true)) {
                return Err(Stop::Found);
            }
        }
        Ok(())
    }
}

/// Whether something else would become of some traffic if the rule were not there, those that are gone being so.
fn is_needed(space: &Space<'_>, set: &Set, rule: usize, gone: &BTreeSet<usize>) -> Result<bool, TooMuch> {
    space.budget.compare(set.terms.len())?;
    let left = set.terms.iter().filter(|term| !gone.contains(&term.rule)).collect();
    let of_rule = set.terms.iter().filter(|term| term.rule == rule);
    let Some(around) = of_rule.filter_map(Term::around).reduce(Region::around) else { return Ok(false) };
    match explore(around, &[left], 2, space.budget, &mut Need { space, rest: set.rest, rule }) {
        Ok(()) => Ok(false),
        Err(Stop::Found) => Ok(true),
        Err(Stop::TooMuch(why)) => Err(why),
    }
}

/// The rules that can decide about this, each with whether something else would become of it without that rule. Where too many symbols
/// matter, all are taken to be needed.
fn uses(space: &Space<'_>, outcome: &Outcome<'_, '_>) -> Result<Vec<(usize, bool)>, TooMuch> {
    if let Some(holding) = Holding::all(space, &[*outcome], &Together::default())? {
        return Ok(holding.iter().filter_map(|holding| decides(holding, outcome)).collect());
    }
    // Each is held against those before it.
    space.budget.compare(outcome.terms.len() * outcome.terms.len() / 2)?;
    Ok(matching(outcome).map(|rule| (rule, true)).collect())
}

/// The rules one of whose terms can be the first that holds: none before it holds wherever it does.
fn matching(outcome: &Outcome<'_, '_>) -> impl Iterator<Item = usize> {
    let is_first = |at: usize, term: &Term| {
        !outcome.terms.iter().take(at).any(|earlier| earlier.together.follows_from(term.together.symbols()))
    };
    outcome.terms.iter().enumerate().filter(move |(at, term)| is_first(*at, term)).map(|(_, term)| term.rule)
}

/// The rule that decides, and whether something else would become of the traffic without it.
fn decides(holding: &Holding, outcome: &Outcome<'_, '_>) -> Option<(usize, bool)> {
    let first = outcome.terms.iter().find(|term| holding.has(term))?;
    let next = outcome.terms.iter().find(|term| term.rule != first.rule && holding.has(term));
    Some((first.rule, next.map_or(outcome.rest, |term| term.verdict) != first.verdict))
}
