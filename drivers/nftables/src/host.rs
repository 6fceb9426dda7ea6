//! A host's firewalls, as they are to be: what becomes of the document with each change. Nothing here asks the kernel.

use std::collections::HashSet;
use std::sync::Arc;

use deltawall_core::{
    Account, Action, CloudRuleId, Conditions, Defaults, Description, Direction, Document, Firewall, FirewallId,
    FirewallName, KeptFirewall, LogPrefix, NewFirewall, NewRule, Rule,
};

use crate::capabilities::{DEVICE, MAX_FIREWALLS, MAX_RULES};
use crate::frame::RESERVED;
use crate::options::Marks;
use crate::refusal::Refusal;

/// The firewalls of a host that nobody has changed yet: its own, which lets everything through.
pub(crate) fn first(owner: &Account) -> Option<Document> {
    let name = FirewallName::new(DEVICE).ok()?;
    let firewall = Firewall {
        id: FirewallId::from(&name),
        name,
        description: Description::new("The host's own firewall").ok(),
        owner: Some(owner.clone()),
        rules: Vec::new(),
        default: Some(Defaults { ingress: Action::Accept, egress: Action::Accept }),
    };
    let device = KeptFirewall { firewall: Arc::new(firewall), number: 1, numbers: Vec::new() };
    Some(Document { firewalls: vec![device], last_number: RESERVED })
}

/// The firewall of this id.
pub(crate) fn find<'a>(document: &'a Document, id: &FirewallId) -> Result<&'a KeptFirewall, Refusal> {
    let mut firewalls = document.firewalls.iter();
    firewalls.find(|kept| kept.firewall.id == *id).ok_or_else(|| Refusal::NoFirewall(id.to_string()))
}

/// The same, to be changed.
pub(crate) fn find_mut<'a>(document: &'a mut Document, id: &FirewallId) -> Result<&'a mut KeptFirewall, Refusal> {
    let mut firewalls = document.firewalls.iter_mut();
    firewalls.find(|kept| kept.firewall.id == *id).ok_or_else(|| Refusal::NoFirewall(id.to_string()))
}

/// Adds a firewall before the host's own, and gives it.
pub(crate) fn add_firewall(document: &mut Document, new: NewFirewall) -> Result<KeptFirewall, Refusal> {
    if document.firewalls.iter().any(|kept| kept.firewall.name == new.name) {
        return Err(Refusal::NameTaken(new.name));
    }
    if document.firewalls.len() >= MAX_FIREWALLS {
        return Err(Refusal::TooManyFirewalls);
    }
    let owner = document.firewalls.iter().find_map(|kept| kept.firewall.owner.clone());
    let taken: HashSet<u32> = document.firewalls.iter().map(|kept| kept.number).collect();
    let number = (1..=u32::MAX).find(|number| !taken.contains(number)).unwrap_or(u32::MAX);
    let firewall = Firewall {
        id: FirewallId::from(&new.name),
        name: new.name,
        description: Some(new.description),
        owner,
        rules: Vec::new(),
        default: None,
    };
    let kept = KeptFirewall { firewall: Arc::new(firewall), number, numbers: Vec::new() };
    document.firewalls.insert(document.firewalls.len().saturating_sub(1), kept.clone());
    Ok(kept)
}

/// Removes a firewall, and gives what it was.
pub(crate) fn remove_firewall(document: &mut Document, id: &FirewallId) -> Result<KeptFirewall, Refusal> {
    let place = document.firewalls.iter().position(|kept| kept.firewall.id == *id);
    let place = place.ok_or_else(|| Refusal::NoFirewall(id.to_string()))?;
    match id.as_str() == DEVICE {
        true => Err(Refusal::Device),
        false => Ok(document.firewalls.remove(place)),
    }
}

/// Adds a rule at an index, and gives it with its number.
pub(crate) fn add_rule(
    document: &mut Document,
    id: &FirewallId,
    index: usize,
    new: NewRule,
    (host, marks): (&Account, Marks),
) -> Result<(Rule, u32), Refusal> {
    check_rule(&new)?;
    if find(document, id)?.firewall.rules.len() >= MAX_RULES {
        return Err(Refusal::TooManyRules);
    }
    let number = Numbers::of(document, marks).next().ok_or(Refusal::NoNumber)?;
    document.last_number = number;
    let kept = find_mut(document, id)?;
    let rule = new_rule(&kept.firewall, new, host);
    let index = index.min(kept.firewall.rules.len());
    Arc::make_mut(&mut kept.firewall).rules.insert(index, rule.clone());
    kept.numbers.insert(index, number);
    Ok((rule, number))
}

/// A rule in a firewall, with an id that no rule has had.
pub(crate) fn new_rule(firewall: &Firewall, new: NewRule, host: &Account) -> Rule {
    let (log, description) = (new.log().cloned(), new.description().cloned());
    let owner = firewall.owner.as_ref().unwrap_or(host).clone();
    let id = CloudRuleId::new(uuid::Uuid::new_v4().to_string()).ok();
    Rule { cloud_id: id, content: new.into_content(owner), log, description }
}

/// Removes a rule by its place. The number that it had.
pub(crate) fn remove_rule(document: &mut Document, id: &FirewallId, place: usize) -> Result<u32, Refusal> {
    let kept = find_mut(document, id)?;
    Arc::make_mut(&mut kept.firewall).rules.remove(place);
    Ok(kept.numbers.remove(place))
}

/// What the host will not take of a rule that it can make.
pub(crate) fn check_rule(new: &NewRule) -> Result<(), Refusal> {
    let prefix = new.log().and_then(|log| log.prefix.as_ref());
    if prefix.is_some_and(|prefix| prefix.as_str().len() > LogPrefix::MAX) {
        return Err(Refusal::LogPrefix);
    }
    if prefix.is_some_and(|prefix| prefix.as_str().contains(['"', '$'])) {
        return Err(Refusal::UnwritablePrefix);
    }
    let interface = new.conditions().and_then(|conditions| conditions.interface.as_ref());
    if let Some(misread) = interface.filter(|interface| interface.is_misread_by_nft()) {
        return Err(Refusal::Interface(misread.clone()));
    }
    let has_mac = new.conditions().is_some_and(|conditions: &Conditions| conditions.mac.is_some());
    match has_mac && new.direction() == Direction::Egress {
        true => Err(Refusal::EgressMac),
        false => Ok(()),
    }
}

/// Numbers that no rule has, beginning behind the one that was given last, so that a number comes again as late as can be: a
/// connection that has ended with its rule must not go on with another.
pub(crate) struct Numbers {
    taken: HashSet<u32>,
    last: u32,
    most: u32,
}

impl Numbers {
    pub(crate) fn of(document: &Document, marks: Marks) -> Self {
        let taken = document.firewalls.iter().flat_map(|kept| kept.numbers.iter().copied()).collect();
        Self { taken, last: document.last_number, most: marks.most() }
    }
}

impl Iterator for Numbers {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = RESERVED + 1;
        let above = self.last.saturating_add(1).max(first)..=self.most;
        let number = above.chain(first..=self.most).find(|number| !self.taken.contains(number))?;
        self.taken.insert(number);
        self.last = number;
        Some(number)
    }
}
