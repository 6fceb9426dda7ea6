//! Zones, services and interfaces.

use deltawall::config::{Config, HaloLimits};
use serde_json::{Value, json};

use crate::halo::client::{Account, HOST, errors, text, wrong};
use crate::wire::Request;

#[test]
fn what_is_always_there_comes_first_and_stays() {
    let account = Account::new();
    let zones = account.get("firewall_zones");
    assert_eq!(zones["count"], 1);
    let any = &zones["firewall_zones"][0];
    let expected = json!({
        "id": any["id"], "url": format!("http://{HOST}/v1/firewall_zones/{}", text(&any["id"])), "name": "any",
        "group_id": null, "group_name": null, "description": null, "ip_address": "0.0.0.0/0", "system": true, "shared": true, "used_by": [],
    });
    assert_eq!(*any, expected);
    let services = account.get("firewall_services");
    assert_eq!(services["count"], 27);
    let first = &services["firewall_services"][0];
    assert_eq!((&first["name"], &first["protocol"], &first["port"]), (&json!("ssh"), &json!("TCP"), &json!("22")));
    let igrp = account.get("firewall_services?name=IGRP");
    assert_eq!((&igrp["count"], &igrp["firewall_services"][0]["port"]), (&json!(1), &Value::Null));
    let names: Vec<_> = account.get("firewall_interfaces")["firewall_interfaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["name"]))
        .collect();
    assert_eq!(names, ["lo", "eth0", "eth0:1", "eth0:2", "eth0:3", "eth0:4", "eth1"]);
    for (all, one, name) in [
        ("firewall_zones", "firewall_zone", "any"),
        ("firewall_services", "firewall_service", "ssh"),
        ("firewall_interfaces", "firewall_interface", "lo"),
    ] {
        let path = format!("{all}/{}", account.id(all, name));
        let system = wrong(&[("system", "system")]);
        assert_eq!(errors(account.put(&path, &json!({ one: { "name": "mine" } }))), system);
        assert_eq!(errors(account.delete(&path)), system);
    }
}

#[test]
fn a_zone_is_kept_as_it_was_written() {
    let account = Account::new();
    let zone = json!({ "firewall_zone": { "name": " Blocklist ", "ip_address": " 203.0.113.5,\r\n9.8.7.6/28,,2001:DB8::1 ", "id": "x", "system": true } });
    let made = account.post("firewall_zones", &zone).expect(201);
    let shown = made.json()["firewall_zone"].clone();
    assert_eq!(made.header("Location"), shown["url"].as_str());
    assert_eq!(
        (&shown["name"], &shown["ip_address"]),
        (&json!("Blocklist"), &json!("203.0.113.5,9.8.7.6/28,2001:DB8::1"))
    );
    assert_eq!((&shown["system"], &shown["used_by"], &shown["description"]), (&json!(false), &json!([]), &Value::Null));
    let id = text(&shown["id"]);
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));
    // The whole object back, with one field edited.
    let path = format!("firewall_zones/{id}");
    let mut whole = account.get(&path);
    assert_eq!(whole["firewall_zone"], shown);
    whole["firewall_zone"]["ip_address"] = json!("198.51.100.7");
    let done = account.put(&path, &whole).expect(204);
    assert_eq!(done.body, "");
    account.put(&path, &json!({ "firewall_zone": { "description": "what others list" } })).expect(204);
    let shown = account.get(&path)["firewall_zone"].clone();
    assert_eq!(
        (&shown["ip_address"], &shown["description"], &shown["name"]),
        (&json!("198.51.100.7"), &json!("what others list"), &json!("Blocklist"))
    );
    account.put(&path, &json!({ "firewall_zone": { "description": null, "nonsense": 1 } })).expect(204);
    assert_eq!(account.get(&path)["firewall_zone"]["description"], Value::Null);
    account.delete(&path).expect(204);
    let gone = account.send(Request::get(&format!("/v1/{path}"))).expect(404);
    assert_eq!(gone.json(), json!({ "resource": "firewall_zone", "field": "id", "value": id }));
}

#[test]
fn what_is_wrong_is_told_all_at_once_and_the_old_list_stays() {
    let account = Account::new();
    let id = account.zone("first", "192.0.2.1");
    let path = format!("firewall_zones/{id}");
    let post = |name: &str, addresses: &str| {
        errors(account.post("firewall_zones", &json!({ "firewall_zone": { "name": name, "ip_address": addresses } })))
    };
    assert_eq!(
        errors(account.post("firewall_zones", &json!({ "firewall_zone": {} }))),
        wrong(&[("name", "required"), ("ip_address", "required")])
    );
    assert_eq!(post("first", " , "), wrong(&[("name", "taken"), ("ip_address", "required")]));
    assert_eq!(post(&"n".repeat(256), "1.2.3"), wrong(&[("name", "too_long"), ("ip_address", "invalid")]));
    assert_eq!(post("a\u{0}b", "1.2.3.4"), wrong(&[("name", "invalid")]));
    let many = vec!["192.0.2.1"; 376].join(",");
    assert_eq!(post("many", &many), wrong(&[("ip_address", "too_many")]));
    for addresses in ["", "1.2.3.4-1.2.3.9", "10.0.0.0/255.0.0.0", "192.0.2.1,x"] {
        errors(account.put(&path, &json!({ "firewall_zone": { "ip_address": addresses, "name": "other" } })));
        assert_eq!(account.get(&path)["firewall_zone"]["ip_address"], "192.0.2.1");
        assert_eq!(account.get(&path)["firewall_zone"]["name"], "first");
    }
    assert_eq!(
        errors(account.put(&path, &json!({ "firewall_zone": { "name": null } }))),
        wrong(&[("name", "required")])
    );
    assert_eq!(
        errors(account.post("firewall_zones", &json!({ "firewall_zone": { "name": {}, "ip_address": "1.2.3.4" } }))),
        wrong(&[("name", "invalid")])
    );
}

#[test]
fn several_zones_are_made_or_none() {
    let account = Account::new();
    let both = json!({ "firewall_zone": [{ "name": "a", "ip_address": "192.0.2.1" }, { "name": "b", "ip_address": "192.0.2.2" }] });
    let made = account.post("firewall_zones", &both).expect(201);
    assert_eq!(made.json()["firewall_zones"].as_array().unwrap().len(), 2);
    assert_eq!(made.header("Location"), None);
    let wrong = json!({ "firewall_zone": [{ "name": "c", "ip_address": "192.0.2.1" }, { "name": "a", "ip_address": "192.0.2.2" }] });
    errors(account.post("firewall_zones", &wrong));
    assert_eq!(account.get("firewall_zones")["count"], 3);
    account
        .post("firewall_interfaces", &json!({ "firewall_interface": [{ "name": "eth7" }, { "name": "bond0" }] }))
        .expect(201);
    assert_eq!(account.get("firewall_interfaces")["count"], 9);
}

#[test]
fn services_have_protocols_and_ports() {
    let account = Account::new();
    let post = |service: Value| account.post("firewall_services", &json!({ "firewall_service": service }));
    for (number, (protocol, port, shown)) in [
        (json!("tcp"), json!(8080), json!("8080")),
        (json!("UDP"), json!("1-52"), json!("1-52")),
        (json!("TCP"), json!("80,443"), json!("80,443")),
        (json!("TCP"), Value::Null, Value::Null),
        (json!("TCP"), json!(""), Value::Null),
        (json!(132), Value::Null, Value::Null),
        (json!("ICMP"), json!("0"), json!("0")),
    ]
    .into_iter()
    .enumerate()
    {
        let made = post(json!({ "name": format!("s{number}"), "protocol": protocol, "port": port })).expect(201).json();
        assert_eq!(made["firewall_service"]["port"], shown, "{protocol} {port}");
    }
    assert_eq!(errors(post(json!({ "name": "ssh" }))), wrong(&[("name", "taken"), ("protocol", "required")]));
    assert_eq!(errors(post(json!({ "name": "x", "protocol": "TCP", "port": "70000" }))), wrong(&[("port", "invalid")]));
    assert_eq!(errors(post(json!({ "name": "x", "protocol": "47", "port": "1" }))), wrong(&[("port", "invalid")]));
    assert_eq!(errors(post(json!({ "name": "x", "protocol": "SCTP" }))), wrong(&[("protocol", "invalid")]));
    let path = format!("firewall_services/{}", account.id("firewall_services", "s1"));
    account.put(&path, &json!({ "firewall_service": { "port": null } })).expect(204);
    assert_eq!(account.get(&path)["firewall_service"]["port"], Value::Null);
    assert_eq!(account.get(&path)["firewall_service"]["protocol"], "UDP");
}

#[test]
fn lists_are_whole_unless_pages_are_asked_for() {
    let account = Account::new();
    for number in 0..5 {
        account.zone(&format!("z{number}"), "192.0.2.1");
    }
    let all = account.get("firewall_zones");
    assert_eq!((&all["count"], all.get("pagination")), (&json!(6), None));
    let page = account.get("firewall_zones?system=false&page=1&per_page=2");
    assert_eq!((&page["count"], page["firewall_zones"].as_array().unwrap().len()), (&json!(5), 2));
    let next = text(&page["pagination"]["next"]);
    assert_eq!(next, format!("http://{HOST}/v1/firewall_zones?system=false&page=2&per_page=2"));
    let path = next.split("/v1/").nth(1).unwrap().replace("&page=2", "&page=3");
    let last = account.get(&path);
    assert_eq!((last["firewall_zones"][0]["name"].as_str(), last.get("pagination")), (Some("z4"), None));
    let past = account.get("firewall_zones?page=9&per_page=2");
    assert_eq!((&past["count"], &past["firewall_zones"]), (&json!(6), &json!([])));
    assert_eq!(account.get("firewall_zones?name=z1,z3,none")["count"], 2);
    assert_eq!(account.get("firewall_zones?nonsense=1")["count"], 6);
    for query in ["page=0", "per_page=0", "per_page=1001", "page=x"] {
        errors(account.send(Request::get(&format!("/v1/firewall_zones?{query}"))));
    }
}

#[test]
fn an_object_that_has_changed_is_412() {
    let account = Account::new();
    let path = format!("/v1/firewall_zones/{}", account.zone("zone", "192.0.2.1"));
    let tag = account.send(Request::get(&path)).expect(200).header("Etag").unwrap().to_owned();
    let put = |addresses: &str| {
        let body = json!({ "firewall_zone": { "ip_address": addresses } }).to_string();
        account.send(Request::new("PUT", &path).json(&body).header("If-Match", &tag))
    };
    put("192.0.2.2").expect(204);
    put("192.0.2.3").expect(412);
    account.send(Request::delete(&path).header("If-Match", &tag)).expect(412);
    assert_eq!(account.send(Request::get(&path)).json()["firewall_zone"]["ip_address"], "192.0.2.2");
}

#[test]
fn there_are_as_many_objects_and_rules_as_the_configuration_says() {
    let limits = HaloLimits { objects: 2, rules: 2 };
    let account = Account::with(Config { halo_limits: limits, ..Config::default() });
    let rule = json!({ "chain": "INPUT", "action": "ACCEPT", "active": true });
    let of = |name: &str, rules: usize| json!({ "firewall_policy": { "name": name, "firewall_rules": vec![rule.clone(); rules] } });
    assert_eq!(errors(account.post("firewall_policies", &of("a", 3))), wrong(&[("firewall_rules", "too_many")]));
    let id = text(&account.post("firewall_policies", &of("a", 2)).expect(201).json()["firewall_policy"]["id"]);
    let one_more = account.post(&format!("firewall_policies/{id}/firewall_rules"), &json!({ "firewall_rule": rule }));
    assert_eq!(errors(one_more), wrong(&[("firewall_rules", "too_many")]));
    account.post("firewall_policies", &of("b", 0)).expect(201);
    assert_eq!(errors(account.post("firewall_policies", &of("c", 0))), wrong(&[("firewall_policy", "too_many")]));
}
