//! The one table from failures to statuses and codes.

use actix_web::http::StatusCode;

use super::schema::Mismatch;
use crate::message::Refusal;
use crate::policies::Failure;
use crate::policies::devices::rule::Wrong;

/// Why a request is not answered as it should be.
#[derive(Debug)]
pub(super) enum ApiError {
    /// Nobody has said who it is, or what was said is wrong. Whether only the nonce was too old.
    Unauthenticated { is_stale: bool },
    /// Whoever it is may not do this.
    Forbidden,
    /// There is nothing at this path.
    NotFound(String),
    /// What is at this path has no such method, but these.
    Method(&'static str),
    /// The body is not JSON, as its type says.
    ContentType(String),
    /// Something is not of its type.
    Type { of: &'static str, mismatch: Mismatch },
    /// Something else is not as it should be, in a sentence.
    Validation(String),
    /// A rule is not as it should be.
    Rule(Wrong),
    /// The rules or the state stand against it.
    Invalid,
    /// The URI is too long.
    UriTooLong,
    /// The server has something against it.
    Refused(Refusal),
    /// The back end has failed.
    Internal,
}

/// What all addresses are told that are none.
const ADDRESS: &str = "Invalid IP address";

impl ApiError {
    /// The HTTP status, the code and what people are told.
    pub(super) fn told(&self) -> (StatusCode, i32, String) {
        let validation = |why: &str| format!("Validation error: {why}");
        match self {
            Self::Unauthenticated { .. } | Self::Forbidden => (StatusCode::UNAUTHORIZED, 3, "Unauthorized".to_owned()),
            Self::NotFound(path) => (StatusCode::NOT_FOUND, 1, format!("Resource not found: {path}")),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, 1, "Resource not found: ".to_owned()),
            Self::ContentType(sent) => (StatusCode::BAD_REQUEST, 11, format!("Bad content type: {sent}")),
            Self::Type { of, mismatch: Mismatch { why, path } } => {
                let why = format!("Trying to set '{of}' with invalid data: {why} (path: {path})");
                (StatusCode::BAD_REQUEST, 5, validation(&why))
            }
            Self::Validation(why) => (StatusCode::BAD_REQUEST, 5, validation(why)),
            Self::Rule(wrong) => {
                let (code, message) = match wrong {
                    Wrong::Address => (100, ADDRESS),
                    Wrong::AddressRange => (101, "Invalid IP address range."),
                    Wrong::Shape => (103, "Invalid request."),
                    Wrong::PortRange => (104, "Invalid port range."),
                };
                (StatusCode::BAD_REQUEST, code, message.to_owned())
            }
            Self::Invalid => (StatusCode::BAD_REQUEST, 103, "Invalid request.".to_owned()),
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, 5, validation("the URI is too long")),
            Self::Refused(refusal) => refused(*refusal),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, 0, "Internal error".to_owned()),
        }
    }
}

fn refused(refusal: Refusal) -> (StatusCode, i32, String) {
    let status = match refusal {
        // There is no 403 here.
        Refusal::OtherSite => return ApiError::Forbidden.told(),
        Refusal::Requests | Refusal::Answers | Refusal::BodyRoom => {
            return (StatusCode::SERVICE_UNAVAILABLE, 0, "Internal error".to_owned());
        }
        Refusal::BodyBroken => StatusCode::BAD_REQUEST,
        Refusal::BodyTime(_) => StatusCode::REQUEST_TIMEOUT,
        Refusal::BodySize(_) => StatusCode::PAYLOAD_TOO_LARGE,
    };
    (status, 5, format!("Validation error: {refusal}"))
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(_) => Self::Invalid,
            Failure::NotFound(_) | Failure::Refused(_) | Failure::Backend(_) => Self::Internal,
        }
    }
}
