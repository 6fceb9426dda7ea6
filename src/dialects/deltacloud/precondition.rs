//! What a client says that a firewall has to be, for its change to be made.

use std::sync::Arc;

use actix_http::HttpMessage;
use actix_web::http::header::{EntityTag, Header, IF_MATCH, IfMatch};
use deltawall_core::{Direction, Firewall};

use super::answer::View;
use super::format::FORMATS;
use super::head::Head;
use super::rendered::rendered;
use super::shown_rules::ShownRules;

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

    /// Whether it is so. ETags are those that GET gives the firewall, in whatever format and direction; weak ones stand for nothing.
    pub(super) fn holds(&self, firewall: &Arc<Firewall>) -> bool {
        match &self.wanted {
            IfMatch::Any => true,
            IfMatch::Items(wanted) => self.tags(firewall).any(|tag| wanted.iter().any(|wanted| wanted.strong_eq(&tag))),
        }
    }

    fn tags(&self, firewall: &Arc<Firewall>) -> impl Iterator<Item = EntityTag> {
        let shown = [ShownRules::All, ShownRules::Only(Direction::Ingress), ShownRules::Only(Direction::Egress)];
        FORMATS.into_iter().flat_map(move |format| {
            let head = self.head.asking_for(format);
            shown.into_iter().filter_map(move |shown| {
                let view = View::Firewall(Arc::clone(firewall), shown);
                let (written, _) = rendered(&view, &head, None).ok()?;
                written.tag.to_str().ok()?.parse().ok()
            })
        })
    }
}
