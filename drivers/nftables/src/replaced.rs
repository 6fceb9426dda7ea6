//! What becomes of a firewall whose rules are replaced.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use deltawall_core::{Account, Document, Firewall, Hits, KeptFirewall, Rule, RuleSet, diff::Same};

use crate::capabilities::MAX_RULES;
use crate::host::{Numbers, check_rule, new_rule};
use crate::observed::Observed;
use crate::options::Marks;
use crate::refusal::Refusal;

/// A rule that may be in the new set, too.
struct Stays<'a> {
    rule: &'a Rule,
    /// Its index among those that are to be, where it is one of them.
    place: Option<usize>,
    /// What it has counted, where it is in force.
    hits: Option<Hits>,
}

/// A firewall with other rules.
pub(crate) struct Replaced {
    pub(crate) kept: KeptFirewall,
    /// What the rules that stay have counted, by their numbers.
    pub(crate) hits: HashMap<u32, Hits>,
    pub(crate) last_number: u32,
}

/// Where all rules match and do the same as before, and are only described or logged otherwise, they go on with their numbers, so that their
/// connections do.
fn keep_numbers(rules: &[Rule], after: &mut Replaced, kept: &KeptFirewall) {
    let was = &kept.firewall.rules;
    if rules.len() == was.len() && rules.iter().zip(was).all(|(is, was)| is.content.same_as(&was.content)) {
        after.kept.numbers.clone_from(&kept.numbers);
    }
}

/// What becomes of a firewall that is to have this set.
pub(crate) fn replaced(
    document: &Document,
    kept: &KeptFirewall,
    observed: &Observed,
    set: &RuleSet,
    (host, marks): (&Account, Marks),
) -> Result<Replaced, Refusal> {
    if kept.firewall.default.is_none() && set.default.is_some() {
        return Err(Refusal::NoDefault(kept.firewall.name.clone()));
    }
    if set.rules.len() > MAX_RULES {
        return Err(Refusal::TooManyRules);
    }
    let mut there: HashMap<Same<'_>, VecDeque<Stays<'_>>> = HashMap::new();
    for (rule, seen) in observed.firewall.rules.iter().zip(&observed.rules) {
        let stays = Stays { rule, place: seen.kept, hits: Some(seen.hits) };
        there.entry(Same::from(rule)).or_default().push_back(stays);
    }
    // What others have taken away comes back as what it was.
    let is_there: HashSet<usize> = observed.rules.iter().filter_map(|seen| seen.kept).collect();
    for (place, rule) in kept.firewall.rules.iter().enumerate().filter(|(place, _)| !is_there.contains(place)) {
        let stays = Stays { rule, place: Some(place), hits: None };
        there.entry(Same::from(rule)).or_default().push_back(stays);
    }
    let mut numbers = Numbers::of(document, marks);
    let mut after = Replaced { hits: HashMap::new(), last_number: document.last_number, kept: kept.clone() };
    let mut rules = Vec::with_capacity(set.rules.len());
    after.kept.numbers = Vec::with_capacity(set.rules.len());
    for (index, new) in (1..).zip(&set.rules) {
        let (rule, number) = match there.get_mut(&Same::from(new)).and_then(VecDeque::pop_front) {
            Some(Stays { rule, place, hits }) => {
                let place = place.ok_or(Refusal::Foreign).map_err(|why| why.in_rule(index))?;
                let number = kept.numbers.get(place).copied().ok_or(Refusal::NoRule)?;
                after.hits.extend(hits.map(|hits| (number, hits)));
                (rule.clone(), number)
            }
            None => {
                check_rule(new).map_err(|why| why.in_rule(index))?;
                let number = numbers.next().ok_or(Refusal::NoNumber)?;
                after.last_number = number;
                (new_rule(&kept.firewall, new.clone(), host), number)
            }
        };
        rules.push(rule);
        after.kept.numbers.push(number);
    }
    keep_numbers(&rules, &mut after, kept);
    let default = set.default.or(kept.firewall.default);
    after.kept.firewall = Arc::new(Firewall { rules, default, ..Firewall::clone(&kept.firewall) });
    Ok(after)
}
