//! Apache Deltacloud's firewall API, as version 1.1.3 spoke it.
//!
//! A request goes through these in turn, each of which may end it:
//!
//! | module | does |
//! |---|---|
//! | `path` | the path: matrix parameters, and the resource with its methods |
//! | `body` | the body and the query, as parameters by name |
//! | `request` | which driver and provider, which format, whose credentials: a typed request |
//! | `handlers` | the request to the driver, its result to an `Answer` |
//! | `answer` | the answer in the client's format, with its headers |
//!
//! `parameters` makes the model's types of parameters, `xml`, `json` and `html` are the views, `urls` the
//! links in them, `error` is the table from failure to status, and `features` what a driver advertises.

mod answer;
mod body;
mod cross_site;
mod error;
mod features;
mod format;
mod handlers;
mod html;
mod json;
mod openapi;
mod parameter;
mod parameters;
mod path;
mod reference;
mod request;
mod urls;
mod xml;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use deltawall_core::{Driver, ProviderName};

use crate::Error;
use crate::config::Config;
use crate::registry::{Registry, SampleLogin};
use request::{Head, Request};

/// The version of Deltacloud that is spoken. Clients compare it with the `Server` header.
const VERSION: &str = "1.1.3";

/// What all requests share.
#[derive(Debug)]
pub struct Gateway {
    registry: Registry,
    default_driver: Arc<dyn Driver>,
    default_provider: Option<ProviderName>,
    public_url: Option<String>,
    /// Where it listens: what hrefs say to a client that sends no `Host`.
    address: Option<SocketAddr>,
    backend_timeout: Duration,
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
            default_driver: driver,
            registry,
            public_url: config.public_url.clone(),
            address: None,
            backend_timeout: config.backend_timeout,
        })
    }

    /// The same gateway, listening here.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The id of the driver for requests that choose none.
    pub fn default_driver(&self) -> &'static str {
        self.default_driver.id()
    }

    /// The ids of all drivers, as a list for people.
    pub fn drivers(&self) -> String {
        self.registry.names()
    }

    /// What opens the default driver, where it has its built-in sample data.
    pub fn sample_login(&self) -> Option<SampleLogin> {
        self.registry.sample_login(self.default_driver())
    }
}

/// Answers one request, and logs it.
pub async fn serve(http: HttpRequest, payload: web::Payload, gateway: web::Data<Gateway>) -> HttpResponse {
    let started = Instant::now();
    let head = Head::read(&http, gateway.into_inner());
    // What follows a CONNECT is no body: there is none, and no end to wait for.
    let body = if http.method() == Method::CONNECT { Ok(Bytes::new()) } else { body::read(payload).await };
    let result = match Request::read(&head, &http, body).await {
        Ok(request) => handlers::answer(&request).await,
        Err(refusal) => Err(refusal),
    };
    let response = answer::finish(&head, &http, result);
    tracing::info!(
        method = http.method().as_str(),
        path = http.uri().path(),
        status = response.status().as_u16(),
        driver = head.driver().id(),
        provider = head.provider_name(),
        microseconds = started.elapsed().as_micros() as u64,
        request_id = head.id,
        "request"
    );
    response
}
