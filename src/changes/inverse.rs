//! What undoes a change of a firewall that others may have changed since.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use deltawall_core::model::InvalidSources;
use deltawall_core::{
    Action, Capabilities, Conditions, Defaults, Description, Direction, Driver, Error, ErrorKind, Firewall, NewRule,
    Order, Protocol, Rule, RuleSet, Same, Source,
};

use super::check;

/// What undoing makes of a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inverse {
    /// Nothing: it is as it was already, or gone.
    Nothing,
    /// It gets these rules.
    Rules(RuleSet),
    /// It goes.
    Delete,
}

/// What is done where others have changed what undoing depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is refused.
    Refuse,
    /// It is done as nearly as can be: it has to end.
    Nearest,
}

/// What is in the way of undoing a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InTheWay {
    #[error("A firewall that was deleted cannot come back as it was.")]
    Deleted,
    #[error("The firewall is gone.")]
    Gone,
    #[error("The firewall has rules that others have put in it.")]
    NotEmpty,
    #[error("What the change has done is not known.")]
    NotKnown,
    #[error("What happens to traffic that no rule matches was changed since.")]
    Default,
    #[error("The rules that stood around rule {0} of before are in another order now, so its place is not known.")]
    Order(usize),
    #[error("A rule of the firewall is none that can be made, so its rules cannot be replaced: {0}")]
    Odd(#[from] InvalidSources),
}

/// What undoes the change that has made `after` of `before`, where the firewall is `now` as it is. What others did meanwhile stays.
///
/// # Errors
/// What is in the way of it. Where it has to be done all the same, only what is in the way of replacing rules at all.
pub(super) fn inverse(
    before: Option<&Firewall>,
    after: Option<&Firewall>,
    now: Option<&Firewall>,
    can: &Capabilities,
    way: Way,
) -> Result<Inverse, InTheWay> {
    let refuse = |why| if way == Way::Refuse { Err(why) } else { Ok(()) };
    let (before, after, now) = match (before, after, now) {
        (None, Some(_), None) => return Ok(Inverse::Nothing),
        (None, Some(after), Some(now)) => {
            if !is_as(now, after, can) {
                refuse(InTheWay::NotEmpty)?;
            }
            return Ok(Inverse::Delete);
        }
        (None, None, _) => return Err(InTheWay::NotKnown),
        (Some(_), None, None) => return Err(InTheWay::Deleted),
        (Some(_), None, Some(_)) => return Err(InTheWay::NotKnown),
        (Some(_), Some(_), None) => {
            refuse(InTheWay::Gone)?;
            return Ok(Inverse::Nothing);
        }
        (Some(before), Some(after), Some(now)) => (before, after, now),
    };
    if is_as(now, before, can) {
        return Ok(Inverse::Nothing);
    }
    let old = RuleSet::of(before)?;
    if is_as(now, after, can) {
        return Ok(Inverse::Rules(old));
    }
    let (new, there) = (RuleSet::of(after)?, RuleSet::of(now)?);
    let default = match default(before.default, after.default, now.default) {
        Some(default) => default,
        None => {
            refuse(InTheWay::Default)?;
            before.default
        }
    };
    let rules = match can.rules.join {
        true => joined(&old.rules, &new.rules, &there.rules),
        false => whole(&old.rules, &new.rules, &there.rules, can.rules.order, way)?,
    };
    let target = RuleSet { rules, default };
    Ok(if target == there { Inverse::Nothing } else { Inverse::Rules(target) })
}

/// Whether a change of this firewall could be undone by this driver, whatever others do meanwhile.
///
/// # Errors
/// [`ErrorKind::Unsupported`] with why it could not.
pub(super) fn check_can_undo(driver: &dyn Driver, before: &Firewall, after: &Firewall) -> Result<(), Error> {
    let cannot = |why: &dyn ToString| {
        let message = format!("The change cannot be tried, since it could not be undone: {}", why.to_string());
        Error::new(ErrorKind::Unsupported, driver.id(), message)
    };
    let rules = RuleSet::of(before).map_err(|why| cannot(&why))?;
    check::rules(driver, after, &rules).map(drop).map_err(|why| cannot(&why))
}

/// Whether a firewall has the rules and the default that it had.
pub(super) fn is_as(now: &Firewall, was: &Firewall, can: &Capabilities) -> bool {
    if now.default != was.default {
        return false;
    }
    if can.rules.join {
        return singles_of(now) == singles_of(was);
    }
    let [mut now, mut was] = [now, was].map(|one| one.rules.iter().map(Same::from).collect::<Vec<_>>());
    if can.rules.order == Order::Unordered {
        let sorted = |rules: &mut Vec<Same<'_>>| rules.sort_by_cached_key(|rule| format!("{rule:?}"));
        sorted(&mut now);
        sorted(&mut was);
    }
    now == was
}

/// The default that is left when a change of it is undone; none where others have changed it, too.
fn default(before: Option<Defaults>, after: Option<Defaults>, now: Option<Defaults>) -> Option<Option<Defaults>> {
    match now {
        now if before == after || now == before => Some(now),
        now if now == after => Some(before),
        _ => None,
    }
}

/// Rules that stay whole.
fn whole(old: &[NewRule], new: &[NewRule], now: &[NewRule], order: Order, way: Way) -> Result<Vec<NewRule>, InTheWay> {
    let mut added = counted(new);
    let mut removed: Vec<usize> = Vec::new();
    // What stays, in the order that it had and in the one that it got.
    let mut kept_old = Vec::new();
    for (index, rule) in old.iter().enumerate() {
        match take(&mut added, rule) {
            true => kept_old.push(index),
            false => removed.push(index),
        }
    }
    let mut target: Vec<&NewRule> = Vec::with_capacity(now.len());
    for rule in now.iter().rev() {
        // Of rules that are there twice, the last are those that were added.
        if !take(&mut added, rule) {
            target.push(rule);
        }
    }
    target.reverse();
    if order == Order::Unordered {
        let mut there = counted_of(&target);
        // What stays is what a rule that comes back must not be taken for.
        kept_old.iter().filter_map(|index| old.get(*index)).for_each(|rule| {
            take(&mut there, rule);
        });
        let back = removed.iter().filter_map(|index| old.get(*index)).filter(|rule| !take(&mut there, rule));
        return Ok(target.into_iter().chain(back).cloned().collect());
    }
    let moved = moved(old, new);
    put_back(old, &removed, &moved, target, way)
}

/// Puts the rules back that were removed, and those that were moved where they were: each behind the nearest that stood before it,
/// or before the nearest that stood behind it.
fn put_back<'a>(
    old: &'a [NewRule],
    removed: &[usize],
    moved: &HashSet<usize>,
    mut target: Vec<&'a NewRule>,
    way: Way,
) -> Result<Vec<NewRule>, InTheWay> {
    // Which rule of before each of the target is, where it is one.
    let mut places: HashMap<Same<'_>, Vec<usize>> = HashMap::new();
    for (index, rule) in old.iter().enumerate().rev() {
        if !removed.contains(&index) {
            places.entry(Same::from(rule)).or_default().push(index);
        }
    }
    let mut who: Vec<Option<usize>> =
        target.iter().map(|rule| places.get_mut(&Same::from(*rule)).and_then(Vec::pop)).collect();
    let mut missing: Vec<usize> = removed.to_vec();
    for index in moved {
        // One that others have taken away stays away.
        if let Some(at) = who.iter().position(|who| *who == Some(*index)) {
            who.remove(at);
            target.remove(at);
            missing.push(*index);
        }
    }
    missing.sort_unstable();
    let foreign: HashSet<Same<'_>> =
        target.iter().zip(&who).filter(|(_, who)| who.is_none()).map(|(rule, _)| Same::from(*rule)).collect();
    for index in missing {
        let Some(rule) = old.get(index) else { continue };
        if removed.contains(&index) && foreign.contains(&Same::from(rule)) {
            // Somebody else has put it back already.
            continue;
        }
        let nearest =
            who.iter().enumerate().filter_map(|(at, who)| who.filter(|who| *who < index).map(|who| (who, at))).max();
        let behind =
            who.iter().enumerate().filter_map(|(at, who)| who.filter(|who| *who > index).map(|who| (who, at))).min();
        let is_known = match (nearest, behind) {
            (Some((_, before)), Some((_, behind))) => before < behind,
            (None, None) => who.is_empty(),
            _ => true,
        };
        if !is_known && way == Way::Refuse {
            return Err(InTheWay::Order(index + 1));
        }
        let at = nearest.map(|(_, at)| at + 1).or(behind.map(|(_, at)| at)).unwrap_or(0);
        who.insert(at, Some(index));
        target.insert(at, rule);
    }
    Ok(target.into_iter().cloned().collect())
}

/// The rules of before that have moved, by their indexes.
fn moved(old: &[NewRule], new: &[NewRule]) -> HashSet<usize> {
    let mut places: HashMap<Same<'_>, Vec<usize>> = HashMap::new();
    for (index, rule) in old.iter().enumerate().rev() {
        places.entry(Same::from(rule)).or_default().push(index);
    }
    let order: Vec<usize> =
        new.iter().filter_map(|rule| places.get_mut(&Same::from(rule)).and_then(Vec::pop)).collect();
    let mut moved = HashSet::new();
    let mut highest = None;
    for index in order {
        match highest {
            Some(high) if index < high => {
                moved.insert(index);
            }
            _ => highest = Some(index),
        }
    }
    moved
}

/// How often each rule is there.
fn counted<'a>(rules: impl IntoIterator<Item = &'a NewRule>) -> HashMap<Same<'a>, usize> {
    let mut counted = HashMap::new();
    for rule in rules {
        *counted.entry(Same::from(rule)).or_default() += 1;
    }
    counted
}

fn counted_of<'a>(rules: &[&'a NewRule]) -> HashMap<Same<'a>, usize> {
    counted(rules.iter().copied())
}

/// Takes one of these rules away, if there is one.
fn take<'a>(counted: &mut HashMap<Same<'a>, usize>, rule: &'a NewRule) -> bool {
    match counted.get_mut(&Same::from(rule)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    }
}

/// What is done with some traffic.
type Traffic<'a> = (Direction, Protocol, Action, Option<&'a Conditions>);

/// One source of a rule, and what is said of it.
type Single<'a> = (Traffic<'a>, Cow<'a, Source>, Option<&'a Description>);

/// Rules of which the cloud keeps single sources.
fn joined(old: &[NewRule], new: &[NewRule], now: &[NewRule]) -> Vec<NewRule> {
    let [was, is] = [old, new].map(|rules| rules.iter().flat_map(singles).collect::<HashSet<_>>());
    let mut there = HashSet::new();
    let mut target = Vec::with_capacity(now.len());
    for rule in now {
        let stays = |source: &&Source| {
            let single = (traffic(rule), source.canonical(), rule.description());
            was.contains(&single) || !is.contains(&single)
        };
        let sources: Vec<_> = rule.sources().iter().filter(stays).cloned().collect();
        there.extend(sources.iter().map(|source| (traffic(rule), source.canonical().into_owned())));
        target.extend(with_sources(rule, sources));
    }
    for rule in old {
        let comes_back = |source: &&Source| {
            let single = (traffic(rule), source.canonical(), rule.description());
            !is.contains(&single) && !there.contains(&(traffic(rule), source.canonical().into_owned()))
        };
        let sources: Vec<_> = rule.sources().iter().filter(comes_back).cloned().collect();
        target.extend(with_sources(rule, sources));
    }
    target
}

fn singles(rule: &NewRule) -> impl Iterator<Item = Single<'_>> {
    rule.sources().iter().map(|source| (traffic(rule), source.canonical(), rule.description()))
}

fn singles_of(firewall: &Firewall) -> HashSet<Single<'_>> {
    fn of_rule(rule: &Rule) -> impl Iterator<Item = Single<'_>> {
        let Rule { content, description, .. } = rule;
        let traffic = (content.direction, content.protocol, content.action, content.conditions.as_deref());
        content.sources.iter().map(move |source| (traffic, source.canonical(), description.as_ref()))
    }
    firewall.rules.iter().flat_map(of_rule).collect()
}

fn traffic(rule: &NewRule) -> Traffic<'_> {
    (rule.direction(), rule.protocol(), rule.action(), rule.conditions())
}

/// The rule with these sources alone; none where there are none.
fn with_sources(rule: &NewRule, sources: Vec<Source>) -> Option<NewRule> {
    rule.clone().with_sources(sources).ok()
}
