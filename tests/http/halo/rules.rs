//! Rules.

use serde_json::{Value, json};

use crate::halo::client::{Account, HOST, errors, text, wrong};
use crate::wire::{Answer, Request};

struct Policy<'a> {
    account: &'a Account,
    path: String,
}

impl<'a> Policy<'a> {
    fn new(account: &'a Account) -> Self {
        let id = account.policy("p", &json!([]));
        Self { account, path: format!("firewall_policies/{id}/firewall_rules") }
    }

    fn post(&self, rule: &Value) -> Answer {
        self.account.post(&self.path, &json!({ "firewall_rule": rule }))
    }

    /// A rule with this comment.
    fn add(&self, chain: &str, comment: &str, position: Value) -> Value {
        let rule = json!({ "chain": chain, "action": "ACCEPT", "comment": comment, "position": position });
        self.post(&rule).expect(201).json()["firewall_rule"].clone()
    }

    fn put(&self, id: &str, rule: &Value) -> Answer {
        self.account.put(&format!("{}/{id}", self.path), &json!({ "firewall_rule": rule }))
    }

    fn show(&self, id: &str) -> Value {
        self.account.get(&format!("{}/{id}", self.path))["firewall_rule"].clone()
    }

    /// The comments in their order.
    fn comments(&self) -> String {
        let rules = self.account.get(&self.path);
        rules["firewall_rules"].as_array().unwrap().iter().map(|rule| text(&rule["comment"])).collect()
    }
}

#[test]
fn a_rule_says_what_it_says_and_no_more() {
    let account = Account::new();
    let policy = Policy::new(&account);
    let made = policy.post(&json!({ "chain": "input", "action": "accept" })).expect(201);
    let rule = made.json()["firewall_rule"].clone();
    assert_eq!(made.header("Location"), rule["url"].as_str());
    let expected = json!({
        "id": rule["id"], "url": rule["url"], "chain": "INPUT", "action": "ACCEPT", "active": false, "connection_states": null, "log": false,
        "log_prefix": "", "comment": "", "position": 1,
    });
    assert_eq!(rule, expected);
    let id = text(&rule["id"]);
    assert_eq!(policy.show(&id), rule);
    let all = json!({
        "active": "True", "connection_states": "established,NEW", "log": "true", "log_prefix": "x: ", "comment": null,
        "firewall_interface": { "id": account.id("firewall_interfaces", "eth0") }, "firewall_service": account.id("firewall_services", "ssh"), "firewall_source": null,
    });
    policy.put(&id, &all).expect(204);
    let shown = policy.show(&id);
    assert_eq!(
        (&shown["active"], &shown["connection_states"], &shown["log"], &shown["log_prefix"]),
        (&json!(true), &json!("ESTABLISHED, NEW"), &json!(true), &json!("x: "))
    );
    assert_eq!(
        (&shown["firewall_interface"]["name"], &shown["firewall_service"]["port"]),
        (&json!("eth0"), &json!("22"))
    );
    // The whole of it comes back, and what is null is any.
    policy.put(&id, &shown).expect(204);
    assert_eq!(policy.show(&id), shown);
    policy
        .put(&id, &json!({ "firewall_service": null, "firewall_interface": "", "connection_states": "ANY" }))
        .expect(204);
    let shown = policy.show(&id);
    assert!(shown.get("firewall_service").is_none() && shown.get("firewall_interface").is_none());
    assert_eq!(shown["connection_states"], Value::Null);
    let gone = account.delete(&format!("{}/{id}", policy.path)).expect(204);
    assert_eq!(gone.body, "");
    let path = format!("/v1/{}/{id}", policy.path);
    assert_eq!(
        account.send(Request::get(&path)).expect(404).json(),
        json!({ "resource": "firewall_rule", "field": "id", "value": id })
    );
    let nowhere = account.send(Request::get("/v1/firewall_policies/x/firewall_rules")).expect(404).json();
    assert_eq!(nowhere, json!({ "resource": "firewall_policy", "field": "id", "value": "x" }));
}

#[test]
fn positions_count_within_a_chain() {
    let account = Account::new();
    let policy = Policy::new(&account);
    for (comment, position, expected) in [
        ("a", Value::Null, 1),
        ("b", json!("last"), 2),
        ("c", json!(1), 1),
        ("d", json!("2"), 2),
        ("e", json!(99), 5),
        ("f", json!(""), 6),
        ("g", json!("first"), 1),
    ] {
        assert_eq!(policy.add("INPUT", comment, position)["position"], expected, "{comment}");
    }
    assert_eq!(policy.add("OUTPUT", "z", json!(3))["position"], 1);
    assert_eq!(policy.comments(), "gcdabefz");
    let id = |comment: &str| {
        let rules = account.get(&policy.path);
        let rule =
            rules["firewall_rules"].as_array().unwrap().iter().find(|rule| rule["comment"] == comment).unwrap().clone();
        text(&rule["id"])
    };
    policy.put(&id("g"), &json!({ "position": 3 })).expect(204);
    assert_eq!(policy.comments(), "cdgabefz");
    policy.put(&id("c"), &json!({ "position": "last" })).expect(204);
    assert_eq!(policy.comments(), "dgabefcz");
    policy.put(&id("a"), &json!({ "log": false })).expect(204);
    policy.put(&id("a"), &json!({ "chain": "INPUT", "position": null })).expect(204);
    assert_eq!(policy.comments(), "dgabefcz");
    policy.put(&id("b"), &json!({ "chain": "OUTPUT" })).expect(204);
    policy.put(&id("e"), &json!({ "chain": "OUTPUT", "position": 1 })).expect(204);
    assert_eq!(policy.comments(), "dgafcezb");
    account.delete(&format!("{}/{}", policy.path, id("a"))).expect(204);
    assert_eq!(policy.show(&id("f"))["position"], 3);
    for position in [json!(0), json!(-1), json!("x"), json!(1.5)] {
        let rule = json!({ "chain": "INPUT", "action": "DROP", "position": position });
        assert_eq!(errors(policy.post(&rule)), wrong(&[("position", "invalid")]));
    }
}

#[test]
fn sources_and_targets_are_named_in_many_ways() {
    let account = Account::new();
    let policy = Policy::new(&account);
    let zone = account.zone("office", "203.0.113.0/24");
    let (web, jo) = (account.id("groups", "web"), text(&account.get("users")["users"][0]["id"]));
    let source = |sent: Value| {
        let mut rule = json!({ "chain": "INPUT", "action": "ACCEPT" });
        rule.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
        policy.post(&rule).expect(201).json()["firewall_rule"].clone()
    };
    for sent in [
        json!({ "firewall_source": { "type": "FirewallZone", "id": zone } }),
        json!({ "firewall_source": { "type": "FirewallZone", "name": "office" } }),
        json!({ "firewall_source": { "type": "FirewallZone", "id": zone, "name": "any", "ip_address": "0.0.0.0/0" } }),
        json!({ "firewall_source": zone, "type": "FirewallZone" }),
        json!({ "firewall_source": zone }),
        json!({ "firewall_source": { "id": zone } }),
    ] {
        assert_eq!(source(sent.clone())["firewall_source"]["name"], "office", "{sent}");
    }
    let group = source(json!({ "firewall_source": { "type": "Group", "name": "web" } }));
    assert_eq!(
        group["firewall_source"],
        json!({ "id": web, "url": format!("http://{HOST}/v1/groups/{web}"), "name": "web", "type": "Group" })
    );
    assert_eq!(source(json!({ "firewall_source": web }))["firewall_source"]["name"], "web");
    let user = source(json!({ "firewall_source": { "type": "User", "username": "jo" } }));
    assert_eq!(user["firewall_source"], json!({ "type": "User", "username": "jo", "id": jo }));
    for special in [
        json!({ "type": "Group", "name": "all active servers" }),
        json!({ "type": "Group", "id": "All Active Servers" }),
    ] {
        assert_eq!(
            source(json!({ "firewall_source": special }))["firewall_source"],
            json!({ "type": "Group", "name": "All active servers" })
        );
    }
    let output = |sent: Value| {
        let mut rule = json!({ "chain": "OUTPUT", "action": "ACCEPT" });
        rule.as_object_mut().unwrap().extend(sent.as_object().unwrap().clone());
        policy.post(&rule)
    };
    for sent in [
        json!({ "firewall_target": { "id": zone } }),
        json!({ "firewall_source": { "id": zone } }),
        json!({ "firewall_source": null, "firewall_target": zone }),
    ] {
        let rule = output(sent).expect(201).json()["firewall_rule"].clone();
        assert_eq!((rule.get("firewall_source"), &rule["firewall_target"]["name"]), (None, &json!("office")));
    }
    for any in [json!({ "firewall_source": null }), json!({ "firewall_source": "" }), json!({})] {
        assert!(source(any).get("firewall_source").is_none());
    }
    let input = |source: Value| {
        errors(policy.post(&json!({ "chain": "INPUT", "action": "ACCEPT", "firewall_source": source })))
    };
    for nothing in [
        json!({ "id": null, "type": "FirewallZone" }),
        json!({ "id": "0123456789abcdef0123456789abcdef", "type": "FirewallZone" }),
        json!({ "id": "0123456789abcdef0123456789abcdef", "name": "office", "type": "FirewallZone" }),
        json!({}),
        json!({ "name": "none", "type": "Group" }),
        json!({ "name": "Some users", "type": "UserGroup" }),
        json!({ "type": "User", "username": "nobody" }),
        json!("x"),
    ] {
        assert_eq!(input(nothing.clone()), wrong(&[("firewall_source", "not_found")]), "{nothing}");
    }
    assert_eq!(input(json!({ "id": zone, "type": "Planet" })), wrong(&[("firewall_source", "invalid")]));
    assert_eq!(
        errors(output(json!({ "firewall_target": { "type": "User", "username": "jo" } }))),
        wrong(&[("firewall_target", "invalid")])
    );
    assert_eq!(
        errors(output(json!({ "firewall_target": zone, "firewall_source": zone }))),
        wrong(&[("firewall_source", "invalid")])
    );
    let target = policy.post(&json!({ "chain": "INPUT", "action": "ACCEPT", "firewall_target": zone }));
    assert_eq!(errors(target), wrong(&[("firewall_target", "invalid")]));
}

#[test]
fn what_is_wrong_with_a_rule_is_told_all_at_once() {
    let account = Account::new();
    let policy = Policy::new(&account);
    assert_eq!(errors(policy.post(&json!({}))), wrong(&[("chain", "required"), ("action", "required")]));
    let rule = json!({
        "chain": "FORWARD", "action": "LOG", "log_prefix": "p".repeat(30), "connection_states": "NEW,OLD", "firewall_service": "x", "firewall_interface": { "name": "none" },
    });
    let all = wrong(&[
        ("chain", "invalid"),
        ("action", "invalid"),
        ("firewall_service", "not_found"),
        ("connection_states", "invalid"),
        ("log_prefix", "too_long"),
        ("firewall_interface", "not_found"),
    ]);
    assert_eq!(errors(policy.post(&rule)), all);
    assert_eq!(
        errors(policy.post(&json!({ "chain": "INPUT", "action": "DROP", "active": "maybe" }))),
        wrong(&[("active", "invalid")])
    );
    assert_eq!(policy.comments(), "");
}

#[test]
fn windows_knows_less() {
    let account = Account::new();
    let made = account
        .post("firewall_policies", &json!({ "firewall_policy": { "name": "w", "platform": "windows" } }))
        .expect(201)
        .json();
    let path = format!("firewall_policies/{}/firewall_rules", text(&made["firewall_policy"]["id"]));
    let post = |rule: &Value| account.post(&path, &json!({ "firewall_rule": rule }));
    assert_eq!(errors(post(&json!({ "chain": "INPUT", "action": "REJECT" }))), wrong(&[("action", "invalid")]));
    let rule = post(
        &json!({ "chain": "INPUT", "action": "DROP", "log": true, "connection_states": "NEW", "log_prefix": "x" }),
    )
    .expect(201)
    .json();
    assert_eq!(
        (&rule["firewall_rule"]["log"], &rule["firewall_rule"]["connection_states"]),
        (&json!(false), &Value::Null)
    );
}
