//! Axis' "Firewall configuration API", v1beta and v1, and the discovery that its clients do first.
//!
//! | module | holds |
//! |---|---|
//! | `path` | what is at which path, and its methods |
//! | `login`, `nonces` | who sends a request, by Digest or Basic |
//! | `types` | the types of what is sent and answered: a table that all that follows is made of |
//! | `schema`, `body` | what is sent, held to its types, and read |
//! | `handlers`, `shared` | each request to the device, and what it answers; what they share |
//! | `views`, `answer`, `written` | what is shown of a device, the bytes of answers, and those that were written last |
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
mod shared;
mod types;
mod views;
mod written;

use std::sync::Arc;

use actix_http::Response;
use actix_http::body::BoxBody;
use actix_web::web::Bytes;

use crate::changes::Changes;
use crate::config::Challenge;
use crate::dialects::dialect::{Dialect, Reply};
use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};
use crate::policies::Policies;
use crate::policies::devices::Device;
use error::ApiError;
use path::Resource;
use shared::Shared;

/// Where a request is for that no device is for.
const NOWHERE: &str = "/config";

/// The dialect, over the devices that there are.
#[derive(Debug)]
pub struct Vapix(Shared);

impl Vapix {
    /// The dialect of a gateway, whose clients are challenged so.
    pub fn new(changes: Arc<Changes>, policies: Arc<Policies>, challenge: Challenge) -> Self {
        Self(Shared::new(changes, policies, challenge))
    }

    /// Whether a path is of the dialect, which is there where a device is.
    pub fn has(&self, path: &str, is_below: impl Fn(&str, &str) -> bool) -> bool {
        self.0.has_devices() && path::PATHS.iter().any(|start| is_below(path, start))
    }

    fn reply(&self, exchange: &Exchange<'_>, response: Response<BoxBody>, device: Option<&Device>) -> Reply {
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
        let device = self.0.device(exchange);
        let response = match device {
            Some(device) => match handlers::answer(&self.0, exchange, desk, device, body).await {
                Ok(response) => response,
                Err(error) => self.0.failed(Some(device), &error),
            },
            None => self.0.failed(None, &ApiError::NotFound(exchange.http.uri().path().to_owned())),
        };
        self.reply(exchange, response, device)
    }

    fn refuse(&self, exchange: &Exchange<'_>, _: &Desk, refusal: Refusal) -> Reply {
        let device = self.0.device(exchange);
        let response = self.0.failed(device, &ApiError::Refused(refusal));
        self.reply(exchange, response, device)
    }
}
