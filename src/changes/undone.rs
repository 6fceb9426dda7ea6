//! What becomes of rules where a change of them is taken back, and others have changed them since.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use deltawall_core::diff::longest_in_order;
use deltawall_core::{Direction, Order, Rule, RuleCapabilities};

use super::matching::{Numbered, Subject, numbered, pairs};

/// Rules as they were before a change, as it has left them, and as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) before: &'a [Rule],
    pub(super) after: &'a [Rule],
    pub(super) now: &'a [Rule],
}

/// The rules between which one stood have another order now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfOrder {
    /// The place of that one before the change, the first being 0.
    pub(super) place: usize,
}

/// A rule that stays, and its place before the change, if it was there.
struct Staying {
    rule: Rule,
    place: Option<usize>,
}

impl Rules<'_> {
    /// The rules without those that the change added and with those that it took away, where they are not there again. Those that it
    /// moved stand again where they stood. All others stay as they are.
    ///
    /// # Errors
    /// Where order matters and does not allow it. With `always`, such a rule comes behind the nearest of those that it stood behind.
    pub(super) fn undone(self, can: &RuleCapabilities, always: bool) -> Result<Vec<Rule>, OutOfOrder> {
        let (mut staying, coming) = self.parted(can.order);
        for (place, rule) in coming {
            let rule = match can.repeat {
                true => rule,
                false => without_what_is_there(rule, &staying),
            };
            if rule.content.sources.is_empty() {
                continue;
            }
            let at = match gap(&staying, place, rule.content.direction) {
                (from, to) if from <= to => first_behind(&staying, place, from, to),
                (from, _) if always || can.order == Order::Unordered => from,
                _ => return Err(OutOfOrder { place }),
            };
            staying.insert(at, Staying { rule, place: Some(place) });
        }
        Ok(staying.into_iter().map(|staying| staying.rule).collect())
    }

    /// The rules that stay as and where they are, and those that are to come, by the places that they had.
    fn parted(self, order: Order) -> (Vec<Staying>, BTreeMap<usize, Rule>) {
        let (before, after, now) = (numbered(self.before), numbered(self.after), numbered(self.now));
        let left = pairs(&before, &after);
        let of_after: HashMap<usize, usize> = left.iter().map(|(place, after)| (*after, *place)).collect();
        let of_now: HashMap<usize, usize> = pairs(&after, &now).into_iter().map(|(after, now)| (now, after)).collect();
        let gone: Numbered<'_> = before.into_iter().filter(|(place, _)| !left.contains_key(place)).collect();
        let new: Numbered<'_> = now.into_iter().filter(|(now, _)| !of_now.contains_key(now)).collect();
        let back = pairs(&gone, &new);
        let of_new: HashMap<usize, usize> = back.iter().map(|(place, now)| (*now, *place)).collect();

        let mut coming: BTreeMap<usize, Rule> = gone
            .into_iter()
            .filter(|(place, _)| !back.contains_key(place))
            .map(|(place, rule)| (place, rule.clone()))
            .collect();
        let moved = if order == Order::Ordered { self.moved(&of_after) } else { HashSet::new() };
        let mut staying = Vec::new();
        for (now, rule) in self.now.iter().enumerate() {
            let Some(after) = of_now.get(&now) else {
                staying.push(Staying { rule: rule.clone(), place: of_new.get(&now).copied() });
                continue;
            };
            // What is of no place the change has added.
            let Some(place) = of_after.get(after) else { continue };
            let rule = match (self.before.get(*place), self.after.get(*after)) {
                (Some(before), Some(after)) => saying_again(before, after, rule),
                _ => rule.clone(),
            };
            match moved.contains(place) {
                true => drop(coming.insert(*place, rule)),
                false => staying.push(Staying { rule, place: Some(*place) }),
            }
        }
        (staying, coming)
    }

    /// The places before the change of the rules that it moved past others of their direction; as few as can be.
    fn moved(self, of_after: &HashMap<usize, usize>) -> HashSet<usize> {
        let mut moved = HashSet::new();
        for direction in [Direction::Ingress, Direction::Egress] {
            let of_direction = self.after.iter().enumerate().filter(|(_, rule)| rule.content.direction == direction);
            let places: Vec<usize> = of_direction.filter_map(|(after, _)| of_after.get(&after).copied()).collect();
            let are_in_order = longest_in_order(&places);
            moved.extend(places.into_iter().zip(are_in_order).filter(|(_, is)| !is).map(|(place, _)| place));
        }
        moved
    }
}

/// The rule as it is, saying of itself what it said before, where the change alone has changed that.
fn saying_again(before: &Rule, after: &Rule, now: &Rule) -> Rule {
    let mut rule = now.clone();
    if now.log == after.log {
        rule.log.clone_from(&before.log);
    }
    if now.description == after.description {
        rule.description.clone_from(&before.description);
    }
    rule
}

/// The rule without the sources that others have for the same traffic: clouds on which no rule repeats refuse those.
fn without_what_is_there(mut rule: Rule, staying: &[Staying]) -> Rule {
    let subject = Subject::from(&rule);
    let same = staying.iter().map(|staying| &staying.rule).filter(|there| Subject::from(*there) == subject);
    let there: BTreeSet<_> =
        same.flat_map(|there| there.content.sources.iter().map(|it| it.canonical().into_owned())).collect();
    rule.content.sources.retain(|source| !there.contains(&source.canonical()));
    rule
}

/// The first and the last place where a rule can stand that stood at this place before: behind the nearest that it stood behind and before the nearest
/// that stood behind it, of its direction.
fn gap(staying: &[Staying], place: usize, direction: Direction) -> (usize, usize) {
    let of_direction = staying.iter().enumerate().filter(|(_, one)| one.rule.content.direction == direction);
    let (mut last_before, mut first_behind) = (None, None);
    for (at, other) in of_direction.filter_map(|(at, one)| Some((at, one.place?))) {
        if other < place && last_before.is_none_or(|(nearest, _)| nearest < other) {
            last_before = Some((other, at));
        }
        if other > place && first_behind.is_none_or(|(nearest, _)| nearest > other) {
            first_behind = Some((other, at));
        }
    }
    (last_before.map_or(0, |(_, at)| at + 1), first_behind.map_or(staying.len(), |(_, at)| at))
}

/// The place in the gap before all that stood behind the rule; else the last one, so that the rule decides about nothing that others
/// decide about now.
fn first_behind(staying: &[Staying], place: usize, from: usize, to: usize) -> usize {
    let in_gap = staying.iter().enumerate().take(to).skip(from);
    let mut behind = in_gap.filter(|(_, other)| other.place.is_some_and(|other| other > place));
    behind.next().map_or(to, |(at, _)| at)
}
