//! The firewall that a change is about, as it is before.

use std::sync::Arc;

use deltawall_core::{Context, Driver, Error, ErrorKind, Firewall, FirewallId, RuleId};

use super::change::Change;
use crate::gateway::standing::Standing;

/// Whether a firewall is as whoever asks for a change has seen it, where that matters.
pub type Expected<'a> = Option<&'a dyn Fn(&Arc<Firewall>) -> bool>;

/// Why a firewall is looked at before it is changed.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// It is expected to be as it was seen.
    pub(super) expected: Expected<'a>,
    /// It is to be known in any case.
    pub(super) always: bool,
}

/// The firewall, where a change is not made blindly: it is expected to be as it was seen, it has to be named, or a rule's id
/// may mean one or another.
pub(super) async fn before(
    driver: &dyn Driver,
    context: &Context,
    change: &Change,
    Look { expected, always }: Look<'_>,
) -> Result<Option<Arc<Firewall>>, Error> {
    let is_needed = match change {
        Change::CreateFirewall(_) | Change::DeleteFirewall(_) | Change::CreateRule { .. } => false,
        Change::DeleteRule { readings, .. } => readings.len() > 1,
        Change::EditRule { .. } | Change::ReplaceRules { .. } => true,
    };
    match change.firewall() {
        Some(id) if is_needed || always || expected.is_some() => look(driver, context, id, expected).await.map(Some),
        None if expected.is_some() => {
            Err(not_as_seen(driver, "The firewall is not there yet: nobody can have seen it."))
        }
        _ => Ok(None),
    }
}

/// The same in the turn of the firewall by the id that the driver says, so that whoever asks for it by another is waited for.
pub(super) async fn before_in_turn(
    driver: &dyn Driver,
    context: &Context,
    change: &Change,
    why: Look<'_>,
    standing: &mut Standing<'_>,
) -> Result<Option<Arc<Firewall>>, Error> {
    loop {
        match before(driver, context, change, why).await? {
            Some(seen) if standing.enter_also(&seen.id).await? => {}
            seen => return Ok(seen),
        }
    }
}

/// The firewall, if it is as expected.
pub(super) async fn look(
    driver: &dyn Driver,
    context: &Context,
    id: &FirewallId,
    expected: Expected<'_>,
) -> Result<Arc<Firewall>, Error> {
    let firewall = driver.firewall(context, id).await?;
    match expected.is_none_or(|is_expected| is_expected(&firewall)) {
        true => Ok(firewall),
        false => Err(not_as_seen(driver, "The firewall is not as it was seen. Nothing was changed.")),
    }
}

fn not_as_seen(driver: &dyn Driver, why: &str) -> Error {
    Error::new(ErrorKind::Conflict, driver.id(), why)
}

/// Which reading of a rule's id is meant: the one that is there. If both are, nothing is done on a guess.
pub(super) fn reading_meant<'a>(
    driver: &dyn Driver,
    readings: &'a [RuleId<'static>],
    seen: Option<&Firewall>,
) -> Result<&'a RuleId<'static>, Error> {
    let ambiguous = |why| Error::new(ErrorKind::Invalid, driver.id(), why);
    let [decoded, others @ ..] = readings else { return Err(ambiguous("The rule id cannot be read.")) };
    let rules = match seen {
        Some(seen) if !others.is_empty() => &seen.rules,
        _ => return Ok(decoded),
    };
    let mut there = readings.iter().filter(|reading| rules.iter().any(|rule| reading.names(rule)));
    match (there.next(), there.next()) {
        (Some(_), Some(_)) => {
            Err(ambiguous("The rule id may mean two rules. Percent-encode all of it but letters and digits."))
        }
        (Some(one), None) => Ok(one),
        (None, _) => Ok(decoded),
    }
}
