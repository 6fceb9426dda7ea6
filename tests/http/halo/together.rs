//! Several gateways with one account, on a store that they share.

use std::thread;
use std::time::Duration;

use deltawall::clock::Clock;
use deltawall::config::Config;
use serde_json::json;

use crate::halo::client::{Account, KEY, text};
use crate::halo::ghost_ports::{code, open};
use crate::instance::eventually;
use crate::timed;
use crate::wire::Request;

/// Two gateways. Each has a mock of its own behind it, which has to be what the account says.
fn two() -> (Account, Account, Option<tempfile::TempDir>) {
    let (kept, folder) = timed::postgres();
    let one = || Account::with(Config { kept: kept.clone(), ..Config::default() });
    (one(), one(), folder)
}

#[test]
fn what_one_is_told_all_know_and_all_firewalls_follow() {
    let (first, second, _folder) = two();
    let zone = first.zone("Blocklist", "192.0.2.1");
    let rules = json!([{ "chain": "INPUT", "action": "DROP", "active": true, "firewall_source": { "id": zone, "type": "FirewallZone" } }]);
    let policy = second.policy("blocked", &rules);
    first.assign("lab", Some(&policy)).expect(204);
    assert_eq!(first.in_force("lab"), ["ingress deny -1 192.0.2.1/32"]);
    let list = json!({ "firewall_zone": { "ip_address": "192.0.2.2" } });
    second.put(&format!("firewall_zones/{zone}"), &list).expect(204);
    for account in [&first, &second] {
        assert_eq!(account.get(&format!("firewall_zones/{zone}"))["firewall_zone"]["ip_address"], "192.0.2.2");
        eventually("its firewall follows", || {
            account.clock.passes(Duration::from_secs(1));
            (account.in_force("lab") == ["ingress deny -1 192.0.2.2/32"]).then_some(())
        });
    }
}

#[test]
fn a_token_is_good_at_all_and_a_code_at_one() {
    let (first, second, _folder) = two();
    let form = format!("client_id={}&client_secret={}&grant_type=client_credentials", KEY.0, KEY.1);
    let token = first.send_bare(Request::post("/oauth/access_token").form(&form)).expect(200).json();
    let bearer = format!("Bearer {}", text(&token["access_token"]));
    second.send_bare(Request::get("/v1/groups").header("Authorization", &bearer)).expect(200);
    open(&first, "open-sesame", &code(&first)).expect(201);
    assert_eq!(first.clock.now(), second.clock.now());
    open(&second, "open-sesame", &code(&second)).expect(401);
    assert_eq!(second.get("ghostports")["count"], 1);
    // A login and what came of the code: each gateway writes down what it was told, soon.
    eventually("all is told", || (second.get("events")["count"] == 3).then_some(()));
}

#[test]
fn changes_that_are_made_at_the_same_time_are_all_made() {
    let (first, second, _folder) = two();
    thread::scope(|scope| {
        for (account, name) in [(&first, "a"), (&second, "b"), (&first, "c"), (&second, "d")] {
            scope.spawn(move || (0..10).for_each(|number| drop(account.zone(&format!("{name}{number}"), "192.0.2.1"))));
        }
    });
    for account in [&first, &second] {
        assert_eq!(account.get("firewall_zones")["count"], 41);
    }
}
