//! The audit: a line for each change, with who, what, where and what became of it.

use deltawall_core::{Error, ErrorKind};

use super::path::Operation;
use super::request::Request;
use crate::logging::AUDIT;

/// A change that a driver is asked for. Its line is written when it is dropped, so that there is one in any case.
pub(super) struct Change<'a> {
    request: &'a Request<'a>,
    user: String,
    result: &'static str,
    why: Option<String>,
}

impl<'a> Change<'a> {
    /// Begins a line for a change by this user; none if what is asked for is no change.
    pub(super) fn begin(request: &'a Request<'a>, user: &str) -> Option<Self> {
        request.operation.is_change().then(|| {
            let why = Some("The client went away before there was an answer.".into());
            Self { request, user: user.to_owned(), result: "unknown", why }
        })
    }

    /// Notes what the driver said.
    pub(super) fn note<T>(&mut self, result: Result<&T, &Error>) {
        (self.result, self.why) = match result {
            Ok(_) => ("done", None),
            Err(error) => (outcome(error.kind), Some(error.to_string())),
        };
    }

    /// Notes that the driver was not asked.
    pub(super) fn deny(&mut self, why: &str) {
        (self.result, self.why) = ("denied", Some(why.to_owned()));
    }
}

/// What a failure says of the change: a driver's contract is that all but two sorts of it have changed nothing.
fn outcome(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Timeout | ErrorKind::Unavailable => "unknown",
        ErrorKind::Invalid
        | ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::State
        | ErrorKind::Conflict
        | ErrorKind::Unsupported
        | ErrorKind::Refused
        | ErrorKind::Internal => "failed",
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let Request { head, operation, .. } = self.request;
        let (firewall, rule) = match operation {
            Operation::DeleteFirewall(id) | Operation::CreateRule(id) => (Some(id.text()), None),
            Operation::DeleteRule(id, rule) => (Some(id.text()), Some(rule.text())),
            _ => (None, None),
        };
        tracing::info!(
            target: AUDIT,
            user = self.user,
            peer = head.peer.map(tracing::field::display),
            driver = head.driver().id(),
            provider = head.provider_name(),
            change = operation.name(),
            firewall = firewall.as_deref(),
            rule = rule.as_deref(),
            parameters = self.request.known_parameters(),
            result = self.result,
            why = self.why,
            request_id = head.id,
            "change"
        );
    }
}
