//! Rules that let the world in.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::conditions::State;
use crate::model::Direction;
use crate::traffic::address;
use crate::traffic::axis::{Span, merged};
use crate::traffic::deciding::{Deciding, Rules};
use crate::traffic::divide::divide;
use crate::traffic::packet::Verdict;
use crate::traffic::report::by_services;
use crate::traffic::space::{Region, Space, Term};
use crate::traffic::symbol::Symbol;

/// The rules by which a service can be reached from more than half of what there is of IPv4 or IPv6: those that let so much in by
/// themselves, and where none does, all that do together.
pub(super) fn open_to_world(rules: &Rules<'_>) -> Vec<usize> {
    let (space, sets) = Space::new(Direction::Ingress, &[rules], None);
    let Some(set) = sets.first() else { return Vec::new() };
    let mut parts: Vec<(usize, Region)> = Vec::new();
    let _ = divide(space.whole(), &[set.terms.iter().collect()], 1, &mut |region, lists| {
        for (at, term) in lists.iter().flatten().enumerate() {
            let has_decided = |earlier: &&Term| earlier.together.follows_from(term.together.symbols());
            if lets_strangers_in(&space, term) && !lists.iter().flatten().take(at).any(has_decided) {
                parts.push((term.rule, region));
            }
        }
        ControlFlow::Continue(())
    });
    let regions: Vec<_> = parts.iter().map(|(_, region)| *region).collect();
    let is_open = |addresses: &[Span]| address::are_most_of_a_family(&space.addresses.points(addresses));
    let open: Vec<Span> =
        by_services(&regions).into_iter().filter(|(_, from)| is_open(from)).map(|(to, _)| to).collect();
    let alone: BTreeSet<usize> =
        rules.rules.iter().enumerate().filter(|(_, rule)| is_most(rule)).map(|it| it.0).collect();
    let mut blamed = BTreeSet::new();
    let mut explained = BTreeSet::new();
    for (rule, region) in parts.iter().filter(|(rule, _)| alone.contains(rule)) {
        let services: Vec<_> = within(&open, region.services).collect();
        if !services.is_empty() {
            blamed.insert(*rule);
            explained.extend(services);
        }
    }
    for (rule, region) in &parts {
        if within(&open, region.services).any(|services| !explained.contains(&services)) {
            blamed.insert(*rule);
        }
    }
    blamed.into_iter().collect()
}

/// Those of the services that are within others.
fn within(open: &[Span], services: Span) -> impl Iterator<Item = Span> {
    let first = open.partition_point(|(from, _)| *from < services.0);
    open.iter().skip(first).take_while(move |(from, _)| *from < services.1).copied()
}

/// Whether a rule's addresses are most of a family.
fn is_most(rule: &Deciding<'_>) -> bool {
    address::are_most_of_a_family(&merged(rule.sources.iter().filter_map(address::of).collect()))
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
