//! What each operation takes and gives: the reference page and the OpenAPI document are made from this, and from the
//! tables of paths, parameters and failures that requests themselves go through.

use actix_web::http::StatusCode;

use super::error::Failure;
use super::parameter::{self, FORCE_AUTH, FORMAT, ID, PAGE_FORMAT, Parameter, SHOWN_DIRECTION, SHOWN_NAMES};
use super::path::{Method, Operation, Resource};

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
    /// What may stand in the query.
    pub(super) query: &'static [&'static Parameter],
    /// What stands in the body, or in the query.
    pub(super) body: &'static [&'static Parameter],
    pub(super) gives: Gives,
    /// What may go wrong, in the order of the statuses.
    pub(super) failures: Vec<Failure>,
    /// What follows `curl` for it; `API` is the entry point's URL, and `LOGIN` the credentials, where it needs any.
    pub(super) example: &'static str,
}

/// What the body of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    EntryPoint,
    Drivers,
    Driver,
    Firewalls,
    Firewall,
    /// The firewall, which is new or has a new rule.
    Made,
    /// Nothing, or a message where it takes time.
    Deletion,
    /// The same, but it never takes time.
    Nothing,
    /// Only HTML.
    Page,
    /// The OpenAPI document.
    Document,
}

impl Endpoint {
    /// The names of what the client fills in.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        self.template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

impl Description {
    pub(super) fn needs_credentials(&self) -> bool {
        self.failures.contains(&Failure::Authentication)
    }

    /// The status of success, and what it means.
    pub(super) fn success(&self) -> (StatusCode, &'static str) {
        match self.gives {
            Gives::Made => (StatusCode::CREATED, "the firewall as it is now"),
            Gives::Deletion => (StatusCode::NO_CONTENT, "it is gone; or 202 with a message, where that takes time"),
            Gives::Nothing => (StatusCode::NO_CONTENT, "it is gone"),
            _ => (StatusCode::OK, "here it is"),
        }
    }
}

/// What any request may meet.
const ALWAYS: [Failure; 4] = [Failure::Validation, Failure::NotAcceptable, Failure::Backend, Failure::Overloaded];
/// What a request that a driver is asked for may meet.
const ASKED: [Failure; 4] = [Failure::Authentication, Failure::Forbidden, Failure::Provider, Failure::ProviderTimeout];
/// What a request with a body may meet.
const WITH_BODY: [Failure; 3] = [Failure::TooSlow, Failure::TooLarge, Failure::UnsupportedBody];

/// Every operation that the API has, but for HEAD and OPTIONS, which all paths have.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (template, resource) in Resource::all() {
        for method in [Method::Get, Method::Post, Method::Delete] {
            let description = resource.operation(method).and_then(describe);
            endpoints.extend(description.map(|description| Endpoint { template, method, description }));
        }
    }
    endpoints
}

fn describe(operation: Operation<'_>) -> Option<Description> {
    let description = |id, summary, gives, query, example| Description {
        id,
        summary,
        query,
        body: &[],
        gives,
        failures: ALWAYS.to_vec(),
        example,
    };
    Some(match operation {
        Operation::ShowEntryPoint => description(
            "showEntryPoint",
            "Shows what there is, for the driver that is chosen; with force_auth, checks the credentials.",
            Gives::EntryPoint,
            &[&FORCE_AUTH, &FORMAT],
            "'API?format=json'",
        )
        .with(&ASKED),
        Operation::ListDrivers => description(
            "listDrivers",
            "Lists the drivers and their providers.",
            Gives::Drivers,
            &[&FORMAT],
            "'API/drivers?format=json'",
        ),
        Operation::ShowDriver(_) => description(
            "showDriver",
            "Shows a driver and where its providers are.",
            Gives::Driver,
            &[&FORMAT],
            "'API/drivers/mock?format=json'",
        )
        .with(&[Failure::NotFound]),
        Operation::ListFirewalls => description(
            "listFirewalls",
            "Lists the firewalls with their rules.",
            Gives::Firewalls,
            &[&ID, &SHOWN_DIRECTION, &FORMAT, &SHOWN_NAMES],
            "-u LOGIN 'API/firewalls?format=json'",
        )
        .with(&ASKED),
        Operation::CreateFirewall => description(
            "createFirewall",
            "Makes a firewall.",
            Gives::Made,
            &[&FORMAT],
            "-u LOGIN -d name=web -d 'description=Web servers' API/firewalls",
        )
        .taking(&parameter::NEW_FIREWALL)
        .with(&[Failure::NotFound, Failure::Conflict, Failure::NotSupported]),
        Operation::ShowFirewall(_) => description(
            "showFirewall",
            "Shows a firewall with its rules.",
            Gives::Firewall,
            &[&SHOWN_DIRECTION, &FORMAT],
            "-u LOGIN 'API/firewalls/default?format=json'",
        )
        .with(&ASKED)
        .with(&[Failure::NotFound]),
        Operation::DeleteFirewall(id) => {
            let (id, summary, example) = match id.is_a_page() {
                true => (
                    "deleteFirewallCalledNew",
                    "Deletes the firewall that is itself called as the page is.",
                    "-u LOGIN -X DELETE API/firewalls/new",
                ),
                false => (
                    "deleteFirewall",
                    "Deletes a firewall and its rules.",
                    "-u LOGIN -X DELETE API/firewalls/web",
                ),
            };
            description(id, summary, Gives::Deletion, &[&FORMAT], example)
        }
        .with(&ASKED)
        .with(&[Failure::NotFound, Failure::MethodNotAllowed, Failure::NotSupported]),
        Operation::CreateRule(_) => description(
            "createRule",
            "Adds a rule to a firewall. It needs at least one source.",
            Gives::Made,
            &[&FORMAT],
            "-u LOGIN -d protocol=tcp -d port_from=80 -d port_to=80 -d ip_address1=10.1.0.0/16 API/firewalls/default/rules",
        )
        .taking(&parameter::NEW_RULE)
        .with(&[Failure::NotFound, Failure::NotSupported]),
        Operation::DeleteRule(..) => description(
            "deleteRule",
            "Deletes a rule, by the id that its firewall shows, as it is or percent-encoded.",
            Gives::Nothing,
            &[&FORMAT],
            "-u LOGIN -X DELETE 'API/firewalls/default/393485797142~tcp~80~80~@address,ipv4,10.1.0.0,16'",
        )
        .with(&ASKED)
        .with(&[Failure::NotFound, Failure::MethodNotAllowed, Failure::NotSupported]),
        Operation::ShowNewFirewall => description(
            "showNewFirewall",
            "The page with the form for a firewall.",
            Gives::Page,
            &[&PAGE_FORMAT],
            "-u LOGIN 'API/firewalls/new?format=html'",
        )
        .with(&ASKED)
        .with(&[Failure::NotSupported]),
        Operation::ShowNewRule(_) => description(
            "showNewRule",
            "The page with the form for a rule.",
            Gives::Page,
            &[&PAGE_FORMAT],
            "-u LOGIN 'API/firewalls/default/new_rule?format=html'",
        )
        .with(&ASKED)
        .with(&[Failure::NotFound, Failure::NotSupported]),
        Operation::ShowReference => {
            description("showReference", "This page.", Gives::Page, &[&PAGE_FORMAT], "'API/docs?format=html'")
        }
        Operation::ShowOpenApi => {
            description("showOpenApi", "The same for programs, as OpenAPI 3.1.", Gives::Document, &[], "API/openapi.json")
        }
        Operation::Redirect | Operation::ShowAsset(_) | Operation::ShowMethods => return None,
    })
}

impl Description {
    /// The same, taking a body with these parameters to a driver.
    fn taking(self, body: &'static [&'static Parameter]) -> Self {
        Self { body, ..self }.with(&ASKED).with(&WITH_BODY)
    }

    /// The same, which may also meet these failures.
    fn with(mut self, failures: &[Failure]) -> Self {
        self.failures.extend_from_slice(failures);
        self.failures.sort_by_key(|failure| failure.appearance().status.as_u16());
        self
    }
}
