//! Answers, as devices write them: indented by two spaces, `status` first, no newline at the end.

use actix_http::body::BoxBody;
use actix_http::{Response, StatusCode};
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::error::ApiError;

/// The type of what is JSON.
const JSON: &str = "application/json";

/// The page for who has not said who it is, which Apache shows.
const UNAUTHORIZED: &str = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>401 Unauthorized</title>\n</head><body>\n\
<h1>Unauthorized</h1>\n<p>This server could not verify that you\nare authorized to access the document\nrequested. Either you supplied the wrong\n\
credentials (e.g., bad password), or your\nbrowser doesn't understand how to supply\nthe credentials required.</p>\n</body></html>\n";

/// Why there is no answer: nothing that is written here can fail to be.
const UNWRITTEN: &[u8] = b"{}";

/// The bytes of what is shown.
pub(super) fn bytes(value: &impl Serialize) -> Bytes {
    serde_json::to_vec_pretty(value).map_or(Bytes::from_static(UNWRITTEN), Bytes::from)
}

/// What answers a request that asked for data, with what is repeated beside it.
pub(super) fn data(value: Value, beside: Map<String, Value>) -> Bytes {
    let mut all = Map::from_iter([("status".to_owned(), json!("success")), ("data".to_owned(), value)]);
    all.extend(beside);
    bytes(&all)
}

/// What answers a request that did something.
pub(super) fn done() -> Bytes {
    bytes(&json!({ "status": "success" }))
}

/// A response of this type.
pub(super) fn response(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<BoxBody> {
    let mut response = Response::with_body(status, BoxBody::new(body));
    response.head_mut().set_camel_case_headers(true);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// One that is JSON.
pub(super) fn json_response(status: StatusCode, body: Bytes) -> Response<BoxBody> {
    response(status, JSON, body)
}

/// What tells a failure. Who is unknown, or may not do it, gets these challenges.
pub(super) fn failure(error: &ApiError, challenges: &[String]) -> Response<BoxBody> {
    let (status, code, message) = error.told();
    let mut failed = match error {
        ApiError::Unauthenticated { .. } => {
            response(status, "text/html; charset=iso-8859-1", Bytes::from_static(UNAUTHORIZED.as_bytes()))
        }
        _ => {
            let body = json!({ "status": "error", "error": { "code": code, "message": message } });
            json_response(status, bytes(&body))
        }
    };
    let headers = failed.headers_mut();
    if let ApiError::Method(allowed) = error {
        headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    for challenge in challenges.iter().filter(|_| status == StatusCode::UNAUTHORIZED) {
        if let Ok(challenge) = HeaderValue::from_str(challenge) {
            headers.append(header::WWW_AUTHENTICATE, challenge);
        }
    }
    failed
}
