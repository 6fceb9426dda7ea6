//! A client of a device.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deltawall::config::{Config, Kept, StorePlace, VapixDevice};
use serde_json::{Value, json};

use crate::clock::SetClock;
use crate::namespaces::run;
use crate::packets;
use crate::server::listen_by;
use crate::wire::{Answer, Connection, Request};

pub const V1: &str = "/config/rest/firewall/v1";
pub const BETA: &str = "/config/rest/firewall/v1beta";

/// The login that the mocks' sample data publishes.
pub const LOGIN: &str = crate::wire::MOCK_LOGIN;

/// A device in this process, whose clock stands still unless it is told otherwise.
pub struct Device {
    pub address: SocketAddr,
    pub clock: Arc<SetClock>,
    /// The version by which it is asked.
    pub api: &'static str,
    /// Where another host connects to, where this host's own firewall stands between.
    listener: Option<Arc<TcpListener>>,
}

/// Whether devices are of this host's own firewall.
static ON_HOST: AtomicBool = AtomicBool::new(false);

/// From now on devices are of this host's own firewall, and packets of another tell what is in force.
pub fn on_host() {
    packets::connect();
    ON_HOST.store(true, Ordering::Relaxed);
}

/// Rules as they are in the lists of a device: the addresses that they are for.
pub type List = Vec<String>;

/// All that tells states from each other.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    pub active: List,
    pub pending: List,
    pub left: u64,
    /// What the driver has been given.
    pub in_force: List,
}

impl Device {
    pub fn new() -> Self {
        if !ON_HOST.load(Ordering::Relaxed) {
            return Self::with(Config::default());
        }
        // Each has a store of its own, which knows no table of another's.
        run("nft", &["add", "table", "inet", "deltawall"]);
        run("nft", &["delete", "table", "inet", "deltawall"]);
        let folder = tempfile::TempDir::new().unwrap().keep();
        let device = VapixDevice { driver: "nftables".into(), is_default: false, ..VapixDevice::default() };
        let config = Config {
            driver: "nftables".into(),
            kept: Kept { place: StorePlace::File(folder.join("state.db")), ..Kept::default() },
            vapix: vec![device],
            ..Config::default()
        };
        Self { listener: Some(Arc::new(packets::listen())), ..Self::with(config) }
    }

    /// The same by another version.
    pub fn by(&self, api: &'static str) -> Self {
        let Self { address, clock, listener, .. } = self;
        Self { address: *address, clock: Arc::clone(clock), api, listener: listener.clone() }
    }

    pub fn with(config: Config) -> Self {
        let clock = Arc::new(SetClock::default());
        let address = listen_by(config, None, Arc::<SetClock>::clone(&clock));
        Self { address, clock, api: V1, listener: None }
    }

    pub fn send(&self, request: Request) -> Answer {
        // Without clients of its own the gateway answers to this machine's names.
        let request = if self.listener.is_some() { request.header("Host", "localhost") } else { request.login(LOGIN) };
        Connection::to(self.address).send(request)
    }

    pub fn get(&self, path: &str) -> Value {
        self.send(Request::get(&format!("{}{path}", self.api))).expect(200).json()["data"].clone()
    }

    pub fn write(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(Request::new(method, &format!("{}{path}", self.api)).json(&body.to_string()))
    }

    /// Gives it rules for these addresses.
    pub fn set(&self, addresses: &[&str], seconds: u64) -> Answer {
        self.write("POST", "/conf/setRules", &set(addresses, seconds))
    }

    pub fn act(&self, action: &str) -> Answer {
        self.write("POST", &format!("/conf/{action}"), &json!({ "data": {} }))
    }

    pub fn activate(&self, activated: bool) -> Answer {
        self.write("PATCH", "/activated", &json!({ "data": activated }))
    }

    pub fn state(&self) -> State {
        let rules = self.get("/conf/rules");
        State {
            active: addresses(&rules["activeRules"]),
            pending: addresses(&rules["pendingRules"]),
            left: rules["testTimeLeft"].as_u64().unwrap(),
            in_force: self.in_force(),
        }
    }

    /// Its firewall, as Deltacloud shows it.
    pub fn firewall(&self) -> Value {
        let driver = if self.listener.is_some() { "nftables" } else { "mock-nftables" };
        let path = format!("/api;driver={driver}/firewalls/device?format=json");
        self.send(Request::get(&path)).expect(200).json()["firewall"].clone()
    }

    /// The addresses that the rules of the firewall are for: as they are shown or, where there is another host, as its packets tell. None where
    /// all come in.
    pub fn in_force(&self) -> List {
        if let Some(listener) = &self.listener {
            let let_in = packets::let_in(listener);
            return let_in.iter().filter(|_| let_in.len() < packets::FROM.len()).map(|one| (*one).to_owned()).collect();
        }
        let firewall = self.firewall();
        let rules = firewall["rules"].as_array().unwrap().iter();
        let source = |rule: &Value| rule["sources"][0]["address"].as_str().unwrap().to_owned();
        rules.filter(|rule| rule["direction"] == "ingress").map(source).collect()
    }

    /// Lets time go by, until what ends then has ended.
    pub fn passes(&self, seconds: u64) {
        self.clock.passes(Duration::from_secs(seconds));
    }
}

/// What setRules takes for rules that let these addresses in, and nothing else.
pub fn set(addresses: &[&str], seconds: u64) -> Value {
    let rules: Vec<_> = addresses.iter().map(|ip| rule(ip)).collect();
    json!({ "data": { "rules": rules, "fallbackTime": seconds, "defaultPolicy": "DROP" } })
}

/// A rule that lets an address in.
pub fn rule(ip: &str) -> Value {
    json!({ "ruleType": "FILTER", "ip": ip, "filter": { "policy": "ACCEPT" } })
}

fn addresses(rules: &Value) -> List {
    rules.as_array().unwrap().iter().map(|rule| rule["ip"].as_str().unwrap().to_owned()).collect()
}
