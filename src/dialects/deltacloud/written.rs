//! What was written of firewalls lately.
//!
//! The driver is asked for each request. Only where it says exactly what it has said before, and the client wants that in
//! the same way, the bytes of then are sent again. So no client ever sees anything older than what its driver just said.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use deltawall_core::{Capabilities, Firewall};

use super::format::Format;
use super::representation::{Place, Representation};
use super::shown_rules::ShownRules;
use super::urls::Urls;
use super::{json, xml};

/// How many representations are kept.
const SLOTS: usize = 64;

/// How large one may be that is kept, in bytes: that of some 50 firewalls. Together they stay below 8 MiB.
const MAX_KEPT: usize = 128 * 1024;

/// What has been written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) content: Bytes,
    /// What stands for the content in `ETag` and `If-None-Match`.
    pub(super) tag: HeaderValue,
}

impl Representation<'_> {
    /// The representation, written anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn written(&self) -> io::Result<Written> {
        let content = match self.format {
            Format::Xml => xml::firewalls(self),
            Format::Json => json::firewalls(self)?,
            Format::Html => return Err(io::Error::other("a page is no representation for programs")),
        };
        Written::new(content, Some(self.shown))
    }

    /// Where it is kept. Two that come to the same place are written anew in turn, which only costs time.
    fn slot(&self) -> usize {
        let id = match (self.place, self.firewalls) {
            (Place::Alone, [one]) => one.id.as_str(),
            _ => "",
        };
        let bytes = [id, self.urls.entry_point(), self.format.name()].into_iter().flat_map(str::bytes);
        bytes.fold(0, |slot: usize, byte| slot.wrapping_mul(31).wrapping_add(byte.into())) % SLOTS
    }
}

impl Written {
    /// What shows these rules, where it is of firewalls: a firewall without rules, and the other direction of one that has some, are not
    /// the same to who makes a change of it.
    pub(super) fn new(content: Vec<u8>, shown: Option<ShownRules>) -> io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        (content.as_slice(), shown).hash(&mut hasher);
        let tag = format!("\"{:016x}\"", hasher.finish());
        Ok(Self { content: content.into(), tag: tag.try_into().map_err(io::Error::other)? })
    }
}

/// What was written last, of each thing that is asked for often.
#[derive(Debug)]
pub(super) struct Cache([Mutex<Option<Kept>>; SLOTS]);

/// What was written, with all that it was made from.
#[derive(Debug)]
struct Kept {
    format: Format,
    place: Place,
    firewalls: Vec<Arc<Firewall>>,
    shown: ShownRules,
    capabilities: Capabilities,
    urls: Urls,
    written: Written,
}

impl Kept {
    /// What this was written for.
    fn origin(&self) -> Representation<'_> {
        let Self { format, place, ref firewalls, shown, capabilities, ref urls, .. } = *self;
        Representation {
            format,
            place,
            firewalls,
            shown,
            members: None,
            hits: None,
            endings: Vec::new(),
            capabilities,
            urls,
        }
    }
}

/// Nothing was written yet.
impl Default for Cache {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Cache {
    /// The representation: as it was written before, where nothing that it is made from has changed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn get(&self, wanted: &Representation<'_>) -> io::Result<Written> {
        // Who stands behind a firewall, and what its rules have matched, is seldom asked for, and what ends by itself is soon over.
        let is_plain = wanted.members.is_none() && wanted.hits.is_none() && wanted.endings.is_empty();
        let slot = self.0.get(wanted.slot()).filter(|_| is_plain);
        if let Some(slot) = slot
            && let Some(kept) = slot.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
            && kept.origin() == *wanted
        {
            return Ok(kept.written.clone());
        }
        let written = wanted.written()?;
        if let Some(slot) = slot.filter(|_| written.content.len() <= MAX_KEPT) {
            let Representation { format, place, firewalls, shown, capabilities, urls, .. } = *wanted;
            let (firewalls, urls, written) = (firewalls.to_vec(), urls.clone(), written.clone());
            let kept = Kept { format, place, firewalls, shown, capabilities, urls, written };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        }
        Ok(written)
    }
}
