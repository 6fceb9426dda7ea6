//! What a change opens and closes.

use std::collections::BTreeMap;

use crate::model::Direction;
use crate::traffic::deciding::Rules;
use crate::traffic::divide::divide;
use crate::traffic::outcome::{Outcome, rising};
use crate::traffic::report;
use crate::traffic::space::{Region, Set, Space};
use crate::traffic::symbol::Together;
use crate::traffic::text::Traffic;

/// What comes further by one set of rules than by another, and the other way round.
pub(super) fn between(before: &Rules<'_>, after: &Rules<'_>) -> (Vec<Traffic>, Vec<Traffic>) {
    let (mut opens, mut closes) = (Vec::new(), Vec::new());
    for direction in [Direction::Ingress, Direction::Egress] {
        let (space, [before, after]) = Space::of_all(direction, [before, after], None);
        let changes = Changes { space: &space, direction, before: &before, after: &after };
        let (more, less) = changes.parts();
        opens.extend(changes.report(&more));
        closes.extend(changes.report(&less));
    }
    (opens, closes)
}

struct Changes<'s, 'a> {
    space: &'s Space<'a>,
    direction: Direction,
    before: &'s Set,
    after: &'s Set,
}

/// Traffic all of which changes alike.
struct Part {
    region: Region,
    /// With which symbols it changes.
    least: Vec<Together>,
}

impl Changes<'_, '_> {
    /// What opens, and what closes.
    fn parts(&self) -> (Vec<Part>, Vec<Part>) {
        let (mut opens, mut closes) = (Vec::new(), Vec::new());
        let lists = [self.before, self.after].map(|set| set.terms.iter().collect());
        divide(self.space.whole(), &lists, |region, lists| {
            let [before, after] = lists else { return };
            let before = Outcome { terms: before, rest: self.before.rest };
            let after = Outcome { terms: after, rest: self.after.rest };
            for (from, to, parts) in [(before, after, &mut opens), (after, before, &mut closes)] {
                let least = rising(&self.space.symbols, from, to);
                if !least.is_empty() {
                    parts.push(Part { region, least });
                }
            }
        });
        (opens, closes)
    }

    fn report(&self, parts: &[Part]) -> Vec<Traffic> {
        let mut regions: BTreeMap<&Together, Vec<Region>> = BTreeMap::new();
        for part in parts {
            for together in &part.least {
                regions.entry(together).or_default().push(part.region);
            }
        }
        report::traffic(self.space, self.direction, regions)
    }
}
