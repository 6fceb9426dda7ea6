//! What others did to a firewall since our last change of it.

use std::sync::Arc;

use deltawall_core::{Diff, Error, Firewall, FirewallId, NewRule, Replacement, RuleSet};

use super::asked::Asked;
use super::entry::Drift;
use super::plan::{Planned, told, told_of};
use super::shared::{Shared, blocked, unrecorded};
use super::{ending, records, written};
use crate::clock::Timestamp;
use crate::store::ChangeId;
use crate::store::record::Record;

/// The firewall as it is, and as our last change has left it.
struct Known {
    now: Arc<Firewall>,
    left: Option<(Option<ChangeId>, Firewall)>,
}

async fn known(shared: &Shared, asked: Asked<'_>, firewall: &FirewallId) -> Result<Known, Error> {
    let Asked { driver, context, .. } = asked;
    let now = driver.firewall(context, firewall).await?;
    let place = shared.place(driver, context.provider.as_ref(), &now);
    let kept = shared.ask("left", shared.store.left(&place)).await.map_err(|why| unrecorded(driver, why))?;
    let left = match kept {
        // The driver knows it better: what is to be is known whoever has changed it, and also what others hide.
        kept if driver.capabilities().firewalls.kept => {
            let left = driver.kept(context, &now.id).await?;
            Some((kept.map(|(id, _)| id), Firewall::clone(&left)))
        }
        Some((id, text)) => Some((Some(id), records::firewall(driver, &text)?)),
        None => None,
    };
    Ok(Known { now, left })
}

/// What others did. It is empty where there is no change of ours.
pub(super) async fn drift(shared: &Shared, asked: Asked<'_>, firewall: &FirewallId) -> Result<Drift, Error> {
    let Asked { driver, context, .. } = asked;
    let Known { now, left } = known(shared, asked, firewall).await?;
    let (since, left) = left.map_or_else(|| (None, (*now).clone()), |(id, left)| (id, left));
    let after = told(driver, RuleSet::of(&now))?;
    let diff = Diff::new(&left, &after, &driver.capabilities());
    let plan = told_of(driver, context, diff, &left, &after, true).await?;
    Ok(Drift { since, planned: Planned { firewall: now, is_new: false, after, plan } })
}

/// The rules that our last change has left, and which of them end by themselves.
pub(super) async fn left(
    shared: &Shared,
    asked: Asked<'_>,
    firewall: &FirewallId,
) -> Result<(RuleSet, Vec<(NewRule, Timestamp)>), Error> {
    let Known { left, now } = known(shared, asked, firewall).await?;
    let (_, left) = left.ok_or_else(|| unknown(asked))?;
    Ok((told(asked.driver, RuleSet::of(&left))?, ending::known_ends(shared, asked, &now)))
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
    shared.keepers.check(driver, context.provider.as_ref(), &now, None)?;
    if driver.capabilities().firewalls.kept {
        let rules = &told(driver, RuleSet::of(&now))?;
        driver.replace_rules(context, Replacement { seen: &now, rules, allow_gap: false }).await?;
    }
    let place = shared.place(driver, context.provider.as_ref(), &now);
    let record = Record { why, ..Record::begun(id.clone(), place, caller.user(), operation, shared.clock.now()) };
    written::write_done(shared, driver, record, [&left, &now], Vec::new()).await?;
    Ok(now)
}

fn unknown(asked: Asked<'_>) -> Error {
    blocked(asked.driver, "It is not known how the firewall was left: no change of it was made through the gateway.")
}
