//! Whether a web page of somebody else's may have sent a request. Browsers let any page send requests to this machine; where
//! no password is asked for, that alone would be enough to change a firewall.

use std::net::IpAddr;

use actix_web::http::Uri;
use actix_web::http::header::{HeaderMap, ORIGIN};
use actix_web::http::uri::Authority;

/// Whether a request to this host may come from a page that is not ours: the browser says so, or it was led here by a name
/// that is neither this machine's nor in the public URL.
pub(super) fn is_foreign(headers: &HeaderMap, host: &str, public_url: Option<&str>) -> bool {
    let public = public_url.and_then(authority);
    let is_public = public.as_ref().is_some_and(|public| public.host().eq_ignore_ascii_case(name(host)));
    if !is_loopback(name(host)) && !is_public {
        return true;
    }
    let site = headers.get("Sec-Fetch-Site").map(|site| site.as_bytes());
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return true;
    }
    headers.get(ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().ok().and_then(authority);
        origin.is_none_or(|origin| origin.as_str() != host && Some(origin) != public)
    })
}

fn authority(url: &str) -> Option<Authority> {
    url.parse::<Uri>().ok()?.into_parts().authority
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
