//! A host and what is its own.

use deltawall_core::{Account, Action, CloudRuleId, Defaults, Firewall, FirewallId, NewFirewall, NewRule, Rule};

use crate::firewalls::Firewalls;

/// A host, which owns its firewalls. They go by name, in the order in which they are tried.
pub struct Host {
    pub(super) name: Account,
}

impl Host {
    /// The host's own firewall, which lets everything through at first.
    pub(super) fn device(&self, new: NewFirewall) -> Firewall {
        let default = Some(Defaults { ingress: Action::Accept, egress: Action::Accept });
        Firewall { default, ..self.firewall(new) }
    }

    /// A firewall of this host.
    pub(super) fn firewall(&self, new: NewFirewall) -> Firewall {
        Firewall {
            id: FirewallId::from(&new.name),
            name: new.name,
            description: Some(new.description),
            owner: Some(self.name.clone()),
            rules: Vec::new(),
            default: None,
        }
    }

    /// A rule in a firewall of this host.
    pub(super) fn rule(&self, new: NewRule, id: Option<CloudRuleId>) -> Rule {
        let (log, description) = (new.log().cloned(), new.description().cloned());
        Rule { cloud_id: id, content: new.into_content(self.name.clone()), log, description }
    }
}

/// The place of a new firewall, behind all others but the host's own.
pub(super) fn before_device(there: &Firewalls) -> usize {
    there.len().saturating_sub(1)
}
