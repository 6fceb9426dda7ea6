//! The addresses of a host, as `ip -j address` has them.

use std::net::IpAddr;

use deltawall_core::Member;
use serde::Deserialize;

#[derive(Deserialize)]
struct Interface {
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    local: Option<IpAddr>,
    scope: Option<String>,
}

/// The host with the addresses by which others can reach it.
pub(crate) fn host(name: &str, text: &[u8]) -> Result<Member, serde_json::Error> {
    let interfaces: Vec<Interface> = serde_json::from_slice(text)?;
    let addresses = interfaces.into_iter().flat_map(|interface| interface.addr_info);
    let global = addresses.filter(|address| address.scope.as_deref() == Some("global"));
    let mut addresses: Vec<IpAddr> = global.filter_map(|address| address.local).collect();
    addresses.sort_by_key(|address| !is_private(address));
    Ok(Member { id: name.to_owned(), name: None, addresses, state: None })
}

fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}
