//! What has happened.

use std::time::Duration;

use serde_json::{Value, json};

use crate::halo::client::{Account, KEY, errors, text};
use crate::wire::Request;

fn types(list: &Value) -> Vec<String> {
    list["events"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect()
}

#[test]
fn what_is_done_to_policies_and_services_is_told() {
    let account = Account::new();
    let policy = account.policy("p", &json!([{ "chain": "INPUT", "action": "ACCEPT", "active": true }]));
    let path = format!("firewall_policies/{policy}");
    account.clock.passes(Duration::from_secs(60));
    account.put(&path, &json!({ "firewall_policy": { "description": "x" } })).expect(204);
    account.put(&path, &json!({ "firewall_policy": { "description": "x" } })).expect(204);
    account.assign("lab", Some(&policy)).expect(204);
    account.assign("lab", None).expect(204);
    account.delete(&path).expect(204);
    let service = account
        .post("firewall_services", &json!({ "firewall_service": { "name": "s", "protocol": "TCP" } }))
        .expect(201)
        .json();
    account.delete(&format!("firewall_services/{}", text(&service["firewall_service"]["id"]))).expect(204);
    errors(account.post("firewall_services", &json!({ "firewall_service": { "name": "s" } })));
    let all = account.get("events");
    let newest_first = [
        "firewall_service_deleted",
        "firewall_service_added",
        "firewall_policy_deleted",
        "firewall_policy_unassigned",
        "firewall_policy_assigned",
        "firewall_policy_modified",
        "firewall_policy_created",
    ];
    assert_eq!(types(&all), newest_first);
    let first = &all["events"][6];
    let expected = json!({
        "id": first["id"], "type": "firewall_policy_created", "name": "Halo firewall policy created", "message": "Policy 'p' was made.",
        "created_at": "2026-12-01T12:00:00.000Z", "critical": false, "actor_key_id": KEY.0, "actor_key_label": "sample key",
        "actor_ip_address": "127.0.0.1", "actor_country": null, "policy_name": "p",
    });
    assert_eq!(*first, expected);
    assert_eq!(types(&account.get("events?type=firewall_policy_created,firewall_policy_deleted")).len(), 2);
    assert_eq!(types(&account.get("events?until=2026-12-01T12:01:00Z")), ["firewall_policy_created"]);
    assert_eq!(account.get("events?since=2026-12-01T12:01:00Z")["count"], 6);
    assert_eq!(account.get("events?since=2026-12-01")["count"], 7);
    assert_eq!(account.get("events?server_platform=linux")["count"], 0);
    let page = account.get("events?sort_by=created_at.asc&per_page=3&page=1");
    assert_eq!(
        (types(&page)[0].as_str(), &page["count"], page["pagination"]["next"].is_string()),
        ("firewall_policy_created", &json!(7), true)
    );
    for query in ["sort_by=name", "since=x", "per_page=101"] {
        errors(account.send(Request::get(&format!("/v1/events?{query}"))));
    }
}

#[test]
fn a_page_has_ten_unless_more_are_asked_for() {
    let account = Account::new();
    for number in 0..12 {
        account.policy(&format!("p{number}"), &json!([]));
    }
    let page = account.get("events");
    assert_eq!((types(&page).len(), &page["count"]), (10, &json!(12)));
    assert_eq!(types(&account.get("events?per_page=100")).len(), 12);
}
