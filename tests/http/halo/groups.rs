//! Groups, servers, and what a policy does to the firewalls of groups.

use deltawall::config::{Config, Guard};
use serde_json::{Value, json};

use crate::halo::client::{Account, errors, text, wrong};
use crate::wire::Request;

#[test]
fn firewalls_are_groups_under_one_root() {
    let account = Account::new();
    let groups = account.get("groups");
    let groups = groups["groups"].as_array().unwrap();
    let names: Vec<_> = groups.iter().map(|group| text(&group["name"])).collect();
    assert_eq!(names[0], "deltawall");
    assert!(names.contains(&"web".into()) && names.contains(&"lab".into()) && names.contains(&"device".into()));
    assert_eq!((&groups[0]["parent_id"], &groups[0]["has_children"]), (&Value::Null, &json!(true)));
    let web = groups.iter().find(|group| group["name"] == "web").unwrap();
    assert_eq!((&web["parent_id"], &web["group_path"]), (&groups[0]["id"], &json!("deltawall/web")));
    let counts = json!({ "active": 1, "missing": 0, "deactivated": 1, "retired": 0, "total": 2 });
    assert_eq!(web["server_counts"], counts);
    let servers = account.get(&format!("groups/{}/servers", text(&web["id"])));
    assert_eq!((&servers["count"], &servers["servers"][0]["hostname"]), (&json!(1), &json!("web1")));
    assert_eq!(account.get("servers?state=active,deactivated")["count"], 2);
    let server = account.get("servers?hostname=web1")["servers"][0].clone();
    assert_eq!(
        (&server["group_name"], &server["primary_ip_address"], &server["state"]),
        (&json!("web"), &json!("192.168.3.11"), &json!("active"))
    );
    let path = format!("servers/{}", text(&server["id"]));
    assert_eq!(account.get(&path)["server"]["server_label"], "First web server");
    account.put(&path, &json!({ "server": { "group_id": web["id"] } })).expect(204);
    assert_eq!(
        errors(account.put(&path, &json!({ "server": { "group_id": groups[0]["id"] } }))),
        wrong(&[("group_id", "invalid")])
    );
    assert_eq!(account.get(&format!("{path}/firewall_logs"))["agent_firewall_logs"], json!([]));
    errors(account.send(Request::get("/v1/servers/x/firewall_logs")));
    assert_eq!(account.get(&format!("groups/{}/connections", text(&web["id"])))["connections"], json!([]));
}

#[test]
fn groups_are_made_changed_and_deleted_with_their_firewalls() {
    let account = Account::new();
    let made = account
        .post("groups", &json!({ "group": { "name": "db", "tag": null, "policy_ids": ["a"], "nonsense": 1 } }))
        .expect(201);
    let group = made.json()["group"].clone();
    assert_eq!(made.header("Location"), group["url"].as_str());
    assert_eq!((&group["tag"], &group["policy_ids"], &group["description"]), (&json!(""), &json!(["a"]), &Value::Null));
    assert_eq!(group["parent_id"], account.get("groups")["groups"][0]["id"]);
    let path = format!("groups/{}", text(&group["id"]));
    let plain = account.post("groups", &json!({ "group": { "name": "plain" } })).expect(201).json();
    assert_eq!(plain["group"]["description"], Value::Null);
    account.in_force("db");
    assert_eq!(errors(account.post("groups", &json!({ "group": { "name": "db" } }))), wrong(&[("name", "taken")]));
    assert_eq!(errors(account.post("groups", &json!({ "group": {} }))), wrong(&[("name", "required")]));
    let below = account
        .post("groups", &json!({ "group": { "name": "db2", "parent_id": group["id"] } }))
        .expect(201)
        .json()["group"]
        .clone();
    assert_eq!(below["group_path"], "deltawall/db/db2");
    assert_eq!(errors(account.delete(&path)), wrong(&[("id", "in_use")]));
    assert_eq!(
        errors(account.put(&path, &json!({ "group": { "parent_id": below["id"] } }))),
        wrong(&[("parent_id", "invalid")])
    );
    account.put(&path, &json!({ "group": { "name": "databases", "description": "all of them" } })).expect(204);
    assert_eq!(account.get(&path)["group"]["name"], "databases");
    account.delete(&format!("groups/{}", text(&below["id"]))).expect(204);
    account.delete(&path).expect(204);
    account.send(Request::get(&format!("/v1/{path}"))).expect(404);
    let gone = Request::get("/api;driver=mock-nftables/firewalls/db?format=json").login(crate::wire::MOCK_LOGIN);
    account.send_bare(gone).expect(404);
    let web = account.id("groups", "web");
    assert_eq!(errors(account.delete(&format!("groups/{web}"))), wrong(&[("id", "in_use")]));
    assert_eq!(
        errors(account.delete(&format!("groups/{}", account.id("groups", "deltawall")))),
        wrong(&[("id", "system")])
    );
}

#[test]
fn a_policy_is_what_its_groups_firewalls_have() {
    let account = Account::new();
    let zone = account.zone("block", "203.0.113.5,198.51.100.0/25,198.51.100.128/25");
    let rules = json!([
        { "chain": "INPUT", "action": "DROP", "active": true, "firewall_source": { "id": zone } },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_service": { "name": "ssh" }, "firewall_source": { "name": "any", "type": "FirewallZone" } },
        { "chain": "INPUT", "action": "ACCEPT", "active": false },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": { "type": "Group", "name": "web" } },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": { "type": "User", "username": "jo" } },
        { "chain": "OUTPUT", "action": "REJECT", "active": true, "firewall_service": { "name": "smtp" } },
        { "chain": "INPUT", "action": "DROP", "active": true },
    ]);
    let policy = account.policy("p", &rules);
    account.assign("lab", Some(&policy)).expect(204);
    let in_force = account.in_force("lab");
    assert_eq!(in_force.len(), 5, "{in_force:?}");
    assert!(
        in_force[0].contains("deny")
            && in_force[0].contains("198.51.100.0/24")
            && in_force[0].contains("203.0.113.5/32"),
        "{in_force:?}"
    );
    assert!(in_force[1].contains("22-22") && in_force[1].contains("0.0.0.0/0") && in_force[1].contains("::/0"));
    assert!(in_force[2].contains("192.168.3.11/32") && !in_force[2].contains("192.168.3.12"));
    // The blocklist job: find the zone, put all of it back with other addresses.
    let path = format!("firewall_zones/{}", account.id("firewall_zones", "block"));
    let mut whole = account.get(&path);
    whole["firewall_zone"]["ip_address"] = json!("192.0.2.99");
    account.put(&path, &whole).expect(204);
    assert!(account.in_force("lab")[0].contains("192.0.2.99/32"), "{:?}", account.in_force("lab"));
    // Rules too, at once.
    let first = account.get(&format!("firewall_policies/{policy}"))["firewall_policy"]["firewall_rules"][0].clone();
    account
        .put(
            &format!("firewall_policies/{policy}/firewall_rules/{}", text(&first["id"])),
            &json!({ "firewall_rule": { "active": false } }),
        )
        .expect(204);
    assert_eq!(account.in_force("lab").len(), 4);
    // Others do not change it.
    let body = "protocol=tcp&port_from=1&port_to=1&ip_address1=192.0.2.1/32";
    let other =
        Request::post("/api;driver=mock-nftables/firewalls/lab/rules").login(crate::wire::MOCK_LOGIN).form(body);
    assert!(account.send_bare(other).expect(409).body.contains("Halo group lab"));
    account.assign("lab", None).expect(204);
    assert_eq!(account.in_force("lab").len(), 4);
    account.delete(&format!("firewall_policies/{policy}")).expect(204);
}

#[test]
fn half_of_a_policy_never_is() {
    let account = Account::new();
    let before = account.in_force("lab");
    let rule = |more: Value| {
        let mut rule = json!({ "chain": "INPUT", "action": "ACCEPT", "active": true });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    let alias =
        account.policy("alias", &json!([rule(json!({})), rule(json!({ "firewall_interface": { "name": "eth0:1" } }))]));
    let refused = account.assign("lab", Some(&alias));
    assert!(refused.body.contains("Rule 2 of INPUT"), "{}", refused.body);
    assert_eq!(errors(refused), wrong(&[("linux_firewall_policy_id", "invalid")]));
    assert_eq!(account.in_force("lab"), before);
    let windows = account
        .post("firewall_policies", &json!({ "firewall_policy": { "name": "w", "platform": "windows" } }))
        .expect(201)
        .json();
    for (field, policy) in [
        ("linux_firewall_policy_id", text(&windows["firewall_policy"]["id"])),
        ("windows_firewall_policy_id", text(&windows["firewall_policy"]["id"])),
        ("windows_firewall_policy_id", alias.clone()),
    ] {
        let lab = account.id("groups", "lab");
        let refused = account.put(&format!("groups/{lab}"), &json!({ "group": { field: policy } }));
        assert_eq!(errors(refused), wrong(&[(field, "invalid")]));
    }
    // An assigned policy that is to become one that cannot be enforced.
    let good = account.policy("good", &json!([rule(json!({}))]));
    account.assign("lab", Some(&good)).expect(204);
    let in_force = account.in_force("lab");
    let path = format!("firewall_policies/{good}/firewall_rules");
    let bad =
        account.post(&path, &json!({ "firewall_rule": rule(json!({ "firewall_interface": { "name": "eth0:1" } })) }));
    assert_eq!(errors(bad), wrong(&[("linux_firewall_policy_id", "invalid")]));
    assert_eq!((account.in_force("lab"), account.get(&path)["count"].clone()), (in_force, json!(1)));
    let lab = account.get(&format!("groups/{}", account.id("groups", "lab")))["group"].clone();
    assert_eq!((&lab["firewall_policy_id"], &lab["linux_firewall_policy_id"]), (&json!(good), &json!(good)));
    account
        .put(&format!("groups/{}", text(&lab["id"])), &json!({ "group": { "firewall_policy_id": null } }))
        .expect(204);
}

#[test]
fn what_a_guard_stands_against_is_refused_and_not_kept() {
    let (firewall, traffic) = ("lab".into(), "tcp/22 from 192.0.2.1".parse().unwrap());
    let guard = Guard { firewall, driver: None, provider: None, traffic, is_open: true };
    let account = Account::with(Config { guards: vec![guard], ..Config::default() });
    let zone = account.zone("blocked", "192.0.2.9");
    let rules = json!([
        { "chain": "INPUT", "action": "DROP", "active": true, "firewall_source": { "id": zone, "type": "FirewallZone" } },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_service": { "name": "ssh" } },
        { "chain": "INPUT", "action": "DROP", "active": true },
    ]);
    let policy = account.policy("guarded", &rules);
    account.assign("lab", Some(&policy)).expect(204);
    let (path, in_force) = (format!("firewall_zones/{zone}"), account.in_force("lab"));
    let put = |addresses: &str| account.put(&path, &json!({ "firewall_zone": { "ip_address": addresses } }));
    assert_eq!(errors(put("192.0.2.9,192.0.2.0/30")), wrong(&[("linux_firewall_policy_id", "invalid")]));
    assert_eq!(account.get(&path)["firewall_zone"]["ip_address"], "192.0.2.9");
    assert_eq!(account.in_force("lab"), in_force);
    put("192.0.2.9,192.0.2.10").expect(204);
    assert_ne!(account.in_force("lab"), in_force);
}
