//! What becomes of traffic that terms have all of, depending on which symbols hold for it.

use crate::traffic::packet::Verdict;
use crate::traffic::space::Term;
use crate::traffic::symbol::{Symbols, Together};

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
    pub(super) fn verdicts(&self, symbols: &Symbols<'_>, given: &Together) -> impl Iterator<Item = Verdict> {
        Verdict::ALL.into_iter().filter(|verdict| self.can_be(symbols, given, |possible| possible == *verdict))
    }

    /// Whether such a verdict can be where these symbols hold; or could, perhaps, where there are many symbols.
    fn can_be(&self, symbols: &Symbols<'_>, given: &Together, is_such: impl Fn(Verdict) -> bool) -> bool {
        if let Some(holding) = Holding::all(symbols, &[*self], given) {
            return holding.iter().any(|holding| is_such(holding.verdict(self)));
        }
        for term in self.terms {
            let is_possible = symbols.go_together(term.together.symbols(), given.symbols());
            if is_possible && is_such(term.verdict) {
                return true;
            }
            if term.together.follows_from(given.symbols()) {
                return false;
            }
        }
        is_such(self.rest)
    }

    /// Whether what has these symbols can come so far.
    fn can_reach(&self, symbols: &Symbols<'_>, given: &Together, reach: u8) -> bool {
        self.can_be(symbols, given, |verdict| verdict.reach() >= reach)
    }

    /// Whether what has these symbols surely comes so far.
    fn surely_reaches(&self, symbols: &Symbols<'_>, given: &Together, reach: u8) -> bool {
        !self.can_be(symbols, given, |verdict| verdict.reach() < reach)
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
pub(super) fn rising(symbols: &Symbols<'_>, from: Outcome<'_, '_>, to: Outcome<'_, '_>) -> Vec<Together> {
    if let (Some(from), Some(to)) = (from.always(), to.always()) {
        return if to.reach() > from.reach() { vec![Together::default()] } else { Vec::new() };
    }
    let nothing = Together::default();
    let mut rising: Vec<Together> = match Holding::all(symbols, &[from, to], &nothing) {
        Some(holding) => holding.iter().filter(|holding| holding.rises(&from, &to)).map(Holding::together).collect(),
        None => perhaps_rising(symbols, from, to),
    };
    rising.sort_by_cached_key(|together| together.symbols().len());
    let mut least: Vec<Together> = Vec::new();
    for together in rising {
        if !least.iter().any(|less| less.follows_from(together.symbols())) {
            least.push(together);
        }
    }
    least
}

/// The same where too many symbols matter: with others, perhaps, too.
fn perhaps_rising(symbols: &Symbols<'_>, from: Outcome<'_, '_>, to: Outcome<'_, '_>) -> Vec<Together> {
    let are_same = |(one, other): &(&&Term, &&Term)| one.verdict == other.verdict && one.together == other.together;
    let same = from.terms.iter().zip(to.terms).take_while(are_same).count();
    // What these decide about they decide as before.
    let (same, changed) = to.terms.split_at_checked(same).unwrap_or_default();
    let is_as_before = |way: &Together| same.iter().any(|term| term.together.follows_from(way.symbols()));
    let from = Outcome { terms: from.terms.get(same.len()..).unwrap_or_default(), ..from };
    let is_rising = |(way, reach): &(Together, u8)| {
        !is_as_before(way) && to.can_reach(symbols, way, *reach) && !from.surely_reaches(symbols, way, *reach)
    };
    Outcome { terms: changed, ..to }.ways().filter(is_rising).map(|(way, _)| way).collect()
}

/// The symbols that hold for some traffic.
pub(super) struct Holding(Vec<usize>);

impl Holding {
    /// All that can hold for traffic that has the given symbols, as far as it matters to these; none where too much does.
    pub(super) fn all(symbols: &Symbols<'_>, outcomes: &[Outcome<'_, '_>], given: &Together) -> Option<Vec<Self>> {
        let mut open: Vec<usize> = Vec::new();
        for term in outcomes.iter().flat_map(|outcome| outcome.terms) {
            let new = |symbol: &&usize| !open.contains(symbol) && !given.symbols().contains(symbol);
            let new: Vec<_> = term.together.symbols().iter().filter(new).copied().collect();
            open.extend(new);
            if open.len() > MAX_SYMBOLS {
                return None;
            }
        }
        let mut all = vec![given.symbols().to_vec()];
        for symbol in open {
            let without = all.iter().filter(|holding| symbols.go_together(holding, &[symbol]));
            let with: Vec<Vec<usize>> =
                without.map(|holding| holding.iter().copied().chain([symbol]).collect()).collect();
            all.extend(with);
        }
        Some(all.into_iter().map(Self).collect())
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
