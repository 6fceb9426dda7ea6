//! Which rules of a firewall end by themselves, or which of their sources.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use deltawall_core::{
    Capabilities, CloudRuleId, Diff, Firewall, NewRule, Replace, Rule, RuleId, RuleSet, Same, Source,
};

use super::joined::{texts, together};
use super::matching::{Content, Subject, as_it_matches};
use super::snapshot;
use crate::clock::Timestamp;
use crate::store::expiry::Expiry;

/// When a rule goes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleExpiry {
    /// It stays.
    Never,
    /// All of it goes then.
    At(Timestamp),
    /// Some of its sources go: for each source in its order, when, if it does.
    Sources(Vec<Option<Timestamp>>),
}

/// What is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Removal {
    /// Nothing: it is gone already.
    Nothing,
    /// These rules.
    Rules(Vec<RuleId<'static>>),
    /// All but these rules.
    Leaving(RuleSet),
}

/// A rule that is there, or some of its sources, and is to end at another time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Again {
    pub(super) rule: NewRule,
    /// The cloud's own id of it, where there is one.
    pub(super) cloud_id: Option<CloudRuleId>,
}

/// Something that ends.
#[derive(Debug, Clone)]
pub(super) struct Ending<'a> {
    expiry: &'a Expiry,
    rule: NewRule,
}

/// What of a firewall ends. Where several expiries are for the same, the one that was asked for last decides.
#[derive(Debug)]
pub(super) struct Endings<'a> {
    all: &'a [Ending<'a>],
    deciding: HashMap<Part<'a>, &'a Ending<'a>>,
    can: &'a Capabilities,
}

/// What an expiry is for: a rule by its id or, where it has none, by what it matches and does; where rules join, each of its sources.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Part<'a> {
    Id(&'a str),
    Rule(Content<'a>),
    Source(Subject<'a>, Cow<'a, Source>),
}

/// Those whose rules can be read. Others were written by a later gateway, which ends them.
pub(super) fn read<'a>(expiries: impl IntoIterator<Item = &'a Expiry>) -> Vec<Ending<'a>> {
    let read = |expiry: &'a Expiry| Some(Ending { expiry, rule: snapshot::read_rule(&expiry.rule).ok()? });
    expiries.into_iter().filter_map(read).collect()
}

impl<'a> Endings<'a> {
    pub(super) fn new(all: &'a [Ending<'a>], can: &'a Capabilities) -> Self {
        let mut deciding: HashMap<Part<'a>, &'a Ending<'a>> = HashMap::new();
        for ending in all {
            for part in ending.parts(can) {
                let first = deciding.entry(part).or_insert(ending);
                *first = first.later(ending);
            }
        }
        Self { all, deciding, can }
    }

    /// When each source of a rule goes, if it does.
    pub(super) fn times(&self, rule: &Rule) -> Vec<Option<Timestamp>> {
        self.of_rule(rule).into_iter().map(|ending| ending.map(|ending| ending.expiry.due)).collect()
    }

    /// The ids of the expiries by which something of a firewall goes.
    pub(super) fn deciding(&self, firewall: &Firewall) -> HashSet<&'a str> {
        let of_rules = firewall.rules.iter().flat_map(|rule| self.of_rule(rule)).flatten();
        of_rules.map(|ending| ending.expiry.id.as_str()).collect()
    }

    /// The ids of those of which nothing is in a firewall.
    pub(super) fn absent(&self, firewall: &Firewall) -> Vec<String> {
        let there: HashSet<Part<'_>> = firewall.rules.iter().flat_map(|rule| parts_there(rule, self.can)).collect();
        let is_there = |ending: &Ending<'_>| ending.parts(self.can).iter().any(|part| there.contains(part));
        ids(self.all.iter().filter(|ending| !is_there(ending)))
    }

    /// The ids of those in whose place others come altogether, which are for these rules: each with the cloud's own id, where it is known.
    pub(super) fn replaced<'r>(&self, by: impl IntoIterator<Item = (&'r NewRule, Option<&'r str>)>) -> Vec<String> {
        let by: HashSet<Part<'_>> = by.into_iter().flat_map(|(rule, id)| parts(rule, id, self.can)).collect();
        ids(self.all.iter().filter(|ending| ending.parts(self.can).iter().all(|part| by.contains(part))))
    }

    /// What is to be removed of a firewall when those end that are due.
    pub(super) fn removal(&self, firewall: &Firewall, is_due: impl Fn(&Expiry) -> bool) -> Removal {
        let goes = |ending: Option<&Ending<'_>>| ending.is_some_and(|ending| is_due(ending.expiry));
        let is_going = |rule: &&Rule| self.of_rule(rule).into_iter().any(goes);
        let going: Vec<&Rule> = firewall.rules.iter().filter(is_going).collect();
        let set = |rules| Removal::Leaving(RuleSet { rules, default: firewall.default });
        if going.is_empty() {
            return Removal::Nothing;
        }
        if self.can.rules.join {
            return set(firewall.rules.iter().filter_map(|rule| as_it_matches(&self.left(rule, goes))).collect());
        }
        if going.len() > 1 && self.can.rules.replace != Replace::No {
            let left = firewall.rules.iter().filter(|rule| !is_going(rule)).map(NewRule::of);
            if let Ok(rules) = left.collect() {
                return set(rules);
            }
        }
        Removal::Rules(going.into_iter().map(|rule| rule.id().into_owned()).collect())
    }

    /// The firewall without what goes when those end that are due.
    pub(super) fn without(&self, firewall: &Firewall, is_due: impl Fn(&Expiry) -> bool) -> Firewall {
        let goes = |ending: Option<&Ending<'_>>| ending.is_some_and(|ending| is_due(ending.expiry));
        let left = |rule: &Rule| match self.of_rule(rule).into_iter().any(goes) {
            true if self.can.rules.join => Some(self.left(rule, goes)).filter(|left| !left.content.sources.is_empty()),
            true => None,
            false => Some(rule.clone()),
        };
        Firewall { rules: firewall.rules.iter().filter_map(left).collect(), ..firewall.clone() }
    }

    /// The rule that is asked for, if it is there and all of it ends by itself.
    pub(super) fn asked_again(&self, firewall: &Firewall, rule: &NewRule) -> Option<Again> {
        let is_same = |there: &Rule| Same::from(there) == Same::from(rule);
        let again = self.there(firewall, rule, is_same, |time| time.is_some())?;
        (again.rule.sources().len() == rule.sources().len()).then_some(again)
    }

    /// Of a rule what is there and ends at another time than this one, or does not end.
    pub(super) fn at_another_time(&self, firewall: &Firewall, rule: &NewRule, time: Timestamp) -> Option<Again> {
        let is_same = |there: &Rule| Content::from(there) == Content::from(rule);
        self.there(firewall, rule, is_same, |ends| ends != Some(time))
    }

    /// Of a rule what is there and ends at such a time.
    fn there(
        &self,
        firewall: &Firewall,
        rule: &NewRule,
        is_same: impl Fn(&Rule) -> bool,
        is_such: impl Fn(Option<Timestamp>) -> bool,
    ) -> Option<Again> {
        if !self.can.rules.join {
            let mut same = firewall.rules.iter().filter(|there| is_same(there));
            let there = same.find(|there| self.times(there).into_iter().all(&is_such))?;
            return Some(Again { rule: rule.clone(), cloud_id: there.cloud_id.clone() });
        }
        let alike = firewall.rules.iter().filter(|there| Subject::from(*there) == Subject::from(rule));
        let times = alike.flat_map(|there| there.content.sources.iter().map(Source::canonical).zip(self.times(there)));
        let such: HashSet<_> = times.filter(|(_, time)| is_such(*time)).map(|(source, _)| source).collect();
        let sources = rule.sources().iter().filter(|source| such.contains(&source.canonical())).cloned();
        let rule = rule.clone().with_sources(sources.collect()).ok()?;
        Some(Again { rule, cloud_id: None })
    }

    /// What ends of a rule that another becomes: the sources that stay as they did, and those that are new where all of it did.
    pub(super) fn carried(&self, was: &Rule, is: &NewRule) -> Vec<(NewRule, Timestamp)> {
        let times = self.times(was);
        let first = times.iter().min().copied().flatten();
        let known: HashMap<_, _> = was.content.sources.iter().map(Source::canonical).zip(times).collect();
        let mut carried: BTreeMap<Timestamp, Vec<Source>> = BTreeMap::new();
        for source in is.sources() {
            if let Some(time) = known.get(&source.canonical()).copied().unwrap_or(first) {
                carried.entry(time).or_default().push(source.clone());
            }
        }
        carried.into_iter().filter_map(|(time, sources)| Some((is.clone().with_sources(sources).ok()?, time))).collect()
    }

    /// What decides about each source of a rule.
    fn of_rule(&self, rule: &Rule) -> Vec<Option<&'a Ending<'a>>> {
        let of = |part: Part<'_>| self.deciding.get(&part).copied();
        match self.can.rules.join {
            true => parts_there(rule, self.can).into_iter().map(of).collect(),
            false => {
                let whole = parts_there(rule, self.can).into_iter().filter_map(of);
                vec![whole.reduce(Ending::later); rule.content.sources.len()]
            }
        }
    }

    /// The rule without the sources that go, and without what they alone say.
    fn left(&self, rule: &Rule, goes: impl Fn(Option<&Ending<'_>>) -> bool) -> Rule {
        let (mut left, mut gone, mut said) = (rule.clone(), HashSet::new(), HashSet::new());
        left.content.sources.clear();
        for (source, ending) in rule.content.sources.iter().zip(self.of_rule(rule)) {
            let says = ending.into_iter().flat_map(|ending| texts(ending.rule.description()));
            match goes(ending) {
                true => gone.extend(says),
                false => {
                    left.content.sources.push(source.clone());
                    said.extend(says);
                }
            }
        }
        if !gone.is_empty() {
            let stays = |text: &&str| said.contains(text) || !gone.contains(text);
            left.description = together(&texts(rule.description.as_ref()).filter(stays).collect::<Vec<_>>());
        }
        left
    }
}

impl<'a> Ending<'a> {
    fn parts(&self, can: &Capabilities) -> Vec<Part<'_>> {
        parts(&self.rule, self.expiry.cloud_id.as_deref(), can)
    }

    /// The one of two that was asked for last.
    fn later<'e>(&'e self, other: &'e Self) -> &'e Self {
        let asked = |ending: &'e Self| (&ending.expiry.change, ending.expiry.due);
        if asked(other) > asked(self) { other } else { self }
    }
}

/// Whether all that an expiry of one rule would be for is of another.
pub(super) fn is_part(rule: &NewRule, of: &NewRule, can: &Capabilities) -> bool {
    let of: HashSet<Part<'_>> = parts(of, None, can).into_iter().collect();
    parts(rule, None, can).iter().all(|part| of.contains(part))
}

/// What an expiry of a rule is for.
fn parts<'a>(rule: &'a NewRule, cloud_id: Option<&'a str>, can: &Capabilities) -> Vec<Part<'a>> {
    match cloud_id {
        _ if can.rules.join => {
            rule.sources().iter().map(|source| Part::Source(rule.into(), source.canonical())).collect()
        }
        Some(id) => vec![Part::Id(id)],
        None => vec![Part::Rule(rule.into())],
    }
}

/// What expiries of a rule may be for.
fn parts_there<'a>(rule: &'a Rule, can: &Capabilities) -> Vec<Part<'a>> {
    if can.rules.join {
        return rule.content.sources.iter().map(|source| Part::Source(rule.into(), source.canonical())).collect();
    }
    let id = rule.cloud_id.as_ref().map(|id| Part::Id(id.as_str()));
    id.into_iter().chain([Part::Rule(rule.into())]).collect()
}

fn ids<'e>(endings: impl Iterator<Item = &'e Ending<'e>>) -> Vec<String> {
    endings.map(|ending| ending.expiry.id.clone()).collect()
}

/// When each rule of a firewall goes, or some of its sources.
pub(super) fn shown(firewall: &Firewall, expiries: &[Expiry], can: &Capabilities) -> Vec<RuleExpiry> {
    let all = read(expiries);
    let endings = Endings::new(&all, can);
    let shown = |rule| {
        let times = endings.times(rule);
        match times.as_slice() {
            [Some(first), others @ ..] if others.iter().all(|other| *other == Some(*first)) => RuleExpiry::At(*first),
            times if times.iter().all(Option::is_none) => RuleExpiry::Never,
            _ => RuleExpiry::Sources(times),
        }
    };
    firewall.rules.iter().map(shown).collect()
}

/// The cloud's ids of rules that were asked for: those of rules that match and do the same and were not there before.
pub(super) fn cloud_ids<'a>(
    before: Option<&'a Firewall>,
    after: &'a Firewall,
    asked: impl IntoIterator<Item = (&'a str, &'a NewRule)>,
) -> Vec<(String, String)> {
    let ids = |firewall: &'a Firewall| firewall.rules.iter().filter_map(|rule| Some((rule, rule.cloud_id.as_ref()?)));
    let known: HashSet<&CloudRuleId> = before.into_iter().flat_map(ids).map(|(_, id)| id).collect();
    let mut made: HashMap<Content<'a>, VecDeque<&CloudRuleId>> = HashMap::new();
    for (rule, id) in ids(after).filter(|(_, id)| !known.contains(id)) {
        made.entry(rule.into()).or_default().push_back(id);
    }
    let id_of = |(expiry, rule): (&str, &'a NewRule)| {
        let id = made.get_mut(&Content::from(rule))?.pop_front()?;
        Some((expiry.to_owned(), id.as_str().to_owned()))
    };
    asked.into_iter().filter_map(id_of).collect()
}

/// The rules of a set that are added, and not only said something else of.
pub(super) fn added<'a>(diff: &'a Diff, can: &Capabilities) -> impl Iterator<Item = &'a NewRule> {
    let mut gone: HashMap<Part<'_>, usize> = HashMap::new();
    for part in diff.removes.iter().flat_map(|rule| parts_there(rule, can)) {
        *gone.entry(part).or_default() += 1;
    }
    let mut is_gone = move |part| {
        let left = gone.get_mut(&part).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    };
    diff.adds.iter().map(|add| &add.rule).filter(move |rule| !parts(rule, None, can).into_iter().all(&mut is_gone))
}

#[cfg(test)]
mod tests;
