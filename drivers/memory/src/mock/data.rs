//! What the driver starts with, as a file describes it.

use std::fmt::Display;

use deltawall_core::{
    Account, Credentials, Description, Direction, FirewallId, FirewallName, Group, InvalidData, NewRule, Protocol,
    RuleId, Source, rule_id,
};
use serde::Deserialize;
use toml::Spanned;

use super::groups::{Groups, Quotas};
use crate::data::{self, FirewallEntry, about};
use crate::firewalls::Firewalls;

/// How many bytes an account may have, so that URLs can have the ids of its rules in them.
const MAX_ACCOUNT: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    account: String,
    user: String,
    password: String,
    max_firewalls: usize,
    max_rules: usize,
    firewalls: Vec<Spanned<FirewallEntry<Spanned<RuleEntry>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    protocol: String,
    port_from: i32,
    port_to: i32,
    #[serde(default)]
    egress: bool,
    #[serde(default)]
    groups: Vec<GroupEntry>,
    #[serde(default)]
    addresses: Vec<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupEntry {
    name: String,
    /// The account itself, if it is left out.
    owner: Option<String>,
}

/// Quotas are those of a new account (VPC User Guide, "Amazon VPC quotas").
impl Default for File {
    fn default() -> Self {
        Self {
            account: "393485797142".into(),
            user: data::SAMPLE_LOGIN.0.into(),
            password: data::SAMPLE_LOGIN.1.into(),
            max_firewalls: 2_500,
            max_rules: 60,
            firewalls: Vec::new(),
        }
    }
}

/// The credentials that are right, and the firewalls there are at first.
pub(super) fn parse(text: &str) -> Result<(Credentials, Groups, Firewalls), InvalidData> {
    let mut file: File = toml::from_str(text).map_err(|error| InvalidData::at(text, error.span(), error.message()))?;
    let account = Account::new(file.account).map_err(about("account"))?;
    if account.as_str().len() > MAX_ACCOUNT {
        return Err(InvalidData::about("account", "is longer than 255 bytes"));
    }
    let groups = Groups { account, quotas: Quotas { firewalls: file.max_firewalls, rules: file.max_rules } };
    let mut there = Firewalls::default();
    // All firewalls before any rule, since a rule may name a firewall that stands further down.
    for entry in &mut file.firewalls {
        let bytes = entry.span();
        let wrong = |why: String| InvalidData::at(text, Some(bytes), &why);
        let entry = entry.get_mut();
        let members = data::members(std::mem::take(&mut entry.members));
        let placed = data::firewall(&entry.name, &entry.description).map_err(|why| why.to_string()).and_then(|new| {
            let placed = there.place(there.len(), groups.firewall(new), members);
            placed.map_err(|why| format!("{}: {why}", entry.name))
        });
        placed.map_err(wrong)?;
    }
    for entry in &file.firewalls {
        let entry = entry.get_ref();
        let id = FirewallId::new(&*entry.name).map_err(about("a firewall's name"))?;
        for (number, rule) in (1..).zip(&entry.rules) {
            let wrong = |why: &dyn Display| {
                InvalidData::at(text, Some(rule.span()), &format!("{}: rule {number}: {why}", entry.name))
            };
            let new = new_rule(rule.get_ref(), &groups.account).map_err(|why| wrong(&why))?;
            let firewall = there.get(&id).map_err(|why| wrong(&why))?;
            groups.check_is_new(&there, firewall, &new).map_err(|why| wrong(&why))?;
            there.place_rule(&id, groups.rule(new)).map_err(|why| wrong(&why))?;
        }
    }
    Ok((Credentials::new(file.user, file.password), groups, there))
}

fn new_rule(entry: &RuleEntry, account: &Account) -> Result<NewRule, Box<dyn std::error::Error>> {
    let mut sources = Vec::new();
    for group in &entry.groups {
        let owner = match &group.owner {
            Some(owner) => Account::new(&**owner)?,
            None => account.clone(),
        };
        sources.push(Source::Group(Group { owner, name: FirewallName::new(&*group.name)? }));
    }
    sources.extend(data::addresses(&entry.addresses)?);
    let protocol = Protocol::from_parts(&entry.protocol, Some((entry.port_from, entry.port_to)))?;
    let direction = if entry.egress { Direction::Egress } else { Direction::Ingress };
    let description = entry.description.as_deref().map(Description::new).transpose()?;
    let rule = NewRule::new(protocol, sources)?.with_direction(direction).with_description(description);
    match RuleId::length_in_url(&rule) > rule_id::MAX_IN_URL {
        true => Err("no URL could have the id of a rule in it".into()),
        false => Ok(rule),
    }
}
