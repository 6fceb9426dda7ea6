//! What a driver would refuse, as far as that can be told without asking it to do it.

use std::borrow::Cow;

use deltawall_core::{Diff, Driver, Error, ErrorKind, Firewall, NewRule, Position, Replace, RuleSet};

use super::rules::check_position;

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
    let is_there = |rule: &deltawall_core::Rule| {
        let content = new.clone().into_content(rule.content.owner.clone());
        match can.rules.join {
            true => {
                let has_one_of = content
                    .sources
                    .iter()
                    .any(|source| rule.content.sources.iter().any(|there| there.canonical() == source.canonical()));
                let sources = rule.content.sources.clone();
                has_one_of && deltawall_core::RuleContent { sources, ..content }.same_as(&rule.content)
            }
            false => content.same_as(&rule.content),
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
        Replace::Add | Replace::Whole => can.permit_rules(set, driver.id()),
    }
}
