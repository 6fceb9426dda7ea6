//! The audit: two lines for each change, before and after a driver is asked for it, with who, what, where and what became
//! of it; and one for each failed login.

use std::net::IpAddr;

use deltawall_core::{Error, ErrorKind};

use crate::logging::{AUDIT, LOGIN};
use crate::text::shown;

/// Which request it is, and where it comes from and goes: what all of its lines say.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// What it is called.
    pub id: &'a str,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
    /// The id of the driver.
    pub driver: &'static str,
    /// The provider.
    pub provider: &'a str,
}

/// What somebody asks to be changed, as far as it is known.
#[derive(Debug, Clone)]
pub struct Subject {
    /// What is done, in a word.
    pub change: &'static str,
    /// The firewall.
    pub firewall: Option<String>,
    /// Its rule.
    pub rule: Option<String>,
    /// How it is to be, in one line.
    pub parameters: Option<String>,
}

/// A change that somebody asks for. Its line is written when it is dropped, so that there is one in any case.
#[derive(Debug)]
pub struct Change<'a> {
    asker: Asker<'a>,
    user: String,
    subject: Subject,
    /// What it is called in the journal.
    id: Option<String>,
    result: &'static str,
    why: Option<String>,
}

impl<'a> Change<'a> {
    /// One that this user asks for.
    pub fn new(asker: Asker<'a>, user: &str, subject: Subject) -> Self {
        let mut change = Self { asker, user: shown(user).into_owned(), subject, id: None, result: "", why: None };
        change.deny("The client went away before the driver was asked.");
        change
    }

    /// Names it as the journal does.
    pub fn name(&mut self, id: &str) {
        self.id = Some(id.to_owned());
    }

    /// Writes that the driver is now asked, so that what is cut off can be seen.
    pub fn begin(&mut self) {
        (self.result, self.why) = ("begun", None);
        self.write();
        (self.result, self.why) = ("unknown", Some("The client went away before there was an answer.".into()));
    }

    /// Notes what the driver said.
    pub fn note<T>(&mut self, result: Result<&T, &Error>) {
        (self.result, self.why) = match result {
            Ok(_) => ("done", None),
            Err(error) => (outcome(error.kind), Some(error.to_string())),
        };
    }

    /// Notes that the driver was not asked.
    pub fn deny(&mut self, why: &str) {
        (self.result, self.why) = ("denied", Some(why.to_owned()));
    }

    fn write(&self) {
        let Self { asker, subject, .. } = self;
        tracing::info!(
            target: AUDIT,
            user = self.user,
            peer = asker.peer.map(tracing::field::display),
            driver = asker.driver,
            provider = asker.provider,
            change = subject.change,
            change_id = self.id,
            firewall = subject.firewall,
            rule = subject.rule,
            parameters = subject.parameters,
            result = self.result,
            why = self.why,
            request_id = asker.id,
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
pub fn failed_login(asker: Asker<'_>, user: &str) {
    tracing::info!(
        name: LOGIN,
        target: AUDIT,
        user = &*shown(user),
        peer = asker.peer.map(tracing::field::display),
        driver = asker.driver,
        provider = asker.provider,
        result = "failed",
        request_id = asker.id,
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
        | ErrorKind::Blocked
        | ErrorKind::Unrecorded
        | ErrorKind::Overloaded
        | ErrorKind::Internal => "failed",
    }
}
