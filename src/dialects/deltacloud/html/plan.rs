//! The pages of what a change would do, and of what becomes of a packet.

use std::io;

use askama::Template;
use deltawall_core::{Defaults, Explanation, Firewall};

use super::ports;
use super::render::render;
use crate::changes::Planned;
use crate::dialects::deltacloud::head::Head;
use crate::dialects::deltacloud::shown_rule::ShownRule;

#[derive(Template)]
#[template(path = "plan.html", config = ".askama.toml")]
struct Plan<'a> {
    head: &'a Head<'a>,
    firewall: &'a Firewall,
    is_new: bool,
    /// What becomes of rules and of traffic, each with a heading.
    lists: [(&'static str, Vec<String>); 5],
    keeps: usize,
    default: Option<Defaults>,
    warnings: Vec<&'a str>,
}

#[derive(Template)]
#[template(path = "explanation.html", config = ".askama.toml")]
struct Explained<'a> {
    head: &'a Head<'a>,
    firewall: &'a Firewall,
    verdict: &'static str,
    /// The rule that decides; none where none does.
    rule: Option<String>,
}

/// The page of what a change would do.
pub(super) fn page(planned: &Planned, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let Planned { firewall, is_new, plan, .. } = planned;
    let can = head.driver().capabilities();
    let adds = plan.adds.iter().map(|add| rule(&ShownRule::new(&add.rule, add.index, can)));
    let removes = plan.removes.iter().map(|gone| rule(&ShownRule::in_part(gone, firewall, can)));
    let moves = plan.moves.iter().map(|moved| {
        let text = rule(&ShownRule::in_part(&moved.rule, firewall, can));
        format!("{text}, to place {}", moved.position)
    });
    render(&Plan {
        head,
        firewall,
        is_new: *is_new,
        lists: [
            ("Rules that are added", adds.collect()),
            ("Rules that go", removes.collect()),
            ("Rules that move", moves.collect()),
            ("Traffic that opens", plan.opens.iter().map(ToString::to_string).collect()),
            ("Traffic that closes", plan.closes.iter().map(ToString::to_string).collect()),
        ],
        keeps: plan.keeps,
        default: plan.default,
        warnings: plan.warnings.iter().map(|warning| warning.message.as_str()).collect(),
    })
}

/// The page of what becomes of a packet.
pub(super) fn explanation(firewall: &Firewall, explained: &Explanation, head: &Head<'_>) -> io::Result<Vec<u8>> {
    let can = head.driver().capabilities();
    let deciding = explained.rule.and_then(|index| Some((index, firewall.rules.get(index)?)));
    let rule = deciding.map(|(index, one)| rule(&ShownRule::there(one, index, can)));
    render(&Explained { head, firewall, verdict: explained.verdict.name(), rule })
}

/// A rule in one line.
fn rule(rule: &ShownRule<'_>) -> String {
    let ports = rule.ports().unwrap_or_else(|| ports::ports(&rule.protocol).0);
    let sources: Vec<_> = rule.sources.iter().map(ToString::to_string).collect();
    let action = rule.action.map(|action| format!(", {}", action.name())).unwrap_or_default();
    let conditions: String = rule.conditions().map(|(name, value)| format!(", {name} {value}")).collect();
    let (direction, sources) = (rule.direction.name(), sources.join(", "));
    format!("{direction}, {} {ports}: {sources}{action}{conditions}", ports::protocol(&rule.protocol))
}
