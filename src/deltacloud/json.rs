//! The JSON views. Ports and prefixes are text, absent values are left out.

use std::borrow::Cow;
use std::io;

use deltawall_core::{Capabilities, Driver, Firewall, Rule, Source};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::VERSION;
use super::answer::View;
use super::error::ApiError;
use super::features;
use super::parameters::ShownRules;
use super::request::Head;

#[derive(Serialize)]
struct FirewallView<'a> {
    id: &'a str,
    href: String,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_id: Option<&'a str>,
    rules: Vec<RuleView<'a>>,
}

#[derive(Serialize)]
struct RuleView<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_protocol: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_to: Option<String>,
    sources: Vec<SourceView<'a>>,
    direction: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_rule: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SourceView<'a> {
    Group { name: &'a str, owner: &'a str },
    Address { family: &'a str, address: String, prefix: String },
    PrefixList { name: &'a str },
}

/// The body of an answer.
pub(super) fn view(view: &View, head: &Head) -> io::Result<Vec<u8>> {
    match view {
        View::EntryPoint => bytes(&entry_point(head)),
        View::Drivers => {
            let drivers = head.gateway.registry.drivers();
            bytes(&drivers.map(|known| (known.id().to_owned(), driver(&**known))).collect::<Map<_, _>>())
        }
        View::Driver(chosen) => {
            let mut object = driver(&**chosen);
            if let Value::Object(fields) = &mut object {
                fields.insert("id".into(), chosen.id().into());
            }
            bytes(&json!({ "driver": object }))
        }
        View::Firewalls(firewalls, shown) => {
            #[derive(Serialize)]
            struct Firewalls<'a> {
                firewalls: Vec<FirewallView<'a>>,
            }
            let firewalls = firewalls.iter().map(|one| firewall(one, *shown, head)).collect();
            bytes(&Firewalls { firewalls })
        }
        View::Firewall(one, shown) => {
            #[derive(Serialize)]
            struct One<'a> {
                firewall: FirewallView<'a>,
            }
            bytes(&One { firewall: firewall(one, *shown, head) })
        }
        View::Message(message) => bytes(&json!({ "message": message })),
    }
}

/// The body of a failure.
pub(super) fn error(error: &ApiError) -> io::Result<Vec<u8>> {
    let appearance = error.failure.appearance();
    bytes(&json!({
        "code": appearance.status.as_u16(),
        "message": error.message,
        "error": format!("Deltacloud::Exceptions::{}", appearance.class),
    }))
}

fn bytes(value: &impl Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
}

fn entry_point(head: &Head) -> Value {
    let features: Vec<_> = features::of_firewalls(head.driver().capabilities())
        .map(|feature| json!({ "name": feature.name, "rel": feature.rel, "params": [{ "name": feature.parameter }] }))
        .collect();
    json!({ "api": {
        "version": VERSION,
        "driver": head.driver().id(),
        "provider": head.provider_name(),
        "links": [
            { "rel": "drivers", "href": head.urls.drivers(), "features": [] },
            { "rel": "firewalls", "href": head.urls.firewalls(), "features": features },
        ],
    } })
}

fn driver(driver: &dyn Driver) -> Value {
    let entrypoints: Map<_, _> =
        driver.providers().into_iter().map(|one| (one.name.to_string(), one.entrypoint.into())).collect();
    if entrypoints.is_empty() {
        return json!({ "name": driver.name() });
    }
    let mut by_kind = Map::new();
    by_kind.insert(driver.id().into(), entrypoints.into());
    json!({ "name": driver.name(), "entrypoints": by_kind })
}

fn firewall<'a>(firewall: &'a Firewall, shown: ShownRules, head: &Head) -> FirewallView<'a> {
    let capabilities = head.driver().capabilities();
    let rules = firewall.rules.iter().filter(|rule| shown.has(rule));
    FirewallView {
        id: firewall.id.as_str(),
        href: head.urls.firewall(&firewall.id),
        name: firewall.name.as_str(),
        description: firewall.description.as_ref().map(|description| description.as_str()),
        owner_id: firewall.owner.as_ref().map(|owner| owner.as_str()),
        rules: rules.map(|one| rule(one, capabilities)).collect(),
    }
}

fn rule(rule: &Rule, capabilities: Capabilities) -> RuleView<'_> {
    let content = &rule.content;
    let numbers = content.protocol.numbers();
    RuleView {
        id: rule.id().to_string(),
        allow_protocol: content.protocol.name(),
        port_from: numbers.map(|(from, _)| from.to_string()),
        port_to: numbers.map(|(_, to)| to.to_string()),
        sources: content.sources.iter().map(source).collect(),
        direction: content.direction.name(),
        rule_action: capabilities.deny.then(|| content.action.name()),
        log_rule: capabilities.log.then_some(rule.log),
        description: rule.description.as_ref().map(|description| description.as_str()),
    }
}

fn source(source: &Source) -> SourceView<'_> {
    match source {
        Source::Group(group) => SourceView::Group { name: group.name.as_str(), owner: group.owner.as_str() },
        Source::PrefixList(id) => SourceView::PrefixList { name: id.as_str() },
        Source::Address(cidr) => SourceView::Address {
            family: cidr.family(),
            address: cidr.address().to_string(),
            prefix: cidr.prefix().to_string(),
        },
    }
}
