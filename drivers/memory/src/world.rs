//! One provider's firewalls, and EC2's rules about them.

use std::collections::HashSet;
use std::sync::Arc;

use deltawall_core::{
    Account, Capabilities, ConditionCapabilities, Filter, Firewall, FirewallCapabilities, FirewallId, FirewallName,
    Group, NewFirewall, NewRule, Order, Replace, Rest, Rule, RuleCapabilities, RuleContent, RuleId, Source,
    SourceCapabilities,
};
use indexmap::IndexMap;

use crate::refusal::Refusal;
use crate::{checks, size};

/// What EC2's security groups can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    firewalls: FirewallCapabilities { create: true, delete: true, networks: false, default: false, members: false },
    rules: RuleCapabilities {
        create: true,
        delete: true,
        replace: Replace::No,
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
        quota: Some(60),
    },
    sources: SourceCapabilities { groups: true, foreign_groups: true, prefix_lists: false, ipv6: true, ranges: false },
    conditions: ConditionCapabilities::NONE,
    hides_egress: false,
};

/// The group that each account has, and cannot delete.
const DEFAULT_GROUP: &str = "default";

/// How many there may be of what clients make. What the data file brings may be more.
#[derive(Clone, Copy)]
pub(crate) struct Quotas {
    /// How many firewalls a provider may have.
    pub(crate) firewalls: usize,
    /// How many rules a firewall may have in a direction, each source counting as one.
    pub(crate) rules: usize,
}

/// The firewalls of one account, by name, in the order they were made. A firewall that somebody is still reading
/// is copied when it changes, so readers hold what they were given, whole, and no lock.
#[derive(Clone)]
pub(crate) struct World {
    account: Account,
    quotas: Quotas,
    /// Shared with the beginning until the first change.
    firewalls: Arc<IndexMap<String, Held>>,
    /// What clients have made, in bytes.
    made: usize,
}

#[derive(Clone)]
struct Held {
    firewall: Arc<Firewall>,
    /// What of it is not the data file's, in bytes: nothing, or all of it once it has changed.
    size: usize,
}

impl World {
    pub(crate) fn new(account: Account, quotas: Quotas) -> Self {
        Self { account, quotas, firewalls: Arc::default(), made: 0 }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// About how many bytes it takes beyond what all worlds share.
    pub(crate) fn size(&self) -> usize {
        self.made + self.firewalls.len() * size::ENTRY
    }

    pub(crate) fn list(&self, filter: &Filter) -> Vec<Arc<Firewall>> {
        let kept = |held: &Held| Arc::clone(&held.firewall);
        match &filter.id {
            Some(id) => self.firewalls.get(id.as_str()).map(kept).into_iter().collect(),
            None => self.firewalls.values().map(kept).collect(),
        }
    }

    pub(crate) fn get(&self, id: &FirewallId) -> Result<Arc<Firewall>, Refusal> {
        self.held(id).map(|held| Arc::clone(&held.firewall))
    }

    /// Makes a firewall, where there is room for so many bytes.
    pub(crate) fn create(&mut self, new: NewFirewall, room: usize) -> Result<Arc<Firewall>, Refusal> {
        checks::name(&new.name)?;
        checks::description(&new.description)?;
        self.check_is_free(&new.name)?;
        if self.firewalls.len() >= self.quotas.firewalls {
            return Err(Refusal::TooManyFirewalls);
        }
        let firewall = self.firewall(new);
        let size = size::of_firewall(&firewall);
        check_room(size + size::ENTRY, room)?;
        self.made += size;
        Ok(self.insert(firewall, size))
    }

    /// Puts a firewall there that the data file describes.
    pub(crate) fn place(&mut self, new: NewFirewall) -> Result<(), Refusal> {
        self.check_is_free(&new.name)?;
        self.insert(self.firewall(new), 0);
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: &FirewallId) -> Result<(), Refusal> {
        let Held { firewall, size } = self.held(id)?;
        let (name, size) = (firewall.name.clone(), *size);
        if name.as_str() == DEFAULT_GROUP {
            return Err(Refusal::DefaultGroup(name));
        }
        let by = self.users_of(&name);
        if !by.is_empty() {
            return Err(Refusal::InUse { account: self.account.clone(), name, by });
        }
        Arc::make_mut(&mut self.firewalls).shift_remove(id.as_str());
        self.made -= size;
        Ok(())
    }

    /// Makes a rule, where there is room for so many bytes.
    pub(crate) fn create_rule(&mut self, id: &FirewallId, new: NewRule, room: usize) -> Result<Arc<Firewall>, Refusal> {
        let held = self.held(id)?;
        for source in new.sources() {
            if let Source::Group(group) = source
                && group.owner != self.account
            {
                checks::foreign_group(group)?;
            }
        }
        let rule = self.new_rule(&held.firewall, new)?;
        if let Some(description) = &rule.description {
            checks::rule_description(description)?;
        }
        let same_way = held.firewall.rules.iter().filter(|held| held.content.direction == rule.content.direction);
        let sources = same_way.chain([&rule]).map(|rule| rule.content.sources.len()).sum::<usize>();
        if sources > self.quotas.rules {
            return Err(Refusal::TooManyRules);
        }
        let grown = held.copied() + size::of_rule(&rule);
        check_room(grown, room)?;
        self.change(id, |held| {
            held.size += grown;
            Arc::make_mut(&mut held.firewall).rules.push(rule);
            Arc::clone(&held.firewall)
        })
    }

    /// Puts a rule there that the data file describes.
    pub(crate) fn place_rule(&mut self, id: &FirewallId, new: NewRule) -> Result<(), Refusal> {
        let rule = self.new_rule(&self.held(id)?.firewall, new)?;
        self.change(id, |held| Arc::make_mut(&mut held.firewall).rules.push(rule))
    }

    /// Deletes a rule, where there is room for so many bytes: of a firewall that the data file has brought, what is left is a copy.
    pub(crate) fn delete_rule(&mut self, id: &FirewallId, rule: &RuleId<'_>, room: usize) -> Result<(), Refusal> {
        let held = self.held(id)?;
        let mut rules = held.firewall.rules.iter().enumerate();
        let (index, rule) = rules.find(|(_, held)| rule.names(held)).ok_or(Refusal::NoRule)?;
        let (grown, freed) = (held.copied(), size::of_rule(rule));
        check_room(grown, room)?;
        self.change(id, |held| {
            held.size = held.size + grown - freed;
            Arc::make_mut(&mut held.firewall).rules.remove(index);
        })
    }

    fn check_is_free(&self, name: &FirewallName) -> Result<(), Refusal> {
        match self.firewalls.contains_key(name.as_str()) {
            true => Err(Refusal::GroupExists(name.clone())),
            false => Ok(()),
        }
    }

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

    fn insert(&mut self, firewall: Firewall, size: usize) -> Arc<Firewall> {
        let firewall = Arc::new(firewall);
        let held = Held { firewall: Arc::clone(&firewall), size };
        Arc::make_mut(&mut self.firewalls).insert(firewall.id.to_string(), held);
        firewall
    }

    /// The rule as it will be in this firewall, if all it names is there and it is not.
    fn new_rule(&self, firewall: &Firewall, new: NewRule) -> Result<Rule, Refusal> {
        for source in new.sources() {
            if let Source::Group(group) = source
                && self.is_missing(group)
            {
                return Err(Refusal::NoGroup(group.name.to_string()));
            }
        }
        let description = new.description().cloned();
        let content = new.into_content(self.account.clone());
        if let Some(peer) = first_repeated(&firewall.rules, &content) {
            return Err(Refusal::RuleExists { peer, protocol: content.protocol });
        }
        Ok(Rule { cloud_id: None, content, log: None, description })
    }

    /// Changes what is held of a firewall, and counts it anew.
    fn change<T>(&mut self, id: &FirewallId, change: impl FnOnce(&mut Held) -> T) -> Result<T, Refusal> {
        let held = Arc::make_mut(&mut self.firewalls).get_mut(id.as_str());
        let held = held.ok_or_else(|| Refusal::NoGroup(id.to_string()))?;
        let before = held.size;
        let result = change(held);
        self.made = self.made + held.size - before;
        Ok(result)
    }

    fn held(&self, id: &FirewallId) -> Result<&Held, Refusal> {
        self.firewalls.get(id.as_str()).ok_or_else(|| Refusal::NoGroup(id.to_string()))
    }

    /// The other firewalls with a rule that names this one.
    fn users_of(&self, name: &FirewallName) -> Vec<FirewallName> {
        let names = |source: &Source| matches!(source, Source::Group(group) if group.owner == self.account && group.name == *name);
        self.firewalls
            .values()
            .map(|held| &held.firewall)
            .filter(|other| other.name != *name)
            .filter(|other| other.rules.iter().any(|rule| rule.content.sources.iter().any(names)))
            .map(|other| other.name.clone())
            .collect()
    }

    /// Whether it is a group of this account that is not there. Those of other accounts cannot be seen.
    fn is_missing(&self, group: &Group) -> bool {
        group.owner == self.account && !self.firewalls.contains_key(group.name.as_str())
    }
}

impl Held {
    /// How many bytes a change copies that were the data file's.
    fn copied(&self) -> usize {
        if self.size == 0 { size::of_firewall(&self.firewall) } else { 0 }
    }
}

fn check_room(wanted: usize, room: usize) -> Result<(), Refusal> {
    if wanted > room { Err(Refusal::NoRoom) } else { Ok(()) }
}

/// EC2 knows no rules, only permissions for one source each, so a rule is there already as soon as one of its sources
/// is: for the same traffic, in whichever rule.
fn first_repeated(rules: &[Rule], new: &RuleContent) -> Option<Source> {
    let asked: HashSet<_> = new.sources.iter().map(Source::canonical).collect();
    let same_traffic = |rule: &&Rule| rule.content.protocol == new.protocol && rule.content.direction == new.direction;
    let mut held = rules.iter().filter(same_traffic).flat_map(|rule| &rule.content.sources);
    held.find(|source| asked.contains(&source.canonical())).cloned()
}
