//! The page of one firewall: its rules as people read them.

use askama::Template;
use deltawall_core::{Action, Capabilities, Direction, Firewall, Rule, Source};

use super::ports;
use crate::deltacloud::parameters::ShownRules;
use crate::deltacloud::request::Head;
use crate::deltacloud::urls::Urls;

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
    url: String,
    id: String,
}

/// A source as it is shown.
struct Shown {
    /// What it is, in a word.
    kind: &'static str,
    text: String,
    /// Whether it is every address there is, of this family.
    is_everyone: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(firewall: &'a Firewall, shown: ShownRules, head: &'a Head<'a>) -> Self {
        let url = head.urls.firewall(&firewall.id);
        let rules: Vec<_> =
            firewall.rules.iter().filter(|rule| shown.has(rule)).map(|rule| Row::new(rule, &url)).collect();
        let hidden = firewall.rules.len() - rules.len();
        Self { head, firewall, url, rules, hidden, can: head.driver().capabilities() }
    }

    fn has_descriptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.description.is_some())
    }
}

impl Row {
    fn new(rule: &Rule, firewall: &str) -> Self {
        let content = &rule.content;
        let (ports, service) = ports::ports(&content.protocol);
        let id = rule.id().to_string();
        Self {
            protocol: ports::protocol(&content.protocol),
            ports,
            service,
            direction: content.direction,
            action: content.action,
            is_logged: rule.log,
            description: rule.description.as_ref().map(ToString::to_string),
            sources: content.sources.iter().map(Shown::new).collect(),
            url: Urls::rule(firewall, &id),
            id,
        }
    }

    /// Whether the world comes in by this source.
    fn opens_to_the_world(&self, source: &Shown) -> bool {
        source.is_everyone && self.direction == Direction::Ingress && self.action == Action::Accept
    }
}

impl Shown {
    fn new(source: &Source) -> Self {
        let (kind, is_everyone) = match source {
            Source::Group(_) => ("group", false),
            Source::PrefixList(_) => ("prefix list", false),
            Source::Address(cidr) if cidr.address().is_ipv4() => ("IPv4", cidr.prefix() == 0),
            Source::Address(cidr) => ("IPv6", cidr.prefix() == 0),
        };
        Self { kind, text: source.to_string(), is_everyone }
    }
}
