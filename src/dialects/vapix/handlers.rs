//! Each request to the device, and what it answers.

use actix_http::body::BoxBody;
use actix_http::{Response, StatusCode};
use actix_web::web::Bytes;

use super::answer::{self, json_response};
use super::body::{self, Write};
use super::cgi::{self, Call};
use super::error::ApiError;
use super::path::{Cgi, Part, Resource, Version};
use super::shared::Shared;
use super::{discovery, login, views};
use crate::gateway::Desk;
use crate::gateway::access::Caller;
use crate::message::{Exchange, Refusal};
use crate::policies::devices::{Device, Phase, WhileOff};
use crate::policies::{Asker, Failure};
use crate::text::shown;

/// How long a target may be, in bytes.
const MAX_TARGET: usize = 8 * 1024;

/// Answers a request.
pub(super) async fn answer(
    shared: &Shared,
    exchange: &Exchange<'_>,
    desk: &Desk,
    device: &Device,
    body: Result<Bytes, Refusal>,
) -> Result<Response<BoxBody>, ApiError> {
    if exchange.target().len() > MAX_TARGET {
        return Err(ApiError::UriTooLong);
    }
    let path = exchange.http.uri().path();
    let resource = Resource::at(path);
    if let Some(Resource::Cgi(cgi)) = resource {
        return call(shared, exchange, desk, device, (cgi, body)).await;
    }
    // Whoever is unknown is not told what there is. To look at the firewall takes the right to change it.
    let is_change = matches!(resource, Some(Resource::Firewall(..) | Resource::All));
    let caller = admit(shared, exchange, desk, device, is_change).await?;
    let Some(resource) = resource else { return Err(ApiError::NotFound(path.to_owned())) };
    let method = exchange.http.method();
    if !resource.has(method) {
        return Err(ApiError::Method(resource.methods()));
    }
    let query = Query::read(exchange)?;
    match resource {
        Resource::Discovery(document) => Ok(discovery::answer(document)),
        Resource::All => show(shared, exchange, device, query, (Version::One, Part::Root), true).await,
        Resource::Firewall(version, part) if method.is_safe() => {
            show(shared, exchange, device, query, (version, part), false).await
        }
        Resource::Firewall(version, part) => {
            let body = body.map_err(ApiError::Refused)?;
            let write = body::read(exchange.http, &body, version, part, query.is_strict)?;
            let asker = asker(exchange, desk, &caller);
            let done = perform(device, asker, write, version).await;
            shared.policies.wake();
            if let Err(error) = &done {
                tracing::info!(request_id = exchange.id, device = device.realm, ?error, "a device refuses a request");
            }
            done.map(|()| json_response(StatusCode::OK, answer::done()))
        }
        Resource::Cgi(_) => Err(ApiError::Internal),
    }
}

async fn admit(
    shared: &Shared,
    exchange: &Exchange<'_>,
    desk: &Desk,
    device: &Device,
    is_change: bool,
) -> Result<Caller, ApiError> {
    let nonces = shared.nonces.as_ref().ok_or(ApiError::Internal)?;
    login::admit(exchange, &desk.gateway, device, (nonces, shared.now()), is_change).await
}

fn asker<'a>(exchange: &'a Exchange<'_>, desk: &'a Desk, caller: &'a Caller) -> Asker<'a> {
    Asker { desk, caller, id: &exchange.id, peer: exchange.peer, time: &exchange.backend_time }
}

/// Does what is to be written.
async fn perform(device: &Device, asker: Asker<'_>, write: Write, version: Version) -> Result<(), ApiError> {
    let done = match write {
        Write::Activated(None) => Ok(()),
        Write::Activated(Some(activated)) => device.activate(asker, activated).await,
        Write::Confirm => device.confirm(asker).await,
        Write::Clear => device.clear(asker).await,
        Write::Rules(rules, fallback) => {
            // The page of v1beta knows no such error.
            let off = if version == Version::One { WhileOff::TryNothing } else { WhileOff::TryInLists };
            device.set_rules(asker, rules, fallback, off).await
        }
    };
    done.map_err(told)
}

fn told(failure: Failure) -> ApiError {
    if !matches!(failure, Failure::Invalid(_)) {
        tracing::error!(why = %failure, "a device could not do what it was asked for");
    }
    failure.into()
}

/// Shows a part of a device. What was written of it before is sent again where nothing has changed.
async fn show(
    shared: &Shared,
    exchange: &Exchange<'_>,
    device: &Device,
    query: Query,
    (version, part): (Version, Part),
    is_all: bool,
) -> Result<Response<BoxBody>, ApiError> {
    let target = exchange.target();
    // There are as many paths as there are, and any number of queries.
    let at_rest = device.at_rest().filter(|_| exchange.http.uri().query().is_none());
    let written = at_rest.as_ref().and_then(|at_rest| shared.written.find(&device.realm, target, at_rest));
    if let Some(written) = written {
        return Ok(json_response(StatusCode::OK, written));
    }
    let view = device.view().await.map_err(told)?;
    let (value, beside) = views::shown(&view, version, part, query.is_recursive || is_all);
    let body = match is_all {
        true => answer::data(serde_json::json!({ "firewall.v1": value }), beside),
        false => answer::data(value, beside),
    };
    if let Some(at_rest) = at_rest.filter(|_| !matches!(view.phase, Phase::Testing(_))) {
        shared.written.keep(&device.realm, target, at_rest, body.clone());
    }
    Ok(json_response(StatusCode::OK, body))
}

/// Answers what clients call to learn what device it is.
async fn call(
    shared: &Shared,
    exchange: &Exchange<'_>,
    desk: &Desk,
    device: &Device,
    (cgi, body): (Cgi, Result<Bytes, Refusal>),
) -> Result<Response<BoxBody>, ApiError> {
    let resource = Resource::Cgi(cgi);
    if !resource.has(exchange.http.method()) {
        return Err(ApiError::Method(resource.methods()));
    }
    let call = Call::read(cgi, &body.map_err(ApiError::Refused)?);
    if !call.is_open() {
        admit(shared, exchange, desk, device, false).await?;
    }
    let body = call.answer(device, &shared.boot, shared.changes.clock().running());
    Ok(answer::response(StatusCode::OK, cgi::MEDIA_TYPE, body))
}

/// What the query says.
#[derive(Debug, Clone, Copy)]
struct Query {
    is_strict: bool,
    is_recursive: bool,
}

impl Query {
    fn read(exchange: &Exchange<'_>) -> Result<Self, ApiError> {
        let mut query = Self { is_strict: false, is_recursive: true };
        for pair in exchange.http.uri().query().unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let known = match name {
                "strict" => &mut query.is_strict,
                "recursive" => &mut query.is_recursive,
                _ => continue,
            };
            *known = match value {
                "true" => true,
                "false" => false,
                _ => {
                    let why = format!("the parameter {name} is {}, which is neither true nor false", shown(value));
                    return Err(ApiError::Validation(why));
                }
            };
        }
        Ok(query)
    }
}
