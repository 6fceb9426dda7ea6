//! Firewalls, rules, sources and members.

use deltawall_core::{Action, Capabilities, Defaults, Firewall, Hits, Log, Member, Source};

use super::document::Document;
use crate::changes::RuleExpiry;
use crate::clock::Timestamp;
use crate::dialects::deltacloud::representation::{Endings, Place, Representation};
use crate::dialects::deltacloud::shown_rule::ShownRule;
use crate::dialects::deltacloud::urls::Urls;

/// Where a rule is shown, and what can be done with it there.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// None where nothing can be done.
    place: Option<Place>,
    /// The URL of its firewall.
    firewall: &'a str,
    capabilities: Capabilities,
}

impl<'a> Shown<'a> {
    /// Rules of a plan and the like: nothing can be done with them.
    pub(super) fn alone(firewall: &'a str, capabilities: Capabilities) -> Self {
        Self { place: None, firewall, capabilities }
    }
}

impl Place {
    /// A link to what can be done. Only in a list does it repeat the id.
    fn action(self, document: &mut Document, href: &str, id: &str, method: &str, rel: &str) {
        match self {
            Self::List => document.empty("link", &[("href", href), ("id", id), ("method", method), ("rel", rel)]),
            Self::Alone => document.empty("link", &[("href", href), ("method", method), ("rel", rel)]),
        }
    }
}

pub(super) fn firewall(document: &mut Document, firewall: &Firewall, endings: &Endings, of: &Representation<'_>) {
    let id = firewall.id.as_str();
    let href = of.urls.firewall(&firewall.id);
    document.open("firewall", &[("href", &href), ("id", id)]);
    document.open("actions", &[]);
    if of.capabilities.firewalls.delete {
        of.place.action(document, &href, id, "delete", "destroy");
    }
    if of.capabilities.rules.create {
        let rel = if of.place == Place::List { "add_rule" } else { "update" };
        of.place.action(document, &format!("{href}/rules"), id, "post", rel);
    }
    document.close("actions");
    document.cdata("name", firewall.name.as_str());
    document.cdata("description", firewall.description.as_ref().map_or("", |description| description.as_str()));
    document.text("owner_id", firewall.owner.as_ref().map_or("", |owner| owner.as_str()));
    if let Some(defaults) = firewall.default {
        default(document, defaults);
    }
    if let Some(trial) = &endings.trial {
        let href = of.urls.change(&trial.id);
        document.open("trial", &[("href", &href), ("id", trial.id.as_str())]);
        document.text("state", trial.state);
        if let Some(time) = trial.confirm_by {
            document.text("confirm_by", &time.to_string());
        }
        if trial.is_overdue {
            document.text("overdue", "true");
        }
        document.close("trial");
    }
    document.open("rules", &[]);
    let shown = Shown { place: Some(of.place), firewall: &href, capabilities: of.capabilities };
    for (index, one) in firewall.rules.iter().enumerate().filter(|(_, rule)| of.shown.has(rule)) {
        let one = ShownRule::there(one, index, of.capabilities).ending(endings.of_rule(index));
        let one = one.counted(of.hits_of(index));
        rule(document, &one, shown);
    }
    document.close("rules");
    if let Some(all) = of.members {
        members(document, all);
    }
    document.close("firewall");
}

pub(super) fn default(document: &mut Document, default: Defaults) {
    document.open("default", &[]);
    document.text("ingress", default.ingress.name());
    document.text("egress", default.egress.name());
    document.close("default");
}

fn members(document: &mut Document, members: &[Member]) {
    document.open("members", &[]);
    for member in members {
        document.open("member", &[("id", &member.id)]);
        if let Some(name) = &member.name {
            document.cdata("name", name);
        }
        document.open("addresses", &[]);
        for address in &member.addresses {
            document.text("address", &address.to_string());
        }
        document.close("addresses");
        if let Some(state) = &member.state {
            document.text("state", state);
        }
        document.close("member");
    }
    document.close("members");
}

pub(super) fn rule(document: &mut Document, rule: &ShownRule<'_>, shown: Shown<'_>) {
    let Shown { place, firewall, capabilities } = shown;
    match &rule.id {
        None => document.open("rule", &[]),
        Some(id) => {
            let href = Urls::rule(firewall, id);
            match place {
                Some(Place::List) => document.open("rule", &[("id", id)]),
                Some(Place::Alone) | None => document.open("rule", &[("href", &href), ("id", id)]),
            }
            if let Some(place) = place {
                document.open("actions", &[]);
                if capabilities.rules.delete {
                    place.action(document, &href, id, "delete", "destroy");
                }
                document.close("actions");
            }
        }
    }
    if let Some(position) = rule.position {
        document.text("position", &position.to_string());
    }
    let numbers = rule.protocol.numbers();
    document.text("allow_protocol", &rule.protocol.name().unwrap_or_default());
    match rule.ports() {
        Some(ports) => document.text("ports", &ports),
        None => {
            document.number("port_from", numbers.map(|(from, _)| from));
            document.number("port_to", numbers.map(|(_, to)| to));
        }
    }
    document.text("direction", rule.direction.name());
    document.text("rule_action", rule.action.map_or("", Action::name));
    let log = match rule.is_logged {
        None => "",
        Some(true) => "true",
        Some(false) => "false",
    };
    document.text("log_rule", log);
    if let Some(Log { prefix: Some(prefix) }) = rule.log {
        document.cdata("log_prefix", prefix.as_str());
    }
    for (name, value) in rule.conditions() {
        document.text(name, &value);
    }
    if let Some(description) = rule.description {
        document.cdata("description", description.as_str());
    }
    if let RuleExpiry::At(time) = rule.expiry {
        document.text("expires_at", &time.to_string());
    }
    if let Some(Hits { packets, bytes }) = rule.hits {
        document.open("hits", &[]);
        document.text("packets", &packets.to_string());
        document.text("bytes", &bytes.to_string());
        document.close("hits");
    }
    document.open("sources", &[]);
    for (index, one) in rule.sources.iter().enumerate() {
        source(document, one, rule.source_expires_at(index));
    }
    document.close("sources");
    document.close("rule");
}

pub(super) fn sources(document: &mut Document, sources: &[Source]) {
    document.open("sources", &[]);
    for one in sources {
        source(document, one, None);
    }
    document.close("sources");
}

fn source(document: &mut Document, source: &Source, expires_at: Option<Timestamp>) {
    let mut element = |attributes: &[(&str, &str)]| match expires_at {
        None => document.empty("source", attributes),
        Some(time) => {
            let time = time.to_string();
            let mut attributes = [attributes, &[("expires_at", &time)]].concat();
            attributes.sort_unstable();
            document.empty("source", &attributes);
        }
    };
    match source {
        Source::Group(group) => {
            element(&[("name", group.name.as_str()), ("owner", group.owner.as_str()), ("type", "group")]);
        }
        Source::Range(range) => {
            let (first, last) = (range.first().to_string(), range.last().to_string());
            element(&[("family", range.family()), ("first", &first), ("last", &last), ("type", "range")]);
        }
        Source::PrefixList(id) => element(&[("name", id.as_str()), ("type", "prefix_list")]),
        Source::Address(cidr) => {
            let (address, prefix) = (cidr.address_text().to_string(), cidr.prefix().to_string());
            element(&[("address", &*address), ("family", cidr.family()), ("prefix", &prefix), ("type", "address")]);
        }
    }
}
