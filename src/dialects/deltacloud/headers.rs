//! The headers that are this dialect's own.

use actix_web::http::header::HeaderName;

/// Which driver answers: as the client asks for it, and as it was.
pub(super) static DRIVER: HeaderName = HeaderName::from_static("x-deltacloud-driver");
/// Which of its providers.
pub(super) static PROVIDER: HeaderName = HeaderName::from_static("x-deltacloud-provider");
/// How long the driver took, in seconds.
pub(super) static BACKEND_RUNTIME: HeaderName = HeaderName::from_static("x-backend-runtime");
/// Where a change is that was made.
pub(super) static CHANGE: HeaderName = HeaderName::from_static("x-deltawall-change");
/// Until when it has to be confirmed, where it is tried.
pub(super) static CONFIRM_BY: HeaderName = HeaderName::from_static("x-deltawall-confirm-by");
/// What goes with temporary credentials, as EC2 itself calls it.
pub(super) static SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// What a POST stands for.
pub(super) static METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
