//! What a change opens and closes.

use std::collections::BTreeMap;

use crate::model::Direction;
use crate::traffic::budget::{Budget, TooMuch};
use crate::traffic::deciding::Rules;
use crate::traffic::divide::divide;
use crate::traffic::outcome::{Outcome, rising};
use crate::traffic::report;
use crate::traffic::space::{Region, Set, Space};
use crate::traffic::symbol::Together;
use crate::traffic::text::Traffic;

/// What comes further by one set of rules than by another, and the other way round.
pub(super) fn between(
    before: &Rules<'_>,
    after: &Rules<'_>,
    budget: &Budget,
) -> Result<(Vec<Traffic>, Vec<Traffic>), TooMuch> {
    let (mut opens, mut closes) = (Vec::new(), Vec::new());
    for direction in [Direction::Ingress, Direction::Egress] {
        let (space, [before, after]) = Space::of_all(direction, [before, after], None, budget);
        let changes = Changes { space: &space, direction, before: &before, after: &after };
        let (more, less) = changes.parts()?;
        opens.extend(changes.report(&more)?);
        closes.extend(changes.report(&less)?);
    }
    Ok((opens, closes))
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
    fn parts(&self) -> Result<(Vec<Part>, Vec<Part>), TooMuch> {
        let (mut opens, mut closes) = (Vec::new(), Vec::new());
        let lists = [self.before, self.after].map(|set| set.terms.iter().collect());
        divide(self.space.whole(), &lists, self.space.budget, |region, lists| {
            let [before, after] = lists else { return Ok(()) };
            let before = Outcome { terms: before, rest: self.before.rest };
            let after = Outcome { terms: after, rest: self.after.rest };
            for (from, to, parts) in [(before, after, &mut opens), (after, before, &mut closes)] {
                let least = rising(self.space, from, to)?;
                self.space.budget.keep(least.len())?;
                if !least.is_empty() {
                    parts.push(Part { region, least });
                }
            }
            Ok(())
        })?;
        Ok((opens, closes))
    }

    fn report(&self, parts: &[Part]) -> Result<Vec<Traffic>, TooMuch> {
        let mut regions: BTreeMap<&Together, Vec<Region>> = BTreeMap::new();
        for part in parts {
            for together in &part.least {
                regions.entry(together).or_default().push(part.region);
            }
        }
        report::traffic(self.space, self.direction, regions)
    }
}
