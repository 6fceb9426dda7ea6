//! What a change would do, and what becomes of a packet.

use deltawall_core::{Explanation, Firewall, Traffic, Warning};

use super::document::Document;
use super::firewall::{Shown, default, rule, sources};
use crate::changes::Planned;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::shown_rule::{ShownRule, conditions};

pub(super) fn plan(document: &mut Document, planned: &Planned, head: &Head<'_>) {
    let Planned { firewall, is_new, after, plan } = planned;
    let (href, can) = (head.urls.firewall(&firewall.id), head.driver().capabilities());
    let shown = Shown::alone(&href, can);
    document.open("plan", &[]);
    match is_new {
        true => document.empty("firewall", &[("name", firewall.name.as_str())]),
        false => document.empty("firewall", &[("href", &href), ("id", firewall.id.as_str())]),
    }
    document.open("adds", &[]);
    for add in &plan.adds {
        rule(document, &ShownRule::new(&add.rule, add.index, can), shown);
    }
    document.close("adds");
    document.open("removes", &[]);
    for gone in &plan.removes {
        rule(document, &ShownRule::in_part(gone, firewall, can), shown);
    }
    document.close("removes");
    document.open("moves", &[]);
    for moved in &plan.moves {
        document.open("move", &[]);
        rule(document, &ShownRule::in_part(&moved.rule, firewall, can), shown);
        document.text("position", &moved.position.to_string());
        document.close("move");
    }
    document.close("moves");
    document.text("keeps", &plan.keeps.to_string());
    if let Some(defaults) = plan.default {
        default(document, defaults);
    }
    for (name, all) in [("opens", &plan.opens), ("closes", &plan.closes)] {
        document.open(name, &[]);
        for one in all {
            traffic(document, one);
        }
        document.close(name);
    }
    document.open("warnings", &[]);
    for Warning { code, message, rule: index } in &plan.warnings {
        document.open("warning", &[("code", code.name())]);
        document.cdata("message", message);
        if let Some((index, new)) = index.and_then(|index| Some((index, after.rules.get(index)?))) {
            rule(document, &ShownRule::new(new, index, can), shown);
        }
        document.close("warning");
    }
    document.close("warnings");
    document.close("plan");
}

fn traffic(document: &mut Document, of: &Traffic) {
    document.open("traffic", &[]);
    document.text("direction", of.direction.name());
    if let Some(protocol) = of.service.as_protocol() {
        document.text("protocol", &protocol.name().unwrap_or_default());
        if let Some((from, to)) = protocol.numbers() {
            document.number("port_from", Some(from));
            document.number("port_to", Some(to));
        }
    }
    sources(document, &of.sources);
    for (name, value) in conditions(of.conditions.as_deref()) {
        document.text(name, &value);
    }
    document.cdata("traffic", &of.to_string());
    document.close("traffic");
}

pub(super) fn explanation(document: &mut Document, firewall: &Firewall, explained: &Explanation, head: &Head<'_>) {
    let (href, can) = (head.urls.firewall(&firewall.id), head.driver().capabilities());
    document.open("explanation", &[]);
    document.text("verdict", explained.verdict.name());
    match explained.rule.and_then(|index| Some((index, firewall.rules.get(index)?))) {
        Some((index, one)) => rule(document, &ShownRule::there(one, index, can), Shown::alone(&href, can)),
        None => document.text("default", "true"),
    }
    document.close("explanation");
}
