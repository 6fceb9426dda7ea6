//! The firewalls of this host's own kernel, in namespaces of each test's own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::instance;
use crate::namespaces::{self, run};
use crate::server::{Server, not_run, printed, program};
use crate::wire::{Answer, Request};

const SSH: &str = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8";

fn start(folder: &Path, arguments: &[&str]) -> Server {
    let state = folder.join("state.db");
    let port: &[&str] = if arguments.contains(&"-p") { &[] } else { &["-p", "0"] };
    let mut command = program(&[port, &["-i", "nftables", "--state", state.to_str().unwrap()], arguments].concat());
    command.stderr(printed());
    Server::spawn(command)
}

/// A host whose gateway has a firewall `web`.
fn host() -> (TempDir, Server) {
    namespaces::enter();
    let folder = TempDir::new().unwrap();
    let server = start(folder.path(), &[]);
    send(&server, Request::post("/api/firewalls").form("name=web&description=d")).expect(201);
    (folder, server)
}

fn send(server: &Server, request: Request) -> Answer {
    server.send(request.accept("application/json").header("Host", "localhost"))
}

fn web(server: &Server) -> Value {
    send(server, Request::get("/api/firewalls/web")).expect(200).json()["firewall"].clone()
}

#[test]
fn all_on_this_machine_are_let_in_and_rules_are_counted() {
    let (_folder, server) = host();
    assert!(server.greeting[0].ends_with("with driver nftables, and has nftables"), "{:?}", server.greeting);
    let made = send(&server, Request::post("/api/firewalls/web/rules").form(SSH)).expect(201).json();
    let id = made["firewall"]["rules"][0]["id"].as_str().unwrap();
    assert!(run("nft", &["list", "table", "inet", "deltawall"]).contains(&format!("\"dw:{id}\"")));
    let nothing = json!({"packets": "0", "bytes": "0"});
    let counted = send(&server, Request::get("/api/firewalls/web?counters=true&members=true")).expect(200).json();
    assert_eq!(counted["firewall"]["rules"][0]["hits"], nothing);
    assert_eq!(counted["firewall"]["members"].as_array().unwrap().len(), 1);
    assert!(web(&server)["rules"][0].get("hits").is_none());
    let xml = send(&server, Request::get("/api/firewalls/web?counters=true&format=xml")).expect(200).body;
    assert!(xml.contains("<hits>\n        <packets>0</packets>\n        <bytes>0</bytes>\n      </hits>"), "{xml}");
    let page = server
        .send(Request::get("/api/firewalls/web").accept("text/html").header("Host", "localhost"))
        .expect(200)
        .body;
    assert!(page.contains("Matched") && page.contains("0 packets, 0 bytes"), "{page}");
}

#[test]
fn drift_is_told_reverted_and_adopted() {
    let (folder, server) = host();
    send(&server, Request::post("/api/firewalls/web/rules").form(SSH)).expect(201);
    let before = web(&server);
    let drift = |server: &Server| {
        send(server, Request::get("/api/firewalls/web/drift")).expect(200).json()["drift"]["plan"].clone()
    };
    let settle =
        |action: &str| send(&server, Request::post("/api/firewalls/web/drift").form(&format!("action={action}")));
    run("nft", &["flush", "ruleset"]);
    assert_eq!(drift(&server)["closes"][0]["traffic"], "tcp/22 from 10.0.0.0/8");
    let refused = send(&server, Request::post("/api/firewalls/web/rules").form(SSH));
    assert!(refused.expect(409).message().contains("another program has changed it"));
    settle("revert").expect(200);
    assert_eq!(web(&server), before);

    // What is not understood can be deleted, and not be let be.
    run("nft", &["add", "rule", "inet", "deltawall", "fw_2_in", "accept"]);
    assert_eq!(drift(&server)["adds"].as_array().unwrap().len(), 1);
    assert!(settle("adopt").expect(502).message().contains("Another program has made this rule"));
    settle("revert").expect(200);
    assert_eq!(web(&server), before);

    run("nft", &["flush", "chain", "inet", "deltawall", "fw_2_in"]);
    settle("adopt").expect(200);
    assert_eq!(drift(&server)["removes"], json!([]));
    drop(server);
    run("nft", &["flush", "ruleset"]);
    let server = start(folder.path(), &[]);
    assert_eq!(web(&server)["rules"], json!([]), "what was adopted does not come back");
}

#[test]
fn a_trial_undoes_itself_in_the_kernel() {
    let (_folder, server) = host();
    let table = || run("nft", &["-s", "list", "table", "inet", "deltawall"]);
    send(&server, Request::post("/api/firewalls/web/rules").form(SSH)).expect(201);
    let before = (web(&server), table());
    send(
        &server,
        Request::post("/api/firewalls/web/rules?confirm_within=1")
            .form("protocol=udp&port_from=53&port_to=53&ip_address1=0.0.0.0/0"),
    )
    .expect(201);
    assert_ne!(table(), before.1);
    let end = Instant::now() + Duration::from_secs(10);
    while web(&server)["rules"] != before.0["rules"] || table() != before.1 {
        assert!(Instant::now() < end, "{}", table());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What ends, ends in the kernel and for good, whatever another program does meanwhile.
#[test]
fn what_ends_goes_also_where_another_program_hides_it() {
    let (folder, server) = host();
    let more = "protocol=tcp&port_from=5000&port_to=5000&ip_address1=0.0.0.0/0";
    let default = r#"{"rules":[],"default":{"ingress":"deny","egress":"accept"}}"#;
    send(&server, Request::new("PUT", "/api/firewalls/device/rules").json(default)).expect(200);
    send(&server, Request::post("/api/firewalls/web/rules").form(SSH)).expect(201);
    let before = web(&server)["rules"].clone();
    let ruleset = || run("nft", &["list", "ruleset"]);
    for disturbed in [
        &["insert", "rule", "inet", "deltawall", "input", "ip", "saddr", "192.0.2.1", "drop"][..],
        &["flush", "chain", "inet", "deltawall", "fw_2_in"],
        &["flush", "ruleset"],
    ] {
        for terms in ["expires_in=1", "confirm_within=1"] {
            send(&server, Request::post(&format!("/api/firewalls/web/rules?{terms}")).form(more)).expect(201);
            run("nft", disturbed);
            let is_over = || {
                let changes = send(&server, Request::get("/api/changes?limit=1")).expect(200).json()["changes"].clone();
                let last = &changes[0];
                (last["operation"] == "expire_rule" || last["state"] == "undone").then_some(())
            };
            instance::eventually("it has ended", is_over);
            assert!(!ruleset().contains("5000"), "{terms} {disturbed:?}: {}", ruleset());
            // The drift is what the other program did, and nothing else; what was there before comes back with it.
            send(&server, Request::post("/api/firewalls/web/drift").form("action=revert")).expect(200);
            assert_eq!(web(&server)["rules"], before, "{terms} {disturbed:?}");
            assert!(ruleset().contains("policy drop") && !ruleset().contains("5000"), "{}", ruleset());
        }
    }
    drop(server);
    let server = start(folder.path(), &[]);
    assert_eq!(web(&server)["rules"], before);
}

/// A set of so many rules, which differ in their addresses by this number.
fn set(count: usize, number: usize) -> String {
    let rule = |n: usize| {
        let address = format!("10.{number}.{}.{}", n / 250, n % 250 + 1);
        json!({"allow_protocol": "tcp", "port_from": 22, "port_to": 22,
               "sources": [{"type": "address", "address": address, "prefix": 32}]})
    };
    json!({"rules": (0..count).map(rule).collect::<Vec<_>>()}).to_string()
}

/// The numbers of sets that rules are of.
fn numbers(firewall: &Value) -> Vec<u8> {
    let rules = firewall["rules"].as_array().unwrap().iter();
    let mut numbers: Vec<u8> = rules
        .map(|rule| rule["sources"][0]["address"].as_str().unwrap().split('.').nth(1).unwrap().parse().unwrap())
        .collect();
    numbers.dedup();
    numbers
}

#[test]
fn killed_while_rules_are_loaded_it_comes_back_with_all_of_the_old_or_the_new() {
    const COUNT: usize = 800;
    let (folder, mut server) = host();
    let seed: u64 =
        std::env::var("SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let put = |number| {
        Request::new("PUT", "/api/firewalls/web/rules")
            .accept("application/json")
            .header("Host", "localhost")
            .json(&set(COUNT, number))
    };
    send(&server, put(0)).expect(200);
    let mut before = 0;
    for turn in 1..=6_u64 {
        let number = usize::try_from(turn).unwrap();
        server.connect().write(&put(number).bytes());
        let wait = seed.rotate_left(u32::try_from(turn * 7).unwrap()) % 500;
        std::thread::sleep(Duration::from_millis(wait));
        server.signal("-KILL");
        drop(server);
        if turn % 2 == 0 {
            run("nft", &["flush", "ruleset"]);
        }
        server = start(folder.path(), &[]);
        let now = web(&server);
        let [number_now] = numbers(&now)[..] else { panic!("turn {turn}, {wait} ms: {:?}", numbers(&now)) };
        assert_eq!(now["rules"].as_array().unwrap().len(), COUNT, "turn {turn}, {wait} ms");
        assert!([before, number].contains(&usize::from(number_now)), "turn {turn}, {wait} ms: {number_now}");
        before = usize::from(number_now);
        instance::eventually("it is known what became of the change", || {
            let changes = send(&server, Request::get("/api/changes?limit=1")).expect(200).json();
            (changes["changes"][0]["state"] != "applying").then_some(())
        });
    }
}

#[test]
fn without_a_file_it_is_not_there_and_says_why() {
    let server = Server::with(&["-i", "mock", "--drivers", "mock,nftables"]);
    server.send(Request::get("/api/firewalls").on_mock()).expect(200);
    let absent = send(&server, Request::get("/api/firewalls").header("X-Deltacloud-Driver", "nftables"));
    assert!(
        absent
            .message()
            .contains("The driver nftables is not there: it keeps its rules in a file of this host: give --state FILE"),
        "{}",
        absent.message()
    );
    assert_eq!(absent.status, 502);
}

#[test]
fn what_could_not_be_meant_is_refused_at_the_start() {
    for (arguments, message) in [
        (
            &["-i", "nftables", "--public-url", "https://fw.example.com"][..],
            "whoever comes through the proxy of --public-url could change the firewall of this host: give --clients",
        ),
        (
            &["-i", "nftables", "-r", "0.0.0.0", "--insecure-http"],
            "would all use the gateway's own credentials: give --clients",
        ),
        (
            &["-i", "nftables", "--user", "u", "--password", "p"],
            "--user and --password are for clouds: the host's own kernel knows no users",
        ),
        (&["--nft-marks", "x"], "'x' for --nft-marks is not 32 bits in hexadecimal, such as 0x0000ffff"),
        (&["--nft-let-through", "none,dhcp"], "'none' for --nft-let-through goes with nothing else"),
    ] {
        let (code, _, told) = instance::run(arguments, "");
        assert!(code == Some(2) && told.contains(message), "{arguments:?}: {code:?} {told}");
    }
}

#[test]
fn it_needs_no_more_than_one_right() {
    namespaces::enter();
    let nobody =
        ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all,+net_admin"];
    let tried = Command::new("setpriv").args(nobody).arg("true").status();
    if !tried.is_ok_and(|status| status.success()) {
        return not_run("nftables as an ordinary user with CAP_NET_ADMIN: this machine's root is none of the kernel's");
    }
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
    // Where it may be run from by anybody.
    let binary = folder.path().join("deltawall");
    std::fs::copy(env!("CARGO_BIN_EXE_deltawall"), &binary).unwrap();
    for (rights, status) in [("-all", 500), ("-all,+net_admin", 200)] {
        let mut command = Command::new("setpriv");
        command.args(nobody).args([format!("--inh-caps={rights}"), format!("--ambient-caps={rights}")]).arg(&binary);
        command.args(["-p", "0", "-i", "nftables", "--state"]).arg(folder.path().join("state.db"));
        let server = Server::spawn({
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(printed());
            command
        });
        let answer = send(&server, Request::get("/api/firewalls"));
        assert_eq!(answer.status, status, "{rights}: {}", answer.body);
        assert!(status == 200 || answer.message().contains("nft needs CAP_NET_ADMIN"), "{}", answer.message());
    }
}

#[test]
fn who_changes_the_host_from_elsewhere_cannot_lock_itself_out_by_accident() {
    namespaces::enter();
    run("ip", &["address", "add", "10.77.0.1/32", "dev", "lo"]);
    let folder = TempDir::new().unwrap();
    let clients = folder.path().join("clients");
    let clients = clients.to_str().unwrap();
    let add = ["clients", "add", clients, "alice", "--rights", "read-write", "--drivers", "nftables/host"];
    assert_eq!(instance::run(&add, "secret of alice\n").0, Some(0));
    let arguments = ["-p", "3999", "-r", "10.77.0.1", "--insecure-http", "--clients", clients, "-P", "host"];
    let server = start(folder.path(), &arguments);
    let put = |set: &Value, query: &str| {
        let target = format!("/api/firewalls/device/rules?{query}");
        let request = Request::new("PUT", &target).login("YWxpY2U6c2VjcmV0IG9mIGFsaWNl").json(&set.to_string());
        send(&server, request.header("X-Deltacloud-Provider", "host"))
    };
    let deny = json!({"rules": [], "default": {"ingress": "deny", "egress": "accept"}});
    let refused = put(&deny, "").expect(409);
    assert!(
        refused.message().contains("could not be reached from where you are (tcp/3999 from 10.77.0.1)"),
        "{}",
        refused.message()
    );
    let planned = put(&deny, "dry_run=true").expect(200).json();
    assert_eq!(planned["plan"]["warnings"][0]["code"], "guard", "{planned}");
    let source = json!([{"type": "address", "address": "10.77.0.0", "prefix": 24}]);
    let rule = json!({"allow_protocol": "tcp", "port_from": 3999, "port_to": 3999, "sources": source});
    put(&json!({"rules": [rule], "default": deny["default"]}), "").expect(200);
    put(&deny, "").expect(409);
    // What may be for who asks counts as if it were; a rate does not, nor do other namespaces.
    for member in [json!({"interface": "lo"}), json!({"packet_type": "unicast"})] {
        let mut denied = rule.clone();
        denied["rule_action"] = json!("deny");
        denied.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        put(&json!({"rules": [denied, rule], "default": deny["default"]}), "").expect(409);
    }
    let mut limited = rule.clone();
    limited["rule_action"] = json!("deny");
    limited["limit"] = json!("beyond 1000/second");
    put(&json!({"rules": [limited, rule], "default": deny["default"]}), "").expect(200);
    put(&deny, "confirm_within=60").expect(200);
    send(&server, Request::get("/api/firewalls")).expect(401);
}

#[test]
fn nothing_is_listed_where_nobody_has_changed_anything() {
    namespaces::enter();
    let folder = TempDir::new().unwrap();
    let (log, script) = (folder.path().join("log"), folder.path().join("nft"));
    std::fs::write(&script, format!("#!/bin/sh\necho \"$*\" >>{}\nexec /usr/sbin/nft \"$@\"\n", log.display()))
        .unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let state = folder.path().join("state.db");
    let mut command = program(&["-p", "0", "-i", "nftables", "--state", state.to_str().unwrap()]);
    command.stderr(printed()).env("PATH", folder.path());
    let server = Server::spawn(command);
    let ran = || {
        let lines = std::fs::read_to_string(&log).unwrap();
        std::fs::write(&log, "").unwrap();
        lines.lines().map(|line| if line.contains("list") { "list" } else { "change" }).collect::<Vec<_>>()
    };
    let look = || send(&server, Request::get("/api/firewalls/device")).expect(200).json()["firewall"].clone();
    look();
    ran();
    look();
    assert!(ran().is_empty());
    send(&server, Request::post("/api/firewalls/device/rules").form(SSH)).expect(201);
    assert_eq!(look()["rules"].as_array().unwrap().len(), 1);
    assert_eq!(ran(), ["change"]);
    send(&server, Request::get("/api/firewalls/device?counters=true")).expect(200);
    assert_eq!(ran(), ["list"], "what was counted is in no document");
    run("nft", &["add", "rule", "inet", "deltawall", "fw_1_in", "drop"]);
    assert_eq!((look()["rules"].as_array().unwrap().len(), ran()), (2, vec!["list"]));
    run("nft", &["add", "table", "inet", "others"]);
    assert_eq!((look()["rules"].as_array().unwrap().len(), ran()), (2, vec!["list"]), "there still is another's rule");
}
