//! The page on which a user opens and closes GhostPorts for the address that it comes from. It needs no script, and no token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_http::body::BoxBody;
use actix_http::{Method, Response, StatusCode};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use askama::Template;
use serde_json::Value;

use super::error::ApiError;
use super::fields::Fields;
use super::request::{Answer, Request};
use super::shared::Shared;
use super::{answer, body, edits, ghost_ports};
use crate::clock::Timestamp;
use crate::message::{Exchange, forwarded, page};
use crate::policies::account::Account;
use crate::policies::account::objects::GhostPort;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

#[derive(Template)]
#[template(path = "ghost_ports.html", config = ".askama.toml")]
struct Page<'a> {
    /// What comes before all paths.
    start: &'a str,
    /// Where the user comes from, as far as that is known.
    address: Option<IpAddr>,
    /// How long it would be open.
    life: String,
    user: String,
    outcome: Option<Outcome>,
    /// Why nothing was done.
    problem: Option<String>,
}

/// What was done.
enum Outcome {
    Opened(Arc<GhostPort>),
    Closed,
    WasClosed,
}

/// The page, and what was done where something was to be.
pub(super) async fn answer_to(request: &mut Request<'_>) -> Answer {
    let (exchange, shared, account) = (request.exchange, request.shared, request.account);
    let page = Page::new(exchange, shared, account);
    match *exchange.http.method() {
        Method::GET | Method::HEAD => page.response(StatusCode::OK),
        Method::POST => {
            let user = sent(request, "username");
            let done = match sent(request, "close").is_empty() {
                true => ghost_ports::open_own(request).await.map(Outcome::Opened),
                false => ghost_ports::close_own(request, |_| true).await.map(|was_open| match was_open {
                    true => Outcome::Closed,
                    false => Outcome::WasClosed,
                }),
            };
            match done {
                Ok(outcome) => Page { user, outcome: Some(outcome), ..page }.response(StatusCode::OK),
                Err(error) => Page { user, ..page }.failed(&error),
            }
        }
        _ => Err(ApiError::NoSuchPath),
    }
}

/// The page that tells a failure.
pub(super) fn failure(exchange: &Exchange<'_>, shared: &Shared, account: &Account, error: &ApiError) -> Answer {
    Page::new(exchange, shared, account).failed(error)
}

/// What was sent in a field of the form, if anything was.
fn sent(request: &Request<'_>, field: &str) -> String {
    let sent = body::read(request.exchange.http, request.body, ghost_ports::ONE).ok();
    let members = sent.as_ref().and_then(|sent| edits::object(sent).ok());
    members.and_then(|members| Fields::new(members).required(field)).unwrap_or_default()
}

impl<'a> Page<'a> {
    fn new(exchange: &'a Exchange<'_>, shared: &Shared, account: &Account) -> Self {
        let address = exchange.peer.and_then(|peer| forwarded::client(exchange.http, peer, &shared.proxies));
        let (life, user) = (words(account.ghost_port_time), String::new());
        Self { start: exchange.path_before(), address, life, user, outcome: None, problem: None }
    }

    fn failed(mut self, error: &ApiError) -> Answer {
        let (status, body) = error.told();
        let text = |of: &Value, key| of.get(key).and_then(Value::as_str).map(str::to_owned);
        let details = |errors: &Vec<Value>| {
            let details: Vec<_> = errors.iter().filter_map(|error| text(error, "details")).collect();
            details.join("; ")
        };
        let told = ["error_description", "message"].into_iter().find_map(|key| text(&body, key));
        self.problem = body.get("errors").and_then(Value::as_array).map(details).or(told);
        Ok(answer::signed(self.response(status)?))
    }

    fn response(&self, status: StatusCode) -> Answer {
        let content = self.render().map_err(|why| ApiError::unwritten(&why))?;
        let mut response: Response<BoxBody> = answer::response(status, BoxBody::new(Bytes::from(content)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HTML);
        for (name, value) in &page::IN_ITS_PLACE {
            headers.insert(name.clone(), value.clone());
        }
        Ok(response)
    }

    /// When what is open closes.
    fn end(&self, open: &GhostPort) -> Timestamp {
        Timestamp::from_millis(open.expires_at)
    }
}

/// How long something takes, as people say it.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
