//! Firewalls and their rules, in no cloud's words and in no dialect's.

use std::borrow::Cow;

use crate::protocol::Protocol;
use crate::rule_id::{CloudRuleId, RuleId};
use crate::source::Source;
use crate::text::{Account, Description, FirewallId, FirewallName, NetworkId};

/// A named set of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firewall {
    /// What it is addressed by.
    pub id: FirewallId,
    /// What people call it.
    pub name: FirewallName,
    /// What it is for; none where the cloud has lost or never had one.
    pub description: Option<Description>,
    /// Who owns it; none where the cloud did not say.
    pub owner: Option<Account>,
    /// Its rules, in the cloud's order.
    pub rules: Vec<Rule>,
}

/// A rule that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The cloud's own id for it; where the cloud has none, the id is written from the content.
    pub cloud_id: Option<CloudRuleId>,
    /// What it matches and does.
    pub content: RuleContent,
    /// Whether a match is logged. No part of the content: a cloud that can log has rule ids of its own.
    pub log: bool,
    /// What it is for. No part of the content: two rules that differ in nothing else are the same.
    pub description: Option<Description>,
}

/// What a rule matches and does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleContent {
    /// The account that owns the rule's firewall.
    pub owner: Account,
    /// Which traffic.
    pub protocol: Protocol,
    /// Which way.
    pub direction: Direction,
    /// What happens to it.
    pub action: Action,
    /// From where (egress: to where), in the cloud's order. Any of them matches; where there is none, nothing does.
    pub sources: Vec<Source>,
}

/// Which way traffic goes, seen from what the firewall protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// To what it protects.
    #[default]
    Ingress,
    /// From what it protects.
    Egress,
}

/// What happens to traffic that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Action {
    /// It passes.
    #[default]
    Accept,
    /// It does not.
    Deny,
}

/// What is needed to make a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFirewall {
    /// Its name.
    pub name: FirewallName,
    /// What it is for.
    pub description: Description,
    /// The network that it is to stand in; none for the driver's default.
    pub network: Option<NetworkId>,
}

/// What is needed to make a rule: at least one source, and none twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    protocol: Protocol,
    direction: Direction,
    action: Action,
    log: bool,
    description: Option<Description>,
    sources: Vec<Source>,
}

/// Why sources cannot make a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSources {
    /// There are none. The words are those that Deltacloud clients know.
    #[error("No sources. Specify at least one source ip address or group.")]
    None,
    /// One is there twice; in two spellings, perhaps.
    #[error("The source {0} is there twice.")]
    Repeated(Source),
}

/// Which firewalls to list; by default all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only the one with this id.
    pub id: Option<FirewallId>,
}

impl Rule {
    /// What the rule is addressed by, within its firewall.
    pub fn id(&self) -> RuleId<'_> {
        RuleId::of(self)
    }
}

impl RuleContent {
    /// Whether both match the same traffic and do the same with it, in whatever order and spelling of their sources. A source
    /// counts as often as it is there: where a cloud keeps two that come to the same, one of them is not the rule.
    pub fn same_as(&self, other: &Self) -> bool {
        self.owner == other.owner
            && self.protocol == other.protocol
            && self.direction == other.direction
            && self.action == other.action
            && self.canonical_sources() == other.canonical_sources()
    }

    fn canonical_sources(&self) -> Vec<Cow<'_, Source>> {
        let mut sources: Vec<_> = self.sources.iter().map(Source::canonical).collect();
        sources.sort_unstable();
        sources
    }
}

impl Direction {
    /// `ingress` or `egress`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

impl Action {
    /// `accept` or `deny`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
        }
    }
}

impl NewRule {
    /// An ingress rule that accepts without logging.
    ///
    /// # Errors
    /// When there is no source, or one is there twice.
    pub fn new(protocol: Protocol, sources: Vec<Source>) -> Result<Self, InvalidSources> {
        if sources.is_empty() {
            return Err(InvalidSources::None);
        }
        let mut canonical: Vec<_> = sources.iter().map(Source::canonical).collect();
        canonical.sort_unstable();
        if let Some([repeated, _]) = canonical.array_windows().find(|[a, b]| a == b) {
            return Err(InvalidSources::Repeated(repeated.clone().into_owned()));
        }
        Ok(Self {
            protocol,
            direction: Direction::default(),
            action: Action::default(),
            log: false,
            description: None,
            sources,
        })
    }

    /// The same rule for this direction.
    #[must_use]
    pub fn with_direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// The same rule with this action.
    #[must_use]
    pub fn with_action(self, action: Action) -> Self {
        Self { action, ..self }
    }

    /// The same rule, logging or not.
    #[must_use]
    pub fn with_log(self, log: bool) -> Self {
        Self { log, ..self }
    }

    /// The same rule with a description.
    #[must_use]
    pub fn with_description(self, description: Option<Description>) -> Self {
        Self { description, ..self }
    }

    /// Which traffic.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What it is for.
    pub fn description(&self) -> Option<&Description> {
        self.description.as_ref()
    }

    /// Which way.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What happens to the traffic.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Whether a match is to be logged.
    pub fn log(&self) -> bool {
        self.log
    }

    /// From where (egress: to where), in the client's order; never empty.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What the rule will match and do in a firewall of `owner`.
    pub fn into_content(self, owner: Account) -> RuleContent {
        RuleContent {
            owner,
            protocol: self.protocol,
            direction: self.direction,
            action: self.action,
            sources: self.sources,
        }
    }
}
