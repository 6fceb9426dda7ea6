//! What rules of all kinds of policies come to in the same way.

use std::collections::HashSet;

use deltawall_core::{Action, Cidr, NewRule, Protocol, Source};

/// Every address.
pub(super) fn anywhere() -> Vec<Source> {
    ["0.0.0.0/0", "::/0"].iter().filter_map(|all| all.parse::<Cidr>().ok()).map(Source::Address).collect()
}

/// A rule without the sources that others before it accept the same from already; none where it has no others. Where order does not
/// matter, it says nothing more.
pub(super) fn without_repeated(rule: NewRule, accepted: &mut HashSet<(Protocol, Source)>) -> Option<NewRule> {
    if rule.action() != Action::Accept || rule.conditions().is_some() {
        return Some(rule);
    }
    let is_new = |source: &&Source| accepted.insert((rule.protocol(), source.canonical().into_owned()));
    let sources = rule.sources().iter().filter(is_new).cloned().collect();
    rule.with_sources(sources).ok()
}
