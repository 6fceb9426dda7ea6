//! Operation with a real driver's cloud: whose credentials EC2 is asked with, and what its calls leave in the figures.

use std::process::Command;

use crate::emulator::{Account, STRICT};
use crate::instance::Instance;
use crate::server::{Server, program};
use crate::wire::Request;

pub fn ec2(url: &str, arguments: &[&str]) -> Command {
    let common = ["-p", "0", "--admin-listen", "0", "--log-format", "json", "-i", "ec2", "--ec2-endpoint"];
    let mut command = program(&[&common[..], &[url], arguments].concat());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    // Whoever asks for the role of this instance would wait for an answer that does not come.
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
    command
}

#[test]
fn ec2_is_asked_with_what_the_sdk_finds() {
    let account = Account::on(STRICT);
    let (key, secret) = account.keys_of("AKIAFULL");
    let mut command = ec2(&account.url, &["--ec2-credentials", "ambient", "--public-url", "http://gateway.test:3001"]);
    command.env("AWS_ACCESS_KEY_ID", &key).env("AWS_SECRET_ACCESS_KEY", &secret);
    let instance = Instance::spawn(command);
    instance.send(Request::post("/api/firewalls").form("name=ambient&description=d")).expect(201);
    // Whatever a client sends makes no difference.
    instance.send(Request::get("/api/firewalls/ambient").on_mock()).expect(200);
    instance.send(Request::delete("/api/firewalls/ambient")).expect(204);
    let seen = format!("{:?} {}", instance.log(), instance.admin("/metrics").1);
    assert!(!seen.contains(&key) && !seen.contains(&secret));
}

#[test]
fn where_the_sdk_finds_none_the_client_is_told_so() {
    let instance = Instance::spawn(ec2(
        &Account::on(STRICT).url,
        &["--ec2-credentials", "ambient", "--public-url", "http://gateway.test:3001"],
    ));
    let answer = instance.send(Request::get("/api/firewalls")).expect(502);
    assert!(answer.message().contains("credentials"), "{}", answer.body);
}

#[test]
fn each_call_to_ec2_is_counted() {
    let account = Account::on(STRICT);
    let instance = Instance::spawn(ec2(&account.url, &[]));
    let login = format!("Basic {}", account.login());
    instance.send(Request::get("/api/firewalls/default").header("Authorization", &login)).expect(200);
    instance.send(Request::get("/api/firewalls/none").header("Authorization", &login)).expect(404);
    instance.send(Request::get("/api/firewalls/default").header("Authorization", "Basic eDp5")).expect(401);
    let count = |call: &str, result: &str| {
        let series = format!(r#"deltawall_cloud_seconds_count{{driver="ec2",call="{call}",result="{result}"}}"#);
        instance.figure(&series)
    };
    assert_eq!(count("DescribeSecurityGroups", "done"), Some(1.0), "{}", instance.admin("/metrics").1);
    assert_eq!(count("DescribeSecurityGroups", "refused"), Some(2.0));
    let operation = r#"deltawall_driver_seconds_count{driver="ec2",operation="show_firewall"}"#;
    assert_eq!(instance.figure(operation), Some(3.0));
    assert_eq!(instance.figure(r#"deltawall_cloud_retries_total{driver="ec2"}"#), None);
}

#[test]
fn repeated_calls_are_counted_and_so_are_those_without_an_answer() {
    let account = Account::on(STRICT);
    let instance = Instance::spawn(ec2(&account.url, &["--backend-timeout", "2"]));
    let login = format!("Basic {}", account.login());
    let send = |request: Request| instance.send(request.header("Authorization", &login));
    let rule = |port: u32| {
        let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address=10.0.0.0/8");
        Request::post("/api/firewalls/default/rules").form(&rule).header("X-Request-Id", &format!("rule-{port}"))
    };
    let retries = || instance.figure(r#"deltawall_cloud_retries_total{driver="ec2"}"#);
    account.fault("DescribeSecurityGroups", "throttle", 1);
    send(Request::get("/api/firewalls/default")).expect(200);
    assert_eq!(retries(), Some(1.0));
    account.fault("AuthorizeSecurityGroupIngress", "throttle", 2);
    send(rule(1)).expect(201);
    assert_eq!(retries(), Some(3.0));

    account.fault("AuthorizeSecurityGroupIngress", "hang", 1);
    let answer = send(rule(2)).expect(504);
    assert!(answer.message().contains("in time") || answer.message().contains("unknown"), "{}", answer.body);
    let line = instance.logged(|line| line["request_id"] == "rule-2" && line["result"] == "unknown");
    assert_eq!(line["target"], "deltawall::audit");
    let unanswered =
        r#"deltawall_cloud_seconds_count{driver="ec2",call="AuthorizeSecurityGroupIngress",result="unanswered"}"#;
    crate::instance::eventually("the call is counted", || instance.figure(unanswered).filter(|count| *count == 1.0));
    assert_eq!(retries(), Some(3.0));
}

/// What becomes of the change is for the cloud to say, whom nobody listens to any more.
#[test]
fn a_change_that_is_cut_off_has_left_a_line() {
    for signals in [&["-KILL"][..], &["-TERM", "-TERM"]] {
        let account = Account::on(STRICT);
        let mut instance = Instance::spawn(ec2(&account.url, &[]));
        account.fault("CreateSecurityGroup", "hang", 1);
        let mut connection = instance.connect();
        let request = Request::post("/api/firewalls").form("name=cut&description=d").header("X-Request-Id", "cut");
        connection.write(&request.login(&account.login()).bytes());
        let line = instance.logged(|line| line["request_id"] == "cut" && line["result"] == "begun");
        assert_eq!(
            (&line["change"], &line["parameters"]),
            (&"create_firewall".into(), &"name=cut&description=d".into())
        );
        for signal in signals {
            instance.signal(signal);
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        assert_ne!(instance.child.wait().unwrap().code(), Some(0));
        assert!(!instance.log().iter().any(|line| line["result"] == "done" || line["result"] == "failed"));
    }
}

#[test]
fn keys_that_ec2_does_not_know_are_a_failed_login() {
    let account = Account::on(STRICT);
    let instance = Instance::spawn(ec2(&account.url, &[]));
    instance.send(Request::get("/api/firewalls").login("QUtJQU5PTkU6c2VjcmV0")).expect(401);
    let line = instance.logged(|line| line["message"] == "login");
    assert_eq!((&line["user"], &line["driver"]), (&"AKIANONE".into(), &"ec2".into()));
}

/// What is half done at the deadline is taken back, its client is told, and nobody changes the firewall meanwhile.
#[test]
fn a_replacement_that_runs_out_of_time_is_taken_back() {
    let account = Account::on(STRICT);
    let server = Server::with(&["-i", "ec2", "--ec2-endpoint", &account.url, "--backend-timeout", "2"]);
    let send = |request: Request| server.send(request.login(&account.login()).accept("application/json"));
    let put = |address: &str| {
        let source = format!(r#"[{{"type":"address","address":"{address}","prefix":32}}]"#);
        let rule = format!(r#"{{"allow_protocol":"tcp","port_from":22,"port_to":22,"sources":{source}}}"#);
        send(Request::new("PUT", "/api/firewalls/web/rules").json(&format!(r#"{{"rules":[{rule}]}}"#)))
    };
    send(Request::post("/api/firewalls").form("name=web&description=d")).expect(201);
    put("192.0.2.1").expect(200);
    account.fault("RevokeSecurityGroupIngress", "hang", 1);
    account.fault("RevokeSecurityGroupIngress", "throttle", 1);
    let told = put("192.0.2.2").expect(504);
    assert!(told.message().contains("could not be taken away, and the firewall is as it was."), "{}", told.message());
    let now = send(Request::get("/api/firewalls/web")).text();
    assert!(now.contains("192.0.2.1") && !now.contains("192.0.2.2"), "{now}");
}
