//! Firewalls as programs read them.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use deltawall_core::{Capabilities, Firewall, Hits, Member};

use super::answer::View;
use super::format::Format;
use super::head::Head;
use super::shown_rules::ShownRules;
use super::urls::Urls;
use crate::changes::RuleExpiry;
use crate::clock::Timestamp;
use crate::store::ChangeId;

/// One firewall or a list of them, in a format for programs. These fields are all that its bytes depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Representation<'a> {
    pub(super) format: Format,
    pub(super) place: Place,
    /// All that are shown; where one is shown alone, that one.
    pub(super) firewalls: &'a [Arc<Firewall>],
    pub(super) shown: ShownRules,
    /// Who stands behind the one that is shown alone, where that was asked for.
    pub(super) members: Option<&'a [Member]>,
    /// What each rule of the one that is shown alone has matched, where that was asked for.
    pub(super) hits: Option<&'a [Hits]>,
    /// What of each firewall ends by itself, in their order; empty where nothing of any does.
    pub(super) endings: Vec<Endings>,
    /// What the firewalls' driver can do, which decides on links and fields.
    pub(super) capabilities: Capabilities,
    pub(super) urls: &'a Urls,
}

/// What of a firewall ends by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endings {
    /// The change that it waits for the end of.
    pub(super) trial: Option<Trial>,
    /// When each of its rules goes, if it does; empty where none does.
    pub(super) rules: Vec<RuleExpiry>,
}

/// A change that is tried, or being undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) id: ChangeId,
    pub(super) state: &'static str,
    /// Until when it has to be confirmed, where it is a trial.
    pub(super) confirm_by: Option<Timestamp>,
    /// How long it may still be confirmed; in pages alone.
    pub(super) left: Option<Duration>,
    /// Whether it should have been undone by now.
    pub(super) is_overdue: bool,
}

impl Endings {
    /// When the rule of this index goes, or some of its sources.
    pub(super) fn of_rule(&self, index: usize) -> &RuleExpiry {
        self.rules.get(index).unwrap_or(&RuleExpiry::Never)
    }

    /// Those of a firewall, or nothing where there are none.
    pub(super) fn of(firewall: &Firewall, head: &Head<'_>) -> Option<Self> {
        let (changes, driver, provider) = (head.changes, head.driver(), head.provider());
        let trial = changes.trial(driver, provider, firewall).map(|entry| Trial {
            id: entry.id,
            state: entry.state.name(),
            confirm_by: entry.confirm_by,
            left: entry.left,
            is_overdue: entry.is_overdue,
        });
        let rules = changes.expiries(driver, provider, firewall).unwrap_or_default();
        (trial.is_some() || !rules.is_empty()).then_some(Self { trial, rules })
    }

    /// Those of some firewalls, in their order; empty where there are none of any.
    fn of_all(firewalls: &[Arc<Firewall>], head: &Head<'_>) -> Vec<Self> {
        if !head.changes.has_any_pending() {
            return Vec::new();
        }
        let all: Vec<_> = firewalls.iter().map(|one| Self::of(one, head)).collect();
        match all.iter().any(Option::is_some) {
            true => all.into_iter().map(Option::unwrap_or_default).collect(),
            false => Vec::new(),
        }
    }
}

/// Where a firewall is shown, which decides on its links, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    List,
    Alone,
}

impl<'a> Representation<'a> {
    /// What the rule of this index has matched, where that was asked for.
    pub(super) fn hits_of(&self, index: usize) -> Option<Hits> {
        self.hits?.get(index).copied()
    }

    /// A firewall as it was kept.
    pub(super) fn kept(firewall: &'a Arc<Firewall>, head: &'a Head<'a>) -> Self {
        Self {
            format: head.format(),
            place: Place::Alone,
            firewalls: slice::from_ref(firewall),
            shown: ShownRules::All,
            members: None,
            hits: None,
            endings: Vec::new(),
            capabilities: head.driver().capabilities(),
            urls: &head.urls,
        }
    }

    /// What a program gets to see; none where the view is not about firewalls, or is for people.
    pub(super) fn of(view: &'a View, format: Format, head: &'a Head<'a>) -> Option<Self> {
        let (place, firewalls, shown, details) = match view {
            View::Firewalls(all, shown) => (Place::List, all.as_slice(), *shown, None),
            View::Firewall(one, shown) => (Place::Alone, slice::from_ref(one), *shown, None),
            View::Details(one, shown, details) => (Place::Alone, slice::from_ref(one), *shown, Some(details)),
            _ => return None,
        };
        let members = details.and_then(|details| details.members.as_deref());
        let hits = details.and_then(|details| details.hits.as_deref());
        let urls = &head.urls;
        let capabilities = head.driver().capabilities();
        (format != Format::Html).then(|| {
            let endings = Endings::of_all(firewalls, head);
            Self { format, place, firewalls, shown, members, hits, endings, capabilities, urls }
        })
    }
}
