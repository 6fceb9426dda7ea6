//! What the data files of both drivers have.

use std::net::IpAddr;

use deltawall_core::{Cidr, Description, FirewallName, InvalidData, Member, NewFirewall, Source, text};
use serde::Deserialize;

/// The user and password of the sample data, and of other data that names none. They open nothing else.
pub const SAMPLE_LOGIN: (&str, &str) = ("mockuser", "mockpassword");

/// A firewall, whose rules each driver's files say in a way of their own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirewallEntry<R> {
    pub(crate) name: String,
    pub(crate) description: String,
    #[serde(default = "Vec::new")]
    pub(crate) rules: Vec<R>,
    #[serde(default)]
    pub(crate) members: Vec<MemberEntry>,
}

/// Who stands behind a firewall.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberEntry {
    id: String,
    name: Option<String>,
    addresses: Vec<IpAddr>,
    state: Option<String>,
}

/// A firewall, which is called so.
pub(crate) fn firewall(name: &str, description: &str) -> Result<NewFirewall, InvalidData> {
    let about_this = format!("{name}: description");
    let name = FirewallName::new(name).map_err(about("a firewall's name"))?;
    if text::length_in_url(&name) > text::MAX_ID_IN_URL {
        return Err(InvalidData::about(name.to_string(), "no URL could have this name in it"));
    }
    let description = Description::new(description).map_err(about(about_this))?;
    Ok(NewFirewall { name, description, network: None })
}

/// Who stands behind it.
pub(crate) fn members(entries: Vec<MemberEntry>) -> Vec<Member> {
    let member = |MemberEntry { id, name, addresses, state }| Member { id, name, addresses, state };
    entries.into_iter().map(member).collect()
}

/// Networks, as sources of a rule.
pub(crate) fn addresses(addresses: &[String]) -> Result<Vec<Source>, String> {
    let read = |address: &String| {
        let read = address.parse::<Cidr>().map_err(|why| format!("'{address}' {why}"))?;
        Ok(Source::Address(read))
    };
    addresses.iter().map(read).collect()
}

/// What is wrong, and what it is about.
pub(crate) fn about<E: ToString>(what: impl Into<String>) -> impl FnOnce(E) -> InvalidData {
    let what = what.into();
    |why| InvalidData::about(what, why)
}
