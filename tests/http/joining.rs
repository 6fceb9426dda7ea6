//! EC2 joins what is asked for to rules that are there: what ends, or is undone, is what was asked for and no more.

use std::time::Duration;

use serde_json::json;

use crate::instance::eventually;
use crate::timed::{Timed, id_of, sqlite};
use crate::wire::Request;

/// The sources of the rule for a port.
fn sources(gateway: &Timed, port: &str) -> Vec<String> {
    let rules = gateway.rules("web");
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["port_from"] == port && rule["direction"] != "egress");
    let Some(rule) = rule else { return Vec::new() };
    let sources = rule["sources"].as_array().unwrap().iter();
    let mut sources: Vec<_> = sources.map(|source| source["address"].as_str().unwrap().to_owned()).collect();
    sources.sort();
    sources
}

fn ask(gateway: &Timed, query: &str, addresses: &[&str]) -> String {
    let addresses: String =
        addresses.iter().enumerate().map(|(nth, address)| format!("&ip_address{}={address}", nth + 1)).collect();
    let form = format!("protocol=tcp&port_from=443&port_to=443{addresses}");
    let answer = gateway.send(Request::post(&format!("/api/firewalls/web/rules?{query}")).form(&form)).expect(201);
    id_of(&answer)
}

#[test]
fn a_source_that_ends_goes_alone() {
    let gateway = Timed::ec2(sqlite());
    ask(&gateway, "", &["10.1.0.0/16"]);
    ask(&gateway, "expires_in=60", &["10.2.0.0/16", "10.3.0.0/16"]);
    ask(&gateway, "expires_in=120", &["10.4.0.0/16"]);
    assert_eq!(sources(&gateway, "443"), ["10.1.0.0", "10.2.0.0", "10.3.0.0", "10.4.0.0"]);
    gateway.clock.passes(Duration::from_secs(60));
    eventually("two are gone", || (sources(&gateway, "443") == ["10.1.0.0", "10.4.0.0"]).then_some(()));
    gateway.clock.passes(Duration::from_secs(60));
    eventually("the third is gone", || (sources(&gateway, "443") == ["10.1.0.0"]).then_some(()));
    assert_eq!(sources(&gateway, "22"), ["87.228.192.251"]);
}

#[test]
fn when_sources_of_a_rule_end_is_told_of_each() {
    let gateway = Timed::ec2(sqlite());
    ask(&gateway, "", &["10.1.0.0/16"]);
    ask(&gateway, "expires_in=60", &["10.2.0.0/16"]);
    let rules = gateway.rules("web");
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["port_from"] == "443").unwrap();
    let ends: Vec<_> = rule["sources"].as_array().unwrap().iter().map(|source| source["expires_at"].clone()).collect();
    assert_eq!(ends, [json!(null), json!("2026-12-01T12:01:00Z")], "{rule:#}");
    assert_eq!(rule["expires_at"], json!(null));
}

#[test]
fn undoing_what_joined_takes_away_no_more_than_it_added() {
    let gateway = Timed::ec2(sqlite());
    ask(&gateway, "", &["10.1.0.0/16"]);
    let joined = ask(&gateway, "", &["10.2.0.0/16"]);
    ask(&gateway, "", &["10.3.0.0/16"]);
    gateway.send(Request::post(&format!("/api/changes/{joined}/undo"))).expect(200);
    assert_eq!(sources(&gateway, "443"), ["10.1.0.0", "10.3.0.0"]);
    let tried = ask(&gateway, "confirm_within=60", &["10.4.0.0/16", "10.5.0.0/16"]);
    gateway.clock.passes(Duration::from_secs(60));
    eventually("the trial is undone", || (gateway.change(&tried)["state"] == "undone").then_some(()));
    assert_eq!(sources(&gateway, "443"), ["10.1.0.0", "10.3.0.0"]);
}

#[test]
fn undoing_a_delete_brings_back_all_that_was_joined() {
    let gateway = Timed::ec2(sqlite());
    ask(&gateway, "", &["10.1.0.0/16", "10.2.0.0/16"]);
    let rules = gateway.rules("web");
    let rule = rules.as_array().unwrap().iter().find(|rule| rule["port_from"] == "443").unwrap();
    let path = format!("/api/firewalls/web/{}", rule["id"].as_str().unwrap());
    let deleted = id_of(&gateway.send(Request::delete(&path)).expect(204));
    ask(&gateway, "", &["10.3.0.0/16"]);
    gateway.send(Request::post(&format!("/api/changes/{deleted}/undo"))).expect(200);
    assert_eq!(sources(&gateway, "443"), ["10.1.0.0", "10.2.0.0", "10.3.0.0"]);
}
