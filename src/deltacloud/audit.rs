//! The audit: two lines for each change, before and after a driver is asked for it, with who, what, where and what became
//! of it; and one for each failed login.

use std::borrow::Cow;

use deltawall_core::{Error, ErrorKind};

use super::parameters::shown;
use super::path::Operation;
use super::request::{Head, Request};
use crate::logging::{AUDIT, LOGIN};

/// A change that somebody asks for. Its line is written when it is dropped, so that there is one in any case.
pub(super) struct Change<'a> {
    request: &'a Request<'a>,
    user: String,
    firewall: Option<String>,
    rule: Option<String>,
    parameters: Option<String>,
    result: &'static str,
    why: Option<String>,
}

impl<'a> Change<'a> {
    /// The lines for a change by this user; none if what is asked for is no change.
    pub(super) fn of(request: &'a Request<'a>, user: &str) -> Option<Self> {
        if !request.operation.is_change() {
            return None;
        }
        let (firewall, rule) = match request.operation {
            Operation::DeleteFirewall(id) | Operation::CreateRule(id) => (Some(id.text()), None),
            Operation::DeleteRule(id, rule) => (Some(id.text()), Some(rule.text())),
            _ => (None, None),
        };
        let [firewall, rule] = [firewall, rule].map(|id| id.map(Cow::into_owned));
        let (user, parameters) = (shown(user).into_owned(), request.known_parameters());
        let mut change = Self { request, user, firewall, rule, parameters, result: "", why: None };
        change.deny("The client went away before the driver was asked.");
        Some(change)
    }

    /// Writes that the driver is now asked, so that what is cut off can be seen.
    pub(super) fn begin(&mut self) {
        (self.result, self.why) = ("begun", None);
        self.write();
        (self.result, self.why) = ("unknown", Some("The client went away before there was an answer.".into()));
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

    fn write(&self) {
        let Request { head, operation, .. } = self.request;
        tracing::info!(
            target: AUDIT,
            user = self.user,
            peer = head.peer.map(tracing::field::display),
            driver = head.driver().id(),
            provider = head.provider_name(),
            change = operation.name(),
            firewall = self.firewall,
            rule = self.rule,
            parameters = self.parameters,
            result = self.result,
            why = self.why,
            request_id = head.id,
            "change"
        );
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.write();
    }
}

/// Writes that somebody is not the user that it says it is.
pub(super) fn failed_login(head: &Head<'_>, user: &str) {
    tracing::info!(
        name: LOGIN,
        target: AUDIT,
        user = &*shown(user),
        peer = head.peer.map(tracing::field::display),
        driver = head.driver().id(),
        provider = head.provider_name(),
        result = "failed",
        request_id = head.id,
        "login"
    );
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
        | ErrorKind::Overloaded
        | ErrorKind::Internal => "failed",
    }
}
