//! One provider's firewalls, and EC2's rules about them.

use std::collections::HashSet;
use std::sync::Arc;

use deltawall_core::{
    Account, Capabilities, Filter, Firewall, FirewallId, FirewallName, Group, NewFirewall, NewRule, Rule, RuleContent,
    RuleId, Source,
};
use indexmap::IndexMap;

use crate::refusal::Refusal;

/// What EC2's security groups can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    create_firewall: true,
    delete_firewall: true,
    create_rule: true,
    delete_rule: true,
    egress: true,
    deny: false,
    log: false,
    group_sources: true,
    foreign_groups: true,
    prefix_lists: false,
    ipv6: true,
    other_protocols: true,
    descriptions: true,
    joins_rules: false,
    networks: false,
    hides_egress: false,
};

/// EC2: "Up to 255 characters in length" for the name and the description of a group.
const MAX_TEXT: usize = 255;

/// The group that each account has, and cannot delete.
const DEFAULT_GROUP: &str = "default";

/// The firewalls of one account, by name, in the order they were made. A firewall that somebody is still reading
/// is copied when it changes, so readers hold what they were given, whole, and no lock.
#[derive(Clone)]
pub(crate) struct World {
    account: Account,
    firewalls: IndexMap<String, Arc<Firewall>>,
}

impl World {
    pub(crate) fn new(account: Account) -> Self {
        Self { account, firewalls: IndexMap::new() }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn list(&self, filter: &Filter) -> Vec<Arc<Firewall>> {
        match &filter.id {
            Some(id) => self.firewalls.get(id.as_str()).cloned().into_iter().collect(),
            None => self.firewalls.values().cloned().collect(),
        }
    }

    pub(crate) fn get(&self, id: &FirewallId) -> Result<Arc<Firewall>, Refusal> {
        self.held(id).cloned()
    }

    pub(crate) fn create(&mut self, new: NewFirewall) -> Result<Arc<Firewall>, Refusal> {
        check_text("GroupName", new.name.as_str())?;
        check_text("GroupDescription", new.description.as_str())?;
        if new.name.as_str().starts_with("sg-") {
            return Err(invalid("GroupName", new.name.as_str(), "Group names may not be in the format sg-*."));
        }
        if self.firewalls.contains_key(new.name.as_str()) {
            return Err(Refusal::GroupExists(new.name));
        }
        let firewall = Arc::new(Firewall {
            id: FirewallId::from(&new.name),
            name: new.name,
            description: Some(new.description),
            owner: Some(self.account.clone()),
            rules: Vec::new(),
        });
        self.firewalls.insert(firewall.id.to_string(), Arc::clone(&firewall));
        Ok(firewall)
    }

    pub(crate) fn delete(&mut self, id: &FirewallId) -> Result<(), Refusal> {
        let name = self.held(id)?.name.clone();
        if name.as_str() == DEFAULT_GROUP {
            return Err(Refusal::DefaultGroup(name));
        }
        let by = self.users_of(&name);
        if !by.is_empty() {
            return Err(Refusal::InUse { account: self.account.clone(), name, by });
        }
        self.firewalls.shift_remove(id.as_str());
        Ok(())
    }

    pub(crate) fn create_rule(&mut self, id: &FirewallId, new: NewRule) -> Result<Arc<Firewall>, Refusal> {
        let firewall = self.held(id)?;
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
        let firewall = self.held_mut(id)?;
        Arc::make_mut(firewall).rules.push(Rule { cloud_id: None, content, log: false, description });
        Ok(Arc::clone(firewall))
    }

    pub(crate) fn delete_rule(&mut self, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Refusal> {
        let firewall = self.held_mut(id)?;
        let index = firewall.rules.iter().position(|held| rule.names(held)).ok_or(Refusal::NoRule)?;
        Arc::make_mut(firewall).rules.remove(index);
        Ok(())
    }

    fn held(&self, id: &FirewallId) -> Result<&Arc<Firewall>, Refusal> {
        self.firewalls.get(id.as_str()).ok_or_else(|| Refusal::NoGroup(id.to_string()))
    }

    fn held_mut(&mut self, id: &FirewallId) -> Result<&mut Arc<Firewall>, Refusal> {
        self.firewalls.get_mut(id.as_str()).ok_or_else(|| Refusal::NoGroup(id.to_string()))
    }

    /// The other firewalls with a rule that names this one.
    fn users_of(&self, name: &FirewallName) -> Vec<FirewallName> {
        let names = |source: &Source| matches!(source, Source::Group(group) if group.owner == self.account && group.name == *name);
        self.firewalls
            .values()
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

/// EC2 knows no rules, only permissions for one source each, so a rule is there already as soon as one of its sources
/// is: for the same traffic, in whichever rule.
fn first_repeated(rules: &[Rule], new: &RuleContent) -> Option<Source> {
    let asked: HashSet<_> = new.sources.iter().map(Source::canonical).collect();
    let same_traffic = |rule: &&Rule| rule.content.protocol == new.protocol && rule.content.direction == new.direction;
    let mut held = rules.iter().filter(same_traffic).flat_map(|rule| &rule.content.sources);
    held.find(|source| asked.contains(&source.canonical())).cloned()
}

fn check_text(parameter: &'static str, value: &str) -> Result<(), Refusal> {
    if !value.is_ascii() {
        return Err(invalid(parameter, value, "Character sets beyond ASCII are not supported."));
    }
    if value.len() > MAX_TEXT {
        return Err(invalid(parameter, value, "It is longer than 255 characters."));
    }
    Ok(())
}

fn invalid(parameter: &'static str, value: &str, why: &'static str) -> Refusal {
    Refusal::Value { parameter, value: value.to_owned(), why }
}
