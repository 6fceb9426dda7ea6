//! Whose page is behind a request. Pages of other sites must not be able to act: a browser sends the credentials that it has
//! saved with a form of any page, so what it says of the page is what tells them apart. Other clients say nothing of the kind.

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::Uri;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, ORIGIN, REFERER, REFERRER_POLICY, UPGRADE_INSECURE_REQUESTS,
    X_FRAME_OPTIONS,
};

use super::headers;
use super::host::{Names, Site};

/// Where a request comes from, as browsers say it.
static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What they want the answer for.
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The headers that keep a page in its place: it loads what this server has, sends forms to it, and stands in no other page. Other sites
/// learn nothing of it, while our own forms say where they come from, which is how they are known for ours.
pub static IN_ITS_PLACE: [(HeaderName, HeaderValue); 3] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
];

/// Whether no page of another site is behind a request, as far as a browser says.
///
/// `Sec-Fetch-Site` decides where there is one (W3C, Fetch Metadata), else `Origin`, else `Referer`. Another port or
/// subdomain is another site here: the gateway expects nothing from it.
pub fn is_our_own(http: &HttpRequest, names: &Names) -> bool {
    if let Some(site) = said(http, &FETCH_SITE) {
        // Nothing but the person at the browser is behind a request that says none.
        return matches!(site, "same-origin" | "none");
    }
    // An origin that a browser keeps to itself is `null`, which is no URL.
    said(http, &ORIGIN).or_else(|| said(http, &REFERER)).is_none_or(|url| {
        url.parse::<Uri>().is_ok_and(|url| Site::of(&url).is_some_and(|site| names.has_site(site, http)))
    })
}

/// What a header says; nothing that means anything, where it is there more than once or is no text.
fn said<'a>(http: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    let mut values = http.headers().get_all(name);
    let value = values.next()?;
    let is_only = values.next().is_none();
    Some(value.to_str().ok().filter(|_| is_only).unwrap_or_default())
}

/// Whether a browser asks for a page to show.
///
/// `Sec-Fetch-Mode` decides where there is one. Browsers send none to hosts that they do not trust, and those of old never do.
pub fn is_for_a_browser(http: &HttpRequest) -> bool {
    match headers::text(http, &FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => [ORIGIN, REFERER, UPGRADE_INSECURE_REQUESTS].iter().any(|name| headers::text(http, name).is_some()),
    }
}
