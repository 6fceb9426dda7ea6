//! Failures, and the one table that says what becomes of each.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use deltawall_core::ErrorKind;

use super::filled_in::FilledIn;
use crate::gateway::call::NotDone;
use crate::message::Refusal;
use crate::text::cut;

/// How long a message may be, in characters. Some repeat what the client has sent, or what a cloud has said.
const MAX_MESSAGE: usize = 1000;

/// A failure with what the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) failure: Failure,
    pub(super) message: String,
    /// The methods that there are instead, where the failure is about the method.
    pub(super) allow: Option<String>,
    /// The parameter that it is about, by the name that was sent, or should have been.
    pub(super) parameter: Option<String>,
    /// The form that led to it, as it was filled in, for people to mend.
    pub(super) form: Option<Box<FilledIn>>,
}

/// What can go wrong with a request, as Deltacloud's clients tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// A bad or missing parameter, an unknown driver or provider.
    Validation,
    /// A body that is too large.
    TooLarge,
    /// A body that took too long.
    TooSlow,
    /// A body of a type that is not read.
    UnsupportedBody,
    /// No credentials, or wrong ones.
    Authentication,
    /// The account may not.
    Forbidden,
    /// No such firewall, rule, driver or path.
    NotFound,
    /// Not with this method, or not in this state.
    MethodNotAllowed,
    /// No format that the client would accept.
    NotAcceptable,
    /// The name is taken, or it is not as it was seen.
    Conflict,
    /// It is not as the client has seen it.
    Changed,
    /// A trial or a guard stands against it.
    Blocked,
    /// The driver does not have this operation.
    NotSupported,
    /// The cloud refused, or could not be reached.
    Provider,
    /// The cloud did not answer in time.
    ProviderTimeout,
    /// Too many ask at a time. Nothing was done.
    Overloaded,
    /// It cannot be written down first. Nothing was done.
    Unrecorded,
    /// Our own fault.
    Backend,
}

/// What clients see of a failure: the status, the class that JSON names, and the kind that XML names.
pub(super) struct Appearance {
    pub(super) status: StatusCode,
    pub(super) class: &'static str,
    pub(super) kind: &'static str,
    /// What it means, for the reference.
    pub(super) meaning: &'static str,
}

impl Failure {
    pub(super) fn appearance(self) -> Appearance {
        let (status, class, kind, meaning) = match self {
            Self::Validation => (
                StatusCode::BAD_REQUEST,
                "ValidationFailure",
                "validation_failure",
                "bad or missing parameter, unknown driver or provider",
            ),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "ValidationFailure", "validation_failure", "body too large")
            }
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "ValidationFailure",
                "validation_failure",
                "the body did not come in time",
            ),
            Self::UnsupportedBody => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "ValidationFailure",
                "validation_failure",
                "body of another type, or with a Content-Encoding",
            ),
            Self::Authentication => (
                StatusCode::UNAUTHORIZED,
                "AuthenticationFailure",
                "authentication_failure",
                "no credentials, or wrong ones",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "ForbiddenError",
                "forbidden",
                "the account may not; or a page of another site asked",
            ),
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "ObjectNotFound", "not_found", "no such firewall, rule, driver, path")
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "method_not_allowed",
                "method not allowed here, or not in this state",
            ),
            Self::NotAcceptable => {
                (StatusCode::NOT_ACCEPTABLE, "UnknownMediaTypeError", "unknown_media_type", "no acceptable format")
            }
            Self::Conflict => {
                (StatusCode::CONFLICT, "Conflict", "conflict", "the name is taken, or it has changed meanwhile")
            }
            Self::Blocked => {
                (StatusCode::CONFLICT, "Conflict", "conflict", "a trial or a guard stands against it; nothing was done")
            }
            Self::Changed => (
                StatusCode::PRECONDITION_FAILED,
                "PreconditionFailed",
                "precondition_failed",
                "it is not what had the ETag that If-Match says; nothing was done",
            ),
            Self::NotSupported => (
                StatusCode::NOT_IMPLEMENTED,
                "NotSupported",
                "not_supported",
                "the driver does not have this operation",
            ),
            Self::Provider => (
                StatusCode::BAD_GATEWAY,
                "ProviderError",
                "backend_error",
                "the cloud refused, in its own words, or could not be reached",
            ),
            Self::ProviderTimeout => {
                (StatusCode::GATEWAY_TIMEOUT, "ProviderTimeout", "backend_timeout", "the cloud did not answer in time")
            }
            Self::Overloaded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                "service_unavailable",
                "too many requests at a time; nothing was begun, and Retry-After says when to try again",
            ),
            Self::Unrecorded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailable",
                "service_unavailable",
                "changes cannot be written down; nothing was begun",
            ),
            Self::Backend => (StatusCode::INTERNAL_SERVER_ERROR, "BackendError", "server_error", "our own fault"),
        };
        Appearance { status, class, kind, meaning }
    }

    pub(super) fn with(self, message: impl Into<String>) -> ApiError {
        let message = cut(Cow::Owned(message.into()), MAX_MESSAGE).into_owned();
        ApiError { failure: self, message, allow: None, parameter: None, form: None }
    }
}

impl ApiError {
    /// The same failure, naming the methods that there are.
    pub(super) fn allowing(self, methods: String) -> Self {
        Self { allow: Some(methods), ..self }
    }

    /// The same failure, about this parameter.
    pub(super) fn about(self, parameter: &str) -> Self {
        Self { parameter: Some(parameter.to_owned()), ..self }
    }

    /// The same failure, of a form that was filled in so.
    pub(super) fn of(self, form: FilledIn) -> Self {
        Self { form: Some(Box::new(form)), ..self }
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid => Self::Validation,
            ErrorKind::Unauthenticated => Self::Authentication,
            ErrorKind::Forbidden => Self::Forbidden,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::State => Self::MethodNotAllowed,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::Unsupported => Self::NotSupported,
            ErrorKind::Refused | ErrorKind::Unavailable => Self::Provider,
            ErrorKind::Blocked => Self::Blocked,
            ErrorKind::Unrecorded => Self::Unrecorded,
            ErrorKind::Overloaded => Self::Overloaded,
            ErrorKind::Timeout => Self::ProviderTimeout,
            ErrorKind::Internal => Self::Backend,
        }
    }
}

impl From<deltawall_core::Error> for ApiError {
    fn from(error: deltawall_core::Error) -> Self {
        Failure::from(error.kind).with(error.to_string())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let failure = match refusal {
            Refusal::Requests | Refusal::Answers | Refusal::BodyRoom => Failure::Overloaded,
            Refusal::OtherSite => Failure::Forbidden,
            Refusal::BodyBroken => Failure::Validation,
            Refusal::BodyTime(_) => Failure::TooSlow,
            Refusal::BodySize(_) => Failure::TooLarge,
        };
        failure.with(refusal.to_string())
    }
}

impl From<NotDone> for ApiError {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::Busy(message) => Failure::Overloaded.with(message),
            NotDone::Unproven(error) => {
                Failure::Provider.with(format!("The gateway cannot prove itself to the cloud. {error}"))
            }
            NotDone::Failed(error) => error.into(),
        }
    }
}
