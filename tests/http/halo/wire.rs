//! What goes over the wire, in all forms that clients have for it.

use serde_json::json;

use crate::halo::client::{Account, HOST, text};
use crate::wire::Request;

#[test]
fn headers_are_as_old_clients_look_for_them() {
    let account = Account::new();
    let body = r#"{"firewall_zone":{"name":"z","ip_address":"192.0.2.1"}}"#;
    let made = account.send(Request::post("/v1/firewall_zones").json(body)).expect(201);
    assert_eq!(made.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert!(made.header("Location").is_some_and(|url| url.starts_with("http://")));
    for accept in ["application/xml", "*/*", "text/html", "nonsense"] {
        let shown = account.send(Request::get("/v1/firewall_zones").header("Accept", accept)).expect(200);
        assert_eq!(shown.header("Content-Type"), Some("application/json; charset=utf-8"));
    }
    for method in ["GET", "DELETE"] {
        let request = Request::new(method, "/v1/firewall_zones/x").header("Content-Type", "application/json");
        account.send(request).expect(404);
    }
}

#[test]
fn json_is_known_by_its_first_byte() {
    let account = Account::new();
    let body = |name: &str| format!(r#" {{"firewall_zone":{{"name":"{name}","ip_address":"192.0.2.1"}}}}"#);
    for (number, content_type) in
        ["application/json", "application/json;charset=UTF=8", "application/x-www-form-urlencoded", "text/plain", ""]
            .into_iter()
            .enumerate()
    {
        let request = Request::post("/v1/firewall_zones").body(content_type, body(&format!("z{number}")));
        account.send(request).expect(201);
    }
    let twice = serde_json::to_string(&body("twice")).unwrap();
    account.send(Request::post("/v1/firewall_zones").json(&twice)).expect(201);
    for body in [
        "",
        "{",
        "[]",
        "{}",
        "\"x\"",
        r#"{"firewall_zone":"x"}"#,
        r#"{"firewall_zone":null}"#,
        r#"{"zone":{}}"#,
        "<a/>",
    ] {
        let refused = account.send(Request::post("/v1/firewall_zones").json(body)).expect(400);
        assert!(refused.json()["message"].is_string(), "{body}");
    }
}

#[test]
fn forms_with_brackets_are_objects() {
    let account = Account::new();
    let made = account
        .send(
            Request::post("/v1/firewall_zones")
                .form("firewall_zone[name]=x&firewall_zone[ip_address]=1.2.3.4%2C5.6.7.8&firewall_zone[description]"),
        )
        .expect(201);
    let zone = made.json()["firewall_zone"].clone();
    assert_eq!(zone["ip_address"], "1.2.3.4,5.6.7.8");
    // The whole object comes back, read-only fields included.
    let path = format!("/v1/firewall_zones/{}", text(&zone["id"]));
    let whole = "firewall_zone[id]=x&firewall_zone[system]=false&firewall_zone[used_by]&firewall_zone[ip_address]=1.2.3.4&firewall_zone[shared]=true";
    account.send(Request::new("PUT", &path).form(whole)).expect(204);
    assert_eq!(account.send(Request::get(&path)).json()["firewall_zone"]["ip_address"], "1.2.3.4");
    account.send(Request::new("PUT", &path).form("ip_address=1.2.3.4")).expect(400);
    account.send(Request::new("PUT", &path).form("firewall_zone[ip_address=1.2.3.4")).expect(400);
    assert_eq!(account.send(Request::get(&path)).json()["firewall_zone"]["ip_address"], "1.2.3.4");
}

#[test]
fn paths_have_several_spellings() {
    let account = Account::new();
    let id = account.zone("z", "192.0.2.1");
    for path in ["/v1/firewall_zones/ID", "/v1//firewall_zones/ID/", "/api/1/firewall_zones//ID"] {
        let shown = account.send(Request::get(&path.replace("ID", &id))).expect(200).json();
        let base = if path.starts_with("/api/1") { "/api/1" } else { "/v1" };
        assert_eq!(shown["firewall_zone"]["url"], format!("http://{HOST}{base}/firewall_zones/{id}"));
    }
    let policy = account.policy("p", &json!([]));
    let rules =
        account.send(Request::get(&format!("/v1/firewall_policies/{policy}/firewall_rules/"))).expect(200).json();
    assert_eq!(rules, json!({ "count": 0, "firewall_rules": [] }));
    for path in ["/v1/users", "/v2/users", "/api/1/users"] {
        account.send(Request::get(path)).expect(200);
    }
    for (method, path) in [
        ("GET", "/v1/nothing"),
        ("GET", "/v1"),
        ("PUT", "/v1/groups"),
        ("DELETE", "/v1/firewall_zones"),
        ("PATCH", "/v1/firewall_zones"),
        ("GET", "/v2/groups"),
    ] {
        account.send(Request::new(method, path).body("application/json", "")).expect(404);
    }
    for id in ["x", &id.to_uppercase(), &id[1..], "0123456789abcdef0123456789abcdef"] {
        let gone = account.send(Request::get(&format!("/v1/firewall_zones/{id}"))).expect(404);
        assert_eq!(gone.json(), json!({ "resource": "firewall_zone", "field": "id", "value": id }));
    }
}
