//! Rules of which the cloud keeps single sources.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::conditions::Conditions;
use crate::diff::difference::{Addition, Diff};
use crate::diff::same::canonical;
use crate::model::{Action, Direction, NewRule, Position, Rule};
use crate::protocol::Protocol;
use crate::source::Source;

/// What is done with some traffic.
type Traffic<'a> = (Direction, Protocol, Action, Option<&'a Conditions>);

/// One source of a rule.
type Single<'a> = (Traffic<'a>, Cow<'a, Source>);

pub(super) fn diff(before: &[Rule], after: &[NewRule]) -> Diff {
    let mut diff = Diff::default();
    let described = described_anew(before, after);
    let is_described = |index: &usize| described.contains(index);
    let stays = before.iter().enumerate().filter(|(index, _)| !is_described(index));
    let stays: HashSet<Single<'_>> = stays.flat_map(|(_, rule)| held(rule)).collect();
    let mut wanted: HashSet<Single<'_>> = HashSet::new();
    for (index, rule) in after.iter().enumerate() {
        let mut sources = Vec::new();
        for source in rule.sources() {
            let single = (asked(rule), source.canonical());
            let is_there = stays.contains(&single);
            if wanted.insert(single) && !is_there {
                sources.push(source.clone());
            }
        }
        if let Some(rule) = with(rule, sources) {
            diff.adds.push(Addition { rule, position: Position::Last, index });
        }
    }
    for (index, rule) in before.iter().enumerate() {
        let goes = |source: &Source| is_described(&index) || !wanted.contains(&(done(rule), source.canonical()));
        let mut removed = rule.clone();
        removed.content.sources.retain(goes);
        if removed.content.sources.is_empty() && !rule.content.sources.is_empty() {
            diff.keeps += 1;
        } else {
            diff.removes.push(removed);
        }
    }
    diff
}

/// The rules that keep their sources and are to say something else of themselves.
fn described_anew(before: &[Rule], after: &[NewRule]) -> HashSet<usize> {
    let mut there: HashMap<(Traffic<'_>, Vec<Cow<'_, Source>>), usize> = HashMap::new();
    for (index, rule) in before.iter().enumerate() {
        there.insert((done(rule), canonical(&rule.content.sources)), index);
    }
    let mut described = HashSet::new();
    for rule in after {
        // One that is asked for twice stays by the first.
        let old = there.remove(&(asked(rule), canonical(rule.sources())));
        let says_other =
            |old: &usize| before.get(*old).is_some_and(|old| old.description.as_ref() != rule.description());
        described.extend(old.filter(says_other));
    }
    described
}

/// The rule with these sources alone; none where there are none.
fn with(rule: &NewRule, sources: Vec<Source>) -> Option<NewRule> {
    rule.clone().with_sources(sources).ok()
}

fn held(rule: &Rule) -> impl Iterator<Item = Single<'_>> {
    rule.content.sources.iter().map(|source| (done(rule), source.canonical()))
}

fn done(rule: &Rule) -> Traffic<'_> {
    let content = &rule.content;
    (content.direction, content.protocol, content.action, content.conditions.as_deref())
}

fn asked(rule: &NewRule) -> Traffic<'_> {
    (rule.direction(), rule.protocol(), rule.action(), rule.conditions())
}
