//! The parameters of a request.

use std::collections::BTreeMap;

use super::pairs::{self, Pairs};
use super::parameter::{Number, Parameter};
use super::parameter_table::{self, GROUP, GROUP_OWNER, STATES};
use crate::text::shown;

/// Of how many parameters a line repeats the names.
pub(super) const MAX_SHOWN: usize = 100;

/// The parameters of a request, in the order they were sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Parameters(pub(super) Pairs);

impl Parameters {
    /// These pairs; of states, which forms send one by one, a list.
    pub(super) fn new(mut pairs: Pairs) -> Self {
        let is_state = |(name, _): &&(String, String)| name == STATES.name;
        if pairs.iter().filter(is_state).nth(1).is_some() {
            let states: Vec<_> = pairs.iter().filter(is_state).map(|(_, state)| state.as_str()).collect();
            let list = (STATES.name.to_owned(), states.join(","));
            pairs.retain(|pair| !is_state(&pair));
            pairs.push(list);
        }
        Self(pairs)
    }

    /// The value of a parameter; the last, if there are several.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        pairs::last(&self.0, name)
    }

    /// The parameters of this kind, each by the name that was sent, in the order they were sent.
    pub(super) fn all(&self, parameter: &Parameter) -> impl Iterator<Item = (&str, &str)> {
        let meant = self.0.iter().filter(|(name, _)| parameter.is_meant_by(name));
        meant.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Those that have a meaning, as far as there is room for them, and whether these are all.
    pub(super) fn within(&self, mut room: usize, length: fn(&str) -> usize) -> (Self, bool) {
        let (mut kept, mut are_all) = (Pairs::new(), true);
        for (name, value) in self.0.iter().filter(|(name, _)| parameter_table::is_known(name)) {
            match room.checked_sub(length(value)) {
                Some(left) => {
                    room = left;
                    kept.push((name.clone(), value.clone()));
                }
                None => are_all = false,
            }
        }
        (Self(kept), are_all)
    }

    /// Those that have a meaning, in the order they were sent and as they might stand in a query, and no more than a line
    /// of a log should hold.
    pub(super) fn summary(&self) -> String {
        let known = self.0.iter().filter(|(name, _)| parameter_table::is_known(name));
        let pairs: Vec<_> =
            known.take(MAX_SHOWN).map(|(name, value)| format!("{}={}", shown(name), shown(value))).collect();
        pairs.join("&")
    }

    /// The values of every pair `groupN`, `groupNowner` in the order of N, empty where one of them is not there.
    pub(super) fn group_pairs(&self) -> BTreeMap<Number, (&str, &str)> {
        let mut pairs: BTreeMap<Number, (&str, &str)> = BTreeMap::new();
        for (name, value) in &self.0 {
            if let Some(number) = GROUP.number_in(name) {
                pairs.entry(number).or_default().0 = value;
            } else if let Some(number) = GROUP_OWNER.number_in(name) {
                pairs.entry(number).or_default().1 = value;
            }
        }
        pairs
    }
}
