//! The rules that a firewall has after a change.

use std::num::NonZeroUsize;

use deltawall_core::{
    Defaults, Direction, Driver, Error, ErrorKind, Firewall, NewRule, Order, Position, Rule, RuleId, RuleSet,
};

use super::seen::reading_meant;

/// The rules of a set and, where it is about one direction only, those of the other, in their places.
pub(super) fn replaced(
    driver: &dyn Driver,
    seen: &Firewall,
    set: &RuleSet,
    only: Option<Direction>,
) -> Result<RuleSet, Error> {
    let Some(only) = only else { return Ok(set.clone()) };
    check_default(driver, seen, set, only)?;
    let mut coming = set.rules.iter().cloned();
    let mut rules = Vec::with_capacity(set.rules.len());
    for rule in &seen.rules {
        match rule.content.direction == only {
            true => rules.extend(coming.next()),
            false => rules.push(as_it_is(driver, rule)?),
        }
    }
    rules.extend(coming);
    Ok(RuleSet { rules, default: set.default })
}

/// Whether a default leaves that of the other direction as it is.
fn check_default(driver: &dyn Driver, seen: &Firewall, set: &RuleSet, only: Direction) -> Result<(), Error> {
    let of_the_other = |default: Defaults| match only {
        Direction::Ingress => (default.egress, Direction::Egress),
        Direction::Egress => (default.ingress, Direction::Ingress),
    };
    let (Some(asked), Some(now)) = (set.default.map(of_the_other), seen.default.map(of_the_other)) else {
        return Ok(());
    };
    if asked == now {
        return Ok(());
    }
    let message = format!(
        "default: {} is to change, and only the rules of {} are replaced. Replace those of both directions.",
        now.1.name(),
        only.name()
    );
    Err(Error::new(ErrorKind::Invalid, driver.id(), message))
}

/// The rules with one of them as it is to be, in its place or in another.
pub(super) fn edited(
    driver: &dyn Driver,
    seen: &Firewall,
    readings: &[RuleId<'static>],
    becomes: Option<NewRule>,
    position: Option<Position>,
) -> Result<RuleSet, Error> {
    check_position(driver, position.unwrap_or_default())?;
    let index = index_of(driver, seen, readings)?;
    let mut rules = seen.rules.iter().map(|rule| as_it_is(driver, rule)).collect::<Result<Vec<_>, _>>()?;
    let was = rules.remove(index);
    let place = Position::At(NonZeroUsize::MIN.saturating_add(index));
    let others = RuleSet { rules, default: seen.default };
    Ok(others.with(becomes.unwrap_or(was), position.unwrap_or(place)))
}

/// Which of a firewall's rules is meant by an id that may be read so, by its index.
///
/// # Errors
/// Where none is, or it may be one or another.
pub fn index_of(driver: &dyn Driver, seen: &Firewall, readings: &[RuleId<'static>]) -> Result<usize, Error> {
    let id = reading_meant(driver, readings, Some(seen))?;
    let absent = || Error::new(ErrorKind::NotFound, driver.id(), "There is no such rule.");
    seen.rules.iter().position(|rule| id.names(rule)).ok_or_else(absent)
}

/// What would make the rule, which stays.
fn as_it_is(driver: &dyn Driver, rule: &Rule) -> Result<NewRule, Error> {
    NewRule::of(rule).map_err(|why| {
        let direction = rule.content.direction.name();
        let message =
            format!("A rule of {direction} cannot be kept as it is: {why} Replace the rules of both directions.");
        Error::new(ErrorKind::Unsupported, driver.id(), message)
    })
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
