//! The pages.

use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use askama::Template;
use deltawall_core::{Driver, Firewall};

use super::render::render;
use super::{changes, firewall, form, plan};
use crate::dialects::deltacloud::answer::{FirewallPage, View};
use crate::dialects::deltacloud::error::ApiError;
use crate::dialects::deltacloud::examples::Examples;
use crate::dialects::deltacloud::features;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::operation::Method;
use crate::dialects::deltacloud::parameter::Parameter;
use crate::dialects::deltacloud::parameter_table::SHOWN_NAMES;
use crate::dialects::deltacloud::reference::{self, Description, Endpoint, Gives, Header};
use crate::dialects::deltacloud::shown_rules::ShownRules;

/// The body of an answer.
pub(in crate::dialects::deltacloud) fn view(view: &View, head: &Head<'_>) -> io::Result<Vec<u8>> {
    match view {
        View::EntryPoint | View::Drivers => {
            let drivers = head.gateway().registry.drivers();
            render(&Drivers { head, drivers: drivers.map(|driver| Choice::new(driver, head)).collect() })
        }
        View::Driver(driver) => render(&Drivers { head, drivers: vec![Choice::new(driver, head)] }),
        View::Firewalls(firewalls, shown) => render(&Firewalls::new(firewalls, *shown, head)),
        View::Firewall(one, shown) | View::Details(one, shown, _) => {
            let page = FirewallPage { firewall: Arc::clone(one), shown: *shown, members: None, hits: None, seen: None };
            render(&firewall::Page::new(&page, head))
        }
        View::Page(page) => render(&firewall::Page::new(page, head)),
        View::Plan(planned, form) => plan::page(planned, form.as_deref(), head),
        View::Explanation(one, explained) => plan::explanation(one, explained, head),
        View::Change(entry) => changes::one(entry, head),
        View::Changes(page, next) => changes::list(page, next.as_deref(), head),
        View::Drift(drift) => changes::drift(drift, head),
        View::Message(message) => render(&Message { head, message }),
        View::Form(form) => form::page(form, None, None, head).unwrap_or_else(|| Err(no_page())),
        View::Reference => render(&Reference::new(head)),
        View::OpenApi | View::Asset(_) => Err(no_page()),
    }
}

fn no_page() -> io::Error {
    io::Error::other("this has no page")
}

/// A page that says what went wrong: beside the form, where there was one.
pub(in crate::dialects::deltacloud) fn error(error: &ApiError, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let form = error.form.as_ref().and_then(|form| form::page(form, Some(error), None, head));
    form.unwrap_or_else(|| render(&Failed { head, error }))
}

/// The drivers that can be chosen, and their providers.
#[derive(Template)]
#[template(path = "drivers.html", config = ".askama.toml")]
struct Drivers<'a> {
    head: &'a Head<'a>,
    drivers: Vec<Choice>,
}

struct Choice {
    id: &'static str,
    name: &'static str,
    url: String,
    is_chosen: bool,
    features: Vec<&'static str>,
    providers: Vec<ProviderChoice>,
}

struct ProviderChoice {
    name: String,
    url: String,
    is_chosen: bool,
}

impl Choice {
    fn new(driver: &Arc<dyn Driver>, head: &Head<'_>) -> Self {
        let is_chosen = driver.id() == head.driver().id();
        let provider = |name: &str| ProviderChoice {
            name: name.to_owned(),
            url: head.urls.choosing(driver.id(), Some(name)),
            is_chosen: is_chosen && head.provider().is_some_and(|chosen| chosen.as_str() == name),
        };
        Self {
            id: driver.id(),
            name: driver.name(),
            url: head.urls.choosing(driver.id(), None),
            is_chosen,
            features: features::of_firewalls(driver.capabilities()).map(|feature| feature.name).collect(),
            providers: driver.providers().iter().map(|known| provider(known.name.as_str())).collect(),
        }
    }

    /// Whether its providers are in sight without being asked for: a few are, and so is the one in use.
    fn shows_providers(&self) -> bool {
        self.providers.len() <= 8 || self.providers.iter().any(|provider| provider.is_chosen)
    }
}

#[derive(Template)]
#[template(path = "firewalls.html", config = ".askama.toml")]
struct Firewalls<'a> {
    head: &'a Head<'a>,
    firewalls: Vec<&'a Firewall>,
    shown: ShownRules,
    /// What was typed into the filter.
    filter: &'a str,
    /// How many there are without it.
    total: usize,
    can_create: bool,
}

impl<'a> Firewalls<'a> {
    fn new(firewalls: &'a [Arc<Firewall>], shown: ShownRules, head: &'a Head<'a>) -> Self {
        let filter = head.query(SHOWN_NAMES.name).unwrap_or_default();
        let wanted = filter.trim().to_lowercase();
        let holds = |text: &str| text.to_lowercase().contains(&wanted);
        let is_wanted = |one: &&Firewall| {
            let description = one.description.as_ref().map_or("", |description| description.as_str());
            holds(one.name.as_str()) || holds(one.id.as_str()) || holds(description)
        };
        Self {
            head,
            total: firewalls.len(),
            firewalls: firewalls.iter().map(|one| &**one).filter(is_wanted).collect(),
            shown,
            filter,
            can_create: head.driver().capabilities().firewalls.create,
        }
    }

    fn rules(&self, firewall: &Firewall) -> usize {
        firewall.rules.iter().filter(|rule| self.shown.has(rule)).count()
    }
}

#[derive(Template)]
#[template(path = "message.html", config = ".askama.toml")]
struct Message<'a> {
    head: &'a Head<'a>,
    message: &'a str,
}

#[derive(Template)]
#[template(path = "failed.html", config = ".askama.toml")]
struct Failed<'a> {
    head: &'a Head<'a>,
    error: &'a ApiError,
}

#[derive(Template)]
#[template(path = "reference.html", config = ".askama.toml")]
struct Reference<'a> {
    head: &'a Head<'a>,
    examples: Examples<'a>,
    endpoints: Vec<Endpoint>,
}

/// A parameter as the page shows it.
struct Row<'a> {
    name: &'a str,
    is_required: bool,
    meaning: String,
    example: &'a str,
}

impl<'a> Reference<'a> {
    fn new(head: &'a Head<'a>) -> Self {
        let mut endpoints = reference::endpoints(head.driver().capabilities());
        // What every path has is said once.
        endpoints.retain(|endpoint| endpoint.method != Method::Options);
        Self { head, examples: Examples::new(head), endpoints }
    }

    /// The parameters by where they stand.
    fn groups(&self, endpoint: &Endpoint) -> [(&'static str, Vec<Row<'static>>); 3] {
        let in_path = endpoint.placeholders().map(|name| Row {
            name,
            is_required: true,
            meaning: reference::meaning(name).to_owned(),
            example: self.examples.segment(endpoint, name),
        });
        let row = |parameter: &&'static Parameter| Row {
            name: parameter.name,
            is_required: parameter.is_required,
            meaning: format!("{} {}", parameter.meaning, parameter.syntax),
            example: self.examples.value(endpoint, parameter),
        };
        [
            ("in the path", in_path.collect()),
            ("in the query", endpoint.description.query.iter().map(row).collect()),
            (
                if endpoint.description.takes_rule_set { "in the body" } else { "in the body or the query" },
                endpoint.description.body.iter().map(row).collect(),
            ),
        ]
    }

    /// The statuses, each with its meaning and headers.
    fn statuses(endpoint: &Endpoint) -> Vec<(StatusCode, &'static str, &'static [Header])> {
        let Description { gives, failures, .. } = &endpoint.description;
        let successes = gives.successes().iter().map(|success| (success.status, success.meaning, success.headers));
        let failures = failures.iter().map(|failure| {
            let appearance = failure.appearance();
            (appearance.status, appearance.meaning, reference::headers(*failure))
        });
        successes.chain(failures).collect()
    }
}
