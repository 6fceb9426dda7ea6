//! A virtual data centre, as a file describes it.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use deltawall_core::cidr::InvalidCidr;
use deltawall_core::{Account, Cidr, Credentials, Description, FirewallName, InvalidData, Protocol};
use serde::Deserialize;

use crate::client::{DEFAULT_POLICY, DataCentre, FirewallState, Policy, Server, ServerState, Vsys, Zone, ZonePair};
use crate::convert;
use crate::platform::REGIONS;

/// What the driver is made of.
pub(crate) struct DataCentres {
    pub(crate) certificates: Vec<Credentials>,
    pub(crate) regions: BTreeMap<&'static str, DataCentre>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    certificates: Vec<CertificateEntry>,
    #[serde(default)]
    descriptors: Vec<DescriptorEntry>,
    #[serde(default)]
    systems: Vec<SystemEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateEntry {
    folder: String,
    passphrase: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescriptorEntry {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemEntry {
    provider: String,
    id: String,
    name: String,
    descriptor: String,
    creator: String,
    firewall: FirewallEntry,
    #[serde(default)]
    servers: Vec<ServerEntry>,
    #[serde(default)]
    directions: Vec<DirectionEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum FirewallEntry {
    Running,
    Stopped,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerEntry {
    id: String,
    name: String,
    state: ServerState,
    #[serde(default)]
    addresses: Vec<IpAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectionEntry {
    from: Zone,
    to: Zone,
    policies: Vec<PolicyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyEntry {
    id: String,
    protocol: String,
    port_from: i32,
    port_to: i32,
    sources: Vec<String>,
    action: ActionEntry,
    #[serde(default)]
    log: bool,
}

#[derive(Deserialize, PartialEq, Eq)]
enum ActionEntry {
    Accept,
    Deny,
}

pub(crate) fn parse(text: &str, stop_delay: Duration) -> Result<DataCentres, InvalidData> {
    let file: File = toml::from_str(text).map_err(|error| InvalidData::at(text, error.span(), error.message()))?;
    let mut certificates = Vec::new();
    for entry in file.certificates {
        // The folder becomes the creator, and with it the owner, of what is made with the certificate.
        Account::new(&*entry.folder).map_err(|why| InvalidData::about("a certificate's folder", why))?;
        certificates.push(Credentials::new(entry.folder, entry.passphrase));
    }
    let mut descriptors = Vec::new();
    for entry in file.descriptors {
        Description::new(&*entry.name).map_err(|why| InvalidData::about("a descriptor's name", why))?;
        descriptors.push(entry.name);
    }
    let new_centre = |(number, region)| (region, DataCentre::new(number, descriptors.clone(), stop_delay));
    let mut regions: BTreeMap<_, _> = REGIONS.into_iter().enumerate().map(new_centre).collect();
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for entry in file.systems {
        let region = entry.provider.as_str();
        let centre = regions.get_mut(region);
        let centre = centre.ok_or_else(|| InvalidData::about(&*entry.id, format!("'{region}' is no provider")))?;
        if !ids.insert(entry.id.clone()) || !names.insert((entry.provider.clone(), entry.name.clone())) {
            return Err(InvalidData::about(&*entry.id, "its id or name is that of another system"));
        }
        if !descriptors.contains(&entry.descriptor) {
            return Err(InvalidData::about(&*entry.id, format!("'{}' is no descriptor", entry.descriptor)));
        }
        centre.place(system(entry)?);
    }
    Ok(DataCentres { certificates, regions })
}

fn system(entry: SystemEntry) -> Result<Vsys, InvalidData> {
    let about = |why: &dyn ToString| InvalidData::about(&*entry.id, why.to_string());
    if entry.id.is_empty() || !entry.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(about(&"a system's id is letters, digits and '-'"));
    }
    FirewallName::new(&*entry.name).map_err(|why| about(&why))?;
    Account::new(&*entry.creator).map_err(|why| about(&why))?;
    let mut ids = HashSet::new();
    let mut directions = Vec::new();
    for direction in entry.directions {
        if direction.from == direction.to {
            return Err(about(&"a direction is between two zones"));
        }
        let mut between = ZonePair { from: direction.from, to: direction.to, policies: Vec::new() };
        for entry in direction.policies {
            let policy = policy(entry, between.digits())?;
            if !ids.insert(policy.id.clone()) {
                return Err(InvalidData::about(&*policy.id, "a system has this rule twice"));
            }
            between.policies.push(policy);
        }
        directions.push(between);
    }
    Ok(Vsys {
        state: match entry.firewall {
            FirewallEntry::Running => FirewallState::Running,
            FirewallEntry::Stopped => FirewallState::Stopped,
        },
        servers: entry
            .servers
            .into_iter()
            .map(|ServerEntry { id, name, state, addresses }| Server { id, name, state, addresses })
            .collect(),
        id: entry.id,
        name: entry.name,
        descriptor: entry.descriptor,
        creator: entry.creator,
        directions,
    })
}

fn policy(entry: PolicyEntry, digits: Option<&str>) -> Result<Policy, InvalidData> {
    let about = |why: &dyn ToString| InvalidData::about(&*entry.id, why.to_string());
    if entry.id.len() != 5 || !entry.id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(about(&"a rule's id is five digits"));
    }
    if entry.id == DEFAULT_POLICY {
        return Err(about(&"this is the id of the default rule, which each firewall has"));
    }
    if let Some(digits) = digits
        && !entry.id.starts_with(digits)
    {
        return Err(about(&format!("rules between these zones begin with {digits}")));
    }
    let mut sources: Vec<Cidr> = Vec::new();
    for source in &entry.sources {
        sources.push(match source.as_str() {
            "any" => convert::anywhere().map_err(|why| about(&why))?,
            address => address.parse().map_err(|why: InvalidCidr| about(&format!("'{address}' {why}")))?,
        });
    }
    if sources.is_empty() {
        return Err(about(&"it has no sources"));
    }
    Ok(Policy {
        protocol: Protocol::from_parts(&entry.protocol, Some((entry.port_from, entry.port_to)))
            .map_err(|why| about(&why))?,
        sources,
        accept: entry.action == ActionEntry::Accept,
        log: entry.log,
        id: entry.id,
    })
}
