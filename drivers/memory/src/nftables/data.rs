//! What the driver starts with, as a file describes it.

use deltawall_core::{
    Account, Action, CloudRuleId, Conditions, Credentials, Description, Direction, Firewall, InvalidData, Log,
    LogPrefix, NewRule, Protocol, Rule,
};
use serde::Deserialize;

use super::capabilities::DEVICE;
use super::host::{Host, before_device};
use crate::data::{self, FirewallEntry, about};
use crate::firewalls::Firewalls;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the host is called. It owns its firewalls.
    host: String,
    user: String,
    password: String,
    /// What the host's own firewall is for.
    device: String,
    firewalls: Vec<FirewallEntry<RuleEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    id: String,
    protocol: String,
    port_from: Option<i32>,
    port_to: Option<i32>,
    #[serde(default)]
    egress: bool,
    #[serde(default)]
    action: ActionEntry,
    addresses: Vec<String>,
    /// What stands before what is logged, where a match is.
    log: Option<String>,
    states: Option<String>,
    limit: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum ActionEntry {
    #[default]
    Accept,
    Deny,
    Reject,
}

/// The credentials that are right, and the firewalls there are at first.
pub(super) fn parse(text: &str) -> Result<(Credentials, Host, Firewalls), InvalidData> {
    let file: File = toml::from_str(text).map_err(|error| InvalidData::at(text, error.span(), error.message()))?;
    let host = Host { name: Account::new(file.host).map_err(about("host"))? };
    let mut there = Firewalls::default();
    there.place(0, host.device(data::firewall(DEVICE, &file.device)?), Vec::new()).map_err(about(DEVICE))?;
    for entry in file.firewalls {
        let rules = entry.rules.into_iter().map(|rule| new_rule(rule, &host)).collect::<Result<_, _>>();
        let new = data::firewall(&entry.name, &entry.description)?;
        let firewall = Firewall { rules: rules.map_err(about(&entry.name))?, ..host.firewall(new) };
        there.place(before_device(&there), firewall, data::members(entry.members)).map_err(about(entry.name))?;
    }
    Ok((Credentials::new(file.user, file.password), host, there))
}

fn new_rule(entry: RuleEntry, host: &Host) -> Result<Rule, Box<dyn std::error::Error>> {
    let protocol = Protocol::from_parts(&entry.protocol, entry.port_from.zip(entry.port_to))?;
    let prefix = entry.log.map(LogPrefix::new).transpose()?;
    let conditions = Conditions {
        states: entry.states.map(|states| states.parse()).transpose()?,
        limit: entry.limit.map(|limit| limit.parse()).transpose()?,
        ..Conditions::default()
    };
    let new = NewRule::new(protocol, data::addresses(&entry.addresses)?)?
        .with_direction(if entry.egress { Direction::Egress } else { Direction::Ingress })
        .with_action(match entry.action {
            ActionEntry::Accept => Action::Accept,
            ActionEntry::Deny => Action::Deny,
            ActionEntry::Reject => Action::Reject,
        })
        .with_log(prefix.map(|prefix| Log { prefix: Some(prefix) }))
        .with_description(entry.description.map(Description::new).transpose()?)
        .with_conditions(conditions)?;
    Ok(host.rule(new, Some(CloudRuleId::new(entry.id)?)))
}
