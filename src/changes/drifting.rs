//! What others did to a firewall since our last change of it.

use std::sync::Arc;

use deltawall_core::{Diff, Error, ErrorKind, Firewall, FirewallId, RuleSet};

use super::asked::Asked;
use super::entry::Drift;
use super::plan::{Planned, told, told_of};
use super::shared::{Shared, blocked, not_begun, unrecorded};
use super::snapshot;
use crate::store::ChangeId;
use crate::store::record::{Beginning, Left, Record, State};

/// The firewall as it is, and as our last change has left it.
struct Known {
    now: Arc<Firewall>,
    left: Option<(ChangeId, Firewall)>,
}

async fn known(shared: &Shared, asked: Asked<'_>, firewall: &FirewallId) -> Result<Known, Error> {
    let Asked { driver, context, .. } = asked;
    let now = driver.firewall(context, firewall).await?;
    let place = shared.place(driver, context.provider.as_ref(), &now);
    let kept = shared.ask("left", shared.store.left(&place)).await.map_err(|why| unrecorded(driver, why))?;
    let unreadable = |why| {
        Error::new(ErrorKind::Internal, driver.id(), "What was kept of the firewall cannot be read.").with_source(why)
    };
    let left = match kept {
        Some((id, text)) => Some((id, snapshot::read(&text).map_err(unreadable)?)),
        None => None,
    };
    Ok(Known { now, left })
}

/// What others did. It is empty where there is no change of ours.
pub(super) async fn drift(shared: &Shared, asked: Asked<'_>, firewall: &FirewallId) -> Result<Drift, Error> {
    let Asked { driver, context, .. } = asked;
    let Known { now, left } = known(shared, asked, firewall).await?;
    let (since, left) = left.map_or_else(|| (None, (*now).clone()), |(id, left)| (Some(id), left));
    let after = told(driver, RuleSet::of(&now))?;
    let diff = Diff::new(&left, &after, &driver.capabilities());
    let plan = told_of(driver, context, diff, &left, &after, true).await?;
    Ok(Drift { since, planned: Planned { firewall: now, is_new: false, after, plan } })
}

/// The rules that our last change has left.
pub(super) async fn left(shared: &Shared, asked: Asked<'_>, firewall: &FirewallId) -> Result<RuleSet, Error> {
    let Known { left, .. } = known(shared, asked, firewall).await?;
    let (_, left) = left.ok_or_else(|| unknown(asked))?;
    told(asked.driver, RuleSet::of(&left))
}

/// Lets the firewall be as it is. The call has its turn.
pub(super) async fn adopt(
    shared: &Shared,
    asked: Asked<'_>,
    id: &ChangeId,
    firewall: &FirewallId,
    why: Option<String>,
) -> Result<Arc<Firewall>, Error> {
    let Asked { driver, context, caller, operation } = asked;
    let Known { now, left } = known(shared, asked, firewall).await?;
    let (_, left) = left.ok_or_else(|| unknown(asked))?;
    let record = Record {
        id: id.clone(),
        place: shared.place(driver, context.provider.as_ref(), &now),
        user: caller.user().to_owned(),
        operation: operation.to_owned(),
        why,
        state: State::Done,
        made_at: shared.clock.now(),
        confirm_by: None,
        ended_at: Some(shared.clock.now()),
        undone_by: None,
        note: None,
        attempts: 0,
        forgot_expiry: false,
        before: Some(snapshot::write(&left)),
        after: Some(snapshot::write(&now)),
        held: None,
    };
    let left = Left::As(snapshot::write(&now));
    let beginning = Beginning { record, left, gone: Vec::new(), credentials: None, expiries: Vec::new() };
    shared.ask("begin", shared.store.begin(beginning)).await.map_err(|why| not_begun(driver, why))?;
    shared.gateway.metrics().changed(driver.id(), State::Done.name());
    Ok(now)
}

fn unknown(asked: Asked<'_>) -> Error {
    blocked(asked.driver, "It is not known how the firewall was left: no change of it was made through the gateway.")
}
