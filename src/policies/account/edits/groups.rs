//! Changes of groups. Making and deleting their firewalls is the account's.

use serde_json::{Map, Value};

use crate::policies::account::draft::{Draft, Problems, text};
use crate::policies::account::error::{ChangeError, Code, Problem};
use crate::policies::account::event::EventKind;
use crate::policies::account::id::Id;
use crate::policies::account::objects::GroupSettings;
use crate::policies::account::policy::Platform;

/// What a client sends of a group; none for what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct GroupEdit {
    /// Its name.
    pub name: Option<String>,
    /// What it is for; none inside for nothing.
    pub description: Option<Option<String>>,
    /// A word that servers were sorted by.
    pub tag: Option<String>,
    /// The id of the group that it is to stand under; none inside for the root group.
    pub parent: Option<Option<String>>,
    /// The id of the Linux policy; none inside for none. With the field that it was sent in.
    pub policy: Option<(&'static str, Option<String>)>,
    /// The id of the Windows policy; none inside for none.
    pub windows_policy: Option<Option<String>>,
    /// What other modules have.
    pub others: Map<String, Value>,
}

impl Draft<'_> {
    /// The group with this id, whether or not something is kept of it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn group_named(&self, id: &str) -> Result<GroupSettings, ChangeError> {
        let found = Id::read(id).and_then(|id| self.directory.groups.iter().find(|group| group.id == id));
        let not_there = || ChangeError::NotFound { kind: "group", id: id.to_owned() };
        let group = found.ok_or_else(not_there)?;
        Ok(self.objects.groups.get(group.id).map_or_else(|| group.clone(), |kept| GroupSettings::clone(kept)))
    }

    /// Changes what is kept of a group.
    ///
    /// # Errors
    /// What is wrong with it, or that it is not there.
    pub fn change_group(&mut self, id: &str, edit: &GroupEdit) -> Result<(), ChangeError> {
        let before = self.group_named(id)?;
        let is_kept = self.objects.groups.get(before.id).is_some();
        let mut group = before.clone();
        self.edit_group(&mut group, edit)?;
        if is_kept && group == before {
            return Ok(());
        }
        if !is_kept {
            group.made = self.number();
        }
        if group.policy != before.policy {
            self.tell_of_assignment(&group, before.policy)?;
        }
        self.put(group)
    }

    fn tell_of_assignment(&mut self, group: &GroupSettings, before: Option<Id>) -> Result<(), ChangeError> {
        let all = &self.objects.policies;
        let name = |id: Id| all.get(id).map(|policy| policy.name.clone()).unwrap_or_default();
        let (taken, given) = (before.map(name), group.policy.map(name));
        if let Some(policy) = taken {
            let message = format!("Policy '{policy}' was taken from group '{}'.", group.name);
            self.tell(EventKind::FirewallPolicyUnassigned, message, Some(&policy))?;
        }
        if let Some(policy) = given {
            let message = format!("Policy '{policy}' was assigned to group '{}'.", group.name);
            self.tell(EventKind::FirewallPolicyAssigned, message, Some(&policy))?;
        }
        Ok(())
    }

    /// Takes over what a client sent of a group.
    pub(in crate::policies::account) fn edit_group(
        &self,
        group: &mut GroupSettings,
        edit: &GroupEdit,
    ) -> Result<(), ChangeError> {
        let mut problems = Problems::default();
        if let Some(name) = &edit.name {
            group.name = problems.note(self.group_name(name, group.id)).unwrap_or_default();
        }
        if let Some(description) = &edit.description {
            let read = description.as_deref().map(|description| text("description", description)).transpose();
            group.description = problems.note(read).flatten();
        }
        if let Some(tag) = &edit.tag {
            group.tag = problems.note(text("tag", tag)).unwrap_or_default();
        }
        if let Some(parent) = &edit.parent {
            group.parent = problems.note(self.parent(group, parent.as_deref())).flatten();
        }
        if let Some((field, policy)) = &edit.policy {
            group.policy = problems.note(self.policy_of_group(group, field, policy.as_deref())).flatten();
        }
        if let Some(Some(policy)) = &edit.windows_policy {
            problems.add(self.windows_policy(policy));
        }
        group.others.extend(edit.others.clone());
        problems.check()
    }

    fn group_name(&self, sent: &str, of: Id) -> Result<String, Problem> {
        let name = self.name::<GroupSettings>(sent, Some(of))?;
        let is_taken = self.directory.groups.iter().any(|other| other.name == name && other.id != of);
        match is_taken {
            true => {
                Err(Problem::new("name", sent, Code::Taken, "Another group has this name: choose one that none has"))
            }
            false => Ok(name),
        }
    }

    /// The group that one is to stand under.
    fn parent(&self, group: &GroupSettings, sent: Option<&str>) -> Result<Option<Id>, Problem> {
        let wrong = |code, details: &str| Problem::new("parent_id", sent.unwrap_or_default(), code, details);
        let root = self.directory.groups.iter().find(|group| group.firewall.is_none()).map(|root| root.id);
        if group.firewall.is_none() {
            return match sent {
                None => Ok(None),
                Some(_) => Err(wrong(Code::System, "The root group stands under no other")),
            };
        }
        let Some(sent) = sent else { return Ok(root) };
        let groups = &self.directory.groups;
        let known = |id: Id| groups.iter().find(|group| group.id == id);
        let parent = Id::read(sent).and_then(known).ok_or_else(|| wrong(Code::NotFound, "There is no such group"))?;
        let mut above = Some(parent.id);
        // Each step leads to another group, or round.
        for _ in groups {
            let Some(id) = above else { break };
            if id == group.id {
                return Err(wrong(Code::Invalid, "A group cannot stand under itself"));
            }
            above = known(id).and_then(|group| group.parent);
        }
        Ok(Some(parent.id))
    }

    fn policy_of_group(&self, group: &GroupSettings, field: &str, sent: Option<&str>) -> Result<Option<Id>, Problem> {
        let Some(sent) = sent else { return Ok(None) };
        let wrong = |code, details: &str| Problem::new(field, sent, code, details);
        let policy = Id::read(sent).and_then(|id| self.objects.policies.get(id));
        let policy = policy.ok_or_else(|| wrong(Code::NotFound, "There is no such policy"))?;
        if policy.platform != Platform::Linux {
            return Err(wrong(Code::Invalid, "This is a policy for Windows"));
        }
        match group.firewall {
            Some(_) => Ok(Some(policy.id)),
            None => {
                Err(wrong(Code::Invalid, "The root group has no firewall: assign the policy to the groups under it"))
            }
        }
    }

    /// Why a policy for Windows is not assigned.
    fn windows_policy(&self, sent: &str) -> Problem {
        let wrong = |code, details: &str| Problem::new("windows_firewall_policy_id", sent, code, details);
        match Id::read(sent).and_then(|id| self.objects.policies.get(id)).map(|policy| policy.platform) {
            None => wrong(Code::NotFound, "There is no such policy"),
            Some(Platform::Linux) => wrong(Code::Invalid, "This is a policy for Linux"),
            Some(Platform::Windows) => {
                let details = "It would not be enforced: a firewall is kept at one policy, and that is a Linux one";
                wrong(Code::Invalid, details)
            }
        }
    }

    /// That a policy may be deleted is its own matter; that a group may is this: nothing stands under it, and no rule names it.
    ///
    /// # Errors
    /// Why not.
    pub fn delete_group(&mut self, id: &str) -> Result<GroupSettings, ChangeError> {
        let group = self.group_named(id)?;
        let wrong = |code, details: &str| Err(Problem::new("id", id, code, details).into());
        if group.firewall.is_none() {
            return wrong(Code::System, "The root group is always there");
        }
        if self.directory.groups.iter().any(|other| other.parent == Some(group.id)) {
            return wrong(Code::InUse, "Other groups stand under it: delete or move them first");
        }
        self.check_unused(group.id)?;
        if self.objects.groups.get(group.id).is_some() {
            self.remove::<GroupSettings>(group.id);
        }
        Ok(group)
    }
}
