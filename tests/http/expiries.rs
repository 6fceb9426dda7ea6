//! Rules that end by themselves, by a clock that the test sets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::instance::eventually;
use crate::timed::{RULE, Timed, id_of, memory, on_each_store};
use crate::wire::Request;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The rule of the tests, if it is there.
fn rule(gateway: &Timed, firewall: &str) -> Option<Value> {
    gateway.rules(firewall).as_array().unwrap().iter().find(|rule| rule["port_from"] == "8443").cloned()
}

on_each_store! {
    a_rule_goes_at_its_time_and_no_other,
    asking_for_the_same_again_sets_another_end_and_deleting_forgets_it,
    a_trial_that_takes_away_a_rule_that_ends_does_not_make_it_last,
    a_trial_of_a_sooner_end_whose_time_is_over_with_it_gives_the_old_end_back,
}

/// As when the gateway was not there while both were due.
fn a_trial_of_a_sooner_end_whose_time_is_over_with_it_gives_the_old_end_back(gateway: &Timed) {
    let firewall = gateway.firewall;
    gateway.post(firewall, "expires_in=1000");
    for _ in 0..10 {
        gateway.post(firewall, "expires_in=3&confirm_within=1");
        gateway.clock.passes(seconds(3));
        eventually("it is undone", || (gateway.last()["state"] == "undone").then_some(()));
        eventually("the rule has its old end", || {
            (rule(gateway, firewall)?["expires_at"] == "2026-12-01T12:16:40Z").then_some(())
        });
    }
}

fn a_rule_goes_at_its_time_and_no_other(gateway: &Timed) {
    let firewall = gateway.firewall;
    let before = gateway.rules(firewall);
    gateway.post(firewall, "expires_in=90");
    assert_eq!(rule(gateway, firewall).unwrap()["expires_at"], "2026-12-01T12:01:30Z");
    let xml = gateway.send(Request::get(&format!("/api/firewalls/{firewall}?format=xml"))).expect(200);
    assert!(xml.body.contains("<expires_at>2026-12-01T12:01:30Z</expires_at>"), "{}", xml.body);
    gateway.clock.passes(seconds(89));
    assert!(rule(gateway, firewall).is_some());
    gateway.clock.passes(seconds(1));
    eventually("the rule is gone", || rule(gateway, firewall).is_none().then_some(()));
    assert_eq!(gateway.rules(firewall), before);
    eventually("that is written down", || (gateway.last()["operation"] == "expire_rule").then_some(()));
    let undo = format!("/api/changes/{}/undo", gateway.last()["id"].as_str().unwrap());
    gateway.send(Request::post(&undo)).expect(409);
}

#[test]
fn a_time_of_day_comes_also_when_the_clock_is_set() {
    for ahead in [true, false] {
        let gateway = Timed::mock(memory());
        gateway.post("default", "expires_at=2026-12-01T14:00:00%2B01:00");
        assert_eq!(rule(&gateway, "default").unwrap()["expires_at"], "2026-12-01T13:00:00Z");
        match ahead {
            true => gateway.clock.set(seconds(3600)),
            false => gateway.clock.set_back(seconds(3600)),
        }
        // A second later it is looked at again; or as much time has gone by as there was.
        gateway.clock.passes(if ahead { seconds(1) } else { seconds(3600) });
        eventually("the rule is gone", || rule(&gateway, "default").is_none().then_some(()));
    }
}

fn asking_for_the_same_again_sets_another_end_and_deleting_forgets_it(gateway: &Timed) {
    let firewall = gateway.firewall;
    gateway.post(firewall, "expires_in=60");
    gateway.post(firewall, "expires_in=600");
    let rules = gateway.rules(firewall);
    assert_eq!(rule(gateway, firewall).unwrap()["expires_at"], "2026-12-01T12:10:00Z");
    gateway.clock.passes(seconds(60));
    // What is due is done before what comes later.
    gateway.send(
        Request::post(&format!("/api/firewalls/{firewall}/rules?expires_in=1"))
            .form("protocol=tcp&port_from=8080&port_to=8080&ip_address1=10.9.0.0/16"),
    );
    gateway.clock.passes(seconds(1));
    eventually("the other rule is gone", || (gateway.rules(firewall) == rules).then_some(()));
    let id = rule(gateway, firewall).unwrap()["id"].as_str().unwrap().to_owned();
    gateway.send(Request::delete(&format!("/api/firewalls/{firewall}/{id}"))).expect(204);
    let lost = gateway.last();
    gateway.send(Request::post(&format!("/api/firewalls/{firewall}/rules")).form(RULE)).expect(201);
    assert_eq!(rule(gateway, firewall).unwrap()["expires_at"], Value::Null);
    gateway.clock.passes(seconds(3600));
    // Whatever would be due is done before what ends later.
    let other = "protocol=tcp&port_from=8081&port_to=8081&ip_address1=10.9.0.0/16";
    gateway.send(Request::post(&format!("/api/firewalls/{firewall}/rules?expires_in=1")).form(other)).expect(201);
    gateway.clock.passes(seconds(1));
    eventually("the other has ended", || (gateway.last()["operation"] == "expire_rule").then_some(()));
    assert!(rule(gateway, firewall).is_some());
    let undo = format!("/api/changes/{}/undo", lost["id"].as_str().unwrap());
    let refused = gateway.send(Request::post(&undo)).expect(409);
    assert!(refused.message().contains("would have ended by itself"), "{}", refused.message());
}

fn a_trial_that_takes_away_a_rule_that_ends_does_not_make_it_last(gateway: &Timed) {
    let firewall = gateway.firewall;
    let before = gateway.rules(firewall);
    gateway.post(firewall, "expires_in=100");
    let id = rule(gateway, firewall).unwrap()["id"].as_str().unwrap().to_owned();
    let tried = gateway.send(Request::delete(&format!("/api/firewalls/{firewall}/{id}?confirm_within=60"))).expect(204);
    assert_eq!(rule(gateway, firewall), None);
    gateway.clock.passes(seconds(60));
    let trial = id_of(&tried);
    eventually("the trial is undone", || (gateway.change(&trial)["state"] == "undone").then_some(()));
    assert!(rule(gateway, firewall).is_some());
    gateway.clock.passes(seconds(40));
    eventually("the rule is gone", || (gateway.rules(firewall) == before).then_some(()));
}

#[test]
fn a_rule_that_ends_in_a_trial_that_has_taken_it_away_is_gone_when_that_is_undone() {
    let gateway = Timed::mock(memory());
    gateway.post("default", "expires_in=30");
    let id = rule(&gateway, "default").unwrap()["id"].as_str().unwrap().to_owned();
    let tried = gateway.send(Request::delete(&format!("/api/firewalls/default/{id}?confirm_within=60"))).expect(204);
    let trial = id_of(&tried);
    gateway.clock.passes(seconds(30));
    gateway.clock.passes(seconds(30));
    eventually("the trial is undone", || (gateway.change(&trial)["state"] == "undone").then_some(()));
    eventually("the rule is gone", || rule(&gateway, "default").is_none().then_some(()));
}

#[test]
fn what_is_left_in_a_set_keeps_its_end() {
    let gateway = Timed::nftables(memory());
    gateway.post("web", "expires_in=60");
    let firewall = gateway.get("/api/firewalls/web?direction=all")["firewall"].clone();
    let set = json!({"rules": firewall["rules"]}).to_string();
    let put = gateway.send(Request::new("PUT", "/api/firewalls/web/rules?direction=all").json(&set));
    assert_eq!(put.status, 200, "{put:?}");
    assert_eq!(rule(&gateway, "web").unwrap()["expires_at"], "2026-12-01T12:01:00Z");
    gateway.clock.passes(seconds(60));
    eventually("the rule is gone", || rule(&gateway, "web").is_none().then_some(()));
}
