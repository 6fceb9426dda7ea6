//! From what a handler has found to the bytes that the client gets.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EntityTag, Header, IF_NONE_MATCH, IfNoneMatch,
    LOCATION, REFERRER_POLICY, RETRY_AFTER, SERVER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use deltawall_core::{Driver, Firewall, FirewallId};

use super::error::{ApiError, Failure};
use super::format::Format;
use super::html::Asset;
use super::parameters::{Parameters, ShownRules};
use super::request::Head;
use super::{VERSION, html, json, openapi, xml};
use crate::trace;

/// What pages may do: load what this server has, send forms to it, and stand in no other page.
const PAGE_POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a handler has found, in no format yet.
pub(super) struct Answer {
    status: StatusCode,
    location: Option<String>,
    /// Where a person goes on, once what they asked for is done.
    next: Option<String>,
    allow: Option<String>,
    view: Option<View>,
}

/// What the body of an answer shows.
pub(super) enum View {
    EntryPoint,
    Drivers,
    Driver(Arc<dyn Driver>),
    Firewalls(Vec<Arc<Firewall>>, ShownRules),
    Firewall(Arc<Firewall>, ShownRules),
    /// What has become of a deletion that takes time.
    Message(String),
    /// A form to fill in.
    Form(Form),
    /// What the API has.
    Reference,
    /// The same for programs.
    OpenApi,
    Asset(&'static Asset),
}

/// A form with what is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    /// The firewall that gets a rule; none for a new firewall.
    pub(super) firewall: Option<FirewallId>,
    pub(super) values: Parameters,
}

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, location: None, next: None, allow: None, view: None }
    }

    pub(super) fn ok(view: View) -> Self {
        Self { view: Some(view), ..Self::empty(StatusCode::OK) }
    }

    pub(super) fn created(view: View) -> Self {
        Self { view: Some(view), ..Self::empty(StatusCode::CREATED) }
    }

    pub(super) fn accepted(view: View) -> Self {
        Self { view: Some(view), ..Self::empty(StatusCode::ACCEPTED) }
    }

    pub(super) fn redirect(url: String) -> Self {
        Self::empty(StatusCode::FOUND).at(url)
    }

    pub(super) fn allowing(methods: String) -> Self {
        Self { allow: Some(methods), ..Self::empty(StatusCode::OK) }
    }

    /// The same answer, after which a person goes on here.
    pub(super) fn then(self, url: String) -> Self {
        Self { next: Some(url), ..self }
    }

    /// The same answer, saying where the thing is that it is about.
    pub(super) fn at(self, url: String) -> Self {
        Self { location: Some(url), ..self }
    }
}

/// The response to a request, with all its headers.
pub(super) fn finish(head: &Head, http: &HttpRequest, result: Result<Answer, ApiError>) -> HttpResponse {
    let mut response = match result.and_then(|answer| rendered(head, http, answer)) {
        Ok(response) => response,
        Err(error) => failed(head, &error),
    };
    // Clients of that age compare header names as they are written; this is as near as the HTTP server goes.
    response.head_mut().set_camel_case_headers(true);
    response
}

fn rendered(head: &Head, http: &HttpRequest, answer: Answer) -> Result<HttpResponse, ApiError> {
    if let (Format::Html, Some(next)) = (head.format(), answer.next) {
        return Ok(begin(head, StatusCode::SEE_OTHER).insert_header((LOCATION, next)).finish());
    }
    let mut response = begin(head, answer.status);
    if let Some(location) = answer.location {
        response.insert_header((LOCATION, location));
    }
    if let Some(allow) = answer.allow {
        response.insert_header((ALLOW, allow));
    }
    let Some(view) = answer.view else { return Ok(response.finish()) };
    let rendered = match (&view, head.format()) {
        (View::Asset(asset), _) => Ok((asset.content.as_bytes().to_vec(), asset.content_type)),
        (View::OpenApi, _) => openapi::document(head).map(|content| (content, Format::Json.content_type())),
        (_, format) => match format {
            Format::Xml => xml::view(&view, head),
            Format::Json => json::view(&view, head),
            Format::Html => html::view(&view, head),
        }
        .map(|content| (content, format.content_type())),
    };
    let (content, content_type) = rendered.map_err(|error| internal(head, &error))?;
    if matches!(answer.status, StatusCode::OK | StatusCode::CREATED) {
        let tag = entity_tag(&content);
        response.insert_header((CACHE_CONTROL, "max-age=0, private, must-revalidate"));
        response.insert_header((ETAG, tag.to_string()));
        if answer.status == StatusCode::OK && is_known(http, &tag) {
            return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
        }
    }
    Ok(response.insert_header((CONTENT_TYPE, content_type)).body(content))
}

fn failed(head: &Head, error: &ApiError) -> HttpResponse {
    let mut response = begin(head, error.failure.appearance().status);
    if let Some(allow) = &error.allow {
        response.insert_header((ALLOW, allow.as_str()));
    }
    if error.failure == Failure::Authentication {
        let realm = format!("Basic realm=\"{}-deltacloud@{}\"", head.driver().id(), head.host);
        response.insert_header((WWW_AUTHENTICATE, realm));
    }
    if error.failure == Failure::Overloaded {
        response.insert_header((RETRY_AFTER, "1"));
    }
    response.insert_header((CONTENT_TYPE, head.format().content_type()));
    let rendered = match head.format() {
        Format::Xml => xml::error(error, head),
        Format::Json => json::error(error),
        Format::Html => html::error(error, head),
    };
    match rendered {
        Ok(content) => response.body(content),
        Err(error) => {
            internal(head, &error);
            response.status(StatusCode::INTERNAL_SERVER_ERROR).finish()
        }
    }
}

/// The headers that all responses have.
fn begin(head: &Head, status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((SERVER, format!("Apache-Deltacloud/{VERSION}")));
    response.insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if head.format() == Format::Html {
        response.insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY));
        response.insert_header((X_FRAME_OPTIONS, "DENY"));
        // Other sites learn nothing. Our own forms say where they come from, which is how they are known for ours.
        response.insert_header((REFERRER_POLICY, "same-origin"));
    }
    response.insert_header((trace::REQUEST_ID, head.id.as_str()));
    response.insert_header(("X-Deltacloud-Driver", head.driver().id()));
    if let Some(provider) = head.provider() {
        response.insert_header(("X-Deltacloud-Provider", provider.as_str()));
    }
    if let Some(time) = head.backend_time.get() {
        response.insert_header(("X-Backend-Runtime", format!("{:.6}", time.as_secs_f64())));
    }
    response
}

fn internal(head: &Head, error: &io::Error) -> ApiError {
    tracing::error!(request_id = head.id, %error, "an answer could not be written");
    Failure::Backend.with("The answer could not be written.")
}

fn entity_tag(content: &[u8]) -> EntityTag {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    EntityTag::new_strong(format!("{:016x}", hasher.finish()))
}

/// Whether the client has what the tag stands for.
fn is_known(http: &HttpRequest, tag: &EntityTag) -> bool {
    if !http.headers().contains_key(IF_NONE_MATCH) {
        return false;
    }
    match IfNoneMatch::parse(http) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}
