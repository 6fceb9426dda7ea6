//! From what came over the wire to a typed request.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, Accept, HOST, Header};
use actix_web::http::uri::Authority;
use actix_web::web::Bytes;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use deltawall_core::{Capabilities, Context, Credentials, Driver, Error, ErrorKind, ProviderName};
use uuid::Uuid;

use super::Gateway;
use super::body::{self, BodyType, Pairs};
use super::error::{ApiError, Failure};
use super::format::Format;
use super::parameters::{Parameters, shown};
use super::path::{Method, Path, Resource};
use super::urls::Urls;

const DRIVER_HEADER: &str = "X-Deltacloud-Driver";
const PROVIDER_HEADER: &str = "X-Deltacloud-Provider";
const METHOD_HEADER: &str = "X-HTTP-Method-Override";

/// What a request's first line and headers say of how it is to be answered. There is always one, so that any failure
/// can be told in the client's own format.
pub(super) struct Head {
    /// What the request is called in the log.
    pub(super) id: String,
    /// Path and query as they were sent.
    pub(super) target: String,
    /// The host that the client has called.
    pub(super) host: String,
    pub(super) urls: Urls,
    pub(super) gateway: Arc<Gateway>,
    /// How long the driver took, once it has been asked.
    pub(super) backend_time: Cell<Option<Duration>>,
    path: Path,
    query: Result<Pairs, ApiError>,
    format: Option<Format>,
    selection: Result<Selection, ApiError>,
}

/// The driver that a request is for, and which of its providers.
struct Selection {
    driver: Arc<dyn Driver>,
    provider: Option<ProviderName>,
}

/// A request that can be answered: the resource is there, has the method, and the client accepts a format that we have.
pub(super) struct Request<'a> {
    pub(super) head: &'a Head,
    pub(super) method: Method,
    pub(super) resource: &'a Resource,
    parameters: Result<Parameters, ApiError>,
    credentials: Option<Credentials>,
}

/// A request with credentials.
pub(super) struct Client<'a> {
    request: &'a Request<'a>,
    context: Context,
}

impl Head {
    pub(super) fn read(http: &HttpRequest, gateway: Arc<Gateway>) -> Self {
        let path = Path::parse(http.uri().path());
        let query = body::parse_form(http.uri().query().unwrap_or_default().as_bytes());
        let host = host(http).or_else(|| gateway.address.map(|address| address.to_string()));
        let host = host.unwrap_or_else(|| "localhost".into());
        let base = gateway.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
        Self {
            id: Uuid::new_v4().to_string(),
            target: http.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            urls: Urls::new(&base, &path),
            host,
            format: format(http, &query),
            selection: Selection::read(http, &path, &gateway),
            backend_time: Cell::new(None),
            gateway,
            path,
            query,
        }
    }

    /// The driver that the request is for; the default one where it named none that there is.
    pub(super) fn driver(&self) -> &Arc<dyn Driver> {
        self.selection.as_ref().map_or(&self.gateway.default_driver, |selection| &selection.driver)
    }

    /// The provider, where one was chosen.
    pub(super) fn provider(&self) -> Option<&ProviderName> {
        self.selection.as_ref().ok()?.provider.as_ref()
    }

    /// The provider as answers that always name one say it.
    pub(super) fn provider_name(&self) -> &str {
        self.provider().map_or("default", ProviderName::as_str)
    }

    /// The format of the answer; of the failure, where there is none that the client accepts.
    pub(super) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Xml)
    }
}

impl Selection {
    /// Matrix parameters choose before headers, and these before the server's defaults.
    fn read(http: &HttpRequest, path: &Path, gateway: &Gateway) -> Result<Self, ApiError> {
        let chosen = |matrix: &Option<String>, header| matrix.clone().or_else(|| header_text(http, header));
        let driver = match chosen(&path.driver, DRIVER_HEADER) {
            Some(name) => gateway.registry.get(&name).cloned().ok_or_else(|| {
                let names = gateway.registry.names();
                Failure::Validation.with(format!("Unknown driver '{}'. The drivers are {names}.", shown(&name)))
            })?,
            None => Arc::clone(&gateway.default_driver),
        };
        let provider = match chosen(&path.provider, PROVIDER_HEADER) {
            Some(name) => Some(driver.provider(&name)?),
            // The default provider is one of the default driver's.
            None if driver.id() == gateway.default_driver.id() => gateway.default_provider.clone(),
            None => None,
        };
        Ok(Self { driver, provider })
    }
}

impl<'a> Request<'a> {
    /// Puts together what the head and the body say.
    pub(super) async fn read(
        head: &'a Head,
        http: &HttpRequest,
        body: Result<Bytes, ApiError>,
    ) -> Result<Request<'a>, ApiError> {
        let Some(resource) = &head.path.resource else {
            return Err(Failure::NotFound.with("There is nothing at this path."));
        };
        let not_allowed = || {
            Failure::MethodNotAllowed.with("This resource does not have this method.").allowing(resource.allow(None))
        };
        let sent = Method::named(http.method().as_str()).ok_or_else(not_allowed)?;
        let body = match sent {
            Method::Post => read_body(http, body).await,
            _ => Ok((BodyType::Form, Pairs::new())),
        };
        let method = match method_override(http, &body).filter(|_| sent == Method::Post) {
            Some(name) => match Method::named(&name) {
                Some(method @ (Method::Delete | Method::Post)) => method,
                _ => return Err(not_allowed()),
            },
            None => sent,
        };
        if method != Method::Options && !resource.methods().contains(&method) {
            return Err(not_allowed());
        }
        if method != Method::Options && *resource != Resource::Root {
            check_format(head, method, resource)?;
            head.selection.as_ref().map(drop).map_err(ApiError::clone)?;
        }
        let query = head.query.clone()?;
        let parameters = body.and_then(|(_, pairs)| body::merge(query, pairs)).map(Parameters::new);
        Ok(Request { head, method, resource, parameters, credentials: credentials(http) })
    }

    /// The parameters of query and body.
    pub(super) fn parameters(&self) -> Result<&Parameters, ApiError> {
        self.parameters.as_ref().map_err(ApiError::clone)
    }

    /// The request as one with credentials.
    pub(super) fn client(&self) -> Result<Client<'_>, ApiError> {
        let Some(credentials) = self.credentials.clone() else {
            return Err(Failure::Authentication.with("This needs a user and password, as HTTP Basic credentials."));
        };
        let context = Context {
            credentials,
            provider: self.head.provider().cloned(),
            request_id: self.head.id.clone(),
            deadline: Instant::now() + self.head.gateway.backend_timeout,
        };
        Ok(Client { request: self, context })
    }
}

impl Client<'_> {
    /// Goes on only if the driver can do something.
    pub(super) fn needs(self, what: &str, has: impl Fn(Capabilities) -> bool) -> Result<Self, ApiError> {
        let driver = self.request.head.driver();
        match has(driver.capabilities()) {
            true => Ok(self),
            false => Err(Failure::NotSupported.with(format!("The {} driver cannot {what}.", driver.id()))),
        }
    }

    /// Asks the driver, within the time there is. The credentials are gone with the answer.
    pub(super) async fn ask<T>(
        self,
        call: impl AsyncFnOnce(&dyn Driver, &Context) -> Result<T, Error>,
    ) -> Result<T, ApiError> {
        let head = self.request.head;
        let started = Instant::now();
        let deadline = self.context.deadline.into();
        let result = tokio::time::timeout_at(deadline, call(&**head.driver(), &self.context)).await;
        head.backend_time.set(Some(started.elapsed()));
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.failure(error)),
            Err(_) => Err(Failure::ProviderTimeout.with(format!(
                "The {} driver did not answer within {} seconds. Whether it has done what it was asked is unknown.",
                head.driver().id(),
                head.gateway.backend_timeout.as_secs()
            ))),
        }
    }

    fn failure(&self, error: Error) -> ApiError {
        let Request { head, resource, method, .. } = self.request;
        if let Some(source) = &error.source {
            tracing::warn!(request_id = head.id, driver = error.driver, %error, source = %source, "driver failed");
        }
        let is_about_state = error.kind == ErrorKind::State;
        let failure = ApiError::from(error);
        if is_about_state { failure.allowing(resource.allow(Some(*method))) } else { failure }
    }
}

/// The format that the client asks for; none where there is none that it would accept.
fn format(http: &HttpRequest, query: &Result<Pairs, ApiError>) -> Option<Format> {
    let named = |pairs: &Pairs| {
        let last = pairs.iter().rev().find(|(name, _)| name == "format");
        last.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    };
    if let Some(name) = query.as_ref().ok().and_then(named) {
        return Format::named(&name);
    }
    if !http.headers().contains_key(ACCEPT) {
        return Some(Format::Xml);
    }
    Format::accepted(&Accept::parse(http).ok()?)
}

/// Whether the answer can be had in the client's format.
fn check_format(head: &Head, method: Method, resource: &Resource) -> Result<(), ApiError> {
    let message = match head.format {
        None => "The formats are application/xml and application/json, or ?format=xml and ?format=json.",
        Some(_) if method == Method::Get && resource.is_page() => {
            "This is a page for browsers, which there is not yet."
        }
        Some(Format::Html) => "There are no HTML pages yet. Ask for ?format=xml or ?format=json.",
        Some(Format::Xml | Format::Json) => return Ok(()),
    };
    Err(Failure::NotAcceptable.with(message))
}

async fn read_body(http: &HttpRequest, body: Result<Bytes, ApiError>) -> Result<(BodyType, Pairs), ApiError> {
    let bytes = body?;
    if bytes.is_empty() {
        return Ok((BodyType::Form, Pairs::new()));
    }
    let body_type = BodyType::of(http.headers())?;
    Ok((body_type, body::parse(body_type, http.headers(), &bytes).await?))
}

/// The method that a POST stands for: browsers' forms know no DELETE.
fn method_override(http: &HttpRequest, body: &Result<(BodyType, Pairs), ApiError>) -> Option<String> {
    let in_form = |(body_type, pairs): &(BodyType, Pairs)| {
        let method = pairs.iter().rev().find(|(name, _)| body_type.is_form() && name == "_method");
        method.map(|(_, value)| value.clone())
    };
    let name = header_text(http, METHOD_HEADER).or_else(|| in_form(body.as_ref().ok()?))?;
    (!name.is_empty()).then(|| name.to_ascii_uppercase())
}

/// The host that the client has called, unless it is of a form that could do harm in a link.
fn host(http: &HttpRequest) -> Option<String> {
    let sent = http.headers().get(HOST)?.to_str().ok()?;
    let is_plain = sent.parse::<Authority>().is_ok_and(|authority| !authority.as_str().contains('@'));
    is_plain.then(|| sent.to_owned())
}

/// A header's text; none where it is absent or empty.
fn header_text(http: &HttpRequest, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(http.headers().get(name)?.as_bytes()).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The user and password of `Authorization: Basic …`.
fn credentials(http: &HttpRequest) -> Option<Credentials> {
    let header = http.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(user, password)| Credentials::new(user, password))
}
