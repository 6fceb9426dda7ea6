//! Rules that let the world in.

use std::collections::BTreeSet;

use crate::conditions::State;
use crate::model::{Action, Direction};
use crate::source::Source;
use crate::traffic::address::{self, Sizes, WORLDS, World};
use crate::traffic::axis::{self, Span, merged};
use crate::traffic::budget::{Budget, TooMuch};
use crate::traffic::deciding::{Deciding, Rules};
use crate::traffic::divide::divide;
use crate::traffic::packet::Verdict;
use crate::traffic::report::by_services;
use crate::traffic::service::Numbers;
use crate::traffic::space::{Region, Set, Space, Term};
use crate::traffic::symbol::Symbol;
use crate::traffic::text::Traffic;

/// By which rules the world is let in.
#[derive(Debug, Default)]
pub(super) struct LetIn {
    /// The rules, by their indexes.
    pub(super) rules: BTreeSet<usize>,
    /// Which services are open to most of each of the two families.
    services: [Vec<Numbers>; 2],
}

/// The rules by which a service can be reached from more than half of what there is of IPv4 or IPv6, and could not `before`: those that let so
/// much in by themselves, and where none does, all that do together.
pub(super) fn open_to_world(rules: &Rules<'_>, before: &LetIn, budget: &Budget) -> Result<LetIn, TooMuch> {
    let mut let_in = LetIn::default();
    if !is_open_somehow(rules) {
        return Ok(let_in);
    }
    let (space, set) = Space::of_each(Direction::Ingress, rules, budget);
    let parts = parts(&space, &set)?;
    let regions: Vec<_> = parts.iter().map(|(_, region)| *region).collect();
    let by_services = by_services(&regions, budget)?;
    for ((world, were_open), are_open) in WORLDS.iter().zip(&before.services).zip(&mut let_in.services) {
        let sizes: Vec<Sizes> = space.addresses.places().map(|addresses| world.sizes(&addresses)).collect();
        let is_open = |addresses: &[Span]| {
            world.is_mostly(addresses.iter().flat_map(|span| axis::within(&sizes, *span)).copied())
        };
        let mut open = Vec::new();
        for (services, addresses) in &by_services {
            budget.look(addresses.iter().map(|(from, to)| usize::try_from(to - from).unwrap_or(usize::MAX)).sum())?;
            if is_open(addresses) {
                open.push(*services);
            }
        }
        *are_open = space.services.points(&open, budget)?;
        let mut new = Vec::new();
        for services in open {
            let points = space.services.points(&[services], budget)?;
            budget.compare(points.len() * were_open.len())?;
            if !are_within(&points, were_open) {
                new.push(services);
            }
        }
        let is_for_world = |rule: &Deciding<'_>| is_mostly_from(*world, rule.sources);
        let_in.rules.extend(blamed(&parts, &new, budget, |rule| rules.rules.get(rule).is_some_and(is_for_world))?);
    }
    Ok(let_in)
}

/// Whether all that any rule lets in is from the world. Most rules do not, and then there is no need to look further.
fn is_open_somehow(rules: &Rules<'_>) -> bool {
    let is_let_in = |rule: &&Deciding<'_>| rule.action == Action::Accept && rule.direction == Direction::Ingress;
    let sources: Vec<&Source> = rules.rules.iter().filter(is_let_in).flat_map(|rule| rule.sources).collect();
    WORLDS.iter().any(|world| is_mostly_from(*world, sources.iter().copied()))
}

impl Traffic {
    /// Whether it comes in from more than half of what there is of IPv4 or IPv6, whatever else is so.
    pub fn is_from_the_world(&self) -> bool {
        let is_let_in = self.direction == Direction::Ingress && self.conditions.is_none();
        is_let_in && WORLDS.iter().any(|world| is_mostly_from(*world, &self.sources))
    }
}

fn is_mostly_from<'a>(world: World, sources: impl IntoIterator<Item = &'a Source>) -> bool {
    let addresses = merged(sources.into_iter().filter_map(address::of).collect());
    world.is_mostly([world.sizes(&addresses)].into_iter())
}

/// The traffic that comes in, each part with a rule that lets it in.
fn parts(space: &Space<'_>, set: &Set) -> Result<Vec<(usize, Region)>, TooMuch> {
    let mut parts = Vec::new();
    divide(space.whole(), &[set.terms.iter().collect()], space.budget, |region, lists| {
        for (at, term) in lists.iter().flatten().enumerate() {
            let has_decided = |earlier: &&Term| earlier.together.follows_from(term.together.symbols());
            if !lets_strangers_in(space, term) {
                continue;
            }
            space.budget.compare(at)?;
            if !lists.iter().flatten().take(at).any(has_decided) {
                space.budget.keep(1)?;
                parts.push((term.rule, region));
            }
        }
        Ok(())
    })?;
    Ok(parts)
}

/// The rules by which these services are open: those that are for the world, and where none is, all.
fn blamed(
    parts: &[(usize, Region)],
    open: &[Span],
    budget: &Budget,
    is_for_world: impl Fn(usize) -> bool,
) -> Result<BTreeSet<usize>, TooMuch> {
    let mut blamed = BTreeSet::new();
    let mut explained = BTreeSet::new();
    for (rule, region) in parts.iter().filter(|(rule, _)| is_for_world(*rule)) {
        for services in within(open, region.services) {
            budget.keep(1)?;
            blamed.insert(*rule);
            explained.insert(services);
        }
    }
    for (rule, region) in parts {
        budget.look(within(open, region.services).count())?;
        if within(open, region.services).any(|services| !explained.contains(&services)) {
            blamed.insert(*rule);
        }
    }
    Ok(blamed)
}

fn are_within(these: &[Numbers], others: &[Numbers]) -> bool {
    these.iter().all(|(from, to)| others.iter().any(|(first, end)| first <= from && to <= end))
}

/// Those of the services that are within others.
fn within(open: &[Span], services: Span) -> impl Iterator<Item = Span> {
    let first = open.partition_point(|(from, _)| *from < services.0);
    open.iter().skip(first).take_while(move |(from, _)| *from < services.1).copied()
}

/// Whether somebody is let in of whom no more is known than the address, and who has not been let in or asked before.
fn lets_strangers_in(space: &Space<'_>, term: &Term) -> bool {
    let mut symbols = term.together.symbols().iter().filter_map(|number| space.symbols.get(*number));
    let is_open = |symbol| match symbol {
        Symbol::Group(_) | Symbol::PrefixList(_) | Symbol::Mac(_) => false,
        Symbol::State(state) => state == State::New,
        Symbol::Interface(_) | Symbol::PacketType(_) | Symbol::Limit { .. } => true,
    };
    term.verdict == Verdict::Accept && symbols.all(is_open)
}
