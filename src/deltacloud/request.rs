//! From what came over the wire to a typed request.

use std::borrow::Cow;
use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::header::{ACCEPT, AUTHORIZATION, HOST};
use actix_web::http::uri::Authority;
use actix_web::web::Bytes;
use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use deltawall_core::{Credentials, Driver, Error, FirewallId, ProviderName};

use super::answer::Form;
use super::audit::{self, Change};
use super::body::{self, BodyType, Pairs};
use super::call::Call;
use super::cross_site;
use super::error::{ApiError, Failure};
use super::features;
use super::format::{FORMATS, Format};
use super::headers;
use super::host::{self, PublicUrl, Site};
use super::parameters::{Parameters, shown};
use super::path::{Method, Operation, Path, Resource};
use super::urls::Urls;
use super::{Gateway, Worker};
use crate::access::{Asked, Caller, Denial};
use crate::config::Limits;
use crate::connection::Activity;
use crate::metrics::Limit;
use crate::trace;

/// How long a host with its port may be: a name of the DNS has no more than 253 characters.
const MAX_HOST: usize = 253 + ":65535".len();

/// The alphabets that credentials come in, the standard one first. Clients leave the padding out or not.
static BASE64: [GeneralPurpose; 2] = [base64(&STANDARD), base64(&URL_SAFE)];

/// What a request's first line and headers say of how it is to be answered. There is always one, so that any failure
/// can be told in the client's own format.
pub(super) struct Head<'a> {
    pub(super) http: &'a HttpRequest,
    /// What the request is called in the log.
    pub(super) id: String,
    /// Where it came from.
    pub(super) peer: Option<IpAddr>,
    /// The host that the client has called.
    pub(super) host: Cow<'a, str>,
    pub(super) urls: Urls,
    pub(super) worker: &'a Worker,
    /// What goes on on its connection, where it has come by one.
    pub(super) activity: Option<&'a Rc<Activity>>,
    /// How long the driver took, once it has been asked.
    pub(super) backend_time: Cell<Option<Duration>>,
    path: Path,
    query: Result<Pairs, ApiError>,
    format: Option<Format>,
    selection: Selection<'a>,
}

/// The driver that a request is for, and which of its providers.
struct Selection<'a> {
    /// The default driver where the request named none that there is.
    driver: &'a Arc<dyn Driver>,
    provider: Option<ProviderName>,
    /// What was wrong with what the request named.
    refusal: Option<ApiError>,
}

/// A request that can be answered: the resource is there, has the method, and the client accepts a format that we have.
pub(super) struct Request<'a> {
    pub(super) head: &'a Head<'a>,
    pub(super) resource: &'a Resource,
    pub(super) operation: Operation<'a>,
    pub(super) method: Method,
    parameters: Result<Parameters, ApiError>,
    caller: Result<Caller, ApiError>,
}

impl<'a> Head<'a> {
    pub(super) fn read(http: &'a HttpRequest, worker: &'a Worker, activity: Option<&'a Rc<Activity>>) -> Self {
        let gateway = &*worker.gateway;
        let mut path = Path::parse(http.uri().path());
        let selection = Selection::read(http, &mut path, gateway);
        let query =
            http.uri().query().map_or(Ok(Pairs::new()), |query| body::parse_form(query.as_bytes(), &gateway.limits));
        let own = || gateway.address.map_or_else(|| "localhost".into(), |address| address.to_string());
        let host = host(http).map_or_else(|| Cow::Owned(own()), Cow::Borrowed);
        let format = match path.resource {
            // It has one form, whatever the client would like best.
            Some(Resource::OpenApi) => Some(Format::Json),
            _ => format(http, &query, &gateway.limits),
        };
        let path_before = gateway.public_url.as_ref().map_or("", PublicUrl::path);
        // Links on pages work by whatever name and scheme a browser has come.
        let [scheme, colon, authority] = if format == Some(Format::Html) { [""; 3] } else { origin(gateway, &host) };
        let urls = Urls::new(&[scheme, colon, authority, path_before], &path);
        Self {
            http,
            id: trace::request_id(http.headers()),
            peer: http.peer_addr().map(|address| address.ip()),
            urls,
            host,
            format,
            selection,
            backend_time: Cell::new(None),
            worker,
            activity,
            path,
            query,
        }
    }

    pub(super) fn gateway(&self) -> &'a Gateway {
        &self.worker.gateway
    }

    /// Path and query as they were sent.
    pub(super) fn target(&self) -> &str {
        self.http.uri().path_and_query().map_or("/", |target| target.as_str())
    }

    /// What comes before the path in URLs of ours.
    pub(super) fn origin(&self) -> String {
        origin(self.gateway(), &self.host).concat()
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
            Resource::Firewall(id) | Resource::Rules(id) | Resource::NewRule(id) | Resource::Rule(id, _) => {
                id.firewall_id().ok()
            }
            _ => None,
        }
    }

    /// Whether a site is ours, as the client has called us or as we are known outside.
    pub(super) fn is_ours(&self, site: Site<'_>) -> bool {
        self.site() == Some(site) || self.public_site() == Some(site)
    }

    /// Whether the client has called this machine by a name of its own, or us as we are known outside.
    fn is_host_ours(&self) -> bool {
        self.site().is_some_and(|site| site.is_this_machine() || self.public_site() == Some(site))
    }

    /// What the client has called.
    fn site(&self) -> Option<Site<'_>> {
        host::site(self.http, self.gateway().scheme, self.public_site())
    }

    /// What we are known as outside.
    fn public_site(&self) -> Option<Site<'_>> {
        self.gateway().public_url.as_ref().and_then(PublicUrl::site)
    }

    /// The value of a parameter of the query; the last, if there are several.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        body::last(self.query.as_ref().ok()?, name)
    }

    /// Lets in who sent these credentials, if it may do this.
    async fn admit(&self, sent: Option<Credentials>, operation: Operation<'_>) -> Result<Caller, ApiError> {
        let access = &self.gateway().access;
        let asked = Asked {
            driver: self.driver().id(),
            provider: self.provider(),
            is_change: operation.is_change(),
            peer: self.peer,
        };
        let is_ours = || self.is_host_ours() && cross_site::is_our_own(self);
        access.admit(sent, asked, is_ours).await.map_err(|denial| match denial {
            Denial::Anonymous => {
                Failure::Authentication.with("This needs a user and password, as HTTP Basic credentials.")
            }
            Denial::Wrong => Failure::Authentication.with("There is no such user with this password."),
            Denial::Forbidden(why) => Failure::Forbidden.with(why),
            Denial::Busy => {
                self.gateway().metrics().rejected(Limit::Logins);
                Failure::Overloaded.with("Too many passwords wait to be checked; try again.")
            }
        })
    }

    /// The path with names in the place of ids.
    pub(super) fn route(&self) -> &'static str {
        self.path.template.unwrap_or("none")
    }

    /// The format of the answer; of the failure, where there is none that the client accepts.
    pub(super) fn format(&self) -> Format {
        self.format.unwrap_or(Format::Xml)
    }
}

impl<'a> Selection<'a> {
    /// Matrix parameters choose before headers, and these before the server's defaults. What is refused is taken out of
    /// the path, so that no link of the answer leads to the same refusal.
    fn read(http: &HttpRequest, path: &mut Path, gateway: &'a Gateway) -> Self {
        let chosen = |matrix: &Option<String>, header| {
            matrix.clone().or_else(|| headers::text(http, header).map(Cow::into_owned))
        };
        let driver = match chosen(&path.driver, &headers::DRIVER) {
            None => &gateway.default_driver,
            Some(name) => match gateway.registry.get(&name) {
                Some(driver) => driver,
                None => {
                    let names = gateway.registry.names();
                    let message = format!("Unknown driver '{}'. The drivers are {names}.", shown(&name));
                    let refusal = Some(Failure::Validation.with(message));
                    (path.driver, path.provider) = (None, None);
                    return Self { driver: &gateway.default_driver, provider: None, refusal };
                }
            },
        };
        let provider = match chosen(&path.provider, &headers::PROVIDER) {
            Some(name) => driver.provider(&name).map(Some),
            // The default provider is one of the default driver's.
            None if driver.id() == gateway.default_driver.id() => Ok(gateway.default_provider.clone()),
            None => Ok(None),
        };
        match provider {
            Ok(provider) => Self { driver, provider, refusal: None },
            Err(error) => {
                path.provider = None;
                Self { driver, provider: None, refusal: Some(error.into()) }
            }
        }
    }
}

impl<'a> Request<'a> {
    /// Puts together what the head and the body say.
    pub(super) async fn read(head: &'a Head<'a>, body: Result<Bytes, ApiError>) -> Result<Request<'a>, ApiError> {
        cross_site::refuse(head)?;
        let http = head.http;
        let Some(resource) = &head.path.resource else {
            return Err(Failure::NotFound.with("There is nothing at this path."));
        };
        let not_allowed = || {
            Failure::MethodNotAllowed.with("This resource does not have this method.").allowing(resource.allow(None))
        };
        let limits = &head.gateway().limits;
        let sent = Method::named(http.method().as_str()).ok_or_else(not_allowed)?;
        let read = match sent {
            Method::Post => read_body(http, body.clone(), limits).await,
            _ => Ok((BodyType::Form, Pairs::new())),
        };
        let stands_for = if sent == Method::Post { method_override(http, &read) } else { None };
        let method = match stands_for {
            Some(name) => match Method::named(&name) {
                Some(method @ (Method::Delete | Method::Post)) => method,
                _ => return Err(not_allowed()),
            },
            None => sent,
        };
        let operation = match (resource.operation(method).ok_or_else(not_allowed)?, head.format) {
            // Who wants no page can mean nothing but the firewall that is called so.
            (Operation::ShowNewFirewall(id), Some(Format::Xml | Format::Json)) => Operation::ShowFirewall(id),
            (operation, _) => operation,
        };
        if matches!(operation, Operation::DeleteFirewall(_)) && head.path.lacks_a_name {
            let message = "A rule is missing between the last slashes. Leave them out to delete the firewall.";
            return Err(Failure::NotFound.with(message));
        }
        if let Some(formats) = formats(operation) {
            check_format(head, formats)?;
            head.selection.refusal.clone().map_or(Ok(()), Err)?;
        }
        let query = head.query.clone();
        let parameters = query.and_then(|query| body::merge(query, read?.1, limits)).map(Parameters::new);
        let parameters = match parameters {
            Err(error) => Err(match typed(head, operation, body).await {
                Some(form) => error.of(form),
                None => error,
            }),
            read => read,
        };
        let caller = head.admit(credentials(http), operation).await;
        let request = Request { head, resource, operation, method, parameters, caller };
        if let Err(denial @ ApiError { failure: Failure::Forbidden, .. }) = &request.caller
            && let Some(sent) = credentials(http)
            && let Some(mut change) = Change::of(&request, sent.user())
        {
            change.deny(&denial.message);
        }
        Ok(request)
    }

    /// The parameters of query and body.
    pub(super) fn parameters(&self) -> Result<&Parameters, ApiError> {
        self.parameters.as_ref().map_err(ApiError::clone)
    }

    /// A call to the driver, unless there are no credentials for it, or the request could not be read whole: half a
    /// request is no reason to change anything; or the driver cannot do it.
    pub(super) fn with_credentials(&self) -> Result<Call<'_>, ApiError> {
        let caller = self.caller.as_ref().map_err(|denial| {
            if denial.failure == Failure::Authentication
                && let Some(sent) = credentials(self.head.http)
            {
                audit::failed_login(self.head, sent.user());
            }
            denial.clone()
        })?;
        self.parameters()?;
        let driver = self.head.driver();
        if let Some(what) = features::lacking(self.operation, driver.capabilities()) {
            return Err(Error::unsupported(driver.id(), what).into());
        }
        Ok(Call { request: self, caller })
    }

    /// The parameters that have a meaning here, as one line for the audit.
    pub(super) fn known_parameters(&self) -> Option<String> {
        self.parameters.as_ref().ok().map(Parameters::summary).filter(|summary| !summary.is_empty())
    }
}

/// The format that the client asks for; none where there is none that it would accept.
fn format(http: &HttpRequest, query: &Result<Pairs, ApiError>, limits: &Limits) -> Option<Format> {
    let named = match query {
        Ok(query) => body::last(query, "format").map(Cow::Borrowed),
        // A query that cannot be read whole is refused in the format that it asks for.
        Err(_) => http.uri().query().and_then(|query| body::last_value(query, "format", limits)).map(Cow::Owned),
    };
    match named.filter(|name| !name.is_empty()) {
        Some(name) => Format::named(&name),
        None => Format::accepted(&headers::text(http, &ACCEPT).unwrap_or_default()),
    }
}

/// The formats that an operation's answer can be had in; none where the client has no choice, nor of a driver.
pub(super) fn formats(operation: Operation<'_>) -> Option<&'static [Format]> {
    match operation {
        Operation::Redirect | Operation::ShowMethods | Operation::ShowOpenApi | Operation::ShowAsset(_) => None,
        Operation::ShowNewRule(_) | Operation::ShowReference => Some(&[Format::Html]),
        _ => Some(&FORMATS),
    }
}

/// Whether the answer can be had in the client's format.
fn check_format(head: &Head<'_>, formats: &[Format]) -> Result<(), ApiError> {
    if head.format.is_some_and(|format| formats.contains(&format)) {
        return Ok(());
    }
    let types: Vec<_> = formats.iter().map(|format| format.media_type()).collect();
    let names: Vec<_> = formats.iter().map(|format| format!("?format={}", format.name())).collect();
    let message = format!("This can be had as {}, or with {}.", types.join(", "), names.join(", "));
    Err(Failure::NotAcceptable.with(message))
}

async fn read_body(
    http: &HttpRequest,
    body: Result<Bytes, ApiError>,
    limits: &Limits,
) -> Result<(BodyType, Pairs), ApiError> {
    let bytes = body?;
    if bytes.is_empty() {
        return Ok((BodyType::Form, Pairs::new()));
    }
    let body_type = BodyType::of(http.headers())?;
    Ok((body_type, body::parse(body_type, http.headers(), &bytes, limits).await?))
}

/// What a person has typed into a form, where it could not be read whole: it is read again with no limit to its fields, so
/// that it can be mended. Of their number there is one still, since a page is many times as long as what it shows.
async fn typed(head: &Head<'_>, operation: Operation<'_>, body: Result<Bytes, ApiError>) -> Option<Form> {
    let firewall = match operation {
        Operation::CreateFirewall => None,
        Operation::CreateRule(id) => Some(id.firewall_id().ok()?),
        _ => return None,
    };
    if head.format() != Format::Html || features::lacking(operation, head.driver().capabilities()).is_some() {
        return None;
    }
    let limits = &head.gateway().limits;
    let limits = Limits { parameters: limits.parameters.saturating_mul(2), field_size: usize::MAX, ..limits.clone() };
    let (_, pairs) = read_body(head.http, body, &limits).await.ok()?;
    Some(Form::new(firewall, &Parameters::new(pairs)))
}

/// The method that a POST stands for: browsers' forms know no DELETE.
fn method_override(http: &HttpRequest, body: &Result<(BodyType, Pairs), ApiError>) -> Option<String> {
    let in_form = || {
        let (body_type, pairs) = body.as_ref().ok()?;
        body::last(pairs, "_method").filter(|_| body_type.is_form()).map(Cow::Borrowed)
    };
    let name = headers::text(http, &headers::METHOD_OVERRIDE).or_else(in_form)?;
    (!name.is_empty()).then(|| name.to_ascii_uppercase())
}

/// Scheme, host and port of URLs of ours, in parts.
fn origin<'a>(gateway: &'a Gateway, host: &'a str) -> [&'a str; 3] {
    match &gateway.public_url {
        Some(url) => [url.origin(), "", ""],
        None => [gateway.scheme, "://", host],
    }
}

/// The host that the client has called, unless it is of a form that could do harm in a link.
fn host(http: &HttpRequest) -> Option<&str> {
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

const fn base64(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

/// The user and password of `Authorization: Basic …`.
fn credentials(http: &HttpRequest) -> Option<Credentials> {
    let header = http.headers().get(AUTHORIZATION)?.as_bytes().trim_ascii();
    let (scheme, encoded) = header.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let encoded = encoded.trim_ascii();
    let decoded = BASE64.iter().find_map(|alphabet| alphabet.decode(encoded).ok())?;
    let pair = String::from_utf8(decoded).ok()?;
    let credentials = Credentials::from_pair(pair)?;
    Some(match headers::text(http, &headers::SESSION_TOKEN) {
        Some(token) => credentials.with_session_token(token),
        None => credentials,
    })
}
