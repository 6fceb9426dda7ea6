//! GhostPorts: a user proves who it is, and what rules let users do is open for the address that it comes from.

use std::net::IpAddr;
use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Response, StatusCode};
use actix_web::http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::answer::{done, json as answer, with};
use super::error::ApiError;
use super::fields::Fields;
use super::request::{Request, not_found};
use super::views::{object, time};
use super::{body, edits};
use crate::gateway::access::Denial;
use crate::message::{Refusal, forwarded};
use crate::policies::account::draft::user_id;
use crate::policies::account::objects::GhostPort;
use crate::policies::account::{Actor, By, Directory, EventKind, Id};

/// The name under which one is sent and shown.
pub(super) const ONE: &str = "ghostport";

/// Who has proven to be a user, with the step of time that its code was for, and where it comes from.
struct Proven {
    user: String,
    step: u64,
    from: IpAddr,
}

impl Proven {
    /// Who it is, for events: whatever was sent for a name.
    fn by(&self) -> By {
        By { actor: Actor::User(crate::text::shown(&self.user).into_owned()), address: Some(self.from) }
    }
}

/// The list of those that are open.
pub(super) async fn list(request: &Request<'_>) -> Result<Response<BoxBody>, ApiError> {
    let objects = request.objects().await?;
    let open = objects.ghost_ports.iter().filter(|open| request.account.is_open(open));
    let open = open.map(|open| shown(request, open));
    let list = request.query.list("ghostports", open, &format!("{}/ghostports", request.base), &[])?;
    Ok(answer(StatusCode::OK, &list))
}

/// One that is open.
pub(super) async fn show(request: &Request<'_>, id: &str) -> Result<Response<BoxBody>, ApiError> {
    let objects = request.objects().await?;
    let open = Id::read(id).and_then(|id| objects.ghost_ports.get(id));
    let open = open.filter(|open| request.account.is_open(open)).ok_or_else(|| not_found(ONE, id))?;
    Ok(answer(StatusCode::OK, &json!({ ONE: shown(request, open) })))
}

/// Opens, for a user who proves who it is by what was sent.
pub(super) async fn open(request: &mut Request<'_>) -> Result<Response<BoxBody>, ApiError> {
    let open = open_own(request).await?;
    let url = url(request, &open);
    Ok(with(answer(StatusCode::CREATED, &json!({ ONE: shown(request, &open) })), LOCATION, &url))
}

/// What was opened for a user who proves who it is by what was sent.
pub(super) async fn open_own(request: &mut Request<'_>) -> Result<Arc<GhostPort>, ApiError> {
    let proven = prove(request).await?;
    request.by = proven.by();
    let Proven { user, step, from } = &proven;
    let life = request.account.ghost_port_time;
    let opened = request.change(&Directory::default(), |draft| draft.open_ghost_port(user, *step, *from, life)).await;
    if !matches!(opened, Ok(None)) {
        request.shared.attempts.was_right(user, *from);
    }
    let opened = opened?.ok_or_else(|| refused(request, &proven))?;
    let objects = request.objects().await?;
    objects.ghost_ports.get(opened).cloned().ok_or_else(|| not_found(ONE, &opened.to_string()))
}

/// Closes, for who may change all.
pub(super) async fn close(request: &Request<'_>, id: &str) -> Result<Response<BoxBody>, ApiError> {
    let _wakes = request.wakes();
    request.account.close(request.asker(), &request.by, |draft| draft.close_ghost_port(id)).await?;
    Ok(done())
}

/// Closes what has this id, for its user, who proves who it is by what was sent. That of another is not there for this one, who is not told so.
pub(super) async fn close_this(request: &mut Request<'_>, id: &str) -> Result<Response<BoxBody>, ApiError> {
    let id = Id::read(id);
    close_own(request, |open| Some(open.id) == id).await?;
    Ok(done())
}

/// Closes what a user has open that is so, where it proves who it is by what was sent. Whether anything was.
pub(super) async fn close_own(
    request: &mut Request<'_>,
    is_meant: impl Fn(&GhostPort) -> bool,
) -> Result<bool, ApiError> {
    let proven = prove(request).await?;
    request.by = proven.by();
    let Proven { user, step, from } = &proven;
    let _wakes = request.wakes();
    let closed = request.account.close(request.asker(), &request.by, |draft| {
        if !draft.use_code(user, *step)? {
            return Ok(None);
        }
        let open = draft.objects().ghost_ports.iter().find(|open| open.user == *user && is_meant(open));
        match open.map(|open| open.id.to_string()) {
            Some(id) => draft.close_ghost_port(&id).map(|()| Some(true)),
            None => Ok(Some(false)),
        }
    });
    let was_open = closed.await?.ok_or_else(|| refused(request, &proven))?;
    request.shared.attempts.was_right(user, *from);
    Ok(was_open)
}

/// That a user is not who it says, or its code was used; which is told.
fn refused(request: &Request<'_>, proven: &Proven) -> ApiError {
    request.tell_of_failed_login(&proven.user);
    let message = "User, password or code were wrong, or the code was used.".to_owned();
    request.shared.tell(request.account, proven.by(), EventKind::GhostportFailure, message);
    ApiError::InvalidLogin
}

async fn prove(request: &Request<'_>) -> Result<Proven, ApiError> {
    let unknown =
        || ApiError::Malformed("Where this comes from is not known: the proxy has to send X-Forwarded-For".into());
    let peer = request.exchange.peer.ok_or_else(unknown)?;
    let from = forwarded::client(request.exchange.http, peer, &request.shared.proxies).ok_or_else(unknown)?;
    let sent = body::read(request.exchange.http, request.body, ONE)?;
    let fields = Fields::new(edits::object(&sent)?);
    let text = |field: &str| fields.required(field).unwrap_or_default();
    let (user, password, code) = (text("username"), text("password"), text("code"));
    let now = request.shared.now();
    if !request.shared.attempts.may_try(&user, from, now) {
        return Err(ApiError::InvalidLogin);
    }
    let seconds = u64::try_from(now.millis() / 1000).unwrap_or_default();
    let cloud = request.account.cloud();
    let of = (cloud.driver().id(), cloud.provider());
    let access = &request.desk.gateway.access;
    let step = access.prove_code(&user, &password, code.trim(), seconds, of, Some(from)).await;
    let proven = |step| Proven { user, step, from };
    match step {
        Ok(step) => Ok(proven(step)),
        Err(Denial::Busy) => {
            request.shared.attempts.was_right(&proven(0).user, from);
            Err(ApiError::Refused(Refusal::Requests))
        }
        // Attempts are limited, and so is what is told of them.
        Err(_) => Err(refused(request, &proven(0))),
    }
}

fn url(request: &Request<'_>, open: &GhostPort) -> String {
    format!("{}/ghostports/{}", request.base, open.id)
}

fn shown(request: &Request<'_>, open: &GhostPort) -> Map<String, Value> {
    object(json!({
        "id": open.id,
        "url": url(request, open),
        "user_id": user_id(&open.user),
        "username": open.user,
        "ip_address": open.address,
        "opened_at": time(open.opened_at),
        "expires_at": time(open.expires_at),
    }))
}
