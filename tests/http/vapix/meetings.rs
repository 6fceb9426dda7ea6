//! What a device's changes meet: others' trials and ends, guards, and the end of its own trials.

use std::time::Duration;

use deltawall::config::{Config, Guard};
use serde_json::json;

use crate::instance::eventually;
use crate::vapix::client::{BETA, Device, LOGIN, V1, set};
use crate::wire::{Connection, Request};

const RULES: &str = "/api;driver=mock-nftables/firewalls/device/rules";

fn deltacloud(device: &Device, terms: &str) {
    let form = format!("protocol=-1&ip_address1=10.0.0.1&{terms}");
    device.send(Request::post(RULES).form(&form).accept("application/json")).expect(201);
}

#[test]
fn nothing_of_a_kept_firewall_ends_by_what_others_have_asked_for_before() {
    for seconds in [0, 600] {
        let device = Device::new();
        deltacloud(&device, "expires_in=30");
        device.activate(true).expect(200);
        deltacloud_is_refused(&device);
        device.set(&["10.0.0.1"], seconds).expect(200);
        device.passes(60);
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(device.in_force(), ["10.0.0.1"]);
    }
    // The very rule is there already.
    let device = Device::new();
    deltacloud(&device, "expires_in=30");
    device.set(&["10.0.0.1"], 0).expect(200);
    device.activate(true).expect(200);
    device.passes(60);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(device.in_force(), ["10.0.0.1"]);
}

fn deltacloud_is_refused(device: &Device) {
    let form = "protocol=-1&ip_address1=10.0.0.9";
    device.send(Request::post(RULES).form(form).accept("application/json")).expect(409);
}

#[test]
fn others_trials_are_in_the_way_of_nothing_that_is_only_stored() {
    let device = Device::new();
    deltacloud(&device, "confirm_within=30");
    device.set(&["10.0.0.2"], 0).expect(200);
    assert_eq!(device.state().active, ["10.0.0.2"]);
    assert_eq!(device.in_force(), ["10.0.0.1"]);
    device.passes(30);
    eventually("it is undone", || device.in_force().is_empty().then_some(()));
    device.activate(true).expect(200);
    assert_eq!(device.in_force(), ["10.0.0.2"]);
}

/// What was tried in the lists alone may be more than can be tried in earnest. Then it is on, with what was confirmed, and nothing is
/// tried any more.
#[test]
fn a_guard_ends_what_was_tried_in_the_lists_alone() {
    let traffic = "tcp/3306 from 10.0.0.2".parse().unwrap();
    let guard = Guard { firewall: "device".into(), driver: None, provider: None, traffic, is_open: false };
    let device = Device::with(Config { guards: vec![guard], ..Config::default() }).by(BETA);
    device.set(&["10.0.0.1"], 0).expect(200);
    device.set(&["10.0.0.2"], 60).expect(200);
    device.activate(true).expect(200);
    assert_eq!(device.get("/activated"), true);
    let state = device.by(V1).state();
    assert_eq!((state.active, state.left), (vec!["10.0.0.1".to_owned()], 0));
    assert_eq!((state.pending, state.in_force), (vec!["10.0.0.2".to_owned()], vec!["10.0.0.1".to_owned()]));
    assert_eq!(device.act("confirmRules").expect(400).json()["error"]["code"], 103);
    // The same guard stands against what is set, and nothing is changed.
    assert_eq!(device.set(&["10.0.0.2"], 0).expect(400).json()["error"]["code"], 103);
    assert_eq!(device.in_force(), ["10.0.0.1"]);
}

/// Whatever comes just when a trial ends by itself is done before or after, and never refused for it.
#[test]
fn writes_that_meet_the_end_of_a_trial_are_done() {
    let device = Device::new();
    for round in 0..60u32 {
        device.activate(true).expect(200);
        device.set(&["10.0.0.1"], 0).expect(200);
        device.set(&["10.0.0.2"], 1).expect(200);
        let write = |path: &str, body: serde_json::Value| {
            let method = if path == "/activated" { "PATCH" } else { "POST" };
            let request = Request::new(method, &format!("{}{path}", device.api)).json(&body.to_string());
            Connection::to(device.address).send(request.login(LOGIN)).expect(200);
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_micros(u64::from(round) * 20));
                match round % 4 {
                    0 => write("/conf/setRules", set(&["10.0.0.3"], 0)),
                    1 => write("/conf/setRules", set(&["10.0.0.3"], 50)),
                    2 => write("/activated", json!({ "data": false })),
                    _ => write("/conf/clearPendingRules", json!({})),
                }
            });
            device.passes(1);
        });
        let state = device.state();
        let expected: &[&str] = match round % 4 {
            0 | 1 => &["10.0.0.3"],
            2 => &[],
            _ => &["10.0.0.1"],
        };
        assert_eq!(state.in_force, expected, "{round}: {state:?}");
        assert_eq!(state.left > 0, round % 4 == 1, "{round}: {state:?}");
    }
}

#[test]
fn a_trial_while_it_is_turned_off_is_refused_or_over() {
    let device = Device::new();
    for _ in 0..40 {
        device.activate(true).expect(200);
        device.set(&["10.0.0.1"], 0).expect(200);
        let tried = std::thread::scope(|scope| {
            let tried = scope.spawn(|| device.set(&["10.0.0.2"], 30));
            device.activate(false).expect(200);
            tried.join().unwrap()
        });
        let state = device.state();
        assert_eq!((state.left, state.active.as_slice()), (0, &["10.0.0.1".to_owned()][..]), "{}", tried.status);
    }
}
