//! About how many bytes of memory firewalls take.

use deltawall_core::{Description, Firewall, Rule, Source};

/// What a world has of each of its firewalls, even of one that it shares with others: a name, and where to find it.
pub(crate) const ENTRY: usize = 512;

/// What each piece of memory takes besides what is in it.
const ALLOCATED: usize = 16;

pub(crate) fn of_firewall(firewall: &Firewall) -> usize {
    let texts = [
        firewall.id.as_str(),
        firewall.name.as_str(),
        firewall.description.as_ref().map_or("", Description::as_str),
        firewall.owner.as_ref().map_or("", |owner| owner.as_str()),
    ];
    let rules: usize = firewall.rules.iter().map(of_rule).sum();
    size_of::<Firewall>() + ALLOCATED + of_texts(&texts) + rules
}

pub(crate) fn of_rule(rule: &Rule) -> usize {
    let texts = [rule.content.owner.as_str(), rule.description.as_ref().map_or("", Description::as_str)];
    let sources: usize = rule.content.sources.iter().map(of_source).sum();
    size_of::<Rule>() + ALLOCATED + of_texts(&texts) + sources
}

fn of_source(source: &Source) -> usize {
    let texts = match source {
        Source::Group(group) => of_texts(&[group.owner.as_str(), group.name.as_str()]),
        Source::PrefixList(id) => of_texts(&[id.as_str()]),
        Source::Address(_) | Source::Range(_) => 0,
    };
    size_of::<Source>() + texts
}

fn of_texts(texts: &[&str]) -> usize {
    texts.iter().map(|text| text.len() + ALLOCATED).sum()
}
