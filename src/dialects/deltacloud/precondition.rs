//! What a client says that a firewall has to be, for its change to be made.

use std::sync::Arc;

use actix_http::HttpMessage;
use actix_web::http::header::{EntityTag, Header, IF_MATCH, IfMatch};
use deltawall_core::{Capabilities, Firewall};

use super::answer::View;
use super::format::Format;
use super::head::Head;
use super::parameter_table::SEEN;
use super::parameters::Parameters;
use super::rendered::rendered;
use super::shown_rules::ShownRules;
use crate::changes::Change;

/// The formats whose ETags stand for a firewall. Pages show more than that.
const FORMATS: [Format; 2] = [Format::Xml, Format::Json];

/// That a firewall is there, or that it is what an ETag stands for.
pub(super) struct Precondition<'a> {
    head: &'a Head<'a>,
    wanted: IfMatch,
}

impl<'a> Precondition<'a> {
    /// What `If-Match` says. What in it is no ETag matches nothing.
    pub(super) fn read(head: &'a Head<'a>) -> Option<Self> {
        let http = head.exchange.http;
        http.headers().contains_key(IF_MATCH).then(|| {
            let wanted = IfMatch::parse(http).unwrap_or(IfMatch::Items(Vec::new()));
            Self { head, wanted }
        })
    }

    /// What a form of a page says, which cannot send headers.
    pub(super) fn of_page(head: &'a Head<'a>, values: &Parameters) -> Option<Self> {
        let seen = values.get(SEEN.name).filter(|_| head.format() == Format::Html)?;
        Some(Self { head, wanted: IfMatch::Items(format!("\"{seen}\"").parse().into_iter().collect()) })
    }

    /// Whether it is so. ETags are those that GET gives programs where it shows so much; weak ones stand for nothing.
    pub(super) fn holds(&self, firewall: &Arc<Firewall>, shown: &[ShownRules]) -> bool {
        let is_wanted = |tag: &EntityTag, wanted: &[EntityTag]| wanted.iter().any(|wanted| wanted.strong_eq(tag));
        match &self.wanted {
            IfMatch::Any => true,
            IfMatch::Items(wanted) => tags(self.head, firewall, shown).any(|tag| is_wanted(&tag, wanted)),
        }
    }
}

/// What has to have been shown of a firewall to whoever makes this change of what was seen: all that it replaces, and else no
/// less than is shown to who asks for nothing more.
pub(super) fn to_be_seen(change: &Change, can: Capabilities) -> Vec<ShownRules> {
    let shown = match change {
        Change::ReplaceRules { only, .. } => only.map(ShownRules::Only),
        _ => Some(ShownRules::by_default(can)),
    };
    shown.into_iter().chain([ShownRules::All]).collect()
}

/// What stands for the firewall in a form of a page.
pub(super) fn seen(head: &Head<'_>, firewall: &Arc<Firewall>) -> Option<String> {
    tag(&head.asking_for(Format::Json), firewall, ShownRules::All).map(|tag| tag.tag().to_owned())
}

fn tags(head: &Head<'_>, firewall: &Arc<Firewall>, shown: &[ShownRules]) -> impl Iterator<Item = EntityTag> {
    FORMATS.into_iter().flat_map(move |format| {
        let head = head.asking_for(format);
        shown.iter().filter_map(move |shown| tag(&head, firewall, *shown))
    })
}

fn tag(head: &Head<'_>, firewall: &Arc<Firewall>, shown: ShownRules) -> Option<EntityTag> {
    let (written, _) = rendered(&View::Firewall(Arc::clone(firewall), shown), head, None).ok()?;
    written.tag.to_str().ok()?.parse().ok()
}
