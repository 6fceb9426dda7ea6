//! Which rules are the same.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use deltawall_core::diff::canonical;
use deltawall_core::{Action, Conditions, Direction, NewRule, Protocol, Rule, RuleContent, Source};

/// What is done with which traffic, wherever it comes from. Where rules join, there is one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Subject<'a> {
    direction: Direction,
    protocol: Protocol,
    action: Action,
    conditions: Option<&'a Conditions>,
}

/// What a rule matches and does, whoever owns its firewall and whatever it says of itself: two are equal where
/// [`RuleContent::same_as`] says so.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Content<'a> {
    subject: Subject<'a>,
    sources: Vec<Cow<'a, Source>>,
}

impl<'a> From<&'a Rule> for Subject<'a> {
    fn from(rule: &'a Rule) -> Self {
        let RuleContent { owner: _, protocol, direction, action, sources: _, conditions } = &rule.content;
        Self { direction: *direction, protocol: *protocol, action: *action, conditions: conditions.as_deref() }
    }
}

impl<'a> From<&'a NewRule> for Subject<'a> {
    fn from(rule: &'a NewRule) -> Self {
        let (direction, protocol, action) = (rule.direction(), rule.protocol(), rule.action());
        Self { direction, protocol, action, conditions: rule.conditions() }
    }
}

impl<'a> From<&'a Rule> for Content<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self { subject: rule.into(), sources: canonical(&rule.content.sources) }
    }
}

impl<'a> From<&'a NewRule> for Content<'a> {
    fn from(rule: &'a NewRule) -> Self {
        Self { subject: rule.into(), sources: canonical(rule.sources()) }
    }
}

/// Rules with their places.
pub(super) type Numbered<'a> = Vec<(usize, &'a Rule)>;

/// Rules with their places, the first being 0.
pub(super) fn numbered(rules: &[Rule]) -> Numbered<'_> {
    rules.iter().enumerate().collect()
}

/// Which of the others each rule is, by their places. Of several that match and do the same, it is that with its id; else the first
/// that says the same of itself; else the first.
pub(super) fn pairs(rules: &Numbered<'_>, others: &Numbered<'_>) -> BTreeMap<usize, usize> {
    let mut there: HashMap<Content<'_>, Numbered<'_>> = HashMap::new();
    for (place, other) in others {
        there.entry(Content::from(*other)).or_default().push((*place, *other));
    }
    let has_its_id = |rule: &Rule, other: &Rule| rule.cloud_id.is_some() && rule.cloud_id == other.cloud_id;
    let says_the_same = |rule: &Rule, other: &Rule| rule.log == other.log && rule.description == other.description;
    let is_any = |_: &Rule, _: &Rule| true;
    let mut pairs = BTreeMap::new();
    for is_it in [has_its_id as fn(&Rule, &Rule) -> bool, says_the_same, is_any] {
        for (place, rule) in rules {
            let Some(left) = there.get_mut(&Content::from(*rule)).filter(|_| !pairs.contains_key(place)) else {
                continue;
            };
            if let Some(at) = left.iter().position(|(_, other)| is_it(rule, other)) {
                pairs.insert(*place, left.remove(at).0);
            }
        }
    }
    pairs
}

/// What would make a rule that matches the same, though no client could have made it; none where it matches nothing.
pub(super) fn as_it_matches(rule: &Rule) -> Option<NewRule> {
    let mut seen = HashSet::new();
    let mut rule = rule.clone();
    rule.content.sources.retain(|source| seen.insert(source.canonical().into_owned()));
    NewRule::of(&rule).ok()
}
