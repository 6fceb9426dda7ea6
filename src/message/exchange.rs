//! What the HTTP server hands to a dialect.

use std::borrow::Cow;
use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpMessage, Request as HttpRequest};
use deltawall_core::{Credentials, Room};

use super::basic;
use super::host::{self, Names, PublicUrl};
use super::page;
use crate::trace;

/// One request, all but its body.
pub struct Exchange<'a> {
    /// Its first line and its headers.
    pub http: &'a HttpRequest,
    /// What it is called in the log.
    pub id: String,
    /// Where it came from.
    pub peer: Option<IpAddr>,
    /// What drivers take their room from, where it has come by a connection.
    pub room: Option<Arc<dyn Room>>,
    /// How long the driver took, once it has been asked.
    pub backend_time: Cell<Option<Duration>>,
    /// The host that the client has called.
    pub host: Cow<'a, str>,
    names: &'a Names,
}

impl<'a> Exchange<'a> {
    /// A request to a gateway that is called by these names.
    pub fn new(http: &'a HttpRequest, names: &'a Names, room: Option<Arc<dyn Room>>) -> Self {
        let own = || names.address.map_or_else(|| "localhost".into(), |address| address.to_string());
        Self {
            http,
            id: trace::request_id(http.headers()),
            peer: http.peer_addr().map(|address| address.ip()),
            room,
            backend_time: Cell::new(None),
            host: host::host(http).map_or_else(|| Cow::Owned(own()), Cow::Borrowed),
            names,
        }
    }

    /// Path and query as they were sent.
    pub fn target(&self) -> &str {
        self.http.uri().path_and_query().map_or("/", |target| target.as_str())
    }

    /// Scheme, host and port of URLs of ours, in parts.
    pub fn origin(&self) -> [&str; 3] {
        match &self.names.public_url {
            Some(url) => [url.origin(), "", ""],
            None => [self.names.scheme, "://", &self.host],
        }
    }

    /// What comes before the path in URLs of ours; empty where nothing does.
    pub fn path_before(&self) -> &str {
        self.names.public_url.as_ref().map_or("", PublicUrl::path)
    }

    /// The port that it came to.
    pub fn port(&self) -> Option<u16> {
        self.names.address.map(|address| address.port())
    }

    /// Whether the client has called this host, on whatever port.
    pub fn is_to(&self, host: &str) -> bool {
        // The colons of an IPv6 address stand in brackets.
        let name = match self.host.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => name,
            _ => &self.host,
        };
        name.eq_ignore_ascii_case(host)
    }

    /// The user and password that came with it.
    pub fn credentials(&self) -> Option<Credentials> {
        basic::credentials(self.http.headers())
    }

    /// Whether it would change something, and a page of another site is behind it.
    pub fn is_of_another_site(&self) -> bool {
        !self.http.method().is_safe() && !page::is_our_own(self.http, self.names)
    }

    /// Whether the gateway was called by a name of its own, and from no page of another site.
    pub fn is_ours(&self) -> bool {
        self.names.are_called_by(self.http) && page::is_our_own(self.http, self.names)
    }

    /// Whether a browser asks for a page to show. Where it comes from a page, that is ours.
    pub fn is_for_a_browser(&self) -> bool {
        page::is_for_a_browser(self.http)
    }
}
