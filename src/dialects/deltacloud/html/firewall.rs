//! The page of one firewall: its rules as people read them.

use std::collections::HashMap;

use askama::Template;
use deltawall_core::{Action, Capabilities, Cidr, Direction, Firewall, Protocol, Rule, Source};

use super::ports;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::shown_rules::ShownRules;
use crate::dialects::deltacloud::urls::Urls;

#[derive(Template)]
#[template(path = "firewall.html", config = ".askama.toml")]
pub(super) struct Page<'a> {
    head: &'a Head<'a>,
    firewall: &'a Firewall,
    url: String,
    rules: Vec<Row>,
    /// How many rules are not shown.
    hidden: usize,
    can: Capabilities,
}

/// A rule in the table.
struct Row {
    protocol: String,
    ports: String,
    service: Option<&'static str>,
    direction: Direction,
    action: Action,
    is_logged: bool,
    description: Option<String>,
    sources: Vec<Shown>,
    /// Whether the world comes in by sources none of which is the world, in this rule or with others for the same traffic.
    is_open_in_parts: bool,
    url: String,
    id: String,
}

/// A source as it is shown.
struct Shown {
    /// What it is, in a word.
    kind: &'static str,
    text: String,
    /// Whether it is most addresses that there are, and the rule lets them in.
    is_open: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(firewall: &'a Firewall, shown: ShownRules, head: &'a Head<'a>) -> Self {
        let url = head.urls.firewall(&firewall.id);
        let open = open_in_parts(&firewall.rules);
        let rules: Vec<_> =
            firewall.rules.iter().filter(|rule| shown.has(rule)).map(|rule| Row::new(rule, &url, &open)).collect();
        let hidden = firewall.rules.len() - rules.len();
        Self { head, firewall, url, rules, hidden, can: head.driver().capabilities() }
    }

    fn has_descriptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.description.is_some())
    }
}

impl Row {
    fn new(rule: &Rule, firewall: &str, open_in_parts: &[Protocol]) -> Self {
        let content = &rule.content;
        let is_let_in = lets_in(rule);
        let (ports, service) = ports::ports(&content.protocol);
        let id = rule.id().to_string();
        Self {
            protocol: ports::protocol(&content.protocol),
            ports,
            service,
            direction: content.direction,
            action: content.action,
            is_logged: rule.log.is_some(),
            description: rule.description.as_ref().map(ToString::to_string),
            sources: content.sources.iter().map(|source| Shown::new(source, is_let_in)).collect(),
            is_open_in_parts: is_let_in && open_in_parts.contains(&content.protocol),
            url: Urls::rule(firewall, &id),
            id,
        }
    }
}

impl Shown {
    fn new(source: &Source, is_let_in: bool) -> Self {
        let kind = match source {
            Source::Group(_) => "group",
            Source::PrefixList(_) => "prefix list",
            Source::Address(_) | Source::Range(_) if source.is_ipv6() => "IPv6",
            Source::Address(_) | Source::Range(_) => "IPv4",
        };
        let is_open = is_let_in && address(source).is_some_and(is_the_world);
        Self { kind, text: source.to_string(), is_open }
    }
}

fn lets_in(rule: &Rule) -> bool {
    rule.content.direction == Direction::Ingress && rule.content.action == Action::Accept
}

fn address(source: &Source) -> Option<&Cidr> {
    if let Source::Address(cidr) = source { Some(cidr) } else { None }
}

fn is_the_world(cidr: &Cidr) -> bool {
    Cidr::are_most_of_a_family([cidr])
}

/// The traffic that is let in from most addresses there are, by sources none of which is most of them.
fn open_in_parts(rules: &[Rule]) -> Vec<Protocol> {
    let mut parts: HashMap<Protocol, Vec<&Cidr>> = HashMap::new();
    for rule in rules.iter().filter(|rule| lets_in(rule)) {
        let cidrs = rule.content.sources.iter().filter_map(address).filter(|cidr| !is_the_world(cidr));
        parts.entry(rule.content.protocol).or_default().extend(cidrs);
    }
    parts.retain(|_, cidrs| Cidr::are_most_of_a_family(cidrs.iter().copied()));
    parts.into_keys().collect()
}
