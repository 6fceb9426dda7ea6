//! Who stands behind a group, and who uses it.

use std::collections::HashMap;
use std::net::IpAddr;

use aws_sdk_ec2::types::{Instance, NetworkInterface, SecurityGroup};
use deltawall_core::{Error, ErrorKind, FirewallId, Member};

use super::base::{Client, MAX_FILTER_VALUES, PAGE};
use super::groups::{filter, group_id};
use crate::error::from_sdk;

impl Client {
    /// The network interfaces that have a group: a call for each thousand, and one for each two hundred instances that they are of.
    pub(crate) async fn members(&self, id: &FirewallId) -> Result<Vec<Member>, Error> {
        let group = self.find(id.as_str()).await?;
        self.members_of(group_id(&group)?).await
    }

    /// EC2's refusal to delete a group, with who uses it: found only now that it matters. What cannot be found out is left out.
    pub(super) async fn with_users(&self, error: Error, group: &SecurityGroup) -> Error {
        let (id, account) = (group.group_id().unwrap_or_default(), group.owner_id().unwrap_or_default());
        let naming = |name| self.ec2.describe_security_groups().filters(filter(name, [id])).send();
        let (ingress, egress, members) = tokio::join!(
            naming("ip-permission.group-id"),
            naming("egress.ip-permission.group-id"),
            self.members_of(id)
        );
        let mut groups: Vec<String> = Vec::new();
        for answer in [ingress, egress].into_iter().flatten() {
            let others =
                answer.security_groups.unwrap_or_default().into_iter().filter(|other| other.group_id() != Some(id));
            groups.extend(others.map(|other| format!("{account}:{}", other.group_name().unwrap_or_default())));
        }
        groups.sort_unstable();
        groups.dedup();
        let mut members: Vec<_> = members.unwrap_or_default().iter().map(called).collect();
        members.sort_unstable();
        members.dedup();
        let name = group.group_name().unwrap_or(id);
        let mut message = error.message.clone();
        for (what, users) in [("groups", groups), ("instances and network interfaces", members)] {
            if !users.is_empty() {
                message.push_str(&format!("\n  Group {account}:{name} is used by {what}: {}", users.join(", ")));
            }
        }
        Error { message, ..error }
    }

    async fn members_of(&self, group_id: &str) -> Result<Vec<Member>, Error> {
        let call = self.ec2.describe_network_interfaces().filters(filter("group-id", [group_id]));
        let interfaces = call.into_paginator().page_size(PAGE).items().send().try_collect().await;
        let interfaces: Vec<NetworkInterface> = interfaces.map_err(from_sdk)?;
        let instances = self.instances_of(&interfaces).await?;
        Ok(interfaces.iter().map(|interface| member(interface, &instances)).collect())
    }

    /// The instances that interfaces are of, by their ids. Who may not see instances sees none, and the interfaces all the same.
    async fn instances_of(&self, interfaces: &[NetworkInterface]) -> Result<HashMap<String, Instance>, Error> {
        let mut ids: Vec<_> = interfaces.iter().filter_map(instance_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut instances = HashMap::new();
        for ids in ids.chunks(MAX_FILTER_VALUES) {
            let ids = filter("instance-id", ids.iter().copied());
            let answer = self.ec2.describe_instances().filters(ids).max_results(PAGE).send().await.map_err(from_sdk);
            let answer = match answer {
                Err(error) if error.kind == ErrorKind::Forbidden => return Ok(instances),
                answer => answer?,
            };
            for instance in answer.reservations.unwrap_or_default().into_iter().flat_map(|each| each.instances) {
                instances.extend(instance.into_iter().filter_map(|one| Some((one.instance_id.clone()?, one))));
            }
        }
        Ok(instances)
    }
}

fn instance_id(interface: &NetworkInterface) -> Option<&str> {
    interface.attachment().and_then(|attachment| attachment.instance_id())
}

/// An interface is shown as what it is attached to, where that is an instance.
fn member(interface: &NetworkInterface, instances: &HashMap<String, Instance>) -> Member {
    let id = instance_id(interface);
    let instance = id.and_then(|id| instances.get(id));
    let name = match instance {
        Some(instance) => instance.tags().iter().find(|tag| tag.key() == Some("Name")).and_then(|tag| tag.value()),
        None => interface.description(),
    };
    let state = instance.and_then(|instance| instance.state()).and_then(|state| state.name());
    let state = state.map(|state| state.as_str()).or(interface.status().map(|status| status.as_str()));
    Member {
        id: id.or(interface.network_interface_id()).unwrap_or_default().to_owned(),
        name: name.filter(|name| !name.trim().is_empty()).map(str::to_owned),
        addresses: addresses(interface),
        state: state.map(str::to_owned),
    }
}

/// Private ones, public ones, and those of IPv6.
fn addresses(interface: &NetworkInterface) -> Vec<IpAddr> {
    let private = || interface.private_ip_addresses().iter();
    let texts = private()
        .filter_map(|address| address.private_ip_address())
        .chain(interface.private_ip_address())
        .chain(private().filter_map(|address| address.association()?.public_ip()))
        .chain(interface.association().and_then(|association| association.public_ip()))
        .chain(interface.ipv6_addresses().iter().filter_map(|address| address.ipv6_address()));
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in texts.filter_map(|text| text.parse().ok()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// What a member is called where it is named: `i-0123 (web1)`.
fn called(member: &Member) -> String {
    match &member.name {
        Some(name) => format!("{} ({name})", member.id),
        None => member.id.clone(),
    }
}
