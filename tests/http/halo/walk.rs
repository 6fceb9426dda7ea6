//! Random sequences of calls, against a model of what they come to.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use crate::halo::client::{Account, text};
use crate::wire::Request;

/// How many calls a walk makes.
const STEPS: usize = 400;

/// The zones that rules name: one for each digit.
const ZONES: usize = 4;

/// The chains, and what the other end is called in each.
const CHAINS: [&str; 2] = ["INPUT", "OUTPUT"];
const PEERS: [&str; 2] = ["firewall_source", "firewall_target"];

/// A rule as the model has it.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    id: String,
    is_active: bool,
    zone: Option<usize>,
    is_drop: bool,
}

struct Walk {
    account: Account,
    random: TestRng,
    policy: String,
    /// The ids of the zones, and the last byte of the address that each has; none where it is deleted.
    zones: Vec<Option<(String, u8)>>,
    /// The rules of both chains, in their order.
    chains: [Vec<Rule>; 2],
    is_assigned: bool,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let account = Account::new();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self {
            policy: account.policy("walk", &json!([])),
            account,
            random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
            zones: vec![None; ZONES],
            chains: [Vec::new(), Vec::new()],
            is_assigned: false,
        }
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.random.next_u32()).unwrap() % most
    }

    fn rules_path(&self) -> String {
        format!("firewall_policies/{}/firewall_rules", self.policy)
    }

    fn is_used(&self, zone: usize) -> bool {
        self.chains.iter().flatten().any(|rule| rule.zone == Some(zone))
    }

    fn step(&mut self) {
        let chain = self.below(2);
        let len = self.chains[chain].len();
        match self.below(10) {
            0 | 1 => self.create(chain),
            2 if len > 0 => {
                let index = self.below(len);
                let rule = self.chains[chain].remove(index);
                self.account.delete(&format!("{}/{}", self.rules_path(), rule.id)).expect(204);
            }
            3 if len > 0 => self.move_one(chain),
            4 | 5 if len > 0 => self.edit(chain),
            6 | 7 => self.put_zone(),
            8 => self.delete_zone(),
            _ => {
                self.is_assigned = !self.is_assigned;
                self.account.assign("lab", self.is_assigned.then_some(&*self.policy)).expect(204);
            }
        }
    }

    /// A zone that is there, or none for any.
    fn some_zone(&mut self) -> Option<usize> {
        let zone = self.below(ZONES);
        self.zones[zone].is_some().then_some(zone)
    }

    fn peer(&self, zone: Option<usize>) -> Value {
        match zone.and_then(|zone| self.zones[zone].as_ref()) {
            Some((id, _)) => json!({ "id": id, "type": "FirewallZone" }),
            None => Value::Null,
        }
    }

    fn create(&mut self, chain: usize) {
        let (zone, is_active, is_drop) = (self.some_zone(), self.below(3) > 0, self.below(2) == 0);
        let len = self.chains[chain].len();
        let place = self.below(len + 3);
        let field = PEERS[chain];
        let rule = json!({
            "chain": (CHAINS[chain]), "action": if is_drop { "DROP" } else { "ACCEPT" }, "active": is_active, field: self.peer(zone),
            "position": if place == 0 { json!("last") } else { json!(place) },
        });
        let made = self.account.post(&self.rules_path(), &json!({ "firewall_rule": rule })).expect(201).json();
        let index = if place == 0 { len } else { (place - 1).min(len) };
        assert_eq!(made["firewall_rule"]["position"], index + 1);
        let id = text(&made["firewall_rule"]["id"]);
        self.chains[chain].insert(index, Rule { id, is_active, zone, is_drop });
    }

    fn move_one(&mut self, chain: usize) {
        let len = self.chains[chain].len();
        let index = self.below(len);
        let rule = self.chains[chain].remove(index);
        let path = format!("{}/{}", self.rules_path(), rule.id);
        // To another place, or to the other chain.
        if self.below(4) == 0 {
            let chain = 1 - chain;
            self.account.put(&path, &json!({ "firewall_rule": { "chain": (CHAINS[chain]) } })).expect(204);
            self.chains[chain].push(rule);
        } else {
            let place = 1 + self.below(len + 2);
            self.account.put(&path, &json!({ "firewall_rule": { "position": place } })).expect(204);
            self.chains[chain].insert((place - 1).min(len - 1), rule);
        }
    }

    fn edit(&mut self, chain: usize) {
        let index = self.below(self.chains[chain].len());
        let path = format!("{}/{}", self.rules_path(), self.chains[chain][index].id);
        // All of it comes back, with one thing changed.
        let mut whole = self.account.get(&path);
        match self.below(3) {
            0 => {
                let is_active = !self.chains[chain][index].is_active;
                whole["firewall_rule"]["active"] = json!(is_active.to_string());
                self.chains[chain][index].is_active = is_active;
            }
            1 => {
                let zone = self.some_zone();
                whole["firewall_rule"][PEERS[chain]] = self.peer(zone);
                self.chains[chain][index].zone = zone;
            }
            _ => {
                whole["firewall_rule"]["action"] = json!("drop");
                self.chains[chain][index].is_drop = true;
            }
        }
        self.account.put(&path, &whole).expect(204);
    }

    fn put_zone(&mut self) {
        let (zone, last) = (self.below(ZONES), u8::try_from(self.below(250)).unwrap());
        let addresses = format!("192.0.2.{last}");
        match &mut self.zones[zone] {
            Some((id, known)) => {
                *known = last;
                self.account
                    .put(&format!("firewall_zones/{id}"), &json!({ "firewall_zone": { "ip_address": addresses } }))
                    .expect(204);
            }
            None => self.zones[zone] = Some((self.account.zone(&format!("zone {zone}"), &addresses), last)),
        }
    }

    fn delete_zone(&mut self) {
        let zone = self.below(ZONES);
        let Some((id, _)) = self.zones[zone].clone() else { return };
        let is_used = self.is_used(zone);
        self.account.delete(&format!("firewall_zones/{id}")).expect(if is_used { 422 } else { 204 });
        if !is_used {
            self.zones[zone] = None;
        }
    }

    /// What is shown, and what is in force, is what the model has.
    fn check(&self) {
        let shown = self.account.get(&self.rules_path());
        let shown: Vec<_> = shown["firewall_rules"].as_array().unwrap().iter().map(|rule| text(&rule["id"])).collect();
        assert_eq!(shown, self.chains.iter().flatten().map(|rule| rule.id.clone()).collect::<Vec<_>>());
        for (zone, kept) in self.zones.iter().enumerate() {
            let Some((id, last)) = kept else { continue };
            let shown = self.account.send(Request::get(&format!("/v1/firewall_zones/{id}"))).expect(200).json();
            assert_eq!(shown["firewall_zone"]["ip_address"], format!("192.0.2.{last}"));
            assert_eq!(shown["firewall_zone"]["used_by"].as_array().unwrap().len(), usize::from(self.is_used(zone)));
        }
        if self.is_assigned {
            let expected = ["ingress", "egress"].iter().zip(&self.chains).flat_map(|(way, chain)| {
                let rules = chain.iter().filter(|rule| rule.is_active);
                rules.map(move |rule| {
                    let action = if rule.is_drop { "deny" } else { "accept" };
                    let last = rule.zone.and_then(|zone| self.zones[zone].as_ref()).map(|(_, last)| last);
                    let addresses = last.map_or("0.0.0.0/0,::/0".to_owned(), |last| format!("192.0.2.{last}/32"));
                    format!("{way} {action} -1 {addresses}")
                })
            });
            assert_eq!(self.account.in_force("lab"), expected.collect::<Vec<_>>());
        }
    }
}

#[test]
fn calls_come_to_what_the_model_says() {
    let seed =
        std::env::var("SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut walk = Walk::new(seed);
    for _ in 0..STEPS {
        walk.step();
        walk.check();
    }
}
