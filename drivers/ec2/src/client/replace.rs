//! All rules of a group for others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aws_sdk_ec2::types::SecurityGroup;
use deltawall_core::rule_id::MAX_IN_URL;
use deltawall_core::{Action, Error, ErrorKind, Firewall, NewRule, Replacement, Rule, RuleId, RuleSet, Source};

use super::base::{Client, done_but};
use super::groups::{MAX_NAME_IN_URL, group_id, group_ids, is_group_id};
use super::steps::Steps;
use crate::capabilities::{CAPABILITIES, ID};
use crate::convert::{self, Names};
use crate::grants::Grant;
use crate::plan::{self, Plan};

/// What a replacement asks for: a [`Replacement`] that outlives its caller.
pub(crate) struct Wanted {
    seen: Firewall,
    /// The rules to make, each with its number among all that were asked for.
    rules: Vec<(usize, NewRule)>,
    allow_gap: bool,
}

impl Wanted {
    /// # Errors
    /// [`ErrorKind::Unsupported`] when it has rules that EC2 does not have, [`ErrorKind::Refused`] when it has a source twice.
    pub(crate) fn of(replacement: Replacement<'_>) -> Result<Self, Error> {
        CAPABILITIES.permit_rules(replacement.rules, ID)?;
        let rules = numbered(replacement.rules);
        plan::check_distinct(plan::subjects(&rules))?;
        Ok(Self { seen: replacement.seen.clone(), rules, allow_gap: replacement.allow_gap })
    }
}

/// What is permitted and is to be made: EC2 itself denies the rest.
fn numbered(rules: &RuleSet) -> Vec<(usize, NewRule)> {
    let numbered = (1..).zip(&rules.rules).filter(|(_, rule)| rule.action() == Action::Accept);
    numbered.map(|(number, rule)| (number, rule.clone())).collect()
}

impl Client {
    /// Reads the group and the ids of the groups in both rule sets, makes what changes are needed, at most three calls for each
    /// direction, and shows the group.
    pub(crate) async fn replace(&self, wanted: Wanted) -> Result<Arc<Firewall>, Error> {
        let Wanted { seen, rules, allow_gap } = wanted;
        let (group, home) = self.find_with_home(&seen.id).await?;
        let known = self.groups_in(&seen, &rules, &group).await?;
        let mut names = Names::default();
        names.learn(&known);
        let current = convert::firewall(&group, home.as_deref(), &names)?;
        if fingerprint(&current) != fingerprint(&seen) {
            let message = format!("The firewall '{}' is not as it was seen: it has been changed meanwhile.", seen.id);
            return Err(Error::new(ErrorKind::Conflict, ID, message));
        }
        let plan = plan(&rules, &known, &group)?;
        check_ids(&rules, &plan, &group)?;
        if plan.is_empty() {
            self.learn(&mut names, &group).await?;
            return convert::firewall(&group, home.as_deref(), &names);
        }
        Steps::new(self, group_id(&group)?, &plan, allow_gap).take_all().await?;
        let shown = async {
            let group = self.find(seen.id.as_str()).await?;
            self.learn(&mut names, &group).await?;
            convert::firewall(&group, home.as_deref(), &names)
        };
        shown.await.map_err(|error| done_but("The rules were replaced", error))
    }

    /// The groups that the rules name which are there, or are to be.
    async fn groups_in(
        &self,
        seen: &Firewall,
        rules: &[(usize, NewRule)],
        group: &SecurityGroup,
    ) -> Result<Vec<SecurityGroup>, Error> {
        let there = seen.rules.iter().flat_map(|rule| &rule.content.sources);
        let asked = rules.iter().flat_map(|(_, rule)| rule.sources());
        let sources: Vec<&Source> = there.chain(asked).collect();
        self.groups_named(sources, group).await
    }
}

/// What makes of a group's rules these.
fn plan(rules: &[(usize, NewRule)], known: &[SecurityGroup], group: &SecurityGroup) -> Result<Plan, Error> {
    let mut wanted = Vec::new();
    for (number, rule) in rules {
        let ids = group_ids(rule.sources(), known, group).map_err(|error| asked_by(*number, error))?;
        wanted.extend(Grant::wanted(*number, rule, &ids, group)?);
    }
    // Groups by their names and by their ids are told to be the same only now.
    plan::check_distinct(wanted.iter().map(|grant| (grant.rule, grant.subject())))?;
    Ok(Plan::new(&Grant::held(group)?, &wanted))
}

fn asked_by(rule: usize, error: Error) -> Error {
    let message = format!("{}, which rule {rule} names", error.message);
    Error { message, ..error }
}

/// Refuses rules of which EC2 would make one whose id no URL could have.
fn check_ids(rules: &[(usize, NewRule)], plan: &Plan, group: &SecurityGroup) -> Result<(), Error> {
    let held: HashSet<String> = convert::unknown_groups(group, &Names::default()).into_iter().collect();
    let may_have_long_name = |source: &Source| {
        let Source::Group(named) = source else { return false };
        is_group_id(named.name.as_str()) && !held.contains(named.name.as_str())
    };
    let traffics: HashMap<_, _> =
        plan.adds.iter().map(|grant| ((grant.direction, grant.protocol), grant.rule)).collect();
    for ((direction, protocol), rule) in traffics {
        let sources = plan::joined(rules, direction, protocol);
        let unknown = sources.iter().filter(|source| may_have_long_name(source)).count();
        let Ok(joined) = NewRule::new(protocol, sources) else { continue };
        let length = RuleId::length_in_url(&joined.with_direction(direction)) + MAX_NAME_IN_URL * unknown;
        if length > MAX_IN_URL {
            let message = format!(
                "EC2 would make of rule {rule} and those for the same traffic one whose id is too long for a URL."
            );
            return Err(Error::new(ErrorKind::Invalid, ID, message));
        }
    }
    Ok(())
}

/// What a firewall's rules say, in whatever order EC2 has them and their sources.
fn fingerprint(firewall: &Firewall) -> HashMap<impl Eq + std::hash::Hash + use<>, usize> {
    let of_rule = |rule: &Rule| {
        let content = &rule.content;
        let mut sources: Vec<_> = content.sources.iter().map(|source| source.canonical().into_owned()).collect();
        sources.sort_unstable();
        let mut description: Vec<String> = Vec::new();
        if let Some(text) = &rule.description {
            description.extend(text.as_str().split("; ").map(str::to_owned));
            description.sort_unstable();
        }
        (content.direction, content.protocol, content.action, sources, description)
    };
    let mut counts = HashMap::new();
    for rule in &firewall.rules {
        *counts.entry(of_rule(rule)).or_insert(0) += 1;
    }
    counts
}
