//! What is kept of changes, as those who may see it are told.

use std::collections::HashSet;
use std::sync::Arc;

use deltawall_core::{Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Limits, Plan, ProviderName, RuleSet};

use super::asked::Asked;
use super::entry::{Entry, Page};
use super::place::provider;
use super::plan::Planned;
use super::records::{firewall_of, snapshots};
use super::shared::{Shared, blocked, not_begun, unrecorded};
use super::{ending, settling};
use crate::gateway::access::Caller;
use crate::store::ChangeId;
use crate::store::record::{ExpiryStep, Query, Record, State, Step};

/// How many changes are read of the store at a time.
const BATCH: usize = 500;

/// A change as it is kept, whoever may see it.
pub(super) async fn find(
    shared: &Shared,
    driver: &dyn Driver,
    chosen: Option<&ProviderName>,
    id: &ChangeId,
) -> Result<Record, Error> {
    let record = shared.ask("change", shared.store.change(id)).await.map_err(|why| unrecorded(driver, why))?;
    let is_here =
        |record: &Record| record.place.driver == driver.id() && record.place.provider == provider(driver, chosen);
    record.filter(is_here).ok_or_else(|| absent(driver))
}

/// One change, if the caller's credentials open its firewall, or the caller made it and the firewall is gone.
pub(super) async fn visible(
    shared: &Shared,
    asked: Asked<'_>,
    id: &ChangeId,
) -> Result<(Record, Option<Arc<Firewall>>), Error> {
    let Asked { driver, context, caller, .. } = asked;
    let record = find(shared, driver, context.provider.as_ref(), id).await;
    let known = record.as_ref().ok().and_then(|record| FirewallId::new(&record.place.firewall).ok());
    let Some(firewall) = known else {
        // Whoever has no credentials that are good is told that, and not what there is.
        driver.authenticate(context).await?;
        return Err(record.err().unwrap_or_else(|| absent(driver)));
    };
    let record = record?;
    match driver.firewall(context, &firewall).await {
        Ok(firewall)
            if shared.place(driver, context.provider.as_ref(), &firewall).owner == record.place.owner
                || is_unowned_of(&record, caller) =>
        {
            Ok((record, Some(firewall)))
        }
        Err(error) if error.kind == ErrorKind::NotFound && record.user == caller.user() => Ok((record, None)),
        Err(error) if error.kind != ErrorKind::NotFound => Err(error),
        _ => Err(absent(driver)),
    }
}

/// Whether it is the caller's own change of a firewall that was about to be made, whose owner the cloud has not said yet.
fn is_unowned_of(record: &Record, caller: &Caller) -> bool {
    record.place.owner.is_empty() && record.user == caller.user()
}

/// The same, for who is told of it. Of a change of which nothing was known, the firewall may tell now.
pub(super) async fn show(shared: &Shared, asked: Asked<'_>, id: &ChangeId) -> Result<Entry, Error> {
    let (mut record, firewall) = visible(shared, asked, id).await?;
    if record.state == State::Unknown && firewall.is_some() {
        settling::settle(shared, asked.driver, Some(asked.context), &record).await?;
        record = find(shared, asked.driver, asked.context.provider.as_ref(), id).await?;
    }
    entry(shared, asked.driver, record)
}

/// The changes that the caller may see of those that are asked for.
pub(super) async fn list(shared: &Shared, asked: Asked<'_>, query: Query) -> Result<Page, Error> {
    let Asked { driver, context, caller, .. } = asked;
    let id = query.firewall.as_deref().and_then(|id| FirewallId::new(id).ok());
    let firewalls = driver.firewalls(context, &Filter { id }).await?;
    let places: HashSet<_> =
        firewalls.iter().map(|firewall| shared.place(driver, context.provider.as_ref(), firewall)).collect();
    let ids: HashSet<_> = firewalls.iter().map(|firewall| firewall.id.to_string()).collect();
    let is_visible = |record: &Record| {
        let is_gone = !ids.contains(&record.place.firewall) && record.user == caller.user();
        places.contains(&record.place) || is_gone || is_unowned_of(record, caller)
    };
    let wanted = query.limit;
    // A firewall may be asked for by another id than the driver says.
    let firewall = query.firewall.as_ref().map(|asked| match firewalls.as_slice() {
        [one] => one.id.to_string(),
        _ => asked.clone(),
    });
    let mut batch = Query {
        driver: Some(driver.id().to_owned()),
        provider: Some(provider(driver, context.provider.as_ref())),
        firewall,
        limit: BATCH,
        ..query
    };
    let mut records = Vec::new();
    loop {
        let read = shared.ask("changes", shared.store.changes(&batch)).await.map_err(|why| unrecorded(driver, why))?;
        let is_last = read.len() < BATCH;
        batch.before = read.last().map(|record| record.id.clone());
        records.extend(read.into_iter().filter(is_visible));
        if is_last || records.len() > wanted {
            break;
        }
    }
    let has_more = records.len() > wanted;
    records.truncate(wanted);
    let entries = records.into_iter().map(|record| brief(shared, driver, record)).collect::<Result<_, _>>()?;
    Ok(Page { entries, has_more })
}

/// Confirms a trial.
pub(super) async fn confirm(shared: &Shared, asked: Asked<'_>, id: &ChangeId) -> Result<Entry, Error> {
    let Asked { driver, .. } = asked;
    let (record, _) = visible(shared, asked, id).await?;
    check_confirmable(shared, driver, &record)?;
    if record.state == State::Trying {
        let [_, after] = snapshots(driver, &record)?;
        let mine = ending::asked_for(shared, &record);
        let over = ending::over(shared, driver, &record.place, id, after.as_ref(), &mine);
        let step = Step {
            from: vec![State::Trying],
            to: Some(State::Confirmed),
            at: Some(shared.clock.now()),
            by: shared.name.clone(),
            expiries: ExpiryStep::Settle { gone: over.ids.clone(), cloud_ids: Vec::new() },
            forgets_expiry: over.has_lost_rules,
            ..Step::default()
        };
        if !shared.ask("step", shared.store.step(id, step)).await.map_err(|why| not_begun(driver, why))? {
            return Err(too_late(driver));
        }
        let mut pending = shared.pending();
        pending.end_change(id);
        pending.keep_expiries(|expiry| !over.ids.iter().any(|id| id == expiry));
        drop(pending);
        shared.gateway.metrics().changed(driver.id(), State::Confirmed.name());
    }
    entry(shared, driver, find(shared, driver, asked.context.provider.as_ref(), id).await?)
}

/// Whether a change can be confirmed, or is.
pub(super) fn check_confirmable(shared: &Shared, driver: &dyn Driver, record: &Record) -> Result<(), Error> {
    match record.state {
        State::Trying if is_over(shared, record) => Err(too_late(driver)),
        State::Trying | State::Confirmed => Ok(()),
        State::Applying => Err(blocked(driver, "It is being made. Try again.")),
        State::Undoing | State::Undone if record.confirm_by.is_some() => Err(too_late(driver)),
        _ => Err(blocked(driver, "It is no trial, so there is nothing to confirm.")),
    }
}

fn too_late(driver: &dyn Driver) -> Error {
    blocked(driver, "Its time is over: it is undone, or about to be.")
}

/// Whether the time of a trial is over.
fn is_over(shared: &Shared, record: &Record) -> bool {
    let due = shared.pending().due(&record.id);
    let wall = || record.confirm_by.is_some_and(|end| shared.clock.now() >= end);
    due.map_or_else(wall, |due| due.is_over(&*shared.clock))
}

/// A change with all that it did.
pub(super) fn entry(shared: &Shared, driver: &dyn Driver, record: Record) -> Result<Entry, Error> {
    let [before, after] = snapshots(driver, &record)?;
    let planned = planned(driver, &record, before.as_ref(), after.as_ref());
    Ok(Entry { before: before.map(Arc::new), after: after.map(Arc::new), planned, ..brief(shared, driver, record)? })
}

/// A change without what it did.
pub(super) fn brief(shared: &Shared, driver: &dyn Driver, record: Record) -> Result<Entry, Error> {
    let is_tried = record.state == State::Trying;
    let due = shared.pending().due(&record.id).filter(|_| is_tried);
    let is_overdue = record.state.is_open() && record.confirm_by.is_some() && is_over(shared, &record);
    Ok(Entry {
        firewall: firewall_of(driver, &record.place)?,
        id: record.id,
        provider: record.place.provider_name().to_owned(),
        driver: record.place.driver,
        user: record.user,
        operation: record.operation,
        why: record.why,
        state: record.state,
        made_at: record.made_at,
        confirm_by: record.confirm_by,
        ended_at: record.ended_at,
        undone_by: record.undone_by,
        note: record.note,
        left: due.map(|due| due.left(&*shared.clock)),
        is_overdue,
        before: None,
        after: None,
        planned: None,
    })
}

/// What a change did to rules and traffic; none where that is not known, or too much to be told.
fn planned(
    driver: &dyn Driver,
    record: &Record,
    before: Option<&Firewall>,
    after: Option<&Firewall>,
) -> Option<Planned> {
    let none = |firewall: &Firewall| Firewall { rules: Vec::new(), default: None, ..firewall.clone() };
    let (before, after) = match (before, after, record.operation.as_str()) {
        (Some(before), Some(after), _) => (before.clone(), after.clone()),
        (None, Some(after), "create_firewall") => (none(after), after.clone()),
        (Some(before), None, "delete_firewall") => (before.clone(), none(before)),
        _ => return None,
    };
    let after = RuleSet::of(&after).ok()?;
    let plan = Plan::new(&before, &after, &driver.capabilities(), Limits::default()).ok()?;
    Some(Planned { firewall: Arc::new(before), is_new: false, after, plan })
}

fn absent(driver: &dyn Driver) -> Error {
    Error::new(ErrorKind::NotFound, driver.id(), "There is no such change.")
}
