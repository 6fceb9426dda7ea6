//! The links in answers.

use std::fmt::Display;

use deltawall_core::{FirewallId, RuleId};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::path::Path;

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
#[derive(Debug)]
pub(super) struct Urls {
    entry_point: String,
}

impl Urls {
    /// `base` is scheme, host and what a proxy puts before the path. Matrix parameters are kept, so that a client that
    /// follows a link stays with the driver and provider it chose.
    pub(super) fn new(base: &str, path: &Path) -> Self {
        let mut entry_point = format!("{base}/api");
        for (name, value) in [("driver", &path.driver), ("provider", &path.provider)] {
            if let Some(value) = value {
                entry_point.push_str(&format!(";{name}={}", segment(value)));
            }
        }
        Self { entry_point }
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

    pub(super) fn firewall(&self, id: &FirewallId) -> String {
        format!("{}/firewalls/{}", self.entry_point, segment(id.as_str()))
    }

    /// A rule, under the URL of its firewall.
    pub(super) fn rule(firewall: &str, id: &RuleId<'_>) -> String {
        let id = id.to_string();
        let set = if id.contains('%') { ID_WITH_ESCAPES } else { SEGMENT };
        format!("{firewall}/{}", utf8_percent_encode(&id, set))
    }
}

fn segment(text: &str) -> impl Display {
    utf8_percent_encode(text, SEGMENT)
}
