//! What a change would do, and what becomes of a packet.

use std::borrow::Cow;

use deltawall_core::{Explanation, Firewall, Traffic, Warning};
use serde::Serialize;
use utoipa::ToSchema;

use super::firewall::{DefaultView, RuleView, SourceView, default, rule, source};
use crate::changes::Planned;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::shown_rule::ShownRule;

/// What a change would do.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(super) struct PlanView<'a> {
    firewall: PlannedView<'a>,
    /// Where rules join, with those sources only that come.
    adds: Vec<RuleView<'a>>,
    /// Where rules join, with those sources only that go.
    removes: Vec<RuleView<'a>>,
    moves: Vec<MoveView<'a>>,
    /// How many rules stay as and where they are.
    keeps: usize,
    /// The new default, where it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<DefaultView>,
    /// What can pass, or come to the next firewall, and could not.
    opens: Vec<TrafficView<'a>>,
    /// What could, and no more can.
    closes: Vec<TrafficView<'a>>,
    warnings: Vec<WarningView<'a>>,
}

/// The firewall; where it is to be made, by its name alone.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedFirewall)]
struct PlannedView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Move)]
struct MoveView<'a> {
    rule: RuleView<'a>,
    /// Its new place, the first being 1.
    position: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Traffic)]
struct TrafficView<'a> {
    direction: &'static str,
    /// None where it is of several protocols, or of several types of one: `traffic` says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_to: Option<String>,
    sources: Vec<SourceView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet_type: Option<&'static str>,
    /// All of it in words, such as `tcp/22 from 203.0.113.0/24`.
    traffic: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Warning)]
struct WarningView<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleView<'a>>,
}

/// What becomes of a packet.
#[derive(Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(super) struct ExplanationView<'a> {
    /// `accept`, `deny`, `reject`, or `left` to the firewalls that are tried after this one.
    verdict: &'static str,
    /// The rule that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleView<'a>>,
    /// Whether no rule does.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<bool>,
}

pub(super) fn plan<'a>(planned: &'a Planned, head: &Head<'_>) -> PlanView<'a> {
    let Planned { firewall, is_new, after, plan } = planned;
    let can = head.driver().capabilities();
    let asked = |index: usize| after.rules.get(index).map(|new| rule(ShownRule::new(new, index, can)));
    PlanView {
        firewall: PlannedView {
            id: (!is_new).then(|| firewall.id.as_str()),
            href: (!is_new).then(|| head.urls.firewall(&firewall.id)),
            name: is_new.then(|| firewall.name.as_str()),
        },
        adds: plan.adds.iter().map(|add| rule(ShownRule::new(&add.rule, add.index, can))).collect(),
        removes: plan.removes.iter().map(|gone| rule(ShownRule::in_part(gone, firewall, can))).collect(),
        moves: plan
            .moves
            .iter()
            .map(|moved| MoveView {
                rule: rule(ShownRule::in_part(&moved.rule, firewall, can)),
                position: moved.position.get(),
            })
            .collect(),
        keeps: plan.keeps,
        default: plan.default.map(default),
        opens: plan.opens.iter().map(traffic).collect(),
        closes: plan.closes.iter().map(traffic).collect(),
        warnings: plan
            .warnings
            .iter()
            .map(|Warning { code, message, rule }| WarningView {
                code: code.name(),
                message,
                rule: rule.and_then(asked),
            })
            .collect(),
    }
}

fn traffic(traffic: &Traffic) -> TrafficView<'_> {
    let protocol = traffic.service.as_protocol();
    let numbers = protocol.and_then(|protocol| protocol.numbers());
    let conditions = traffic.conditions.as_deref();
    TrafficView {
        direction: traffic.direction.name(),
        protocol: protocol.and_then(|protocol| protocol.name()),
        port_from: numbers.map(|(from, _)| from.to_string()),
        port_to: numbers.map(|(_, to)| to.to_string()),
        sources: traffic.sources.iter().map(source).collect(),
        interface: conditions.and_then(|conditions| conditions.interface.as_ref()).map(|interface| interface.as_str()),
        states: conditions.and_then(|conditions| conditions.states).map(|states| states.to_string()),
        limit: conditions.and_then(|conditions| conditions.limit).map(|limit| limit.to_string()),
        mac: conditions.and_then(|conditions| conditions.mac).map(|mac| mac.to_string()),
        packet_type: conditions.and_then(|conditions| conditions.packet_type).map(|kind| kind.name()),
        traffic: traffic.to_string(),
    }
}

pub(super) fn explanation<'a>(firewall: &'a Firewall, explained: &Explanation, head: &Head<'_>) -> ExplanationView<'a> {
    let can = head.driver().capabilities();
    let deciding = explained.rule.and_then(|index| Some((index, firewall.rules.get(index)?)));
    ExplanationView {
        verdict: explained.verdict.name(),
        rule: deciding.map(|(index, one)| rule(ShownRule::there(one, index, can))),
        default: deciding.is_none().then_some(true),
    }
}
