//! The XML views, to the byte as Deltacloud's: single quotes, attributes in alphabetical order, two spaces a level.

mod change;
mod document;
mod firewall;
mod plan;

use std::io;
use std::sync::Arc;

use deltawall_core::{Capabilities, Driver, Firewall};

use super::answer::View;
use super::error::ApiError;
use super::features;
use super::format::Format;
use super::head::Head;
use super::path::Path;
use super::representation::{Endings, Place, Representation};
use super::shown_rules::ShownRules;
use super::urls::Urls;
use super::version::VERSION;
use crate::text::cut;
use change::{change, changes, drift};
use document::Document;
use firewall::firewall;
use plan::{explanation, plan};

/// What documents begin with, but for those about the API itself.
const PROLOG: &str = "<?xml version='1.0' encoding='utf-8' ?>\n";

/// How much of what was asked for a failure repeats, in characters.
const MAX_TARGET: usize = 500;

/// How long a document about one thing may be expected to be, and how much each firewall and each rule add to it. Most
/// are shorter, and none is cut.
const LENGTH: usize = 1024;
const FIREWALL_LENGTH: usize = 768;
const RULE_LENGTH: usize = 640;

/// The body of an answer.
pub(super) fn view(view: &View, head: &Head<'_>) -> io::Result<Vec<u8>> {
    if let Some(of) = Representation::of(view, Format::Xml, head) {
        return Ok(firewalls(&of));
    }
    let mut document = Document::new("", LENGTH);
    match view {
        View::EntryPoint => entry_point(&mut document, head),
        View::Drivers => {
            document.open("drivers", &[]);
            for driver in head.gateway().registry.drivers() {
                driver_in_list(&mut document, &**driver, head);
            }
            document.close("drivers");
        }
        View::Driver(driver) => driver_alone(&mut document, &**driver, head),
        View::Plan(planned, _) => {
            document = Document::new(PROLOG, LENGTH);
            plan(&mut document, planned, head);
        }
        View::Explanation(firewall, explained) => {
            document = Document::new(PROLOG, LENGTH);
            explanation(&mut document, firewall, explained, head);
        }
        View::Change(entry) => {
            document = Document::new(PROLOG, LENGTH);
            change(&mut document, entry, head);
        }
        View::Changes(page, next) => {
            document = Document::new(PROLOG, LENGTH);
            changes(&mut document, page, next.as_deref(), head);
        }
        View::Drift(told) => {
            document = Document::new(PROLOG, LENGTH);
            drift(&mut document, told, head);
        }
        View::Message(message) => {
            document = Document::new(PROLOG, LENGTH);
            document.cdata("message", message);
        }
        _ => return Err(io::Error::other("this has no XML")),
    }
    Ok(document.finish())
}

/// The XML of a list of firewalls, as clients of the API at this origin get it. A benchmark's way past what was written
/// before.
pub fn firewalls_xml(all: &[Arc<Firewall>], capabilities: Capabilities, origin: &str) -> Vec<u8> {
    let urls = Urls::new(&[origin], &Path::default());
    let (format, place, shown) = (Format::Xml, Place::List, ShownRules::All);
    let (members, hits, endings) = (None, None, Vec::new());
    firewalls(&Representation {
        format,
        place,
        firewalls: all,
        shown,
        members,
        hits,
        endings,
        capabilities,
        urls: &urls,
    })
}

/// One firewall, or a list of them.
pub(super) fn firewalls(of: &Representation<'_>) -> Vec<u8> {
    let lengths = of.firewalls.iter().map(|one| FIREWALL_LENGTH + one.rules.len() * RULE_LENGTH);
    let mut document = Document::new(PROLOG, LENGTH + lengths.sum::<usize>());
    if of.place == Place::List {
        document.open("firewalls", &[]);
    }
    let none = Endings::default();
    for (index, one) in of.firewalls.iter().enumerate() {
        firewall(&mut document, one, of.endings.get(index).unwrap_or(&none), of);
    }
    if of.place == Place::List {
        document.close("firewalls");
    }
    document.finish()
}

/// The body of a failure of what was asked at this path.
pub(super) fn error(error: &ApiError, target: &str, head: &Head<'_>) -> Vec<u8> {
    let appearance = error.failure.appearance();
    let code = appearance.status.as_str();
    let mut document = Document::new(PROLOG, LENGTH);
    document.open("error", &[("status", code), ("url", &cut(target.into(), MAX_TARGET))]);
    document.text("kind", appearance.kind);
    document.open("backend", &[("driver", head.driver().id()), ("provider", head.provider_name())]);
    document.text("code", code);
    document.close("backend");
    document.text("code", code);
    document.cdata("message", &error.message);
    document.close("error");
    document.finish()
}

fn entry_point(document: &mut Document, head: &Head<'_>) {
    let mut attributes = vec![("driver", head.driver().id())];
    if let Some(provider) = head.provider() {
        attributes.push(("provider", provider.as_str()));
    }
    attributes.push(("version", VERSION));
    document.open("api", &attributes);
    document.open("link", &[("href", &head.urls.drivers()), ("rel", "drivers")]);
    document.close("link");
    document.open("link", &[("href", &head.urls.firewalls()), ("rel", "firewalls")]);
    for feature in features::of_firewalls(head.driver().capabilities()) {
        document.open("feature", &[("name", feature.name), ("rel", feature.rel)]);
        document.empty("param", &[("name", feature.parameter)]);
        document.close("feature");
    }
    document.close("link");
    if head.changes.is_on() {
        document.open("link", &[("href", &head.urls.changes()), ("rel", "changes")]);
        document.close("link");
    }
    document.close("api");
}

fn driver_in_list(document: &mut Document, driver: &dyn Driver, head: &Head<'_>) {
    document.open("driver", &[("href", &head.urls.driver(driver.id())), ("id", driver.id())]);
    document.text("name", driver.name());
    for provider in driver.providers() {
        document.leaf("provider", &[("id", provider.name.as_str())]);
    }
    document.close("driver");
}

fn driver_alone(document: &mut Document, driver: &dyn Driver, head: &Head<'_>) {
    document.open("driver", &[("href", &head.urls.driver(driver.id())), ("id", driver.id())]);
    document.text("name", driver.name());
    for provider in driver.providers() {
        document.open("provider", &[("id", provider.name.as_str())]);
        document.start("entrypoint", &[("kind", driver.id())]);
        document.cdata_content(&provider.entrypoint);
        document.close("entrypoint");
        document.close("provider");
    }
    document.close("driver");
}
