//! Zones from lists that others publish.

use std::path::{Path, PathBuf};
use std::time::Duration;

use deltawall::config::{Config, Feed, FeedPlace};
use serde_json::{Value, json};

use crate::halo::client::{Account, errors, text, wrong};
use crate::halo::publisher::{Publisher, answer};
use crate::instance::{Instance, eventually, file, fixture, run};
use crate::wire::{MOCK_LOGIN, Request};

const HOUR: Duration = Duration::from_secs(3600);

fn feed(place: FeedPlace) -> Feed {
    Feed { zone: "Blocklist".into(), place, every: HOUR, max_shrink: 50 }
}

fn account(place: FeedPlace) -> Account {
    Account::with(Config { feeds: vec![feed(place)], ..Config::default() })
}

/// The program with this feed, whose list is in a file and is looked at each second.
struct Fed {
    instance: Instance,
    account: Account,
    list: PathBuf,
}

impl Fed {
    fn start(name: &str, list: &str, more: &str, arguments: &[&str]) -> Self {
        let path = file(&format!("{name}.txt"), list);
        let config = format!("[[feed]]\nzone = \"Blocklist\"\nfile = \"{path}\"\nevery = 1\n{more}");
        let config = file(&format!("{name}.toml"), &config);
        let instance = Instance::with(&[&["--config", &config], arguments].concat());
        Self { account: Account::at(instance.address), instance, list: path.into() }
    }

    /// Why the list that is there now is not taken.
    fn refused(&self, why: &str) {
        let is_it = |line: &Value| line["why"].as_str().is_some_and(|told| told.contains(why));
        assert_eq!(self.instance.logged(is_it)["level"], "ERROR");
        eventually("the figure says so", || self.figure("failing", 1.0));
    }

    fn figure(&self, name: &str, value: f64) -> Option<()> {
        let figure = self.instance.figure(&format!("deltawall_feed_{name}{{zone=\"Blocklist\"}}"));
        (figure == Some(value)).then_some(())
    }
}

/// In one step, so that nobody sees half of it.
fn publish(path: &Path, list: &str) {
    let other = path.with_extension("new");
    std::fs::write(&other, list).unwrap();
    std::fs::rename(other, path).unwrap();
}

fn zone(account: &Account) -> Option<Value> {
    let zones = account.get("firewall_zones");
    zones["firewall_zones"].as_array().unwrap().iter().find(|zone| zone["name"] == "Blocklist").cloned()
}

/// Waits until the zone has these addresses.
fn wait(account: &Account, addresses: &str) -> Value {
    eventually(addresses, || zone(account).filter(|zone| zone["ip_address"] == addresses))
}

/// A policy that drops what comes from the zone, and its group.
fn protect(account: &Account) -> String {
    let rules = json!([
        { "chain": "INPUT", "action": "DROP", "active": true, "firewall_source": { "name": "Blocklist", "type": "FirewallZone" } },
        { "chain": "INPUT", "action": "ACCEPT", "active": true, "firewall_service": { "name": "ssh" } },
        { "chain": "INPUT", "action": "DROP", "active": true },
    ]);
    let policy = account.policy("blocked", &rules);
    account.assign("lab", Some(&policy)).expect(204);
    policy
}

fn first_rule(account: &Account) -> String {
    account.in_force("lab")[0].clone()
}

#[test]
fn a_zone_and_the_firewalls_that_use_it_follow_a_file() {
    let path = PathBuf::from(file(
        "follow.txt",
        "; Spamhaus\n198.51.100.0/25 ; SBL1\n198.51.100.128/25 ; SBL2\n203.0.113.5\n",
    ));
    let account = account(FeedPlace::File(path.clone()));
    let made = wait(&account, "198.51.100.0/24,203.0.113.5");
    protect(&account);
    assert_eq!(first_rule(&account), "ingress deny -1 198.51.100.0/24,203.0.113.5/32");
    publish(&path, "# FireHOL\r\n203.0.113.4-203.0.113.6\r\n2001:db8::/32\r\n");
    account.clock.passes(HOUR);
    let changed = wait(&account, "203.0.113.4/31,203.0.113.6,2001:db8::/32");
    assert_eq!(changed["id"], made["id"]);
    eventually("the firewall follows", || {
        (first_rule(&account) == "ingress deny -1 203.0.113.4/31,203.0.113.6/32,2001:db8::/32").then_some(())
    });
}

#[test]
fn what_is_no_good_list_leaves_the_last_one_in_force() {
    let guard = "[[guard]]\nfirewall = \"lab\"\nkeep_open = \"tcp/22 from 192.0.2.1\"\n";
    let good = "198.51.100.1\n198.51.100.3\n198.51.100.5\n198.51.100.7\n";
    let fed = Fed::start("no-good", good, guard, &["--max-zone", "8"]);
    let kept = "198.51.100.1,198.51.100.3,198.51.100.5,198.51.100.7";
    wait(&fed.account, kept);
    protect(&fed.account);
    let rule = first_rule(&fed.account);
    let many: String = (0..9).map(|at| format!("192.0.2.{}\n", 100 + 2 * at)).collect();
    for (list, why) in [
        ("", "the list is empty"),
        ("<html>\n<body>Service unavailable</body>\n</html>\n", "line 1 of the list, '<html>', is not an IPv4 or IPv6"),
        ("198.51.100.1\n198.51.100.300\n", "line 2 of the list, '198.51.100.300', is not"),
        ("198.51.100.1\n198.51.100.3\n198.51.100.5\n198.51.100.0/2", "the last line of the list has no end"),
        ("198.51.100.1\n", "has 1 networks where the last good one has 4, which is more than 50 percent less"),
        ("0.0.0.0/1\n128.0.0.0/1\n", "the list is more than half of all addresses"),
        (&*many, "the list has more than 8 networks (--max-zone)"),
        (&format!("{good}192.0.2.1\n"), "A guard keeps tcp/22 from 192.0.2.1"),
    ] {
        publish(&fed.list, list);
        fed.refused(why);
        assert_eq!(zone(&fed.account).unwrap()["ip_address"], kept, "{list}");
        assert_eq!(first_rule(&fed.account), rule, "{list}");
    }
    std::fs::remove_file(&fed.list).unwrap();
    fed.refused("No such file");
    std::fs::create_dir(&fed.list).unwrap();
    fed.refused("the list is not in a file");
    let path = "/api;driver=mock-nftables/firewalls/lab";
    let page =
        || fed.account.send_bare(Request::get(path).header("Accept", "text/html").login(MOCK_LOGIN)).expect(200).text();
    let since = "its rules are changed there, and what others change is undone. Since 20";
    assert!(page().contains(since) && page().contains("was not taken as zone"), "{}", page());
    let events = eventually("all are events", || {
        let events = fed.account.get("events?type=firewall_zone_feed_failure,firewall_zone_feed_success&per_page=100");
        (events["count"] == 11).then_some(events)
    });
    let told: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
    assert_eq!((&*told[0], &*told[10]), ("firewall_zone_feed_failure", "firewall_zone_feed_success"));
    let last = text(&events["events"][0]["message"]);
    assert!(
        last.contains("the list is not in a file") && last.ends_with("The last good one stays in force."),
        "{last}"
    );
    std::fs::remove_dir(&fed.list).unwrap();
    assert_eq!(fed.figure("networks", 4.0), Some(()));
    // Of each reason there is a line, however often it was looked.
    let failed = fed.instance.log().into_iter().filter(|line| line["level"] == "ERROR");
    let mut reasons: Vec<_> = failed.map(|line| line["why"].to_string()).collect();
    let count = reasons.len();
    reasons.dedup();
    assert_eq!(reasons.len(), count, "{reasons:?}");
    // Half may go, and a few networks may have the addresses of many.
    publish(&fed.list, "198.51.100.1\n198.51.100.7\n");
    wait(&fed.account, "198.51.100.1,198.51.100.7");
    eventually("the figure says so", || fed.figure("failing", 0.0));
    assert!(!page().contains("Since 20"));
    publish(&fed.list, &format!("{good}{}", "203.0.113.1\n"));
    wait(&fed.account, &format!("{kept},203.0.113.1"));
    publish(&fed.list, "198.51.100.0/24\n203.0.113.0/24\n");
    wait(&fed.account, "198.51.100.0/24,203.0.113.0/24");
}

#[test]
fn clients_leave_the_zone_of_a_feed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let many: Vec<_> = (0..500).map(|at| format!("10.0.{}.{}", at / 100, 2 * (at % 100))).collect();
    let mut fed = Fed::start("alone", &format!("{}\n", many.join("\n")), "", &["--state", state.to_str().unwrap()]);
    let whole = wait(&fed.account, &many.join(","));
    let path = format!("firewall_zones/{}", text(&whole["id"]));
    let put = |account: &Account, body: Value| account.put(&path, &json!({ "firewall_zone": body }));
    let system = |field| wrong(&[(field, "system")]);
    for addresses in ["192.0.2.1", "", "nonsense"] {
        assert_eq!(errors(put(&fed.account, json!({ "ip_address": addresses }))), system("ip_address"));
    }
    assert_eq!(errors(put(&fed.account, json!({ "name": "Other" }))), system("name"));
    assert_eq!(errors(fed.account.delete(&path)), system("id"));
    let same = json!({ "firewall_zone": { "name": "Blocklist", "ip_address": "192.0.2.1" } });
    assert_eq!(errors(fed.account.post("firewall_zones", &same)), wrong(&[("name", "taken")]));
    // What a client edits and sends back whole, in an order of its own.
    let mut edited = whole.clone();
    edited["description"] = json!("from our list");
    edited["ip_address"] = json!(many.iter().rev().cloned().collect::<Vec<_>>().join(","));
    put(&fed.account, edited.clone()).expect(204);
    edited["ip_address"] = whole["ip_address"].clone();
    assert_eq!(fed.account.get(&path)["firewall_zone"], edited);
    // Once there is no feed any more, it is a zone as others.
    fed.instance.child.kill().unwrap();
    fed.instance.child.wait().unwrap();
    let instance = Instance::with(&["--state", state.to_str().unwrap()]);
    let account = Account::at(instance.address);
    put(&account, edited).expect(204);
    put(&account, json!({ "name": "Other", "ip_address": "192.0.2.1" })).expect(204);
    account.delete(&path).expect(204);
}

#[test]
fn the_last_good_list_outlives_a_crash_and_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let arguments = ["--state", state.to_str().unwrap()];
    let mut fed = Fed::start("crash", "192.0.2.1\n192.0.2.3\n192.0.2.5\n", "", &arguments);
    wait(&fed.account, "192.0.2.1,192.0.2.3,192.0.2.5");
    protect(&fed.account);
    let rules = fed.account.in_force("lab");
    fed.instance.child.kill().unwrap();
    fed.instance.child.wait().unwrap();
    let fed = Fed::start("crash", "192.0.2.1\n", "", &arguments);
    fed.refused("has 1 networks where the last good one has 3");
    std::fs::remove_file(&fed.list).unwrap();
    fed.refused("No such file");
    assert_eq!(fed.account.in_force("lab"), rules);
    assert_eq!(zone(&fed.account).unwrap()["ip_address"], "192.0.2.1,192.0.2.3,192.0.2.5");
}

#[test]
fn a_zone_that_was_there_becomes_the_feeds() {
    let path = PathBuf::from(file("taken.txt", ""));
    let account = account(FeedPlace::File(path.clone()));
    let id = account.zone("Blocklist", "192.0.2.1,192.0.2.3,192.0.2.5");
    account
        .put(
            &format!("firewall_zones/{id}"),
            &json!({ "firewall_zone": { "ip_address": "192.0.2.7,192.0.2.5,192.0.2.3" } }),
        )
        .expect(204);
    publish(&path, "203.0.113.1\n");
    account.clock.passes(Duration::from_secs(30));
    assert_eq!(wait(&account, "203.0.113.1")["id"], id);
}

#[test]
fn a_list_may_have_as_many_networks_as_zones_of_feeds_may() {
    let list: String =
        (0..65_536_u32).map(|at| format!("10.{}.{}.{}\n", at >> 15, (at >> 7) & 255, (at & 127) * 2)).collect();
    let account = account(FeedPlace::File(file("large.txt", &list).into()));
    let count = |text: &str| text.split(',').count();
    let has_all = || zone(&account).filter(|zone| count(zone["ip_address"].as_str().unwrap()) == 65_536);
    eventually("the zone has all", has_all);
    protect(&account);
    assert_eq!(count(&first_rule(&account)), 65_536);
}

#[test]
fn a_list_is_fetched_from_a_server_that_the_authority_vouches_for() {
    let publisher = Publisher::start();
    let place = || FeedPlace::Url { url: publisher.url("/drop.txt"), ca: Some(fixture("tls/authority.pem").into()) };
    publisher.says("/drop.txt", answer("503 Service Unavailable", "203.0.113.9\n"));
    let account = account(place());
    // It is asked again after 30 seconds, and then twice as many.
    eventually("it is asked", || (publisher.asked() == 1).then_some(()));
    publisher.says("/drop.txt", answer("200 OK", "<html>Sign in</html>"));
    account.clock.passes(Duration::from_secs(30));
    eventually("it is asked again", || (publisher.asked() == 2).then_some(()));
    publisher.says("/drop.txt", answer("302 Found\r\nLocation: /moved.txt", ""));
    publisher.says("/moved.txt", answer("200 OK", "203.0.113.7\n"));
    account.clock.passes(Duration::from_secs(60));
    wait(&account, "203.0.113.7");
    publisher.says("/drop.txt", answer("200 OK", "203.0.113.8\n"));
    account.clock.passes(HOUR);
    wait(&account, "203.0.113.8");
}

#[test]
fn what_a_server_says_otherwise_is_no_list() {
    let publisher = Publisher::start();
    let authority = format!("ca = \"{}\"", fixture("tls/authority.pem"));
    let long = "203.0.113.9 # and so on, and so on\n".repeat((17 << 20) / 35);
    for (path, says, ca, why) in [
        ("/gone", answer("404 Not Found", "203.0.113.9\n"), &*authority, "the server answers 404"),
        ("/none", answer("204 No Content", ""), &authority, "the server answers 204"),
        (
            "/plain",
            answer("302 Found\r\nLocation: http://127.0.0.1/hidden", ""),
            &authority,
            "a place that is not https",
        ),
        ("/round", answer("302 Found\r\nLocation: /round", ""), &authority, "too many redirects"),
        ("/long", answer("200 OK", &long), &authority, "more than 16777216 bytes"),
        (
            "/short",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n203.0.113.9\n".into(),
            &authority,
            "the list cannot be fetched",
        ),
        ("/stranger", answer("200 OK", "203.0.113.9\n"), "", "invalid peer certificate"),
        ("/other", answer("200 OK", "203.0.113.9\n"), "ca = \"/nonexistent.pem\"", "/nonexistent.pem: No such file"),
    ] {
        publisher.says(path, says);
        let url = publisher.url(&format!("{path}?key=hidden"));
        let config = format!("[[feed]]\nzone = \"Blocklist\"\nurl = \"{url}\"\n{ca}\n");
        let instance = Instance::with(&["--config", &file("says.toml", &config)]);
        let line = instance.logged(|line| line["zone"] == "Blocklist");
        assert!(line["why"].as_str().is_some_and(|told| told.contains(why)), "{line}");
        assert!(instance.log().iter().all(|line| !line.to_string().contains("hidden")), "{line}");
        assert_eq!(zone(&Account::at(instance.address)), None);
    }
}

#[test]
fn feeds_that_could_have_no_zone_end_the_program() {
    for (text, arguments, why) in [
        ("zone = \"a\"\nurl = \"http://a.example/\"", &[][..], "feed 1: url is http://"),
        ("zone = \"any\"\nfile = \"/a\"", &[], "feed 1: the zone 'any' is always there, as it is"),
        ("zone = \"a\"\nfile = \"/a\"", &["--halo", "none"], "feed 1: there is no account that has zones"),
        ("zone = \"a\"\nfile = \"/a\"", &["--max-zone", "0"], "'0' for --max-zone"),
    ] {
        let config = file("wrong-feeds.toml", &format!("[[feed]]\n{text}"));
        let (code, _, error) = run(&[&["--config", &config], arguments].concat(), "");
        assert_eq!(code, Some(2));
        assert!(error.contains(why), "{error}");
    }
}
