//! The journal of changes, and what others did: shown, confirmed, undone, settled.

use std::sync::Arc;

use deltawall_core::{Context, Driver, FirewallId};

use super::answer::{Answer, Journaled, View};
use super::call::Call;
use super::change::{Outcome, answer_to};
use super::change_parameters::{ACTION, BEFORE};
use super::error::{ApiError, Failure};
use super::fields::Fields;
use super::parameter_table::DRY_RUN;
use super::request::Request;
use super::segment::Segment;
use super::shown_rules::ShownRules;
use crate::changes::entry::{Applied, Settlement, Undone};
use crate::gateway::standing::Standing;
use crate::store::ChangeId;

/// The newest changes.
pub(super) async fn list_changes(request: &Request<'_>) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (query, changes) = (request.parameters()?.changes()?, request.head.changes);
    let list = async |driver: &dyn Driver, context: &Context| changes.list(call.asked(driver, context), query).await;
    let page = call.ask(list).await?;
    let last = page.entries.last().filter(|_| page.has_more);
    let next = last.map(|last| next(request, &last.id));
    Ok(Answer::ok(View::Changes(page, next)))
}

/// Where the changes are that stand behind this one, of those that the query asks for.
fn next(request: &Request<'_>, last: &ChangeId) -> String {
    let mut query = form_urlencoded(request.head.query.as_ref().ok().into_iter().flatten());
    query.push_str(&format!("{}={last}", BEFORE.name));
    format!("{}?{query}", request.head.urls.changes())
}

/// The query as it was, but for which change the page begins behind.
fn form_urlencoded<'a>(pairs: impl Iterator<Item = &'a (String, String)>) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let others = pairs.filter(|(name, _)| name != BEFORE.name);
    others.map(|(name, value)| format!("{}={}&", encode(name), encode(value))).collect()
}

/// One change.
pub(super) async fn show_change(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, changes) = (change_id(id)?, request.head.changes);
    let entry = call.ask(async |driver, context| changes.show(call.asked(driver, context), &id).await).await?;
    Ok(Answer::ok(View::Change(Box::new(entry))))
}

/// Keeps what a trial has made.
pub(super) async fn confirm_change(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, changes) = (change_id(id)?, request.head.changes);
    if request.parameters()?.is_true(&DRY_RUN)? {
        let plan =
            async |driver: &dyn Driver, context: &Context| changes.plan_confirm(call.asked(driver, context), &id).await;
        return Ok(Answer::ok(View::Plan(Box::new(call.ask(plan).await?), None)));
    }
    let confirm =
        async |driver: &_, context: &_, _: &mut Standing<'_>| changes.confirm(call.asked(driver, context), &id).await;
    let entry = call.change(None, &id, confirm).await?;
    let next = request.head.urls.firewall(&entry.firewall);
    Ok(Answer::ok(View::Change(Box::new(entry))).then(next))
}

/// Undoes a change.
pub(super) async fn undo_change(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, changes) = (change_id(id)?, request.head.changes);
    if request.parameters()?.is_true(&DRY_RUN)? {
        let plan =
            async |driver: &dyn Driver, context: &Context| changes.plan_undo(call.asked(driver, context), &id).await;
        return Ok(Answer::ok(View::Plan(Box::new(call.ask(plan).await?), None)));
    }
    // Whose turn it takes is told by what was kept; that is told to nobody before the cloud has been asked.
    let firewall = changes.firewall_of(request.head.driver(), request.head.provider(), &id).await;
    let undo =
        async |driver: &_, context: &_, _: &mut Standing<'_>| changes.undo(call.asked(driver, context), &id).await;
    let undone = call.change(firewall.as_ref(), &id, undo).await?;
    let (Undone::Done(entry) | Undone::UnderWay(entry)) = &undone;
    let next = request.head.urls.firewall(&entry.firewall);
    Ok(match undone {
        Undone::Done(entry) => Answer::ok(View::Change(Box::new(entry))),
        Undone::UnderWay(entry) => Answer::accepted(View::Change(Box::new(entry))),
    }
    .then(next))
}

/// What others did to a firewall.
pub(super) async fn show_drift(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, changes) = (id.firewall_id()?, request.head.changes);
    let drift = call.ask(async |driver, context| changes.drift(call.asked(driver, context), &id).await).await?;
    Ok(Answer::ok(View::Drift(Box::new(drift))))
}

/// Lets it be, or takes it back.
pub(super) async fn settle_drift(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (firewall, values) = (id.firewall_id()?, request.parameters()?);
    values.required(&ACTION)?;
    let settlement = values.one_of(&ACTION, [Settlement::Adopt, Settlement::Revert])?;
    let settlement = settlement.ok_or_else(|| values.wrong(&[&ACTION], "is neither adopt nor revert"))?;
    let outcome = settled(&call, &firewall, settlement).await?;
    let (shown, next) =
        (ShownRules::by_default(request.head.driver().capabilities()), request.head.urls.firewall(&firewall));
    answer_to(outcome, |firewall| Answer::ok(View::Firewall(Arc::clone(&firewall), shown)).then(next))
}

async fn settled(call: &Call<'_>, firewall: &FirewallId, settlement: Settlement) -> Result<Outcome, ApiError> {
    let (changes, terms) = (call.head.changes, call.parameters.terms()?);
    if settlement == Settlement::Adopt && terms.confirm_within.is_some() {
        return Err(Failure::Validation.with("Nothing is changed where drift is adopted, so there is nothing to try."));
    }
    if call.parameters.is_true(&DRY_RUN)? {
        let plan = async |driver: &dyn Driver, context: &Context| {
            changes.plan_drift(call.asked(driver, context), firewall, settlement, &terms).await
        };
        return Ok(Outcome::Planned(Answer::ok(View::Plan(Box::new(call.ask(plan).await?), None))));
    }
    let id = changes.new_id();
    let make = async |driver: &_, context: &_, standing: &mut Standing<'_>| {
        changes.settle_drift(call.asked(driver, context), &id, firewall, settlement, terms, standing).await
    };
    let Applied { made, confirm_by } = call.change(Some(firewall), &id, make).await?;
    Ok(Outcome::Made(made, Some(Journaled { id, confirm_by })))
}

fn change_id(segment: &Segment) -> Result<ChangeId, ApiError> {
    ChangeId::new(&segment.text()).map_err(|why| Failure::NotFound.with(format!("This {why}.")))
}
