//! The XML views, to the byte as Deltacloud's: single quotes, attributes in alphabetical order, two spaces a level.

use std::borrow::Cow;
use std::io;

use deltawall_core::{Capabilities, Driver, Firewall, Rule, Source};
use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesCData, BytesEnd, BytesStart, BytesText, Event};

use super::VERSION;
use super::answer::View;
use super::error::ApiError;
use super::features;
use super::parameters::ShownRules;
use super::request::Head;
use super::urls::Urls;

/// What documents begin with, but for those about the API itself.
const PROLOG: &[u8] = b"<?xml version='1.0' encoding='utf-8' ?>\n";

/// The body of an answer.
pub(super) fn view(view: &View, head: &Head) -> io::Result<Vec<u8>> {
    let mut document = match view {
        View::EntryPoint | View::Drivers | View::Driver(_) => Document::new(&[]),
        _ => Document::new(PROLOG),
    };
    match view {
        View::EntryPoint => entry_point(&mut document, head)?,
        View::Drivers => {
            document.open("drivers", &[])?;
            for driver in head.gateway.registry.drivers() {
                driver_in_list(&mut document, &**driver, head)?;
            }
            document.close("drivers")?;
        }
        View::Driver(driver) => driver_alone(&mut document, &**driver, head)?,
        View::Firewalls(firewalls, shown) => {
            document.open("firewalls", &[])?;
            for one in firewalls {
                firewall(&mut document, one, *shown, head, Place::List)?;
            }
            document.close("firewalls")?;
        }
        View::Firewall(one, shown) => firewall(&mut document, one, *shown, head, Place::Alone)?,
        View::Message(message) => document.cdata("message", message)?,
        View::Form(_) | View::Reference | View::OpenApi | View::Asset(_) => {
            return Err(io::Error::other("this has no XML"));
        }
    }
    Ok(document.finish())
}

/// The body of a failure.
pub(super) fn error(error: &ApiError, head: &Head) -> io::Result<Vec<u8>> {
    let appearance = error.failure.appearance();
    let code = appearance.status.as_str();
    let mut document = Document::new(PROLOG);
    document.open("error", &[("status", code), ("url", &head.target)])?;
    document.text("kind", appearance.kind)?;
    document.open("backend", &[("driver", head.driver().id()), ("provider", head.provider_name())])?;
    document.text("code", code)?;
    document.close("backend")?;
    document.text("code", code)?;
    document.cdata("message", &error.message)?;
    document.close("error")?;
    Ok(document.finish())
}

fn entry_point(document: &mut Document, head: &Head) -> io::Result<()> {
    let mut attributes = vec![("driver", head.driver().id())];
    if let Some(provider) = head.provider() {
        attributes.push(("provider", provider.as_str()));
    }
    attributes.push(("version", VERSION));
    document.open("api", &attributes)?;
    document.open("link", &[("href", &head.urls.drivers()), ("rel", "drivers")])?;
    document.close("link")?;
    document.open("link", &[("href", &head.urls.firewalls()), ("rel", "firewalls")])?;
    for feature in features::of_firewalls(head.driver().capabilities()) {
        document.open("feature", &[("name", feature.name), ("rel", feature.rel)])?;
        document.empty("param", &[("name", feature.parameter)])?;
        document.close("feature")?;
    }
    document.close("link")?;
    document.close("api")
}

fn driver_in_list(document: &mut Document, driver: &dyn Driver, head: &Head) -> io::Result<()> {
    document.open("driver", &[("href", &head.urls.driver(driver.id())), ("id", driver.id())])?;
    document.text("name", driver.name())?;
    for provider in driver.providers() {
        document.leaf("provider", &[("id", provider.name.as_str())])?;
    }
    document.close("driver")
}

fn driver_alone(document: &mut Document, driver: &dyn Driver, head: &Head) -> io::Result<()> {
    document.open("driver", &[("href", &head.urls.driver(driver.id())), ("id", driver.id())])?;
    document.text("name", driver.name())?;
    for provider in driver.providers() {
        document.open("provider", &[("id", provider.name.as_str())])?;
        document.start("entrypoint", &[("kind", driver.id())])?;
        document.cdata_content(&provider.entrypoint)?;
        document.close("entrypoint")?;
        document.close("provider")?;
    }
    document.close("driver")
}

/// Where a firewall is shown, which decides on its links.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    List,
    Alone,
}

fn firewall(
    document: &mut Document,
    firewall: &Firewall,
    shown: ShownRules,
    head: &Head,
    place: Place,
) -> io::Result<()> {
    let capabilities = head.driver().capabilities();
    let id = firewall.id.as_str();
    let href = head.urls.firewall(&firewall.id);
    let rules = format!("{href}/rules");
    document.open("firewall", &[("href", &href), ("id", id)])?;
    document.open("actions", &[])?;
    if capabilities.delete_firewall {
        document.action(&href, id, "delete", "destroy", place)?;
    }
    if capabilities.create_rule {
        let rel = if place == Place::List { "add_rule" } else { "update" };
        document.action(&rules, id, "post", rel, place)?;
    }
    document.close("actions")?;
    document.cdata("name", firewall.name.as_str())?;
    document.cdata("description", firewall.description.as_ref().map_or("", |description| description.as_str()))?;
    document.text("owner_id", firewall.owner.as_ref().map_or("", |owner| owner.as_str()))?;
    document.open("rules", &[])?;
    for one in firewall.rules.iter().filter(|rule| shown.has(rule)) {
        rule(document, one, &href, capabilities, place)?;
    }
    document.close("rules")?;
    document.close("firewall")
}

fn rule(
    document: &mut Document,
    rule: &Rule,
    firewall: &str,
    capabilities: Capabilities,
    place: Place,
) -> io::Result<()> {
    let id = rule.id();
    let (href, id) = (Urls::rule(firewall, &id), id.to_string());
    match place {
        Place::List => document.open("rule", &[("id", &id)])?,
        Place::Alone => document.open("rule", &[("href", &href), ("id", &id)])?,
    }
    document.open("actions", &[])?;
    if capabilities.delete_rule {
        document.action(&href, &id, "delete", "destroy", place)?;
    }
    document.close("actions")?;
    let content = &rule.content;
    let (from, to) =
        content.protocol.numbers().map(|(from, to)| (from.to_string(), to.to_string())).unwrap_or_default();
    document.text("allow_protocol", &content.protocol.name().unwrap_or_default())?;
    document.text("port_from", &from)?;
    document.text("port_to", &to)?;
    document.text("direction", content.direction.name())?;
    document.text("rule_action", if capabilities.deny { content.action.name() } else { "" })?;
    document.text(
        "log_rule",
        match (capabilities.log, rule.log) {
            (false, _) => "",
            (true, true) => "true",
            (true, false) => "false",
        },
    )?;
    if let Some(description) = &rule.description {
        document.cdata("description", description.as_str())?;
    }
    document.open("sources", &[])?;
    for source in &content.sources {
        match source {
            Source::Group(group) => document.empty(
                "source",
                &[("name", group.name.as_str()), ("owner", group.owner.as_str()), ("type", "group")],
            )?,
            Source::PrefixList(id) => document.empty("source", &[("name", id.as_str()), ("type", "prefix_list")])?,
            Source::Address(cidr) => document.empty(
                "source",
                &[
                    ("address", &cidr.address().to_string()),
                    ("family", cidr.family()),
                    ("prefix", &cidr.prefix().to_string()),
                    ("type", "address"),
                ],
            )?,
        }
    }
    document.close("sources")?;
    document.close("rule")
}

/// A document that is being written.
struct Document {
    writer: Writer<Vec<u8>>,
}

type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Document {
    fn new(prolog: &[u8]) -> Self {
        let mut writer = Writer::new_with_indent(prolog.to_vec(), b' ', 2);
        writer.config_mut().add_space_before_slash_in_empty_elements = true;
        Self { writer }
    }

    fn finish(self) -> Vec<u8> {
        let mut bytes = self.writer.into_inner();
        bytes.push(b'\n');
        bytes
    }

    /// An element whose content stands on lines of its own.
    fn open(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.writer.write_event(Event::Start(tag(name, attributes)))
    }

    /// An element whose content goes on on the same line.
    fn start(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.open(name, attributes)?;
        self.writer.write_event(Event::Text(BytesText::from_escaped("")))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.writer.write_event(Event::End(BytesEnd::new(name)))
    }

    /// An element without content, in one tag.
    fn empty(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.writer.write_event(Event::Empty(tag(name, attributes)))
    }

    /// An element without content, in two tags on one line.
    fn leaf(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.start(name, attributes)?;
        self.close(name)
    }

    fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.open(name, &[])?;
        self.writer.write_event(Event::Text(BytesText::from_escaped(escape(printable(text)))))?;
        self.close(name)
    }

    fn cdata(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.open(name, &[])?;
        self.cdata_content(text)?;
        self.close(name)
    }

    /// Text as CDATA: in several sections where it holds the mark that ends one.
    fn cdata_content(&mut self, text: &str) -> io::Result<()> {
        let text = printable(text);
        if text.is_empty() {
            return self.writer.write_event(Event::CData(BytesCData::new("")));
        }
        for section in BytesCData::escaped(&text) {
            self.writer.write_event(Event::CData(section))?;
        }
        Ok(())
    }

    /// A link to what can be done. Only in a list does it repeat the id.
    fn action(&mut self, href: &str, id: &str, method: &str, rel: &str, place: Place) -> io::Result<()> {
        let rest = [("method", method), ("rel", rel)];
        match place {
            Place::List => self.empty("link", &[[("href", href), ("id", id)], rest].concat()),
            Place::Alone => self.empty("link", &[("href", href), rest[0], rest[1]]),
        }
    }
}

/// A tag with single quotes, which the library's own attributes do not have.
fn tag<'a>(name: &str, attributes: Attributes<'_>) -> BytesStart<'a> {
    let mut content = name.to_owned();
    for (attribute, value) in attributes {
        content.push(' ');
        content.push_str(attribute);
        content.push_str("='");
        content.push_str(&escape(printable(value)));
        content.push('\'');
    }
    BytesStart::from_content(content, name.len())
}

/// Text without what XML 1.0 cannot carry in any form. Clouds and clients send what they like.
fn printable(text: &str) -> Cow<'_, str> {
    let is_printable =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match text.chars().all(is_printable) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()),
    }
}
