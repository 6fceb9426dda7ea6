//! Dividing traffic until all of a part is treated alike.

use crate::traffic::axis::Span;
use crate::traffic::budget::{Budget, TooMuch};
use crate::traffic::space::{Region, Term};

/// Who is shown the parts of a region, each with the terms that have it, list by list.
pub(super) trait Visitor<'t> {
    /// Why no more is looked at.
    type Stop: From<TooMuch>;

    /// Whether a region is worth dividing of which these terms have something and no others do.
    fn asks(&self, lists: &[Vec<&'t Term>]) -> bool;

    /// Looks at a part that each of these terms has all of.
    fn visit(&mut self, region: Region, lists: &[Vec<&'t Term>]) -> Result<(), Self::Stop>;
}

/// Divides a region into parts of which each term has all or nothing, and shows them all, with the terms up to the one that decides.
pub(super) fn divide<'t>(
    region: Region,
    lists: &[Vec<&'t Term>],
    budget: &Budget,
    visit: impl FnMut(Region, &[Vec<&'t Term>]) -> Result<(), TooMuch>,
) -> Result<(), TooMuch> {
    explore(region, lists, 1, budget, &mut All(visit))
}

/// Divides a region into parts of which each term has all or nothing, and shows those that are asked for.
///
/// A list ends with the term behind which nothing is decided any more: one that always holds; where `rules` is two, one that does so
/// and is of another rule than the first such.
///
/// Cuts are in the middle of the ends that terms have in a region, in the direction that has more, so that a part has few terms soon,
/// and most are settled by a term that has all of it.
pub(super) fn explore<'t, V: Visitor<'t>>(
    region: Region,
    lists: &[Vec<&'t Term>],
    rules: usize,
    budget: &Budget,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    budget.look(lists.iter().map(Vec::len).sum())?;
    let mut ends = Ends::default();
    let lists: Vec<_> = lists.iter().map(|list| narrowed(list, region, rules, &mut ends)).collect();
    budget.look(ends.services.len() + ends.addresses.len())?;
    if !visitor.asks(&lists) {
        return Ok(());
    }
    let Some([first, second]) = ends.cut(region) else { return visitor.visit(region, &lists) };
    explore(first, &lists, rules, budget, visitor)?;
    explore(second, &lists, rules, budget, visitor)
}

struct All<F>(F);

impl<'t, F: FnMut(Region, &[Vec<&'t Term>]) -> Result<(), TooMuch>> Visitor<'t> for All<F> {
    type Stop = TooMuch;

    fn asks(&self, _: &[Vec<&'t Term>]) -> bool {
        true
    }

    fn visit(&mut self, region: Region, lists: &[Vec<&'t Term>]) -> Result<(), TooMuch> {
        (self.0)(region, lists)
    }
}

/// Where terms begin or end within a region.
#[derive(Default)]
struct Ends {
    services: Vec<u32>,
    addresses: Vec<u32>,
}

impl Ends {
    /// The two parts of the region; none where no term ends within it.
    fn cut(mut self, region: Region) -> Option<[Region; 2]> {
        if self.services.len() > self.addresses.len() {
            let at = median(&mut self.services)?;
            let Region { services: (from, to), addresses } = region;
            return Some([(from, at), (at, to)].map(|services| Region { services, addresses }));
        }
        let at = median(&mut self.addresses)?;
        let Region { services, addresses: (from, to) } = region;
        Some([(from, at), (at, to)].map(|addresses| Region { services, addresses }))
    }
}

fn median(ends: &mut [u32]) -> Option<u32> {
    let middle = ends.len() / 2;
    (!ends.is_empty()).then(|| *ends.select_nth_unstable(middle).1)
}

/// The terms that have something of the region, up to where nothing more is decided.
fn narrowed<'t>(list: &[&'t Term], region: Region, rules: usize, ends: &mut Ends) -> Vec<&'t Term> {
    let mut kept = Vec::new();
    let (mut settled, mut last) = (0, None);
    for term in list {
        let (services, addresses) = (have(&term.services, region.services), have(&term.addresses, region.addresses));
        if services == Part::Nothing || addresses == Part::Nothing {
            continue;
        }
        kept.push(*term);
        if services == Part::Some {
            ends_within(&term.services, region.services, &mut ends.services);
        }
        if addresses == Part::Some {
            ends_within(&term.addresses, region.addresses, &mut ends.addresses);
        }
        let is_settled = services == Part::All && addresses == Part::All && term.together.is_always();
        if is_settled && last != Some(term.rule) {
            (settled, last) = (settled + 1, Some(term.rule));
            if settled == rules {
                break;
            }
        }
    }
    kept
}

#[derive(PartialEq, Eq)]
enum Part {
    Nothing,
    Some,
    All,
}

/// How much of `region` these have, which are in order and do not adjoin.
fn have(spans: &[Span], region: Span) -> Part {
    let first = match spans {
        [only] => Some(only),
        _ => spans.get(spans.partition_point(|(_, to)| *to <= region.0)),
    };
    match first {
        Some((from, to)) if *from <= region.0 && *to >= region.1 => Part::All,
        Some((from, to)) if *from < region.1 && *to > region.0 => Part::Some,
        _ => Part::Nothing,
    }
}

fn ends_within(spans: &[Span], region: Span, ends: &mut Vec<u32>) {
    let skipped = spans.partition_point(|(_, to)| *to <= region.0);
    let these = spans.iter().skip(skipped).take_while(|(from, _)| *from < region.1);
    let is_within = |end: &u32| *end > region.0 && *end < region.1;
    ends.extend(these.flat_map(|(from, to)| [*from, *to]).filter(is_within));
}
