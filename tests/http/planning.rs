//! dry_run=true: what each change would do, and that it does that and nothing before.

use serde_json::{Value, json};

use crate::accounts::{self, By};
use crate::server::Server;
use crate::subject::{Subject, on_each_driver};
use crate::wire::{MOCK_LOGIN, Request};

on_each_driver! {
    a_plan_of_each_change_changes_nothing,
    a_change_does_what_its_plan_said,
    what_a_change_would_be_refused_for_its_plan_is_too,
    only_true_and_false_say_whether_it_is_a_dry_run,
    a_deletion_heeds_what_its_body_says,
}

/// A change of the firewall `web` or of another.
type Change<'a> = (&'static str, &'static str, &'a str);

const RULE: &str = "protocol=tcp&port_from=443&port_to=443&ip_address1=0.0.0.0/0";
const SET: &str = r#"{"rules":[{"allow_protocol":"udp","port_from":53,"port_to":53,
    "sources":[{"type":"address","address":"10.0.0.0","prefix":8}]}]}"#;

fn request((method, path, body): Change<'_>, account: &str, query: &str) -> Request {
    let path = path.replace("ACCOUNT", account);
    let sign = if path.contains('?') { "&" } else { "?" };
    let request = Request::new(method, &format!("{path}{sign}{query}"));
    match (method, body) {
        ("PUT", _) => request.json(body),
        (_, "") => request,
        _ => request.form(body),
    }
}

const CHANGES: [Change<'static>; 5] = [
    ("POST", "/api/firewalls", "name=other&description=d"),
    ("POST", "/api/firewalls/web/rules", RULE),
    ("PUT", "/api/firewalls/web/rules", SET),
    ("DELETE", "/api/firewalls/web/ACCOUNT~tcp~22~22~@address,ipv4,10.1.0.0,16", ""),
    ("DELETE", "/api/firewalls/web", ""),
];

fn create(subject: &Subject) {
    subject.create("web");
    let rule = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.1.0.0/16";
    subject.send(Request::post("/api/firewalls/web/rules").form(rule)).expect(201);
}

fn a_plan_of_each_change_changes_nothing(subject: &Subject) {
    create(subject);
    let all = || subject.send(Request::get("/api/firewalls?direction=all")).text();
    let before = all();
    for change in CHANGES {
        for (format, sign) in
            [("json", r#"{"plan":{"firewall":"#), ("xml", "\n<plan>\n  <firewall "), ("html", "Nothing was changed")]
        {
            let asked = request(change, &subject.account, &format!("dry_run=true&format={format}"));
            let answer = subject.send(asked).expect(200);
            assert!(answer.body.contains(sign), "{}", answer.body);
            assert_eq!((answer.header("Etag"), answer.header("Cache-Control")), (None, Some("no-store")));
        }
    }
    let by_form = Request::post("/api/firewalls/web?format=json").form("_method=delete&dry_run=true");
    assert_eq!(subject.send(by_form).expect(200).json()["plan"]["keeps"], 0);
    assert_eq!(all(), before);
}

/// The rules without what changes with a rule, its id; in an order of ours, since a cloud may list rules by direction.
fn plain(rules: &Value) -> Vec<Value> {
    let mut rules = rules.as_array().unwrap().clone();
    for rule in &mut rules {
        rule.as_object_mut().unwrap().remove("id");
    }
    rules.sort_by_key(traffic);
    rules
}

fn traffic(rule: &Value) -> String {
    format!("{} {} {}", rule["direction"], rule["allow_protocol"], rule["port_from"])
}

fn a_change_does_what_its_plan_said(subject: &Subject) {
    create(subject);
    let rules = || {
        let answer = subject.send(Request::get("/api/firewalls/web?direction=all&format=json"));
        if answer.status == 404 { json!([]) } else { answer.json()["firewall"]["rules"].clone() }
    };
    for change in [CHANGES[1], CHANGES[3], CHANGES[2], CHANGES[4]] {
        let before = plain(&rules());
        let asked = |query: &str| subject.send(request(change, &subject.account, query));
        let plan = asked("dry_run=true&format=json").expect(200).json()["plan"].clone();
        let status = asked("dry_run=false").status;
        assert!([200, 201, 204].contains(&status), "{change:?} {status}");
        let removed = plain(&plan["removes"]);
        let added = plain(&plan["adds"]);
        let mut expected: Vec<_> = before.into_iter().filter(|rule| !removed.contains(rule)).collect();
        assert_eq!(plan["keeps"], expected.len(), "{change:?}");
        expected.extend(added);
        expected.sort_by_key(traffic);
        assert_eq!(plain(&rules()), expected, "{change:?} {plan:#}");
    }
    // What opens and closes is said, and what opens to all.
    create(subject);
    let plan = subject.send(request(CHANGES[1], &subject.account, "dry_run=true&format=json")).json()["plan"].clone();
    assert_eq!(plan["opens"][0]["traffic"], "tcp/443 from 0.0.0.0/0");
    assert_eq!((&plan["opens"][0]["port_from"], &plan["opens"][0]["direction"]), (&json!("443"), &json!("ingress")));
    assert_eq!((&plan["warnings"][0]["code"], &plan["closes"]), (&json!("open_to_world"), &json!([])));
    assert_eq!(plan["warnings"][0]["rule"]["port_from"], "443");
}

fn what_a_change_would_be_refused_for_its_plan_is_too(subject: &Subject) {
    create(subject);
    let there = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.1.0.0/16";
    let one_more = "protocol=tcp&port_from=22&port_to=22&ip_address1=192.0.2.0/24&ip_address2=10.1.2.3/16";
    let deny = r#"{"rules":[{"allow_protocol":"-1","rule_action":"deny","log_rule":true,
        "sources":[{"type":"address","address":"0.0.0.0","prefix":0}]}]}"#;
    let rule = |addresses: &[&str]| {
        let source = |address: &&str| json!({ "type": "address", "address": address, "prefix": 16 });
        let sources: Vec<_> = addresses.iter().map(source).collect();
        json!({ "allow_protocol": "tcp", "port_from": 22, "port_to": 22, "sources": sources })
    };
    let twice = |first: &[&str], second: &[&str]| json!({ "rules": [rule(first), rule(second)] }).to_string();
    let (new_twice, old_twice) = (twice(&["10.2.0.0", "10.3.0.0"], &["10.2.0.9"]), twice(&["10.1.0.0"], &["10.1.0.0"]));
    for change in [
        ("POST", "/api/firewalls", "name=web&description=d"),
        ("POST", "/api/firewalls", "name=&description=d"),
        ("POST", "/api/firewalls/absent/rules", RULE),
        ("POST", "/api/firewalls/web/rules", "protocol=tcp"),
        ("POST", "/api/firewalls/web/rules", there),
        ("POST", "/api/firewalls/web/rules", one_more),
        (
            "POST",
            "/api/firewalls/web/rules",
            "protocol=tcp&port_from=1&port_to=1&ip_address=10.0.0.0/8&rule_action=deny",
        ),
        ("POST", "/api/firewalls/web/rules", "protocol=tcp&port_from=1&port_to=1&ip_address=10.0.0.0/8&position=1"),
        ("PUT", "/api/firewalls/absent/rules", SET),
        ("PUT", "/api/firewalls/web/rules", deny),
        ("PUT", "/api/firewalls/web/rules", &new_twice),
        ("PUT", "/api/firewalls/web/rules", &old_twice),
        ("PUT", "/api/firewalls/web/rules", "{}"),
        ("DELETE", "/api/firewalls/absent", ""),
        ("DELETE", "/api/firewalls/web/ACCOUNT~tcp~23~23~@address,ipv4,10.1.0.0,16", ""),
    ] {
        let status = |query: &str| subject.send(request(change, &subject.account, query)).status;
        let planned = status("dry_run=true");
        assert!(planned >= 400, "{change:?}");
        assert_eq!(planned, status(""), "{change:?}");
    }
}

#[test]
fn nobody_gets_a_plan_without_credentials() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.send(Request::delete("/api/firewalls/default?dry_run=true")).expect(401);
    connection.send(Request::new("PUT", "/api/firewalls/default/rules?dry_run=true").json(SET)).expect(401);
}

fn a_deletion_heeds_what_its_body_says(subject: &Subject) {
    create(subject);
    let rule = format!("/api/firewalls/web/{}~tcp~22~22~@address,ipv4,10.1.0.0,16", subject.account);
    for target in [&*rule, "/api/firewalls/web"] {
        let told = |request: Request| assert!(subject.send(request).expect(200).body.contains("plan"));
        told(Request::delete(target).form("dry_run=true"));
        told(Request::delete(target).json(r#"{"dry_run":true}"#));
        subject.send(Request::delete(target).form("dry_run=1")).expect(400);
        subject.send(Request::delete(target).body("text/plain", "dry_run=true")).expect(415);
        subject.send(Request::delete(target).form("dry_run=false")).expect(204);
    }
}

fn only_true_and_false_say_whether_it_is_a_dry_run(subject: &Subject) {
    create(subject);
    for value in ["", "1", "yes", "%20"] {
        for change in CHANGES {
            let answer = subject.send(request(change, &subject.account, &format!("dry_run={value}"))).expect(400);
            assert!(answer.message().starts_with("Parameter 'dry_run' is '"), "{}", answer.message());
        }
    }
    subject.send(Request::get("/api/firewalls/web?format=json")).expect(200);
}

/// Whoever may only read may not plan, either; and a plan is no change, in the audit and the figures.
#[test]
fn a_plan_takes_the_right_to_change_and_is_none() {
    let clients = [("reader", "read-only", "*"), ("writer", "read-write", "*")];
    let (instance, _) = accounts::start("plan", &clients);
    let asked = || Request::delete("/api/firewalls/new_firewall?dry_run=true&format=json");
    let refused = instance.send(asked().by("reader", &accounts::password("reader"))).expect(403);
    assert!(refused.message().contains("read"), "{}", refused.message());
    let planned = asked().by("writer", &accounts::password("writer")).header("X-Request-Id", "planned");
    instance.send(planned).expect(200);
    instance.logged(|line| line["request_id"] == "planned" && line["status"] == 200);
    let is_audit = |line: &Value| line["target"] == "deltawall::audit" && line["request_id"] == "planned";
    assert!(!instance.log().iter().any(is_audit));
}

#[test]
fn a_cloud_that_only_takes_rules_away_has_plans_of_that() {
    let server = Server::start();
    let on_fgcp = |request: Request| server.send(request.on_fgcp().accept("application/json"));
    let web = "/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001";
    let plan = on_fgcp(Request::delete(&format!("{web}/35001?dry_run=true"))).expect(200).json();
    assert_eq!(plan["plan"]["removes"][0]["id"], "35001");
    on_fgcp(Request::post(&format!("{web}/rules?dry_run=true")).form(RULE)).expect(501);

    let shown = on_fgcp(Request::get(web)).expect(200).json();
    let put =
        |set: &Value, query: &str| on_fgcp(Request::new("PUT", &format!("{web}/rules{query}")).json(&set.to_string()));
    assert_eq!(put(&shown, "?dry_run=true").expect(200).json()["plan"]["removes"], json!([]));
    assert_eq!(put(&shown, "").expect(200).json(), shown);
    let mut fewer = shown.clone();
    fewer["firewall"]["rules"].as_array_mut().unwrap().remove(0);
    let plan = put(&fewer, "?dry_run=true").expect(200).json()["plan"].clone();
    assert_eq!((&plan["adds"], &plan["removes"][0]["id"]), (&json!([]), &json!("35001")));
    assert_eq!(put(&fewer, "").expect(200).json(), fewer);
    let mut with_default = fewer.clone();
    with_default["firewall"]["default"] = json!({ "ingress": "deny", "egress": "deny" });
    for query in ["?dry_run=true", ""] {
        put(&shown, query).expect(501);
        put(&with_default, query).expect(501);
    }
}

/// The order of a host's rules is part of the plan.
#[test]
fn a_plan_of_a_host_says_places() {
    let server = Server::start();
    let send = |request: Request| {
        server.send(request.login(MOCK_LOGIN).header("X-Deltacloud-Driver", "mock-nftables").accept("application/json"))
    };
    let rule = "protocol=tcp&ports=8080,9090&ip_address1=10.0.0.0/8&position=2";
    let asked = || Request::post("/api/firewalls/web/rules?dry_run=true").form(rule);
    let plan = send(asked()).expect(200).json()["plan"].clone();
    assert_eq!((&plan["adds"][0]["position"], &plan["adds"][0]["ports"]), (&json!(2), &json!("8080,9090")));
    assert_eq!((&plan["keeps"], &plan["moves"]), (&json!(5), &json!([])));
    let made = send(Request::post("/api/firewalls/web/rules").form(rule)).expect(201).json();
    assert_eq!(made["firewall"]["rules"][1]["ports"], "8080,9090");
    // It is there now, and behind itself it never matches.
    let again = rule.replace("position=2", "position=last");
    let asked = Request::post("/api/firewalls/web/rules?dry_run=true").form(&again);
    let plan = send(asked).expect(200).json()["plan"].clone();
    let codes: Vec<_> = plan["warnings"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!((codes, &plan["opens"]), (vec![json!("shadowed")], &json!([])));
    let deny = json!({ "rules": [], "default": { "ingress": "deny", "egress": "accept" } });
    let asked = Request::new("PUT", "/api/firewalls/device/rules?dry_run=true").json(&deny.to_string());
    let plan = send(asked).expect(200).json()["plan"].clone();
    assert_eq!(plan["default"], deny["default"]);
    assert_eq!(plan["closes"][0]["traffic"], "any from 0.0.0.0/0, ::/0");
}

/// Two rules that say the same are two rules: the one that is meant goes, and the one that comes is the new one.
#[test]
fn of_two_rules_that_say_the_same_a_plan_means_the_right_one() {
    let server = Server::start();
    let send = |request: Request| {
        server.send(request.login(MOCK_LOGIN).header("X-Deltacloud-Driver", "mock-nftables").accept("application/json"))
    };
    send(Request::post("/api/firewalls").form("name=twins&description=d")).expect(201);
    let add = |port: &str, query: &str| {
        let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1=10.0.0.0/8{query}");
        send(Request::post("/api/firewalls/twins/rules").form(&rule))
    };
    add("1", "").expect(201);
    add("2", "").expect(201);
    let plan = add("2", "&position=1&dry_run=true").expect(200).json()["plan"].clone();
    assert_eq!((&plan["adds"][0]["position"], &plan["moves"], &plan["keeps"]), (&json!(1), &json!([]), &json!(2)));
    let plan = add("2", "&position=9&dry_run=true").expect(200).json()["plan"].clone();
    assert_eq!((&plan["adds"][0]["position"], &plan["moves"], &plan["keeps"]), (&json!(3), &json!([]), &json!(2)));
    let made = add("1", "").expect(201).json()["firewall"]["rules"].clone();
    for index in [0, 2] {
        let id = made[index]["id"].as_str().unwrap();
        let deletion = Request::delete(&format!("/api/firewalls/twins/{id}?dry_run=true"));
        let plan = send(deletion).expect(200).json()["plan"].clone();
        assert_eq!((&plan["removes"][0]["id"], &plan["removes"][1]), (&made[index]["id"], &Value::Null));
        assert_eq!((&plan["adds"], &plan["moves"], &plan["keeps"]), (&json!([]), &json!([]), &json!(2)));
    }
}

#[test]
fn a_default_is_refused_where_a_firewall_has_none() {
    let server = Server::start();
    let set = r#"{"rules":[],"default":{"ingress":"deny","egress":"accept"}}"#;
    let put = |query: &str| {
        let request = Request::new("PUT", &format!("/api/firewalls/web/rules{query}")).json(set).login(MOCK_LOGIN);
        server.send(request.header("X-Deltacloud-Driver", "mock-nftables").accept("application/json"))
    };
    let (planned, refused) = (put("?dry_run=true"), put(""));
    assert_eq!((planned.status, planned.json()["error"].clone()), (refused.status, refused.json()["error"].clone()));
    assert!(refused.status >= 400 && planned.message().contains("'web' has no default"), "{}", planned.message());
}

/// What a plan looks like in each format, with each warning that there is.
#[test]
fn plans_say_all_that_they_know() {
    let data = crate::instance::file(
        "few.toml",
        "account = \"393485797142\"\nuser = \"mockuser\"\npassword = \"mockpassword\"\n\
         [[firewalls]]\nname = \"web\"\ndescription = \"d\"\n\
         [[firewalls.rules]]\nprotocol = \"tcp\"\nport_from = 22\nport_to = 22\naddresses = [\"10.0.0.0/8\"]\n\
         [[firewalls.rules]]\nprotocol = \"icmp\"\nport_from = 8\nport_to = 0\naddresses = [\"10.0.0.0/8\"]\n",
    );
    let server = Server::with(&["--mock-data", &data]);
    let set = json!({"rules": [
        {"allow_protocol": "tcp", "port_from": 22, "port_to": 22, "sources": [{"type": "address", "address": "10.0.0.0", "prefix": 8}]},
        {"allow_protocol": "tcp", "port_from": 22, "port_to": 22, "sources": [{"type": "address", "address": "10.1.0.0", "prefix": 16}]},
        {"allow_protocol": "tcp", "port_from": 443, "port_to": 443, "sources": [{"type": "address", "address": "0.0.0.0", "prefix": 0},
            {"type": "group", "name": "nobody", "owner": "393485797142"}]},
    ]});
    let plan = |format: &str| {
        let request = Request::new("PUT", &format!("/api/firewalls/web/rules?dry_run=true&format={format}"));
        server.send(request.json(&set.to_string()).on_mock()).expect(200)
    };
    let told = plan("json").json();
    let warnings = told["plan"]["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap());
    let mut warnings: Vec<_> = warnings.collect();
    warnings.sort_unstable();
    assert_eq!(warnings, ["open_to_world", "redundant", "unseen_group"]);
    let addresses: String = (1..=61).map(|nth| format!("&ip_address{nth}=10.0.{nth}.0/24")).collect();
    let many = Request::post("/api/firewalls/web/rules?dry_run=true&format=json");
    let many = many.form(&format!("protocol=udp&port_from=53&port_to=53{addresses}")).on_mock();
    assert_eq!(server.send(many).expect(200).json()["plan"]["warnings"][0]["code"], "near_limit");
    for format in ["json", "xml", "html"] {
        insta::assert_snapshot!(format!("plan_{format}"), plan(format).text());
    }
}

/// What may be a list in the body of a POST may be one in a set, too.
#[test]
fn lists_of_ports_and_states_are_read_in_sets() {
    let server = Server::start();
    let sources = json!([{"type": "address", "address": "10.0.0.0", "prefix": 8}]);
    let rule = json!({"allow_protocol": "tcp", "ports": [80, "443", "8000-8010"], "states": ["new", "established"], "sources": sources});
    let set = json!({ "rules": [rule] }).to_string();
    let request = Request::new("PUT", "/api;driver=mock-nftables/firewalls/web/rules?format=json&direction=all");
    let answer = server.send(request.json(&set).on_mock()).expect(200).json();
    let rule = &answer["firewall"]["rules"][0];
    assert_eq!((&rule["ports"], &rule["states"]), (&json!("80,443,8000-8010"), &json!("new,established")));
}
