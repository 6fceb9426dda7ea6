//! A device in front of this host's own kernel: what is in force is seen by real packets.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::instance::eventually;
use crate::namespaces::run;
use crate::packets::{self, FROM};
use crate::server::{Server, printed, program};
use crate::vapix::client::V1;
use crate::wire::Request;

const FIRST: &str = FROM[0];
const SECOND: &str = FROM[1];

struct Host {
    folder: TempDir,
    server: Server,
    listener: TcpListener,
}

fn start(folder: &Path) -> Server {
    let state = folder.join("state.db");
    let arguments = ["-p", "0", "-i", "nftables", "--state", state.to_str().unwrap()];
    let mut command = program(&[&arguments[..], &["--vapix", "nftables/device", "--reconcile-every", "1"]].concat());
    command.stderr(printed());
    Server::spawn(command)
}

impl Host {
    fn new() -> Self {
        packets::connect();
        let folder = TempDir::new().unwrap();
        let server = start(folder.path());
        let listener = packets::listen();
        Self { folder, server, listener }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> crate::wire::Answer {
        let request = Request::new(method, &format!("{V1}{path}")).json(&body.to_string());
        self.server.send(request.header("Host", "localhost"))
    }

    /// Lets these addresses in, and nobody else.
    fn set(&self, addresses: &[&str], seconds: u64) -> crate::wire::Answer {
        let accept = |ip: &str| json!({ "ruleType": "FILTER", "ip": ip, "filter": { "policy": "ACCEPT" } });
        let rules: Vec<_> = addresses.iter().map(|ip| accept(ip)).collect();
        let data = json!({ "rules": rules, "fallbackTime": seconds, "defaultPolicy": "DROP" });
        self.send("POST", "/conf/setRules", &json!({ "data": data }))
    }

    fn act(&self, action: &str) -> crate::wire::Answer {
        self.send("POST", &format!("/conf/{action}"), &json!({}))
    }

    /// Who is let in, of the two.
    fn let_in(&self) -> [bool; 2] {
        let let_in = packets::let_in(&self.listener);
        [FIRST, SECOND].map(|from| let_in.contains(&from))
    }

    fn testing(&self) -> u64 {
        let rules =
            self.server.send(Request::get(&format!("{V1}/conf/rules/testTimeLeft")).header("Host", "localhost"));
        rules.expect(200).json()["data"].as_u64().unwrap()
    }
}

#[test]
fn each_state_is_seen_by_packets() {
    let host = Host::new();
    assert_eq!(host.let_in(), [true, true]);
    host.set(&[FIRST], 0).expect(200);
    assert_eq!(host.let_in(), [true, true], "it is off");
    host.send("PATCH", "/activated", &json!({ "data": true })).expect(200);
    assert_eq!(host.let_in(), [true, false]);
    // Set, and confirmed.
    host.set(&[SECOND], 60).expect(200);
    assert_eq!(host.let_in(), [false, true]);
    host.act("confirmRules").expect(200);
    assert_eq!((host.let_in(), host.testing()), ([false, true], 0));
    // Set, set again, and cleared: what was confirmed is back.
    host.set(&[FIRST], 60).expect(200);
    assert_eq!(host.let_in(), [true, false]);
    host.set(&[FIRST, SECOND], 60).expect(200);
    assert_eq!(host.let_in(), [true, true]);
    host.act("clearPendingRules").expect(200);
    assert_eq!((host.let_in(), host.testing()), ([false, true], 0));
    // Set, and the time is over.
    host.set(&[FIRST], 1).expect(200);
    eventually("the old rules are back", || (host.testing() == 0).then_some(()));
    assert_eq!(host.let_in(), [false, true]);
    assert_eq!(host.act("confirmRules").expect(400).json()["error"]["code"], 103);
    // Off, on trial before, and on again.
    host.set(&[FIRST], 60).expect(200);
    host.send("PATCH", "/activated", &json!({ "data": false })).expect(200);
    assert_eq!(host.let_in(), [true, true]);
    host.send("PATCH", "/activated", &json!({ "data": true })).expect(200);
    assert_eq!(host.let_in(), [false, true]);
}

#[test]
fn what_others_change_is_undone_also_in_a_trial() {
    let host = Host::new();
    host.send("PATCH", "/activated", &json!({ "data": true })).expect(200);
    host.set(&[FIRST], 0).expect(200);
    assert_eq!(host.let_in(), [true, false]);
    let disturb = || {
        let chains = run("nft", &["list", "table", "inet", "deltawall"]);
        let chain = chains.lines().find(|line| line.contains("_in {")).unwrap().trim().trim_end_matches(" {");
        run("nft", &["flush", chain.split(' ').next().unwrap(), "inet", "deltawall", chain.split(' ').nth(1).unwrap()]);
    };
    let returns = |who: [bool; 2]| {
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while host.let_in() != who {
            assert!(std::time::Instant::now() < end, "{}", run("nft", &["list", "ruleset"]));
        }
    };
    disturb();
    returns([true, false]);
    host.set(&[SECOND], 60).expect(200);
    disturb();
    returns([false, true]);
    assert!(host.testing() > 0);
    run("nft", &["delete", "table", "inet", "deltawall"]);
    returns([false, true]);
    host.act("clearPendingRules").expect(200);
    assert_eq!(host.let_in(), [true, false]);
}

#[test]
fn killed_in_a_trial_the_kernel_comes_back_to_what_was_confirmed() {
    let mut host = Host::new();
    host.send("PATCH", "/activated", &json!({ "data": true })).expect(200);
    host.set(&[FIRST], 0).expect(200);
    host.set(&[SECOND], 3600).expect(200);
    assert_eq!(host.let_in(), [false, true]);
    host.server.signal("-KILL");
    host.server = start(host.folder.path());
    assert_eq!((host.let_in(), host.testing()), ([true, false], 0));
}
