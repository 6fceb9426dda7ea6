//! What undoing a change makes of a firewall as it is.

use std::collections::HashMap;

use deltawall_core::model::InvalidSources;
use deltawall_core::{Action, Capabilities, Defaults, Direction, Firewall, NewRule, Order, Rule, RuleSet, Same};

use super::joined;
use super::matching::as_it_matches;
use super::undone::{OutOfOrder, Rules};

/// What is to be done so that a change is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inverse {
    /// Nothing: it is as it was.
    Nothing,
    /// The firewall gets these rules.
    Rules(RuleSet),
    /// The firewall goes, since the change made it.
    Delete,
}

/// What becomes of a change that cannot be undone as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It stays, and whoever asks is told what is in the way.
    Refuse,
    /// It is undone as nearly as can be: the time of a trial is over.
    Nearest,
}

/// Why a change cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InTheWay {
    /// It deleted the firewall.
    #[error("A firewall that was deleted cannot be put back as it was.")]
    Deleted,
    /// The firewall is not there.
    #[error("The firewall is not there any more.")]
    Gone,
    /// The change made the firewall, and there are rules in it.
    #[error("The change made the firewall, and others have changed its rules since. Delete it if they are not needed.")]
    InUse,
    /// The default is another than the change has left, and than it was.
    #[error("What happens to traffic that no rule matches was changed since.")]
    Default,
    /// The rules next to one have another order.
    #[error(
        "Rule {0} of the firewall as it was cannot be put back or moved back: the rules between which it stood have another order now."
    )]
    Order(usize),
    /// A rule is none that can be made.
    #[error("A rule that the firewall is to have is none that can be made: {0}")]
    Unwritable(#[from] InvalidSources),
}

/// What undoes a change, given the firewall before, as the change has left it, and as it is: none where it is not there. Where nobody
/// has changed it since, it becomes exactly what it was. Else what the change added goes if it is there, what it took away comes
/// if it is not there, and all else stays.
///
/// # Errors
/// What is in the way, where that is not to be got round.
pub(super) fn inverse(
    before: Option<&Firewall>,
    after: Option<&Firewall>,
    now: Option<&Firewall>,
    can: &Capabilities,
    way: Way,
) -> Result<Inverse, InTheWay> {
    match (before, after, now) {
        (None, _, None) => Ok(Inverse::Nothing),
        (None, None, Some(_)) => Ok(Inverse::Nothing),
        (None, Some(after), Some(now)) => match way == Way::Nearest || is_as(now, after, can) {
            true => Ok(Inverse::Delete),
            false => Err(InTheWay::InUse),
        },
        (Some(before), _, Some(now)) if is_as(now, before, can) => Ok(Inverse::Nothing),
        (Some(_), None, _) => Err(InTheWay::Deleted),
        (Some(_), Some(_), None) => match way {
            Way::Refuse => Err(InTheWay::Gone),
            Way::Nearest => Ok(Inverse::Nothing),
        },
        (Some(before), Some(after), Some(now)) => {
            let undone = undone(before, after, now, can, way)?;
            match is_as(now, &undone, can) {
                true => Ok(Inverse::Nothing),
                false => written(&undone, way).map(Inverse::Rules),
            }
        }
    }
}

/// Whether a firewall has the rules and the default of another, as far as they matter: whatever ids they have, and in any order where none matters.
pub(super) fn is_as(now: &Firewall, was: &Firewall, can: &Capabilities) -> bool {
    let are_same = match (can.rules.join, can.rules.order) {
        (true, _) => joined::are_same(&now.rules, &was.rules),
        (false, Order::Unordered) => counted(&now.rules) == counted(&was.rules),
        (false, Order::Ordered) => [Direction::Ingress, Direction::Egress].into_iter().all(|direction| {
            let of_direction = |rule: &&Rule| rule.content.direction == direction;
            let (now, was) = (now.rules.iter().filter(of_direction), was.rules.iter().filter(of_direction));
            now.map(Same::from).eq(was.map(Same::from))
        }),
    };
    are_same && now.default == was.default
}

fn counted(rules: &[Rule]) -> HashMap<Same<'_>, usize> {
    let mut counted = HashMap::new();
    for rule in rules {
        *counted.entry(Same::from(rule)).or_insert(0) += 1;
    }
    counted
}

/// The firewall as it is to be.
fn undone(
    before: &Firewall,
    after: &Firewall,
    now: &Firewall,
    can: &Capabilities,
    way: Way,
) -> Result<Firewall, InTheWay> {
    if is_as(now, after, can) {
        return Ok(before.clone());
    }
    let default = default([before, after, now].map(|firewall| firewall.default), way)?;
    let rules = Rules { before: &before.rules, after: &after.rules, now: &now.rules };
    let rules = match can.rules.join {
        true => rules.undone_by_source(),
        false => {
            rules.undone(&can.rules, way == Way::Nearest).map_err(|OutOfOrder { place }| InTheWay::Order(place + 1))?
        }
    };
    Ok(Firewall { rules, default, ..now.clone() })
}

/// What becomes of the rest, each direction for itself.
fn default([before, after, now]: [Option<Defaults>; 3], way: Way) -> Result<Option<Defaults>, InTheWay> {
    let (Some(before), Some(after), Some(now)) = (before, after, now) else { return Ok(now) };
    let undone = |before: Action, after, now| match before == after || now == before {
        true => Ok(now),
        false if now == after || way == Way::Nearest => Ok(before),
        false => Err(InTheWay::Default),
    };
    Ok(Some(Defaults {
        ingress: undone(before.ingress, after.ingress, now.ingress)?,
        egress: undone(before.egress, after.egress, now.egress)?,
    }))
}

fn written(firewall: &Firewall, way: Way) -> Result<RuleSet, InTheWay> {
    let Firewall { rules, default, .. } = firewall;
    let rules = match way {
        Way::Refuse => rules.iter().map(NewRule::of).collect::<Result<_, _>>()?,
        Way::Nearest => rules.iter().filter_map(as_it_matches).collect(),
    };
    Ok(RuleSet { rules, default: *default })
}

#[cfg(test)]
mod tests;
