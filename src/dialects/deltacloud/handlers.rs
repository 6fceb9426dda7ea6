//! What each operation does: typed request → driver → answer, in no format yet.

use std::sync::Arc;

use actix_web::http::StatusCode;
use deltawall_core::{Context, Deletion, Direction, Driver, Error, ErrorKind, FirewallId, Position, RuleId};

use super::answer::{Answer, View};
use super::error::{ApiError, Failure};
use super::filled_in::FilledIn;
use super::html;
use super::operation::Operation;
use super::request::Request;
use super::segment::Segment;
use super::shown_rules::ShownRules;
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
        Operation::ShowNewFirewall(_) => show_new_firewall(request).await,
        Operation::ShowNewRule(id) => show_new_rule(request, id).await,
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
    let (id, shown) = (id.firewall_id()?, shown_rules(request)?);
    let firewall = call.ask(async |driver, context| driver.firewall(context, &id).await).await?;
    Ok(Answer::ok(View::Firewall(firewall, shown)))
}

async fn create_firewall(request: &Request<'_>) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let values = request.parameters()?;
    let made = async {
        let new = values.new_firewall()?;
        call.ask(async |driver, context| driver.create_firewall(context, new).await).await
    };
    let firewall = made.await.map_err(|failure| failure.of(FilledIn::new(None, values)))?;
    let location = request.head.urls.firewall(&firewall.id);
    let shown = ShownRules::by_default(request.head.driver().capabilities());
    Ok(Answer::created(View::Firewall(firewall, shown)).at(location.clone()).then(location))
}

async fn delete_firewall(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let id = id.firewall_id()?;
    match call.ask(async |driver, context| driver.delete_firewall(context, &id).await).await? {
        Deletion::Done => Ok(Answer::empty(StatusCode::NO_CONTENT).then(request.head.urls.firewalls())),
        Deletion::Accepted(message) => Ok(Answer::accepted(View::Message(message))),
    }
}

async fn create_rule(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let id = id.firewall_id()?;
    let values = request.parameters()?;
    let made = async {
        let can = request.head.driver().capabilities();
        let new = values.new_rule(request.head.gateway().limits.sources, can)?;
        let direction = new.direction();
        let firewall =
            call.ask(async |driver, context| driver.create_rule(context, &id, new, Position::Last).await).await?;
        Ok((firewall, direction))
    };
    let form = || FilledIn::new(Some(id.clone()), values);
    let (firewall, direction) = made.await.map_err(|failure: ApiError| failure.of(form()))?;
    // Whoever makes a rule sees it.
    let shown = match direction {
        Direction::Ingress => ShownRules::by_default(request.head.driver().capabilities()),
        Direction::Egress => ShownRules::All,
    };
    let url = request.head.urls.firewall(&id);
    let next = if direction == Direction::Egress { format!("{url}?direction=all") } else { url };
    Ok(Answer::created(View::Firewall(firewall, shown)).then(next))
}

async fn delete_rule(request: &Request<'_>, id: &Segment, rule: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, readings) = (id.firewall_id()?, rule.rule_ids()?);
    call.ask(async |driver, context| {
        let rule = reading_meant(driver, context, &id, &readings).await?;
        driver.delete_rule(context, &id, rule).await
    })
    .await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).then(request.head.urls.firewall(&id)))
}

async fn show_new_firewall(request: &Request<'_>) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    call.ask(async |driver, context| driver.authenticate(context).await).await?;
    Ok(Answer::ok(View::Form(FilledIn::new(None, request.parameters()?))))
}

async fn show_new_rule(request: &Request<'_>, id: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let id = id.firewall_id()?;
    let firewall = call.ask(async |driver, context| driver.firewall(context, &id).await).await?;
    Ok(Answer::ok(View::Form(FilledIn::new(Some(firewall.id.clone()), request.parameters()?))))
}

fn show_asset(name: &Segment) -> Result<Answer, ApiError> {
    let asset = html::asset(&name.text());
    asset
        .map(|asset| Answer::ok(View::Asset(asset)))
        .ok_or_else(|| Failure::NotFound.with("There is nothing at this path."))
}

/// Which reading of a rule's id the client means: the one that is there. Only an id that can be read in two ways needs
/// a look at the firewall; and if both are there, nothing is deleted on a guess.
async fn reading_meant<'a>(
    driver: &dyn Driver,
    context: &Context,
    id: &FirewallId,
    readings: &'a [RuleId<'static>],
) -> Result<&'a RuleId<'static>, Error> {
    let ambiguous = |why| Error::new(ErrorKind::Invalid, driver.id(), why);
    let [decoded, others @ ..] = readings else { return Err(ambiguous("The rule id cannot be read.")) };
    if others.is_empty() {
        return Ok(decoded);
    }
    let rules = &driver.firewall(context, id).await?.rules;
    let mut there = readings.iter().filter(|reading| rules.iter().any(|rule| reading.names(rule)));
    match (there.next(), there.next()) {
        (Some(_), Some(_)) => {
            Err(ambiguous("The rule id may mean two rules. Percent-encode all of it but letters and digits."))
        }
        (Some(one), None) => Ok(one),
        (None, _) => Ok(decoded),
    }
}
