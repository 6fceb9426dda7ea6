//! What each operation takes and gives: the reference page and the OpenAPI document are made from this, and from the
//! tables of paths, parameters and failures that requests themselves go through.

use actix_web::http::StatusCode;
use deltawall_core::Capabilities;

use super::change_parameters::{CONFIRM_WITHIN, EXPIRES_AT, EXPIRES_IN, WHY};
use super::error::Failure;
use super::features;
use super::format::Format;
use super::operation::{Method, Operation};
use super::parameter::Parameter;
use super::parameter_table::{
    ALLOW_GAP, COUNTERS, DRY_RUN, EXPLAIN, FIREWALL_DESCRIPTION, FORCE_AUTH, FORMAT, ID, IP_ADDRESS, MEMBERS, NAME,
    NEW_FIREWALL, NEW_FORMAT, NEW_RULE, PAGE_FORMAT, PORT_FROM, PORT_TO, PROTOCOL, RULE_SET, SHOWN_DIRECTION,
    SHOWN_NAMES,
};
use super::path::Resource;

/// A method of a path.
pub(super) struct Endpoint {
    /// With `{…}` for what the client fills in.
    pub(super) template: &'static str,
    pub(super) method: Method,
    pub(super) description: Description,
}

/// What an operation takes and gives.
pub(super) struct Description {
    /// A name for programs, in camel case.
    pub(super) id: &'static str,
    /// What it does, in a sentence.
    pub(super) summary: &'static str,
    /// The formats of its answers, where the client has a choice of format, driver and provider.
    pub(super) formats: Option<&'static [Format]>,
    /// What may stand in the query.
    pub(super) query: Vec<&'static Parameter>,
    /// What stands in the body, or in the query.
    pub(super) body: &'static [&'static Parameter],
    /// Whether the body is a rule set: JSON or XML of its own, and nothing that may be in the query.
    pub(super) takes_rule_set: bool,
    /// As much of that as makes an example.
    pub(super) example: &'static [&'static Parameter],
    pub(super) gives: Gives,
    /// What may go wrong, in the order of the statuses.
    pub(super) failures: Vec<Failure>,
    /// What the driver would have to be able to do for it, and cannot.
    pub(super) lacking: Option<&'static str>,
}

/// What the body of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    EntryPoint,
    Drivers,
    Driver,
    Firewalls,
    Firewall,
    /// The firewall, which is new.
    NewFirewall,
    /// The firewall, which has a new rule.
    NewRule,
    /// The firewall, whose rules are others.
    Replaced,
    /// Nothing, or a message where it takes time.
    Deletion,
    /// The same, but it never takes time.
    Nothing,
    /// Only HTML.
    Page,
    /// The OpenAPI document.
    Document,
    /// What pages load.
    Asset,
    /// Nothing: the methods are in a header.
    Methods,
}

/// A way to succeed.
pub(super) struct Success {
    pub(super) status: StatusCode,
    pub(super) meaning: &'static str,
    /// The headers that it has besides those that all answers have.
    pub(super) headers: &'static [Header],
}

/// A header of answers.
pub(super) struct Header {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

/// The headers that any answer has.
pub(super) const HEADERS: [Header; 6] = [
    Header {
        name: "Cache-Control",
        meaning: "How long the answer may be kept without asking again; no-store where it must not be kept.",
    },
    Header { name: "Vary", meaning: "The headers of requests that choose between answers." },
    Header {
        name: "X-Request-Id",
        meaning: "What the request is called in the log: as it called itself, or else a new id.",
    },
    Header { name: "X-Deltacloud-Driver", meaning: "The driver that was chosen." },
    Header { name: "X-Deltacloud-Provider", meaning: "The provider, where one was chosen." },
    Header { name: "X-Backend-Runtime", meaning: "How many seconds the driver took, where it was asked." },
];

const ALLOW: Header = Header { name: "Allow", meaning: "The methods that there are, or are allowed now." };
const ETAG: Header = Header { name: "ETag", meaning: "What stands for this answer in If-None-Match." };
const LOCATION: Header = Header { name: "Location", meaning: "Where the new firewall is, or the page to go on with." };
const RETRY_AFTER: Header = Header { name: "Retry-After", meaning: "In how many seconds to try again." };
const WWW_AUTHENTICATE: Header =
    Header { name: "WWW-Authenticate", meaning: "HTTP Basic, and whose credentials are asked for." };

const SHOWN: Success = Success { status: StatusCode::OK, meaning: "here it is", headers: &[ETAG] };
const UNCHANGED: Success = Success {
    status: StatusCode::NOT_MODIFIED,
    meaning: "it is still what had the ETag that If-None-Match says",
    headers: &[ETAG],
};
const METHODS: Success = Success { status: StatusCode::OK, meaning: "the methods are in Allow", headers: &[ALLOW] };
const MADE: Success = Success { status: StatusCode::CREATED, meaning: "the new firewall", headers: &[ETAG, LOCATION] };
const ADDED: Success = Success { status: StatusCode::CREATED, meaning: "the firewall as it is now", headers: &[ETAG] };
const REPLACED: Success = Success {
    status: StatusCode::OK,
    meaning: "the firewall as it is now; with dry_run=true, the plan",
    headers: &[ETAG],
};
const PLANNED: Success =
    Success { status: StatusCode::OK, meaning: "with dry_run=true, the plan: what it would do", headers: &[] };
const ACCEPTED: Success =
    Success { status: StatusCode::ACCEPTED, meaning: "it will be gone, and the message says when", headers: &[] };
const GONE: Success = Success { status: StatusCode::NO_CONTENT, meaning: "it is gone", headers: &[] };
const DONE: Success = Success {
    status: StatusCode::SEE_OTHER,
    meaning: "it is done, and Location is the page to go on with: what a browser gets instead",
    headers: &[LOCATION],
};

impl Endpoint {
    /// The names of what the client fills in.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        self.template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl Description {
    /// The headers of a request that choose its answer, each with its meaning.
    pub(super) fn request_headers(&self) -> Vec<(&'static str, &'static str)> {
        let mut headers = Vec::new();
        if self.formats.is_some() {
            headers.push(("X-Deltacloud-Driver", "The driver to use, where the path chooses none."));
            headers.push(("X-Deltacloud-Provider", "The provider to use, where the path chooses none."));
        }
        if self.gives.successes().iter().any(|success| success.status == StatusCode::NOT_MODIFIED) {
            headers.push(("If-None-Match", "The ETag of an answer that the client still has."));
        }
        if self.failures.contains(&Failure::Changed) {
            headers.push((
                "If-Match",
                "The ETag of the firewall that is to be changed; it is not, where it has changed since.",
            ));
        }
        headers
    }

    pub(super) fn needs_credentials(&self) -> bool {
        self.failures.contains(&Failure::Authentication)
    }
}

impl Gives {
    /// The ways to succeed, in the order of the statuses.
    pub(super) fn successes(self) -> &'static [Success] {
        match self {
            Self::NewFirewall => &[PLANNED, MADE, DONE],
            Self::NewRule => &[PLANNED, ADDED, DONE],
            Self::Replaced => &[REPLACED],
            Self::Deletion => &[PLANNED, ACCEPTED, GONE, DONE],
            Self::Nothing => &[PLANNED, GONE, DONE],
            Self::Methods => &[METHODS],
            _ => &[SHOWN, UNCHANGED],
        }
    }
}

/// The headers that a failure has besides those that all answers have.
pub(super) fn headers(failure: Failure) -> &'static [Header] {
    match failure {
        Failure::Authentication => &[WWW_AUTHENTICATE],
        Failure::MethodNotAllowed => &[ALLOW],
        Failure::Overloaded => &[RETRY_AFTER],
        _ => &[],
    }
}

/// What stands for a placeholder of a path.
pub(super) fn meaning(placeholder: &str) -> &'static str {
    match placeholder {
        "driver" => "A driver.",
        "name" => "A file that pages load.",
        "rule" => "A rule, by the id that its firewall shows, as it is or percent-encoded.",
        _ => "A firewall, by its id.",
    }
}

/// Every operation that the API has, for a driver that can do this. HEAD is where GET is.
pub(super) fn endpoints(can: Capabilities) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (template, resource) in Resource::all().filter(|(_, resource)| !resource.is_undescribed()) {
        for method in [Method::Get, Method::Post, Method::Put, Method::Delete, Method::Options] {
            let description = resource.operation(method).and_then(|operation| describe(operation, can));
            endpoints.extend(description.map(|description| Endpoint { template, method, description }));
        }
    }
    endpoints
}

fn describe(operation: Operation<'_>, can: Capabilities) -> Option<Description> {
    let (id, gives, summary) = match operation {
        Operation::Redirect
        | Operation::ShowEditRule(..)
        | Operation::EditRule(..)
        | Operation::MoveRule(..)
        | Operation::ListChanges
        | Operation::ShowChange(_)
        | Operation::ConfirmChange(_)
        | Operation::UndoChange(_)
        | Operation::ShowDrift(_)
        | Operation::SettleDrift(_) => return None,
        Operation::ShowEntryPoint => (
            "showEntryPoint",
            Gives::EntryPoint,
            "Shows what there is, for the driver that is chosen; with force_auth, checks the credentials.",
        ),
        Operation::ListDrivers => ("listDrivers", Gives::Drivers, "Lists the drivers and their providers."),
        Operation::ShowDriver(_) => ("showDriver", Gives::Driver, "Shows a driver and where its providers are."),
        Operation::ListFirewalls => ("listFirewalls", Gives::Firewalls, "Lists the firewalls with their rules."),
        Operation::CreateFirewall => ("createFirewall", Gives::NewFirewall, "Makes a firewall."),
        Operation::ShowFirewall(_) => ("showFirewall", Gives::Firewall, "Shows a firewall with its rules."),
        Operation::DeleteFirewall(id) if id.is_a_page() => {
            ("deleteFirewallCalledNew", Gives::Deletion, "Deletes the firewall that is itself called as the page is.")
        }
        Operation::DeleteFirewall(_) => ("deleteFirewall", Gives::Deletion, "Deletes a firewall and its rules."),
        Operation::CreateRule(_) => {
            ("createRule", Gives::NewRule, "Adds a rule to a firewall. It needs at least one source.")
        }
        Operation::ReplaceRules(_) => (
            "replaceRules",
            Gives::Replaced,
            "Makes a firewall's rules exactly these; nothing is changed where they are already. Only rules of the directions that GET \
             with the same query shows are replaced.",
        ),
        Operation::DeleteRule(..) => ("deleteRule", Gives::Nothing, "Deletes a rule."),
        Operation::ShowNewFirewall(_) => (
            "showNewFirewall",
            Gives::Firewall,
            "The page with the form for a firewall, with what the query has of its parameters. In XML and JSON: the firewall that is itself called so.",
        ),
        Operation::ShowNewRule(_) => (
            "showNewRule",
            Gives::Page,
            "The page with the form for a rule. What the query has of a rule's parameters is filled in.",
        ),
        Operation::ShowReference => ("showReference", Gives::Page, "This page."),
        Operation::ShowOpenApi => ("showOpenApi", Gives::Document, "The same for programs, as OpenAPI 3.1."),
        Operation::ShowAsset(_) => ("showAsset", Gives::Asset, "A file that pages load."),
        Operation::ShowMethods => ("showMethods", Gives::Methods, "Says which methods there are."),
    };
    let (body, example): (&[_], &[_]) = match operation {
        Operation::CreateFirewall => (&NEW_FIREWALL, &[&NAME, &FIREWALL_DESCRIPTION]),
        Operation::CreateRule(_) => (&NEW_RULE, &[&PROTOCOL, &PORT_FROM, &PORT_TO, &IP_ADDRESS]),
        Operation::ReplaceRules(_) => (&RULE_SET, &[]),
        _ => (&[], &[]),
    };
    Some(Description {
        id,
        summary,
        formats: operation.formats(),
        query: query(operation),
        body,
        takes_rule_set: gives == Gives::Replaced,
        example,
        gives,
        failures: failures(operation),
        lacking: features::lacking(operation, can),
    })
}

fn query(operation: Operation<'_>) -> Vec<&'static Parameter> {
    let mut query: Vec<&'static Parameter> = match operation {
        Operation::ShowEntryPoint => vec![&FORCE_AUTH],
        Operation::ListFirewalls => vec![&ID, &SHOWN_DIRECTION, &SHOWN_NAMES],
        Operation::ShowFirewall(_) => vec![&SHOWN_DIRECTION, &MEMBERS, &COUNTERS, &EXPLAIN],
        Operation::ReplaceRules(_) => {
            vec![&SHOWN_DIRECTION, &ALLOW_GAP, &DRY_RUN, &CONFIRM_WITHIN, &EXPIRES_IN, &EXPIRES_AT, &WHY]
        }
        Operation::CreateRule(_) => vec![&DRY_RUN, &CONFIRM_WITHIN, &EXPIRES_IN, &EXPIRES_AT, &WHY],
        Operation::CreateFirewall | Operation::DeleteRule(..) => vec![&DRY_RUN, &CONFIRM_WITHIN, &WHY],
        change if change.is_change() => vec![&DRY_RUN, &WHY],
        Operation::ShowNewFirewall(_) => return vec![&SHOWN_DIRECTION, &MEMBERS, &COUNTERS, &EXPLAIN, &NEW_FORMAT],
        _ => Vec::new(),
    };
    match operation.formats() {
        Some([Format::Html]) => query.push(&PAGE_FORMAT),
        Some(_) => query.push(&FORMAT),
        None => {}
    }
    query
}

/// What may go wrong, in the order of the statuses.
fn failures(operation: Operation<'_>) -> Vec<Failure> {
    let mut failures = vec![Failure::Backend, Failure::Overloaded];
    if operation.formats().is_some() {
        failures.extend([Failure::Validation, Failure::NotAcceptable]);
    }
    if features::lacking(operation, Capabilities::default()).is_some() {
        failures.push(Failure::NotSupported);
    }
    let asked = [Failure::Authentication, Failure::Forbidden, Failure::Provider, Failure::ProviderTimeout];
    // A method override may name a method that is not there.
    let posted_whole = [Failure::TooSlow, Failure::TooLarge, Failure::UnsupportedBody];
    let posted = [Failure::TooSlow, Failure::TooLarge, Failure::UnsupportedBody, Failure::MethodNotAllowed];
    let own: &[&[Failure]] = match operation {
        Operation::ShowEntryPoint | Operation::ListFirewalls => &[&asked],
        // Not every driver can tell of members, or counts.
        Operation::ShowFirewall(_) | Operation::ShowNewFirewall(_) => {
            &[&asked, &[Failure::NotFound, Failure::NotSupported]]
        }
        Operation::ShowNewRule(_) => &[&asked, &[Failure::NotFound]],
        Operation::CreateFirewall => &[&asked, &posted, &[Failure::NotFound, Failure::Conflict]],
        Operation::CreateRule(_) => &[&asked, &posted, &[Failure::NotFound]],
        Operation::ReplaceRules(_) => &[&asked, &posted_whole, &[Failure::NotFound, Failure::Conflict]],
        Operation::DeleteFirewall(_) | Operation::DeleteRule(..) => {
            &[&asked, &[Failure::NotFound, Failure::MethodNotAllowed]]
        }
        Operation::ShowDriver(_) | Operation::ShowAsset(_) => &[&[Failure::NotFound]],
        _ => &[],
    };
    if operation.is_change() {
        failures.extend([Failure::Blocked, Failure::Changed, Failure::Unrecorded]);
    }
    failures.extend(own.iter().copied().flatten());
    failures.sort_by_key(|failure| failure.appearance().status.as_u16());
    failures
}
