//! Firewalls and their rules, in no cloud's words and in no dialect's.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use crate::conditions::{Conditions, InvalidConditions};
use crate::protocol::Protocol;
use crate::source::Source;
use crate::text::{Account, CloudRuleId, Description, FirewallId, FirewallName, LogPrefix, NetworkId};

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
    /// What happens to the rest, where that can be chosen for this firewall.
    pub default: Option<Defaults>,
}

/// What happens to traffic that no rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Defaults {
    /// To what the firewall protects.
    pub ingress: Action,
    /// From what it protects.
    pub egress: Action,
}

/// A rule that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The cloud's own id for it; where the cloud has none, the id is written from the content.
    pub cloud_id: Option<CloudRuleId>,
    /// What it matches and does.
    pub content: RuleContent,
    /// How a match is logged, if it is. No part of the content: a cloud that can log has rule ids of its own.
    pub log: Option<Log>,
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
    /// What else has to be so, if anything: [`NewRule`] makes none of no conditions.
    pub conditions: Option<Box<Conditions>>,
}

/// How a match is logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Log {
    /// What the line begins with.
    pub prefix: Option<LogPrefix>,
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
    /// It does not, and nobody is told.
    Deny,
    /// It does not, and the sender is told.
    Reject,
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
    log: Option<Log>,
    description: Option<Description>,
    sources: Vec<Source>,
    conditions: Option<Box<Conditions>>,
}

/// Where a new rule stands among those that are there. It matters where their order does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Position {
    /// This place, the first being 1; behind all where there are not so many.
    At(NonZeroUsize),
    /// Behind all others.
    #[default]
    Last,
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

impl Position {
    /// The index that a new rule gets among so many others.
    pub fn index(self, others: usize) -> usize {
        match self {
            Self::At(place) => others.min(place.get() - 1),
            Self::Last => others,
        }
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
            && self.conditions == other.conditions
            && self.canonical_sources() == other.canonical_sources()
    }

    fn canonical_sources(&self) -> Vec<Cow<'_, Source>> {
        let mut sources: Vec<_> = self.sources.iter().map(Source::canonical).collect();
        sources.sort_unstable();
        sources
    }
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// `ingress` or `egress`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Deny, Self::Reject];

    /// `accept`, `deny` or `reject`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Deny => "deny",
            Self::Reject => "reject",
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
            log: None,
            description: None,
            sources,
            conditions: None,
        })
    }

    /// What would make this rule, whoever owns its firewall.
    ///
    /// # Errors
    /// When it has no source, or one twice, as rules have that no client made.
    pub fn of(rule: &Rule) -> Result<Self, InvalidSources> {
        let RuleContent { owner: _, protocol, direction, action, sources, conditions } = rule.content.clone();
        let new = Self::new(protocol, sources)?;
        Ok(Self { direction, action, log: rule.log.clone(), description: rule.description.clone(), conditions, ..new })
    }

    /// The same rule for other sources.
    ///
    /// # Errors
    /// When there is none, or one is there twice.
    pub fn with_sources(self, sources: Vec<Source>) -> Result<Self, InvalidSources> {
        let Self { direction, action, log, description, conditions, .. } = self;
        Ok(Self { direction, action, log, description, conditions, ..Self::new(self.protocol, sources)? })
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

    /// The same rule, logging so, or not at all.
    #[must_use]
    pub fn with_log(self, log: Option<Log>) -> Self {
        Self { log, ..self }
    }

    /// The same rule under these conditions.
    ///
    /// # Errors
    /// When they contradict its protocol, or each other.
    pub fn with_conditions(self, conditions: Conditions) -> Result<Self, InvalidConditions> {
        conditions.check(self.protocol)?;
        let conditions = (!conditions.is_empty()).then(|| Box::new(conditions));
        Ok(Self { conditions, ..self })
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

    /// How a match is to be logged, if it is.
    pub fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    /// What else has to be so, if anything.
    pub fn conditions(&self) -> Option<&Conditions> {
        self.conditions.as_deref()
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
            conditions: self.conditions,
        }
    }
}
