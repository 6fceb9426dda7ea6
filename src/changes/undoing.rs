//! Undoing a change.

use std::sync::Arc;

use deltawall_core::{Context, Driver, Error, ErrorKind, Firewall, Replace, Replacement, RuleSet};

use super::asked::Asked;
use super::ending;
use super::entry::{Entry, Undone};
use super::guards::Guarded;
use super::inverse::{Inverse, Way, inverse};
use super::journal::entry;
use super::pending::Due;
use super::records::{MOST_LOOKS, left_of, look_kept, snapshots};
use super::shared::{Shared, blocked, not_begun};
use super::unfinished::Unfinished;
use crate::store::ChangeId;
use crate::store::error::BeginError;
use crate::store::record::{Left, Record, State, Step};

/// Undoes a change for somebody who asks for it, whose firewall is so, if it is there. The call has its turn.
pub(super) async fn undo(
    shared: &Arc<Shared>,
    asked: Asked<'_>,
    record: Record,
    now: Option<&Firewall>,
) -> Result<Undone, Error> {
    let Asked { driver, context, caller, .. } = asked;
    check_state(shared, driver, &record)?;
    let is_trial = record.state.is_open();
    if !is_trial {
        check_keeper(shared, asked, now)?;
        let what = what(driver, &record, now, Way::Refuse)?;
        check_guards(shared, asked, now, &what)?;
    }
    let can_wait = shared.store.is_durable() || driver.capabilities().firewalls.in_memory;
    let credentials = match can_wait && !caller.is_own {
        true => Some(shared.seal(driver, &caller.credentials, record.id.as_str())?),
        false => None,
    };
    let step = Step {
        from: vec![record.state],
        to: Some(State::Undoing),
        at: Some(shared.clock.now()),
        held: shared.holds(context.deadline),
        by: shared.name.clone(),
        undone_by: Some(caller.user().to_owned()),
        is_attempt: true,
        credentials,
        ..Step::default()
    };
    if !shared.ask("step", shared.store.step(&record.id, step)).await.map_err(|why| not_begun(driver, why))? {
        return Err(blocked(
            driver,
            "Its time is over, or somebody else has confirmed or undone it just now. Look at it again.",
        ));
    }
    shared.gateway.metrics().undo_attempted();
    let unfinished = Unfinished::new(shared, &record.id);
    let way = if is_trial { Way::Nearest } else { Way::Refuse };
    let undone = tokio::time::timeout_at(context.deadline.into(), reverse(driver, context, &record, way)).await;
    let undone = undone
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Timeout, driver.id(), "The driver did not answer in time.")));
    match undone {
        Ok(reversed) => {
            let ended = end(shared, driver, &record, Some(&reversed), State::Undone, None).await;
            if ended.is_ok() {
                unfinished.finish();
            }
            Ok(Undone::Done(current(shared, driver, &record).await?))
        }
        Err(error) if is_trial || can_wait && is_passing(error.kind) => {
            // It is tried again until it is done.
            let_go(shared, &record.id, error.to_string()).await;
            unfinished.finish();
            let mut pending = shared.pending();
            pending.add_change(Record { state: State::Undoing, ..record.clone() }, Due::NOW);
            pending.failed(&record.id, &*shared.clock);
            drop(pending);
            Ok(Undone::UnderWay(current(shared, driver, &record).await?))
        }
        Err(error) => {
            let state = if is_passing(error.kind) { State::Unknown } else { record.state };
            let ended = end(shared, driver, &record, None, state, Some(&error)).await;
            if ended.is_ok() {
                unfinished.finish();
            }
            Err(error)
        }
    }
}

/// Says why undoing a change has failed, and leaves it to whoever tries again first.
pub(super) async fn let_go(shared: &Shared, id: &ChangeId, why: String) {
    let step = Step {
        from: vec![State::Undoing],
        held: Some((shared.name.clone(), shared.clock.now())),
        by: shared.name.clone(),
        note: Some(why),
        ..Step::default()
    };
    // Where it cannot be said, it is tried again all the same.
    let _ = shared.ask("step", shared.store.step(id, step)).await;
}

/// What undoing a change would make of its firewall, which is so if it is there: the firewall, and the rules that it would have.
pub(super) fn prospect(
    shared: &Shared,
    asked: Asked<'_>,
    record: &Record,
    now: Option<Arc<Firewall>>,
) -> Result<(Arc<Firewall>, Option<RuleSet>), Error> {
    let driver = asked.driver;
    check_state(shared, driver, record)?;
    let now = now.ok_or_else(|| blocked(driver, "The firewall is gone, so there is nothing to undo."))?;
    let way = if record.state.is_open() { Way::Nearest } else { Way::Refuse };
    let what = what(driver, record, Some(&now), way)?;
    if !record.state.is_open() {
        check_keeper(shared, asked, Some(&now))?;
        check_guards(shared, asked, Some(&now), &what)?;
    }
    Ok(match what {
        Inverse::Rules(rules) => (now, Some(rules)),
        Inverse::Nothing => {
            let rules = super::plan::told(driver, RuleSet::of(&now))?;
            (now, Some(rules))
        }
        Inverse::Delete => (now, None),
    })
}

/// What undoing a change has made of its firewall: none where it is not there.
pub(super) struct Reversed {
    was: Option<Arc<Firewall>>,
    now: Option<Arc<Firewall>>,
}

/// Makes the firewall again what it was before the change.
pub(super) async fn reverse(
    driver: &dyn Driver,
    context: &Context,
    record: &Record,
    way: Way,
) -> Result<Reversed, Error> {
    let mut looks = 0;
    loop {
        looks += 1;
        let was = look_kept(driver, context, &record.place).await?;
        let now = match (what(driver, record, was.as_deref(), way)?, &was) {
            (Inverse::Rules(rules), Some(was)) => replace(driver, context, was, &rules).await.map(Some),
            (Inverse::Delete, Some(was)) => driver.delete_firewall(context, &was.id).await.map(|_| None),
            (_, was) => Ok(was.clone()),
        };
        match now {
            Err(error) if error.kind == ErrorKind::Conflict && looks < MOST_LOOKS => {}
            now => return now.map(|now| Reversed { was, now }),
        }
    }
}

/// Takes a change to the state in which it is left, with the firewall so.
pub(super) async fn end(
    shared: &Shared,
    driver: &dyn Driver,
    record: &Record,
    reversed: Option<&Reversed>,
    state: State,
    why: Option<&Error>,
) -> Result<bool, BeginError> {
    let expiries =
        reversed.map(|reversed| ending::put_back(shared, record, reversed.was.as_deref(), reversed.now.as_deref()));
    let expiries = expiries.unwrap_or_default();
    let step = Step {
        from: vec![State::Undoing],
        to: Some(state),
        at: Some(shared.clock.now()),
        by: shared.name.clone(),
        note: why.map(ToString::to_string),
        left: match reversed {
            Some(reversed) => reversed.now.as_deref().map_or(Left::Unknown, left_of),
            None => Left::Same,
        },
        expiries: expiries.clone(),
        ..Step::default()
    };
    let ended = shared.ask("step", shared.store.step(&record.id, step)).await?;
    let mut pending = shared.pending();
    pending.end_change(&record.id);
    pending.step_expiries(&expiries);
    drop(pending);
    if ended {
        shared.gateway.metrics().changed(driver.id(), state.name());
    }
    Ok(ended)
}

/// Whether a failure may be gone when it is tried again.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Overloaded)
}

/// Whether a change that has come so far can be undone.
fn check_state(shared: &Shared, driver: &dyn Driver, record: &Record) -> Result<(), Error> {
    let why = match record.state {
        State::Trying | State::Done | State::Confirmed | State::Unknown => None,
        State::Applying if shared.pending().due(&record.id).is_some() => None,
        State::Applying => Some("It is being made. Try again.".to_owned()),
        State::Undoing => Some("It is being undone already.".to_owned()),
        State::Undone => Some("It is undone already.".to_owned()),
        State::Failed => Some("It was not made, so there is nothing to undo.".to_owned()),
    };
    let why = why.or_else(|| {
        let is_lost = record.forgot_expiry && !record.state.is_open();
        is_lost.then(|| "It took away a rule that would have ended by itself. Make that anew, with its end.".to_owned())
    });
    why.map_or(Ok(()), |why| Err(blocked(driver, why)))
}

/// What undoes a change of a firewall that is so now.
fn what(driver: &dyn Driver, record: &Record, now: Option<&Firewall>, way: Way) -> Result<Inverse, Error> {
    let [before, after] = snapshots(driver, record)?;
    if record.operation != "create_firewall" && before.is_none() {
        return Err(blocked(
            driver,
            "What was there before was not kept: the gateway keeps changes in its memory alone.",
        ));
    }
    inverse(before.as_ref(), after.as_ref(), now, &driver.capabilities(), way)
        .map_err(|why| blocked(driver, why.to_string()))
}

/// Whether the firewall is nobody's to keep: a trial there may be undone by anybody, since it is known what comes then.
fn check_keeper(shared: &Shared, asked: Asked<'_>, now: Option<&Firewall>) -> Result<(), Error> {
    let Asked { driver, context, .. } = asked;
    now.map_or(Ok(()), |now| shared.keepers.check(driver, context.provider.as_ref(), now, None))
}

fn check_guards(shared: &Shared, asked: Asked<'_>, now: Option<&Firewall>, what: &Inverse) -> Result<(), Error> {
    let Asked { driver, context, caller, .. } = asked;
    let Some(firewall) = now else { return Ok(()) };
    let guarded = Guarded { driver, context, firewall, is_trial: false, peer: caller.peer };
    match what {
        Inverse::Rules(rules) => shared.guards.check(&guarded, Some(rules)),
        Inverse::Delete => shared.guards.check(&guarded, None),
        Inverse::Nothing => Ok(()),
    }
}

/// Gives a firewall these rules, at the price of a gap where there is no room to do without.
async fn replace(
    driver: &dyn Driver,
    context: &Context,
    seen: &Firewall,
    rules: &RuleSet,
) -> Result<Arc<Firewall>, Error> {
    let replacement = Replacement { seen, rules, allow_gap: false };
    match driver.replace_rules(context, replacement).await {
        Err(error) if error.kind == ErrorKind::Refused && driver.capabilities().rules.replace == Replace::Add => {
            driver.replace_rules(context, Replacement { allow_gap: true, ..replacement }).await
        }
        result => result,
    }
}

/// The change as it is kept now.
async fn current(shared: &Shared, driver: &dyn Driver, record: &Record) -> Result<Entry, Error> {
    let kept = shared.ask("change", shared.store.change(&record.id)).await;
    // What was done is told even if the store cannot be read.
    entry(shared, driver, kept.ok().flatten().unwrap_or_else(|| record.clone()))
}
