//! The page of one firewall: its rules as people read them, and who stands behind it.

use std::collections::HashMap;

use askama::Template;
use deltawall_core::{
    Action, Capabilities, Cidr, Direction, Firewall, Hits, Member, Order, Protocol, Replace, Rule, RuleContent, Source,
    State,
};

use super::{ports, words};
use crate::changes::{Keeper, RuleExpiry};
use crate::clock::Timestamp;
use crate::dialects::deltacloud::answer::FirewallPage;
use crate::dialects::deltacloud::error::ApiError;
use crate::dialects::deltacloud::features;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::representation::Endings;
use crate::dialects::deltacloud::shown_rule::ShownRule;
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
    /// What happens to what no rule matches.
    rest: String,
    members: Option<&'a Result<Vec<Member>, ApiError>>,
    /// What stands for the firewall in forms that may not be sent of another.
    seen: Option<&'a str>,
    /// What of it ends by itself.
    endings: Endings,
    /// Whether changes of it can be tried and undone.
    can_end: bool,
    /// Who keeps it, so that nobody else changes it.
    keeper: Option<Keeper>,
    /// What can be done here.
    can: Capabilities,
}

/// A rule in the table.
struct Row {
    /// Its place among all rules.
    place: usize,
    /// The places that it would get by one step among those that are shown.
    up: Option<usize>,
    down: Option<usize>,
    protocol: String,
    ports: String,
    service: Option<&'static str>,
    direction: Direction,
    action: Action,
    /// What else has to be so.
    conditions: Vec<String>,
    is_logged: bool,
    log_prefix: Option<String>,
    description: Option<String>,
    sources: Vec<Shown>,
    /// Whether the world comes in by sources none of which is the world, in this rule or with others for the same traffic.
    is_open_in_parts: bool,
    ends: Ends,
    /// What it has matched, where the driver counts.
    hits: Option<Hits>,
    url: String,
    id: String,
}

/// When a rule goes by itself.
#[derive(Default)]
struct Ends {
    /// When all of it does.
    rule: Option<Timestamp>,
    /// When which of its sources do, by their indexes.
    sources: Vec<Option<Timestamp>>,
}

impl Ends {
    fn of(expiry: &RuleExpiry) -> Self {
        match expiry {
            RuleExpiry::Never => Self::default(),
            RuleExpiry::At(time) => Self { rule: Some(*time), sources: Vec::new() },
            RuleExpiry::Sources(times) => Self { rule: None, sources: times.clone() },
        }
    }

    fn of_source(&self, index: &usize) -> Option<Timestamp> {
        self.sources.get(*index).copied().flatten()
    }
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
    pub(super) fn new(page: &'a FirewallPage, head: &'a Head<'a>) -> Self {
        let FirewallPage { firewall, shown, members, hits, seen } = page;
        let (members, seen) = (members.as_ref(), seen.as_deref());
        let keeper = head.changes.keeper(head.driver(), head.provider(), firewall);
        let mut can = head.driver().capabilities();
        if keeper.is_some() {
            (can.rules.create, can.rules.delete, can.rules.replace, can.firewalls.delete) =
                (false, false, Replace::No, false);
        }
        let url = head.urls.firewall(&firewall.id);
        let open = open_in_parts(&firewall.rules);
        let shown = firewall.rules.iter().enumerate().filter(|(_, rule)| shown.has(rule));
        let endings = Endings::of(firewall, head).unwrap_or_default();
        let mut rules: Vec<_> = shown.map(|(index, rule)| Row::new(rule, index, &url, &open, can)).collect();
        for rule in &mut rules {
            let index = rule.place - 1;
            rule.ends = Ends::of(endings.of_rule(index));
            rule.hits = hits.as_ref().and_then(|hits| hits.get(index)).copied();
        }
        let places: Vec<_> = rules.iter().map(|rule| rule.place).collect();
        for (index, rule) in rules.iter_mut().enumerate() {
            rule.up = index.checked_sub(1).and_then(|above| places.get(above).copied());
            rule.down = places.get(index + 1).copied();
        }
        let hidden = firewall.rules.len() - rules.len();
        let (rest, can_end) = (words::rest(firewall, can), head.changes.can_end(head.driver()));
        Self { head, firewall, url, rules, hidden, rest, members, seen, endings, can_end, keeper, can }
    }

    fn is_ordered(&self) -> bool {
        self.can.rules.order == Order::Ordered
    }

    fn can_edit(&self) -> bool {
        features::can_edit(self.can)
    }

    fn can_move(&self) -> bool {
        features::can_move(self.can) && self.rules.len() > 1
    }

    fn sources_heading(&self) -> &'static str {
        let has_conditions = self.rules.iter().any(|rule| !rule.conditions.is_empty());
        if has_conditions { "Sources, conditions" } else { "Sources" }
    }

    fn has_hits(&self) -> bool {
        self.rules.iter().any(|rule| rule.hits.is_some())
    }

    fn has_descriptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.description.is_some())
    }
}

impl Row {
    fn new(rule: &Rule, index: usize, firewall: &str, open_in_parts: &[Protocol], can: Capabilities) -> Self {
        let content = &rule.content;
        let is_let_in = lets_in(rule);
        let (ports, service) = match ShownRule::of(rule, can).ports() {
            Some(list) => (list.replace(',', ", ").replace('-', "–"), None),
            None => ports::ports(&content.protocol),
        };
        let conditions = content.conditions.as_deref().map(|all| words::conditions(all, content.direction));
        let id = rule.id().to_string();
        Self {
            place: index + 1,
            up: None,
            down: None,
            protocol: ports::protocol(&content.protocol),
            ports,
            service,
            direction: content.direction,
            action: content.action,
            conditions: conditions.unwrap_or_default(),
            is_logged: rule.log.is_some(),
            log_prefix: rule.log.as_ref().and_then(|log| log.prefix.as_ref()).map(ToString::to_string),
            description: rule.description.as_ref().map(ToString::to_string),
            sources: content.sources.iter().map(|source| Shown::new(source, is_let_in)).collect(),
            is_open_in_parts: is_let_in && open_in_parts.contains(&content.protocol),
            ends: Ends::default(),
            hits: None,
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

/// Whether it lets traffic in that nobody behind the firewall has asked for.
fn lets_in(rule: &Rule) -> bool {
    let RuleContent { direction, action, conditions, .. } = &rule.content;
    let states = conditions.as_ref().and_then(|conditions| conditions.states);
    let is_new = states.is_none_or(|states| states.has(State::New));
    *direction == Direction::Ingress && *action == Action::Accept && is_new
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
