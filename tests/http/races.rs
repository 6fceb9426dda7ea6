//! Two at the same moment: one wins, and the answers tell which.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::instance::eventually;
use crate::timed::{RULE, Timed, id_of, on_each_store};
use crate::wire::{Answer, Request};

on_each_store! {
    of_two_changes_with_the_same_condition_one_is_made,
    a_change_that_meets_a_trial_waits_or_stays,
    a_change_that_meets_an_undoing_leaves_nothing_unknown,
}

/// How often confirming meets the deadline.
const TIMES: usize = 1_000;

fn rules_of(gateway: &Timed) -> String {
    format!("/api/firewalls/{}/rules", gateway.firewall)
}

fn ports(gateway: &Timed) -> Vec<Value> {
    let rules = gateway.rules(gateway.firewall);
    rules.as_array().unwrap().iter().map(|rule| rule["port_from"].clone()).collect()
}

/// What is in the journal is what is there.
fn check_no_drift(gateway: &Timed) {
    let drift = gateway.get(&format!("/api/firewalls/{}/drift", gateway.firewall));
    let plan = &drift["drift"]["plan"];
    assert_eq!((&plan["adds"], &plan["removes"]), (&json!([]), &json!([])), "{drift:#}");
}

fn confirm_against_the_deadline(gateway: &Timed) {
    let (mut confirmed, mut undone) = (0, 0);
    for round in 0..TIMES {
        let id = gateway.post(gateway.firewall, "confirm_within=1");
        let answer = thread::scope(|scope| {
            let confirm = scope.spawn(|| gateway.send(Request::post(&format!("/api/changes/{id}/confirm"))));
            // Now the one is earlier, now the other.
            thread::sleep(Duration::from_micros((round % 40) as u64 * 50));
            gateway.clock.passes(Duration::from_secs(1));
            confirm.join().unwrap()
        });
        let state = eventually("it has an end", || {
            let state = gateway.change(&id)["state"].as_str().unwrap().to_owned();
            ["confirmed", "undone"].contains(&state.as_str()).then_some(state)
        });
        let is_there = ports(gateway).contains(&json!("8443"));
        match answer.status {
            200 => {
                assert_eq!((state.as_str(), is_there), ("confirmed", true), "round {round}");
                confirmed += 1;
                gateway.send(Request::post(&format!("/api/changes/{id}/undo"))).expect(200);
            }
            409 => {
                assert_eq!((state.as_str(), is_there), ("undone", false), "round {round}");
                undone += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
    println!("{confirmed} confirmed, {undone} undone");
    assert!(confirmed > 0 && undone > 0, "this test has met both");
}

#[test]
fn confirm_and_deadline_have_one_winner_in_memory() {
    confirm_against_the_deadline(&Timed::mock(crate::timed::memory()));
}

#[test]
fn confirm_and_deadline_have_one_winner_in_sqlite() {
    confirm_against_the_deadline(&Timed::mock(crate::timed::sqlite()));
}

#[test]
fn confirm_and_deadline_have_one_winner_in_postgres() {
    confirm_against_the_deadline(&Timed::mock(crate::timed::postgres()));
}

fn both(first: impl FnOnce() -> Answer + Send, second: impl FnOnce() -> Answer + Send) -> [Answer; 2] {
    thread::scope(|scope| {
        let (first, second) = (scope.spawn(first), scope.spawn(second));
        [first.join().unwrap(), second.join().unwrap()]
    })
}

fn of_two_changes_with_the_same_condition_one_is_made(gateway: &Timed) {
    let before = ports(gateway).len();
    for round in 0..10 {
        let shown = gateway.send(Request::get(&format!("/api/firewalls/{}", gateway.firewall))).expect(200);
        let etag = shown.header("Etag").unwrap().to_owned();
        let add = |port: usize| {
            let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1=10.9.0.0/16");
            gateway.send(Request::post(&rules_of(gateway)).form(&rule).header("If-Match", &etag))
        };
        let mut answers = both(|| add(1000 + round), || add(2000 + round)).map(|answer| answer.status);
        answers.sort_unstable();
        assert_eq!(answers, [201, 412]);
        assert_eq!(ports(gateway).len(), before + round + 1);
    }
    check_no_drift(gateway);
}

fn a_change_that_meets_a_trial_waits_or_stays(gateway: &Timed) {
    for round in 0..10 {
        let port = 1000 + round;
        let other = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1=10.9.0.0/16");
        let [trial, change] = both(
            || gateway.send(Request::post(&format!("{}?confirm_within=1", rules_of(gateway))).form(RULE)),
            || gateway.send(Request::post(&rules_of(gateway)).form(&other)),
        );
        assert!([201, 409].contains(&change.status), "{change:?}");
        if trial.status == 201 {
            let id = id_of(&trial);
            gateway.clock.passes(Duration::from_secs(1));
            eventually("the trial is undone", || (gateway.change(&id)["state"] == "undone").then_some(()));
        } else {
            // In memory the other is not seen while it is made, and has changed what this one has looked at.
            assert_eq!(trial.status, 409, "{trial:?}");
        }
        let ports = ports(gateway);
        assert!(!ports.contains(&json!("8443")), "{ports:?}");
        assert_eq!(ports.contains(&json!(port.to_string())), change.status == 201, "{ports:?}");
        check_no_drift(gateway);
    }
}

fn a_change_that_meets_an_undoing_leaves_nothing_unknown(gateway: &Timed) {
    for round in 0..10 {
        let id = gateway.post(gateway.firewall, &format!("why={round}"));
        let rules = gateway.rules(gateway.firewall);
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["port_from"] == "8443").unwrap().clone();
        let path = format!("/api/firewalls/{}/{}", gateway.firewall, rule["id"].as_str().unwrap());
        let [undone, deleted] = both(
            || gateway.send(Request::post(&format!("/api/changes/{id}/undo"))),
            || gateway.send(Request::delete(&path)),
        );
        assert!([200, 409].contains(&undone.status) && [204, 404, 409].contains(&deleted.status));
        assert!(undone.status == 200 || deleted.status == 204, "{undone:?} {deleted:?}");
        assert!(!ports(gateway).contains(&json!("8443")));
        assert_ne!(gateway.change(&id)["state"], "unknown");
        check_no_drift(gateway);
    }
}
