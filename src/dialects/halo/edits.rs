//! What clients want to have changed, from the fields that they send. What is read-only or unknown is left out: clients send back whole objects.

use serde_json::{Map, Value};

use super::body::Sent;
use super::error::ApiError;
use super::fields::Fields;
use crate::policies::account::edits::{GroupEdit, InterfaceEdit, PolicyEdit, RuleEdit, ServiceEdit, ZoneEdit};
use crate::policies::account::{ChangeError, Code, Problem};

/// The one object that was sent.
pub(super) fn object(sent: &Sent) -> Result<&Map<String, Value>, ApiError> {
    let no_object = || ApiError::Malformed("Only one object can be sent here".into());
    sent.value.as_object().ok_or_else(no_object)
}

/// The objects that were sent, where several may be.
pub(super) fn objects(sent: &Sent) -> Result<Vec<&Map<String, Value>>, ApiError> {
    match &sent.value {
        Value::Array(all) => {
            let no_object = || ApiError::Malformed("A list has to be one of objects".into());
            all.iter().map(|one| one.as_object().ok_or_else(no_object)).collect()
        }
        _ => object(sent).map(|one| vec![one]),
    }
}

pub(super) fn zone(members: &Map<String, Value>) -> Result<ZoneEdit, ChangeError> {
    let fields = Fields::new(members);
    let edit = ZoneEdit {
        name: fields.required("name"),
        description: fields.text("description"),
        addresses: fields.required("ip_address"),
    };
    fields.end().map(|()| edit)
}

pub(super) fn service(members: &Map<String, Value>) -> Result<ServiceEdit, ChangeError> {
    let fields = Fields::new(members);
    let edit =
        ServiceEdit { name: fields.required("name"), protocol: fields.required("protocol"), port: fields.text("port") };
    fields.end().map(|()| edit)
}

pub(super) fn interface(members: &Map<String, Value>) -> Result<InterfaceEdit, ChangeError> {
    let fields = Fields::new(members);
    let edit = InterfaceEdit { name: fields.required("name") };
    fields.end().map(|()| edit)
}

/// A policy, with the rules of one that is made.
pub(super) fn policy(members: &Map<String, Value>, has_rules: bool) -> Result<PolicyEdit, ChangeError> {
    let fields = Fields::new(members);
    let mut edit = PolicyEdit {
        name: fields.required("name"),
        description: fields.text("description"),
        platform: fields.text("platform").flatten().filter(|platform| !platform.trim().is_empty()),
        shared: fields.flag("shared"),
        ignore_forwarding_rules: fields.flag("ignore_forwarding_rules"),
        log_allowed: fields.flag("log_allowed"),
        log_dropped: fields.flag("log_dropped"),
        block_inbound: fields.flag("block_inbound"),
        block_outbound: fields.flag("block_outbound"),
        rules: None,
    };
    let sent = fields.value("firewall_rules").filter(|_| has_rules).cloned();
    fields.end()?;
    edit.rules = match sent {
        None | Some(Value::Null) => None,
        Some(Value::Array(rules)) => Some(imported(&rules)?),
        Some(_) => {
            let details = "firewall_rules has to be a list of rules";
            return Err(Problem::new("firewall_rules", "", Code::Invalid, details).into());
        }
    };
    Ok(edit)
}

/// The rules of a policy that is made: their order is that of the list, whatever else they say of it.
fn imported(rules: &[Value]) -> Result<Vec<RuleEdit>, ChangeError> {
    let mut problems = Vec::new();
    let mut edits = Vec::with_capacity(rules.len());
    for (index, sent) in rules.iter().enumerate() {
        let place = format!("firewall_rules[{index}]");
        let read = sent.as_object().map(rule);
        match read {
            Some(Ok(edit)) => edits.push(RuleEdit { position: None, ..edit }),
            Some(Err(ChangeError::Invalid(of_rule))) => {
                // Where a rule is to stand is not asked for here, so it cannot be wrong either.
                let of_rule = of_rule.into_iter().filter(|problem| problem.field != "position");
                problems.extend(of_rule.map(|problem| problem.within(&place)));
            }
            Some(Err(other)) => return Err(other),
            None => problems.push(Problem::new(place, "", Code::Invalid, "A rule has to be an object")),
        }
    }
    if problems.is_empty() { Ok(edits) } else { Err(ChangeError::Invalid(problems)) }
}

pub(super) fn rule(members: &Map<String, Value>) -> Result<RuleEdit, ChangeError> {
    let fields = Fields::new(members);
    let edit = RuleEdit {
        chain: fields.required("chain"),
        action: fields.required("action"),
        is_active: fields.flag("active"),
        states: fields.text("connection_states"),
        log: fields.flag("log"),
        log_prefix: fields.text("log_prefix"),
        comment: fields.text("comment"),
        interface: fields.reference("firewall_interface"),
        service: fields.reference("firewall_service"),
        source: fields.reference("firewall_source"),
        target: fields.reference("firewall_target"),
        position: fields.position(),
    };
    fields.end().map(|()| edit)
}

/// What of a group is another module's: kept and shown, without effect.
const OF_OTHERS: [&str; 8] = [
    "policy_ids",
    "windows_policy_ids",
    "fim_policy_ids",
    "windows_fim_policy_ids",
    "lids_policy_ids",
    "cve_exception_ids",
    "alert_profile_ids",
    "server_events_policy_id",
];

pub(super) fn group(members: &Map<String, Value>) -> Result<GroupEdit, ChangeError> {
    let fields = Fields::new(members);
    // The first is the new name of the second, and counts where both are there.
    let policies = ["linux_firewall_policy_id", "firewall_policy_id"];
    let policy = policies.into_iter().find_map(|field| Some((field, fields.id(field)?)));
    let others =
        fields.all().filter(|(field, value)| OF_OTHERS.contains(&field.as_str()) && is_of_others(field, value));
    let edit = GroupEdit {
        name: fields.required("name"),
        description: fields.text("description"),
        tag: fields.required("tag"),
        parent: fields.id("parent_id"),
        policy,
        windows_policy: fields.id("windows_firewall_policy_id"),
        others: others.map(|(field, value)| (field.clone(), value.clone())).collect(),
    };
    fields.end().map(|()| edit)
}

/// How many ids a list of another module has, at the most.
const MAX_IDS: usize = 100;

/// Whether it has the shape of an id, or of a list of ids.
fn is_of_others(field: &str, value: &Value) -> bool {
    let is_id = |value: &Value| value.as_str().is_some_and(|id| id.len() <= 64);
    match value {
        Value::Array(ids) => field.ends_with("_ids") && ids.len() <= MAX_IDS && ids.iter().all(is_id),
        value => field.ends_with("_id") && (value.is_null() || is_id(value)),
    }
}
