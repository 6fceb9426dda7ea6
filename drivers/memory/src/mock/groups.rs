//! The security groups of an account, and how they hang together.

use std::collections::HashSet;

use deltawall_core::{Account, Firewall, FirewallId, FirewallName, Group, NewFirewall, NewRule, Rule, Source};

use super::refusal::Refusal;
use crate::firewalls::Firewalls;

/// The security groups of one account, by name, in the order they were made.
pub struct Groups {
    pub(super) account: Account,
    pub(super) quotas: Quotas,
}

/// How many there may be of what clients make. What the data file brings may be more.
pub(super) struct Quotas {
    /// How many firewalls a provider may have.
    pub(super) firewalls: usize,
    /// How many rules a firewall may have in a direction, each source counting as one.
    pub(super) rules: usize,
}

impl Groups {
    /// A firewall of this account.
    pub(super) fn firewall(&self, new: NewFirewall) -> Firewall {
        Firewall {
            id: FirewallId::from(&new.name),
            name: new.name,
            description: Some(new.description),
            owner: Some(self.account.clone()),
            rules: Vec::new(),
            default: None,
        }
    }

    /// A rule in a firewall of this account.
    pub(super) fn rule(&self, new: NewRule) -> Rule {
        let description = new.description().cloned();
        Rule { cloud_id: None, content: new.into_content(self.account.clone()), log: None, description }
    }

    /// Whether all that a rule names is there, and it is not.
    pub(super) fn check_is_new(&self, there: &Firewalls, firewall: &Firewall, new: &NewRule) -> Result<(), Refusal> {
        self.check_groups(there, new)?;
        // EC2 knows no rules, only permissions for one source each, so a rule is there already as soon as one of its sources
        // is: for the same traffic, in whichever rule.
        let asked: HashSet<_> = new.sources().iter().map(Source::canonical).collect();
        let (protocol, direction) = (new.protocol(), new.direction());
        let same_traffic = |rule: &&Rule| rule.content.protocol == protocol && rule.content.direction == direction;
        let mut held = firewall.rules.iter().filter(same_traffic).flat_map(|rule| &rule.content.sources);
        match held.find(|source| asked.contains(&source.canonical())) {
            Some(peer) => Err(Refusal::RuleExists { peer: peer.clone(), protocol }),
            None => Ok(()),
        }
    }

    /// Whether the groups of this account that a rule names are there. Those of other accounts cannot be seen.
    pub(super) fn check_groups(&self, there: &Firewalls, new: &NewRule) -> Result<(), Refusal> {
        let is_missing = |group: &Group| group.owner == self.account && !there.has(group.name.as_str());
        let missing = new.sources().iter().find_map(|source| match source {
            Source::Group(group) if is_missing(group) => Some(group.name.to_string()),
            _ => None,
        });
        missing.map_or(Ok(()), |name| Err(Refusal::NoGroup(name)))
    }

    /// The other firewalls with a rule that names this one.
    pub(super) fn users_of(&self, name: &FirewallName, there: &Firewalls) -> Vec<FirewallName> {
        let names = |source: &Source| matches!(source, Source::Group(group) if group.owner == self.account && group.name == *name);
        there
            .iter()
            .filter(|other| other.name != *name)
            .filter(|other| other.rules.iter().any(|rule| rule.content.sources.iter().any(names)))
            .map(|other| other.name.clone())
            .collect()
    }
}
