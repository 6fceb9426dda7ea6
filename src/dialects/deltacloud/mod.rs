//! Apache Deltacloud's firewall API, as version 1.1.3 spoke it.
//!
//! A request goes through these in turn, each of which may end it:
//!
//! | module | does |
//! |---|---|
//! | `head`, `selection` | the first line and the headers: driver and provider, format, links |
//! | `path`, `segment`, `operation` | the path: matrix parameters, the resource with its methods, and what they do |
//! | `body`, `json_body` | the body and the query, as `pairs` of names and values |
//! | `request` | whose credentials, and all of it put together: a typed request |
//! | `handlers` | the request to the driver, its result to an `answer` |
//! | `editing` | the same for what only pages ask: the form for a rule that is there, and its place |
//! | `changing` | the same for the journal and for drift |
//! | `change`, `precondition` | changes: made or only told, of what is there or of what was seen |
//! | `call` | what the driver is asked, and the lines of the audit |
//! | `finish`, `rendered` | the answer in the client's format, with its headers |
//!
//! `parameter` is what a parameter is, `parameter_table` all there are, `parameters` those of a request, and `values` makes the
//! model's types of them, `terms` how a change is to be made. `rule_set` reads a body that is a rule set. Both make rules of `fields` by `new_rule`.
//! `reference`, `openapi` and `rule_set_schema` describe the API with `examples` and `samples`. `xml`, `json` and `html` are the
//! views; `shown_rule` is what they show of a rule, `representation` what programs see of firewalls, and `written` keeps what was
//! written of it lately. `urls` are the links in them, `error` is the table from failure to status, `features` what a driver
//! advertises, `filled_in` what a form was filled in with, `prefilled` a rule as a form is
//! filled in with it.

mod answer;
mod body;
mod call;
mod change;
mod change_parameters;
mod changing;
mod editing;
mod error;
mod examples;
mod features;
mod fields;
mod filled_in;
mod finish;
mod format;
mod handlers;
mod head;
mod headers;
mod html;
mod json;
mod json_body;
mod new_rule;
mod openapi;
mod operation;
mod pairs;
mod parameter;
mod parameter_table;
mod parameters;
mod path;
mod precondition;
mod prefilled;
mod reference;
mod rendered;
mod representation;
mod request;
mod rule_set;
mod rule_set_schema;
mod samples;
mod segment;
mod selection;
mod shown_rule;
mod shown_rules;
mod terms;
mod urls;
mod values;
mod version;
mod written;
mod xml;

use std::sync::Arc;

use actix_web::web::Bytes;

use crate::changes::Changes;
use crate::dialects::dialect::{Dialect, Reply};
use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};
use answer::Answer;
use error::ApiError;
use head::Head;
use request::Request;
use written::Cache;

pub use xml::firewalls_xml;

/// The dialect, with what it has written lately.
#[derive(Debug)]
pub struct Deltacloud {
    changes: Arc<Changes>,
    cache: Cache,
}

impl Dialect for Deltacloud {
    async fn answer(&self, exchange: &Exchange<'_>, desk: &Desk, body: Result<Bytes, Refusal>) -> Reply {
        let head = Head::read(exchange, desk, &self.changes);
        let result = result(&head, body).await;
        self.reply(&head, result)
    }

    fn refuse(&self, exchange: &Exchange<'_>, desk: &Desk, refusal: Refusal) -> Reply {
        self.reply(&Head::read(exchange, desk, &self.changes), Err(refusal.into()))
    }
}

impl Deltacloud {
    /// The dialect of a gateway that makes its changes so.
    pub fn new(changes: Arc<Changes>) -> Self {
        Self { changes, cache: Cache::default() }
    }

    fn reply(&self, head: &Head<'_>, result: Result<Answer, ApiError>) -> Reply {
        Reply {
            response: finish::finish(head, &self.cache, result),
            route: head.route(),
            driver: head.driver().id(),
            provider: head.provider().cloned(),
        }
    }
}

async fn result(head: &Head<'_>, body: Result<Bytes, Refusal>) -> Result<Answer, ApiError> {
    let request = Request::read(head, body).await?;
    handlers::answer(&request).await
}
