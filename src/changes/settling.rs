//! Finding out whether a change was made, where nobody knows: the gateway was stopped, or its client has gone.

use deltawall_core::{Context, Driver, Error, Filter, Firewall};

use super::inverse::is_as;
use super::records::{left_of, look, snapshots};
use super::shared::{Shared, not_begun};
use super::{ending, snapshot};
use crate::store::place::Place;
use crate::store::record::{ExpiryStep, Left, Record, State, Step};

/// What has become of a change.
struct Found {
    state: State,
    /// The firewall, where it is known better now.
    place: Option<Place>,
    now: Option<Firewall>,
}

/// Looks at the firewall of a change that was begun, and takes the change to the state that the firewall says. The state.
pub(super) async fn settle(
    shared: &Shared,
    driver: &dyn Driver,
    context: Option<&Context>,
    record: &Record,
) -> Result<State, Error> {
    let known @ [before, _] = &snapshots(driver, record)?;
    let found = match context {
        Some(context) => find(shared, driver, context, record, known).await?,
        None => Found { state: State::Unknown, place: None, now: None },
    };
    // A trial is undone at its time, whatever has become of it.
    let is_trial = record.confirm_by.is_some() && record.state == State::Applying;
    let state = match found.state {
        State::Done | State::Unknown if is_trial => State::Trying,
        state => state,
    };
    let step = Step {
        from: vec![record.state],
        to: Some(state),
        at: Some(shared.clock.now()),
        by: shared.name.clone(),
        note: (state == State::Unknown)
            .then(|| "Whether it was made is not known: the gateway was stopped, or its client has gone.".to_owned()),
        left: match (&found.now, found.state) {
            (Some(now), State::Done) => left_of(now),
            (_, State::Failed) => Left::Same,
            _ => Left::Unknown,
        },
        place: found.place,
        after: found.now.as_ref().filter(|_| found.state == State::Done).map(snapshot::write),
        expiries: match state {
            State::Failed => ExpiryStep::Forget,
            _ => ending::settle_known(shared, record, before.as_ref(), found.now.as_ref()),
        },
        ..Step::default()
    };
    if shared.ask("step", shared.store.step(&record.id, step)).await.map_err(|why| not_begun(driver, why))? {
        shared.gateway.metrics().changed(driver.id(), state.name());
    }
    if state == State::Failed {
        shared.pending().keep_expiries_of(|change| *change != record.id);
    }
    Ok(state)
}

/// What the firewall says.
async fn find(
    shared: &Shared,
    driver: &dyn Driver,
    context: &Context,
    record: &Record,
    [before, after]: &[Option<Firewall>; 2],
) -> Result<Found, Error> {
    let can = driver.capabilities();
    let now = match (record.operation.as_str(), after) {
        ("create_firewall", Some(after)) => {
            let all = driver.firewalls(context, &Filter::default()).await?;
            // Its id is the cloud's to choose, so it is known by its name and description.
            let mut alike = all.iter().filter(|one| one.name == after.name && one.description == after.description);
            alike.next().filter(|_| alike.next().is_none()).cloned()
        }
        _ => look(driver, context, &record.place).await?,
    };
    let is = |one: &Option<Firewall>| match (one, &now) {
        (Some(one), Some(now)) => is_as(now, one, &can),
        _ => false,
    };
    let state = match (record.operation.as_str(), &now) {
        ("create_firewall", Some(_)) | ("delete_firewall", None) => State::Done,
        ("create_firewall", None) | ("delete_firewall", Some(_)) => State::Failed,
        // Where before and after come to the same, it does not matter which it is.
        _ if is(after) => State::Done,
        _ if is(before) => State::Failed,
        _ => State::Unknown,
    };
    let place = now.as_ref().map(|now| shared.place(driver, context.provider.as_ref(), now));
    Ok(Found { state, place, now: now.map(|now| (*now).clone()) })
}
