//! Which rules of a firewall end by themselves, or which of their sources.

use std::borrow::Cow;
use std::collections::HashMap;

use deltawall_core::model::InvalidSources;
use deltawall_core::{Capabilities, Firewall, NewRule, Rule, RuleId, RuleSet, Same, Source};

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
    /// Some sources: these rules are left.
    Leaving(RuleSet),
}

/// What of a firewall ends, with its rules read.
pub(super) struct Endings<'a>(Vec<(&'a Expiry, NewRule)>);

impl<'a> Endings<'a> {
    /// Those of a firewall. What cannot be read any more was written by another gateway, which ends it.
    pub(super) fn read(expiries: impl IntoIterator<Item = &'a Expiry>) -> Self {
        let read = |expiry: &'a Expiry| Some((expiry, snapshot::read_rule(&expiry.rule).ok()?));
        Self(expiries.into_iter().filter_map(read).collect())
    }

    /// When each source of a rule goes, if it does; of expiries for the same, the last.
    pub(super) fn of_rule(&self, rule: &Rule, can: &Capabilities) -> Vec<Option<Timestamp>> {
        let mut times = vec![None; rule.content.sources.len()];
        for (expiry, ending) in &self.0 {
            for (time, source) in times.iter_mut().zip(&rule.content.sources) {
                if is_of(expiry, ending, rule, source, can) {
                    *time = (*time).max(Some(expiry.due));
                }
            }
        }
        times
    }

    /// The ids of the expiries by which something of a rule goes.
    pub(super) fn ids(&self, rule: &Rule, can: &Capabilities) -> impl Iterator<Item = String> {
        let is_its = |expiry: &Expiry, ending: &NewRule| {
            rule.content.sources.iter().any(|source| is_of(expiry, ending, rule, source, can))
        };
        self.0.iter().filter(move |(expiry, ending)| is_its(expiry, ending)).map(|(expiry, _)| expiry.id.clone())
    }

    /// The ids of those of which nothing is in a firewall.
    pub(super) fn absent(&self, firewall: &Firewall, can: &Capabilities) -> Vec<String> {
        let is_there = |expiry: &Expiry, ending: &NewRule| {
            let of = |rule: &Rule| rule.content.sources.iter().any(|source| is_of(expiry, ending, rule, source, can));
            firewall.rules.iter().any(of)
        };
        let absent = self.0.iter().filter(|(expiry, ending)| !is_there(expiry, ending));
        absent.map(|(expiry, _)| expiry.id.clone()).collect()
    }

    /// The ids of those that are for the same as some of these rules.
    pub(super) fn for_the_same(&self, rules: &[NewRule], can: &Capabilities) -> Vec<String> {
        let is_same = |ending: &NewRule| rules.iter().any(|rule| is_for_the_same(ending, rule, can));
        self.0.iter().filter(|(_, ending)| is_same(ending)).map(|(expiry, _)| expiry.id.clone()).collect()
    }

    /// What is to be removed of a firewall when they all end.
    ///
    /// # Errors
    /// When what is left could not be made, as rules have that no client made.
    pub(super) fn removal(&self, firewall: &Firewall, can: &Capabilities) -> Result<Removal, InvalidSources> {
        let goes = |rule: &Rule| self.of_rule(rule, can).iter().map(Option::is_some).collect::<Vec<_>>();
        let going: Vec<_> = firewall.rules.iter().map(|rule| (rule, goes(rule))).collect();
        if !going.iter().any(|(_, goes)| goes.contains(&true)) {
            return Ok(Removal::Nothing);
        }
        let are_whole = !going.iter().any(|(_, goes)| goes.contains(&true) && goes.contains(&false));
        let whole = || going.iter().filter(|(_, goes)| goes.contains(&true)).map(|(rule, _)| rule.id().into_owned());
        if are_whole && whole().count() == 1 {
            return Ok(Removal::Rules(whole().collect()));
        }
        match left(&going) {
            Ok(rules) => Ok(Removal::Leaving(RuleSet { rules, default: firewall.default })),
            Err(_) if are_whole => Ok(Removal::Rules(whole().collect())),
            Err(why) => Err(why),
        }
    }

    /// The ids of expiries that a rule takes the place of when it is asked for again: it is there, and all of it ends by itself.
    pub(super) fn asked_again(&self, firewall: &Firewall, rule: &NewRule, can: &Capabilities) -> Option<Vec<String>> {
        if !can.rules.join {
            let same = firewall.rules.iter().filter(|there| Same::from(*there) == Same::from(rule));
            let mut ids = same.map(|there| self.ids(there, can).collect::<Vec<_>>());
            return ids.find(|ids| !ids.is_empty());
        }
        let mut times: HashMap<Cow<'_, Source>, Option<Timestamp>> = HashMap::new();
        let alike = firewall.rules.iter().filter(|there| is_for_its_traffic(rule, there));
        for there in alike.clone() {
            times.extend(there.content.sources.iter().map(Source::canonical).zip(self.of_rule(there, can)));
        }
        let ends = |source: &Source| times.get(&source.canonical()).is_some_and(Option::is_some);
        rule.sources().iter().all(ends).then(|| self.for_the_same(std::slice::from_ref(rule), can))
    }
}

/// The rules without the sources that go.
fn left(going: &[(&Rule, Vec<bool>)]) -> Result<Vec<NewRule>, InvalidSources> {
    let left = |(rule, goes): &(&Rule, Vec<bool>)| {
        let stays = rule.content.sources.iter().zip(goes).filter(|(_, goes)| !**goes);
        let sources: Vec<_> = stays.map(|(source, _)| source.clone()).collect();
        let is_left = !sources.is_empty() || goes.is_empty();
        is_left.then(|| NewRule::of(rule)?.with_sources(sources))
    };
    going.iter().filter_map(left).collect()
}

/// When each rule of a firewall goes, or some of its sources.
pub(super) fn shown(firewall: &Firewall, expiries: &[Expiry], can: &Capabilities) -> Vec<RuleExpiry> {
    let endings = Endings::read(expiries);
    let shown = |rule| {
        let times = endings.of_rule(rule, can);
        match times.as_slice() {
            [Some(first), others @ ..] if others.iter().all(|other| *other == Some(*first)) => RuleExpiry::At(*first),
            times if times.iter().all(Option::is_none) => RuleExpiry::Never,
            _ => RuleExpiry::Sources(times),
        }
    };
    firewall.rules.iter().map(shown).collect()
}

/// The cloud's ids of rules that were asked for: those of rules that say so and were not there before.
pub(super) fn cloud_ids<'a>(
    before: Option<&Firewall>,
    after: &Firewall,
    asked: impl IntoIterator<Item = (&'a str, &'a NewRule)>,
) -> Vec<(String, String)> {
    let was_there =
        |rule: &Rule| before.is_some_and(|before| before.rules.iter().any(|old| old.cloud_id == rule.cloud_id));
    let mut made: Vec<_> = after.rules.iter().filter(|rule| rule.cloud_id.is_some() && !was_there(rule)).collect();
    let mut ids = Vec::new();
    for (expiry, rule) in asked {
        if let Some(at) = made.iter().position(|made| Same::from(*made) == Same::from(rule)) {
            let made = made.remove(at);
            ids.extend(made.cloud_id.as_ref().map(|id| (expiry.to_owned(), id.as_str().to_owned())));
        }
    }
    ids
}

/// Whether an expiry is about this source of this rule.
fn is_of(expiry: &Expiry, ending: &NewRule, rule: &Rule, source: &Source, can: &Capabilities) -> bool {
    if can.rules.join {
        let is_its = |its: &Source| its.canonical() == source.canonical();
        return is_for_its_traffic(ending, rule) && ending.sources().iter().any(is_its);
    }
    match (&expiry.cloud_id, &rule.cloud_id) {
        (Some(id), Some(there)) => id == there.as_str(),
        _ => Same::from(ending) == Same::from(rule),
    }
}

fn is_for_the_same(ending: &NewRule, rule: &NewRule, can: &Capabilities) -> bool {
    if !can.rules.join {
        return Same::from(ending) == Same::from(rule);
    }
    let has = |source: &Source| rule.sources().iter().any(|other| other.canonical() == source.canonical());
    traffic(ending) == traffic(rule) && ending.sources().iter().all(has)
}

fn is_for_its_traffic(asked: &NewRule, rule: &Rule) -> bool {
    let content = &rule.content;
    traffic(asked) == (content.direction, content.protocol, content.action, content.conditions.as_deref())
}

fn traffic(
    rule: &NewRule,
) -> (deltawall_core::Direction, deltawall_core::Protocol, deltawall_core::Action, Option<&deltawall_core::Conditions>)
{
    (rule.direction(), rule.protocol(), rule.action(), rule.conditions())
}
