//! Having rules end.

use deltawall_core::{Context, Driver, Error, ErrorKind, Firewall, FirewallId, Replacement};
use std::collections::HashSet;
use std::sync::Arc;

use super::expiring::{Endings, Removal, read};
use super::shared::{Shared, not_begun, unrecorded};
use super::snapshot;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{Beginning, Left, Record, State};

/// What the journal calls it.
pub(super) const OPERATION: &str = "expire_rule";

/// How often a firewall is looked at anew that others change meanwhile.
const MOST_LOOKS: usize = 3;

/// Removes of a firewall what ends now, and writes it down. The ids of the expiries that are over: those that nothing goes by while a
/// change may still be undone that has taken it away, or has asked for another end of it, are not.
pub(super) async fn end(
    shared: &Shared,
    driver: &dyn Driver,
    context: &Context,
    place: &Place,
    due: &[Expiry],
) -> Result<Vec<String>, Error> {
    let firewall = FirewallId::new(&place.firewall);
    let firewall = firewall.map_err(|why| {
        Error::new(ErrorKind::Internal, driver.id(), "The id that was kept is none.").with_source(why)
    })?;
    let all: Vec<Expiry> = shared.pending().expiries_of(place).cloned().collect();
    let is_due: HashSet<&str> = due.iter().map(|expiry| expiry.id.as_str()).collect();
    let others = all.iter().filter(|other| !is_due.contains(other.id.as_str()));
    let (all, can) = (read(due.iter().chain(others)), driver.capabilities());
    let endings = Endings::new(&all, &can);
    let Some((before, after)) = remove(driver, context, &firewall, &endings, &is_due).await? else {
        let ids: Vec<_> = due.iter().map(|expiry| expiry.id.clone()).collect();
        shared.ask("end_expiries", shared.store.end_expiries(&ids)).await.map_err(|why| unrecorded(driver, why))?;
        return Ok(ids);
    };
    let deciding = endings.deciding(&before);
    let is_open = shared.pending().change_of(place).is_some();
    let is_over = |expiry: &&Expiry| !is_open || deciding.contains(expiry.id.as_str());
    let ids: Vec<_> = due.iter().filter(is_over).map(|expiry| expiry.id.clone()).collect();
    let Some(first) = due.iter().find(is_over) else { return Ok(ids) };
    let record = record(shared, first, place, &before, &after);
    let left = Left::As(snapshot::write(&after));
    let beginning = Beginning { record, left, gone: ids.clone(), credentials: None, expiries: Vec::new() };
    shared.ask("begin", shared.store.begin(beginning)).await.map_err(|why| not_begun(driver, why))?;
    shared.gateway.metrics().changed(driver.id(), State::Done.name());
    Ok(ids)
}

/// Removes it, and tells what there was before and is now; none where the firewall itself is gone.
async fn remove(
    driver: &dyn Driver,
    context: &Context,
    id: &FirewallId,
    endings: &Endings<'_>,
    is_due: &HashSet<&str>,
) -> Result<Option<(Arc<Firewall>, Arc<Firewall>)>, Error> {
    let mut looks = 0;
    loop {
        looks += 1;
        let before = match driver.firewall(context, id).await {
            Ok(firewall) => firewall,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match endings.removal(&before, |expiry| is_due.contains(expiry.id.as_str())) {
            Removal::Nothing => return Ok(Some((Arc::clone(&before), before))),
            Removal::Rules(rules) => {
                for rule in &rules {
                    match driver.delete_rule(context, id, rule).await {
                        // Somebody else was faster.
                        Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
                let after = driver.firewall(context, id).await?;
                return Ok(Some((before, after)));
            }
            Removal::Leaving(rules) => {
                let replacement = Replacement { seen: &before, rules: &rules, allow_gap: false };
                match driver.replace_rules(context, replacement).await {
                    Ok(after) => return Ok(Some((before, after))),
                    Err(error) if error.kind == ErrorKind::Conflict && looks < MOST_LOOKS => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}

fn record(shared: &Shared, of: &Expiry, place: &Place, before: &Firewall, after: &Firewall) -> Record {
    let now = shared.clock.now();
    Record {
        id: shared.new_id(),
        place: place.clone(),
        user: of.user.clone(),
        operation: OPERATION.to_owned(),
        why: Some(format!("It was to end at {}, by change {}.", of.due, of.change)),
        state: State::Done,
        made_at: now,
        confirm_by: None,
        ended_at: Some(now),
        undone_by: None,
        note: (before == after).then(|| "It was gone already.".to_owned()),
        attempts: 0,
        // It would come back without an end.
        forgot_expiry: true,
        before: Some(snapshot::write(before)),
        after: Some(snapshot::write(after)),
        held: None,
    }
}
