//! The table of states, each cell, with a clock that stands still unless it is told otherwise: on the mock of a host, and on this host's own
//! kernel, where packets tell what is in force.

use crate::instance::eventually;
use crate::vapix::client::{BETA, Device, State, V1, on_host};

/// Each test on both.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod mock { $(#[test] fn $name() { super::$name(); })* }
        mod host { $(#[test] fn $name() { super::on_host(); super::$name(); })* }
    };
}

on_both! {
    a_new_device_filters_nothing_and_its_firewall_is_not_touched
    rules_that_are_set_for_good
    rules_that_are_set_on_trial_fall_back_to_what_was_confirmed_last
    the_time_that_is_left_is_rounded_up
    what_is_confirmed_stays
    what_is_cleared_is_gone
    what_is_over_is_shown_in_v1_alone
    nothing_is_filtered_while_it_is_off_and_what_is_kept_comes_into_force_with_it
    while_it_is_off_only_v1beta_tries_anything
}

/// Confirmed before anything else is tried; tried; and what comes then.
const C: &[&str] = &["10.0.0.1"];
const N: &[&str] = &["10.0.0.2"];
const M: &[&str] = &["10.0.0.3"];
const NOTHING: &[&str] = &[];

fn idle() -> Device {
    let device = Device::new();
    device.set(C, 0).expect(200);
    device.activate(true).expect(200);
    is(&device, C, NOTHING, 0);
    device
}

fn testing() -> Device {
    let device = idle();
    device.set(N, 30).expect(200);
    is(&device, N, N, 30);
    device
}

fn expired() -> Device {
    let device = testing();
    device.passes(30);
    becomes(&device, C, N);
    device
}

/// What is active, is in force; and this is pending.
#[track_caller]
fn is(device: &Device, active: &[&str], pending: &[&str], left: u64) {
    assert_eq!(device.state(), state(active, pending, left, active));
}

fn state(active: &[&str], pending: &[&str], left: u64, in_force: &[&str]) -> State {
    let list = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    State { active: list(active), pending: list(pending), left, in_force: list(in_force) }
}

#[track_caller]
fn becomes(device: &Device, active: &[&str], pending: &[&str]) {
    let expected = state(active, pending, 0, active);
    eventually("the old rules are back", || (device.state() == expected).then_some(()));
}

/// It is so in v1beta.
#[track_caller]
fn is_in_beta(device: &Device, active: &[&str], pending: &[&str], left: u64) {
    is(&device.by(BETA), active, pending, left);
}

#[track_caller]
fn is_refused(answer: crate::wire::Answer, code: i64) {
    assert_eq!(answer.expect(400).json()["error"]["code"], code);
}

fn a_new_device_filters_nothing_and_its_firewall_is_not_touched() {
    let device = Device::new();
    assert_eq!(device.get(""), serde_json::json!({"activated": false, "conf": {"rules": device.get("/conf/rules")}}));
    assert_eq!(device.get("/conf/rules/activeDefaultPolicy"), "ACCEPT");
    is(&device, NOTHING, NOTHING, 0);
    device.set(C, 0).expect(200);
    assert_eq!(device.state(), state(C, NOTHING, 0, NOTHING));
    device.activate(true).expect(200);
    is(&device, C, NOTHING, 0);
}

fn rules_that_are_set_for_good() {
    for begin in [idle, testing, expired] {
        let device = begin();
        device.set(M, 0).expect(200);
        is(&device, M, NOTHING, 0);
        is_in_beta(&device, M, NOTHING, 0);
        device.passes(100);
        device.act("confirmRules").expect(200);
        is(&device, M, NOTHING, 0);
    }
}

fn rules_that_are_set_on_trial_fall_back_to_what_was_confirmed_last() {
    for begin in [idle, testing, expired] {
        let device = begin();
        device.set(M, 20).expect(200);
        is(&device, M, M, 20);
        is_in_beta(&device, M, M, 20);
        device.passes(19);
        is(&device, M, M, 1);
        device.passes(1);
        becomes(&device, C, M);
    }
}

fn the_time_that_is_left_is_rounded_up() {
    let device = testing();
    device.clock.passes(std::time::Duration::from_millis(1));
    is(&device, N, N, 30);
    device.clock.passes(std::time::Duration::from_millis(999));
    is(&device, N, N, 29);
    device.clock.passes(std::time::Duration::from_millis(28_999));
    is(&device, N, N, 1);
}

fn what_is_confirmed_stays() {
    let device = idle();
    device.act("confirmRules").expect(200);
    is(&device, C, NOTHING, 0);
    let device = testing();
    device.act("confirmRules").expect(200);
    is(&device, N, NOTHING, 0);
    device.passes(100);
    is(&device, N, NOTHING, 0);
    let device = expired();
    for api in [V1, BETA] {
        is_refused(device.by(api).act("confirmRules"), 103);
    }
    is(&device, C, N, 0);
}

fn what_is_cleared_is_gone() {
    let device = idle();
    device.act("clearPendingRules").expect(200);
    is(&device, C, NOTHING, 0);
    for begin in [testing, expired] {
        let device = begin();
        device.act("clearPendingRules").expect(200);
        is(&device, C, NOTHING, 0);
        device.act("confirmRules").expect(200);
        is(&device, C, NOTHING, 0);
    }
}

fn what_is_over_is_shown_in_v1_alone() {
    let device = expired();
    is(&device, C, N, 0);
    is_in_beta(&device, C, NOTHING, 0);
    assert_eq!(device.get("/conf/rules/pendingDefaultPolicy"), "DROP");
    let beta = device.by(BETA);
    assert_eq!(beta.get("/conf/rules/pendingDefaultPolicy"), serde_json::Value::Null);
    assert_eq!(beta.get("/conf/rules/pendingRules"), serde_json::json!([]));
}

fn nothing_is_filtered_while_it_is_off_and_what_is_kept_comes_into_force_with_it() {
    let device = idle();
    device.activate(false).expect(200);
    assert_eq!(device.get("/activated"), false);
    assert_eq!(device.state(), state(C, NOTHING, 0, NOTHING));
    let default = |device: &Device| device.firewall()["default"]["ingress"].as_str().unwrap().to_owned();
    assert_eq!(default(&device), "accept");
    device.activate(false).expect(200);
    device.set(M, 0).expect(200);
    assert_eq!(device.state(), state(M, NOTHING, 0, NOTHING));
    device.activate(true).expect(200);
    is(&device, M, NOTHING, 0);
    assert_eq!(default(&device), "deny");
    device.activate(true).expect(200);
    is(&device, M, NOTHING, 0);

    // A trial ends with it.
    let device = testing();
    device.activate(true).expect(200);
    is(&device, N, N, 30);
    device.activate(false).expect(200);
    assert_eq!(device.state(), state(C, NOTHING, 0, NOTHING));
    device.passes(100);
    device.activate(true).expect(200);
    is(&device, C, NOTHING, 0);

    // What is over is kept.
    let device = expired();
    device.activate(false).expect(200);
    assert_eq!(device.state(), state(C, N, 0, NOTHING));
    device.activate(true).expect(200);
    is(&device, C, N, 0);
}

fn while_it_is_off_only_v1beta_tries_anything() {
    let device = Device::new();
    device.set(C, 0).expect(200);
    is_refused(device.set(N, 30), 103);
    assert_eq!(device.state(), state(C, NOTHING, 0, NOTHING));
    let off = || {
        let beta = Device::new().by(BETA);
        beta.set(C, 0).expect(200);
        beta.set(N, 30).expect(200);
        assert_eq!(beta.state(), state(N, N, 30, NOTHING));
        beta
    };
    let beta = off();
    beta.act("confirmRules").expect(200);
    assert_eq!(beta.state(), state(N, NOTHING, 0, NOTHING));
    let beta = off();
    beta.act("clearPendingRules").expect(200);
    assert_eq!(beta.state(), state(C, NOTHING, 0, NOTHING));
    let beta = off();
    beta.passes(30);
    assert_eq!(beta.state(), state(C, NOTHING, 0, NOTHING));
    is_refused(beta.act("confirmRules"), 103);
    let beta = off();
    beta.set(M, 20).expect(200);
    assert_eq!(beta.state(), state(M, M, 20, NOTHING));
    beta.passes(20);
    assert_eq!(beta.state(), state(C, NOTHING, 0, NOTHING));
    // What is tried in the lists is tried in earnest for the rest of its time.
    let beta = off();
    beta.passes(10);
    beta.activate(true).expect(200);
    is(&beta, N, N, 20);
    beta.passes(20);
    becomes(&beta, C, NOTHING);
}
