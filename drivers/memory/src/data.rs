//! What the driver starts with, as a file describes it.

use deltawall_core::{
    Account, Cidr, Credentials, Description, Direction, FirewallId, FirewallName, Group, InvalidData, NewFirewall,
    NewRule, Protocol, Source,
};
use serde::Deserialize;

use crate::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    account: String,
    user: String,
    password: String,
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

impl Default for File {
    fn default() -> Self {
        Self {
            account: "393485797142".into(),
            user: crate::SAMPLE_LOGIN.0.into(),
            password: crate::SAMPLE_LOGIN.1.into(),
            firewalls: Vec::new(),
        }
    }
}

/// The credentials that are right, and the firewalls there are at first.
pub(crate) fn parse(text: &str) -> Result<(Credentials, World), InvalidData> {
    let file: File = toml::from_str(text).map_err(|error| InvalidData::at(text, error.span(), error.message()))?;
    let account = Account::new(file.account).map_err(about("account"))?;
    let mut world = World::new(account);
    // All firewalls before any rule, since a rule may name a firewall that stands further down.
    for entry in &file.firewalls {
        let about_this = about(&entry.name);
        let name = FirewallName::new(&*entry.name).map_err(about("a firewall's name"))?;
        let description = Description::new(&*entry.description).map_err(about(format!("{name}: description")))?;
        world.create(NewFirewall { name, description, network: None }).map_err(about_this)?;
    }
    for entry in &file.firewalls {
        let id = FirewallId::new(&*entry.name).map_err(about("a firewall's name"))?;
        for rule in &entry.rules {
            let rule = new_rule(rule, world.account()).map_err(about(&entry.name))?;
            world.create_rule(&id, rule).map_err(about(&entry.name))?;
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
        sources.push(Source::Address(address.parse::<Cidr>()?));
    }
    let protocol = Protocol::from_parts(&entry.protocol, Some((entry.port_from, entry.port_to)))?;
    let direction = if entry.egress { Direction::Egress } else { Direction::Ingress };
    Ok(NewRule::new(protocol, sources)?.with_direction(direction))
}

fn about<E: ToString>(what: impl Into<String>) -> impl FnOnce(E) -> InvalidData {
    let what = what.into();
    |why| InvalidData::about(what, why)
}
