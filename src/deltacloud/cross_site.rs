//! Pages of other sites must not be able to act. A browser sends the credentials that it has saved with a form of any
//! page, so what it says of the page is what tells them apart. Other clients say nothing of the kind.

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::Uri;
use actix_web::http::header::{HeaderName, ORIGIN, REFERER, UPGRADE_INSECURE_REQUESTS};

use super::error::{ApiError, Failure};
use super::headers;
use super::host::Site;
use super::request::Head;

/// Refuses what a page of another site asks a browser to do.
pub(super) fn refuse(head: &Head<'_>) -> Result<(), ApiError> {
    if head.http.method().is_safe() || is_our_own(head) {
        return Ok(());
    }
    Err(Failure::Forbidden.with("A page of another site may not do this. Nothing was done."))
}

/// Whether no page of another site is behind a request, as far as a browser says.
///
/// `Sec-Fetch-Site` decides where there is one (W3C, Fetch Metadata), else `Origin`, else `Referer`. Another port or
/// subdomain is another site here: the gateway expects nothing from it.
pub(super) fn is_our_own(head: &Head<'_>) -> bool {
    if let Some(site) = said(head.http, &headers::FETCH_SITE) {
        // Nothing but the person at the browser is behind a request that says none.
        return matches!(site, "same-origin" | "none");
    }
    // An origin that a browser keeps to itself is `null`, which is no URL.
    said(head.http, &ORIGIN)
        .or_else(|| said(head.http, &REFERER))
        .is_none_or(|url| url.parse::<Uri>().is_ok_and(|url| Site::of(&url).is_some_and(|site| head.is_ours(site))))
}

/// What a header says; nothing that means anything, where it is there more than once or is no text.
fn said<'a>(http: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    let mut values = http.headers().get_all(name);
    let value = values.next()?;
    let is_only = values.next().is_none();
    Some(value.to_str().ok().filter(|_| is_only).unwrap_or_default())
}

/// Whether a browser asks for a page to show. Where it comes from a page, [`refuse`] has seen that the page is ours.
///
/// `Sec-Fetch-Mode` decides where there is one. Browsers send none to hosts that they do not trust, and those of old never do.
pub(super) fn is_browser(head: &Head<'_>) -> bool {
    match headers::text(head.http, &headers::FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => {
            [ORIGIN, REFERER, UPGRADE_INSECURE_REQUESTS].iter().any(|name| headers::text(head.http, name).is_some())
        }
    }
}
