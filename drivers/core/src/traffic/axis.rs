//! A line that sets of points lie on, cut where one of them begins or ends.

use std::hash::{BuildHasher, RandomState};

use std::collections::HashMap;

use crate::traffic::budget::{Budget, TooMuch};

/// From one place up to another that is not included.
pub(super) type Span = (u32, u32);

/// Places on a line. All points of a place are in the same of the sets that the line was made for, and no two places are alike in
/// that: what lies in the same sets is one place, together or not.
#[derive(Debug)]
pub(super) struct Axis<T> {
    /// Where the pieces begin, and where the last ends.
    cuts: Vec<T>,
    /// Each place's pieces; the places are in the order of their first.
    places: Vec<Vec<usize>>,
}

impl<T: Copy + Ord> Axis<T> {
    /// The places for these sets, each of which is points from one up to another that is not included.
    pub(super) fn new<'s>(whole: (T, T), sets: impl Iterator<Item = &'s [(T, T)]> + Clone) -> Self
    where
        T: 's,
    {
        let ends = sets.clone().flatten().flat_map(|(from, to)| [*from, *to]);
        let mut cuts: Vec<T> = ends.chain([whole.0, whole.1]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        // What a piece lies in is the sum of the sets' numbers, which nobody can choose: two sums are equal for
        // different sets once in 2^128.
        let keys = [RandomState::new(), RandomState::new()];
        let number_of = |set: usize| keys.iter().fold(0, |high, key| high << 64 | u128::from(key.hash_one(set)));
        let mut changes = vec![0_u128; cuts.len()];
        for (index, set) in sets.enumerate() {
            let number = number_of(index);
            for (from, to) in merged(set.to_vec()) {
                if let Some(change) = cuts.binary_search(&from).ok().and_then(|at| changes.get_mut(at)) {
                    *change = change.wrapping_add(number);
                }
                if let Some(change) = cuts.binary_search(&to).ok().and_then(|at| changes.get_mut(at)) {
                    *change = change.wrapping_sub(number);
                }
            }
        }
        let mut places: Vec<Vec<usize>> = Vec::new();
        let mut known = HashMap::new();
        let mut sum = 0_u128;
        for (piece, change) in changes.iter().enumerate().take(cuts.len() - 1) {
            sum = sum.wrapping_add(*change);
            let place = *known.entry(sum).or_insert(places.len());
            match places.get_mut(place) {
                Some(pieces) => pieces.push(piece),
                None => places.push(vec![piece]),
            }
        }
        Self { cuts, places }
    }

    /// All places.
    pub(super) fn whole(&self) -> Span {
        (0, u32::try_from(self.places.len()).unwrap_or(u32::MAX))
    }

    /// The places of one of the sets, in order, none adjoining another.
    pub(super) fn spans(&self, set: &[(T, T)]) -> Vec<Span> {
        let first_place_at = |point: &T| {
            let piece = self.cuts.partition_point(|cut| cut < point);
            let place = self.places.partition_point(|pieces| pieces.first().is_some_and(|first| *first < piece));
            u32::try_from(place).unwrap_or(u32::MAX)
        };
        merged(set.iter().map(|(from, to)| (first_place_at(from), first_place_at(to))).collect())
    }

    /// The points of each place.
    pub(super) fn places(&self) -> impl Iterator<Item = Vec<(T, T)>> {
        self.places.iter().map(|pieces| pieces.iter().filter_map(|piece| self.between(*piece, piece + 1)).collect())
    }

    /// The points of these places, in order, none adjoining another.
    pub(super) fn points(&self, spans: &[Span], budget: &Budget) -> Result<Vec<(T, T)>, TooMuch> {
        let places = || spans.iter().flat_map(|span| within(&self.places, *span));
        budget.look(places().map(|pieces| 1 + pieces.len()).sum())?;
        let pieces = merged(places().flatten().map(|piece| (*piece, piece + 1)).collect());
        Ok(pieces.into_iter().filter_map(|(first, end)| self.between(first, end)).collect())
    }

    fn between(&self, first: usize, end: usize) -> Option<(T, T)> {
        Some((*self.cuts.get(first)?, *self.cuts.get(end)?))
    }
}

/// What there is for the places of a span, where `of_places` has something for each place.
pub(super) fn within<P>(of_places: &[P], (from, to): Span) -> impl Iterator<Item = &P> {
    let skipped = usize::try_from(from).unwrap_or(usize::MAX);
    of_places.iter().skip(skipped).take(usize::try_from(to - from).unwrap_or(0))
}

/// The same points in order, those that overlap or adjoin made one.
pub(super) fn merged<T: Copy + Ord>(mut spans: Vec<(T, T)>) -> Vec<(T, T)> {
    spans.retain(|(from, to)| from < to);
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let do_meet = next.0 <= last.1;
        if do_meet {
            last.1 = last.1.max(next.1);
        }
        do_meet
    });
    spans
}
