//! GhostPorts: what users open for the address that they come from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deltawall::clock::Clock;
use deltawall::config::{Config, Guard};
use ring::hmac;
use serde_json::{Value, json};

use crate::halo::client::{Account, KEY, errors, text, wrong};
use crate::instance::{eventually, file, run};
use crate::server::Server;
use crate::wire::{Answer, Request};

/// The secret of the user that the mocks' sample data publishes, as bytes.
const SECRET: &[u8] = b"Hello!\xde\xad\xbe\xefHello!\xde\xad\xbe\xef";

fn code_at(step: u64) -> String {
    code_of(SECRET, step)
}

/// The code that is made of a secret for a step of time (RFC 6238 and 4226).
pub fn code_of(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let hash = tag.as_ref();
    let start = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[start..start + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

pub fn code(account: &Account) -> String {
    code_at(u64::try_from(account.clock.now().millis()).unwrap() / 30_000)
}

fn body(password: &str, code: &str) -> Value {
    json!({ "ghostport": { "username": "jo", "password": password, "code": code, "ip_address": "8.8.8.8" } })
}

pub fn open(account: &Account, password: &str, code: &str) -> Answer {
    account.send_bare(Request::post("/v1/ghostports").json(&body(password, code).to_string()))
}

/// A policy that lets users in alone, and its group; nobody has opened anything.
fn protect(account: &Account) -> String {
    let policy = restrict(account);
    assert_eq!(account.in_force("lab").len(), 1);
    policy
}

/// The same, whatever is open.
fn restrict(account: &Account) -> String {
    let rules = json!([
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_service": { "name": "ssh" }, "firewall_source": { "name": "All GhostPorts users", "type": "UserGroup" } },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_service": { "name": "rdp" }, "firewall_source": { "type": "User", "username": "jo" } },
        { "chain": "INPUT", "action": "DROP", "active": true },
    ]);
    let policy = account.policy("users", &rules);
    account.assign("lab", Some(&policy)).expect(204);
    policy
}

/// Waits until so many rules are in force.
fn wait(account: &Account, rules: usize) {
    for _ in 0..500 {
        if account.in_force("lab").len() == rules {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{:?}", account.in_force("lab"));
}

#[test]
fn a_user_opens_for_where_it_comes_from_and_time_closes() {
    let account = Account::new();
    protect(&account);
    let opened = open(&account, "open-sesame", &code(&account)).expect(201);
    let shown = opened.json()["ghostport"].clone();
    assert_eq!(opened.header("Location"), shown["url"].as_str());
    assert_eq!((&shown["username"], &shown["ip_address"]), (&json!("jo"), &json!("127.0.0.1")));
    assert_eq!(
        (&shown["opened_at"], &shown["expires_at"]),
        (&json!("2026-12-01T12:00:00.000Z"), &json!("2026-12-01T16:00:00.000Z"))
    );
    assert_eq!(shown["user_id"], account.get("users?username=jo")["users"][0]["id"]);
    let in_force = account.in_force("lab");
    assert_eq!(in_force.len(), 3);
    assert!(
        in_force[0].contains("22-22 127.0.0.1/32") && in_force[1].contains("3389-3389 127.0.0.1/32"),
        "{in_force:?}"
    );
    assert_eq!(account.get("ghostports")["ghostports"], json!([shown]));
    account.clock.passes(Duration::from_secs(4 * 3600 - 1));
    assert_eq!(account.in_force("lab").len(), 3);
    account.clock.passes(Duration::from_secs(1));
    wait(&account, 1);
    assert_eq!(account.get("ghostports")["count"], 0);
    account.send(Request::get(&format!("/v1/ghostports/{}", text(&shown["id"])))).expect(404);
}

#[test]
fn setting_the_clock_back_leaves_nothing_open_for_longer() {
    let account = Account::new();
    protect(&account);
    open(&account, "open-sesame", &code(&account)).expect(201);
    account.clock.passes(Duration::from_secs(3600));
    account.clock.set_back(Duration::from_secs(24 * 3600));
    account.clock.passes(Duration::from_secs(3 * 3600 - 1));
    assert_eq!((account.in_force("lab").len(), &account.get("ghostports")["count"]), (3, &json!(1)));
    account.clock.passes(Duration::from_secs(1));
    wait(&account, 1);
    assert_eq!(account.get("ghostports")["count"], 0);
    // Set forward, it closes once somebody looks, which is soon.
    account.clock.passes(Duration::from_secs(60));
    open(&account, "open-sesame", &code_at(u64::try_from(account.clock.now().millis()).unwrap() / 30_000 + 1))
        .expect(401);
    account.clock.set(Duration::from_secs(48 * 3600));
    open(&account, "open-sesame", &code(&account)).expect(201);
    assert_eq!(account.in_force("lab").len(), 3);
    account.clock.set(Duration::from_secs(5 * 3600));
    account.clock.passes(Duration::from_secs(1));
    wait(&account, 1);
}

#[test]
fn what_is_open_closes_where_a_policy_is_taken_away() {
    let account = Account::new();
    protect(&account);
    open(&account, "open-sesame", &code(&account)).expect(201);
    assert_eq!(account.in_force("lab").len(), 3);
    account.assign("lab", None).expect(204);
    // The rules stay, but for those that nobody would close any more.
    assert_eq!(account.in_force("lab"), ["ingress deny -1 0.0.0.0/0,::/0"]);
    account.clock.passes(Duration::from_secs(4 * 3600));
    assert_eq!(account.in_force("lab").len(), 1);
}

#[test]
fn closing_is_refused_by_no_guard() {
    let traffic = "tcp/22 from 127.0.0.1".parse().unwrap();
    let guards = vec![Guard { firewall: "lab".into(), driver: None, provider: None, traffic, is_open: true }];
    let account = Account::with(Config { guards, ..Config::default() });
    open(&account, "open-sesame", &code(&account)).expect(201);
    restrict(&account);
    let id = text(&account.get("ghostports")["ghostports"][0]["id"]);
    account.delete(&format!("ghostports/{id}")).expect(204);
    assert_eq!(account.get("ghostports")["count"], 0);
}

#[test]
fn who_is_no_user_any_more_has_nothing_open() {
    let clients = file("users", "");
    let add = ["clients", "add", &clients, "jo", "--rights", "none", "--drivers", "mock-nftables", "--totp"];
    let (_, printed, _) = run(&add, "open-sesame\n");
    let secret = printed.split_once("secret=").unwrap().1.split_once('&').unwrap().0;
    let add = ["clients", "add", &clients, "ci", "--rights", "read-write", "--drivers", "mock-nftables", "--key"];
    let (_, printed, _) = run(&add, "");
    let key = printed.lines().find_map(|line| line.strip_prefix("legacy key: ")).unwrap().to_owned();
    let own = ["-i", "mock-nftables", "--user", "mockuser", "--password", "mockpassword", "--clients", &clients];
    let server = Server::with(&own);
    let send = |request: Request| server.send(request.header("x-cpauth-access", &key));
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let sent = body("open-sesame", &code_of(&crate::halo::host::base32(secret), step)).to_string();
    server.send(Request::post("/v1/ghostports").json(&sent)).expect(201);
    let count = || send(Request::get("/v1/ghostports")).expect(200).json()["count"].clone();
    assert_eq!(count(), 1);
    assert_eq!(run(&["clients", "remove", &clients, "jo"], "").0, Some(0));
    server.signal("-HUP");
    eventually("it is closed", || (count() == 0).then_some(()));
    let closed = send(Request::get("/v1/events?type=ghostport_close")).expect(200).json();
    assert_eq!(closed["count"], 1);
}

#[test]
fn opening_again_moves_it_and_each_code_is_good_once() {
    let account = Account::new();
    protect(&account);
    let first = code(&account);
    let id = text(&open(&account, "open-sesame", &first).expect(201).json()["ghostport"]["id"]);
    open(&account, "open-sesame", &first).expect(401);
    account.clock.passes(Duration::from_secs(60));
    let second = text(&open(&account, "open-sesame", &code(&account)).expect(201).json()["ghostport"]["id"]);
    assert_ne!(id, second);
    let open_now = account.get("ghostports");
    assert_eq!(
        (&open_now["count"], &open_now["ghostports"][0]["expires_at"]),
        (&json!(1), &json!("2026-12-01T16:01:00.000Z"))
    );
    // An older code, which was good for a while more.
    open(&account, "open-sesame", &code_at(u64::try_from(account.clock.now().millis()).unwrap() / 30_000 - 1))
        .expect(401);
    // Its owner closes it, with another code.
    let path = format!("/v1/ghostports/{second}");
    let close = |code: &str| {
        account.send_bare(Request::delete(&path).body("application/json", body("open-sesame", code).to_string()))
    };
    close(&code(&account)).expect(401);
    account.clock.passes(Duration::from_secs(30));
    close(&code(&account)).expect(204);
    assert_eq!(account.in_force("lab").len(), 1);
    account.clock.passes(Duration::from_secs(30));
    let third = text(&open(&account, "open-sesame", &code(&account)).expect(201).json()["ghostport"]["id"]);
    account.delete(&format!("ghostports/{third}")).expect(204);
    assert_eq!(account.in_force("lab").len(), 1);
    account.send(Request::delete(&format!("/v1/ghostports/{third}"))).expect(404);
}

#[test]
fn every_failure_is_the_same_and_attempts_are_limited() {
    let account = Account::new();
    let right = code(&account);
    let wrong_code = if right == "000000" { "000001" } else { "000000" };
    let refused = open(&account, "open-sesame", wrong_code).expect(401);
    assert!(refused.json()["error_description"].is_string());
    for answer in [open(&account, "wrong", &right), open(&account, "", ""), open(&account, "open-sesame", "")] {
        assert_eq!(answer.expect(401).body, refused.body);
    }
    let nobody = json!({ "ghostport": { "username": "nobody", "password": "open-sesame", "code": right } });
    let answer = account.send_bare(Request::post("/v1/ghostports").json(&nobody.to_string())).expect(401);
    assert_eq!(answer.body, refused.body);
    // Five were wrong: the right one has to wait.
    open(&account, "open-sesame", &right).expect(401);
    account.clock.passes(Duration::from_secs(600));
    open(&account, "open-sesame", &code(&account)).expect(201);
    account.send_bare(Request::get("/v1/ghostports")).expect(401);
    account.send_bare(Request::post("/v1/ghostports").json("{}")).expect(400);
    let events = account.get("events");
    assert_eq!(events["count"], 6);
    let (last, first) = (&events["events"][0], &events["events"][5]);
    assert_eq!((&last["type"], &last["actor_username"]), (&json!("ghostport_success"), &json!("jo")));
    assert_eq!((&first["type"], &first["critical"]), (&json!("ghostport_failure"), &json!(true)));
}

#[test]
fn the_page_opens_and_closes_for_where_its_user_comes_from() {
    let account = Account::new();
    protect(&account);
    let page = account.send_bare(Request::get("/ghostports")).expect(200);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert!(page.header("Content-Security-Policy").is_some_and(|policy| policy.contains("frame-ancestors 'none'")));
    assert!(page.text().contains("<code>127.0.0.1</code>") && page.text().contains("after 4 hours"), "{}", page.text());
    let send = |code: &str, more: &str| {
        let form = format!("ghostport[username]=jo&ghostport[password]=open-sesame&ghostport[code]={code}{more}");
        account.send_bare(Request::post("/ghostports").form(&form))
    };
    let first = code(&account);
    let opened = send(&first, "").expect(200).text();
    assert!(opened.contains("Open for <code>127.0.0.1</code> until <time datetime=\"2026-12-01T16:00:00"), "{opened}");
    assert_eq!(account.in_force("lab").len(), 3);
    let again = send(&first, "").expect(401);
    assert!(again.text().contains("the code was used: wait for the next one") && again.text().contains("value=\"jo\""));
    assert_eq!(account.in_force("lab").len(), 3);
    for answer in ["Closed.", "Nothing was open."] {
        account.clock.passes(Duration::from_secs(30));
        let closed = send(&code(&account), "&ghostport[close]=true").expect(200).text();
        assert!(closed.contains(answer), "{closed}");
        assert_eq!(account.in_force("lab").len(), 1);
    }
    for (request, status) in [
        (Request::post("/ghostports").form("username=jo"), 400),
        (Request::post("/ghostports").form("ghostport[username]=%3Cb%3E&ghostport[password]=x&ghostport[code]=1"), 401),
        (Request::post("/ghostports").form("").header("Sec-Fetch-Site", "cross-site"), 403),
    ] {
        let failed = account.send_bare(request).expect(status);
        assert!(
            failed.text().contains("Nothing was opened or closed") && !failed.text().contains("<b>"),
            "{}",
            failed.text()
        );
    }
    account.send_bare(Request::delete("/ghostports")).expect(404);
    let failures = account.get("events?type=ghostport_failure");
    assert_eq!(failures["count"], 2, "{failures}");
}

#[test]
fn what_is_open_and_assigned_outlives_a_crash_and_ends_on_time() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let start = || Server::with(&["--state", state.to_str().unwrap(), "--ghostport-time", "8"]);
    let mut server = start();
    let account = Account::at(server.address);
    let policy = protect(&account);
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    open(&account, "open-sesame", &code_at(step)).expect(201);
    let zone = account.zone("kept", "192.0.2.1");
    let token = text(&token(&account)["access_token"]);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    // The mock's firewalls end with the gateway, and are made what they are to be when it starts.
    let server = start();
    let account = Account::at(server.address);
    assert_eq!(account.in_force("lab").len(), 3);
    assert_eq!(account.get(&format!("firewall_zones/{zone}"))["firewall_zone"]["name"], "kept");
    assert_eq!(errors(account.delete(&format!("firewall_policies/{policy}"))), wrong(&[("id", "in_use")]));
    open(&account, "open-sesame", &code_at(step)).expect(401);
    account.send_bare(Request::get("/v1/groups").header("Authorization", &format!("Bearer {token}"))).expect(200);
    // Whether or not anybody looks.
    std::thread::sleep(Duration::from_secs(8));
    wait(&account, 1);
    drop(server);
    let server = start();
    assert_eq!(Account::at(server.address).in_force("lab").len(), 1);
}

fn token(account: &Account) -> Value {
    let form = format!("client_id={}&client_secret={}&grant_type=client_credentials", KEY.0, KEY.1);
    account.send_bare(Request::post("/oauth/access_token").form(&form)).expect(200).json()
}
