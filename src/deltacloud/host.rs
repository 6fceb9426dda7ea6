//! The names by which the gateway is called. A page in a browser may have a name of its own lead to this machine (DNS
//! rebinding), and is then no other site to the browser. Where no password is asked for, the name is what gives it away.

use std::net::IpAddr;

use actix_web::http::Uri;

/// Whether a host, as it was called, is this machine or the one in the public URL.
pub(super) fn is_ours(host: &str, public_url: Option<&str>) -> bool {
    let name = name(host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_loopback =
        name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    let public = public_url.and_then(|url| url.parse::<Uri>().ok());
    is_loopback || public.as_ref().and_then(Uri::host).is_some_and(|public| public.eq_ignore_ascii_case(name))
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
