//! Which rules of a set are there already.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use deltawall_core::{Action, Conditions, Direction, NewRule, Protocol, Rule, Source};

/// What a rule matches and does, whoever owns its firewall: two are equal where
/// [`RuleContent::same_as`](deltawall_core::RuleContent::same_as) says so.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Content<'a> {
    protocol: Protocol,
    direction: Direction,
    action: Action,
    sources: Vec<Cow<'a, Source>>,
    conditions: Option<&'a Conditions>,
}

impl<'a> From<&'a Rule> for Content<'a> {
    fn from(rule: &'a Rule) -> Self {
        let content = &rule.content;
        Self {
            protocol: content.protocol,
            direction: content.direction,
            action: content.action,
            sources: canonical(&content.sources),
            conditions: content.conditions.as_deref(),
        }
    }
}

impl<'a> From<&'a NewRule> for Content<'a> {
    fn from(new: &'a NewRule) -> Self {
        Self {
            protocol: new.protocol(),
            direction: new.direction(),
            action: new.action(),
            sources: canonical(new.sources()),
            conditions: new.conditions(),
        }
    }
}

/// For each rule that is asked for, the place of the one that it is, if there is one. Of equal ones, the first is the first.
pub(crate) fn places<K: Hash + Eq>(
    held: impl Iterator<Item = K>,
    asked: impl Iterator<Item = K>,
) -> impl Iterator<Item = Option<usize>> {
    let mut places: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (place, rule) in held.enumerate() {
        places.entry(rule).or_default().push_back(place);
    }
    asked.map(move |rule| places.get_mut(&rule).and_then(VecDeque::pop_front))
}

fn canonical(sources: &[Source]) -> Vec<Cow<'_, Source>> {
    let mut canonical: Vec<_> = sources.iter().map(Source::canonical).collect();
    canonical.sort_unstable();
    canonical
}
