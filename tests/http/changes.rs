//! Changes that are written down, tried, confirmed and undone, by a clock that the test sets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::instance::eventually;
use crate::server::Server;
use crate::timed::{RULE, Timed, id_of, memory, on_each_store};
use crate::wire::Request;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

on_each_store! {
    a_trial_undoes_itself_unless_it_is_confirmed_in_time,
    pages_show_a_trial_and_the_journal,
    what_is_confirmed_stays,
    a_firewall_in_trial_is_changed_by_nobody_else,
    any_change_can_be_undone_and_nothing_that_came_after_is_touched,
    a_firewall_that_is_made_can_be_tried_and_one_that_goes_cannot,
}

fn a_trial_undoes_itself_unless_it_is_confirmed_in_time(gateway: &Timed) {
    let (driver, firewall) = (gateway.driver, gateway.firewall);
    let before = gateway.rules(firewall);
    let asked = Request::post(&format!("/api/firewalls/{firewall}/rules?confirm_within=60&why=a+test")).form(RULE);
    let answer = gateway.send(asked).expect(201);
    assert_eq!(answer.header("X-Deltawall-Confirm-By"), Some("2026-12-01T12:01:00Z"));
    let id = id_of(&answer);
    let shown = gateway.get(&format!("/api/firewalls/{firewall}"));
    assert_eq!(shown["firewall"]["trial"]["id"], id);
    let change = gateway.change(&id);
    for (name, value) in [
        ("state", json!("trying")),
        ("operation", json!("create_rule")),
        ("why", json!("a test")),
        ("made_at", json!("2026-12-01T12:00:00Z")),
        ("confirm_by", json!("2026-12-01T12:01:00Z")),
        ("user", json!(gateway.user)),
        ("driver", json!(driver)),
    ] {
        assert_eq!(change[name], value, "{name}");
    }
    assert_eq!(change["plan"]["adds"].as_array().unwrap().len(), 1);
    // What nftables matches nothing of goes on anyway.
    let opens = if driver != "mock-nftables" { json!("tcp/8443 from 10.9.0.0/16") } else { Value::Null };
    assert_eq!(change["plan"]["opens"][0]["traffic"], opens);

    gateway.clock.passes(seconds(59));
    assert_ne!(gateway.rules(firewall), before);
    assert_eq!(gateway.change(&id)["state"], "trying");
    gateway.clock.passes(seconds(1));
    eventually("the trial is undone", || (gateway.change(&id)["state"] == "undone").then_some(()));
    assert_eq!(gateway.rules(firewall), before);
    let change = gateway.change(&id);
    assert_eq!((&change["ended_at"], &change["undone_by"]), (&json!("2026-12-01T12:01:00Z"), &Value::Null));
    let late = gateway.send(Request::post(&format!("/api/changes/{id}/confirm"))).expect(409);
    assert!(late.message().contains("Its time is over"), "{}", late.message());
}

fn pages_show_a_trial_and_the_journal(gateway: &Timed) {
    let firewall = gateway.firewall;
    let id = gateway.post(firewall, "confirm_within=60&why=%3Cb%3Ehostile%3C/b%3E");
    let page = |path: &str| gateway.send(Request::get(&format!("{path}?format=html"))).expect(200).body;
    let shown = page(&format!("/api/firewalls/{firewall}"));
    assert!(shown.contains(&format!("/api/changes/{id}/confirm")) && shown.contains("2026-12-01T12:01:00Z"), "{shown}");
    assert!(shown.contains("data-left=\"60\""), "{shown}");
    gateway.clock.passes(seconds(20));
    assert!(page(&format!("/api/firewalls/{firewall}")).contains("data-left=\"40\""));
    let form = page(&format!("/api/firewalls/{firewall}/new_rule"));
    for field in ["confirm_within", "expires_in", "why"] {
        assert!(form.contains(&format!("name=\"{field}\"")), "{form}");
    }
    assert!(page("/api/firewalls/new").contains("name=\"confirm_within\""));
    if crate::timed::is_kept(gateway) {
        assert!(shown.contains(&format!("/api/changes?firewall={firewall}")) && shown.contains("/drift"), "{shown}");
    }
    for path in ["/api/changes".to_owned(), format!("/api/changes/{id}")] {
        let shown = page(&path);
        assert!(shown.contains("&#60;b&#62;hostile") && shown.contains("create_rule"), "{shown}");
    }
    assert!(page(&format!("/api/changes/{id}")).contains("<ins>"));
    let by_browser =
        Request::post(&format!("/api/changes/{id}/confirm?format=html")).header("Upgrade-Insecure-Requests", "1");
    let confirmed = gateway.send(by_browser).expect(303);
    assert!(confirmed.header("Location").unwrap().ends_with(&format!("/api/firewalls/{firewall}")));
    assert!(!page(&format!("/api/firewalls/{firewall}")).contains("/confirm"));
    assert!(page(&format!("/api/firewalls/{firewall}/drift")).contains("Nobody has changed it since"));
    let expiring = "protocol=tcp&port_from=8081&port_to=8081&ip_address1=10.9.0.0/16&expires_in=60";
    gateway.send(Request::post(&format!("/api/firewalls/{firewall}/rules")).form(expiring)).expect(201);
    assert!(page(&format!("/api/firewalls/{firewall}")).contains("until</span>"));
}

fn what_is_confirmed_stays(gateway: &Timed) {
    let firewall = gateway.firewall;
    let id = gateway.post(firewall, "confirm_within=60");
    let planned = gateway.send(Request::post(&format!("/api/changes/{id}/confirm?dry_run=true"))).expect(200);
    assert_eq!(planned.json()["plan"]["adds"], json!([]));
    for _ in 0..2 {
        let confirmed = gateway.send(Request::post(&format!("/api/changes/{id}/confirm"))).expect(200);
        assert_eq!(confirmed.json()["change"]["state"], "confirmed");
    }
    let rules = gateway.rules(firewall);
    gateway.clock.passes(seconds(3600));
    // A trial that ends later is ended after whatever would have been due before.
    let made = gateway.send(Request::post("/api/firewalls?confirm_within=1").form("name=later&description=d"));
    let later = id_of(&made.expect(201));
    gateway.clock.passes(seconds(1));
    eventually("the other is undone", || (gateway.change(&later)["state"] == "undone").then_some(()));
    assert_eq!(gateway.change(&id)["state"], "confirmed");
    assert_eq!(gateway.rules(firewall), rules);
}

fn a_firewall_in_trial_is_changed_by_nobody_else(gateway: &Timed) {
    let firewall = gateway.firewall;
    let id = gateway.post(firewall, "confirm_within=60");
    let rules = gateway.rules(firewall);
    let other = "protocol=tcp&port_from=8080&port_to=8080&ip_address1=10.9.0.0/16";
    for query in ["", "?dry_run=true", "?confirm_within=5"] {
        let refused =
            gateway.send(Request::post(&format!("/api/firewalls/{firewall}/rules{query}")).form(other)).expect(409);
        let message = refused.message();
        assert!(message.contains(&id) && message.contains("2026-12-01T12:01:00Z"), "{message}");
    }
    let refused = gateway.send(Request::delete(&format!("/api/firewalls/{firewall}")).header("If-Match", "*"));
    assert_eq!(refused.status, 409, "a trial is no precondition that has failed");
    assert_eq!(gateway.rules(firewall), rules);
    let undone = gateway.send(Request::post(&format!("/api/changes/{id}/undo"))).expect(200).json();
    assert_eq!((&undone["change"]["state"], &undone["change"]["undone_by"]), (&json!("undone"), &json!(gateway.user)));
    gateway.send(Request::post(&format!("/api/firewalls/{firewall}/rules")).form(other)).expect(201);
}

#[test]
fn a_clock_that_is_set_moves_no_trial() {
    let gateway = Timed::mock(memory());
    let id = gateway.post("default", "confirm_within=60");
    gateway.clock.set(seconds(24 * 3600));
    gateway.clock.passes(seconds(30));
    assert_eq!(gateway.change(&id)["state"], "trying");
    gateway.clock.set_back(seconds(48 * 3600));
    gateway.clock.passes(seconds(30));
    eventually("the trial is undone", || (gateway.change(&id)["state"] == "undone").then_some(()));
}

fn any_change_can_be_undone_and_nothing_that_came_after_is_touched(gateway: &Timed) {
    let (driver, firewall) = (gateway.driver, gateway.firewall);
    let before = gateway.rules(firewall);
    let first = before[0]["id"].as_str().unwrap().to_owned();
    gateway.send(Request::delete(&format!("/api/firewalls/{firewall}/{first}"))).expect(204);
    let deleted = gateway.last();
    assert_eq!((&deleted["operation"], &deleted["state"]), (&json!("delete_rule"), &json!("done")));
    let deleted = deleted["id"].as_str().unwrap();
    gateway.post(firewall, "why=later");
    let planned = gateway.send(Request::post(&format!("/api/changes/{deleted}/undo?dry_run=true"))).expect(200);
    assert_eq!(planned.json()["plan"]["adds"].as_array().unwrap().len(), 1);
    let undone = gateway.send(Request::post(&format!("/api/changes/{deleted}/undo"))).expect(200).json();
    assert_eq!(undone["change"]["state"], "undone");
    let without_ids = |rules: &Value| {
        let mut rules = rules.as_array().unwrap().clone();
        rules.iter_mut().for_each(|rule| {
            let rule = rule.as_object_mut().unwrap();
            rule.remove("id");
            rule.remove("position");
        });
        rules
    };
    let after = without_ids(&gateway.rules(firewall));
    let (before, ports) = (without_ids(&before), json!("8443"));
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|rule| after.contains(rule)), "what was there is there again");
    assert!(after.iter().any(|rule| rule["port_from"] == ports && rule["port_to"] == ports), "what came later stays");
    if driver == "mock-nftables" {
        assert_eq!(after[..before.len()], before, "in its place");
    }
    let again = gateway.send(Request::post(&format!("/api/changes/{deleted}/undo"))).expect(409);
    assert_eq!(again.message(), "It is undone already.");
}

fn a_firewall_that_is_made_can_be_tried_and_one_that_goes_cannot(gateway: &Timed) {
    let firewall = gateway.firewall;
    let made = gateway.send(Request::post("/api/firewalls?confirm_within=10").form("name=tried&description=d"));
    let id = id_of(&made.expect(201));
    gateway.clock.passes(seconds(10));
    eventually("the firewall is gone", || {
        (gateway.send(Request::get("/api/firewalls/tried")).status == 404).then_some(())
    });
    eventually("so is its trial", || (gateway.change(&id)["state"] == "undone").then_some(()));
    let refused = gateway.send(Request::delete(&format!("/api/firewalls/{firewall}?confirm_within=10"))).expect(400);
    assert_eq!(refused.message(), "Deleting a firewall cannot be tried: it could not come back as it was.");
    gateway.send(Request::post("/api/firewalls").form("name=gone&description=d")).expect(201);
    gateway.send(Request::delete("/api/firewalls/gone")).expect(204);
    let deleted = gateway.last();
    assert_eq!(deleted["operation"], "delete_firewall", "what a user did to what is gone is shown to it");
    let url = format!("/api/changes/{}/undo", deleted["id"].as_str().unwrap());
    gateway.send(Request::post(&url)).expect(409);
}

#[test]
fn terms_that_cannot_be_kept_are_refused_before_anything_is_done() {
    let gateway = Timed::mock(memory());
    let rules = gateway.rules("default");
    let long = format!("why={}", "x".repeat(1001));
    for (query, name) in [
        ("confirm_within=0", "confirm_within"),
        ("confirm_within=86401", "confirm_within"),
        ("confirm_within=soon", "confirm_within"),
        ("expires_in=0", "expires_in"),
        ("expires_in=1.5", "expires_in"),
        ("expires_at=tomorrow", "expires_at"),
        ("expires_at=2026-12-01T12:00:00Z", "expires_at"),
        ("expires_in=5&expires_at=2027-01-01T00:00:00Z", "expires_in"),
        ("why=a%07b", "why"),
        (&long, "why"),
    ] {
        let refused =
            gateway.send(Request::post(&format!("/api/firewalls/default/rules?{query}")).form(RULE)).expect(400);
        assert!(refused.message().contains(name), "{query}: {}", refused.message());
    }
    let id = rules[0]["id"].as_str().unwrap();
    gateway.send(Request::delete(&format!("/api/firewalls/default/{id}?expires_in=5"))).expect(400);
    gateway.send(Request::post("/api/firewalls?expires_in=5").form("name=n&description=d")).expect(400);
    assert_eq!(gateway.rules("default"), rules);
    assert_eq!(gateway.get("/api/changes")["changes"], json!([]));
}

#[test]
fn terms_come_in_whatever_encoding() {
    let gateway = Timed::mock(memory());
    let json = json!({"protocol": "tcp", "port_from": 8443, "port_to": 8443, "ip_address1": "10.9.0.0/16", "confirm_within": 60, "why": "b"});
    let fields = [
        ("protocol", "tcp"),
        ("port_from", "8443"),
        ("port_to", "8443"),
        ("ip_address1", "10.9.0.0/16"),
        ("confirm_within", "60"),
        ("why", "b"),
    ];
    let path = "/api/firewalls/default/rules";
    for request in [
        Request::post(path).form(&format!("{RULE}&confirm_within=60&why=b")),
        Request::post(path).json(&json.to_string()),
        Request::post(path).multipart(&fields),
        Request::new("PUT", &format!("{path}?confirm_within=60&why=b")).json(r#"{"rules":[]}"#),
    ] {
        let answer = gateway.send(request);
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        let id = id_of(&answer);
        assert_eq!((&gateway.change(&id)["state"], &gateway.change(&id)["why"]), (&json!("trying"), &json!("b")));
        gateway.send(Request::post(&format!("/api/changes/{id}/undo"))).expect(200);
    }
}

#[test]
fn changes_are_listed_the_newest_first_in_pages() {
    let gateway = Timed::mock(memory());
    for name in ["a", "b", "c"] {
        gateway.send(Request::post("/api/firewalls").form(&format!("name={name}&description=d"))).expect(201);
        gateway.clock.passes(seconds(60));
    }
    let names = |page: &Value| -> Vec<String> {
        let all = page["changes"].as_array().unwrap().iter();
        all.map(|change| change["firewall"]["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = gateway.get("/api/changes?limit=2");
    assert_eq!(names(&first), ["c", "b"]);
    let next = first["next"].as_str().unwrap();
    let second = gateway.get(next.split_once("/api").map(|(_, path)| format!("/api{path}")).as_deref().unwrap());
    assert_eq!((names(&second), &second["next"]), (vec!["a".to_owned()], &Value::Null));
    for (query, expected) in [
        ("firewall=b", vec!["b"]),
        ("state=done&user=mockuser", vec!["c", "b", "a"]),
        ("state=trying", vec![]),
        ("user=nobody", vec![]),
        ("since=2026-12-01T12:01:00Z&until=2026-12-01T12:02:00Z", vec!["b"]),
    ] {
        assert_eq!(names(&gateway.get(&format!("/api/changes?{query}"))), expected, "{query}");
    }
    for (query, name) in [("limit=0", "limit"), ("state=odd", "state"), ("since=now", "since"), ("before=x", "before")]
    {
        let refused = gateway.send(Request::get(&format!("/api/changes?{query}"))).expect(400);
        assert!(refused.message().contains(name), "{}", refused.message());
    }
}

#[test]
fn the_journal_tells_nothing_without_good_credentials() {
    let gateway = Timed::mock(memory());
    let id = gateway.post("default", "confirm_within=60");
    let nobody = |request: Request| gateway.connect().send(request.accept("application/json"));
    for path in ["/api/changes".to_owned(), format!("/api/changes/{id}"), "/api/firewalls/default/drift".to_owned()] {
        nobody(Request::get(&path)).expect(401);
        nobody(Request::get(&path).login("bm9ib2R5Ondyb25n")).expect(401);
    }
    for action in ["confirm", "undo"] {
        nobody(Request::post(&format!("/api/changes/{id}/{action}")).login("bm9ib2R5Ondyb25n")).expect(401);
    }
    for unknown in ["01KBF1GQ00T5NJ4YXH8M2ZRW6C", "x"] {
        gateway.send(Request::get(&format!("/api/changes/{unknown}"))).expect(404);
    }
    assert_eq!(gateway.change(&id)["state"], "trying");
}

#[test]
fn old_clients_see_what_they_know() {
    let server = Server::start();
    let send = |request: Request| server.send(request.on_mock());
    let answer = send(Request::post("/api/firewalls/default/rules").form(RULE)).expect(201);
    assert_eq!(answer.header("X-Deltawall-Change"), None);
    assert!(!send(Request::get("/api")).expect(200).body.contains("changes"));
}
