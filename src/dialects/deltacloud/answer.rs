//! What a handler has found, in no format yet.

use std::sync::Arc;

use actix_web::http::StatusCode;
use deltawall_core::{Driver, Explanation, Firewall, Hits, Member};

use super::error::ApiError;
use super::filled_in::FilledIn;
use super::html::Asset;
use super::shown_rules::ShownRules;
use crate::changes::Planned;
use crate::changes::entry::{Drift, Entry, Page};
use crate::clock::Timestamp;
use crate::store::ChangeId;

/// It: a status, and what there is to show.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) location: Option<String>,
    /// Where a person goes on at a browser, once what they asked for is done.
    pub(super) next: Option<String>,
    pub(super) allow: Option<String>,
    pub(super) view: Option<View>,
    /// The change that was made, where the client is told of it.
    pub(super) change: Option<Journaled>,
}

/// How a change stands in the journal.
pub(super) struct Journaled {
    pub(super) id: ChangeId,
    /// Until when it has to be confirmed, where it is tried.
    pub(super) confirm_by: Option<Timestamp>,
}

/// What the body of an answer shows.
pub(super) enum View {
    EntryPoint,
    Drivers,
    Driver(Arc<dyn Driver>),
    Firewalls(Vec<Arc<Firewall>>, ShownRules),
    Firewall(Arc<Firewall>, ShownRules),
    /// The same, with more about it.
    Details(Arc<Firewall>, ShownRules, Details),
    /// The same for people.
    Page(Box<FirewallPage>),
    /// What a change would do, on a page with the form that makes it.
    Plan(Box<Planned>, Option<Box<FilledIn>>),
    /// What becomes of a packet.
    Explanation(Arc<Firewall>, Explanation),
    /// A change.
    Change(Box<Entry>),
    /// Some changes, and where those are that stand behind them.
    Changes(Page, Option<String>),
    /// What others did to a firewall.
    Drift(Box<Drift>),
    /// What has become of a deletion that takes time.
    Message(String),
    /// A form to fill in.
    Form(FilledIn),
    /// What the API has.
    Reference,
    /// The same for programs.
    OpenApi,
    Asset(&'static Asset),
}

/// What else was asked for about a firewall.
pub(super) struct Details {
    /// Who stands behind it.
    pub(super) members: Option<Vec<Member>>,
    /// What each of its rules has matched, in their order.
    pub(super) hits: Option<Vec<Hits>>,
}

/// A firewall as people look at it.
pub(super) struct FirewallPage {
    pub(super) firewall: Arc<Firewall>,
    pub(super) shown: ShownRules,
    /// Who stands behind it, where the driver can tell, or why that could not be told.
    pub(super) members: Option<Result<Vec<Member>, ApiError>>,
    /// What each of its rules has matched, in their order, where the driver counts.
    pub(super) hits: Option<Vec<Hits>>,
    /// What stands for the firewall in the forms of the page.
    pub(super) seen: Option<String>,
}

impl Answer {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, location: None, next: None, allow: None, view: None, change: None }
    }

    pub(super) fn ok(view: View) -> Self {
        Self { view: Some(view), ..Self::empty(StatusCode::OK) }
    }

    pub(super) fn created(view: View) -> Self {
        Self { view: Some(view), ..Self::empty(StatusCode::CREATED) }
    }

    pub(super) fn accepted(view: View) -> Self {
        Self { view: Some(view), ..Self::empty(StatusCode::ACCEPTED) }
    }

    pub(super) fn redirect(url: String) -> Self {
        Self::empty(StatusCode::FOUND).at(url)
    }

    pub(super) fn allowing(methods: String) -> Self {
        Self { allow: Some(methods), ..Self::empty(StatusCode::OK) }
    }

    /// The same answer, after which a person goes on here.
    pub(super) fn then(self, url: String) -> Self {
        Self { next: Some(url), ..self }
    }

    /// The same answer, saying by which change it came about.
    pub(super) fn journaled(self, change: Option<Journaled>) -> Self {
        Self { change, ..self }
    }

    /// The same answer, saying where the thing is that it is about.
    pub(super) fn at(self, url: String) -> Self {
        Self { location: Some(url), ..self }
    }
}
