//! Axis' "Firewall configuration API", v1beta and v1, and the discovery that its clients do first.
//!
//! | module | holds |
//! |---|---|
//! | `path` | what is at which path, and its methods |
//! | `login`, `nonces` | who sends a request, by Digest or Basic |
//! | `types` | the types of what is sent and answered: a table that all that follows is made of |
//! | `schema`, `body` | what is sent, held to its types, and read |
//! | `handlers` | each request to the device, and what it answers |
//! | `views`, `answer` | what is shown of a device, and the bytes of answers |
//! | `error` | the table from failures to statuses and codes |
//! | `discovery`, `openapi`, `model`, `reference` | the documents of the API |
//! | `cgi` | what clients call before, to learn what device it is |

mod answer;
mod body;
mod cgi;
mod discovery;
mod error;
mod handlers;
mod login;
mod model;
mod nonces;
mod openapi;
mod path;
mod reference;
mod schema;
mod types;
mod views;

use std::sync::{Arc, Mutex};

use actix_web::web::Bytes;

use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::config::Challenge;
use crate::dialects::dialect::{Dialect, Reply};
use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};
use crate::policies::Policies;
use crate::policies::devices::Device;
use error::ApiError;
use handlers::Written;
use nonces::Nonces;
use path::Resource;

/// Where a request is for that no device is for.
const NOWHERE: &str = "/config";

/// The dialect, over the devices that there are.
#[derive(Debug)]
pub struct Vapix {
    changes: Arc<Changes>,
    policies: Arc<Policies>,
    challenge: Challenge,
    /// None where the system has no random numbers, so that nobody can be let in by Digest.
    nonces: Option<Nonces>,
    /// What this run of the gateway is called.
    boot: String,
    /// What was written last of devices that are at rest.
    written: Mutex<Vec<Written>>,
}

impl Vapix {
    /// The dialect of a gateway, whose clients are challenged so.
    pub fn new(changes: Arc<Changes>, policies: Arc<Policies>, challenge: Challenge) -> Self {
        let boot = uuid::Uuid::new_v4().to_string();
        Self { changes, policies, challenge, nonces: Nonces::new(), boot, written: Mutex::default() }
    }

    /// Whether a path is of the dialect, which is there where a device is.
    pub fn has(&self, path: &str, is_below: impl Fn(&str, &str) -> bool) -> bool {
        !self.policies.devices().is_empty() && path::PATHS.iter().any(|start| is_below(path, start))
    }

    /// The device that a request is for: that of the port it came to, or of the host it has called, or that which is for all others.
    fn device(&self, exchange: &Exchange<'_>) -> Option<&Device> {
        let devices = self.policies.devices();
        let port = exchange.port();
        let is_called = |device: &&Device| device.host.as_deref().is_none_or(|host| exchange.is_to(host));
        let of_port = devices.iter().filter(|device| device.port.is_some() && device.port == port).find(is_called);
        let of_host = || devices.iter().filter(|device| device.port.is_none() && device.host.is_some()).find(is_called);
        of_port
            .or_else(of_host)
            .or_else(|| devices.iter().find(|device| device.port.is_none() && device.host.is_none()))
    }

    fn now(&self) -> Timestamp {
        self.changes.clock().now()
    }

    /// The answer of a request that has failed.
    fn failed(&self, device: Option<&Device>, error: &ApiError) -> actix_http::Response<actix_http::body::BoxBody> {
        let is_stale = matches!(error, ApiError::Unauthenticated { is_stale: true });
        let challenges = match (device, &self.nonces) {
            (Some(device), Some(nonces)) => login::challenges(self.challenge, device, nonces, self.now(), is_stale),
            _ => Vec::new(),
        };
        answer::failure(error, &challenges)
    }

    fn reply(
        &self,
        exchange: &Exchange<'_>,
        response: actix_http::Response<actix_http::body::BoxBody>,
        device: Option<&Device>,
    ) -> Reply {
        let resource = Resource::at(exchange.http.uri().path());
        Reply {
            response,
            route: resource.map_or(NOWHERE, Resource::route),
            driver: device.map_or("", |device| device.driver().id()),
            provider: device.and_then(|device| device.provider().cloned()),
        }
    }
}

impl Dialect for Vapix {
    async fn answer(&self, exchange: &Exchange<'_>, desk: &Desk, body: Result<Bytes, Refusal>) -> Reply {
        let device = self.device(exchange);
        let response = match device {
            Some(device) => match handlers::answer(self, exchange, desk, device, body).await {
                Ok(response) => response,
                Err(error) => self.failed(Some(device), &error),
            },
            None => self.failed(None, &ApiError::NotFound(exchange.http.uri().path().to_owned())),
        };
        self.reply(exchange, response, device)
    }

    fn refuse(&self, exchange: &Exchange<'_>, _: &Desk, refusal: Refusal) -> Reply {
        let device = self.device(exchange);
        let response = self.failed(device, &ApiError::Refused(refusal));
        self.reply(exchange, response, device)
    }
}
