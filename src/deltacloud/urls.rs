//! The links in answers.

use std::fmt::Display;

use deltawall_core::FirewallId;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::path::{NEW_FIREWALL_PAGE, Path};

/// What cannot stand in a segment of a path (RFC 3986, `pchar`); `;`, which some take for a matrix parameter; and `&` and
/// `'`, so that an href in XML needs no entities, which clients that look for it as text would not undo.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'/')
    .add(b';')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same for a rule's id that itself holds encoded characters, with the id's delimiters, so that it cannot be taken
/// for one that was sent as it is. Other ids stand in hrefs as they always did.
const ID_WITH_ESCAPES: &AsciiSet = &SEGMENT.add(b'~').add(b'@').add(b',');

/// Where the API is, as the client of one request sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Urls {
    entry_point: String,
    /// How much of it comes before the path.
    base: usize,
}

impl Urls {
    /// `base` is scheme, host and what a proxy puts before the path, in parts. Matrix parameters are kept, so that a client that
    /// follows a link stays with the driver and provider it chose.
    pub(super) fn new(base: &[&str], path: &Path) -> Self {
        let entry_point = entry_point(base, path.driver.as_deref(), path.provider.as_deref());
        Self { entry_point, base: base.iter().map(|part| part.len()).sum() }
    }

    fn base(&self) -> &str {
        self.entry_point.get(..self.base).unwrap_or_default()
    }

    /// The entry point for another choice.
    pub(super) fn choosing(&self, driver: &str, provider: Option<&str>) -> String {
        entry_point(&[self.base()], Some(driver), provider)
    }

    /// What pages are made of, which is the same for every choice.
    pub(super) fn asset(&self, name: &str) -> String {
        format!("{}/assets/{name}", entry_point(&[self.base()], None, None))
    }

    pub(super) fn entry_point(&self) -> &str {
        &self.entry_point
    }

    pub(super) fn drivers(&self) -> String {
        format!("{}/drivers", self.entry_point)
    }

    pub(super) fn driver(&self, id: &str) -> String {
        format!("{}/drivers/{}", self.entry_point, segment(id))
    }

    pub(super) fn firewalls(&self) -> String {
        format!("{}/firewalls", self.entry_point)
    }

    /// A firewall, in a spelling that nothing else has: not the page for making one, nor a step in the path.
    pub(super) fn firewall(&self, id: &FirewallId) -> String {
        match id.as_str() {
            NEW_FIREWALL_PAGE => format!("{}/firewalls/%6Eew", self.entry_point),
            steps @ ("." | "..") => format!("{}/firewalls/{steps};", self.entry_point),
            id => format!("{}/firewalls/{}", self.entry_point, segment(id)),
        }
    }

    /// The page for making a firewall.
    pub(super) fn new_firewall(&self) -> String {
        format!("{}/firewalls/new", self.entry_point)
    }

    /// The page that describes the API.
    pub(super) fn reference(&self) -> String {
        format!("{}/docs", self.entry_point)
    }

    pub(super) fn openapi(&self) -> String {
        format!("{}/openapi.json", self.entry_point)
    }

    /// A rule by its id, under the URL of its firewall.
    pub(super) fn rule(firewall: &str, id: &str) -> String {
        let set = if id.contains('%') { ID_WITH_ESCAPES } else { SEGMENT };
        let mut url = String::with_capacity(firewall.len() + 1 + id.len());
        url.extend([firewall, "/"]);
        url.extend(utf8_percent_encode(id, set));
        url
    }
}

fn entry_point(base: &[&str], driver: Option<&str>, provider: Option<&str>) -> String {
    let mut url = String::with_capacity(base.iter().map(|part| part.len()).sum::<usize>() + "/api".len());
    url.extend(base.iter().copied());
    url.push_str("/api");
    for (name, value) in [("driver", driver), ("provider", provider)] {
        if let Some(value) = value {
            url.push_str(&format!(";{name}={}", segment(value)));
        }
    }
    url
}

fn segment(text: &str) -> impl Display {
    utf8_percent_encode(text, SEGMENT)
}
