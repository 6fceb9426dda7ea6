//! Having rules end.

use std::collections::HashSet;
use std::sync::Arc;

use deltawall_core::{Context, Driver, Error, ErrorKind, Firewall, Replacement};

use super::expiring::{Endings, Removal, read};
use super::shared::{Shared, not_begun, unrecorded};
use super::{records, snapshot, written};
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{Record, State, Step};

/// What the journal calls it.
pub(super) const OPERATION: &str = "expire_rule";

/// Removes of a firewall what ends now, and writes it down. The ids of the expiries that are over: those that nothing goes by while a
/// change may still be undone that has taken it away, or has asked for another end of it, are not.
pub(super) async fn end(
    shared: &Shared,
    driver: &dyn Driver,
    context: &Context,
    place: &Place,
    due: &[Expiry],
) -> Result<Vec<String>, Error> {
    let all: Vec<Expiry> = shared.pending().expiries_of(place).cloned().collect();
    let is_due: HashSet<&str> = due.iter().map(|expiry| expiry.id.as_str()).collect();
    let others = all.iter().filter(|other| !is_due.contains(other.id.as_str()));
    let (all, can) = (read(due.iter().chain(others)), driver.capabilities());
    let endings = Endings::new(&all, &can);
    leave_out(shared, driver, place, &endings, due).await?;
    let Some((before, after)) = remove(driver, context, place, &endings, &is_due).await? else {
        let ids: Vec<_> = due.iter().map(|expiry| expiry.id.clone()).collect();
        shared.ask("end_expiries", shared.store.end_expiries(&ids)).await.map_err(|why| unrecorded(driver, why))?;
        return Ok(ids);
    };
    let deciding = endings.deciding(&before);
    let is_open = shared.pending().change_of(place).is_some();
    let is_over = |expiry: &&Expiry| !is_open || deciding.contains(expiry.id.as_str());
    let ids: Vec<_> = due.iter().filter(is_over).map(|expiry| expiry.id.clone()).collect();
    let Some(first) = due.iter().find(is_over) else { return Ok(ids) };
    let record = Record {
        why: Some(format!("It was to end at {}, by change {}.", first.due, first.change)),
        note: (before == after).then(|| "It was gone already.".to_owned()),
        // It would come back without an end.
        forgot_expiry: true,
        ..Record::begun(shared.new_id(), place.clone(), &first.user, OPERATION, shared.clock.now())
    };
    written::write_done(shared, driver, record, [&before, &after], ids.clone()).await?;
    Ok(ids)
}

/// A trial has made what of it ends now only until now: when it is undone, what ends sooner by it comes back with its old end.
async fn leave_out(
    shared: &Shared,
    driver: &dyn Driver,
    place: &Place,
    endings: &Endings<'_>,
    due: &[Expiry],
) -> Result<(), Error> {
    let open = shared.pending().change_of(place).map(|record| record.id.clone());
    let Some(id) = open.filter(|id| due.iter().any(|expiry| expiry.change == *id)) else { return Ok(()) };
    let record = shared.ask("change", shared.store.change(&id)).await.map_err(|why| unrecorded(driver, why))?;
    let Some(record) = record else { return Ok(()) };
    let [_, Some(after)] = records::snapshots(driver, &record)? else { return Ok(()) };
    let left = endings.without(&after, |expiry| expiry.change == id && due.iter().any(|due| due.id == expiry.id));
    if left != after {
        let step = Step {
            from: vec![State::Trying],
            by: shared.name.clone(),
            after: Some(snapshot::write(&left)),
            ..Step::default()
        };
        shared.ask("step", shared.store.step(&id, step)).await.map_err(|why| not_begun(driver, why))?;
    }
    Ok(())
}

/// Removes it, and tells what there was before and is now; none where the firewall itself is gone.
async fn remove(
    driver: &dyn Driver,
    context: &Context,
    place: &Place,
    endings: &Endings<'_>,
    is_due: &HashSet<&str>,
) -> Result<Option<(Arc<Firewall>, Arc<Firewall>)>, Error> {
    let mut looks = 0;
    loop {
        looks += 1;
        let Some(before) = records::look_kept(driver, context, place).await? else { return Ok(None) };
        match endings.removal(&before, |expiry| is_due.contains(expiry.id.as_str())) {
            Removal::Nothing => return Ok(Some((Arc::clone(&before), before))),
            Removal::Rules(rules) => {
                for rule in &rules {
                    match driver.delete_rule(context, &before.id, rule).await {
                        // Somebody else was faster.
                        Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                        _ => {}
                    }
                }
                let after = driver.kept(context, &before.id).await?;
                return Ok(Some((before, after)));
            }
            Removal::Leaving(rules) => {
                let replacement = Replacement { seen: &before, rules: &rules, allow_gap: false };
                match driver.replace_rules(context, replacement).await {
                    Ok(after) => return Ok(Some((before, after))),
                    Err(error) if error.kind == ErrorKind::Conflict && looks < records::MOST_LOOKS => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
}
