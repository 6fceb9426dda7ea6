//! Telling what a change would do.

use std::sync::Arc;

use deltawall_core::model::InvalidSources;
use deltawall_core::{
    Context, Diff, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Group, Limits, NewFirewall, NewRule, Plan,
    Replace, RuleSet, Source,
};

use super::change::Change;
use super::check;
use super::rules::{edited, index_of, replaced};
use super::seen::{Expected, Look, before};

/// What a change would do, and to what.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The firewall as it is; where it is to be made, as it would be.
    pub firewall: Arc<Firewall>,
    /// Whether it is to be made.
    pub is_new: bool,
    /// The rules that it would have.
    pub after: RuleSet,
    /// What becomes of its rules and its traffic.
    pub plan: Plan,
}

/// What a change makes of a firewall's rules.
#[derive(Debug, Clone)]
pub(super) struct Prospect {
    /// Which rules come and go.
    pub(super) diff: Diff,
    /// The rules that there will be.
    pub(super) after: RuleSet,
}

/// Tells what a change makes of a firewall's rules, without asking the driver.
///
/// # Errors
/// As those of the change would be, as far as can be told.
pub(super) fn prospect(driver: &dyn Driver, firewall: &Firewall, change: &Change) -> Result<Prospect, Error> {
    let can = driver.capabilities();
    let compared = |after| Prospect { diff: Diff::new(firewall, &after, &can), after };
    Ok(match change {
        Change::CreateFirewall(_) | Change::DeleteFirewall(_) => compared(RuleSet { rules: Vec::new(), default: None }),
        Change::CreateRule { rule, position, .. } => {
            check::new_rule(driver, firewall, rule, *position)?;
            let diff = Diff::adding(firewall, rule.clone(), *position, &can);
            Prospect { diff, after: told(driver, RuleSet::of(firewall))?.with(rule.clone(), *position) }
        }
        Change::DeleteRule { readings, .. } => {
            let index = index_of(driver, firewall, readings)?;
            let diff = Diff::removing(firewall, index);
            Prospect { diff, after: told(driver, RuleSet::without(firewall, index))? }
        }
        Change::EditRule { readings, rule, position, .. } => {
            let after = edited(driver, firewall, readings, rule.clone(), *position)?;
            compared(check::rules(driver, firewall, &after)?.into_owned())
        }
        Change::ReplaceRules { rules, only, .. } => {
            let after = replaced(driver, firewall, rules, *only)?;
            compared(check::rules(driver, firewall, &after)?.into_owned())
        }
    })
}

/// Tells what a change would do. The driver is asked to read, and nothing else.
///
/// # Errors
/// As those of making it would be, as far as reading tells.
pub(super) async fn plan(
    driver: &dyn Driver,
    context: &Context,
    change: &Change,
    expected: Expected<'_>,
) -> Result<Planned, Error> {
    let is_new = change.firewall().is_none();
    let firewall = match (before(driver, context, change, Look { expected, always: true }).await?, change) {
        (Some(seen), _) => seen,
        (None, Change::CreateFirewall(new)) => planned_firewall(driver, context, new).await?,
        (None, _) => return Err(Error::new(ErrorKind::Internal, driver.id(), "The change is of no firewall.")),
    };
    let Prospect { diff, after } = prospect(driver, &firewall, change)?;
    let allow_gap = change.allows_gap();
    let plan = told_of(driver, context, diff, &firewall, &after, allow_gap).await?;
    Ok(Planned { firewall, is_new, after, plan })
}

/// What becomes of a firewall's rules and its traffic if it gets these rules.
pub(super) async fn told_of(
    driver: &dyn Driver,
    context: &Context,
    diff: Diff,
    firewall: &Firewall,
    after: &RuleSet,
    allow_gap: bool,
) -> Result<Plan, Error> {
    let can = driver.capabilities();
    let groups = groups(driver, context, after).await?;
    let sources = can.rules.quota.filter(|_| !allow_gap || can.rules.replace != Replace::Add);
    let limits = Limits { sources, groups: groups.as_deref() };
    Plan::of(diff, firewall, after, &can, limits).map_err(|why| {
        let message = format!("What the change opens and closes is too much to be told: {why}. It can be made untold.");
        Error::new(ErrorKind::Unsupported, driver.id(), message)
    })
}

/// A firewall as it would be made.
async fn planned_firewall(driver: &dyn Driver, context: &Context, new: &NewFirewall) -> Result<Arc<Firewall>, Error> {
    driver.capabilities().permit_firewall(new, driver.id())?;
    let all = driver.firewalls(context, &Filter::default()).await?;
    // Where ids are others than names, many firewalls may have one name.
    if all.iter().any(|there| there.id == FirewallId::from(&new.name) && there.name == new.name) {
        let message = format!("There is a firewall '{}' already.", new.name);
        return Err(Error::new(ErrorKind::Refused, driver.id(), message));
    }
    Ok(Arc::new(created(new)))
}

/// A firewall that was made, as far as it is known beforehand.
pub(super) fn created(new: &NewFirewall) -> Firewall {
    Firewall {
        id: FirewallId::from(&new.name),
        name: new.name.clone(),
        description: Some(new.description.clone()),
        owner: None,
        rules: Vec::new(),
        default: None,
    }
}

/// The rules of a firewall, all of which must be such as can be made.
pub(super) fn told(driver: &dyn Driver, rules: Result<RuleSet, InvalidSources>) -> Result<RuleSet, Error> {
    rules.map_err(|why| {
        let message = format!("A rule of the firewall is none that can be made, so nothing can be told of it: {why}");
        Error::new(ErrorKind::Unsupported, driver.id(), message)
    })
}

/// The groups that there are, where a rule names any.
async fn groups(driver: &dyn Driver, context: &Context, after: &RuleSet) -> Result<Option<Vec<Group>>, Error> {
    let names_any = |rule: &NewRule| rule.sources().iter().any(|source| matches!(source, Source::Group(_)));
    if !after.rules.iter().any(names_any) {
        return Ok(None);
    }
    let all = driver.firewalls(context, &Filter::default()).await?;
    let group = |one: &Arc<Firewall>| Some(Group { owner: one.owner.clone()?, name: one.name.clone() });
    Ok(Some(all.iter().filter_map(group).collect()))
}
