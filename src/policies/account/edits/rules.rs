//! Changes of rules.

use std::num::NonZeroUsize;

use super::resolving::{By, Reference};
use crate::policies::account::draft::{Draft, Problems, text};
use crate::policies::account::error::{ChangeError, Code, Problem};
use crate::policies::account::event::EventKind;
use crate::policies::account::id::Id;
use crate::policies::account::policy::{Platform, Policy};
use crate::policies::account::rule::{Action, Chain, Rule, StateName};

/// What a client sends of a rule; none for what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct RuleEdit {
    /// Its chain.
    pub chain: Option<String>,
    /// What it does.
    pub action: Option<String>,
    /// Whether it is in force where its policy is.
    pub is_active: Option<bool>,
    /// The states of a connection, with commas between; none inside for any.
    pub states: Option<Option<String>>,
    /// Whether what it matches is logged.
    pub log: Option<bool>,
    /// What stands before what is logged; none inside for nothing.
    pub log_prefix: Option<Option<String>>,
    /// What it is for; none inside for nothing.
    pub comment: Option<Option<String>>,
    /// The interface; none inside for any.
    pub interface: Option<Option<Reference>>,
    /// The service; none inside for any.
    pub service: Option<Option<Reference>>,
    /// Where traffic comes from; none inside for anywhere.
    pub source: Option<Option<Reference>>,
    /// Where traffic goes to; none inside for anywhere.
    pub target: Option<Option<Reference>>,
    /// Where it is to stand in its chain.
    pub position: Option<Place>,
}

/// A place in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This one, the first being 1; behind all where there are not so many.
    At(NonZeroUsize),
    /// Behind all others.
    Last,
}

impl Draft<'_> {
    /// Makes a rule of a policy.
    ///
    /// # Errors
    /// What is wrong with it, or that there is no such policy.
    pub fn create_rule(&mut self, policy: &str, edit: &RuleEdit) -> Result<Id, ChangeError> {
        let mut policy = Policy::clone(&*self.find::<Policy>(policy)?);
        self.check_room_for_rules(policy.input.len() + policy.output.len() + 1)?;
        let (chain, rule) = self.new_rule(edit, policy.platform, By::Id)?;
        let id = rule.id;
        insert(policy.chain_mut(chain), rule, edit.position.unwrap_or(Place::Last));
        self.put_changed(policy)?;
        Ok(id)
    }

    /// Changes a rule of a policy.
    ///
    /// # Errors
    /// What is wrong with it, or that it is not there.
    pub fn change_rule(&mut self, policy: &str, rule: &str, edit: &RuleEdit) -> Result<(), ChangeError> {
        let before = self.find::<Policy>(policy)?;
        let mut policy = Policy::clone(&before);
        let (chain, index) = place(&policy, rule)?;
        let mut changed = policy.chain_mut(chain).remove(index);
        let mut problems = Problems::default();
        let to = edit.chain.as_deref().and_then(|text| problems.note(read_chain(text))).unwrap_or(chain);
        self.edit_rule(&mut changed, edit, (to, policy.platform), By::Id, &mut problems);
        problems.check()?;
        let stays = || NonZeroUsize::new(index + 1).filter(|_| to == chain).map_or(Place::Last, Place::At);
        insert(policy.chain_mut(to), changed, edit.position.unwrap_or_else(stays));
        if policy == *before { Ok(()) } else { self.put_changed(policy) }
    }

    /// Deletes a rule of a policy.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn delete_rule(&mut self, policy: &str, rule: &str) -> Result<(), ChangeError> {
        let mut policy = Policy::clone(&*self.find::<Policy>(policy)?);
        let (chain, index) = place(&policy, rule)?;
        policy.chain_mut(chain).remove(index);
        self.put_changed(policy)
    }

    /// Whether a policy may have so many rules.
    pub(super) fn check_room_for_rules(&self, rules: usize) -> Result<(), ChangeError> {
        let most = self.limits.rules;
        match rules <= most {
            true => Ok(()),
            false => {
                let details = format!("A policy has {most} rules at the most");
                Err(Problem::new("firewall_rules", &rules.to_string(), Code::TooMany, details).into())
            }
        }
    }

    /// A rule that is in no policy yet, and its chain.
    pub(super) fn new_rule(
        &mut self,
        edit: &RuleEdit,
        platform: Platform,
        by: By,
    ) -> Result<(Chain, Rule), ChangeError> {
        let mut problems = Problems::default();
        let required = |field: &str, what: &str| Problem::new(field, "", Code::Required, format!("{what} required"));
        let chain = edit.chain.as_deref().map_or_else(|| Err(required("chain", "Chain")), read_chain);
        let chain = problems.note(chain);
        if edit.action.is_none() {
            problems.add(required("action", "Action"));
        }
        let mut rule = Rule {
            id: Id::new(),
            action: Action::Drop,
            is_active: false,
            states: Vec::new(),
            log: false,
            log_prefix: String::new(),
            comment: String::new(),
            interface: None,
            service: None,
            peer: None,
        };
        self.edit_rule(&mut rule, edit, (chain.unwrap_or(Chain::Input), platform), by, &mut problems);
        problems.check()?;
        let chain = chain.ok_or_else(|| ChangeError::from(required("chain", "Chain")))?;
        Ok((chain, rule))
    }

    /// Takes over what a client sent of a rule, which is in this chain then.
    fn edit_rule(
        &mut self,
        rule: &mut Rule,
        edit: &RuleEdit,
        (chain, platform): (Chain, Platform),
        by: By,
        problems: &mut Problems,
    ) {
        if let Some(action) = &edit.action
            && let Some(action) = problems.note(read_action(action, platform))
        {
            rule.action = action;
        }
        rule.is_active = edit.is_active.unwrap_or(rule.is_active);
        if let Some(comment) = &edit.comment {
            let comment = text("comment", comment.as_deref().unwrap_or_default());
            rule.comment = problems.note(comment).unwrap_or_default();
        }
        if let Some(service) = &edit.service {
            rule.service = service.as_ref().and_then(|service| problems.note(self.service(service, by)));
        }
        self.edit_peer(rule, edit, chain, by, problems);
        // Windows knows none of these: they are taken and left alone.
        if platform == Platform::Windows {
            return;
        }
        if let Some(states) = &edit.states {
            let text = states.as_deref().unwrap_or_default();
            let details = "States are NEW, RELATED and ESTABLISHED with commas between, or ANY";
            let states = StateName::read_all(text);
            let states = states.ok_or_else(|| Problem::new("connection_states", text, Code::Invalid, details));
            rule.states = problems.note(states).unwrap_or_default();
        }
        rule.log = edit.log.unwrap_or(rule.log);
        if let Some(prefix) = &edit.log_prefix {
            let prefix = prefix.as_deref().unwrap_or_default();
            rule.log_prefix = problems.note(read_log_prefix(prefix)).unwrap_or_default();
        }
        if let Some(interface) = &edit.interface {
            rule.interface = interface.as_ref().and_then(|interface| problems.note(self.interface(interface, by)));
        }
    }

    fn edit_peer(&mut self, rule: &mut Rule, edit: &RuleEdit, chain: Chain, by: By, problems: &mut Problems) {
        let source = ("firewall_source", &edit.source);
        let target = ("firewall_target", &edit.target);
        let is_given = |(_, sent): (&str, &Option<Option<Reference>>)| matches!(sent, Some(Some(_)));
        let wrong = |field: &'static str, details: &str| Problem::new(field, "", Code::Invalid, details);
        let (field, sent) = match chain {
            Chain::Input if is_given(target) => {
                return problems.add(wrong(target.0, "An INPUT rule has a firewall_source, and no firewall_target"));
            }
            Chain::Output if is_given(source) && is_given(target) => {
                return problems.add(wrong(source.0, "An OUTPUT rule has a firewall_target, and no firewall_source"));
            }
            Chain::Input => source,
            // Converters write what a rule for outgoing traffic is for as its source.
            Chain::Output if is_given(source) || target.1.is_none() => source,
            Chain::Output => target,
        };
        match sent {
            Some(Some(reference)) => {
                if let Some(peer) = problems.note(self.peer(field, reference, chain, by)) {
                    rule.peer = Some(peer);
                }
            }
            Some(None) => rule.peer = None,
            None if chain == Chain::Output && rule.is_for_users() => {
                problems.add(wrong(field, "Users are sources of INPUT rules only"));
            }
            None => {}
        }
    }

    /// Puts a policy in the place of what it was, as changed by who asks.
    pub(super) fn put_changed(&mut self, policy: Policy) -> Result<(), ChangeError> {
        let message = format!("Policy '{}' was changed.", policy.name);
        self.tell(EventKind::FirewallPolicyModified, message, Some(&policy.name))?;
        let policy = Policy { updated_by: self.by.label(), updated_at: self.now.millis(), ..policy };
        self.put(policy)
    }
}

fn place(policy: &Policy, rule: &str) -> Result<(Chain, usize), ChangeError> {
    let found = Id::read(rule).and_then(|id| policy.place(id));
    found.ok_or_else(|| ChangeError::NotFound { kind: "firewall_rule", id: rule.to_owned() })
}

fn insert(chain: &mut Vec<Rule>, rule: Rule, place: Place) {
    let index = match place {
        Place::At(place) => chain.len().min(place.get() - 1),
        Place::Last => chain.len(),
    };
    chain.insert(index, rule);
}

fn read_chain(text: &str) -> Result<Chain, Problem> {
    let code = if text.trim().is_empty() { Code::Required } else { Code::Invalid };
    Chain::read(text).ok_or_else(|| Problem::new("chain", text, code, "Chain is INPUT or OUTPUT"))
}

fn read_action(text: &str, platform: Platform) -> Result<Action, Problem> {
    let code = if text.trim().is_empty() { Code::Required } else { Code::Invalid };
    let wrong = |details: &str| Problem::new("action", text, code, details);
    match Action::read(text) {
        Some(Action::Reject) if platform == Platform::Windows => Err(wrong("On Windows, action is ACCEPT or DROP")),
        Some(action) => Ok(action),
        None => Err(wrong("Action is ACCEPT, DROP or REJECT")),
    }
}

fn read_log_prefix(text: &str) -> Result<String, Problem> {
    match text.chars().count() <= Rule::MAX_LOG_PREFIX {
        true => Ok(text.to_owned()),
        false => {
            let details = format!("must not be more than {} characters long.", Rule::MAX_LOG_PREFIX);
            Err(Problem::new("log_prefix", text, Code::TooLong, details))
        }
    }
}
