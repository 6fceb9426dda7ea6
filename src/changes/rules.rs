//! The rules that a firewall has after a change.

use deltawall_core::model::InvalidSources;
use deltawall_core::{Direction, Driver, Error, ErrorKind, Firewall, NewRule, Order, Position, RuleSet};

/// The rules of a set and, where it is about one direction only, those of the other, in their places.
pub(super) fn replaced(
    driver: &dyn Driver,
    seen: &Firewall,
    set: &RuleSet,
    only: Option<Direction>,
) -> Result<RuleSet, Error> {
    let Some(only) = only else { return Ok(set.clone()) };
    let mut coming = set.rules.iter().cloned();
    let mut rules = Vec::with_capacity(set.rules.len());
    for rule in &seen.rules {
        match rule.content.direction == only {
            true => rules.extend(coming.next()),
            false => rules.push(NewRule::of(rule).map_err(|why| cannot_stay(driver, rule.content.direction, &why))?),
        }
    }
    rules.extend(coming);
    Ok(RuleSet { rules, default: set.default })
}

fn cannot_stay(driver: &dyn Driver, direction: Direction, why: &InvalidSources) -> Error {
    let message =
        format!("A rule of {} cannot be kept as it is: {why} Replace the rules of both directions.", direction.name());
    Error::new(ErrorKind::Unsupported, driver.id(), message)
}

/// Whether a rule can be put there.
pub(super) fn check_position(driver: &dyn Driver, position: Position) -> Result<(), Error> {
    match position {
        Position::At(_) if driver.capabilities().rules.order == Order::Unordered => {
            Err(Error::unsupported(driver.id(), "put a rule before others, since their order does not matter"))
        }
        _ => Ok(()),
    }
}
