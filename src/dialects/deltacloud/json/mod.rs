//! The JSON views. Ports and prefixes are text, absent values are left out.

mod change;
mod firewall;
mod plan;

use std::io;

use deltawall_core::Driver;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{OpenApi, ToSchema};

use super::answer::View;
use super::error::ApiError;
use super::features;
use super::format::Format;
use super::head::Head;
use super::representation::{Endings, Place, Representation};
use super::version::VERSION;
use change::{ChangesView, OneChangeView, OneDriftView};
use firewall::{FirewallView, firewall};
use plan::{ExplanationView, PlanView, explanation, plan};

/// The schemas of what follows, by the names that the OpenAPI document has for them.
#[derive(OpenApi)]
#[openapi(components(schemas(
    EntryPointView,
    OneDriverView,
    FirewallsView,
    OneView,
    OnePlanView,
    OneExplanationView,
    OneChangeView,
    ChangesView,
    OneDriftView,
    MessageView,
    ErrorView
)))]
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
    links: Vec<LinkView>,
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
#[schema(as = OnePlan)]
struct OnePlanView<'a> {
    plan: PlanView<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OneExplanation)]
struct OneExplanationView<'a> {
    explanation: ExplanationView<'a>,
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
        View::Plan(planned, _) => bytes(&OnePlanView { plan: plan(planned, head) }),
        View::Explanation(firewall, explained) => {
            bytes(&OneExplanationView { explanation: explanation(firewall, explained, head) })
        }
        View::Change(entry) => bytes(&change::one(entry, head)),
        View::Changes(page, next) => bytes(&change::changes(page, next.as_deref(), head)),
        View::Drift(drift) => bytes(&change::drift(drift, head)),
        View::Message(message) => bytes(&MessageView { message }),
        _ => Err(io::Error::other("this has no JSON")),
    }
}

/// One firewall, or a list of them.
pub(super) fn firewalls(of: &Representation<'_>) -> io::Result<Vec<u8>> {
    let none = Endings::default();
    let endings = |index: usize| of.endings.get(index).unwrap_or(&none);
    match (of.place, of.firewalls) {
        (Place::Alone, [one]) => bytes(&OneView { firewall: firewall(one, endings(0), of) }),
        (_, all) => {
            let all = all.iter().enumerate();
            bytes(&FirewallsView { firewalls: all.map(|(index, one)| firewall(one, endings(index), of)).collect() })
        }
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
    let changes = LinkView { rel: "changes", href: head.urls.changes(), features: Vec::new() };
    let drivers = LinkView { rel: "drivers", href: head.urls.drivers(), features: Vec::new() };
    let firewalls = LinkView { rel: "firewalls", href: head.urls.firewalls(), features: features.collect() };
    EntryPointView {
        api: ApiView {
            version: VERSION,
            driver: head.driver().id(),
            provider: head.provider_name(),
            links: [drivers, firewalls].into_iter().chain(head.changes.is_on().then_some(changes)).collect(),
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
