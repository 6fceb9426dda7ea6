//! The JSON views. Ports and prefixes are text, absent values are left out.

use std::borrow::Cow;
use std::io;

use deltawall_core::{Capabilities, Driver, Firewall, Rule, Source};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{OpenApi, ToSchema};

use super::answer::View;
use super::error::ApiError;
use super::features;
use super::format::Format;
use super::head::Head;
use super::representation::{Place, Representation};
use super::version::VERSION;

/// The schemas of what follows, by the names that the OpenAPI document has for them.
#[derive(OpenApi)]
#[openapi(components(schemas(EntryPointView, OneDriverView, FirewallsView, OneView, MessageView, ErrorView)))]
pub(super) struct Schemas;

#[derive(Serialize, ToSchema)]
#[schema(as = EntryPoint)]
struct EntryPointView<'a> {
    api: ApiView<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Api)]
struct ApiView<'a> {
    version: &'a str,
    driver: &'a str,
    provider: &'a str,
    links: [LinkView; 2],
}

#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
struct LinkView {
    rel: &'static str,
    href: String,
    features: Vec<FeatureView>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Feature)]
struct FeatureView {
    name: &'static str,
    rel: &'static str,
    params: [NamedView; 1],
}

#[derive(Serialize, ToSchema)]
#[schema(as = FeatureParameter)]
struct NamedView {
    name: &'static str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OneDriver)]
struct OneDriverView {
    driver: DriverView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Driver)]
struct DriverView {
    name: &'static str,
    /// By driver, then by provider.
    #[schema(value_type = Option<HashMap<String, HashMap<String, String>>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    entrypoints: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Firewalls)]
struct FirewallsView<'a> {
    firewalls: Vec<FirewallView<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OneFirewall)]
struct OneView<'a> {
    firewall: FirewallView<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
struct MessageView<'a> {
    message: &'a str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
struct ErrorView<'a> {
    /// The status.
    code: u16,
    /// What was wrong, for people.
    message: &'a str,
    /// What was wrong, for programs.
    error: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Firewall)]
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

#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
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

#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = Source)]
enum SourceView<'a> {
    Group { name: &'a str, owner: &'a str },
    Address { family: &'a str, address: String, prefix: String },
    Range { family: &'a str, first: String, last: String },
    PrefixList { name: &'a str },
}

/// The body of an answer.
pub(super) fn view(view: &View, head: &Head<'_>) -> io::Result<Vec<u8>> {
    if let Some(of) = Representation::of(view, Format::Json, head) {
        return firewalls(&of);
    }
    match view {
        View::EntryPoint => bytes(&entry_point(head)),
        View::Drivers => {
            let drivers = head.gateway().registry.drivers();
            let views = drivers.map(|known| Ok((known.id().to_owned(), serde_json::to_value(driver(&**known))?)));
            bytes(&views.collect::<io::Result<Map<_, _>>>()?)
        }
        View::Driver(chosen) => {
            let view = DriverView { id: Some(chosen.id()), ..driver(&**chosen) };
            bytes(&OneDriverView { driver: view })
        }
        View::Message(message) => bytes(&MessageView { message }),
        _ => Err(io::Error::other("this has no JSON")),
    }
}

/// One firewall, or a list of them.
pub(super) fn firewalls(of: &Representation<'_>) -> io::Result<Vec<u8>> {
    match (of.place, of.firewalls) {
        (Place::Alone, [one]) => bytes(&OneView { firewall: firewall(one, of) }),
        (_, all) => bytes(&FirewallsView { firewalls: all.iter().map(|one| firewall(one, of)).collect() }),
    }
}

/// The body of a failure.
pub(super) fn error(error: &ApiError) -> io::Result<Vec<u8>> {
    let appearance = error.failure.appearance();
    bytes(&ErrorView {
        code: appearance.status.as_u16(),
        message: &error.message,
        error: format!("Deltacloud::Exceptions::{}", appearance.class),
    })
}

fn bytes(value: &impl Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
}

fn entry_point<'a>(head: &'a Head<'a>) -> EntryPointView<'a> {
    let features = features::of_firewalls(head.driver().capabilities()).map(|feature| FeatureView {
        name: feature.name,
        rel: feature.rel,
        params: [NamedView { name: feature.parameter }],
    });
    EntryPointView {
        api: ApiView {
            version: VERSION,
            driver: head.driver().id(),
            provider: head.provider_name(),
            links: [
                LinkView { rel: "drivers", href: head.urls.drivers(), features: Vec::new() },
                LinkView { rel: "firewalls", href: head.urls.firewalls(), features: features.collect() },
            ],
        },
    }
}

fn driver(driver: &dyn Driver) -> DriverView {
    let providers = driver.providers();
    let entrypoints = (!providers.is_empty()).then(|| {
        let by_name = providers.into_iter().map(|one| (one.name.to_string(), one.entrypoint.into())).collect();
        Map::from_iter([(driver.id().to_owned(), Value::Object(by_name))])
    });
    DriverView { name: driver.name(), entrypoints, id: None }
}

fn firewall<'a>(firewall: &'a Firewall, of: &Representation<'_>) -> FirewallView<'a> {
    let rules = firewall.rules.iter().filter(|rule| of.shown.has(rule));
    FirewallView {
        id: firewall.id.as_str(),
        href: of.urls.firewall(&firewall.id),
        name: firewall.name.as_str(),
        description: firewall.description.as_ref().map(|description| description.as_str()),
        owner_id: firewall.owner.as_ref().map(|owner| owner.as_str()),
        rules: rules.map(|one| rule(one, of.capabilities)).collect(),
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
        rule_action: capabilities.rules.deny.then(|| content.action.name()),
        log_rule: capabilities.rules.log.then_some(rule.log.is_some()),
        description: rule.description.as_ref().map(|description| description.as_str()),
    }
}

fn source(source: &Source) -> SourceView<'_> {
    match source {
        Source::Group(group) => SourceView::Group { name: group.name.as_str(), owner: group.owner.as_str() },
        Source::Range(range) => SourceView::Range {
            family: range.family(),
            first: range.first().to_string(),
            last: range.last().to_string(),
        },
        Source::PrefixList(id) => SourceView::PrefixList { name: id.as_str() },
        Source::Address(cidr) => SourceView::Address {
            family: cidr.family(),
            address: cidr.address_text().to_string(),
            prefix: cidr.prefix().to_string(),
        },
    }
}
