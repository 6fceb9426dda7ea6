//! The one table from failures to statuses and bodies.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::message::Refusal;
use crate::policies::account::{ChangeError, Problem};

/// Why a request is not answered as it should be.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The token or key is missing, unknown, or over.
    InvalidToken,
    /// The key or secret that a token was asked for with is wrong.
    InvalidClient,
    /// User, password or code are wrong, or the code was used before, or too many were wrong.
    InvalidLogin,
    /// Tokens are given to clients with credentials of their own alone.
    GrantType,
    /// The key may not do this; in a sentence.
    Forbidden(String),
    /// There is nothing at this path, or nothing that could be done so.
    NoSuchPath,
    /// What was sent cannot be read; in a sentence.
    Malformed(String),
    /// What was asked for is not there, or wrong.
    Change(ChangeError),
    /// The server has something against it.
    Refused(Refusal),
}

/// What clients compare the words of with.
const VALIDATION: &str = "Validation Failed";

impl ApiError {
    /// The HTTP status and the body.
    pub(super) fn told(&self) -> (StatusCode, Value) {
        let oauth = |error: &str, description: &str| json!({ "error": error, "error_description": description });
        match self {
            Self::InvalidToken => {
                let body = oauth("invalid_token", "The access token is missing, unknown or expired: get another one");
                (StatusCode::UNAUTHORIZED, body)
            }
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, oauth("invalid_client", "There is no such key, or its secret is another"))
            }
            Self::InvalidLogin => {
                let body = oauth(
                    "invalid_login",
                    "User, password or code are wrong, or the code was used: wait for the next one",
                );
                (StatusCode::UNAUTHORIZED, body)
            }
            Self::GrantType => {
                let body = oauth("unsupported_grant_type", "The grant_type has to be client_credentials");
                (StatusCode::BAD_REQUEST, body)
            }
            Self::Forbidden(why) => {
                let body = json!({ "error": "insufficient_scope", "error_description": why, "message": why });
                (StatusCode::FORBIDDEN, body)
            }
            Self::NoSuchPath => {
                let message = "There is nothing at this path, or nothing that this method does";
                (StatusCode::NOT_FOUND, json!({ "message": message }))
            }
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, json!({ "message": why })),
            Self::Change(error) => changed(error),
            Self::Refused(refusal) => refused(*refusal),
        }
    }

    /// That an answer could not be written.
    pub(super) fn unwritten(why: &impl ToString) -> Self {
        Self::Change(ChangeError::Backend(why.to_string()))
    }

    /// That one thing is wrong with what was sent.
    pub(super) fn invalid(problem: Problem) -> Self {
        Self::Change(problem.into())
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

fn changed(error: &ChangeError) -> (StatusCode, Value) {
    match error {
        ChangeError::NotFound { kind, id } => {
            (StatusCode::NOT_FOUND, json!({ "resource": kind, "field": "id", "value": id }))
        }
        ChangeError::Invalid(problems) => {
            let errors: Vec<_> = problems.iter().map(problem).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, json!({ "message": VALIDATION, "errors": errors }))
        }
        ChangeError::Stale => {
            let message = "It has changed since what If-Match says; nothing was done";
            (StatusCode::PRECONDITION_FAILED, json!({ "message": message }))
        }
        ChangeError::Backend(_) => {
            let message = "The firewalls or the store could not be asked; nothing was done";
            (StatusCode::INTERNAL_SERVER_ERROR, json!({ "code": 500, "message": message }))
        }
    }
}

fn problem(problem: &Problem) -> Value {
    json!({
        "field": problem.field,
        "value": problem.value,
        "code": problem.code.name(),
        "details": problem.details,
    })
}

fn refused(refusal: Refusal) -> (StatusCode, Value) {
    let status = match refusal {
        Refusal::OtherSite => return ApiError::Forbidden(refusal.to_string()).told(),
        Refusal::Requests | Refusal::Answers | Refusal::BodyRoom => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::BodyBroken => StatusCode::BAD_REQUEST,
        Refusal::BodyTime(_) => StatusCode::REQUEST_TIMEOUT,
        Refusal::BodySize(_) => StatusCode::PAYLOAD_TOO_LARGE,
    };
    (status, json!({ "message": refusal.to_string() }))
}
