//! What is EC2's own, as clients and operators meet it over HTTP. The driver's tests have the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use deltawall::config::{self, Config};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::emulator::{Account, REGION, STRICT};
use crate::held;
use crate::server::{Server, listen};
use crate::subject::Subject;
use crate::wire::{Answer, Connection, Request};

/// The session token that the emulator takes.
const TOKEN: &str = "session-token-of-tests";

const RULE: &str = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8";

fn rules_of(name: &str) -> Request {
    Request::post(&format!("/api/firewalls/{name}/rules"))
}

/// What EC2 holds of the groups of this name.
fn groups(account: &Account, region: &str, name: &str) -> Vec<Value> {
    let holdings = account.holdings(region);
    let groups = holdings["SecurityGroups"].as_array().unwrap().iter();
    groups.filter(|group| group["GroupName"] == name).cloned().collect()
}

/// The table "What it costs" of docs/EC2.md: the calls of each operation, in the order of the alphabet.
fn documented_costs() -> BTreeMap<String, Vec<String>> {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/EC2.md")).unwrap();
    let section = document.split("## What it costs").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| operation"));
    rows.map(|row| {
        let [_, operation, calls, _] = row.split('|').map(str::trim).collect::<Vec<_>>()[..] else { panic!("{row}") };
        let verbs = ["Describe", "Create", "Delete", "Authorize", "Revoke"];
        let is_action = |word: &&str| verbs.iter().any(|verb| word.starts_with(verb) && word.len() > verb.len());
        let calls = calls.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_action).map(str::to_owned);
        let mut calls: Vec<_> = calls.collect();
        calls.sort_unstable();
        (operation.to_owned(), calls)
    })
    .collect()
}

/// Each row of the table is asked for, and held against the emulator's record. With all their parameters, the calls are in
/// a snapshot: those of one request in the order of the alphabet, since some go at the same time.
#[test]
fn each_operation_costs_what_the_document_says() {
    let account = Account::on(STRICT);
    let server = Server::with(&["-i", "ec2", "--ec2-endpoint", &account.url]);
    let mut connection = server.connect().with_login(&account.login());
    let costs = documented_costs();
    let mut tested = BTreeMap::new();
    let mut record = String::new();
    let mut ask = |operation: &str, request: Request, status: u16| {
        let before = account.calls().len();
        let answer = connection.send(request).expect(status);
        held::check(&answer, &account);
        let mut calls = account.calls().split_off(before);
        calls.sort_unstable();
        record.push_str(&format!("{operation}\n    {}\n", calls.join("\n    ")));
        let actions = calls.iter().map(|call| call.split(' ').next().unwrap().to_owned());
        tested.insert(operation.to_owned(), actions.collect::<Vec<_>>());
        assert_eq!(tested.get(operation), costs.get(operation), "{operation}");
    };

    let home = account.holdings(REGION)["DefaultVpc"].as_str().unwrap().to_owned();
    let create = |form: &str| Request::post("/api/firewalls").form(form);
    ask("create a firewall", create("name=web&description=d"), 201);
    ask("create a firewall, with `vpc_id`", create(&format!("name=db&description=d&vpc_id={home}")), 201);
    ask("create a rule", rules_of("web").form(&format!("{RULE}&ip_address2=::/0")), 201);
    ask("create a rule for egress", rules_of("web").form(&format!("{RULE}&direction=egress")), 201);
    ask("list", Request::get("/api/firewalls"), 200);
    ask("show by name, or `?id=NAME`", Request::get("/api/firewalls/web"), 200);
    ask("show by name, or `?id=NAME`", Request::get("/api/firewalls?id=web"), 200);
    let [web, db] = ["web", "db"].map(|name| groups(&account, REGION, name)[0]["GroupId"].as_str().unwrap().to_owned());
    ask("show by `sg-…`", Request::get(&format!("/api/firewalls/{web}")), 200);
    ask("create a rule by `sg-…`", rules_of(&web).form("protocol=udp&port_from=1&port_to=1&ip_address1=::/0"), 201);
    let rule = |id: &str| Request::delete(&format!("/api/firewalls/web/{}~{id}", account.number));
    ask("delete a rule", rule("tcp~22~22~@address,ipv4,10.0.0.0,8,@address,ipv6,::,0"), 204);
    ask("delete a rule for egress", rule("tcp~22~22~@address,ipv4,10.0.0.0,8~egress"), 204);

    let set = |network: u8| {
        let sources: Vec<_> = (1..=30)
            .map(|nth| json!({"type": "address", "family": "ipv4", "address": format!("10.{network}.{nth}.0"), "prefix": "24"}))
            .collect();
        let rules =
            json!({"rules": [{"allow_protocol": "tcp", "port_from": "443", "port_to": "443", "sources": sources}]});
        Request::new("PUT", "/api/firewalls/web/rules").json(&rules.to_string())
    };
    let planned = Request::post("/api/firewalls/web/rules?dry_run=true").form(RULE);
    ask("plan of a new rule, `dry_run`", planned, 200);
    let first = set(1).login(&account.login());
    server.send(first).expect(200);
    ask("replace 30 sources by 30 others", set(2), 200);
    ask("replace the same by the same", set(2), 200);
    ask("show with `members`", Request::get("/api/firewalls/web?members=true"), 200);

    let group = format!("{RULE}&group1=db&group1owner={}", account.number);
    ask("create a rule, with groups", rules_of("web").form(&group), 201);
    ask("show, with groups in its rules", Request::get("/api/firewalls/web"), 200);
    ask("delete a firewall that is in use", Request::delete("/api/firewalls/db"), 502);
    let id = format!("tcp~22~22~@group,{},db,@address,ipv4,10.0.0.0,8", account.number);
    ask("delete a rule, with groups in any rule", rule(&id), 204);
    ask("delete a firewall", Request::delete("/api/firewalls/db"), 204);
    // The group that is shown is known already.
    let own_group = rules_of("web").form(&group.replace("group1=db", "group1=web"));
    server.send(own_group.login(&account.login())).expect(201);
    ask("show by name, or `?id=NAME`", Request::get("/api/firewalls/web"), 200);
    ask("check credentials, `?force_auth`", Request::get("/api?force_auth=1"), 200);
    assert_eq!(tested, costs, "each row is tested");

    for (id, name) in [(&home, "DEFAULT-VPC"), (&web, "ID-OF-WEB"), (&db, "ID-OF-DB"), (&account.number, "ACCOUNT")] {
        record = record.replace(id.as_str(), name);
    }
    assert_snapshot!("calls_of_each_operation", record);
}

#[test]
fn a_vpc_that_the_operator_names_takes_the_default_ones_place() {
    let account = Account::on(STRICT);
    let vpc = account.create_vpc();
    let server = Server::with(&["-i", "ec2", "--ec2-endpoint", &account.url, "--ec2-vpc", &vpc]);
    let mut connection = server.connect().with_login(&account.login());
    let made = connection.send(Request::post("/api/firewalls").form("name=web&description=d")).expect(201);
    assert_eq!(made.header("Location"), Some("http://gateway.test:3001/api/firewalls/web"));
    let [group] = &groups(&account, REGION, "web")[..] else { panic!("one group is made") };
    assert_eq!(group["VpcId"], *vpc);
    connection.send(rules_of("web").form(&format!("{RULE}&group1=web&group1owner={}", account.number))).expect(201);
    let ids = |answer: Answer| -> Vec<String> {
        held::firewalls(&answer.expect(200)).iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let list = ids(connection.send(Request::get("/api/firewalls")));
    // Each VPC has a group called `default`, and this one's goes by that name.
    assert_eq!(list.iter().filter(|id| id.starts_with("sg-")).count(), 1, "{list:?}");
    assert!(list.contains(&"default".to_owned()) && list.contains(&"web".to_owned()), "{list:?}");
    connection.send(Request::delete("/api/firewalls/web")).expect(204);
    assert!(!account.calls().iter().any(|call| call.starts_with("DescribeVpcs")), "{:#?}", account.calls());
}

#[test]
fn a_group_of_another_vpc_goes_by_its_id() {
    let subject = Subject::ec2();
    let vpc = subject.cloud().create_vpc();
    subject.create("web");
    let form = format!("name=web&description=elsewhere&vpc_id={vpc}");
    let made = subject.send(Request::post("/api/firewalls?format=json").form(&form)).expect(201);
    let id = made.json()["firewall"]["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("sg-"), "{id}");
    assert_eq!(made.header("Location"), Some(&*format!("http://gateway.test:3001/api/firewalls/{id}")));
    subject.send(rules_of(&id).form(RULE)).expect(201);
    assert!(!subject.send(Request::get("/api/firewalls/web")).body.contains("<rule "), "the other is as it was");
    let rule = format!("{}~tcp~22~22~@address,ipv4,10.0.0.0,8", subject.account);
    subject.send(Request::delete(&format!("/api/firewalls/web/{rule}"))).expect(404);
    subject.send(Request::delete(&format!("/api/firewalls/{id}/{rule}"))).expect(204);
    subject.send(Request::delete(&format!("/api/firewalls/{id}"))).expect(204);
    subject.send(Request::get("/api/firewalls/web")).expect(200);
    // Where the id of a group of the default VPC is used, the answer has the name.
    let [group] = &groups(subject.cloud(), REGION, "web")[..] else { panic!("one group is left") };
    let by_id = format!("/api/firewalls/{}?format=json", group["GroupId"].as_str().unwrap());
    assert_eq!(subject.send(Request::get(&by_id)).expect(200).json()["firewall"]["id"], "web");
    subject.check_all();
}

#[test]
fn the_provider_is_the_region() {
    let account = Account::on(STRICT);
    let mars = format!("mars-1={}", account.url);
    let server = Server::with(&["--ec2-endpoint", &account.url, "--ec2-endpoint", &mars]);
    let mut connection = server.connect().with_login(&account.login());
    for region in ["eu-west-1", "us-gov-east-1", "mars-1"] {
        let target = format!("/api;driver=ec2;provider={}/firewalls", region.to_uppercase());
        let made = connection.send(Request::post(&target).form("name=web&description=d")).expect(201);
        assert_eq!(made.header("X-Deltacloud-Provider"), Some(region));
        held::check(&made, &account);
        assert_eq!(groups(&account, region, "web").len(), 1);
        let by_header = Request::get("/api/firewalls/web").header("X-Deltacloud-Driver", "ec2");
        connection.send(by_header.clone().header("X-Deltacloud-Provider", region)).expect(200);
        connection.send(by_header).expect(404);
        // Whoever follows links stays in the region.
        let web = made.header("Location").unwrap().strip_prefix("http://gateway.test:3001").unwrap();
        held::check(&connection.send(Request::post(&format!("{web}/rules")).form(RULE)).expect(201), &account);
        let rule = format!("{web}/{}~tcp~22~22~@address,ipv4,10.0.0.0,8", account.number);
        connection.send(Request::new("OPTIONS", &rule)).expect(200);
        connection.send(Request::delete(&rule)).expect(204);
        connection.send(Request::new("HEAD", web)).expect(200);
        connection.send(Request::delete(web)).expect(204);
        assert!(groups(&account, region, "web").is_empty());
    }
    let before = account.calls();
    for region in ["mars-2", "eu-west-1.example.com", "us-iso-east-1"] {
        let target = format!("/api;driver=ec2;provider={region}/firewalls");
        let refused = connection.send(Request::get(&target)).expect(400);
        assert!(refused.message().contains(&format!("'{region}'")), "{}", refused.body);
    }
    assert_eq!(account.calls(), before, "EC2 is not asked");
}

#[test]
fn egress_is_shown_where_the_operator_says_so() {
    let account = Account::on(STRICT);
    let server = Server::with(&["-i", "ec2", "--ec2-endpoint", &account.url, "--ec2-show-egress"]);
    let mut connection = server.connect().with_login(&account.login());
    let count = |answer: Answer| answer.expect(200).body.matches("<rule ").count();
    assert_eq!(count(connection.send(Request::get("/api/firewalls"))), 1);
    assert_eq!(count(connection.send(Request::get("/api/firewalls/default"))), 1);
    assert_eq!(count(connection.send(Request::get("/api/firewalls/default?direction=ingress"))), 0);
    let everything = format!("/api/firewalls/default/{}~-1~~~@address,ipv4,0.0.0.0,0~egress", account.number);
    connection.send(Request::delete(&everything)).expect(204);
    connection.send(Request::delete(&everything)).expect(404);
    assert_eq!(groups(&account, REGION, "default")[0]["IpPermissionsEgress"], Value::Array(Vec::new()));
}

/// What only EC2 has as sources: its prefix lists, and groups of other accounts by their ids.
#[test]
fn sources_that_only_ec2_has() {
    let subject = Subject::ec2();
    subject.create("web");
    for (format, port) in [("xml", 1), ("json", 2)] {
        let rule = format!(
            "protocol=tcp&port_from={port}&port_to={port}&prefix_list2=pl-2&prefix_list1=pl-1&ip_address1=2001:db8::/32\
            &group1=sg-12345678&group1owner=111122223333"
        );
        let made = subject.send(Request::post(&format!("/api/firewalls/web/rules?format={format}")).form(&rule));
        assert_snapshot!(format!("sources_that_only_ec2_has-{format}"), subject.text(&made.expect(201)));
        let sources = "@group,111122223333,sg-12345678,@address,ipv6,2001:db8::,32,@prefix_list,pl-1,@prefix_list,pl-2";
        let id = format!("{}~tcp~{port}~{port}~{sources}", subject.account);
        subject.send(Request::delete(&format!("/api/firewalls/web/{id}"))).expect(204);
    }
    // By its name a group of another account cannot be found.
    let by_name = rules_of("web").form(&format!("{RULE}&group1=web&group1owner=111122223333"));
    assert!(subject.send(by_name).expect(404).message().contains("111122223333/web"));
    subject.check_all();
}

#[test]
fn keys_that_may_not_have_expired_or_are_nobodys() {
    let account = Account::on(STRICT);
    let server = Server::with(&["-i", "ec2", "--ec2-endpoint", &account.url]);
    let [reader, temporary] = ["AKIAREAD", "ASIATEMP"].map(|kind| account.login_of(kind));
    let with_token = |request: Request, token: &str| request.login(&temporary).header("X-Amz-Security-Token", token);
    for format in ["xml", "json"] {
        let list = || Request::get(&format!("/api/firewalls?format={format}"));
        let create = || Request::post(&format!("/api/firewalls?name=web-{format}&description=d&format={format}"));
        server.send(list().login(&reader)).expect(200);
        for (request, status, message) in [
            (create().login(&reader), 403, "UnauthorizedOperation: "),
            (list().login(&temporary), 401, "RequestExpired: "),
            (with_token(create(), "old"), 401, "RequestExpired: "),
            (create().login("QUtJQU5PQk9EWTpzZWNyZXQ="), 401, "AuthFailure: "),
        ] {
            let told = server.send(request).expect(status).message();
            assert!(told.starts_with(message) && told.contains("\n  REQUEST ID="), "{told}");
        }
        // EC2 says what should have been signed, and that has the session token in it.
        for (answer, status, told) in [
            (
                "403+SignatureDoesNotMatch",
                401,
                "SignatureDoesNotMatch: The request signature we calculated does not match",
            ),
            ("400+InvalidParameterValue", 502, "x-amz-security-token:[hidden]"),
        ] {
            account.fault("CreateSecurityGroup", answer, 1);
            let body = server.send(with_token(create(), TOKEN)).expect(status).text();
            assert!(body.contains(told) && !body.contains(TOKEN), "{body}");
        }
        let name = format!("web-{format}");
        assert!(groups(&account, REGION, &name).is_empty());
        server.send(with_token(create(), TOKEN)).expect(201);
        assert_eq!(groups(&account, REGION, &name).len(), 1);
    }
}

/// Sends a request while EC2 fails an action in this way, so many times.
#[track_caller]
fn with_fault(subject: &Subject, fault: (&str, &str, u32), request: Request, status: u16, message: &str) {
    let (action, kind, times) = fault;
    subject.cloud().fault(action, kind, times);
    let answer = subject.send(request).expect(status);
    subject.cloud().forgive();
    if status >= 400 {
        assert!(answer.message().starts_with(message), "{action} {kind}: {}", answer.body);
    }
}

const TOO_OFTEN: &str = "RequestLimitExceeded: Request limit exceeded.\n  REQUEST ID=";

#[test]
fn a_read_that_ec2_fails_is_tried_again_and_then_refused() {
    let subject = Subject::ec2();
    let show = || Request::get("/api/firewalls/default");
    let describe = "DescribeSecurityGroups";
    for kind in ["throttle", "error", "garbage", "cut"] {
        with_fault(&subject, (describe, kind, 1), show(), 200, "");
    }
    with_fault(&subject, (describe, "throttle", 9), show(), 502, TOO_OFTEN);
    subject.check_all();
}

#[test]
fn a_change_that_ec2_fails_is_tried_again_only_where_ec2_has_not_looked_at_it() {
    let subject = Subject::ec2();
    subject.create("web");
    let add = || rules_of("web").form(RULE);
    let authorize = "AuthorizeSecurityGroupIngress";
    for (kind, message) in [
        ("error", "InternalError: An internal error has occurred\n  REQUEST ID="),
        ("garbage", "EC2 answered with HTTP status 503."),
        ("cut", "EC2's answer was cut short or is none."),
    ] {
        with_fault(&subject, (authorize, kind, 1), add(), 502, message);
    }
    with_fault(&subject, (authorize, "throttle", 9), add(), 502, TOO_OFTEN);
    with_fault(&subject, (authorize, "throttle", 1), add(), 201, "");
    subject.check_all();
}

#[test]
fn an_ec2_that_is_slow_or_not_there() {
    let account = Account::on(STRICT);
    let ask = |url: &str, backend_timeout: Duration| {
        let ec2 = config::Ec2 { endpoints: vec![(None, url.to_owned())], ..config::Ec2::default() };
        let config = Config { driver: "ec2".into(), ec2, backend_timeout, ..Config::default() };
        Connection::to(listen(config, None)).send(Request::get("/api/firewalls/default").login(&account.login()))
    };
    account.fault("DescribeSecurityGroups", "hang", 1);
    let slow = ask(&account.url, Duration::from_millis(500)).expect(504);
    assert!(slow.message().contains("did not answer"), "{}", slow.body);
    let absent = ask("http://127.0.0.1:9", Duration::from_secs(30)).expect(502);
    assert_eq!(absent.message(), "EC2 could not be reached.");
}
