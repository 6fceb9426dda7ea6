//! Changes of policies.

use super::resolving::By;
use super::rules::RuleEdit;
use crate::policies::account::draft::{Draft, Problems, text};
use crate::policies::account::error::{ChangeError, Code, Problem};
use crate::policies::account::event::EventKind;
use crate::policies::account::id::Id;
use crate::policies::account::policy::{Platform, Policy, Windows};

/// What a client sends of a policy; none for what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct PolicyEdit {
    /// Its name.
    pub name: Option<String>,
    /// What it is for; none inside for nothing.
    pub description: Option<Option<String>>,
    /// What runs on the servers that it is for.
    pub platform: Option<String>,
    /// Stored and shown, without effect.
    pub shared: Option<bool>,
    /// Whether traffic that servers forward is left alone.
    pub ignore_forwarding_rules: Option<bool>,
    /// Whether what passes is logged, on Windows.
    pub log_allowed: Option<bool>,
    /// Whether what does not is.
    pub log_dropped: Option<bool>,
    /// Whether what comes in and no rule matches is blocked, on Windows.
    pub block_inbound: Option<bool>,
    /// Whether what goes out and no rule matches is.
    pub block_outbound: Option<bool>,
    /// All its rules, in their order.
    pub rules: Option<Vec<RuleEdit>>,
}

impl Draft<'_> {
    /// Makes a policy, with the rules that come with it.
    ///
    /// # Errors
    /// What is wrong with it, or with a rule of it.
    pub fn create_policy(&mut self, edit: &PolicyEdit) -> Result<Id, ChangeError> {
        self.check_room::<Policy>()?;
        let mut problems = Problems::default();
        let now = self.now.millis();
        let mut policy = Policy {
            id: Id::new(),
            made: self.number(),
            name: String::new(),
            description: String::new(),
            platform: Platform::Linux,
            shared: edit.shared.unwrap_or(true),
            ignore_forwarding_rules: false,
            windows: Windows::default(),
            created_by: self.by.label(),
            updated_by: self.by.label(),
            created_at: now,
            updated_at: now,
            input: Vec::new(),
            output: Vec::new(),
        };
        let named = PolicyEdit { name: Some(edit.name.clone().unwrap_or_default()), ..edit.clone() };
        self.edit_policy(&mut policy, &named, None, &mut problems);
        let rules = edit.rules.as_deref().unwrap_or_default();
        self.check_room_for_rules(rules.len())?;
        for (index, rule) in rules.iter().enumerate() {
            match self.new_rule(rule, policy.platform, By::IdOrName) {
                Ok((chain, rule)) => policy.chain_mut(chain).push(rule),
                Err(ChangeError::Invalid(of_rule)) => {
                    let place = format!("firewall_rules[{index}]");
                    of_rule.into_iter().for_each(|problem| problems.add(problem.within(&place)));
                }
                Err(other) => return Err(other),
            }
        }
        problems.check()?;
        let id = policy.id;
        let message = format!("Policy '{}' was made.", policy.name);
        self.tell(EventKind::FirewallPolicyCreated, message, Some(&policy.name))?;
        self.put(policy)?;
        Ok(id)
    }

    /// Changes a policy, all but its rules.
    ///
    /// # Errors
    /// What is wrong with it, or that it is not there.
    pub fn change_policy(&mut self, id: &str, edit: &PolicyEdit) -> Result<(), ChangeError> {
        let before = self.find::<Policy>(id)?;
        let mut policy = Policy::clone(&before);
        let mut problems = Problems::default();
        self.edit_policy(&mut policy, edit, Some(before.id), &mut problems);
        if policy.platform != before.platform && self.objects.assigned(before.id).next().is_some() {
            let details = "A policy that is assigned to groups is for the platform of their servers";
            problems.add(Problem::new("platform", policy.platform.name(), Code::Invalid, details));
        }
        problems.check()?;
        if policy == *before { Ok(()) } else { self.put_changed(policy) }
    }

    /// Deletes a policy with its rules.
    ///
    /// # Errors
    /// Where it is not there, or assigned to a group.
    pub fn delete_policy(&mut self, id: &str) -> Result<(), ChangeError> {
        let policy = self.find::<Policy>(id)?;
        let groups: Vec<_> = self.objects.assigned(policy.id).map(|group| format!("'{}'", group.name)).collect();
        if !groups.is_empty() {
            let details =
                format!("It is assigned to these groups: {}. Take it away from them first", groups.join(", "));
            return Err(Problem::new("id", id, Code::InUse, details).into());
        }
        let message = format!("Policy '{}' was deleted.", policy.name);
        self.tell(EventKind::FirewallPolicyDeleted, message, Some(&policy.name))?;
        self.remove::<Policy>(policy.id);
        Ok(())
    }

    fn edit_policy(&self, policy: &mut Policy, edit: &PolicyEdit, of: Option<Id>, problems: &mut Problems) {
        if let Some(name) = &edit.name {
            policy.name = problems.note(self.name::<Policy>(name, of)).unwrap_or_default();
        }
        if let Some(description) = &edit.description {
            let description = text("description", description.as_deref().unwrap_or_default());
            policy.description = problems.note(description).unwrap_or_default();
        }
        if let Some(platform) = &edit.platform {
            let details = "Platform is linux or windows";
            let read = Platform::read(platform);
            let read = read.ok_or_else(|| Problem::new("platform", platform, Code::Invalid, details));
            policy.platform = problems.note(read).unwrap_or(policy.platform);
        }
        let ignores = edit.ignore_forwarding_rules;
        policy.ignore_forwarding_rules = ignores.unwrap_or(policy.ignore_forwarding_rules);
        let windows = &mut policy.windows;
        for (sent, kept) in [
            (edit.log_allowed, &mut windows.log_allowed),
            (edit.log_dropped, &mut windows.log_dropped),
            (edit.block_inbound, &mut windows.block_inbound),
            (edit.block_outbound, &mut windows.block_outbound),
        ] {
            *kept = sent.unwrap_or(*kept);
        }
    }
}
