//! Rules that stay whole.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;

use crate::diff::difference::{Addition, Diff, Move};
use crate::diff::same::Same;
use crate::model::{NewRule, Position, Rule};

pub(super) fn diff(before: &[Rule], after: &[NewRule], is_ordered: bool) -> Diff {
    let mut there: HashMap<Same<'_>, VecDeque<usize>> = HashMap::new();
    for (index, rule) in before.iter().enumerate() {
        there.entry(Same::from(rule)).or_default().push_back(index);
    }
    let mut diff = Diff::default();
    let mut stay = Vec::new();
    for (index, rule) in after.iter().enumerate() {
        match there.get_mut(&Same::from(rule)).and_then(VecDeque::pop_front) {
            Some(old) => stay.push((old, index)),
            None => {
                let position = if is_ordered { Position::At(place(index)) } else { Position::Last };
                diff.adds.push(Addition { rule: rule.clone(), position, index });
            }
        }
    }
    let mut gone: Vec<usize> = there.into_values().flatten().collect();
    gone.sort_unstable();
    diff.removes = gone.into_iter().filter_map(|index| before.get(index).cloned()).collect();
    diff.keeps = stay.len();
    if is_ordered {
        let order: Vec<usize> = stay.iter().map(|(old, _)| *old).collect();
        let in_order = longest_in_order(&order);
        let moving = stay.iter().zip(in_order).filter(|(_, is_in_order)| !is_in_order).map(|(it, _)| *it);
        let moved = |(old, new): (usize, usize)| Some(Move { rule: before.get(old)?.clone(), position: place(new) });
        diff.moves = moving.filter_map(moved).collect();
        diff.keeps -= diff.moves.len();
    }
    diff
}

fn place(index: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(index)
}

/// Which of these numbers, no two of which are equal, make as long a row as there is in which each is greater than the one before.
pub fn longest_in_order(numbers: &[usize]) -> Vec<bool> {
    // The least number that rows of each length end with, and the place where it stands.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut before = Vec::with_capacity(numbers.len());
    for (place, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|(end, _)| end < number);
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter)).map(|(_, place)| *place));
        match ends.get_mut(length) {
            Some(end) => *end = (*number, place),
            None => ends.push((*number, place)),
        }
    }
    let mut is_in_row = vec![false; numbers.len()];
    let mut next = ends.last().map(|(_, place)| *place);
    while let Some(place) = next {
        if let Some(it) = is_in_row.get_mut(place) {
            *it = true;
        }
        next = before.get(place).copied().flatten();
    }
    is_in_row
}
