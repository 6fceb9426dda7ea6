//! A client of Halo's API.

use std::net::SocketAddr;
use std::sync::Arc;

use deltawall::config::Config;
use serde_json::{Value, json};

use crate::clock::SetClock;
use crate::server::listen_by;
use crate::wire::{Answer, Connection, Request};

/// The key that the mocks' sample data publishes: id and secret, and both in one.
pub const KEY: (&str, &str) = ("d0c5a7e1", "5a3c1e9f70b24d68a1f3c5e7092b4d6f");
pub const LEGACY: &str = "d0c5a7e15a3c1e9f70b24d68a1f3c5e7092b4d6f";

/// The host that requests call.
pub const HOST: &str = "gateway.test:3001";

/// An account in this process, whose clock stands still unless it is told otherwise.
pub struct Account {
    pub address: SocketAddr,
    pub clock: Arc<SetClock>,
}

impl Account {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let clock = Arc::new(SetClock::default());
        let address = listen_by(config, None, Arc::<SetClock>::clone(&clock));
        Self { address, clock }
    }

    /// That of a gateway that runs already, whose clock is the system's.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, clock: Arc::default() }
    }

    /// Sends a request as it is.
    pub fn send_bare(&self, request: Request) -> Answer {
        Connection::to(self.address).send(request)
    }

    pub fn send(&self, request: Request) -> Answer {
        self.send_bare(request.header("x-cpauth-access", LEGACY))
    }

    pub fn get(&self, path: &str) -> Value {
        self.send(Request::get(&format!("/v1/{path}"))).expect(200).json()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::post(&format!("/v1/{path}")).json(&body.to_string()))
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("PUT", &format!("/v1/{path}")).json(&body.to_string()))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send(Request::delete(&format!("/v1/{path}")))
    }

    /// The id of the object of this kind that is called so.
    pub fn id(&self, all: &str, name: &str) -> String {
        let list = self.get(all);
        let found = list[all].as_array().unwrap().iter().find(|one| one["name"] == name);
        text(&found.unwrap_or_else(|| panic!("there is no {name} in {list}"))["id"])
    }

    pub fn zone(&self, name: &str, addresses: &str) -> String {
        let zone = json!({ "firewall_zone": { "name": name, "ip_address": addresses } });
        text(&self.post("firewall_zones", &zone).expect(201).json()["firewall_zone"]["id"])
    }

    /// A policy with these rules.
    pub fn policy(&self, name: &str, rules: &Value) -> String {
        let policy = json!({ "firewall_policy": { "name": name, "firewall_rules": rules } });
        text(&self.post("firewall_policies", &policy).expect(201).json()["firewall_policy"]["id"])
    }

    /// Assigns a policy to a group, or takes it away.
    pub fn assign(&self, group: &str, policy: Option<&str>) -> Answer {
        let id = self.id("groups", group);
        self.put(&format!("groups/{id}"), &json!({ "group": { "linux_firewall_policy_id": policy } }))
    }

    /// The rules of a firewall as Deltacloud shows them, in a line each.
    pub fn in_force(&self, firewall: &str) -> Vec<String> {
        let path = format!("/api;driver=mock-nftables/firewalls/{firewall}?format=json");
        let shown = self.send_bare(Request::get(&path).login(crate::wire::MOCK_LOGIN)).expect(200).json();
        let line = |rule: &Value| {
            let sources: Vec<_> = rule["sources"].as_array().unwrap().iter().map(source).collect();
            let ports = match (&rule["port_from"], &rule["port_to"]) {
                (Value::String(from), Value::String(to)) => format!("{from}-{to} "),
                _ => String::new(),
            };
            let protocol = rule["allow_protocol"].as_str().unwrap_or("all");
            let action = rule["rule_action"].as_str().unwrap_or("accept");
            format!("{} {action} {protocol} {ports}{}", text(&rule["direction"]), sources.join(","))
        };
        shown["firewall"]["rules"].as_array().unwrap().iter().map(line).collect()
    }
}

fn source(source: &Value) -> String {
    match source["prefix"].as_str() {
        Some(prefix) => format!("{}/{prefix}", text(&source["address"])),
        None => source.to_string(),
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The errors of an answer: fields and codes.
pub fn errors(answer: Answer) -> Vec<(String, String)> {
    let body = answer.expect(422).json();
    assert_eq!(body["message"], "Validation Failed");
    let error = |error: &Value| {
        let keys: Vec<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["field", "value", "code", "details"]);
        assert!(error.as_object().unwrap().values().all(Value::is_string), "{error}");
        (text(&error["field"]), text(&error["code"]))
    };
    body["errors"].as_array().unwrap().iter().map(error).collect()
}

/// Some of them, to compare with.
pub fn wrong(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
}
