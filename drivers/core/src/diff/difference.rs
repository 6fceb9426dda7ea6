//! What comes, goes, moves and stays.

use std::num::NonZeroUsize;

use crate::capabilities::{Capabilities, Order};
use crate::model::{Firewall, NewRule, Position, Rule};

/// What makes of the rules that a firewall has those that it is to have: what is removed and what moves is taken away, and then
/// what moves and what is added is put where it is to be, the first place first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// The rules that are added, in the order of the new set.
    pub adds: Vec<Addition>,
    /// The rules that go, in the order in which they are.
    pub removes: Vec<Rule>,
    /// The rules that stay and move, in the order of their new places.
    pub moves: Vec<Move>,
    /// How many rules stay as and where they are. Where rules join, those that lose no source.
    pub keeps: usize,
}

/// A rule that is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The rule.
    pub rule: NewRule,
    /// Its place among all rules that there will be, where order matters.
    pub position: Position,
    /// Which rule of the new set asks for it, by its index.
    pub index: usize,
}

/// A rule that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The rule.
    pub rule: Rule,
    /// Its place among all rules that there will be, the first being 1.
    pub position: NonZeroUsize,
}

impl Diff {
    /// One more rule; all others stay, also one that says the same.
    pub fn adding(before: &Firewall, rule: NewRule, position: Position, capabilities: &Capabilities) -> Self {
        let keeps = before.rules.len();
        let index = position.index(keeps);
        let position = match capabilities.rules.order {
            Order::Ordered => Position::At(NonZeroUsize::MIN.saturating_add(index)),
            Order::Unordered => Position::Last,
        };
        Self { adds: vec![Addition { rule, position, index }], keeps, ..Self::default() }
    }

    /// The rule of this index goes; all others stay, also one that says the same.
    pub fn removing(before: &Firewall, index: usize) -> Self {
        let removes: Vec<Rule> = before.rules.get(index).cloned().into_iter().collect();
        let keeps = before.rules.len() - removes.len();
        Self { removes, keeps, ..Self::default() }
    }

    /// Whether all rules stay as they are.
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.removes.is_empty() && self.moves.is_empty()
    }
}
