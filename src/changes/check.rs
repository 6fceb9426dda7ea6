//! What a driver would refuse, as far as that can be told without asking it to do it.

use std::borrow::Cow;
use std::collections::HashMap;

use deltawall_core::{
    Action, Diff, Driver, Error, ErrorKind, Firewall, NewRule, Order, Position, Replace, Rule, RuleContent, RuleSet,
};

use super::change::Change;
use super::rules::check_position;

/// What a driver would refuse of a change, whatever the firewall is.
pub(super) fn asked(driver: &dyn Driver, change: &Change) -> Result<(), Error> {
    let can = driver.capabilities();
    match change {
        Change::CreateRule { rule, position, .. } => {
            can.permit(rule, driver.id())?;
            check_position(driver, *position)
        }
        Change::EditRule { rule: Some(rule), .. } => can.permit(rule, driver.id()),
        Change::ReplaceRules { rules, .. } if matches!(can.rules.replace, Replace::Add | Replace::Whole) => {
            can.permit_rules(rules, driver.id()).map(drop)
        }
        _ => Ok(()),
    }
}

/// Whether a firewall can get this rule.
pub(super) fn new_rule(
    driver: &dyn Driver,
    firewall: &Firewall,
    new: &NewRule,
    position: Position,
) -> Result<(), Error> {
    let can = driver.capabilities();
    can.permit(new, driver.id())?;
    check_position(driver, position)?;
    let is_there = |rule: &Rule| {
        let content = new.clone().into_content(rule.content.owner.clone());
        match can.rules.order {
            // Such clouds know single sources, whichever rule they are of.
            Order::Unordered => {
                let has_one_of = content
                    .sources
                    .iter()
                    .any(|source| rule.content.sources.iter().any(|there| there.canonical() == source.canonical()));
                let sources = rule.content.sources.clone();
                has_one_of && RuleContent { sources, ..content }.same_as(&rule.content)
            }
            Order::Ordered => content.same_as(&rule.content),
        }
    };
    match !can.rules.repeat && firewall.rules.iter().any(is_there) {
        true => Err(Error::new(ErrorKind::Refused, driver.id(), "The rule, or a source of it, is there already.")),
        false => Ok(()),
    }
}

/// What a firewall gets where it is to have these rules.
pub(super) fn rules<'a>(driver: &dyn Driver, firewall: &Firewall, set: &'a RuleSet) -> Result<Cow<'a, RuleSet>, Error> {
    let can = driver.capabilities();
    check_default(driver, firewall, set)?;
    match can.rules.replace {
        Replace::No => Err(Error::unsupported(driver.id(), "replace a firewall's rules")),
        Replace::Remove => {
            let diff = Diff::new(firewall, set, &can);
            let new = diff.adds.first().map(|add| add.index + 1);
            let moved = diff.moves.first().map(|moved| moved.position.get());
            match new.or(moved) {
                Some(number) => {
                    let what = format!("do more than take rules away, and rule {number} is new or elsewhere");
                    Err(Error::unsupported(driver.id(), &what))
                }
                None => Ok(Cow::Borrowed(set)),
            }
        }
        Replace::Add | Replace::Whole => {
            let made = can.permit_rules(set, driver.id())?;
            if !can.rules.repeat && can.rules.order == Order::Unordered {
                check_distinct(driver, set)?;
            }
            Ok(made)
        }
    }
}

/// Whether the firewall can have the default of these rules.
fn check_default(driver: &dyn Driver, firewall: &Firewall, set: &RuleSet) -> Result<(), Error> {
    let can = driver.capabilities();
    if set.default.is_none() || firewall.default.is_some() {
        return Ok(());
    }
    match (can.firewalls.default, can.rules.replace) {
        (true, _) => {
            let message = format!("The firewall '{}' has no default.", firewall.name);
            Err(Error::new(ErrorKind::Refused, driver.id(), message))
        }
        (false, Replace::Remove) => {
            Err(Error::unsupported(driver.id(), "choose what happens to traffic that no rule matches"))
        }
        // What is permitted of rules tells whether it is so anyway.
        (false, _) => Ok(()),
    }
}

/// Whether no two rules accept the same traffic from the same source. What denies is none that is made.
fn check_distinct(driver: &dyn Driver, set: &RuleSet) -> Result<(), Error> {
    let mut seen = HashMap::new();
    let accepting = (1..).zip(&set.rules).filter(|(_, rule)| rule.action() == Action::Accept);
    for (number, rule) in accepting {
        for source in rule.sources() {
            let traffic = (rule.direction(), rule.protocol(), rule.conditions(), source.canonical());
            if let Some(first) = seen.insert(traffic, number) {
                let message =
                    format!("The source {source} of rule {number} is one of rule {first} for the same traffic.");
                return Err(Error::new(ErrorKind::Refused, driver.id(), message));
            }
        }
    }
    Ok(())
}
