//! One request, from its head to its answer: it is counted, read, handed to the dialect that it is of, and logged.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::{HttpMessage, Payload, Request as HttpRequest, Response};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::web::Bytes;
use deltawall_core::ProviderName;

use super::body;
use super::connection::{Activity, Held, UnderWay};
use super::stop::Stop;
use super::taken::{Counted, Taken};
use crate::dialects::Dialects;
use crate::dialects::dialect::Reply;
use crate::gateway::metrics::{Limit, RequestLabels};
use crate::gateway::{Desk, Gateway};
use crate::logging::{Answered, RequestLog};
use crate::message::host::Names;
use crate::message::{Exchange, Refusal};
use crate::trace::Trace;

/// How large an answer is that is not counted as held, in bytes.
const MAX_UNCOUNTED: u64 = 4 * 1024;

/// What all workers share.
#[derive(Debug)]
pub struct Shared {
    /// Who answers.
    pub dialects: Arc<Dialects>,
    /// What they ask.
    pub gateway: Arc<Gateway>,
    /// What all of it is called by.
    pub names: Names,
    /// What has all of it stop. From then on each answer is the last on its connection.
    pub stop: Stop,
}

/// One worker.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    desk: Rc<Desk>,
    log: RequestLog,
}

impl Worker {
    /// One more worker.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { desk: Rc::new(Desk::new(Arc::clone(&shared.gateway))), log: RequestLog::default(), shared }
    }
}

/// Answers one request, counts it, and logs it.
pub async fn serve(
    mut http: HttpRequest,
    activity: Option<Rc<Activity>>,
    worker: Rc<Worker>,
) -> Response<impl MessageBody> {
    if activity.as_ref().is_some_and(|activity| !activity.admits_another()) {
        // There is no answer: the connection ends, and this with it.
        std::future::pending::<()>().await;
    }
    let Worker { shared, desk, log } = &*worker;
    let metrics = desk.gateway.metrics();
    let payload = http.take_payload();
    let counted = Counted::new(Rc::clone(desk));
    let (under_way, admitted) = activity.as_ref().map(Activity::begin).unzip();
    let since = under_way.as_ref().and_then(UnderWay::since).unwrap_or_else(Instant::now);
    let exchange = Exchange::new(&http, &shared.names, activity.as_ref().map(|activity| activity.room()));
    let mut reply = match admitted.unwrap_or(Ok(())) {
        Ok(()) => {
            let mut held = activity.as_ref().map(Activity::hold);
            let body = match payload {
                Payload::None => Ok(Bytes::new()),
                // What follows a CONNECT is no body: there is none, and no end to wait for.
                _ if *http.method() == Method::CONNECT => Ok(Bytes::new()),
                _ => read(payload, desk, held.as_mut()).await,
            };
            match exchange.is_of_another_site() {
                true => shared.dialects.refuse(&exchange, desk, Refusal::OtherSite),
                false => shared.dialects.answer(&exchange, desk, body).await,
            }
        }
        Err(limit) => {
            metrics.rejected(limit);
            shared.dialects.refuse(&exchange, desk, Refusal::Requests)
        }
    };
    let mut held = activity.as_ref().map(Activity::hold);
    if !is_held(reply.response.body(), held.as_mut()) && may_be_withheld(http.method(), reply.response.status()) {
        metrics.rejected(Limit::Held);
        reply = shared.dialects.refuse(&exchange, desk, Refusal::Answers);
    }
    let is_minor = reply.is_asset();
    let Reply { mut response, route, driver, provider } = reply;
    let is_http2 = http.version() == Version::HTTP_2;
    if !is_http2 && (shared.stop.has_begun() || http.head().connection_type() == ConnectionType::Close) {
        response.head_mut().set_connection_type(ConnectionType::Close);
        if let Some(activity) = &activity {
            activity.end();
        }
    }
    let (method, status, time) = (http.method().as_str(), response.status().as_u16(), since.elapsed());
    desk.figures.answered(RequestLabels { route, method: label(method), status, driver }, time);
    log.answered(&Answered {
        is_minor,
        method,
        path: http.uri().path(),
        status,
        driver,
        provider: provider.as_ref().map_or("default", ProviderName::as_str),
        time,
        request_id: &exchange.id,
        trace: Trace::read(http.headers()).as_ref(),
    });
    response.map_body(|_, body| Taken::new(body, is_http2, under_way, held, counted))
}

/// Reads a body, and counts it where it is refused.
async fn read(payload: Payload, desk: &Desk, held: Option<&mut Held>) -> Result<Bytes, Refusal> {
    let body = body::read(payload, &desk.gateway.limits, held).await;
    if let Err(refusal) = body {
        let limit = match refusal {
            Refusal::BodyTime(_) => Some(Limit::BodyTime),
            Refusal::BodySize(_) => Some(Limit::BodySize),
            Refusal::BodyRoom => Some(Limit::Held),
            Refusal::BodyBroken | Refusal::Requests | Refusal::Answers | Refusal::OtherSite => None,
        };
        limit.into_iter().for_each(|limit| desk.gateway.metrics().rejected(limit));
    }
    body
}

/// Counts an answer as held, unless it is so small that what a connection or a stream has is enough for it. Says whether
/// there was room.
fn is_held(body: &BoxBody, held: Option<&mut Held>) -> bool {
    match (body.size(), held) {
        (BodySize::Sized(size), Some(held)) if size > MAX_UNCOUNTED => {
            held.add(usize::try_from(size).unwrap_or(usize::MAX)).is_ok()
        }
        _ => true,
    }
}

/// Whether another answer may be given in the place of one of this status: nothing was changed, and that is certain.
fn may_be_withheld(method: &Method, status: StatusCode) -> bool {
    method.is_safe() && status == StatusCode::OK || status.is_client_error()
}

/// A method as figures name it: clients may invent any number of others.
fn label(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"].into_iter().find(|known| *known == method).unwrap_or("other")
}
