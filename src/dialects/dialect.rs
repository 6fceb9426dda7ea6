//! What a dialect is.

use actix_http::Response;
use actix_http::body::BoxBody;
use actix_web::web::Bytes;
use deltawall_core::ProviderName;

use crate::gateway::Desk;
use crate::message::{Exchange, Refusal};

/// A firewall API as its clients speak it: it reads requests and words the answers.
pub trait Dialect {
    /// Answers a request. The body is whole, or there is a reason why it is not there.
    fn answer(&self, exchange: &Exchange<'_>, desk: &Desk, body: Result<Bytes, Refusal>)
    -> impl Future<Output = Reply>;

    /// Tells the client of a request why it is not answered as it should be. That may be found out when it was answered.
    fn refuse(&self, exchange: &Exchange<'_>, desk: &Desk, refusal: Refusal) -> Reply;
}

/// An answer, and what the log and the figures say of its request.
#[derive(Debug)]
pub struct Reply {
    /// What the client gets.
    pub response: Response<BoxBody>,
    /// The request's path with names in the place of what clients choose.
    pub route: &'static str,
    /// The id of the driver that it was for.
    pub driver: &'static str,
    /// Which of its providers, where one was chosen.
    pub provider: Option<ProviderName>,
}

impl Reply {
    /// Whether it is a part of a page, such as its style.
    pub fn is_asset(&self) -> bool {
        self.route.ends_with("/assets/{name}")
    }
}
