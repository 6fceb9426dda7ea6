//! The firewall part of CloudPassage Halo's API, version 1.
//!
//! | module | holds |
//! |---|---|
//! | `path` | what is at which path |
//! | `login`, `tokens` | who sends a request: tokens, and legacy keys |
//! | `body`, `fields`, `edits`, `unchanged` | what is sent, in all forms that clients have for it, and what it asks for |
//! | `request`, `handlers`, `shared` | each request to the account, and what it answers; what they share |
//! | `events` | what has happened |
//! | `ghost_ports`, `page`, `attempts` | what users open for themselves, the page for that, and how often they may be wrong |
//! | `servers` | groups and servers, which the cloud is asked for |
//! | `views`, `groups`, `list`, `answer` | what is shown of objects, lists of them, and the bytes of answers |
//! | `error` | the table from failures to statuses and bodies |

mod answer;
mod attempts;
mod body;
mod edits;
mod error;
mod events;
mod fields;
mod ghost_ports;
mod groups;
mod handlers;
mod list;
mod login;
mod page;
mod path;
mod request;
mod servers;
mod shared;
mod tokens;
mod unchanged;
mod views;

use std::sync::Arc;

use actix_http::body::BoxBody;
use actix_http::{Method, Response, StatusCode};
use actix_web::web::Bytes;
use deltawall_core::Cidr;

use crate::changes::Changes;
use crate::dialects::dialect::{Dialect, Reply};
use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};
use crate::policies::Policies;
use crate::policies::account::{Account, By, ChangeError};
use attempts::Attempts;
use error::ApiError;
use list::Query;
use login::Login;
use path::{Place, Resource};
use request::Request;
use shared::Shared;
use tokens::Tokens;

/// Where a request is for that nothing is at.
const NOWHERE: &str = "/v1";

/// The dialect, over the account that there is.
#[derive(Debug)]
pub struct Halo(Shared);

impl Halo {
    /// The dialect of a gateway, which believes these proxies.
    pub fn new(changes: Arc<Changes>, policies: Arc<Policies>, proxies: Vec<Cidr>) -> Self {
        Self(Shared {
            changes,
            policies,
            tokens: Tokens::default(),
            attempts: Attempts::default(),
            failed_logins: Attempts::default(),
            proxies,
        })
    }

    /// Whether a path is of the dialect, which is there where an account is.
    pub fn has(&self, path: &str, is_below: impl Fn(&str, &str) -> bool) -> bool {
        self.0.policies.account().is_some() && path::BASES.iter().any(|start| is_below(path, start))
    }

    /// What tells a failure: as a page where one was asked for.
    fn failure(&self, exchange: &Exchange<'_>, error: &ApiError) -> Response<BoxBody> {
        let account = self.0.policies.account();
        let is_page = Place::at(exchange.http.uri().path()).resource == Some(Resource::Page);
        let page = account.filter(|_| is_page).map(|account| page::failure(exchange, &self.0, account, error));
        match page {
            Some(Ok(page)) => page,
            _ => answer::failure(error),
        }
    }

    fn reply(&self, exchange: &Exchange<'_>, response: Response<BoxBody>) -> Reply {
        let account = self.0.policies.account();
        Reply {
            response,
            route: Place::at(exchange.http.uri().path()).resource.map_or(NOWHERE, Resource::route),
            driver: account.map_or("", |account| account.cloud().driver().id()),
            provider: account.and_then(|account| account.cloud().provider().cloned()),
        }
    }

    async fn answered(
        &self,
        exchange: &Exchange<'_>,
        desk: &Desk,
        account: &Arc<Account>,
        body: Result<Bytes, Refusal>,
    ) -> Result<Response<BoxBody>, ApiError> {
        let shared = &self.0;
        let login = Login { shared, exchange, gateway: &desk.gateway, account };
        let Place { base, resource } = Place::at(exchange.http.uri().path());
        if resource == Some(Resource::Token) {
            if exchange.http.method() != Method::POST {
                return Err(ApiError::NoSuchPath);
            }
            let body = body.map_err(ApiError::Refused)?;
            let token = login.token(&body).await?;
            return Ok(answer::json(StatusCode::OK, &token));
        }
        let no_credentials = || ApiError::Forbidden("The gateway has no credentials of its own for this cloud".into());
        // Users of GhostPorts have no token: what they send tells who they are.
        let is_own = match (exchange.http.method(), resource) {
            (&Method::POST, Some(Resource::GhostPorts)) => true,
            (&Method::DELETE, Some(Resource::GhostPort(_))) => !login.is_sent(),
            (_, Some(Resource::Page)) => true,
            _ => false,
        };
        // Whoever is unknown is not told what there is.
        let (caller, by) = match is_own {
            true => {
                let caller = account.cloud().own_caller("GhostPorts".to_owned()).ok_or_else(no_credentials)?;
                (caller, By::GATEWAY)
            }
            false => login.admit().await?,
        };
        let resource = resource.ok_or(ApiError::NoSuchPath)?;
        let body = body.map_err(ApiError::Refused)?;
        let cloud = account.cloud();
        let mut request = Request {
            shared,
            exchange,
            desk,
            account,
            caller: &caller,
            by,
            query: Query::read(exchange.http.uri().query()),
            base: format!("{}{}{base}", exchange.origin().concat(), exchange.path_before()),
            users: desk.gateway.access.ghost_ports_users(cloud.driver().id(), cloud.provider()),
            body: &body,
        };
        match resource {
            Resource::GhostPorts if is_own => ghost_ports::open(&mut request).await,
            Resource::GhostPort(id) if is_own => ghost_ports::close_this(&mut request, id).await,
            Resource::Page => page::answer_to(&mut request).await,
            resource => handlers::answer_to(&request, resource).await,
        }
    }
}

impl Dialect for Halo {
    async fn answer(&self, exchange: &Exchange<'_>, desk: &Desk, body: Result<Bytes, Refusal>) -> Reply {
        let response = match self.0.policies.account() {
            Some(account) => match self.answered(exchange, desk, account, body).await {
                Ok(response) => response,
                Err(error) => {
                    if let ApiError::Change(ChangeError::Backend(why)) = &error {
                        tracing::error!(
                            request_id = exchange.id,
                            why,
                            "a request to Halo's account could not be answered"
                        );
                    }
                    self.failure(exchange, &error)
                }
            },
            None => answer::failure(&ApiError::NoSuchPath),
        };
        self.reply(exchange, response)
    }

    fn refuse(&self, exchange: &Exchange<'_>, _: &Desk, refusal: Refusal) -> Reply {
        self.reply(exchange, self.failure(exchange, &ApiError::Refused(refusal)))
    }
}
