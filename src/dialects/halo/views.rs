//! What is shown of objects.

use std::num::NonZero;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};

use super::path::Kind;
use crate::clock::Timestamp;
use crate::policies::account::draft::user_id;
use crate::policies::account::objects::{GroupSettings, Interface, Zone};
use crate::policies::account::policy::{Platform, Policy};
use crate::policies::account::rule::{ALL_SERVERS, ALL_USERS, Chain, Peer, Rule, StateName};
use crate::policies::account::service::Service;
use crate::policies::account::{Id, Objects};

/// What views are made with.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) objects: &'a Objects,
    /// Scheme, host and the path that URLs begin with.
    pub(super) base: &'a str,
    /// The root group: its id and its name.
    pub(super) root: (Id, &'a str),
    /// The users, by name.
    pub(super) users: &'a [String],
}

impl Scene<'_> {
    /// The URL of an object.
    pub(super) fn url(&self, kind: Kind, id: Id) -> String {
        format!("{}/{}/{id}", self.base, kind.all())
    }

    /// The URL of a rule.
    pub(super) fn rule_url(&self, policy: Id, rule: Id) -> String {
        format!("{}/firewall_rules/{rule}", self.url(Kind::Policy, policy))
    }

    /// A policy, without its rules.
    pub(super) fn policy(&self, policy: &Policy) -> Map<String, Value> {
        let (root, root_name) = self.root;
        let used_by: Vec<_> = self.objects.assigned(policy.id).map(|group| named(group.id, &group.name)).collect();
        let mut shown = object(json!({
            "id": policy.id,
            "url": self.url(Kind::Policy, policy.id),
            "name": policy.name,
            "module": "fw",
            "created_by": policy.created_by,
            "updated_by": policy.updated_by,
            "created_at": time(policy.created_at),
            "updated_at": time(policy.updated_at),
            "group_id": root,
            "group_name": root_name,
            "description": policy.description,
            "platform": policy.platform.name(),
            "shared": policy.shared,
            "read_only": false,
            "used_by": used_by,
            "target_type": "server",
        }));
        match policy.platform {
            Platform::Linux => {
                drop(shown.insert("ignore_forwarding_rules".into(), policy.ignore_forwarding_rules.into()))
            }
            Platform::Windows => shown.extend(object(json!({
                "log_allowed": policy.windows.log_allowed,
                "log_dropped": policy.windows.log_dropped,
                "block_inbound": policy.windows.block_inbound,
                "block_outbound": policy.windows.block_outbound,
            }))),
        }
        shown
    }

    /// A policy with its rules.
    pub(super) fn whole_policy(&self, policy: &Policy) -> Map<String, Value> {
        let mut shown = self.policy(policy);
        shown.insert("firewall_rules".into(), self.rules(policy).into());
        shown
    }

    /// The rules of a policy, in the order of lists.
    pub(super) fn rules(&self, policy: &Policy) -> Vec<Value> {
        policy.rules().map(|(chain, rule)| self.rule(policy, chain, rule).into()).collect()
    }

    /// A rule, without its position.
    pub(super) fn rule(&self, policy: &Policy, chain: Chain, rule: &Rule) -> Map<String, Value> {
        let states: Vec<_> = rule.states.iter().copied().map(StateName::name).collect();
        let mut shown = object(json!({
            "id": rule.id,
            "url": self.rule_url(policy.id, rule.id),
            "chain": chain.name(),
            "action": rule.action.name(),
            "active": rule.is_active,
            "connection_states": (!states.is_empty()).then(|| states.join(", ")),
            "log": rule.log,
            "log_prefix": rule.log_prefix,
            "comment": rule.comment,
        }));
        // What is any is not there at all: clients look whether it is, and then into it.
        if let Some(interface) = rule.interface.and_then(|id| self.objects.interfaces.get(id)) {
            shown.insert("firewall_interface".into(), self.interface(interface).into());
        }
        if let Some(service) = rule.service.and_then(|id| self.objects.services.get(id)) {
            shown.insert("firewall_service".into(), self.service(service).into());
        }
        let field = match chain {
            Chain::Input => "firewall_source",
            Chain::Output => "firewall_target",
        };
        if let Some(peer) = rule.peer.and_then(|peer| self.peer(peer)) {
            shown.insert(field.into(), peer);
        }
        shown
    }

    fn peer(&self, peer: Peer) -> Option<Value> {
        Some(match peer {
            Peer::Zone(id) => {
                let mut zone = self.zone_in_rule(self.objects.zones.get(id)?);
                zone.insert("type".into(), "FirewallZone".into());
                zone.into()
            }
            Peer::Group(id) => {
                let group = self.objects.groups.get(id)?;
                json!({ "id": id, "url": self.url(Kind::Group, id), "name": group.name, "type": "Group" })
            }
            Peer::AllServers => json!({ "type": "Group", "name": ALL_SERVERS }),
            Peer::User(id) => {
                // A user who has gone is shown by the id alone.
                let name = self.users.iter().find(|name| user_id(name) == id);
                json!({ "type": "User", "username": name.map(String::as_str).unwrap_or_default(), "id": id })
            }
            Peer::AllUsers => json!({ "type": "UserGroup", "name": ALL_USERS }),
        })
    }

    /// A zone, with the policies that use it.
    pub(super) fn zone(&self, zone: &Zone) -> Map<String, Value> {
        let mut shown = self.zone_in_rule(zone);
        let used_by: Vec<_> = self.objects.users_of(zone.id).map(|policy| named(policy.id, &policy.name)).collect();
        shown.insert("used_by".into(), used_by.into());
        shown
    }

    fn zone_in_rule(&self, zone: &Zone) -> Map<String, Value> {
        let root = Some(self.root).filter(|_| !zone.is_built_in);
        object(json!({
            "id": zone.id,
            "url": self.url(Kind::Zone, zone.id),
            "name": zone.name,
            "group_id": root.map(|(id, _)| id),
            "group_name": root.map(|(_, name)| name),
            "description": zone.description,
            "ip_address": zone.addresses.text(),
            "system": zone.is_built_in,
            "shared": true,
        }))
    }

    /// A service.
    pub(super) fn service(&self, service: &Service) -> Map<String, Value> {
        let root = Some(self.root).filter(|_| !service.is_built_in);
        object(json!({
            "id": service.id,
            "url": self.url(Kind::Service, service.id),
            "name": service.name,
            "group_id": root.map(|(id, _)| id),
            "group_name": root.map(|(_, name)| name),
            "protocol": service.traffic.protocol(),
            "port": service.traffic.port(),
            "system": service.is_built_in,
            "shared": true,
        }))
    }

    /// An interface.
    pub(super) fn interface(&self, interface: &Interface) -> Map<String, Value> {
        let root = Some(self.root).filter(|_| !interface.is_built_in);
        object(json!({
            "id": interface.id,
            "url": self.url(Kind::Interface, interface.id),
            "name": interface.name,
            "group_id": root.map(|(id, _)| id),
            "group_name": root.map(|(_, name)| name),
            "system": interface.is_built_in,
            "shared": true,
        }))
    }

    /// A user, as in lists.
    pub(super) fn user(&self, name: &str) -> Map<String, Value> {
        let id = user_id(name);
        object(json!({
            "id": id,
            "url": format!("{}/users/{id}", self.base),
            "username": name,
            "firstname": "",
            "lastname": "",
            "email": "",
            "sms_phone_number": "",
        }))
    }
}

/// The members of an object that is written out.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// An object's id and name.
fn named(id: Id, name: &str) -> Value {
    json!({ "id": id, "name": name })
}

/// Times have milliseconds, whatever they are.
const MILLIS: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second { decimal_digits: NonZero::new(3) })
    .set_year_is_six_digits(false)
    .encode();

/// A time as it is shown: in UTC, with milliseconds.
pub(super) fn time(millis: i64) -> String {
    let time = OffsetDateTime::from(Timestamp::from_millis(millis).system_time());
    time.format(&Iso8601::<MILLIS>).unwrap_or_default()
}

/// The path of a group: the names of those it stands under, and its own.
pub(super) fn group_path(groups: &[GroupSettings], group: &GroupSettings) -> String {
    let mut names = vec![&*group.name];
    let mut above = group.parent;
    // No group stands under itself, so this comes to an end; what is kept of another cloud is not followed.
    for _ in groups {
        let Some(parent) = above.and_then(|id| groups.iter().find(|group| group.id == id)) else { break };
        names.push(&parent.name);
        above = parent.parent;
    }
    names.reverse();
    names.join("/")
}
