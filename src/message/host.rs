//! The names by which the gateway is called. A page in a browser may have a name of its own lead to this machine (DNS
//! rebinding), and is then no other site to the browser. Where no password is asked for, the name is what gives it away.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::Uri;
use actix_web::http::header::HOST;
use actix_web::http::uri::Authority;

/// How long a host with its port may be: a name of the DNS has no more than 253 characters.
const MAX_HOST: usize = 253 + ":65535".len();

/// What the gateway is called by.
#[derive(Debug, Clone)]
pub struct Names {
    /// `https` where it speaks TLS itself.
    pub scheme: &'static str,
    /// Where it listens: what links say to a client that does not say what it has called.
    pub address: Option<SocketAddr>,
    /// What it is known as outside, where links are to say that.
    pub public_url: Option<PublicUrl>,
}

impl Names {
    /// Scheme, host and port of what it is known as outside.
    fn public_site(&self) -> Option<Site<'_>> {
        self.public_url.as_ref().and_then(PublicUrl::site)
    }

    /// Whether a site is ours, as the client of this request has called us or as we are known outside.
    pub fn has_site(&self, site: Site<'_>, http: &HttpRequest) -> bool {
        self.site(http) == Some(site) || self.public_site() == Some(site)
    }

    /// Whether the client of this request has called this machine by a name of its own, or us as we are known outside.
    pub fn are_called_by(&self, http: &HttpRequest) -> bool {
        self.site(http).is_some_and(|site| site.is_this_machine() || self.public_site() == Some(site))
    }

    /// What the client has called, by our scheme or the one that the proxy before us speaks; none where it has said none,
    /// or several, or what cannot be read for sure.
    fn site<'a>(&'a self, http: &'a HttpRequest) -> Option<Site<'a>> {
        let public = self.public_site();
        let site = |host| public.filter(|public| public.is_called(host)).or_else(|| Site::called(self.scheme, host));
        let in_headers = http.headers().get_all(HOST).map(|host| host.to_str().ok());
        // HTTP/2 has it in the URI.
        let in_uri = http.uri().authority().map(|authority| Some(authority.as_str()));
        let mut sites = in_headers.chain(in_uri).map(|host| host.and_then(site));
        let first = sites.next()??;
        sites.all(|other| other == Some(first)).then_some(first)
    }
}

/// What the gateway is known as outside, where it stands behind a proxy.
#[derive(Debug, Clone)]
pub struct PublicUrl {
    origin: String,
    path: String,
    uri: Uri,
}

impl PublicUrl {
    /// A URL of a site, and without a slash at its end; none where it is no such.
    pub fn new(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        Site::of(&uri)?;
        let path = uri.path().trim_end_matches('/').to_owned();
        Some(Self { origin: url.strip_suffix(&path)?.to_owned(), path, uri })
    }

    /// Scheme, host and port, as they were written.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What comes after them; empty where nothing does.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Scheme, host and port.
    pub fn site(&self) -> Option<Site<'_>> {
        Site::of(&self.uri)
    }
}

/// Scheme, host and port. The default port of a scheme is as good as none.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    scheme: &'a str,
    host: &'a str,
    port: u16,
}

impl<'a> Site<'a> {
    /// That of a URL; none where it is not of HTTP, or could be read in more than one way.
    pub fn of(url: &'a Uri) -> Option<Self> {
        Self::called(url.scheme_str()?, url.authority()?.as_str())
    }

    /// That which is called by this scheme, and by a host with or without a port. None where it is anything else, such as a
    /// host with a user.
    pub fn called(scheme: &'a str, authority: &'a str) -> Option<Self> {
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        // The colons of an IPv6 address stand in brackets.
        let end = authority.find(']').map_or(0, |bracket| bracket + 1);
        let (before, rest) = authority.split_at_checked(end)?;
        let (name, port) = rest.split_once(':').map_or((rest, None), |(name, port)| (name, Some(port)));
        let host = authority.get(..before.len() + name.len())?;
        let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
        };
        let port = match port {
            Some(port) if port.bytes().all(|digit| digit.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
            None => default_port,
        };
        is_host.then_some(Self { scheme, host, port })
    }

    /// Whether somebody has called it who has named this host.
    fn is_called(&self, authority: &str) -> bool {
        Site::called(self.scheme, authority) == Some(*self)
    }

    /// Whether it is this machine, on whatever port.
    pub fn is_this_machine(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = address.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        is_loopback || self.host.eq_ignore_ascii_case("localhost")
    }
}

impl PartialEq for Site<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host.eq_ignore_ascii_case(other.host) && self.port == other.port
    }
}

/// The host that the client has called, unless it is of a form that could do harm in a link.
pub fn host(http: &HttpRequest) -> Option<&str> {
    // HTTP/2 has it in the URI.
    let sent = match http.headers().get(HOST) {
        Some(host) => host.to_str().ok()?,
        None => http.uri().authority()?.as_str(),
    };
    // Every link repeats it.
    let is_short = sent.len() <= MAX_HOST;
    let is_plain = sent.parse::<Authority>().is_ok_and(|authority| !authority.as_str().contains('@'));
    (is_short && is_plain).then_some(sent)
}
