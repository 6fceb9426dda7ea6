//! What clients see of a device.

use serde_json::{Map, Value, json};

use super::path::{Part, Version};
use super::types::RULE_OF_BETA;
use crate::policies::devices::rule::{Policy, Rule, Rules};
use crate::policies::devices::{Phase, View};

/// What is shown of a device at a part of the API; and beside it, in v1beta, once more where its page has it.
pub(super) fn shown(view: &View, version: Version, part: Part, is_recursive: bool) -> (Value, Map<String, Value>) {
    let mut beside = Map::new();
    let value = match part {
        Part::Root if is_recursive => json!({ "activated": view.activated, "conf": { "rules": rules(view, version) } }),
        Part::Root => json!({ "activated": view.activated }),
        Part::Activated => json!(view.activated),
        Part::Conf if is_recursive => json!({ "rules": rules(view, version) }),
        Part::Conf | Part::Action(_) => json!({}),
        Part::Rules => {
            let rules = rules(view, version);
            if version == Version::Beta {
                let others = rules.iter().filter(|(name, _)| *name != "activeRules");
                beside.extend(others.map(|(name, value)| (name.clone(), value.clone())));
            }
            Value::Object(rules)
        }
        Part::Property(property) => rules(view, version).remove(property.name).unwrap_or_default(),
    };
    (value, beside)
}

/// All properties of the rules, in alphabetical order.
fn rules(view: &View, version: Version) -> Map<String, Value> {
    // What was tried and is over is shown in v1 until there is something else.
    let is_shown = !(version == Version::Beta && view.phase == Phase::Expired);
    let pending = view.pending.as_deref().filter(|_| is_shown);
    let all = |rules: &Rules| Value::Array(rules.rules.iter().map(|one| rule(one, version)).collect());
    Map::from_iter([
        ("activeDefaultPolicy".to_owned(), policy(view.active.policy)),
        ("activeRules".to_owned(), all(&view.active)),
        ("pendingDefaultPolicy".to_owned(), pending.map_or(Value::Null, |pending| policy(pending.policy))),
        ("pendingRules".to_owned(), pending.map_or_else(|| json!([]), all)),
        ("testTimeLeft".to_owned(), json!(left(view.phase))),
    ])
}

fn policy(policy: Policy) -> Value {
    json!(match policy {
        Policy::Accept => "ACCEPT",
        Policy::Drop => "DROP",
    })
}

/// A rule with all its members; in v1beta without those of v1 that say nothing.
fn rule(rule: &Rule, version: Version) -> Value {
    let Ok(Value::Object(mut members)) = serde_json::to_value(rule) else { return Value::Null };
    if version == Version::Beta {
        let is_of_beta = |name: &str| RULE_OF_BETA.members.iter().any(|member| member.name == name);
        members.retain(|name, value| is_of_beta(name) || !value.is_null());
    }
    Value::Object(members)
}

/// How many seconds there are left, the last one counting until the old rules are back.
fn left(phase: Phase) -> u64 {
    match phase {
        Phase::Testing(left) => (left.as_secs() + u64::from(left.subsec_nanos() > 0)).max(1),
        Phase::Idle | Phase::Expired => 0,
    }
}
