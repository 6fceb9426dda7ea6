//! From what a handler has found to the bytes that the client gets.

use std::io;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::{HttpMessage, Request as HttpRequest, Response};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, HeaderName, HeaderValue, IF_NONE_MATCH, IfNoneMatch,
    LOCATION, RETRY_AFTER, SERVER, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};

use super::answer::{Answer, View};
use super::error::{ApiError, Failure};
use super::format::Format;
use super::head::Head;
use super::rendered::rendered as body;
use super::version::SERVER_NAME;
use super::written::{Cache, Written};
use super::{headers, html, json, xml};
use crate::logging::six_digits;
use crate::message::page;
use crate::trace;

static SERVER_VALUE: HeaderValue = HeaderValue::from_static(SERVER_NAME);
static AS_DECLARED: HeaderValue = HeaderValue::from_static("nosniff");
static ASK_AGAIN: HeaderValue = HeaderValue::from_static("max-age=0, private, must-revalidate");
static NEVER_KEEP: HeaderValue = HeaderValue::from_static("no-store");
/// The headers that an answer depends on, besides those that no cache forgets: the host and the credentials.
static DEPENDS_ON: HeaderValue = HeaderValue::from_static("Accept, X-Deltacloud-Driver, X-Deltacloud-Provider");

/// The response to a request, with all its headers.
pub(super) fn finish(head: &Head<'_>, cache: &Cache, result: Result<Answer, ApiError>) -> Response<BoxBody> {
    let mut response = match result.and_then(|answer| rendered(head, cache, answer)) {
        Ok(response) => response,
        Err(error) => failed(head, &error),
    };
    // Clients of that age compare header names as they are written; this is as near as the HTTP server goes.
    response.head_mut().set_camel_case_headers(true);
    response
}

fn rendered(head: &Head<'_>, cache: &Cache, answer: Answer) -> Result<Response<BoxBody>, ApiError> {
    if let (Format::Html, Some(next)) = (head.format(), answer.next)
        && head.exchange.is_for_a_browser()
    {
        let mut response = begin(head, StatusCode::SEE_OTHER, &NEVER_KEEP);
        add(&mut response, LOCATION, next);
        return Ok(response);
    }
    let is_read = head.exchange.http.method().is_safe();
    let is_shown = is_read && answer.status == StatusCode::OK && answer.view.is_some();
    // What a change has made is what GET shows.
    let may_be_kept = is_shown || matches!(answer.view, Some(View::Firewall(..)));
    let mut response = begin(head, answer.status, if may_be_kept { &ASK_AGAIN } else { &NEVER_KEEP });
    if let Some(location) = answer.location {
        add(&mut response, LOCATION, location);
    }
    if let Some(allow) = answer.allow {
        add(&mut response, ALLOW, allow);
    }
    if let Some(change) = &answer.change {
        add(&mut response, headers::CHANGE.clone(), head.urls.change(&change.id));
        if let Some(end) = change.confirm_by {
            add(&mut response, headers::CONFIRM_BY.clone(), end.to_string());
        }
    }
    let Some(view) = answer.view else { return Ok(response) };
    let written = body(&view, head, is_shown.then_some(cache)).map_err(|error| internal(head, &error));
    let (Written { content, tag }, content_type) = written?;
    if may_be_kept {
        let is_known = is_shown && is_known(head.exchange.http, &tag);
        add(&mut response, ETAG, tag);
        if is_known {
            response.head_mut().status = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
    }
    add(&mut response, CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response.set_body(BoxBody::new(content)))
}

fn failed(head: &Head<'_>, error: &ApiError) -> Response<BoxBody> {
    let mut response = begin(head, error.failure.appearance().status, &NEVER_KEEP);
    if let Some(allow) = &error.allow {
        add(&mut response, ALLOW, allow.as_str());
    }
    if error.failure == Failure::Authentication {
        let realm = format!("Basic realm=\"{}-deltacloud@{}\"", head.driver().id(), head.exchange.host);
        add(&mut response, WWW_AUTHENTICATE, realm);
    }
    if error.failure == Failure::Overloaded {
        add(&mut response, RETRY_AFTER, HeaderValue::from_static("1"));
    }
    add(&mut response, CONTENT_TYPE, HeaderValue::from_static(head.format().content_type()));
    let rendered = match head.format() {
        Format::Xml => Ok(xml::error(error, head.exchange.target(), head)),
        Format::Json => json::error(error),
        Format::Html => html::error(error, head),
    };
    match rendered {
        Ok(content) => response.set_body(BoxBody::new(content)),
        Err(error) => {
            internal(head, &error);
            response.head_mut().status = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// A response with the headers that all have.
fn begin(head: &Head<'_>, status: StatusCode, kept: &HeaderValue) -> Response<BoxBody> {
    let mut response = Response::new(status);
    add(&mut response, SERVER, SERVER_VALUE.clone());
    add(&mut response, X_CONTENT_TYPE_OPTIONS, AS_DECLARED.clone());
    add(&mut response, CACHE_CONTROL, kept.clone());
    add(&mut response, VARY, DEPENDS_ON.clone());
    if head.format() == Format::Html {
        for (name, value) in &page::IN_ITS_PLACE {
            add(&mut response, name.clone(), value.clone());
        }
    }
    add(&mut response, trace::REQUEST_ID.clone(), head.exchange.id.as_str());
    add(&mut response, headers::DRIVER.clone(), HeaderValue::from_static(head.driver().id()));
    if let Some(provider) = head.provider() {
        add(&mut response, headers::PROVIDER.clone(), provider.as_str());
    }
    if let Some(time) = head.exchange.backend_time.get() {
        add(&mut response, headers::BACKEND_RUNTIME.clone(), seconds(time));
    }
    response
}

/// Seconds, with six digits after the point.
fn seconds(time: Duration) -> String {
    let (mut seconds, mut millionths) = (itoa::Buffer::new(), itoa::Buffer::new());
    [seconds.format(time.as_secs()), ".", six_digits(time.subsec_micros(), &mut millionths)].concat()
}

/// Adds a header, each but once. All that is added can stand in one: links are encoded, and what came from a client was read
/// first.
fn add(response: &mut Response<BoxBody>, name: HeaderName, value: impl TryInto<HeaderValue>) {
    if let Ok(value) = value.try_into() {
        response.headers_mut().append(name, value);
    }
}

fn internal(head: &Head<'_>, error: &io::Error) -> ApiError {
    tracing::error!(request_id = head.exchange.id, %error, "an answer could not be written");
    Failure::Backend.with("The answer could not be written.")
}

/// Whether the client has what the tag stands for.
fn is_known(http: &HttpRequest, tag: &HeaderValue) -> bool {
    let mut sent = http.headers().get_all(IF_NONE_MATCH);
    match (sent.next(), sent.next()) {
        (None, _) => return false,
        (Some(only), None) if only == tag => return true,
        _ => {}
    }
    let tag = tag.to_str().ok().and_then(|tag| tag.parse::<EntityTag>().ok());
    match (IfNoneMatch::parse(http), tag) {
        (Ok(IfNoneMatch::Any), _) => true,
        (Ok(IfNoneMatch::Items(known)), Some(tag)) => known.iter().any(|known| known.weak_eq(&tag)),
        _ => false,
    }
}
