//! What a request's first line and headers say.

use std::borrow::Cow;
use std::sync::Arc;

use actix_http::Request as HttpRequest;
use actix_web::http::header::ACCEPT;
use deltawall_core::{Credentials, Driver, FirewallId, ProviderName};

use super::body;
use super::error::ApiError;
use super::format::Format;
use super::headers::SESSION_TOKEN;
use super::pairs::{self, Pairs};
use super::path::{Path, Resource};
use super::selection::Selection;
use super::urls::Urls;
use crate::changes::Changes;
use crate::config::Limits;
use crate::gateway::audit::Asker;
use crate::gateway::{Desk, Gateway};
use crate::message::{Exchange, headers};

/// What a request's first line and headers say of how it is to be answered. There is always one, so that any failure
/// can be told in the client's own format.
pub(super) struct Head<'a> {
    pub(super) exchange: &'a Exchange<'a>,
    pub(super) desk: &'a Desk,
    pub(super) changes: &'a Changes,
    pub(super) urls: Urls,
    pub(super) path: Path,
    pub(super) query: Result<Pairs, ApiError>,
    /// The format of the answer; none where there is none that the client accepts.
    pub(super) wanted: Option<Format>,
    pub(super) selection: Selection<'a>,
}

impl<'a> Head<'a> {
    pub(super) fn read(exchange: &'a Exchange<'a>, desk: &'a Desk, changes: &'a Changes) -> Self {
        let (http, gateway) = (exchange.http, &*desk.gateway);
        let mut path = Path::parse(http.uri().path());
        let selection = Selection::read(http, &mut path, gateway);
        let query =
            http.uri().query().map_or(Ok(Pairs::new()), |query| body::parse_form(query.as_bytes(), &gateway.limits));
        let wanted = match path.resource {
            // It has one form, whatever the client would like best.
            Some(Resource::OpenApi) => Some(Format::Json),
            _ => format(http, &query, &gateway.limits),
        };
        let urls = urls(exchange, &path, wanted);
        Self { exchange, desk, changes, urls, path, query, wanted, selection }
    }

    /// The head of the same request, were it one that asks for this format and nothing else.
    pub(super) fn asking_for(&self, format: Format) -> Self {
        let Self { exchange, desk, changes, .. } = *self;
        let (path, selection, wanted) = (self.path.clone(), self.selection.clone(), Some(format));
        Self {
            exchange,
            desk,
            changes,
            urls: urls(exchange, &path, wanted),
            path,
            query: Ok(Pairs::new()),
            wanted,
            selection,
        }
    }

    pub(super) fn gateway(&self) -> &'a Gateway {
        &self.desk.gateway
    }

    /// The request, as the audit tells it from others.
    pub(super) fn asker(&self) -> Asker<'_> {
        let Exchange { id, peer, .. } = self.exchange;
        Asker { id, peer: *peer, driver: self.driver().id(), provider: self.provider_name() }
    }

    /// The credentials that came with the request.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        let credentials = self.exchange.credentials()?;
        Some(match headers::text(self.exchange.http, &SESSION_TOKEN) {
            Some(token) => credentials.with_session_token(token),
            None => credentials,
        })
    }

    /// The driver that the request is for; the default one where it named none that there is.
    pub(super) fn driver(&self) -> &dyn Driver {
        &**self.selection.driver
    }

    /// The same, to keep.
    pub(super) fn driver_handle(&self) -> &Arc<dyn Driver> {
        self.selection.driver
    }

    /// The provider, where one was chosen.
    pub(super) fn provider(&self) -> Option<&ProviderName> {
        self.selection.provider.as_ref()
    }

    /// The provider as answers that always name one say it.
    pub(super) fn provider_name(&self) -> &str {
        self.provider().map_or("default", ProviderName::as_str)
    }

    /// The firewall that the path is about, where it is about one.
    pub(super) fn firewall(&self) -> Option<FirewallId> {
        match self.path.resource.as_ref()? {
            Resource::Firewall(id)
            | Resource::Rules(id)
            | Resource::NewRule(id)
            | Resource::Rule(id, _)
            | Resource::EditedRule(id, _)
            | Resource::MovedRule(id, _)
            | Resource::Drift(id) => id.firewall_id().ok(),
            _ => None,
        }
    }

    /// The value of a parameter of the query; the last, if there are several.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        pairs::last(self.query.as_ref().ok()?, name)
    }

    /// The path with names in the place of ids.
    pub(super) fn route(&self) -> &'static str {
        self.path.template.unwrap_or("none")
    }

    /// The format of the answer; of the failure, where there is none that the client accepts.
    pub(super) fn format(&self) -> Format {
        self.wanted.unwrap_or(Format::Xml)
    }
}

/// Where links of an answer of this format lead.
fn urls(exchange: &Exchange<'_>, path: &Path, format: Option<Format>) -> Urls {
    // Links on pages work by whatever name and scheme a browser has come.
    let [scheme, colon, authority] = if format == Some(Format::Html) { [""; 3] } else { exchange.origin() };
    Urls::new(&[scheme, colon, authority, exchange.path_before()], path)
}

/// The format that the client asks for; none where there is none that it would accept.
fn format(http: &HttpRequest, query: &Result<Pairs, ApiError>, limits: &Limits) -> Option<Format> {
    let named = match query {
        Ok(query) => pairs::last(query, "format").map(Cow::Borrowed),
        // A query that cannot be read whole is refused in the format that it asks for.
        Err(_) => http.uri().query().and_then(|query| body::last_value(query, "format", limits)).map(Cow::Owned),
    };
    match named.filter(|name| !name.is_empty()) {
        Some(name) => Format::named(&name),
        None => Format::accepted(&headers::text(http, &ACCEPT).unwrap_or_default()),
    }
}
