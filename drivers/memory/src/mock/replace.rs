//! All rules of a firewall at once, as EC2 would take them if it did.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use deltawall_core::{Action, Direction, NewRule, Protocol, Rule, Source};

use super::checks;
use super::groups::Groups;
use super::refusal::Refusal;
use crate::firewalls::Firewalls;
use crate::kept::{self, Content};

/// The permissions of one direction. EC2 has none of them twice.
type Permissions<'a> = HashSet<(Protocol, Cow<'a, Source>)>;

impl Groups {
    /// The rules of a new set, if all of them can be made: those that stay where they were, with the descriptions of the new
    /// set, and the others behind them.
    pub(super) fn replaced_rules(
        &self,
        there: &Firewalls,
        held: &[Rule],
        set: &[NewRule],
    ) -> Result<Vec<Rule>, Refusal> {
        // What else is permitted denies, and comes last: EC2 does so anyway.
        let asked = (1..).zip(set).filter(|(_, new)| new.action() == Action::Accept);
        let contents = asked.clone().map(|(_, new)| Content::from(new));
        let places = kept::places(held.iter().map(Content::from), contents);
        let (mut staying, mut coming) = (vec![None; held.len()], Vec::new());
        for (new, place) in asked.zip(places) {
            match place.and_then(|place| staying.get_mut(place)) {
                Some(stays) => *stays = Some(new),
                None => coming.push(new),
            }
        }
        let mut rules = Vec::with_capacity(set.len());
        let mut permissions: HashMap<Direction, Permissions<'_>> = HashMap::new();
        for (rule, new) in held.iter().zip(staying) {
            let Some((number, new)) = new else { continue };
            let (content, description) = (&rule.content, new.description().cloned());
            if description != rule.description {
                checks::rule(new, &self.account).map_err(|why| why.in_rule(number))?;
            }
            let its_own = content.sources.iter().map(|source| (content.protocol, source.canonical()));
            permissions.entry(content.direction).or_default().extend(its_own);
            rules.push(Rule { description, ..rule.clone() });
        }
        for (number, new) in coming {
            let permissions = permissions.entry(new.direction()).or_default();
            self.add(there, new, permissions).map_err(|why| why.in_rule(number))?;
            rules.push(self.rule(new.clone()));
        }
        Ok(rules)
    }

    /// Adds a new rule to the permissions of its direction, if it can be made beside them.
    fn add<'a>(&self, there: &Firewalls, new: &'a NewRule, permissions: &mut Permissions<'a>) -> Result<(), Refusal> {
        checks::rule(new, &self.account)?;
        self.check_groups(there, new)?;
        let protocol = new.protocol();
        let mut sources = new.sources().iter();
        if let Some(peer) = sources.find(|source| !permissions.insert((protocol, source.canonical()))) {
            return Err(Refusal::RuleExists { peer: peer.clone(), protocol });
        }
        if permissions.len() > self.quotas.rules { Err(Refusal::TooManyRules) } else { Ok(()) }
    }
}
