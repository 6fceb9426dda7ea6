//! What is held at each step.

use super::*;

fn post(gateway: &Gateway, query: &str) -> Asked {
    let request = Request::post(&format!("/api/firewalls/web/rules?why=x&{query}")).form(RULE);
    Asked { answers: vec![gateway.ask(request)] }
}

/// That what was answered is in the journal, and how.
fn is_kept<'a>(asked: &Asked, changes: &'a [Value]) -> Option<&'a Value> {
    let answer = asked.answers[0].as_ref()?;
    let id = id_of(answer);
    Some(changes.iter().find(|change| change["id"] == id).expect("what was answered is kept"))
}

#[test]
fn of_a_plain_change() {
    at_each_step(
        |gateway| post(gateway, ""),
        |gateway, asked, changes| {
            let is_there = gateway.ports("web").unwrap().contains(&"8443".to_owned());
            if let Some(change) = is_kept(asked, changes) {
                assert_eq!((&change["state"], is_there), (&json!("done"), true));
            }
            // Nobody has the credentials to look, until somebody comes who has them.
            let Some(mut state) = state(changes, "create_rule", "x").map(str::to_owned) else {
                return assert!(!is_there);
            };
            if state == "unknown" {
                let id = changes[0]["id"].as_str().unwrap();
                let shown = gateway.get(&format!("/api/changes/{id}")).unwrap();
                state = shown["change"]["state"].as_str().unwrap().to_owned();
            }
            assert_eq!(state, if is_there { "done" } else { "failed" });
        },
    );
}

#[test]
fn of_a_trial_that_nobody_confirms() {
    at_each_step(
        |gateway| post(gateway, "confirm_within=1"),
        |gateway, asked, changes| {
            assert_eq!(gateway.ports("web").unwrap(), ["22"]);
            if let Some(change) = is_kept(asked, changes) {
                assert_eq!(change["state"], "undone");
            }
            assert!(matches!(state(changes, "create_rule", "x"), None | Some("undone" | "failed")), "{changes:#?}");
        },
    );
}

#[test]
fn of_a_trial_that_is_confirmed() {
    at_each_step(
        |gateway| {
            let mut asked = post(gateway, "confirm_within=2");
            if let Some(answer) = &asked.answers[0] {
                let confirm = format!("/api/changes/{}/confirm", id_of(answer));
                asked.answers.push(gateway.ask(Request::post(&confirm)));
            }
            asked
        },
        |gateway, asked, changes| {
            let is_there = gateway.ports("web").unwrap().contains(&"8443".to_owned());
            let state = state(changes, "create_rule", "x");
            assert_eq!(is_there, state == Some("confirmed"), "{changes:#?}");
            assert!(matches!(state, None | Some("confirmed" | "undone" | "failed")), "{changes:#?}");
            if let Some(Some(confirmed)) = asked.answers.get(1) {
                assert_eq!((confirmed.status, state), (200, Some("confirmed")));
            }
        },
    );
}

#[test]
fn of_a_trial_that_is_undone() {
    at_each_step(
        |gateway| {
            let mut asked = post(gateway, "confirm_within=2");
            if let Some(answer) = &asked.answers[0] {
                let undo = format!("/api/changes/{}/undo", id_of(answer));
                asked.answers.push(gateway.ask(Request::post(&undo)));
            }
            asked
        },
        |gateway, _, changes| {
            assert_eq!(gateway.ports("web").unwrap(), ["22"]);
            assert!(matches!(state(changes, "create_rule", "x"), None | Some("undone" | "failed")), "{changes:#?}");
        },
    );
}

#[test]
fn of_a_rule_that_ends() {
    at_each_step(
        |gateway| post(gateway, "expires_in=1"),
        |gateway, asked, changes| {
            is_kept(asked, changes);
            assert_eq!(gateway.ports("web").unwrap(), ["22"]);
        },
    );
}

/// EC2 joins the source to a rule that lasts.
#[test]
fn of_a_source_that_ends() {
    at_each_step(
        |gateway| {
            let rule = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.9.0.0/16";
            let request = Request::post("/api/firewalls/web/rules?why=x&expires_in=1").form(rule);
            Asked { answers: vec![gateway.ask(request)] }
        },
        |gateway, asked, changes| {
            is_kept(asked, changes);
            let rules = gateway.get("/api/firewalls/web").unwrap()["firewall"]["rules"].clone();
            assert_eq!((rules.as_array().unwrap().len(), rules[0]["sources"].as_array().unwrap().len()), (1, 1));
            assert_eq!(rules[0]["sources"][0]["address"], "87.228.192.251");
        },
    );
}

#[test]
fn of_a_set_in_trial() {
    at_each_step(
        |gateway| {
            let set = json!({"rules": [
                {"allow_protocol": "tcp", "port_from": "80", "port_to": "80", "sources": [{"type": "address", "address": "10.0.0.0", "prefix": "8", "family": "ipv4"}]},
                {"allow_protocol": "tcp", "port_from": "443", "port_to": "443", "sources": [{"type": "address", "address": "10.0.0.0", "prefix": "8", "family": "ipv4"}]},
            ]});
            let request = Request::new("PUT", "/api/firewalls/web/rules?why=x&confirm_within=1").json(&set.to_string());
            Asked { answers: vec![gateway.ask(request)] }
        },
        |gateway, asked, changes| {
            assert_eq!(gateway.ports("web").unwrap(), ["22"]);
            if let Some(change) = is_kept(asked, changes) {
                assert_eq!(change["state"], "undone");
            }
        },
    );
}

#[test]
fn of_a_firewall_in_trial() {
    at_each_step(
        |gateway| {
            let request = Request::post("/api/firewalls?why=x&confirm_within=1").form("name=tried&description=d");
            Asked { answers: vec![gateway.ask(request)] }
        },
        |gateway, asked, changes| {
            assert_eq!(gateway.ports("tried").unwrap(), ["gone"]);
            if let Some(change) = is_kept(asked, changes) {
                assert_eq!(change["state"], "undone");
            }
        },
    );
}

#[test]
fn of_undoing_a_change() {
    at_each_step(
        |gateway| {
            let mut asked = post(gateway, "");
            if let Some(answer) = &asked.answers[0] {
                let undo = format!("/api/changes/{}/undo", id_of(answer));
                asked.answers.push(gateway.ask(Request::post(&undo)));
            }
            asked
        },
        |gateway, asked, changes| {
            let is_there = gateway.ports("web").unwrap().contains(&"8443".to_owned());
            let state = state(changes, "create_rule", "x");
            if let Some(Some(_)) = asked.answers.get(1) {
                assert_eq!((state, is_there), (Some("undone"), false));
            }
            if state == Some("undone") {
                assert!(!is_there);
            }
        },
    );
}
