//! What each resource does with each of its methods.

use std::sync::Arc;

use actix_web::http::StatusCode;
use deltawall_core::{Deletion, FirewallId, RuleId};

use super::answer::{Answer, View};
use super::error::{ApiError, Failure};
use super::parameters::shown;
use super::path::{Method, Resource};
use super::request::Request;

/// Does what the request asks for.
pub(super) async fn answer(request: &Request<'_>) -> Result<Answer, ApiError> {
    match (request.method, request.resource) {
        (Method::Options, resource) => Ok(Answer::allowing(resource.allow(None))),
        (Method::Get, Resource::Root) => Ok(Answer::redirect(request.head.urls.entry_point().to_owned())),
        (Method::Get, Resource::EntryPoint) => entry_point(request).await,
        (Method::Get, Resource::Drivers) => Ok(Answer::ok(View::Drivers)),
        (Method::Get, Resource::Driver(name)) => show_driver(request, name),
        (Method::Get, Resource::Firewalls) => list_firewalls(request).await,
        (Method::Post, Resource::Firewalls) => create_firewall(request).await,
        (Method::Get, Resource::Firewall(id)) => show_firewall(request, id).await,
        (Method::Delete, Resource::Firewall(id)) => delete_firewall(request, id).await,
        (Method::Post, Resource::Rules(id)) => create_rule(request, id).await,
        (Method::Delete, Resource::Rule(id, rule)) => delete_rule(request, id, rule).await,
        _ => Err(Failure::Backend.with("This resource has a method that nothing answers.")),
    }
}

/// With `force_auth`, the entry point is how clients ask whether their credentials are good.
async fn entry_point(request: &Request<'_>) -> Result<Answer, ApiError> {
    if request.parameters()?.is_true("force_auth") {
        request.client()?.ask(async |driver, context| driver.authenticate(context).await).await?;
    }
    Ok(Answer::ok(View::EntryPoint))
}

fn show_driver(request: &Request<'_>, name: &str) -> Result<Answer, ApiError> {
    let driver = request.head.gateway.registry.get(name).map(Arc::clone);
    let driver = driver.ok_or_else(|| Failure::NotFound.with(format!("There is no driver '{}'.", shown(name))))?;
    Ok(Answer::ok(View::Driver(driver)))
}

async fn list_firewalls(request: &Request<'_>) -> Result<Answer, ApiError> {
    let client = request.client()?;
    let filter = request.parameters()?.filter()?;
    let firewalls = client.ask(async |driver, context| driver.firewalls(context, &filter).await).await?;
    Ok(Answer::ok(View::Firewalls(firewalls)))
}

async fn show_firewall(request: &Request<'_>, id: &FirewallId) -> Result<Answer, ApiError> {
    let firewall = request.client()?.ask(async |driver, context| driver.firewall(context, id).await).await?;
    Ok(Answer::ok(View::Firewall(firewall)))
}

async fn create_firewall(request: &Request<'_>) -> Result<Answer, ApiError> {
    let client = request.client()?.needs("create firewalls", |driver| driver.create_firewall)?;
    let new = request.parameters()?.new_firewall()?;
    let firewall = client.ask(async |driver, context| driver.create_firewall(context, new).await).await?;
    let location = request.head.urls.firewall(&firewall.id);
    Ok(Answer::created(View::Firewall(firewall)).at(location))
}

async fn delete_firewall(request: &Request<'_>, id: &FirewallId) -> Result<Answer, ApiError> {
    let client = request.client()?.needs("delete firewalls", |driver| driver.delete_firewall)?;
    match client.ask(async |driver, context| driver.delete_firewall(context, id).await).await? {
        Deletion::Done => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        Deletion::Accepted(message) => Ok(Answer::accepted(View::Message(message))),
    }
}

async fn create_rule(request: &Request<'_>, id: &FirewallId) -> Result<Answer, ApiError> {
    let client = request.client()?.needs("create rules", |driver| driver.create_rule)?;
    let new = request.parameters()?.new_rule()?;
    let firewall = client.ask(async |driver, context| driver.create_rule(context, id, new).await).await?;
    Ok(Answer::created(View::Firewall(firewall)))
}

async fn delete_rule(request: &Request<'_>, id: &FirewallId, rule: &RuleId<'_>) -> Result<Answer, ApiError> {
    let client = request.client()?.needs("delete rules", |driver| driver.delete_rule)?;
    client.ask(async |driver, context| driver.delete_rule(context, id, rule).await).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}
