//! The rules of EC2's security groups, error for error.

mod checks;
mod data;
mod refusal;
mod replace;

use std::collections::HashSet;

use deltawall_core::{
    Account, Capabilities, ConditionCapabilities, Credentials, Defaults, Firewall, FirewallCapabilities, FirewallId,
    FirewallName, Group, InvalidData, NewFirewall, NewRule, Order, Position, Replace, Rest, Rule, RuleCapabilities,
    RuleSet, Source, SourceCapabilities,
};

use crate::cloud::Cloud;
use crate::firewalls::Firewalls;
use refusal::Refusal;

/// The id of this driver.
pub const ID: &str = "mock";

/// The firewalls, account and credentials that it has if it is given no others.
pub const SAMPLE_DATA: &str = include_str!("../../../../fixtures/mock.toml");

/// The group that each account has, and cannot delete.
const DEFAULT_GROUP: &str = "default";

/// The security groups of one account, by name, in the order they were made.
pub struct Groups {
    account: Account,
    quotas: Quotas,
}

/// How many there may be of what clients make. What the data file brings may be more.
struct Quotas {
    /// How many firewalls a provider may have.
    firewalls: usize,
    /// How many rules a firewall may have in a direction, each source counting as one.
    rules: usize,
}

impl Cloud for Groups {
    const ID: &'static str = ID;
    const NAME: &'static str = "Mock";

    /// What EC2's security groups can do, and that their rules can be replaced in one step.
    const CAPABILITIES: Capabilities = Capabilities {
        firewalls: FirewallCapabilities { create: true, delete: true, networks: false, default: false, members: true },
        rules: RuleCapabilities {
            create: true,
            delete: true,
            replace: Replace::Whole,
            order: Order::Unordered,
            rest: Rest::Denied,
            egress: true,
            deny: false,
            reject: false,
            log: false,
            log_prefix: false,
            other_protocols: true,
            descriptions: true,
            own_ids: false,
            join: false,
            repeat: false,
        },
        sources: SourceCapabilities {
            groups: true,
            foreign_groups: true,
            prefix_lists: false,
            ipv6: true,
            ranges: false,
        },
        conditions: ConditionCapabilities::NONE,
        hides_egress: false,
    };

    type Refusal = Refusal;

    fn parse(data: &str) -> Result<(Credentials, Self, Firewalls), InvalidData> {
        data::parse(data)
    }

    fn new_firewall(&self, there: &Firewalls, new: NewFirewall) -> Result<(Firewall, usize), Refusal> {
        checks::name(&new.name)?;
        checks::description(&new.description)?;
        if there.has(new.name.as_str()) {
            return Err(Refusal::GroupExists(new.name));
        }
        if there.len() >= self.quotas.firewalls {
            return Err(Refusal::TooManyFirewalls);
        }
        Ok((self.firewall(new), there.len()))
    }

    fn check_deletion(&self, there: &Firewalls, firewall: &Firewall) -> Result<(), Refusal> {
        let name = firewall.name.clone();
        if name.as_str() == DEFAULT_GROUP {
            return Err(Refusal::DefaultGroup(name));
        }
        let by = self.users_of(&name, there);
        if !by.is_empty() {
            return Err(Refusal::InUse { account: self.account.clone(), name, by });
        }
        let members = there.members(&firewall.id)?;
        match members.is_empty() {
            true => Ok(()),
            false => Err(Refusal::HasMembers(name, members.iter().map(|member| member.id.clone()).collect())),
        }
    }

    fn new_rule(
        &self,
        there: &Firewalls,
        firewall: &Firewall,
        new: NewRule,
        _: Position,
    ) -> Result<(Rule, usize), Refusal> {
        checks::rule(&new, &self.account)?;
        self.check_is_new(there, firewall, &new)?;
        let same_way = firewall.rules.iter().filter(|held| held.content.direction == new.direction());
        let held: usize = same_way.map(|rule| rule.content.sources.len()).sum();
        if held + new.sources().len() > self.quotas.rules {
            return Err(Refusal::TooManyRules);
        }
        Ok((self.rule(new), firewall.rules.len()))
    }

    fn replaced(
        &self,
        there: &Firewalls,
        firewall: &Firewall,
        set: &RuleSet,
    ) -> Result<(Vec<Rule>, Option<Defaults>), Refusal> {
        Ok((self.replaced_rules(there, &firewall.rules, &set.rules)?, None))
    }
}

impl Groups {
    /// A firewall of this account.
    fn firewall(&self, new: NewFirewall) -> Firewall {
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
    fn rule(&self, new: NewRule) -> Rule {
        let description = new.description().cloned();
        Rule { cloud_id: None, content: new.into_content(self.account.clone()), log: None, description }
    }

    /// Whether all that a rule names is there, and it is not.
    fn check_is_new(&self, there: &Firewalls, firewall: &Firewall, new: &NewRule) -> Result<(), Refusal> {
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
    fn check_groups(&self, there: &Firewalls, new: &NewRule) -> Result<(), Refusal> {
        let is_missing = |group: &Group| group.owner == self.account && !there.has(group.name.as_str());
        let missing = new.sources().iter().find_map(|source| match source {
            Source::Group(group) if is_missing(group) => Some(group.name.to_string()),
            _ => None,
        });
        missing.map_or(Ok(()), |name| Err(Refusal::NoGroup(name)))
    }

    /// The other firewalls with a rule that names this one.
    fn users_of(&self, name: &FirewallName, there: &Firewalls) -> Vec<FirewallName> {
        let names = |source: &Source| matches!(source, Source::Group(group) if group.owner == self.account && group.name == *name);
        there
            .iter()
            .filter(|other| other.name != *name)
            .filter(|other| other.rules.iter().any(|rule| rule.content.sources.iter().any(names)))
            .map(|other| other.name.clone())
            .collect()
    }
}
