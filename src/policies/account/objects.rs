//! All objects of the account.

use std::net::IpAddr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::address_list::AddressList;
use super::event::Event;
use super::id::Id;
use super::policy::Policy;
use super::service::Service;

/// All objects of the account, as they are at a time. It costs little to have another such that differs in a few.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// How often something was changed.
    pub revision: u64,
    /// The policies.
    pub policies: Collection<Policy>,
    /// The zones.
    pub zones: Collection<Zone>,
    /// The services.
    pub services: Collection<Service>,
    /// The interfaces.
    pub interfaces: Collection<Interface>,
    /// What is kept of groups: those that somebody has changed, or that a rule names.
    pub groups: Collection<GroupSettings>,
    /// The GhostPorts that users have opened, whether or not their time is over.
    pub ghost_ports: Collection<GhostPort>,
    /// What has happened, the oldest first.
    pub events: Collection<Event>,
    /// Which codes users have used.
    pub used_codes: Collection<UsedCode>,
}

/// A zone: addresses with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its id.
    pub id: Id,
    /// When it was made, in the order of all objects.
    pub made: u64,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: AddressList,
    /// Whether a feed has put them there, and nobody else since.
    #[serde(default)]
    pub is_fed: bool,
    /// Whether it is always there.
    #[serde(default, skip)]
    pub is_built_in: bool,
}

/// A network interface of servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: Id,
    /// When it was made, in the order of all objects.
    pub made: u64,
    /// What it is called.
    pub name: String,
    /// Whether it is always there.
    #[serde(default, skip)]
    pub is_built_in: bool,
}

/// What is kept of a group. All else of it is its firewall's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSettings {
    /// Its id.
    pub id: Id,
    /// When it was first kept, in the order of all objects.
    pub made: u64,
    /// The id of its firewall; none for the root group.
    pub firewall: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// A word that servers were sorted by.
    pub tag: String,
    /// The group that it stands under; none for the root group.
    pub parent: Option<Id>,
    /// The policy that its firewall is kept at.
    pub policy: Option<Id>,
    /// What other modules of Halo have here: kept and shown, without effect.
    pub others: serde_json::Map<String, serde_json::Value>,
}

/// What a user has opened for the address that it came from: rules for users match that, until its time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GhostPort {
    /// Its id.
    pub id: Id,
    /// When it was made, in the order of all objects.
    pub made: u64,
    /// The user.
    pub user: String,
    /// The address.
    pub address: IpAddr,
    /// When it was opened, in milliseconds since 1970.
    pub opened_at: i64,
    /// When its time is over.
    pub expires_at: i64,
}

/// The last code that a user has used: none is good twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedCode {
    /// The user's id.
    pub id: Id,
    /// The user.
    pub user: String,
    /// The step of time that the code was for.
    pub step: u64,
}

/// The interfaces that are always there, in Halo's order.
const INTERFACES: [&str; 7] = ["lo", "eth0", "eth0:1", "eth0:2", "eth0:3", "eth0:4", "eth1"];

/// The name of the zone that is always there, and what it shows.
const ANY: (&str, &str) = ("any", "0.0.0.0/0");

/// What can be kept in a collection.
pub trait Object: Serialize + DeserializeOwned {
    /// What one is called in URLs and documents, such as `firewall_zone`.
    const KIND: &'static str;

    /// Its id.
    fn id(&self) -> Id;

    /// What it is called.
    fn name(&self) -> &str;

    /// When it was made, in the order of all objects.
    fn made(&self) -> u64;
}

impl Object for GhostPort {
    const KIND: &'static str = "ghostport";

    fn id(&self) -> Id {
        self.id
    }

    fn name(&self) -> &str {
        &self.user
    }

    fn made(&self) -> u64 {
        self.made
    }
}

impl Object for Event {
    const KIND: &'static str = "event";

    fn id(&self) -> Id {
        self.id
    }

    fn name(&self) -> &str {
        self.kind.name()
    }

    fn made(&self) -> u64 {
        self.made
    }
}

impl Object for UsedCode {
    const KIND: &'static str = "code";

    fn id(&self) -> Id {
        self.id
    }

    fn name(&self) -> &str {
        &self.user
    }

    fn made(&self) -> u64 {
        self.step
    }
}

macro_rules! objects {
    ($($object:ty: $kind:literal)*) => {$(
        impl Object for $object {
            const KIND: &'static str = $kind;

            fn id(&self) -> Id {
                self.id
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn made(&self) -> u64 {
                self.made
            }
        }
    )*};
}

objects! {
    Policy: "firewall_policy"
    Zone: "firewall_zone"
    Service: "firewall_service"
    Interface: "firewall_interface"
    GroupSettings: "group"
}

/// Objects of a kind: those that are always there, and then the others as they were made.
#[derive(Debug, PartialEq)]
pub struct Collection<T>(Vec<Arc<T>>);

impl<T> Clone for Collection<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Object> Collection<T> {
    /// These.
    fn new(objects: impl IntoIterator<Item = T>) -> Self {
        Self(objects.into_iter().map(Arc::new).collect())
    }

    /// Puts these behind all others.
    pub(super) fn extend(&mut self, objects: impl IntoIterator<Item = T>) {
        self.0.extend(objects.into_iter().map(Arc::new));
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<T>> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one with this id.
    pub fn get(&self, id: Id) -> Option<&Arc<T>> {
        self.0.iter().find(|object| object.id() == id)
    }

    /// The first that is called so.
    pub fn named(&self, name: &str) -> Option<&Arc<T>> {
        self.0.iter().find(|object| object.name() == name)
    }

    /// Puts it in the place of the one with its id, or behind all.
    pub(super) fn put(&mut self, object: Arc<T>) {
        match self.0.iter_mut().find(|known| known.id() == object.id()) {
            Some(known) => *known = object,
            None => self.0.push(object),
        }
    }

    /// Puts one behind all others that was not there.
    pub(super) fn push(&mut self, object: T) {
        self.0.push(Arc::new(object));
    }

    /// Takes it out.
    pub(super) fn remove(&mut self, id: Id) {
        self.0.retain(|object| object.id() != id);
    }
}

impl Objects {
    /// The account as it is at first.
    pub(in crate::policies) fn built_in() -> Self {
        let any = AddressList::read(ANY.1).map(|addresses| Zone {
            id: Id::of(&[Zone::KIND, ANY.0]),
            made: 0,
            name: ANY.0.to_owned(),
            description: None,
            addresses,
            is_fed: false,
            is_built_in: true,
        });
        let interface = |name: &str| Interface {
            id: Id::of(&[Interface::KIND, name]),
            made: 0,
            name: name.to_owned(),
            is_built_in: true,
        };
        Self {
            zones: Collection::new(any),
            services: Collection::new(Service::built_in()),
            interfaces: Collection::new(INTERFACES.map(interface)),
            ..Self::default()
        }
    }

    /// Whether firewalls are to be the same by both.
    pub(super) fn is_same_but_for_events(&self, other: &Self) -> bool {
        self.policies == other.policies
            && self.zones == other.zones
            && self.services == other.services
            && self.interfaces == other.interfaces
            && self.groups == other.groups
            && self.ghost_ports == other.ghost_ports
    }

    /// The groups that a policy is assigned to.
    pub fn assigned(&self, policy: Id) -> impl Iterator<Item = &Arc<GroupSettings>> {
        self.groups.iter().filter(move |group| group.policy == Some(policy))
    }

    /// The policies with a rule that names this object.
    pub fn users_of(&self, id: Id) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.iter().filter(move |policy| policy.names(id))
    }
}
