//! The firewall APIs that are spoken. This is the only list of them.

pub mod deltacloud;
pub mod dialect;
pub mod halo;
pub mod vapix;

use std::sync::Arc;

use actix_web::web::Bytes;
use deltawall_core::Cidr;

use crate::changes::Changes;
use crate::config::Challenge;
use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};
use crate::policies::Policies;
use deltacloud::Deltacloud;
use dialect::{Dialect, Reply};
use halo::Halo;
use vapix::Vapix;

/// All dialects. One is called by a `match` and not through a pointer: its future would have to stand in a box, and that costs
/// more than all that a dialect reads of a request.
#[derive(Debug)]
pub struct Dialects {
    deltacloud: Deltacloud,
    halo: Halo,
    vapix: Vapix,
}

/// Which of them it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    /// All paths that are no other's: Deltacloud's clients are told that there is nothing at them.
    Deltacloud,
    Halo,
    Vapix,
}

impl Dialects {
    /// All of them, which make their changes so, and keep firewalls at these policies. Clients of VAPIX are challenged so, and these proxies
    /// are believed.
    pub fn new(changes: Arc<Changes>, policies: Arc<Policies>, challenge: Challenge, proxies: Vec<Cidr>) -> Self {
        Self {
            deltacloud: Deltacloud::new(Arc::clone(&changes)),
            halo: Halo::new(Arc::clone(&changes), Arc::clone(&policies), proxies),
            vapix: Vapix::new(changes, policies, challenge),
        }
    }

    /// Answers a request, in the dialect that it is of.
    pub async fn answer(&self, exchange: &Exchange<'_>, desk: &Desk, body: Result<Bytes, Refusal>) -> Reply {
        match self.name(exchange) {
            Name::Deltacloud => self.deltacloud.answer(exchange, desk, body).await,
            // Boxes, so that the other's future is no larger.
            Name::Halo => Box::pin(self.halo.answer(exchange, desk, body)).await,
            Name::Vapix => Box::pin(self.vapix.answer(exchange, desk, body)).await,
        }
    }

    /// Says why a request is not answered as it should be.
    pub fn refuse(&self, exchange: &Exchange<'_>, desk: &Desk, refusal: Refusal) -> Reply {
        match self.name(exchange) {
            Name::Deltacloud => self.deltacloud.refuse(exchange, desk, refusal),
            Name::Halo => self.halo.refuse(exchange, desk, refusal),
            Name::Vapix => self.vapix.refuse(exchange, desk, refusal),
        }
    }

    /// The dialect that a request is of.
    fn name(&self, exchange: &Exchange<'_>) -> Name {
        let path = exchange.http.uri().path();
        match () {
            () if self.vapix.has(path, is_below) => Name::Vapix,
            () if self.halo.has(path, is_below) => Name::Halo,
            () => Name::Deltacloud,
        }
    }
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
