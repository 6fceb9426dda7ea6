//! What each operation does: typed request → driver → answer, in no format yet.

use std::sync::Arc;

use actix_web::http::StatusCode;
use deltawall_core::{Context, Deletion, Driver, Effect, Error, Firewall, FirewallId, Hits, NewRule};

use super::answer::{Answer, Details, FirewallPage, View};
use super::call::Call;
use super::change::{self, Outcome};
use super::changing;
use super::editing;
use super::error::{ApiError, Failure};
use super::features;
use super::filled_in::{FilledIn, Form};
use super::format::Format;
use super::html;
use super::operation::Operation;
use super::parameter_table::{ALLOW_GAP, COUNTERS, MEMBERS};
use super::precondition;
use super::request::Request;
use super::rule_set::SentSet;
use super::segment::Segment;
use super::shown_rules::ShownRules;
use crate::changes::terms::Terms;
use crate::changes::{Change, Made};
use crate::text::shown;

/// Does what the request asks for.
pub(super) async fn answer(request: &Request<'_>) -> Result<Answer, ApiError> {
    match request.operation {
        Operation::ShowMethods => Ok(Answer::allowing(request.resource.allow(None))),
        Operation::Redirect => Ok(Answer::redirect(request.head.urls.entry_point().to_owned())),
        Operation::ShowEntryPoint => show_entry_point(request).await,
        Operation::ListDrivers => Ok(Answer::ok(View::Drivers)),
        Operation::ShowDriver(name) => show_driver(request, name),
        Operation::ListFirewalls => list_firewalls(request).await,
        Operation::CreateFirewall => create_firewall(request).await,
        Operation::ShowFirewall(id) => show_firewall(request, id).await,
        Operation::DeleteFirewall(id) => delete_firewall(request, id).await,
        Operation::CreateRule(id) => create_rule(request, id).await,
        Operation::DeleteRule(id, rule) => delete_rule(request, id, rule).await,
        Operation::ReplaceRules(id) => replace_rules(request, id).await,
        Operation::EditRule(id, rule) => editing::edit_rule(request, id, rule).await,
        Operation::MoveRule(id, rule) => editing::move_rule(request, id, rule).await,
        Operation::ShowNewFirewall(_) => show_new_firewall(request).await,
        Operation::ShowNewRule(id) => show_new_rule(request, id).await,
        Operation::ShowEditRule(id, rule) => editing::show_edit_rule(request, id, rule).await,
        Operation::ListChanges => Box::pin(changing::list_changes(request)).await,
        Operation::ShowChange(id) => Box::pin(changing::show_change(request, id)).await,
        Operation::ConfirmChange(id) => Box::pin(changing::confirm_change(request, id)).await,
        Operation::UndoChange(id) => Box::pin(changing::undo_change(request, id)).await,
        Operation::ShowDrift(id) => Box::pin(changing::show_drift(request, id)).await,
        Operation::SettleDrift(id) => Box::pin(changing::settle_drift(request, id)).await,
        Operation::ShowReference => Ok(Answer::ok(View::Reference)),
        Operation::ShowOpenApi => Ok(Answer::ok(View::OpenApi)),
        Operation::ShowAsset(name) => show_asset(name),
    }
}

/// With `force_auth`, whatever it says, the entry point is how clients ask whether their credentials are good.
async fn show_entry_point(request: &Request<'_>) -> Result<Answer, ApiError> {
    if request.parameters()?.get("force_auth").is_some() {
        request.with_credentials()?.ask(async |driver, context| driver.authenticate(context).await).await?;
    }
    Ok(Answer::ok(View::EntryPoint))
}

fn show_driver(request: &Request<'_>, name: &Segment) -> Result<Answer, ApiError> {
    let name = name.text();
    let driver = request.head.gateway().registry.get(&name).map(Arc::clone);
    let driver = driver.ok_or_else(|| Failure::NotFound.with(format!("There is no driver '{}'.", shown(&name))))?;
    Ok(Answer::ok(View::Driver(driver)))
}

async fn list_firewalls(request: &Request<'_>) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (filter, shown) = (request.parameters()?.filter()?, shown_rules(request)?);
    let firewalls = call.ask(async |driver, context| driver.firewalls(context, &filter).await).await?;
    Ok(Answer::ok(View::Firewalls(firewalls, shown)))
}

/// Which rules the client wants to see, or the driver shows of itself.
fn shown_rules(request: &Request<'_>) -> Result<ShownRules, ApiError> {
    let default = ShownRules::by_default(request.head.driver().capabilities());
    Ok(request.parameters()?.shown_rules()?.unwrap_or(default))
}

async fn show_firewall(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let values = request.parameters()?;
    let (id, shown, packet) = (id.firewall_id()?, shown_rules(request)?, values.packet()?);
    let (with_members, with_hits) = (values.is_true(&MEMBERS)?, values.is_true(&COUNTERS)?);
    if request.head.format() == Format::Html && packet.is_none() {
        return show_page(request, &call, &id, shown).await;
    }
    if with_members || with_hits {
        let of = async |driver: &dyn Driver, context: &Context| {
            let (firewall, hits) = with_hits_of(driver, context, &id, with_hits).await?;
            let members = if with_members { Some(driver.members(context, &id).await?) } else { None };
            Ok((firewall, Details { members, hits }))
        };
        let (firewall, details) = call.ask(of).await?;
        return Ok(Answer::ok(View::Details(firewall, shown, details)));
    }
    let firewall = call.ask(async |driver, context| driver.firewall(context, &id).await).await?;
    Ok(Answer::ok(match packet {
        Some(packet) => {
            let explanation = Effect::of(&firewall, &request.head.driver().capabilities()).explain(&packet);
            View::Explanation(firewall, explanation)
        }
        None => View::Firewall(firewall, shown),
    }))
}

/// A firewall, with what its rules have matched where that is wanted.
async fn with_hits_of(
    driver: &dyn Driver,
    context: &Context,
    id: &FirewallId,
    is_wanted: bool,
) -> Result<(Arc<Firewall>, Option<Vec<Hits>>), Error> {
    match is_wanted {
        true => driver.counted(context, id).await.map(|(firewall, hits)| (firewall, Some(hits))),
        false => driver.firewall(context, id).await.map(|firewall| (firewall, None)),
    }
}

/// Who stands behind it is asked after the rest: where that fails, the page comes all the same, and says so.
async fn show_page(
    request: &Request<'_>,
    call: &Call<'_>,
    id: &FirewallId,
    shown: ShownRules,
) -> Result<Answer, ApiError> {
    let can = request.head.driver().capabilities();
    // In memory nothing ever comes by that could be counted.
    let is_counted = can.rules.count && !can.firewalls.in_memory;
    let (firewall, hits) =
        call.ask(async |driver, context| with_hits_of(driver, context, id, is_counted).await).await?;
    let members = match can.firewalls.members {
        true => Some(call.ask(async |driver, context| driver.members(context, id).await).await),
        false => None,
    };
    let seen = features::can_move(can).then(|| precondition::seen(request.head, &firewall)).flatten();
    Ok(Answer::ok(View::Page(Box::new(FirewallPage { firewall, shown, members, hits, seen }))))
}

async fn create_firewall(request: &Request<'_>) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let values = request.parameters()?;
    let made =
        async { change::make(&call, Change::CreateFirewall(values.new_firewall()?), Some(Form::NewFirewall)).await };
    let outcome = made.await.map_err(|failure| failure.of(FilledIn::new(Form::NewFirewall, values)))?;
    change::answer_to(outcome, |firewall| {
        let location = request.head.urls.firewall(&firewall.id);
        let shown = ShownRules::by_default(request.head.driver().capabilities());
        Answer::created(View::Firewall(firewall, shown)).at(location.clone()).then(location)
    })
}

async fn delete_firewall(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let id = id.firewall_id()?;
    match change::make(&call, Change::DeleteFirewall(id.clone()), Some(Form::DeleteFirewall(id))).await? {
        Outcome::Made(Made::Deleted(Deletion::Accepted(message)), written) => {
            Ok(Answer::accepted(View::Message(message)).journaled(written))
        }
        Outcome::Made(_, written) => {
            Ok(Answer::empty(StatusCode::NO_CONTENT).then(request.head.urls.firewalls()).journaled(written))
        }
        Outcome::Planned(answer) => Ok(answer),
    }
}

async fn create_rule(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let id = id.firewall_id()?;
    let values = request.parameters()?;
    let made = async {
        let can = request.head.driver().capabilities();
        let rule = values.new_rule(request.head.gateway().limits.sources, can)?;
        let direction = rule.direction();
        let change = Change::CreateRule { firewall: id.clone(), rule, position: values.position()? };
        Ok((change::make(&call, change, Some(Form::NewRule(id.clone()))).await?, direction))
    };
    let (outcome, direction) = match made.await {
        Ok(made) => made,
        Err(failure) => {
            let form = FilledIn::new(Form::NewRule(id.clone()), values);
            return Err(change::refused(&call, failure, form, &id).await);
        }
    };
    let (shown, next) = change::with_a_rule_of(direction, request.head, &id);
    change::answer_to(outcome, |firewall| Answer::created(View::Firewall(firewall, shown)).then(next))
}

async fn delete_rule(request: &Request<'_>, id: &Segment, rule: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (firewall, readings) = (id.firewall_id()?, rule.rule_ids()?);
    let next = request.head.urls.firewall(&firewall);
    let form = Form::DeleteRule(firewall.clone(), rule.0.clone());
    match change::make(&call, Change::DeleteRule { firewall, readings }, Some(form)).await? {
        Outcome::Made(_, written) => Ok(Answer::empty(StatusCode::NO_CONTENT).then(next).journaled(written)),
        Outcome::Planned(answer) => Ok(answer),
    }
}

/// Rules that are not shown are not replaced: who sends back what was shown must not take away what was hidden.
async fn replace_rules(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (firewall, values, shown) = (id.firewall_id()?, request.parameters()?, shown_rules(request)?);
    let allow_gap = values.is_true(&ALLOW_GAP)?;
    let SentSet { rules, ends } = request.rule_set()?;
    let terms = Terms { of_rules: ends, ..values.terms()? };
    let only = match shown {
        ShownRules::All => None,
        ShownRules::Only(direction) => Some(direction),
    };
    let is_other = |rule: &NewRule| only.is_some_and(|only| rule.direction() != only);
    if let Some(other) = rules.rules.iter().position(is_other) {
        let message = format!(
            "Rule {}: direction is not the one whose rules are replaced. With direction=all in the query, those of both are.",
            other + 1
        );
        return Err(Failure::Validation.with(message));
    }
    let change = Change::ReplaceRules { firewall, rules, only, allow_gap };
    let outcome = change::make_so(&call, change, terms, None).await?;
    change::answer_to(outcome, |firewall| Answer::ok(View::Firewall(firewall, shown)))
}

async fn show_new_firewall(request: &Request<'_>) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let values = request.parameters()?;
    // What is nonsense to the firewall that is itself called so is nonsense here, too.
    shown_rules(request)?;
    values.packet()?;
    values.is_true(&MEMBERS)?;
    values.is_true(&COUNTERS)?;
    call.ask(async |driver, context| driver.authenticate(context).await).await?;
    Ok(Answer::ok(View::Form(FilledIn::new(Form::NewFirewall, values))))
}

async fn show_new_rule(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let id = id.firewall_id()?;
    let firewall = call.ask(async |driver, context| driver.firewall(context, &id).await).await?;
    Ok(Answer::ok(View::Form(FilledIn::new(Form::NewRule(firewall.id.clone()), request.parameters()?))))
}

fn show_asset(name: &Segment) -> Result<Answer, ApiError> {
    let asset = html::asset(&name.text());
    asset
        .map(|asset| Answer::ok(View::Asset(asset)))
        .ok_or_else(|| Failure::NotFound.with("There is nothing at this path."))
}
