//! Pages of other sites must not be able to act. A browser sends the credentials that it has saved with a form of any
//! page, so what it says of the page is what tells them apart. Other clients say nothing of the kind.

use actix_web::http::header::{ORIGIN, REFERER, UPGRADE_INSECURE_REQUESTS};

use super::error::{ApiError, Failure};
use super::headers;
use super::request::Head;

/// Refuses what a page of another site asks a browser to do.
///
/// `Sec-Fetch-Site` decides where there is one (W3C, Fetch Metadata), else `Origin`, else `Referer`. Another port or
/// subdomain is another site here: the gateway expects nothing from it.
pub(super) fn refuse(head: &Head<'_>) -> Result<(), ApiError> {
    if head.http.method().is_safe() || is_our_own(head) {
        return Ok(());
    }
    Err(Failure::Forbidden.with("A page of another site may not do this. Nothing was done."))
}

fn is_our_own(head: &Head<'_>) -> bool {
    let http = head.http;
    match headers::text(http, &headers::FETCH_SITE) {
        // Nothing but the person at the browser is behind a request that says none.
        Some(site) => matches!(&*site, "same-origin" | "none"),
        None => match headers::text(http, &ORIGIN).or_else(|| headers::text(http, &REFERER)) {
            // An origin that a browser keeps to itself is `null`, which has no host.
            Some(url) => url.parse().is_ok_and(|url| head.is_called(&url)),
            None => true,
        },
    }
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
