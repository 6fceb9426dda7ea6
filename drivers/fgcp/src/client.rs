//! A data centre of the platform, in the platform's own words: systems, zones, directions, policies.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use deltawall_core::{Cidr, Protocol};

/// The rule that ends each firewall: what no policy has matched is denied.
pub(crate) const DEFAULT_POLICY: &str = "50000";

/// How many systems a region has room for: this server's own limit, as the platform's went by contract.
const MAX_SYSTEMS: usize = 1_000;

/// How many bytes the name of a new system may have: this server's own limit.
const MAX_NAME: usize = 1_024;

/// One region's systems, in the order they were made.
pub(crate) struct DataCentre {
    systems: Vec<Vsys>,
    descriptors: Vec<String>,
    stop_delay: Duration,
    /// Tells the ids of systems made here from those of other regions.
    region: usize,
    made: u32,
}

/// A virtual system.
pub(crate) struct Vsys {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) descriptor: String,
    pub(crate) creator: String,
    pub(crate) servers: Vec<Server>,
    pub(crate) state: FirewallState,
    pub(crate) directions: Vec<ZonePair>,
}

/// A virtual server.
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: ServerState,
    pub(crate) addresses: Vec<IpAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ServerState {
    Running,
    Starting,
    Stopping,
    Stopped,
}

/// A system's firewall. One that is stopping takes its system with it when it has stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirewallState {
    Running,
    Stopping { until: Instant },
    Stopped,
}

/// The networks that a firewall stands between, from the outside to the inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Zone {
    Internet,
    Intranet,
    Dmz,
    Secure1,
    Secure2,
}

/// The policies for traffic from one zone to another.
pub(crate) struct ZonePair {
    pub(crate) from: Zone,
    pub(crate) to: Zone,
    pub(crate) policies: Vec<Policy>,
}

pub(crate) struct Policy {
    /// Five digits: two for the pair of zones, three for the policy.
    pub(crate) id: String,
    /// Ports are those of the destination.
    pub(crate) protocol: Protocol,
    pub(crate) sources: Vec<Cidr>,
    pub(crate) accept: bool,
    pub(crate) log: bool,
}

/// How far a firewall has stopped.
pub(crate) enum Stopping {
    UnderWay,
    Done,
}

/// Why the platform would not do it, in its codes where they are known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("The certificate folder or its passphrase is wrong")]
    Certificate,
    #[error("The firewall '{0}' does not exist")]
    NoFirewall(String),
    #[error("The rule '{0}' does not exist in this firewall")]
    NoPolicy(String),
    #[error("The rule {DEFAULT_POLICY} is the firewall's default and cannot be deleted")]
    DefaultPolicy,
    #[error("Descriptor [{name}] does not exist. Specify one of [{}] as firewall description", there_are.join(", "))]
    NoDescriptor { name: String, there_are: Vec<String> },
    #[error("The system name '{0}' is already in use")]
    NameTaken(String),
    #[error("The system name is longer than {MAX_NAME} bytes")]
    NameTooLong,
    #[error("This server keeps {MAX_SYSTEMS} systems in each region at most")]
    TooManySystems,
    #[error("Server {name} [{id}] is running. Stop it before the firewall is deleted")]
    ServerRunning { id: String, name: String },
}

impl DataCentre {
    pub(crate) fn new(region: usize, descriptors: Vec<String>, stop_delay: Duration) -> Self {
        Self { systems: Vec::new(), descriptors, stop_delay, region, made: 0 }
    }

    /// Puts a system there that was not made by a client.
    pub(crate) fn place(&mut self, vsys: Vsys) {
        self.systems.push(vsys);
    }

    /// Lets time pass: the systems whose firewall has stopped for good are gone.
    pub(crate) fn settle(&mut self, now: Instant) {
        let is_gone = |vsys: &Vsys| matches!(vsys.state, FirewallState::Stopping { until } if until <= now);
        self.systems.retain(|vsys| !is_gone(vsys));
    }

    pub(crate) fn systems(&self) -> &[Vsys] {
        &self.systems
    }

    pub(crate) fn system(&self, firewall: &str) -> Result<&Vsys, Failure> {
        let system = self.systems.iter().find(|vsys| vsys.firewall_id() == firewall);
        system.ok_or_else(|| Failure::NoFirewall(firewall.to_owned()))
    }

    /// A new system from a template. Its firewall runs, and its default rule is its only one.
    pub(crate) fn create_system(&mut self, name: &str, descriptor: &str, creator: &str) -> Result<&Vsys, Failure> {
        if !self.descriptors.iter().any(|known| known == descriptor) {
            return Err(Failure::NoDescriptor { name: descriptor.to_owned(), there_are: self.descriptors.clone() });
        }
        if self.systems().iter().any(|vsys| vsys.name == name) {
            return Err(Failure::NameTaken(name.to_owned()));
        }
        if name.len() > MAX_NAME {
            return Err(Failure::NameTooLong);
        }
        if self.systems.len() >= MAX_SYSTEMS {
            return Err(Failure::TooManySystems);
        }
        let id = self.free_id();
        Ok(self.systems.push_mut(Vsys {
            id,
            name: name.to_owned(),
            descriptor: descriptor.to_owned(),
            creator: creator.to_owned(),
            servers: Vec::new(),
            state: FirewallState::Running,
            directions: Vec::new(),
        }))
    }

    /// Destroys a system; or, as long as its firewall runs, sees to it that this happens once it has stopped.
    pub(crate) fn destroy_system(&mut self, firewall: &str, now: Instant) -> Result<Stopping, Failure> {
        let until = now + self.stop_delay;
        let vsys = self.system_mut(firewall)?;
        if let Some(server) = vsys.servers.iter().find(|server| server.state != ServerState::Stopped) {
            return Err(Failure::ServerRunning { id: server.id.clone(), name: server.name.clone() });
        }
        match vsys.state {
            FirewallState::Running => vsys.state = FirewallState::Stopping { until },
            FirewallState::Stopping { .. } => {}
            FirewallState::Stopped => {
                self.systems.retain(|vsys| vsys.firewall_id() != firewall);
                return Ok(Stopping::Done);
            }
        }
        Ok(Stopping::UnderWay)
    }

    pub(crate) fn delete_policy(&mut self, firewall: &str, id: &str) -> Result<(), Failure> {
        let vsys = self.system_mut(firewall)?;
        if id == DEFAULT_POLICY {
            return Err(Failure::DefaultPolicy);
        }
        for between in &mut vsys.directions {
            if let Some(index) = between.policies.iter().position(|policy| policy.id == id) {
                between.policies.remove(index);
                return Ok(());
            }
        }
        Err(Failure::NoPolicy(id.to_owned()))
    }

    fn system_mut(&mut self, firewall: &str) -> Result<&mut Vsys, Failure> {
        let system = self.systems.iter_mut().find(|vsys| vsys.firewall_id() == firewall);
        system.ok_or_else(|| Failure::NoFirewall(firewall.to_owned()))
    }

    /// An id of the platform's form that no system has: contract, then system.
    fn free_id(&mut self) -> String {
        loop {
            self.made += 1;
            let id = format!("UZXC0GRT-N{}{:07}", self.region, self.made);
            if self.systems.iter().all(|vsys| vsys.id != id) {
                return id;
            }
        }
    }
}

impl ServerState {
    /// The platform's word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Starting => "STARTING",
            Self::Stopping => "STOPPING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl Vsys {
    /// The id of its one firewall.
    pub(crate) fn firewall_id(&self) -> String {
        format!("{}-S-0001", self.id)
    }
}

impl ZonePair {
    /// The two digits that begin the id of each policy between these zones, where they are known.
    pub(crate) fn digits(&self) -> Option<&'static str> {
        match (self.from, self.to) {
            (Zone::Internet, Zone::Dmz) => Some("35"),
            (Zone::Dmz, Zone::Internet) => Some("45"),
            (Zone::Dmz, Zone::Secure1) => Some("10"),
            (Zone::Secure1, Zone::Dmz) => Some("12"),
            (Zone::Secure1, Zone::Internet) => Some("46"),
            _ => None,
        }
    }
}
