//! EC2's errors, which the SDK leaves untyped: the code decides what becomes of each.
//!
//! The codes are those of "Error codes for the Amazon EC2 API" in the EC2 API reference.

use std::error::Error as StdError;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::result::DispatchFailure;
use deltawall_core::{Error, ErrorKind};

use crate::capabilities::ID;
use crate::causes::{TooLarge, causes};
use crate::keys::Unusable;

/// The codes that say: not now, ask again. EC2 has not acted on such a request. Those besides EC2's own are what the SDK
/// takes for the same (`THROTTLING_ERRORS` of aws-runtime), which other clouds that speak EC2's API may send.
const THROTTLED: [&str; 10] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// The codes that say: in use.
const IN_USE: [&str; 2] = ["DependencyViolation", "InvalidGroup.InUse"];

/// What is said of a change that may have been made.
const UNKNOWN: &str = "Whether it has done what it was asked is unknown.";

/// Turns what the SDK says of a failed call into the error of all drivers. What a failed connection came from goes into the
/// log: the SDK's chain of causes names hosts then, and no credentials or signatures. Of a refusal it would repeat EC2's words.
pub(crate) fn from_sdk<E>(error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let own = |kind, message| Error::new(kind, ID, message);
    let base = match &error {
        SdkError::ServiceError(service) => {
            let answer = service.raw();
            let Some(code) = error.code() else {
                return own(ErrorKind::Unavailable, format!("EC2 answered with HTTP status {}.", answer.status()));
            };
            // A server that failed may have done what it was asked; one that was asked too often has not.
            let is_unknown = answer.status().is_server_error() && !THROTTLED.contains(&code);
            let kind = if is_unknown { ErrorKind::Unavailable } else { kind(code) };
            let mut message = error.message().unwrap_or("EC2 refused.").trim_end();
            if kind == ErrorKind::Unauthenticated {
                // What follows is the request as it should have been signed, with the session token in it.
                message = message.lines().next().unwrap_or_default();
            }
            let request = error.request_id().or_else(|| request_id(answer.body().bytes()?));
            let request = request.map(|id| format!("\n  REQUEST ID={id}")).unwrap_or_default();
            return own(kind, format!("{message}{request}")).with_code(code);
        }
        SdkError::TimeoutError(_) => own(ErrorKind::Timeout, "EC2 did not answer in time.".into()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            own(ErrorKind::Timeout, "EC2 did not take the connection in time.".into())
        }
        SdkError::DispatchFailure(failure) if causes_of(failure).any(|cause| cause.is::<Unusable>()) => {
            let message =
                "EC2 cannot be asked with the keys that the SDK has found: there are control characters in them.";
            own(ErrorKind::Unauthenticated, message.into())
        }
        SdkError::DispatchFailure(failure) if lacks_credentials(failure) => {
            own(ErrorKind::Unauthenticated, "There are no credentials for EC2 where the SDK looks for them.".into())
        }
        SdkError::DispatchFailure(_) => own(ErrorKind::Unavailable, "EC2 could not be reached.".into()),
        SdkError::ResponseError(_) => {
            let too_large = TooLarge::within(&error);
            let kind = if matches!(too_large, Some(TooLarge::NoRoom)) {
                ErrorKind::Overloaded
            } else {
                ErrorKind::Unavailable
            };
            own(kind, too_large.map_or("EC2's answer was cut short or is none.".into(), ToString::to_string))
        }
        _ => own(ErrorKind::Internal, "The request to EC2 could not be made.".into()),
    };
    base.with_source(error)
}

/// The id of a request as the body of an error has it. EC2 sends it in a header as well, other clouds that speak its API need not.
fn request_id(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<RequestID>")?;
    rest.split_once('<').map(|(id, _)| id.trim())
}

/// What took longer than there was time.
pub(crate) fn too_late() -> Error {
    Error::new(ErrorKind::Timeout, ID, format!("EC2 did not answer in time. {UNKNOWN}"))
}

/// A change that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// Whether it may have been made all the same. The error says so, too.
    pub(crate) is_unknown: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// What the SDK says of a failed call that was to change something.
pub(crate) fn of_change<E>(error: SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let was_sent = !matches!(&error, SdkError::DispatchFailure(failure) if is_unconnected(failure));
    let mut error = from_sdk(error);
    let is_unknown = was_sent && matches!(error.kind, ErrorKind::Timeout | ErrorKind::Unavailable);
    if is_unknown {
        error.message = format!("{} {UNKNOWN}", error.message);
    }
    Failure { error, is_unknown }
}

/// Whether there was no connection that could have carried the call.
fn is_unconnected(failure: &DispatchFailure) -> bool {
    let is_refused = |cause: &(dyn StdError + 'static)| {
        cause.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    failure.is_timeout() || causes_of(failure).any(is_refused)
}

/// What a failure came from, what that came from, and so on.
fn causes_of(failure: &DispatchFailure) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    causes(failure.as_connector_error().and_then(StdError::source))
}

/// Whether a call failed before it was made, for want of credentials.
fn lacks_credentials(failure: &DispatchFailure) -> bool {
    causes_of(failure).any(|cause| cause.is::<CredentialsError>())
}

fn kind(code: &str) -> ErrorKind {
    match code {
        "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "InvalidSecurityToken"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "TokenRefreshRequired"
        | "UnrecognizedClientException" => ErrorKind::Unauthenticated,
        "AccessDenied"
        | "AccessDeniedException"
        | "Blocked"
        | "OptInRequired"
        | "PendingVerification"
        | "UnauthorizedOperation" => ErrorKind::Forbidden,
        "InvalidGroupId.Malformed" | "InvalidSecurityGroupId.Malformed" => ErrorKind::NotFound,
        code if code.ends_with(".NotFound") => ErrorKind::NotFound,
        _ => ErrorKind::Refused,
    }
}

/// Whether EC2 has turned a request away without looking at it.
pub(crate) fn is_throttled<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code().is_some_and(|code| THROTTLED.contains(&code))
}

/// Whether a group could not be deleted because something uses it.
pub(crate) fn is_in_use(error: &Error) -> bool {
    error.code.as_deref().is_some_and(|code| IN_USE.contains(&code))
}

/// Whether a group has no room for more rules.
pub(crate) fn is_full(error: &Error) -> bool {
    error.code.as_deref() == Some("RulesPerSecurityGroupLimitExceeded")
}

/// Whether something could not be added since it is there.
pub(crate) fn is_there_already(error: &Error) -> bool {
    error.code.as_deref() == Some("InvalidPermission.Duplicate")
}

/// Whether something could not be taken away or described since it is not there.
pub(crate) fn is_gone_already(error: &Error) -> bool {
    error.code.as_deref() == Some("InvalidPermission.NotFound")
}

/// Whether a name was looked for in a default VPC, of which the account has none.
pub(crate) fn has_no_default_vpc<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("VPCIdNotSpecified")
}

/// What EC2 says of keys that are nobody's, where it was not asked.
pub(crate) fn nobody() -> Error {
    Error::new(ErrorKind::Unauthenticated, ID, "AWS was not able to validate the provided access credentials")
        .with_code("AuthFailure")
}

/// What EC2 says of a group that is not there, where it has only sent an empty list.
pub(crate) fn no_group(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, ID, format!("The security group '{name}' does not exist"))
        .with_code("InvalidGroup.NotFound")
}

/// What EC2 says of a rule that is not there.
pub(crate) fn no_rule() -> Error {
    Error::new(ErrorKind::NotFound, ID, "The specified rule does not exist in this security group")
        .with_code("InvalidPermission.NotFound")
}

/// An answer of EC2's that makes no sense.
pub(crate) fn nonsense(what: &str) -> Error {
    Error::new(ErrorKind::Unavailable, ID, format!("EC2's answer makes no sense: {what}."))
}
