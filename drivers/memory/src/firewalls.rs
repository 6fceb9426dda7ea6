//! One provider's firewalls, whatever a cloud's rules about them are.

use std::sync::Arc;

use deltawall_core::{Defaults, Filter, Firewall, FirewallId, Member, Rule, RuleId};
use indexmap::IndexMap;

use crate::denied::Denied;
use crate::size;

/// Firewalls by id, in the cloud's order, and about how many bytes they take. A firewall that somebody is still reading is
/// copied when it changes, so readers hold what they were given, whole, and no lock.
#[derive(Clone, Default)]
pub struct Firewalls {
    /// Shared with the beginning until the first change.
    held: Arc<IndexMap<String, Held>>,
    /// What clients have made, in bytes.
    made: usize,
}

#[derive(Clone)]
struct Held {
    firewall: Arc<Firewall>,
    /// Who stands behind it, as the data file says.
    members: Arc<[Member]>,
    /// What of it is not the data file's, in bytes: nothing, or all of it once it has changed.
    size: usize,
}

impl Firewalls {
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// About how many bytes they take beyond what all providers share.
    pub(crate) fn size(&self) -> usize {
        self.made + self.held.len() * size::ENTRY
    }

    /// Whether nothing has changed since these were the same.
    pub(crate) fn are_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.held, &other.held)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Firewall>> {
        self.held.values().map(|held| &held.firewall)
    }

    pub(crate) fn list(&self, filter: &Filter) -> Vec<Arc<Firewall>> {
        match &filter.id {
            Some(id) => self.get(id).cloned().into_iter().collect(),
            None => self.iter().cloned().collect(),
        }
    }

    /// Whether there is a firewall of this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.held.contains_key(id)
    }

    pub(crate) fn get(&self, id: &FirewallId) -> Result<&Arc<Firewall>, Denied> {
        self.held(id).map(|held| &held.firewall)
    }

    /// The firewall as it was seen, if it still is.
    pub(crate) fn get_unchanged(&self, seen: &Firewall) -> Result<&Arc<Firewall>, Denied> {
        let firewall = self.get(&seen.id)?;
        if **firewall == *seen { Ok(firewall) } else { Err(Denied::Changed(firewall.name.clone())) }
    }

    pub(crate) fn members(&self, id: &FirewallId) -> Result<&[Member], Denied> {
        self.held(id).map(|held| &*held.members)
    }

    /// Puts a firewall at this place that the data file describes.
    pub(crate) fn place(&mut self, place: usize, firewall: Firewall, members: Vec<Member>) -> Result<(), Denied> {
        self.put(place, Held { firewall: Arc::new(firewall), members: members.into(), size: 0 })
    }

    /// Puts a rule behind the others that the data file describes.
    pub(crate) fn place_rule(&mut self, id: &FirewallId, rule: Rule) -> Result<(), Denied> {
        Arc::make_mut(&mut self.held_mut(id)?.firewall).rules.push(rule);
        Ok(())
    }

    /// Puts a new firewall at this place, where there is room for so many bytes.
    pub(crate) fn insert(&mut self, place: usize, firewall: Firewall, room: usize) -> Result<Arc<Firewall>, Denied> {
        let size = size::of_firewall(&firewall);
        check_room(size + size::ENTRY, room)?;
        let firewall = Arc::new(firewall);
        self.put(place, Held { firewall: Arc::clone(&firewall), members: Arc::default(), size })?;
        self.made += size;
        Ok(firewall)
    }

    pub(crate) fn remove(&mut self, id: &FirewallId) -> Result<(), Denied> {
        self.made -= self.held(id)?.size;
        Arc::make_mut(&mut self.held).shift_remove(id.as_str());
        Ok(())
    }

    /// Puts a new rule at this place, which is behind all others at the most, where there is room for so many bytes.
    pub(crate) fn insert_rule(
        &mut self,
        id: &FirewallId,
        place: usize,
        rule: Rule,
        room: usize,
    ) -> Result<Arc<Firewall>, Denied> {
        let more = size::of_rule(&rule);
        self.change(id, (more, 0), room, |firewall| {
            firewall.rules.insert(place.min(firewall.rules.len()), rule);
        })
    }

    /// Removes a rule, where there is room for so many bytes: of a firewall that the data file has brought, what is left is a copy.
    pub(crate) fn remove_rule(&mut self, id: &FirewallId, rule: &RuleId<'_>, room: usize) -> Result<(), Denied> {
        let mut rules = self.get(id)?.rules.iter().enumerate();
        let (index, rule) = rules.find(|(_, held)| rule.names(held)).ok_or(Denied::NoRule)?;
        let less = size::of_rule(rule);
        self.change(id, (0, less), room, |firewall| drop(firewall.rules.remove(index)))?;
        Ok(())
    }

    /// Gives a firewall other rules and another default, where there is room for so many bytes and anything differs.
    pub(crate) fn replace_rules(
        &mut self,
        id: &FirewallId,
        rules: Vec<Rule>,
        default: Option<Defaults>,
        room: usize,
    ) -> Result<Arc<Firewall>, Denied> {
        let firewall = self.get(id)?;
        if rules == firewall.rules && default == firewall.default {
            return Ok(Arc::clone(firewall));
        }
        let (more, less) = (size::of_rules(&rules), size::of_rules(&firewall.rules));
        self.change(id, (more, less), room, |firewall| (firewall.rules, firewall.default) = (rules, default))
    }

    /// Changes a firewall by so many bytes more and so many less, where there is room.
    fn change(
        &mut self,
        id: &FirewallId,
        (more, less): (usize, usize),
        room: usize,
        change: impl FnOnce(&mut Firewall),
    ) -> Result<Arc<Firewall>, Denied> {
        let held = self.held(id)?;
        let before = held.size;
        let copied = if before == 0 { size::of_firewall(&held.firewall) } else { 0 };
        let after = (before + copied + more).saturating_sub(less);
        check_room(after.saturating_sub(before), room)?;
        let held = self.held_mut(id)?;
        held.size = after;
        change(Arc::make_mut(&mut held.firewall));
        let firewall = Arc::clone(&held.firewall);
        self.made = self.made + after - before;
        Ok(firewall)
    }

    fn put(&mut self, place: usize, held: Held) -> Result<(), Denied> {
        let (id, place) = (held.firewall.id.to_string(), place.min(self.len()));
        if self.has(&id) {
            return Err(Denied::NameTaken(held.firewall.name.clone()));
        }
        Arc::make_mut(&mut self.held).shift_insert(place, id, held);
        Ok(())
    }

    fn held(&self, id: &FirewallId) -> Result<&Held, Denied> {
        self.held.get(id.as_str()).ok_or_else(|| Denied::NoFirewall(id.to_string()))
    }

    fn held_mut(&mut self, id: &FirewallId) -> Result<&mut Held, Denied> {
        Arc::make_mut(&mut self.held).get_mut(id.as_str()).ok_or_else(|| Denied::NoFirewall(id.to_string()))
    }
}

fn check_room(wanted: usize, room: usize) -> Result<(), Denied> {
    if wanted > room { Err(Denied::NoRoom) } else { Ok(()) }
}
