//! The headers that are not HTTP's own, and the text of any.

use std::borrow::Cow;

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::header::HeaderName;

/// Which driver answers: as the client asks for it, and as it was.
pub(super) static DRIVER: HeaderName = HeaderName::from_static("x-deltacloud-driver");
/// Which of its providers.
pub(super) static PROVIDER: HeaderName = HeaderName::from_static("x-deltacloud-provider");
/// How long the driver took, in seconds.
pub(super) static BACKEND_RUNTIME: HeaderName = HeaderName::from_static("x-backend-runtime");
/// What goes with temporary credentials, as EC2 itself calls it.
pub(super) static SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// What a POST stands for.
pub(super) static METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// Where a request comes from, as browsers say it.
pub(super) static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What they want the answer for.
pub(super) static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A header's text, joined as HTTP joins a header that is there more than once; none where it is absent or empty.
pub(super) fn text<'a>(http: &'a HttpRequest, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = http.headers().get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut text = values.next()?;
    for value in values {
        text.to_mut().push(',');
        text.to_mut().push_str(&value);
    }
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some(text).filter(|text| !text.is_empty())
}
