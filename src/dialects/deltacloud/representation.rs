//! Firewalls as programs read them.

use std::slice;
use std::sync::Arc;

use deltawall_core::{Capabilities, Firewall, Member};

use super::answer::View;
use super::format::Format;
use super::head::Head;
use super::shown_rules::ShownRules;
use super::urls::Urls;

/// One firewall or a list of them, in a format for programs. These fields are all that its bytes depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Representation<'a> {
    pub(super) format: Format,
    pub(super) place: Place,
    /// All that are shown; where one is shown alone, that one.
    pub(super) firewalls: &'a [Arc<Firewall>],
    pub(super) shown: ShownRules,
    /// Who stands behind the one that is shown alone, where that was asked for.
    pub(super) members: Option<&'a [Member]>,
    /// What the firewalls' driver can do, which decides on links and fields.
    pub(super) capabilities: Capabilities,
    pub(super) urls: &'a Urls,
}

/// Where a firewall is shown, which decides on its links, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    List,
    Alone,
}

impl<'a> Representation<'a> {
    /// What a program gets to see; none where the view is not about firewalls, or is for people.
    pub(super) fn of(view: &'a View, format: Format, head: &'a Head<'a>) -> Option<Self> {
        let (place, firewalls, shown, members) = match view {
            View::Firewalls(all, shown) => (Place::List, all.as_slice(), *shown, None),
            View::Firewall(one, shown) => (Place::Alone, slice::from_ref(one), *shown, None),
            View::Members(one, shown, members) => {
                (Place::Alone, slice::from_ref(one), *shown, Some(members.as_slice()))
            }
            _ => return None,
        };
        let urls = &head.urls;
        let capabilities = head.driver().capabilities();
        (format != Format::Html).then_some(Self { format, place, firewalls, shown, members, capabilities, urls })
    }
}
