//! Apache Deltacloud's firewall API, as version 1.1.3 spoke it.
//!
//! A request goes through these in turn, each of which may end it:
//!
//! | module | does |
//! |---|---|
//! | `path` | the path: matrix parameters, and the resource with its methods |
//! | `body`, `json_body` | the body and the query, as parameters by name |
//! | `request` | which driver and provider, which format, whose credentials: a typed request |
//! | `handlers` | the request to the driver, its result to an `Answer` |
//! | `call` | the driver's turn: how many ask it, for how long, and with which line in the audit |
//! | `answer` | the answer in the client's format, with its headers |
//!
//! `parameter` is the table of parameters and `parameters` makes the model's types of them, `reference` and `openapi`
//! describe the API with `examples`, `xml`, `json` and `html` are the views, `representation` keeps what was written of firewalls lately,
//! `urls` are the links in them, `error` is the table from failure to status, `features` what a driver advertises, `route`
//! the names for figures, `headers` those that HTTP does not have, `cross_site` and `host` keep pages of others out, and
//! `audit` is the line that each change leaves.

mod answer;
mod audit;
mod body;
mod call;
mod cross_site;
mod error;
mod examples;
mod features;
mod format;
mod handlers;
mod headers;
mod host;
mod html;
mod json;
mod json_body;
mod openapi;
mod parameter;
mod parameters;
mod path;
mod reference;
mod representation;
mod request;
mod route;
mod urls;
mod xml;

use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::{HttpMessage, Payload, Request as HttpRequest, Response};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::web::Bytes;
use deltawall_core::{Capabilities, Driver, Firewall, ProviderName};

use crate::Error;
use crate::access::Access;
use crate::config::{Config, Limits};
use crate::connection::{Activity, Held, UnderWay};
use crate::http2;
use crate::limits::Backends;
use crate::logging::{Answered, RequestLog};
use crate::metrics::{Figures, Limit, Metrics, RequestLabels};
use crate::registry::{Registry, Sample};
use crate::stop::Stop;
use crate::trace::Trace;
use answer::Answer;
use error::{ApiError, Failure};
use format::Format;
use host::PublicUrl;
use parameters::ShownRules;
use path::Path;
use representation::{Cache, Place, Representation};
use request::{Head, Request};
use urls::Urls;

/// The `Server` header.
const SERVER_NAME: &str = "Apache-Deltacloud/1.1.3";

/// The version of Deltacloud that is spoken. Clients compare it with the `Server` header.
const VERSION: &str = SERVER_NAME.split_at("Apache-Deltacloud/".len()).1;

/// How large an answer is that is not counted as held, in bytes.
const MAX_UNCOUNTED: u64 = 4 * 1024;

/// What all requests share.
#[derive(Debug)]
pub struct Gateway {
    registry: Registry,
    default_driver: Arc<dyn Driver>,
    default_provider: Option<ProviderName>,
    public_url: Option<PublicUrl>,
    /// Where it listens: what hrefs say to a client that sends no `Host`.
    address: Option<SocketAddr>,
    /// `https` where it speaks TLS itself.
    scheme: &'static str,
    access: Access,
    backends: Backends,
    cache: Cache,
    backend_timeout: Duration,
    limits: Limits,
    stop: Stop,
}

impl Gateway {
    /// A gateway to these drivers.
    ///
    /// # Errors
    /// [`Error::Usage`] when the configured driver or provider is not there.
    pub fn new(registry: Registry, config: &Config) -> Result<Self, Error> {
        let Some(driver) = registry.get(&config.driver).cloned() else {
            let message = format!("unknown driver '{}'; the drivers are {}", config.driver, registry.names());
            return Err(Error::Usage(message));
        };
        let provider = config.provider.as_ref().map(|name| driver.provider(name)).transpose();
        Ok(Self {
            default_provider: provider.map_err(|error| Error::Usage(error.to_string()))?,
            access: Access::new(config, &registry, driver.id())?,
            backends: Backends::new(&registry, &config.limits),
            cache: Cache::new(),
            default_driver: driver,
            registry,
            public_url: config.public_url.as_deref().map(public_url).transpose()?,
            address: None,
            scheme: "http",
            backend_timeout: config.backend_timeout,
            limits: config.limits.clone(),
            stop: Stop::default(),
        })
    }

    /// The same gateway, listening here and speaking this.
    #[must_use]
    pub fn at(self, scheme: &'static str, address: SocketAddr) -> Self {
        Self { scheme, address: Some(address), ..self }
    }

    /// What it counts.
    pub fn metrics(&self) -> &Arc<Metrics> {
        self.registry.metrics()
    }

    /// What has it stop. From then on each answer is the last on its connection.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Reads anew what names clients.
    ///
    /// # Errors
    /// [`Error::Usage`] when it cannot be read; all stays as it was then.
    pub fn reload(&self) -> Result<(), Error> {
        self.access.reload()
    }

    /// The id of the driver for requests that choose none.
    pub fn default_driver(&self) -> &'static str {
        self.default_driver.id()
    }

    /// The ids of all drivers, as a list for people.
    pub fn drivers(&self) -> String {
        self.registry.names()
    }

    /// What the default driver's data has, where it is the built-in sample data.
    pub fn sample(&self) -> Option<Sample> {
        self.registry.sample(self.default_driver())
    }
}

fn public_url(url: &str) -> Result<PublicUrl, Error> {
    PublicUrl::new(url).ok_or_else(|| Error::Usage(format!("'{url}' is no public URL")))
}

/// The XML of a list of firewalls, as clients of the API at this origin get it. A benchmark's way past what was written
/// before.
pub fn firewalls_xml(firewalls: &[Arc<Firewall>], capabilities: Capabilities, origin: &str) -> Vec<u8> {
    let urls = Urls::new(&[origin], &Path::default());
    let (format, place, shown) = (Format::Xml, Place::List, ShownRules::All);
    xml::firewalls(&Representation { format, place, firewalls, shown, capabilities, urls: &urls })
}

/// The gateway as one worker has it. Its requests share this, so that workers do not wait for each other to count who shares
/// the gateway.
#[derive(Debug)]
pub struct Worker {
    gateway: Arc<Gateway>,
    figures: Figures,
    log: RequestLog,
}

impl Worker {
    /// One more worker.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { figures: Figures::new(Arc::clone(gateway.metrics())), log: RequestLog::default(), gateway }
    }
}

/// Answers one request, counts it, and logs it.
pub async fn serve(
    mut http: HttpRequest,
    activity: Option<Rc<Activity>>,
    worker: Rc<Worker>,
) -> Response<impl MessageBody> {
    if activity.as_ref().is_some_and(|activity| !activity.admits_another()) {
        // There is no answer: the connection ends, and this with it.
        std::future::pending::<()>().await;
    }
    let gateway = &*worker.gateway;
    let payload = http.take_payload();
    let counted = Counted::new(&worker);
    let (under_way, admitted) = activity.as_ref().map(Activity::begin).unzip();
    let since = under_way.as_ref().and_then(UnderWay::since).unwrap_or_else(Instant::now);
    let head = Head::read(&http, &worker, activity.as_ref());
    let result = match admitted.unwrap_or(Ok(())) {
        Ok(()) => result(&head, payload, activity.as_ref().map(Activity::hold)).await,
        Err(refusal) => {
            gateway.metrics().rejected(refusal.into());
            Err(Failure::Overloaded.with("Too many requests are under way. This one was not begun; try again."))
        }
    };
    let mut response = answer::finish(&head, result);
    let mut held = activity.as_ref().map(Activity::hold);
    if !is_held(response.body(), held.as_mut()) && may_be_withheld(response.status()) {
        gateway.metrics().rejected(Limit::Held);
        let message =
            "More is held for you than there is room for: take the answers to what you have asked, and try again.";
        response = answer::finish(&head, Err(Failure::Overloaded.with(message)));
    }
    let is_http2 = http.version() == Version::HTTP_2;
    if !is_http2 && (gateway.stop.has_begun() || http.head().connection_type() == ConnectionType::Close) {
        response.head_mut().set_connection_type(ConnectionType::Close);
        if let Some(activity) = &activity {
            activity.end();
        }
    }
    let (method, status, driver) = (http.method().as_str(), response.status().as_u16(), head.driver().id());
    let time = since.elapsed();
    let labels = RequestLabels { route: head.route(), method: route::method_label(method), status, driver };
    worker.figures.answered(labels, time);
    worker.log.answered(&Answered {
        method,
        path: http.uri().path(),
        status,
        driver,
        provider: head.provider_name(),
        time,
        request_id: &head.id,
        trace: Trace::read(http.headers()).as_ref(),
    });
    response.map_body(|_, body| Taken { body, is_http2, rest: Bytes::new(), under_way, _held: held, _counted: counted })
}

/// Counts an answer as held, unless it is so small that what a connection or a stream has is enough for it. Says whether
/// there was room.
fn is_held(body: &BoxBody, held: Option<&mut Held>) -> bool {
    match (body.size(), held) {
        (BodySize::Sized(size), Some(held)) if size > MAX_UNCOUNTED => {
            held.add(usize::try_from(size).unwrap_or(usize::MAX)).is_ok()
        }
        _ => true,
    }
}

/// Whether another answer may be given in the place of one of this status: nothing was changed, and that is certain.
fn may_be_withheld(status: StatusCode) -> bool {
    status == StatusCode::OK || status.is_client_error()
}

async fn result(head: &Head<'_>, payload: Payload, mut held: Option<Held>) -> Result<Answer, ApiError> {
    let body = match payload {
        Payload::None => Ok(Bytes::new()),
        // What follows a CONNECT is no body: there is none, and no end to wait for.
        _ if *head.http.method() == Method::CONNECT => Ok(Bytes::new()),
        _ => body::read(payload, &head.gateway().limits, held.as_mut()).await,
    };
    if let Err(error) = &body {
        match error.failure {
            Failure::TooSlow => head.gateway().metrics().rejected(Limit::BodyTime),
            Failure::TooLarge => head.gateway().metrics().rejected(Limit::BodySize),
            Failure::Overloaded => head.gateway().metrics().rejected(Limit::Held),
            _ => {}
        }
    }
    let request = Request::read(head, body).await?;
    handlers::answer(&request).await
}

/// A request that is counted as under way, until it is dropped.
struct Counted(Rc<Worker>);

impl Counted {
    fn new(worker: &Rc<Worker>) -> Self {
        worker.gateway.metrics().begun();
        Self(Rc::clone(worker))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.gateway.metrics().ended();
    }
}

/// A body whose request is under way until it has been taken. It is given out in pieces, so that the HTTP server does not
/// copy a large one whole before it sends it.
struct Taken {
    body: BoxBody,
    /// In HTTP/2 nothing but the pieces tells whether the client takes anything of it: the connection carries other
    /// answers, too.
    is_http2: bool,
    /// What is left of the last part of the body.
    rest: Bytes,
    under_way: Option<UnderWay>,
    _held: Option<Held>,
    _counted: Counted,
}

/// How large a piece is in HTTP/1.
const HTTP1_PIECE: usize = 64 * 1024;

impl MessageBody for Taken {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let Self { body, is_http2, rest, under_way, .. } = self.get_mut();
        if let Some(under_way) = under_way.as_mut().filter(|_| *is_http2) {
            under_way.answer_taken();
        }
        if rest.is_empty() {
            match ready!(body.as_pin_mut().poll_next(cx)) {
                Some(Ok(part)) => *rest = part,
                end => return Poll::Ready(end),
            }
        }
        let most = if *is_http2 { http2::PIECE } else { HTTP1_PIECE };
        Poll::Ready(Some(Ok(rest.split_to(rest.len().min(most)))))
    }
}
