//! What is shown of groups and servers, as the cloud has them.

use std::collections::HashMap;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::path::Kind;
use super::views::{Scene, group_path, object, time};
use crate::policies::account::Id;
use crate::policies::account::objects::GroupSettings;
use crate::policies::account::servers::Server;

/// How many servers a group has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    active: usize,
    deactivated: usize,
}

/// The servers of each group, counted.
pub(super) fn counted(servers: &[Server]) -> HashMap<Id, Counts> {
    let mut counts = HashMap::<Id, Counts>::new();
    for server in servers {
        let of_group = counts.entry(server.group).or_default();
        match server.is_active() {
            true => of_group.active += 1,
            false => of_group.deactivated += 1,
        }
    }
    counts
}

/// A group, among all groups.
pub(super) fn group(
    scene: &Scene<'_>,
    groups: &[GroupSettings],
    group: &GroupSettings,
    counts: Counts,
) -> Map<String, Value> {
    let mut shown = object(json!({
        "id": group.id,
        "url": scene.url(Kind::Group, group.id),
        "name": group.name,
        "description": group.description,
        "tag": group.tag,
        "group_path": group_path(groups, group),
        "firewall_policy_id": group.policy,
        "linux_firewall_policy_id": group.policy,
        "windows_firewall_policy_id": null,
        "server_counts": {
            "active": counts.active,
            "missing": 0,
            "deactivated": counts.deactivated,
            "retired": 0,
            "total": counts.active + counts.deactivated,
        },
        "policy_ids": [],
        "windows_policy_ids": [],
        "fim_policy_ids": [],
        "windows_fim_policy_ids": [],
        "lids_policy_ids": [],
        "cve_exception_ids": [],
        "alert_profile_ids": [],
        "server_events_policy_id": null,
        "parent_id": group.parent,
        "has_children": groups.iter().any(|other| other.parent == Some(group.id)),
    }));
    shown.extend(group.others.clone());
    shown
}

/// A server, which is in a group of these.
pub(super) fn server(scene: &Scene<'_>, groups: &[GroupSettings], server: &Server) -> Map<String, Value> {
    let of = groups.iter().find(|group| group.id == server.group);
    let member = &server.member;
    let name = member.name.as_deref().unwrap_or(&member.id);
    let address = member.addresses.first().map(ToString::to_string);
    let netmask = |address: &IpAddr| {
        if address.is_ipv4() { "255.255.255.255" } else { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" }
    };
    let interfaces: Vec<_> = member
        .addresses
        .iter()
        .map(|address| json!({ "name": null, "ip_address": address, "netmask": netmask(address), "mac_address": null }))
        .collect();
    let policy = of.and_then(|group| scene.objects.policies.get(group.policy?)).map(|policy| {
        json!({
            "id": policy.id,
            "name": policy.name,
            "status": "active",
            "last_checked": time(policy.updated_at),
            "installed": time(policy.updated_at),
            "url": scene.url(Kind::Policy, policy.id),
        })
    });
    object(json!({
        "id": server.id,
        "url": format!("{}/servers/{}", scene.base, server.id),
        "hostname": member.id,
        "server_label": name,
        "reported_fqdn": member.id,
        "primary_ip_address": address,
        "connecting_ip_address": address,
        "state": if server.is_active() { "active" } else { "deactivated" },
        "platform": "linux",
        "group_id": server.group,
        "group_name": of.map(|group| &group.name),
        "group_path": of.map(|group| group_path(groups, group)),
        "interfaces": interfaces,
        "firewall_policy": policy,
    }))
}
