//! When two rules are the same.

use std::borrow::Cow;

use crate::conditions::Conditions;
use crate::model::{Action, Direction, Log, NewRule, Rule};
use crate::protocol::Protocol;
use crate::source::Source;
use crate::text::Description;

/// All that a rule is, without what does not matter: two rules are the same when these are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Same<'a> {
    protocol: Protocol,
    direction: Direction,
    action: Action,
    conditions: Option<&'a Conditions>,
    sources: Vec<Cow<'a, Source>>,
    log: Option<&'a Log>,
    description: Option<&'a Description>,
}

/// The sources as they matter to traffic, in an order that does not depend on how they are said.
pub fn canonical(sources: &[Source]) -> Vec<Cow<'_, Source>> {
    let mut sources: Vec<_> = sources.iter().map(Source::canonical).collect();
    sources.sort_unstable();
    sources
}

impl<'a> From<&'a Rule> for Same<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self {
            protocol: rule.content.protocol,
            direction: rule.content.direction,
            action: rule.content.action,
            conditions: rule.content.conditions.as_deref(),
            sources: canonical(&rule.content.sources),
            log: rule.log.as_ref(),
            description: rule.description.as_ref(),
        }
    }
}

impl<'a> From<&'a NewRule> for Same<'a> {
    fn from(rule: &'a NewRule) -> Self {
        Self {
            protocol: rule.protocol(),
            direction: rule.direction(),
            action: rule.action(),
            conditions: rule.conditions(),
            sources: canonical(rule.sources()),
            log: rule.log(),
            description: rule.description(),
        }
    }
}
