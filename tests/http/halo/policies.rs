//! Policies.

use serde_json::{Value, json};

use crate::halo::client::{Account, errors, text, wrong};
use crate::wire::{MOCK_LOGIN, Request};

#[test]
fn a_policy_is_shown_with_its_rules_and_listed_without() {
    let account = Account::new();
    let made = account
        .post("firewall_policies", &json!({ "firewall_policy": { "name": "web", "shared": "true" } }))
        .expect(201);
    let policy = made.json()["firewall_policy"].clone();
    assert_eq!(made.header("Location"), policy["url"].as_str());
    let expected = json!({
        "id": policy["id"], "url": policy["url"], "name": "web", "module": "fw", "created_by": "sample key", "updated_by": "sample key",
        "created_at": policy["created_at"], "updated_at": policy["created_at"], "group_id": account.id("groups", "deltawall"), "group_name": "deltawall",
        "description": "", "platform": "linux", "shared": true, "read_only": false, "used_by": [], "target_type": "server",
        "ignore_forwarding_rules": false, "firewall_rules": [],
    });
    assert_eq!(policy, expected);
    let made_at = text(&policy["created_at"]);
    assert!(made_at.len() == "2018-11-22T13:37:23.457Z".len() && made_at.ends_with('Z'), "{made_at}");
    let listed = account.get("firewall_policies")["firewall_policies"][0].clone();
    assert!(listed.get("firewall_rules").is_none());
    let path = format!("firewall_policies/{}", text(&policy["id"]));
    assert_eq!(account.get(&path)["firewall_policy"], policy);
    let windows = account
        .post(
            "firewall_policies",
            &json!({ "firewall_policy": { "name": "w", "platform": "Windows", "block_inbound": "True" } }),
        )
        .expect(201)
        .json();
    let windows = &windows["firewall_policy"];
    assert_eq!(
        (&windows["platform"], &windows["block_inbound"], windows.get("ignore_forwarding_rules")),
        (&json!("windows"), &json!(true), None)
    );
}

#[test]
fn put_changes_what_is_there_and_no_rules() {
    let account = Account::new();
    let id = account.policy(
        "p",
        &json!([{ "chain": "INPUT", "action": "ACCEPT", "active": true }, { "chain": "OUTPUT", "action": "DROP" }]),
    );
    let path = format!("firewall_policies/{id}");
    let put = |policy: &Value| account.put(&path, &json!({ "firewall_policy": policy }));
    put(&json!({ "name": "q", "shared": "false", "description": null, "ignore_forwarding_rules": true })).expect(204);
    let shown = account.get(&path)["firewall_policy"].clone();
    assert_eq!(
        (&shown["name"], &shown["shared"], &shown["description"], &shown["ignore_forwarding_rules"]),
        (&json!("q"), &json!(true), &json!(""), &json!(true))
    );
    // The whole of it comes back.
    put(&shown).expect(204);
    let mut without_url = shown.clone();
    without_url["firewall_rules"][0].as_object_mut().unwrap().remove("url");
    without_url["firewall_rules"][0]["firewall_service"] = Value::Null;
    put(&without_url).expect(204);
    for (change, at) in [
        (json!([]), 0),
        (json!([shown["firewall_rules"][1], shown["firewall_rules"][0]]), 0),
        (json!([shown["firewall_rules"][0]]), 1),
        (json!([{ "chain": "INPUT", "action": "ACCEPT" }]), 0),
    ] {
        let mut other = shown.clone();
        other["firewall_rules"] = change;
        assert_eq!(errors(put(&other)), wrong(&[(&*format!("firewall_rules[{at}]"), "invalid")]));
    }
    let mut other = shown.clone();
    other["firewall_rules"][0]["action"] = json!("DROP");
    assert_eq!(errors(put(&other)), wrong(&[("firewall_rules[0]", "invalid")]));
    // In a form they are left alone.
    let form = "firewall_policy[name]=r&firewall_policy[firewall_rules][][id]=x";
    account.send(Request::new("PUT", &format!("/v1/{path}")).form(form)).expect(204);
    assert_eq!(account.get(&path)["firewall_policy"]["firewall_rules"], shown["firewall_rules"]);
    assert_eq!(
        errors(put(&json!({ "name": "", "platform": "beos" }))),
        wrong(&[("name", "required"), ("platform", "invalid")])
    );
}

#[test]
fn a_policy_is_exported_and_imported() {
    let account = Account::new();
    let zone = account.zone("office", "203.0.113.0/24,198.51.100.7");
    let rules = json!([
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_service": { "name": "ssh" }, "firewall_source": { "id": zone, "type": "FirewallZone" }, "connection_states": "NEW,ESTABLISHED" },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": { "name": "All GhostPorts users", "type": "UserGroup" }, "firewall_service": null },
        { "chain": "OUTPUT", "action": "ACCEPT", "active": true, "firewall_target": { "type": "Group", "name": "ALL ACTIVE SERVERS" }, "firewall_interface": { "name": "eth0" } },
        { "chain": "INPUT", "action": "DROP", "active": true },
    ]);
    let id = account.policy("first", &rules);
    let exported = account.get(&format!("firewall_policies/{id}"))["firewall_policy"].clone();
    let shown = exported["firewall_rules"].as_array().unwrap();
    assert_eq!(
        shown.iter().map(|rule| text(&rule["chain"])).collect::<Vec<_>>(),
        ["INPUT", "INPUT", "INPUT", "OUTPUT"]
    );
    assert_eq!(shown[0]["connection_states"], "NEW, ESTABLISHED");
    assert_eq!(shown[0]["firewall_source"]["type"], "FirewallZone");
    assert_eq!(shown[0]["firewall_source"]["ip_address"], "203.0.113.0/24,198.51.100.7");
    assert!(shown[0]["firewall_source"].get("used_by").is_none());
    assert_eq!(shown[1]["firewall_source"], json!({ "type": "UserGroup", "name": "All GhostPorts users" }));
    assert_eq!(shown[3]["firewall_target"], json!({ "type": "Group", "name": "All active servers" }));
    for key in ["firewall_interface", "firewall_service", "firewall_source", "firewall_target"] {
        assert!(shown[2].get(key).is_none(), "{key}");
    }
    assert!(shown.iter().all(|rule| rule.get("position").is_none()));
    // Into another account, where objects have other ids.
    let other = Account::new();
    other.zone("office", "198.51.100.7,203.0.113.0/24");
    let mut import = exported.clone();
    for id in ["/firewall_rules/0/firewall_source/id", "/firewall_rules/0/firewall_service/id"] {
        *import.pointer_mut(id).unwrap() = json!("0123456789abcdef0123456789abcdef");
    }
    let imported =
        other.post("firewall_policies", &json!({ "firewall_policy": import })).expect(201).json()["firewall_policy"]
            .clone();
    assert_ne!(imported["id"], exported["id"]);
    assert_eq!(imported["firewall_rules"].as_array().unwrap().len(), 4);
    // All or nothing, naming the place.
    *import.pointer_mut("/firewall_rules/0/firewall_source/ip_address").unwrap() = json!("203.0.113.0/25");
    *import.pointer_mut("/firewall_rules/2/chain").unwrap() = json!("FORWARD");
    import["name"] = json!("second");
    let refused = errors(other.post("firewall_policies", &json!({ "firewall_policy": import })));
    assert_eq!(
        refused,
        wrong(&[("firewall_rules[0].firewall_source", "invalid"), ("firewall_rules[2].chain", "invalid")])
    );
    assert_eq!(other.get("firewall_policies")["count"], 1);
}

#[test]
fn what_is_used_stays() {
    let account = Account::new();
    let zone = account.zone("z", "192.0.2.1");
    let service = json!({ "firewall_service": { "name": "mine", "protocol": "TCP", "port": "1" } });
    let service = text(&account.post("firewall_services", &service).expect(201).json()["firewall_service"]["id"]);
    let rules = json!([{ "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": zone, "type": "FirewallZone", "firewall_service": service }, { "chain": "INPUT", "action": "DROP", "active": true }]);
    let policy = account.policy("p", &rules);
    assert_eq!(
        account.get(&format!("firewall_zones/{zone}"))["firewall_zone"]["used_by"],
        json!([{ "id": policy, "name": "p" }])
    );
    let in_use = wrong(&[("id", "in_use")]);
    assert_eq!(errors(account.delete(&format!("firewall_zones/{zone}"))), in_use);
    assert_eq!(errors(account.delete(&format!("firewall_services/{service}"))), in_use);
    account.assign("lab", Some(&policy)).expect(204);
    let lab = account.id("groups", "lab");
    assert_eq!(
        account.get(&format!("firewall_policies/{policy}"))["firewall_policy"]["used_by"],
        json!([{ "id": lab, "name": "lab" }])
    );
    assert_eq!(errors(account.delete(&format!("firewall_policies/{policy}"))), in_use);
    account.assign("lab", None).expect(204);
    account.delete(&format!("firewall_policies/{policy}")).expect(204);
    account.delete(&format!("firewall_zones/{zone}")).expect(204);
}

#[test]
fn a_firewall_follows_services_and_interfaces() {
    let account = Account::new();
    let make = |all: &str, one: &str, object: Value| {
        text(&account.post(all, &json!({ one: object })).expect(201).json()[one]["id"])
    };
    let service =
        make("firewall_services", "firewall_service", json!({ "name": "mine", "protocol": "TCP", "port": "1" }));
    let interface = make("firewall_interfaces", "firewall_interface", json!({ "name": "wg0" }));
    let rules = json!([{ "chain": "INPUT", "action": "DROP", "active": true, "firewall_service": service, "firewall_interface": interface }]);
    let policy = account.policy("p", &rules);
    account.assign("lab", Some(&policy)).expect(204);
    let shown = || {
        let path = "/api;driver=mock-nftables/firewalls/lab?format=json";
        let shown = account.send_bare(Request::get(path).login(MOCK_LOGIN)).expect(200).json();
        let rule = &shown["firewall"]["rules"][0];
        (text(&rule["port_from"]), text(&rule["interface"]))
    };
    assert_eq!(shown(), ("1".into(), "wg0".into()));
    let port = json!({ "firewall_service": { "port": "2" } });
    account.put(&format!("firewall_services/{service}"), &port).expect(204);
    account
        .put(&format!("firewall_interfaces/{interface}"), &json!({ "firewall_interface": { "name": "wg1" } }))
        .expect(204);
    assert_eq!(shown(), ("2".into(), "wg1".into()));
}

#[test]
fn all_servers_are_those_of_all_groups() {
    let account = Account::new();
    let rules = json!([{ "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": { "type": "Group", "name": "All Active Servers" } }]);
    let policy = account.policy("p", &rules);
    account.assign("lab", Some(&policy)).expect(204);
    let servers = account.get("servers");
    let mut addresses: Vec<_> = servers["servers"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|server| server["interfaces"].as_array().unwrap())
        .map(|one| text(&one["ip_address"]))
        .collect();
    addresses.sort();
    addresses.dedup();
    let in_force = account.in_force("lab");
    assert!(
        !addresses.is_empty() && addresses.iter().all(|address| in_force[0].contains(&**address)),
        "{addresses:?} {in_force:?}"
    );
}

#[test]
fn a_zone_of_this_name_with_other_addresses_is_no_group_instead() {
    let account = Account::new();
    account.zone("web", "192.0.2.1");
    let of_another = json!({ "id": "0".repeat(32), "name": "web", "ip_address": "192.0.2.2" });
    let rules = json!([{ "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": of_another }]);
    let policy = json!({ "firewall_policy": { "name": "p", "firewall_rules": rules } });
    assert_eq!(
        errors(account.post("firewall_policies", &policy)),
        wrong(&[("firewall_rules[0].firewall_source", "invalid")])
    );
}
