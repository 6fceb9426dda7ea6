//! The names by which the gateway is called. A page in a browser may have a name of its own lead to this machine (DNS
//! rebinding), and is then no other site to the browser. Where no password is asked for, the name is what gives it away.

use std::net::IpAddr;

use actix_web::http::uri::{Authority, Uri};

/// What the gateway is known as outside, where it stands behind a proxy.
#[derive(Debug)]
pub(super) struct PublicUrl {
    origin: String,
    path: String,
    uri: Uri,
}

impl PublicUrl {
    /// A URL with a host, and without a slash at its end; none where it is no such.
    pub(super) fn new(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        uri.authority()?;
        let path = uri.path().trim_end_matches('/').to_owned();
        Some(Self { origin: url.strip_suffix(&path)?.to_owned(), path, uri })
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// What comes after them; empty where nothing does.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", Authority::as_str)
    }

    /// Whether it has this host, whatever the port.
    pub(super) fn has_host(&self, host: &str) -> bool {
        self.uri.host().is_some_and(|known| known.eq_ignore_ascii_case(name(host)))
    }
}

/// Whether a URL has this host and port. The default port of its scheme is as good as none.
pub(super) fn has_authority(url: &Uri, authority: &str) -> bool {
    let default_port = match url.scheme_str() {
        Some("http") => ":80",
        Some("https") => ":443",
        _ => "",
    };
    let Some(known) = url.authority() else { return false };
    let [known, other] = [known.as_str(), authority].map(|one| one.strip_suffix(default_port).unwrap_or(one));
    known.eq_ignore_ascii_case(other)
}

/// Whether a host, as it was called, is this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let name = name(host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
