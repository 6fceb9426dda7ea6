//! Groups in front of this host's own kernel: what policies do is seen by real packets.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::halo::client::text;
use crate::halo::ghost_ports::code_of;
use crate::instance::eventually;
use crate::namespaces::run;
use crate::packets::{self, FROM};
use crate::server::{Server, printed, program};
use crate::wire::{Answer, Request};

/// How long a GhostPort is open.
const OPEN: Duration = Duration::from_secs(15);

struct Host {
    folder: TempDir,
    server: Server,
    listener: TcpListener,
    /// The legacy key of who may do all.
    key: String,
    /// What the user's codes are made of.
    secret: Vec<u8>,
}

/// Has a client added to the file, and gives what is printed.
fn add(file: &str, arguments: &[&str], password: &str) -> String {
    let drivers = ["--drivers", "nftables"];
    let mut child =
        program(&[&["clients", "add", file], arguments, &drivers].concat()).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

pub fn base32(text: &str) -> Vec<u8> {
    let digit = |c: u8| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".bytes().position(|known| known == c).unwrap();
    let bits: Vec<_> = text.bytes().flat_map(|c| (0..5).rev().map(move |bit| digit(c) >> bit & 1)).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::try_from(*bit).unwrap())).collect()
}

impl Host {
    fn new() -> Self {
        packets::connect();
        let folder = TempDir::new().unwrap();
        let clients = folder.path().join("clients");
        let file = clients.to_str().unwrap();
        let printed = add(file, &["builder", "--rights", "read-write", "--key"], "");
        let key = printed.lines().find_map(|line| line.strip_prefix("legacy key: ")).unwrap().to_owned();
        add(file, &["jo", "--rights", "none", "--totp"], "open-sesame");
        let kept = fs::read_to_string(&clients).unwrap();
        let secret = base32(kept.trim_end().rsplit(':').next().unwrap());
        let server = start(&folder);
        Self { listener: packets::listen(), folder, server, key, secret }
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::new(method, &format!("/v1/{path}")).json(&body.to_string());
        self.server.connect().send(request.header("x-cpauth-access", &self.key))
    }

    /// Makes an object, and gives its id.
    fn make(&self, all: &str, one: &str, object: &Value) -> String {
        text(&self.send("POST", all, &json!({ one: object })).expect(201).json()[one]["id"])
    }

    /// Assigns a policy with these rules to the host's own firewall.
    fn protect(&self, rules: &Value) {
        let policy =
            self.make("firewall_policies", "firewall_policy", &json!({ "name": "p", "firewall_rules": rules }));
        let groups = self.send("GET", "groups?name=device", &Value::Null).expect(200).json();
        let group = text(&groups["groups"][0]["id"]);
        self.send("PUT", &format!("groups/{group}"), &json!({ "group": { "linux_firewall_policy_id": policy } }))
            .expect(204);
    }

    /// Opens for the user, who comes from there by a proxy that is believed, with the code of so many steps ahead.
    fn open(&self, from: &str, ahead: u64) -> Answer {
        let step = ahead + SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
        let body = json!({ "ghostport": { "username": "jo", "password": "open-sesame", "code": code_of(&self.secret, step) } });
        self.server
            .connect()
            .send(Request::post("/v1/ghostports").json(&body.to_string()).header("X-Forwarded-For", from))
    }

    fn kill(&mut self) {
        self.server.child.kill().unwrap();
        self.server.child.wait().unwrap();
    }

    fn let_in(&self) -> Vec<&'static str> {
        packets::let_in(&self.listener)
    }
}

fn start(folder: &TempDir) -> Server {
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (state, clients) = (path("state.db"), path("clients"));
    let arguments = ["-p", "0", "-i", "nftables", "--state", &state, "--clients", &clients, "--halo", "nftables"];
    let open = OPEN.as_secs().to_string();
    let more = ["--reconcile-every", "1", "--trusted-proxies", "127.0.0.1", "--ghostport-time", &open];
    let mut command = program(&[&arguments[..], &more].concat());
    command.stderr(printed());
    Server::spawn(command)
}

#[test]
fn who_is_in_a_blocklist_is_dropped_and_nobody_else() {
    let host = Host::new();
    let zone = host.make("firewall_zones", "firewall_zone", &json!({ "name": "Blocklist", "ip_address": FROM[1] }));
    assert_eq!(host.let_in(), FROM);
    host.protect(&json!([{ "chain": "INPUT", "action": "DROP", "active": true, "firewall_source": { "id": zone, "type": "FirewallZone" } }]));
    assert_eq!(host.let_in(), [FROM[0], FROM[2]]);
    let path = format!("firewall_zones/{zone}");
    let mut whole = host.send("GET", &path, &Value::Null).expect(200).json();
    whole["firewall_zone"]["ip_address"] = json!(format!("{},{}/32", FROM[0], FROM[2]));
    host.send("PUT", &path, &whole).expect(204);
    assert_eq!(host.let_in(), [FROM[1]]);
    // Whatever others do.
    run("nft", &["flush", "table", "inet", "deltawall"]);
    eventually("what others did is undone", || (host.let_in() == [FROM[1]]).then_some(()));
    host.send("PUT", &path, &json!({ "firewall_zone": { "ip_address": "" } })).expect(422);
    assert_eq!(host.let_in(), [FROM[1]]);
}

#[test]
fn a_ghost_port_opens_for_one_address_and_closes_by_itself() {
    let mut host = Host::new();
    host.protect(&json!([
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_source": { "name": "All GhostPorts users", "type": "UserGroup" } },
        { "chain": "INPUT", "action": "DROP", "active": true },
    ]));
    assert!(host.let_in().is_empty());
    host.open(FROM[1], 0).expect(201);
    assert_eq!(host.let_in(), [FROM[1]]);
    // The kernel keeps it while there is no gateway, and the next one closes it on time.
    host.kill();
    assert_eq!(host.let_in(), [FROM[1]]);
    host.server = start(&host.folder);
    assert_eq!(host.let_in(), [FROM[1]]);
    std::thread::sleep(OPEN);
    eventually("its time is over", || host.let_in().is_empty().then_some(()));
    assert_eq!(host.send("GET", "ghostports", &Value::Null).expect(200).json()["count"], 0);
    // What is over while there is none is closed when the next one starts.
    host.open(FROM[2], 1).expect(201);
    host.kill();
    std::thread::sleep(OPEN);
    assert_eq!(host.let_in(), [FROM[2]]);
    host.server = start(&host.folder);
    assert!(host.let_in().is_empty());
}
