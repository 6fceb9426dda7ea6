//! The XML views, to the byte as Deltacloud's: single quotes, attributes in alphabetical order, two spaces a level.

mod document;

use std::io;
use std::sync::Arc;

use deltawall_core::{Capabilities, Driver, Firewall, Rule, Source};

use super::answer::View;
use super::error::ApiError;
use super::features;
use super::format::Format;
use super::head::Head;
use super::path::Path;
use super::representation::{Place, Representation};
use super::shown_rules::ShownRules;
use super::urls::Urls;
use super::version::VERSION;
use crate::text::cut;
use document::Document;

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
    firewalls(&Representation { format, place, firewalls: all, shown, capabilities, urls: &urls })
}

/// One firewall, or a list of them.
pub(super) fn firewalls(of: &Representation<'_>) -> Vec<u8> {
    let lengths = of.firewalls.iter().map(|one| FIREWALL_LENGTH + one.rules.len() * RULE_LENGTH);
    let mut document = Document::new(PROLOG, LENGTH + lengths.sum::<usize>());
    if of.place == Place::List {
        document.open("firewalls", &[]);
    }
    for one in of.firewalls {
        firewall(&mut document, one, of);
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

impl Place {
    /// A link to what can be done. Only in a list does it repeat the id.
    fn action(self, document: &mut Document, href: &str, id: &str, method: &str, rel: &str) {
        match self {
            Self::List => document.empty("link", &[("href", href), ("id", id), ("method", method), ("rel", rel)]),
            Self::Alone => document.empty("link", &[("href", href), ("method", method), ("rel", rel)]),
        }
    }
}

fn firewall(document: &mut Document, firewall: &Firewall, of: &Representation<'_>) {
    let id = firewall.id.as_str();
    let href = of.urls.firewall(&firewall.id);
    document.open("firewall", &[("href", &href), ("id", id)]);
    document.open("actions", &[]);
    if of.capabilities.firewalls.delete {
        of.place.action(document, &href, id, "delete", "destroy");
    }
    if of.capabilities.rules.create {
        let rel = if of.place == Place::List { "add_rule" } else { "update" };
        of.place.action(document, &format!("{href}/rules"), id, "post", rel);
    }
    document.close("actions");
    document.cdata("name", firewall.name.as_str());
    document.cdata("description", firewall.description.as_ref().map_or("", |description| description.as_str()));
    document.text("owner_id", firewall.owner.as_ref().map_or("", |owner| owner.as_str()));
    document.open("rules", &[]);
    for one in firewall.rules.iter().filter(|rule| of.shown.has(rule)) {
        rule(document, one, &href, of);
    }
    document.close("rules");
    document.close("firewall");
}

fn rule(document: &mut Document, rule: &Rule, firewall: &str, of: &Representation<'_>) {
    let capabilities = of.capabilities;
    let id = rule.id().to_string();
    let href = Urls::rule(firewall, &id);
    match of.place {
        Place::List => document.open("rule", &[("id", &id)]),
        Place::Alone => document.open("rule", &[("href", &href), ("id", &id)]),
    }
    document.open("actions", &[]);
    if capabilities.rules.delete {
        of.place.action(document, &href, &id, "delete", "destroy");
    }
    document.close("actions");
    let content = &rule.content;
    let numbers = content.protocol.numbers();
    document.text("allow_protocol", &content.protocol.name().unwrap_or_default());
    document.number("port_from", numbers.map(|(from, _)| from));
    document.number("port_to", numbers.map(|(_, to)| to));
    document.text("direction", content.direction.name());
    document.text("rule_action", if capabilities.rules.deny { content.action.name() } else { "" });
    let log = match (capabilities.rules.log, rule.log.is_some()) {
        (false, _) => "",
        (true, true) => "true",
        (true, false) => "false",
    };
    document.text("log_rule", log);
    if let Some(description) = &rule.description {
        document.cdata("description", description.as_str());
    }
    document.open("sources", &[]);
    for one in &content.sources {
        source(document, one);
    }
    document.close("sources");
    document.close("rule");
}

fn source(document: &mut Document, source: &Source) {
    match source {
        Source::Group(group) => {
            let attributes = [("name", group.name.as_str()), ("owner", group.owner.as_str()), ("type", "group")];
            document.empty("source", &attributes);
        }
        Source::Range(range) => {
            let (first, last) = (range.first().to_string(), range.last().to_string());
            let attributes = [("family", range.family()), ("first", &first), ("last", &last), ("type", "range")];
            document.empty("source", &attributes);
        }
        Source::PrefixList(id) => document.empty("source", &[("name", id.as_str()), ("type", "prefix_list")]),
        Source::Address(cidr) => {
            let (address, prefix) = (cidr.address_text().to_string(), cidr.prefix().to_string());
            let attributes =
                [("address", &*address), ("family", cidr.family()), ("prefix", &prefix), ("type", "address")];
            document.empty("source", &attributes);
        }
    }
}
