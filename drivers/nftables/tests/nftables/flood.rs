//! Rules are replaced under a flood of packets: at no moment is one judged by half a rule set.

use std::sync::Arc;
use std::time::Instant;

use deltawall_nftables::Options;
use serde_json::json;

use crate::kept;
use crate::namespaces::run;
use crate::peer::{self, ALLOWED, DENIED, HOST, Peer};
use crate::rig::{DENY, inside, replace};

/// How often they are replaced.
const REPLACES: usize = 2_000;

/// Counters before and behind the driver's chains.
fn probe() {
    run("nft", &["add", "table", "inet", "probe"]);
    for (chain, hook, priority) in [
        ("in_before", "input", -10),
        ("in_after", "input", 10),
        ("out_before", "output", -10),
        ("out_after", "output", 10),
    ] {
        let end = if hook == "input" { "saddr" } else { "daddr" };
        run(
            "nft",
            &["add", "chain", "inet", "probe", chain, &format!("{{ type filter hook {hook} priority {priority}; }}")],
        );
        for (who, address) in [("allowed", ALLOWED[0]), ("denied", DENIED[0])] {
            run("nft", &["add", "counter", "inet", "probe", &format!("{who}_{chain}")]);
            run(
                "nft",
                &[
                    "add",
                    "rule",
                    "inet",
                    "probe",
                    chain,
                    &format!("ip {end} {address} udp dport 7700 counter name {who}_{chain}"),
                ],
            );
        }
    }
}

fn count(name: &str) -> u64 {
    let listed: serde_json::Value =
        serde_json::from_str(&run("nft", &["-j", "list", "counter", "inet", "probe", name])).unwrap();
    listed["nftables"].as_array().unwrap().iter().find_map(|entry| entry["counter"]["packets"].as_u64()).unwrap()
}

#[test]
fn no_packet_is_judged_by_half_a_rule_set() {
    inside(async {
        peer::connect();
        probe();
        let driver = kept::driver(&Arc::default(), Options::default()).await;
        kept::create(&driver, "web").await;
        let filler = |turn: usize| (0..10).map(move |n| format!("in udp/7700 10.99.{turn}.{n}/32"));
        let set = |turn: usize| -> Vec<String> {
            let of = |turn| {
                let (mut rules, allowed) =
                    (filler(turn).collect::<Vec<_>>(), ["in udp/7700 10.77.0.2/32", "out udp/7700 10.77.0.2/32"]);
                // They stand at another place each time, and come as another rule.
                let at = turn % 10;
                rules.splice(at..at, allowed.map(|rule| format!("{rule},10.98.0.{turn}/32")));
                rules
            };
            of(turn % 200)
        };
        replace(&driver, "device", &[], DENY).await;
        let first = set(0);
        replace(&driver, "web", &first.iter().map(String::as_str).collect::<Vec<_>>(), None).await;
        let mut sink = Peer::here();
        assert_eq!(sink.tell(json!({"listen": 7700})), true);
        let (mut there, mut here) = (Peer::there(), Peer::here());
        there.begin(json!({"flood": [[ALLOWED[0], HOST[0], 7700], [DENIED[0], HOST[0], 7700]]}));
        here.begin(json!({"flood": [[HOST[0], ALLOWED[0], 7700], [HOST[0], DENIED[0], 7700]]}));
        let begun = Instant::now();
        for turn in 1..=REPLACES {
            let rules = set(turn);
            replace(&driver, "web", &rules.iter().map(String::as_str).collect::<Vec<_>>(), None).await;
        }
        let spent = begun.elapsed();
        for flood in [&mut there, &mut here] {
            flood.begin(json!({"hear": 0}));
            println!("{} packets", flood.answer());
        }
        println!("{REPLACES} replaces in {spent:.1?}");
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        for way in ["in", "out"] {
            assert!(
                count(&format!("denied_{way}_before")) > 10_000 && count(&format!("allowed_{way}_before")) > 10_000
            );
            assert_eq!(count(&format!("denied_{way}_after")), 0, "{way}: let through wrongly");
            assert_eq!(
                count(&format!("allowed_{way}_after")),
                count(&format!("allowed_{way}_before")),
                "{way}: stopped wrongly"
            );
        }
    });
}
