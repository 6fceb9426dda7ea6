//! The same policies on a cloud whose rules have no order and all accept: as far as it goes, and the exact refusals where it does not.

use deltawall::config::{Config, Ec2, HaloCloud, Kept, StorePlace};
use deltawall_core::Credentials;
use serde_json::{Value, json};

use crate::emulator::STRICT;
use crate::halo::client::{Account, errors, text, wrong};
use crate::wire::{Answer, Request};

/// An account over security groups.
struct OnCloud {
    account: Account,
    /// The driver, and what is sent to it beside.
    driver: &'static str,
    login: Option<&'static str>,
}

impl OnCloud {
    fn ask(&self, request: Request) -> Answer {
        let request = request.header("x-cpauth-access", crate::halo::client::LEGACY);
        self.account.send_bare(match self.login {
            Some(login) => request.login(login),
            // Without clients of its own the gateway answers to this machine's names.
            None => request.header("Host", "localhost"),
        })
    }

    fn post(&self, path: &str, one: &str, object: &Value) -> String {
        let body = json!({ one: object }).to_string();
        text(&self.ask(Request::post(&format!("/v1/{path}")).json(&body)).expect(201).json()[one]["id"])
    }

    fn policy(&self, name: &str, rules: &[Value]) -> String {
        self.post("firewall_policies", "firewall_policy", &json!({ "name": name, "firewall_rules": rules }))
    }

    fn assign(&self, group: &str, policy: &str) -> Answer {
        let body = json!({ "group": { "linux_firewall_policy_id": policy } }).to_string();
        self.ask(Request::new("PUT", &format!("/v1/groups/{group}")).json(&body))
    }

    /// The group's rules for what comes in: protocol, port and sources.
    fn in_force(&self, name: &str) -> Vec<String> {
        let path = format!("/api;driver={}/firewalls/{name}?format=json", self.driver);
        let firewall = self.ask(Request::get(&path)).expect(200).json();
        let rules = firewall["firewall"]["rules"].as_array().unwrap().iter();
        let source = |source: &Value| match source["address"].as_str() {
            Some(address) => address.to_owned(),
            None => text(&source["name"]),
        };
        let line = |rule: &Value| {
            let mut sources: Vec<_> = rule["sources"].as_array().unwrap().iter().map(source).collect();
            sources.sort();
            format!("{}/{} {}", text(&rule["allow_protocol"]), rule["port_from"], sources.join(","))
        };
        let mut lines: Vec<_> = rules.filter(|rule| rule["direction"] == "ingress").map(line).collect();
        lines.sort();
        lines
    }
}

fn rule(action: &str, more: Value) -> Value {
    let mut rule = json!({ "chain": "INPUT", "action": action, "active": true });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

fn as_far_as_it_goes(cloud: &OnCloud) {
    let group = cloud.post("groups", "group", &json!({ "name": "halo-one", "description": "one" }));
    let other = cloud.post("groups", "group", &json!({ "name": "halo-two", "description": "two" }));
    let zone = cloud.post(
        "firewall_zones",
        "firewall_zone",
        &json!({ "name": "office", "ip_address": "203.0.113.0/25,203.0.113.128/25" }),
    );
    let web = cloud.post(
        "firewall_services",
        "firewall_service",
        &json!({ "name": "web", "protocol": "TCP", "port": "80,443" }),
    );
    let drop_all = rule("DROP", json!({}));
    let office = rule("ACCEPT", json!({ "firewall_source": { "id": zone }, "firewall_service": web }));
    let before = cloud.in_force("halo-one");
    let driver = if cloud.driver == "ec2" { "EC2" } else { cloud.driver };
    for (number, (rules, why)) in [
        (vec![office.clone()], "What no rule of INPUT matches passes"),
        (
            vec![rule("DROP", json!({ "firewall_source": { "id": zone } })), office.clone(), drop_all.clone()],
            "Rule 1 of INPUT cannot be enforced",
        ),
        (
            vec![office.clone(), rule("REJECT", json!({ "firewall_service": { "name": "ssh" } })), drop_all.clone()],
            "Rule 2 of INPUT cannot be enforced",
        ),
        (
            vec![rule("ACCEPT", json!({ "connection_states": "ESTABLISHED" })), drop_all.clone()],
            "Rule 1 of INPUT cannot be enforced",
        ),
        (vec![rule("ACCEPT", json!({ "log": true })), drop_all.clone()], "Rule 1 of INPUT cannot be enforced"),
        (
            vec![rule("ACCEPT", json!({ "firewall_interface": { "name": "eth0" } })), drop_all.clone()],
            "Rule 1 of INPUT cannot be enforced",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let policy = cloud.policy(&format!("refused {number}"), &rules);
        let refused = cloud.assign(&group, &policy);
        assert!(refused.body.contains(why), "{driver}: {}", refused.body);
        assert_eq!(errors(refused), wrong(&[("linux_firewall_policy_id", "invalid")]));
        assert_eq!(cloud.in_force("halo-one"), before);
    }
    let from_other = rule(
        "ACCEPT",
        json!({ "firewall_source": { "id": other, "type": "Group" }, "firewall_service": { "name": "mysql" } }),
    );
    let unreached = rule("REJECT", json!({ "log": true }));
    let policy = cloud.policy("good", &[office.clone(), from_other, office, drop_all, unreached]);
    cloud.assign(&group, &policy).expect(204);
    assert_eq!(
        cloud.in_force("halo-one"),
        ["tcp/\"3306\" halo-two", "tcp/\"443\" 203.0.113.0", "tcp/\"80\" 203.0.113.0"]
    );
    let body = json!({ "firewall_zone": { "ip_address": "198.51.100.7" } }).to_string();
    cloud.ask(Request::new("PUT", &format!("/v1/firewall_zones/{zone}")).json(&body)).expect(204);
    assert_eq!(
        cloud.in_force("halo-one"),
        ["tcp/\"3306\" halo-two", "tcp/\"443\" 198.51.100.7", "tcp/\"80\" 198.51.100.7"]
    );
}

#[test]
fn on_security_groups_of_the_mock() {
    let halo = HaloCloud { driver: "mock".into(), provider: None, is_default: false };
    let account = Account::with(Config { halo: Some(halo), ..Config::default() });
    as_far_as_it_goes(&OnCloud { account, driver: "mock", login: Some(crate::wire::MOCK_LOGIN) });
}

#[test]
fn on_security_groups_of_ec2() {
    let emulated = crate::emulator::Account::on(STRICT);
    let (user, password) = emulated.keys_of("AKIAFULL");
    let folder = tempfile::TempDir::new().unwrap();
    let config = Config {
        driver: "ec2".into(),
        ec2: Ec2 { endpoints: vec![(None, emulated.url.clone())], ..Ec2::default() },
        credentials: Some(Credentials::new(user, &password)),
        kept: Kept { place: StorePlace::File(folder.path().join("state.db")), ..Kept::default() },
        halo: Some(HaloCloud { driver: "ec2".into(), provider: None, is_default: false }),
        vapix: Vec::new(),
        ..Config::default()
    };
    let account = Account::with(config);
    as_far_as_it_goes(&OnCloud { account, driver: "ec2", login: None });
}
