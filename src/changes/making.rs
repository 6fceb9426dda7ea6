//! Making a change that is written down, may be tried, and may end by itself.

use std::sync::Arc;

use deltawall_core::{Error, ErrorKind, Firewall, FirewallId, Replace};

use super::apply::{Made, apply};
use super::asked::Asked;
use super::change::Change;
use super::ending::{self, Ends, Over};
use super::entry::Applied;
use super::guards::Guarded;
use super::pending::Due;
use super::place::provider;
use super::plan::{Prospect, created, prospect};
use super::replaced::Replaced;
use super::seen::{Expected, Look, before_in_turn};
use super::shared::{Shared, not_begun};
use super::terms::Terms;
use super::unfinished::Unfinished;
use super::{after, check, inverse, snapshot};
use crate::gateway::standing::Standing;
use crate::store::ChangeId;
use crate::store::error::BeginError;
use crate::store::place::Place;
use crate::store::record::{Beginning, ExpiryStep, Left, Record, State, Step};

/// A change that is about to be made.
struct Coming {
    /// The firewall before; none where it is not there, or not looked at.
    before: Option<Arc<Firewall>>,
    /// The firewall as it will be; none where it will not be there, or that is not known.
    after: Option<Firewall>,
    /// What of it ends by itself.
    ends: Ends,
}

/// Makes a change. The call has the turn of the firewall by the id that the change says.
pub(super) async fn make(
    shared: &Arc<Shared>,
    asked: Asked<'_>,
    id: &ChangeId,
    change: Change,
    terms: Terms,
    expected: Expected<'_>,
    standing: &mut Standing<'_>,
) -> Result<Applied, Error> {
    let Asked { driver, context, .. } = asked;
    terms.check(driver, &change, shared.store.is_durable(), shared.clock.now())?;
    let is_free = driver.capabilities().firewalls.in_memory;
    let is_guarded = shared.guards.are_for(driver.id()) || shared.keepers.are_for(driver);
    let always = is_free || shared.store.is_durable() || is_guarded || !terms.are_plain();
    let before = before_in_turn(driver, context, &change, Look { expected, always }, standing).await;
    if before.as_ref().is_err_and(|why| why.kind == ErrorKind::NotFound) {
        // What the driver cannot do of any firewall is told first.
        check::asked(driver, &change)?;
    }
    let before = before?;
    if let Some(seen) = &before {
        shared.keepers.check(driver, context.provider.as_ref(), seen, terms.keeper.as_deref())?;
    }
    let replaced = match &terms.instead_of {
        Some(trial) => Some(Replaced::find(shared, asked, trial).await?),
        None => None,
    };
    let coming = coming(shared, asked, &change, &terms, before)?;
    let record = record(shared, asked, id, &change, &terms, &coming);
    let beginning = beginning(shared, asked, record.clone(), &coming, replaced.as_ref())?;
    let unfinished = Unfinished::new(shared, id);
    if let Err(why) = shared.ask("begin", shared.store.begin(beginning)).await {
        // Where the store cannot tell whether it has begun, that is found out later.
        if !matches!(&why, BeginError::Store(why) if why.is_unclear) {
            unfinished.finish();
        }
        return Err(not_begun(driver, why));
    }
    if let Some(replaced) = &replaced {
        replaced.has_ended(shared);
    }
    let seen = coming.before.clone();
    let may_leave_some = may_leave_some(asked, &change);
    let made = match coming.ends.is_there_already() {
        // It is there, and only ends at another time now.
        true => Ok(coming.before.clone().map_or(Made::RuleDeleted, Made::Firewall)),
        false => apply(driver, context, change, seen).await,
    };
    let due = terms.confirm_within.map(|time| Due::after(time, &*shared.clock));
    match made {
        Ok(made) => {
            let step = done(shared, asked, (&record, terms.keeper.is_some()), &coming, &made);
            let record = Record {
                state: step.to.unwrap_or(record.state),
                place: step.place.clone().unwrap_or(record.place),
                ..record
            };
            let expiries = step.expiries.clone();
            let written = shared.ask("step", shared.store.step(id, step.clone())).await;
            if let Some(due) = due {
                shared.pending().add_change(record.clone(), due);
            }
            coming.ends.begin(shared, &record, &expiries);
            match written {
                Ok(true) => {
                    unfinished.finish();
                    shared.gateway.metrics().changed(driver.id(), record.state.name());
                }
                // Who has come between has said what became of it.
                Ok(false) => unfinished.finish(),
                Err(why) => {
                    tracing::error!(change = %id, why = ?why, "a change that was made could not be written down yet");
                    unfinished.finish_later(step);
                }
            }
            Ok(Applied { made, confirm_by: record.confirm_by })
        }
        Err(error) => {
            let is_partial = matches!(
                error.kind,
                ErrorKind::Refused | ErrorKind::Forbidden | ErrorKind::Overloaded | ErrorKind::Internal
            );
            let is_unclear =
                matches!(error.kind, ErrorKind::Timeout | ErrorKind::Unavailable) || may_leave_some && is_partial;
            if terms.are_a_trial() && is_unclear {
                // It stays as it is, and is undone at its time whatever has become of it.
                due.into_iter().for_each(|due| shared.pending().add_change(record.clone(), due));
                coming.ends.begin(shared, &record, &ExpiryStep::Stay);
                return Err(error);
            }
            let step = failed(shared, asked, &coming, &error, is_unclear).await;
            let state = step.to.unwrap_or(State::Unknown);
            if state == State::Unknown {
                coming.ends.begin(shared, &record, &ExpiryStep::Stay);
            }
            match shared.ask("step", shared.store.step(id, step.clone())).await {
                Ok(_) => {
                    unfinished.finish();
                    shared.gateway.metrics().changed(driver.id(), state.name());
                }
                Err(why) => {
                    tracing::error!(change = %id, why = ?why, "a change that has failed could not be written down yet");
                    unfinished.finish_later(step);
                }
            }
            if let Some(replaced) = replaced.filter(|_| state == State::Failed) {
                replaced.go_on(shared).await;
            }
            Err(error)
        }
    }
}

/// What the change makes of the firewall, if nothing stands against it.
fn coming(
    shared: &Shared,
    asked: Asked<'_>,
    change: &Change,
    terms: &Terms,
    before: Option<Arc<Firewall>>,
) -> Result<Coming, Error> {
    let Asked { driver, .. } = asked;
    let Some(seen) = &before else {
        let after = match change {
            Change::CreateFirewall(new) => Some(created(new)),
            _ => None,
        };
        check_deletable(asked, terms)?;
        return Ok(Coming { before, after, ends: Ends::default() });
    };
    if let Some(ends) = Ends::asked_again(shared, asked, seen, change, terms) {
        return Ok(Coming { after: Some((**seen).clone()), ends, before });
    }
    let guarded = guarded(asked, seen, terms);
    let is_only_made = terms.are_plain() && !shared.guards.guard(&guarded);
    // The driver's answer has the firewall, but where a rule is deleted; and a rule that is edited may keep its end.
    let is_told = matches!(change, Change::DeleteRule { .. } | Change::EditRule { .. });
    if is_only_made && !is_told && !shared.store.is_durable() {
        return Ok(Coming { before, after: None, ends: Ends::default() });
    }
    let Prospect { diff, after } = match prospect(driver, seen, change) {
        Ok(prospect) => prospect,
        // The driver says it better, and has to.
        Err(_) if is_only_made => return Ok(Coming { before, after: None, ends: Ends::default() }),
        Err(why) => return Err(why),
    };
    let goes = matches!(change, Change::DeleteFirewall(_));
    shared.guards.check(&guarded, (!goes).then_some(&after))?;
    let ends = Ends::of(shared, asked, seen, change, terms, &diff);
    let firewall = if goes { None } else { after::with_rules(seen, &after) };
    if let (Some(after), true) = (&firewall, terms.are_a_trial()) {
        after::check_can_undo(driver, seen, after)?;
    }
    Ok(Coming { after: firewall, ends, before })
}

/// What guards are held against.
pub(super) fn guarded<'a>(asked: Asked<'a>, firewall: &'a Firewall, terms: &Terms) -> Guarded<'a> {
    let Asked { driver, context, caller, .. } = asked;
    Guarded { driver, context, firewall, is_trial: terms.are_a_trial(), peer: caller.peer }
}

/// A trial that makes a firewall is undone by deleting it.
fn check_deletable(asked: Asked<'_>, terms: &Terms) -> Result<(), Error> {
    match terms.are_a_trial() && !asked.driver.capabilities().firewalls.delete {
        true => Err(Error::unsupported(asked.driver.id(), "delete firewalls, so making one cannot be tried")),
        false => Ok(()),
    }
}

/// The change as it is kept, without what the firewall is before and after.
fn record(shared: &Shared, asked: Asked<'_>, id: &ChangeId, change: &Change, terms: &Terms, coming: &Coming) -> Record {
    let Asked { driver, context, caller, operation } = asked;
    let now = shared.clock.now();
    let known = coming.before.as_deref().or(coming.after.as_ref());
    let place =
        known.map(|firewall| shared.place(driver, context.provider.as_ref(), firewall)).unwrap_or_else(|| Place {
            driver: driver.id().to_owned(),
            provider: provider(driver, context.provider.as_ref()),
            owner: String::new(),
            firewall: change.firewall().map(FirewallId::to_string).unwrap_or_default(),
        });
    Record {
        why: terms.why.clone(),
        confirm_by: terms.confirm_within.map(|time| now.after(time)),
        held: shared.holds(context.deadline),
        ..Record::begun(id.clone(), place, caller.user(), operation, now)
    }
}

/// What is about to be done, with all that it takes to end it.
fn beginning(
    shared: &Shared,
    asked: Asked<'_>,
    record: Record,
    coming: &Coming,
    replaced: Option<&Replaced>,
) -> Result<Beginning, Error> {
    let Asked { driver, caller, .. } = asked;
    let seal = |of: &str| match caller.is_own {
        true => Ok(None),
        false => shared.seal(driver, &caller.credentials, of).map(Some),
    };
    let credentials = match record.confirm_by {
        Some(_) => seal(record.id.as_str())?,
        None => None,
    };
    // What it is planned to be is of use only to who finds out what became of the change.
    let is_kept = shared.store.is_durable() || record.confirm_by.is_some();
    let (before, after) = (coming.before.as_deref(), coming.after.as_ref().filter(|_| is_kept));
    let before = match replaced {
        Some(replaced) => replaced.record.before.clone(),
        None => before.map(snapshot::write),
    };
    let record = Record { before, after: after.map(snapshot::write), ..record };
    let instead_of = replaced.map(|replaced| replaced.end(shared, asked, &record.id));
    let expiries = coming.ends.expiries(&record);
    let expiries = expiries.into_iter().map(|expiry| Ok((seal(&expiry.id)?, expiry)));
    let expiries =
        expiries.map(|sealed| sealed.map(|(sealed, expiry)| (expiry, sealed))).collect::<Result<_, Error>>()?;
    Ok(Beginning { record, instead_of, left: Left::Same, gone: Vec::new(), credentials, expiries })
}

/// The step of a change that was made.
fn done(shared: &Shared, asked: Asked<'_>, (record, is_kept): (&Record, bool), coming: &Coming, made: &Made) -> Step {
    let Asked { driver, context, .. } = asked;
    let after = match made {
        Made::Firewall(firewall) => Some(&**firewall),
        Made::RuleDeleted => coming.after.as_ref(),
        Made::Deleted(_) => None,
    };
    let is_trial = record.confirm_by.is_some();
    let place =
        after.filter(|_| coming.before.is_none()).map(|after| shared.place(driver, context.provider.as_ref(), after));
    let written = after.map(snapshot::write);
    let is_known = after.is_some() || matches!(made, Made::Deleted(_));
    let over = match is_trial || !is_known {
        // Whoever keeps the firewall says what is there, and nothing of it ends by what others have asked for before.
        _ if is_kept => ending::of_others(shared, &record.place, &record.id),
        // What a trial takes the place of is forgotten when it is confirmed, since it comes back when it is not.
        true => Over::default(),
        false => {
            let place = place.as_ref().unwrap_or(&record.place);
            ending::over(shared, driver, place, &record.id, after, &coming.ends.rules())
        }
    };
    Step {
        from: vec![State::Applying],
        to: Some(if is_trial { State::Trying } else { State::Done }),
        at: Some(shared.clock.now()),
        by: shared.name.clone(),
        place,
        left: written.clone().map_or(Left::Unknown, Left::As),
        after: written,
        expiries: coming.ends.settle(coming.before.as_deref(), after, over.ids),
        forgets_expiry: over.has_lost_rules,
        ..Step::default()
    }
}

/// The step of a change that the driver has not made, or of which nobody knows.
async fn failed(shared: &Shared, asked: Asked<'_>, coming: &Coming, error: &Error, is_unclear: bool) -> Step {
    let Asked { driver, context, .. } = asked;
    let is_as_before = match (&coming.before, is_unclear) {
        (_, false) => true,
        (Some(before), true) if !matches!(error.kind, ErrorKind::Timeout | ErrorKind::Unavailable) => {
            let now = driver.firewall(context, &before.id).await;
            now.is_ok_and(|now| inverse::is_as(&now, before, &driver.capabilities()))
        }
        _ => false,
    };
    let (state, left, expiries) = match is_as_before {
        true => (State::Failed, Left::Same, ExpiryStep::Forget),
        false => (State::Unknown, Left::Unknown, ExpiryStep::Stay),
    };
    Step {
        from: vec![State::Applying],
        to: Some(state),
        at: Some(shared.clock.now()),
        by: shared.name.clone(),
        note: Some(error.to_string()),
        left,
        expiries,
        ..Step::default()
    }
}

/// Whether a driver that has failed may have left some of the change: it makes it in steps, and takes them back as far as it can.
fn may_leave_some(asked: Asked<'_>, change: &Change) -> bool {
    let is_replaced = matches!(change, Change::ReplaceRules { .. } | Change::EditRule { .. });
    is_replaced && asked.driver.capabilities().rules.replace == Replace::Add
}
