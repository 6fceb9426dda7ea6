//! About how many bytes of memory firewalls take.

use deltawall_core::{Conditions, Description, Firewall, InterfaceName, PortRange, Rule, Source};

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
    size_of::<Firewall>() + ALLOCATED + of_texts(&texts) + of_rules(&firewall.rules)
}

pub(crate) fn of_rules(rules: &[Rule]) -> usize {
    rules.iter().map(of_rule).sum()
}

pub(crate) fn of_rule(rule: &Rule) -> usize {
    let texts = [
        rule.content.owner.as_str(),
        rule.cloud_id.as_ref().map_or("", |id| id.as_str()),
        rule.log.as_ref().and_then(|log| log.prefix.as_ref()).map_or("", |prefix| prefix.as_str()),
        rule.description.as_ref().map_or("", Description::as_str),
    ];
    let sources: usize = rule.content.sources.iter().map(of_source).sum();
    let conditions = rule.content.conditions.as_deref().map_or(0, of_conditions);
    size_of::<Rule>() + ALLOCATED + of_texts(&texts) + sources + conditions
}

fn of_conditions(conditions: &Conditions) -> usize {
    let interface = conditions.interface.as_ref().map_or("", InterfaceName::as_str);
    let ports = conditions.more_ports.len() * size_of::<PortRange>();
    size_of::<Conditions>() + 2 * ALLOCATED + ports + of_texts(&[interface])
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
