//! What can be asked of a firewall's rules.

use std::collections::BTreeSet;

use crate::capabilities::Capabilities;
use crate::model::{Defaults, Firewall};
use crate::rule_set::RuleSet;
use crate::traffic::budget::{Budget, TooMuch};
use crate::traffic::deciding::Rules;
use crate::traffic::idle::{self, Idle};
use crate::traffic::packet::{Explanation, Packet, Verdict};
use crate::traffic::text::Traffic;
use crate::traffic::world::{self, LetIn};
use crate::traffic::{ask, change};

/// What a firewall's rules do to traffic.
#[derive(Debug, Clone)]
pub struct Effect<'a>(Rules<'a>);

impl<'a> Effect<'a> {
    /// That of the rules a firewall has.
    pub fn of(firewall: &'a Firewall, capabilities: &Capabilities) -> Self {
        Self(Rules::of_firewall(firewall, capabilities))
    }

    /// That of these rules in a firewall which has the default `now`, unless they say another.
    pub fn of_rules(rules: &'a RuleSet, now: Option<Defaults>, capabilities: &Capabilities) -> Self {
        Self(Rules::of_set(rules, now, capabilities))
    }

    /// All that is let through.
    ///
    /// # Errors
    /// Where it is too much.
    pub fn lets_through(&self) -> Result<Vec<Traffic>, TooMuch> {
        let Rules { order, .. } = self.0;
        // Whatever comes further than to the next firewall.
        let none = Rules { rules: Vec::new(), order, ingress_rest: Verdict::Left, egress_rest: Verdict::Left };
        change::between(&none, &self.0, &Budget::default()).map(|(opens, _)| opens)
    }

    /// What becomes of a packet, and by which rule.
    pub fn explain(&self, packet: &Packet) -> Explanation {
        ask::explain(&self.0, packet)
    }

    /// All that can become of some of this traffic, whatever symbols hold beside those that it says: a rate in it is none.
    ///
    /// # Errors
    /// Where it is too much to look at.
    pub fn verdicts(&self, traffic: &Traffic) -> Result<BTreeSet<Verdict>, TooMuch> {
        ask::verdicts(&self.0, traffic, &Budget::default())
    }

    /// Whether all of this traffic passes, whatever else is so.
    ///
    /// # Errors
    /// Where it is too much to look at.
    pub fn lets_all_through(&self, traffic: &Traffic) -> Result<bool, TooMuch> {
        Ok(self.verdicts(traffic)?.iter().all(|verdict| *verdict == Verdict::Accept))
    }

    /// Whether none of this traffic passes, whatever else is so. What is left to other firewalls does not pass by this one.
    ///
    /// # Errors
    /// Where it is too much to look at.
    pub fn lets_none_through(&self, traffic: &Traffic) -> Result<bool, TooMuch> {
        Ok(!self.verdicts(traffic)?.contains(&Verdict::Accept))
    }

    /// The rules by which some service can be reached from more than half of what there is of IPv4 or IPv6, by their indexes: those that let
    /// so much in by themselves, and where none does, all that do together. None of them asks for a group, a prefix list,
    /// a MAC address or a connection that is there already.
    ///
    /// # Errors
    /// Where they are too many to look at.
    pub fn open_to_world(&self) -> Result<Vec<usize>, TooMuch> {
        self.newly_open_to_world(None)
    }

    /// Those of them by which a service can be so reached that could not be `before`, by the same family.
    ///
    /// # Errors
    /// Where they are too many to look at.
    pub fn newly_open_to_world(&self, before: Option<&Self>) -> Result<Vec<usize>, TooMuch> {
        let budget = Budget::default();
        let before = before.map(|before| world::open_to_world(&before.0, &LetIn::default(), &budget));
        let let_in = world::open_to_world(&self.0, &before.transpose()?.unwrap_or_default(), &budget)?;
        Ok(let_in.rules.into_iter().collect())
    }

    /// The rules that do nothing.
    ///
    /// # Errors
    /// Where they are too many to look at.
    pub fn idle(&self) -> Result<Idle, TooMuch> {
        idle::idle(&self.0, &Budget::default())
    }

    /// What opens and what closes if these become `after`.
    ///
    /// # Errors
    /// Where it is too much.
    pub fn changes(&self, after: &Self) -> Result<(Vec<Traffic>, Vec<Traffic>), TooMuch> {
        change::between(&self.0, &after.0, &Budget::default())
    }
}
