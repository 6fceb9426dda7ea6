//! Rule sets in XML, as deep as rules go. There are no document types, so no entities but XML's own.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::sent::{Builder, FIREWALL_SHOWN_ONLY, SentRule, SentSource, wrong};
use crate::dialects::deltacloud::error::ApiError;
use crate::dialects::deltacloud::fields::Fields;
use crate::text::shown;

/// How many attributes an element may have. None has as many that is read.
const MAX_ATTRIBUTES: usize = 8;

/// Reads a rule set, or a firewall with its rules.
pub(super) fn read(text: &str, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    let mut elements = Elements::new(text);
    let Some(root) = elements.child()? else { return Err(wrong("The XML body is empty.")) };
    match root.name().0 {
        "rules" => rules(&mut elements, builder)?,
        "firewall" => firewall(&mut elements, builder)?,
        other => {
            return Err(wrong(format!("The XML body is '{}', and neither firewall nor rules.", shown(other))));
        }
    }
    match elements.next()? {
        None => Ok(()),
        Some(_) => Err(wrong("The XML body goes on after its end.")),
    }
}

fn firewall(elements: &mut Elements<'_>, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    while let Some(child) = elements.child()? {
        match child.name().0 {
            "rules" => rules(elements, builder)?,
            "default" => default(elements, builder)?,
            known if FIREWALL_SHOWN_ONLY.contains(&known) => elements.skip(&child)?,
            unknown => return Err(wrong(format!("'{}' is neither rules nor default.", shown(unknown)))),
        }
    }
    Ok(())
}

fn default(elements: &mut Elements<'_>, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    let mut sent = Vec::new();
    while let Some(child) = elements.child()? {
        // One more than there may be is enough to be refused.
        if sent.len() > 2 {
            break;
        }
        sent.push((child.name().0.to_owned(), elements.text()?));
    }
    builder.set_default(&sent)
}

fn rules(elements: &mut Elements<'_>, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    builder.begin_rules()?;
    while let Some(child) = elements.child()? {
        match child.name().0 {
            "rule" => rule(elements, builder)?,
            other => return Err(wrong(format!("rules holds '{}', and may hold rule.", shown(other)))),
        }
    }
    Ok(())
}

fn rule(elements: &mut Elements<'_>, builder: &mut Builder<'_>) -> Result<(), ApiError> {
    let mut rule = builder.next_rule();
    while let Some(child) = elements.child()? {
        match child.name().0 {
            "sources" => {
                rule.begin_sources()?;
                while let Some(child) = elements.child()? {
                    if child.name().0 != "source" {
                        return Err(
                            rule.refused(&format!("sources holds '{}', and may hold source.", shown(child.name().0)))
                        );
                    }
                    let source = source(&child).map_err(|why| rule.refused(&why))?;
                    rule.add_source(&source, builder.limits)?;
                    if elements.child()?.is_some() {
                        return Err(rule.refused("a source holds an element."));
                    }
                }
            }
            name if SentRule::is_shown_only(name) => elements.skip(&child)?,
            name => {
                let text = elements.text()?;
                // An empty element says that there is none.
                if !text.is_empty() {
                    rule.add(name, text, builder.limits)?;
                }
            }
        }
    }
    builder.add(rule)
}

fn source(element: &BytesStart<'_>) -> Result<SentSource, String> {
    let mut source = SentSource::default();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| format!("a source cannot be read: {error}."))?;
        if source.0.len() >= MAX_ATTRIBUTES {
            return Err(format!("a source has more than {MAX_ATTRIBUTES} attributes."));
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| format!("a source cannot be read: {error}."))?;
        source.0.push((attribute.key.0.to_owned(), value.into_owned()));
    }
    Ok(source)
}

/// A document, an element at a time.
struct Elements<'a>(Reader<&'a [u8]>);

impl<'a> Elements<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self(reader)
    }

    /// What comes next but for comments and the like; none at the document's end.
    fn next(&mut self) -> Result<Option<Event<'a>>, ApiError> {
        loop {
            match self.0.read_event().map_err(|error| wrong(format!("The body is not XML: {error}.")))? {
                Event::Eof => return Ok(None),
                Event::DocType(_) => return Err(wrong("The XML body has a document type. Send it without one.")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Text(text) if text.chars().all(|c| c.is_ascii_whitespace()) => {}
                event => return Ok(Some(event)),
            }
        }
    }

    /// The next element within the one that is open; none at its end.
    fn child(&mut self) -> Result<Option<BytesStart<'a>>, ApiError> {
        match self.next()? {
            Some(Event::Start(start)) => {
                check_attributes(&start)?;
                Ok(Some(start))
            }
            Some(Event::End(_)) => Ok(None),
            Some(_) => Err(wrong("The XML body has text where elements should be.")),
            None => Err(ends_too_soon()),
        }
    }

    /// The text of the element that is open, to its end.
    fn text(&mut self) -> Result<String, ApiError> {
        let mut text = String::new();
        loop {
            match self.0.read_event().map_err(|error| wrong(format!("The body is not XML: {error}.")))? {
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(reference) => push(&mut text, &reference)?,
                Event::End(_) => return Ok(text),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => return Err(ends_too_soon()),
                _ => return Err(wrong("The XML body has elements where text should be.")),
            }
        }
    }

    /// Passes over what is in the element that is open.
    fn skip(&mut self, start: &BytesStart<'a>) -> Result<(), ApiError> {
        let end = start.to_end();
        self.0.read_to_end(end.name()).map(|_| ()).map_err(|error| wrong(format!("The body is not XML: {error}.")))
    }
}

/// Refuses an attribute that GET does not show: to leave it out might make a rule match more. Those of a source are read.
fn check_attributes(element: &BytesStart<'_>) -> Result<(), ApiError> {
    let name = element.name().0;
    for attribute in element.attributes().filter(|_| name != "source") {
        let attribute = attribute.map_err(|error| wrong(format!("'{}' cannot be read: {error}.", shown(name))))?;
        let key = attribute.key.0;
        if !matches!(key, "href" | "id") {
            return Err(wrong(format!("'{}' has an attribute '{}', which is not known.", shown(name), shown(key))));
        }
    }
    Ok(())
}

fn push(text: &mut String, reference: &BytesRef<'_>) -> Result<(), ApiError> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        text.push(character);
        return Ok(());
    }
    match resolve_predefined_entity(reference) {
        Some(character) => text.push_str(character),
        None => return Err(wrong(format!("The XML body has an entity that XML does not: '&{};'.", shown(reference)))),
    }
    Ok(())
}

fn ends_too_soon() -> ApiError {
    wrong("The XML body ends too soon.")
}
