//! The firewall APIs that are spoken. This is the only list of them.

pub mod deltacloud;
pub mod dialect;

use std::sync::Arc;

use actix_web::web::Bytes;

use crate::changes::Changes;
use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};
use deltacloud::Deltacloud;
use dialect::{Dialect, Reply};

/// All dialects. One is called by a `match` and not through a pointer: its future would have to stand in a box, and that costs
/// more than all that a dialect reads of a request.
#[derive(Debug)]
pub struct Dialects {
    deltacloud: Deltacloud,
}

/// Which of them it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Deltacloud,
}

/// What the paths of each begin with.
const PATHS: [(&str, Name); 1] = [("/api", Name::Deltacloud)];

/// Whose all other paths are: Deltacloud's clients are told that there is nothing at them.
const REST: Name = Name::Deltacloud;

impl Dialects {
    /// All of them, which make their changes so.
    pub fn new(changes: Arc<Changes>) -> Self {
        Self { deltacloud: Deltacloud::new(changes) }
    }

    /// Answers a request, in the dialect that it is of.
    pub async fn answer(&self, exchange: &Exchange<'_>, desk: &Desk, body: Result<Bytes, Refusal>) -> Reply {
        match name(exchange) {
            Name::Deltacloud => self.deltacloud.answer(exchange, desk, body).await,
        }
    }

    /// Says why a request is not answered as it should be.
    pub fn refuse(&self, exchange: &Exchange<'_>, desk: &Desk, refusal: Refusal) -> Reply {
        match name(exchange) {
            Name::Deltacloud => self.deltacloud.refuse(exchange, desk, refusal),
        }
    }
}

/// The dialect that a request is of.
fn name(exchange: &Exchange<'_>) -> Name {
    let path = exchange.http.uri().path();
    PATHS.into_iter().find(|(start, _)| is_below(path, start)).map_or(REST, |(_, name)| name)
}

/// Whether a path begins with these segments.
fn is_below(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_whole_segments() {
        for path in ["/v1", "/v1/", "/v1/servers", "/v1;a=b/servers"] {
            assert!(is_below(path, "/v1"), "{path}");
        }
        for path in ["/v10", "/v1x/servers", "/V1", "v1", "/", "", "*", "/api/v1"] {
            assert!(!is_below(path, "/v1"), "{path}");
        }
    }
}
