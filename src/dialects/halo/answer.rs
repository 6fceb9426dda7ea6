//! Answers: JSON, and headers as old clients look for them.

use actix_http::body::BoxBody;
use actix_http::{Response, StatusCode};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use serde_json::Value;

use super::error::ApiError;

/// The type of all that is answered: clients split it at `charset=`.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An answer with a body.
pub(super) fn json(status: StatusCode, body: &Value) -> Response<BoxBody> {
    let bytes = serde_json::to_vec(body).unwrap_or_else(|_| b"{}".to_vec());
    let mut response = response(status, BoxBody::new(Bytes::from(bytes)));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// An answer without one, to what was done.
pub(super) fn done() -> Response<BoxBody> {
    response(StatusCode::NO_CONTENT, BoxBody::new(()))
}

/// The same answer with this header, where that can be its value.
pub(super) fn with(mut response: Response<BoxBody>, name: HeaderName, value: &str) -> Response<BoxBody> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// What tells a failure.
pub(super) fn failure(error: &ApiError) -> Response<BoxBody> {
    let (status, body) = error.told();
    signed(json(status, &body))
}

/// An answer with the header that its status asks for.
pub(super) fn signed(response: Response<BoxBody>) -> Response<BoxBody> {
    match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => with(response, header::RETRY_AFTER, "1"),
        StatusCode::UNAUTHORIZED => with(response, header::WWW_AUTHENTICATE, "Bearer"),
        _ => response,
    }
}

/// An answer with the headers that all have.
pub(super) fn response(status: StatusCode, body: BoxBody) -> Response<BoxBody> {
    let mut response = Response::with_body(status, body);
    response.head_mut().set_camel_case_headers(true);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
