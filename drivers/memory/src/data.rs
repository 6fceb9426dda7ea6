//! What the driver starts with, as a file describes it.

use deltawall_core::{
    Account, Cidr, Credentials, Description, Direction, FirewallId, FirewallName, Group, InvalidData, NewFirewall,
    NewRule, Protocol, RuleId, Source, rule_id, text,
};
use serde::Deserialize;

use crate::world::{Quotas, World};

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
    firewalls: Vec<FirewallEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirewallEntry {
    name: String,
    description: String,
    #[serde(default)]
    rules: Vec<RuleEntry>,
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
            user: crate::SAMPLE_LOGIN.0.into(),
            password: crate::SAMPLE_LOGIN.1.into(),
            max_firewalls: 2_500,
            max_rules: 60,
            firewalls: Vec::new(),
        }
    }
}

/// The credentials that are right, and the firewalls there are at first.
pub(crate) fn parse(text: &str) -> Result<(Credentials, World), InvalidData> {
    let file: File = toml::from_str(text).map_err(|error| InvalidData::at(text, error.span(), error.message()))?;
    let account = Account::new(file.account).map_err(about("account"))?;
    if account.as_str().len() > MAX_ACCOUNT {
        return Err(InvalidData::about("account", "is longer than 255 bytes"));
    }
    let mut world = World::new(account, Quotas { firewalls: file.max_firewalls, rules: file.max_rules });
    // All firewalls before any rule, since a rule may name a firewall that stands further down.
    for entry in &file.firewalls {
        let about_this = about(&entry.name);
        let name = FirewallName::new(&*entry.name).map_err(about("a firewall's name"))?;
        let description = Description::new(&*entry.description).map_err(about(format!("{name}: description")))?;
        if text::length_in_url(&name) > text::MAX_ID_IN_URL {
            return Err(InvalidData::about(entry.name.clone(), "no URL could have this name in it"));
        }
        world.place(NewFirewall { name, description, network: None }).map_err(about_this)?;
    }
    for entry in &file.firewalls {
        let id = FirewallId::new(&*entry.name).map_err(about("a firewall's name"))?;
        for rule in &entry.rules {
            let rule = new_rule(rule, world.account()).map_err(about(&entry.name))?;
            world.place_rule(&id, rule).map_err(about(&entry.name))?;
        }
    }
    Ok((Credentials::new(file.user, file.password), world))
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
    for address in &entry.addresses {
        let read = address.parse::<Cidr>().map_err(|why| format!("'{address}' {why}"))?;
        sources.push(Source::Address(read));
    }
    let protocol = Protocol::from_parts(&entry.protocol, Some((entry.port_from, entry.port_to)))?;
    let direction = if entry.egress { Direction::Egress } else { Direction::Ingress };
    let rule = NewRule::new(protocol, sources)?.with_direction(direction);
    match RuleId::length_in_url(&rule) > rule_id::MAX_IN_URL {
        true => Err("no URL could have the id of a rule in it".into()),
        false => Ok(rule),
    }
}

fn about<E: ToString>(what: impl Into<String>) -> impl FnOnce(E) -> InvalidData {
    let what = what.into();
    |why| InvalidData::about(what, why)
}
