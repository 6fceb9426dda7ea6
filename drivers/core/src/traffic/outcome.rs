//! What becomes of traffic that terms have all of, depending on which symbols hold for it.

use crate::traffic::budget::TooMuch;
use crate::traffic::packet::Verdict;
use crate::traffic::space::{Space, Term};
use crate::traffic::symbol::Together;

/// Up to so many symbols that matter for a piece of traffic, all that can hold together is looked at. With more, what may be so
/// is taken to be so.
const MAX_SYMBOLS: usize = 8;

/// What becomes of traffic that each of these terms has all of: the first that holds decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'l, 't> {
    pub(super) terms: &'l [&'t Term],
    pub(super) rest: Verdict,
}

impl Outcome<'_, '_> {
    /// What becomes of it, whatever holds; none where it depends on that.
    pub(super) fn always(&self) -> Option<Verdict> {
        match self.terms.first() {
            None => Some(self.rest),
            Some(first) => first.together.is_always().then_some(first.verdict),
        }
    }

    /// What can become of it where these symbols hold; more, perhaps, where there are many symbols.
    pub(super) fn verdicts(&self, space: &Space<'_>, given: &Together) -> Result<Vec<Verdict>, TooMuch> {
        let mut verdicts = Vec::new();
        for verdict in Verdict::ALL {
            if self.can_be(space, given, |possible| possible == verdict)? {
                verdicts.push(verdict);
            }
        }
        Ok(verdicts)
    }

    /// Whether such a verdict can be where these symbols hold; or could, perhaps, where there are many symbols.
    fn can_be(&self, space: &Space<'_>, given: &Together, is_such: impl Fn(Verdict) -> bool) -> Result<bool, TooMuch> {
        if let Some(holding) = Holding::all(space, &[*self], given)? {
            return Ok(holding.iter().any(|holding| is_such(holding.verdict(self))));
        }
        for (at, term) in self.terms.iter().enumerate() {
            let is_possible = space.symbols.go_together(term.together.symbols(), given.symbols());
            let is_last = term.together.follows_from(given.symbols());
            if is_last || is_possible && is_such(term.verdict) {
                space.budget.compare(at)?;
                return Ok(is_possible && is_such(term.verdict));
            }
        }
        space.budget.compare(self.terms.len())?;
        Ok(is_such(self.rest))
    }

    /// Whether what has these symbols can come so far.
    fn can_reach(&self, space: &Space<'_>, given: &Together, reach: u8) -> Result<bool, TooMuch> {
        self.can_be(space, given, |verdict| verdict.reach() >= reach)
    }

    /// Whether what has these symbols surely comes so far.
    fn surely_reaches(&self, space: &Space<'_>, given: &Together, reach: u8) -> Result<bool, TooMuch> {
        self.can_be(space, given, |verdict| verdict.reach() < reach).map(|can_fall_short| !can_fall_short)
    }

    /// What may come through: with which symbols, and how far.
    fn ways(&self) -> impl Iterator<Item = (Together, u8)> {
        let is_first = |at: usize, term: &Term| {
            !self.terms.iter().take(at).any(|earlier| earlier.together.follows_from(term.together.symbols()))
        };
        let of_terms = self.terms.iter().enumerate().filter(move |(at, term)| is_first(*at, term));
        let of_terms = of_terms.map(|(_, term)| (term.together.clone(), term.verdict.reach()));
        of_terms.chain([(Together::default(), self.rest.reach())]).filter(|(_, reach)| *reach > 0)
    }
}

/// With which symbols traffic comes further by `to` than by `from`: it does with each of these, and perhaps others that do not
/// matter; and whatever does has all of one of them.
pub(super) fn rising(space: &Space<'_>, from: Outcome<'_, '_>, to: Outcome<'_, '_>) -> Result<Vec<Together>, TooMuch> {
    if let (Some(from), Some(to)) = (from.always(), to.always()) {
        return Ok(if to.reach() > from.reach() { vec![Together::default()] } else { Vec::new() });
    }
    let nothing = Together::default();
    let mut rising: Vec<Together> = match Holding::all(space, &[from, to], &nothing)? {
        Some(holding) => holding.iter().filter(|holding| holding.rises(&from, &to)).map(Holding::together).collect(),
        None => perhaps_rising(space, from, to)?,
    };
    rising.sort_by_cached_key(|together| together.symbols().len());
    let mut least: Vec<Together> = Vec::new();
    for together in rising {
        space.budget.compare(least.len())?;
        if !least.iter().any(|less| less.follows_from(together.symbols())) {
            least.push(together);
        }
    }
    Ok(least)
}

/// The same where too many symbols matter: with others, perhaps, too.
fn perhaps_rising(space: &Space<'_>, from: Outcome<'_, '_>, to: Outcome<'_, '_>) -> Result<Vec<Together>, TooMuch> {
    let are_same = |(one, other): &(&&Term, &&Term)| one.verdict == other.verdict && one.together == other.together;
    let same = from.terms.iter().zip(to.terms).take_while(are_same).count();
    // What these decide about they decide as before.
    let (same, changed) = to.terms.split_at_checked(same).unwrap_or_default();
    let is_as_before = |way: &Together| same.iter().any(|term| term.together.follows_from(way.symbols()));
    let from = Outcome { terms: from.terms.get(same.len()..).unwrap_or_default(), ..from };
    let changed = Outcome { terms: changed, ..to };
    // Each is held against those before it.
    space.budget.compare(changed.terms.len() * to.terms.len())?;
    let mut rising = Vec::new();
    for (way, reach) in changed.ways().filter(|(way, _)| !is_as_before(way)) {
        if to.can_reach(space, &way, reach)? && !from.surely_reaches(space, &way, reach)? {
            rising.push(way);
        }
    }
    Ok(rising)
}

/// The symbols that hold for some traffic.
pub(super) struct Holding(Vec<usize>);

impl Holding {
    /// All that can hold for traffic that has the given symbols, as far as it matters to these; none where too much does.
    pub(super) fn all(
        space: &Space<'_>,
        outcomes: &[Outcome<'_, '_>],
        given: &Together,
    ) -> Result<Option<Vec<Self>>, TooMuch> {
        let mut open: Vec<usize> = Vec::new();
        for term in outcomes.iter().flat_map(|outcome| outcome.terms) {
            let new = |symbol: &&usize| !open.contains(symbol) && !given.symbols().contains(symbol);
            let new: Vec<_> = term.together.symbols().iter().filter(new).copied().collect();
            open.extend(new);
            if open.len() > MAX_SYMBOLS {
                return Ok(None);
            }
        }
        let mut all = vec![given.symbols().to_vec()];
        for symbol in open {
            let without = all.iter().filter(|holding| space.symbols.go_together(holding, &[symbol]));
            let with: Vec<Vec<usize>> =
                without.map(|holding| holding.iter().copied().chain([symbol]).collect()).collect();
            all.extend(with);
        }
        // Each of them will be held against the terms.
        let terms: usize = outcomes.iter().map(|outcome| outcome.terms.len()).sum();
        space.budget.look((all.len() + 1) * (terms + 8))?;
        Ok(Some(all.into_iter().map(Self).collect()))
    }

    /// Whether all holds that a term asks for.
    pub(super) fn has(&self, term: &Term) -> bool {
        term.together.follows_from(&self.0)
    }

    fn verdict(&self, outcome: &Outcome<'_, '_>) -> Verdict {
        let deciding = outcome.terms.iter().find(|term| self.has(term));
        deciding.map_or(outcome.rest, |term| term.verdict)
    }

    fn rises(&self, from: &Outcome<'_, '_>, to: &Outcome<'_, '_>) -> bool {
        self.verdict(to).reach() > self.verdict(from).reach()
    }

    fn together(&self) -> Together {
        self.0.iter().copied().collect()
    }
}
