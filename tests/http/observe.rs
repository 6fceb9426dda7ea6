//! What operators see: ids of requests, the audit, health and figures.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::instance::Instance;
use crate::wire::{Connection, Request};

/// A `traceparent` as it should be.
pub const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn the_id_of_a_request_comes_back_and_is_in_the_log() {
    let instance = Instance::with(&[]);
    let answer = instance.send(Request::get("/api").header("X-Request-Id", "client-1.2:3/4")).expect(200);
    assert_eq!(answer.header("X-Request-Id"), Some("client-1.2:3/4"));
    let line = instance.logged(|line| line["request_id"] == "client-1.2:3/4");
    assert_eq!((&line["path"], &line["status"]), (&"/api".into(), &200.into()));
    // Failures have one as well.
    let answer = instance.send(Request::get("/nothing").header("X-Request-Id", "lost")).expect(404);
    assert_eq!(answer.header("X-Request-Id"), Some("lost"));
}

#[test]
fn an_id_that_could_do_harm_is_replaced_and_an_absent_one_made() {
    let instance = Instance::with(&[]);
    let mut seen = Vec::new();
    for sent in [None, Some(""), Some("a b"), Some("a\"b"), Some("<a>"), Some("\u{e9}"), Some(&*"x".repeat(129))] {
        let request = Request::get("/api");
        let request = match sent {
            Some(id) => request.header("X-Request-Id", id),
            None => request,
        };
        let id = instance.send(request).expect(200).header("X-Request-Id").unwrap().to_owned();
        assert!(id.len() == 36 && !seen.contains(&id), "{id}");
        instance.logged(|line| line["request_id"] == *id);
        seen.push(id);
    }
}

#[test]
fn a_trace_is_taken_up_and_a_bad_one_is_not() {
    let instance = Instance::with(&[]);
    let traced = |id: &str, trace: &str| {
        instance.send(Request::get("/api").header("X-Request-Id", id).header("traceparent", trace)).expect(200);
        instance.logged(|line| line["request_id"] == id)
    };
    let line = traced("good", TRACE);
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(line["parent_id"], "00f067aa0ba902b7");
    let later = traced("later", &TRACE.replacen("00", "01", 1).replace("-01", "-01-more"));
    assert_eq!(later["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    for (number, bad) in [
        "nonsense".to_owned(),
        TRACE.to_uppercase(),
        TRACE.replacen("00", "ff", 1),
        TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
        TRACE.replace("00f067aa0ba902b7", &"0".repeat(16)),
        TRACE.replace("-01", "-1"),
        format!("{TRACE}-more"),
        TRACE.replace("4bf9", "4bf"),
    ]
    .iter()
    .enumerate()
    {
        let line = traced(&format!("bad-{number}"), bad);
        assert!(line.get("trace_id").is_none() && line.get("parent_id").is_none(), "{bad}: {line}");
    }
}

/// The line of the audit that says what became of a change.
fn audit(instance: &Instance, of: &str) -> serde_json::Value {
    let is_last = |line: &serde_json::Value| line["message"] == "change" && line["result"] != "begun";
    instance.logged(|line| line["target"] == "deltawall::audit" && line["request_id"] == of && is_last(line))
}

const RULE_SET: &str = r#"{"rules":[{"allow_protocol":"tcp","port_from":22,"port_to":22,
    "sources":[{"type":"address","address":"10.0.0.0","prefix":8}]}]}"#;

#[test]
fn each_change_leaves_a_line_with_who_what_where_and_the_result() {
    let instance = Instance::with(&[]);
    let rule = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8&password=hunter2";
    let id = "393485797142~tcp~22~22~@address,ipv4,10.0.0.0,8";
    let on_n = [("firewall", "n")];
    let on_rule = [("firewall", "n"), ("rule", id)];
    for (number, (request, status, change, named, parameters, result)) in [
        (
            Request::post("/api/firewalls").form("name=n&description=d"),
            201,
            "create_firewall",
            &[][..],
            "name=n&description=d",
            "done",
        ),
        (
            Request::post("/api/firewalls/n/rules").form(rule),
            201,
            "create_rule",
            &on_n,
            "protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8",
            "done",
        ),
        (
            Request::new("PUT", "/api/firewalls/n/rules?direction=all").json(RULE_SET),
            200,
            "replace_rules",
            &on_n,
            "direction=all",
            "done",
        ),
        (Request::delete(&format!("/api/firewalls/n/{id}")), 204, "delete_rule", &on_rule, "", "done"),
        (Request::delete(&format!("/api/firewalls/n/{id}")), 404, "delete_rule", &on_rule, "", "failed"),
        (Request::delete("/api/firewalls/n"), 204, "delete_firewall", &on_n, "", "done"),
    ]
    .into_iter()
    .enumerate()
    {
        let of = format!("change-{number}");
        instance.send(request.on_mock().header("X-Request-Id", &of)).expect(status);
        let line = audit(&instance, &of);
        assert_eq!((&line["change"], &line["result"]), (&change.into(), &result.into()), "{line}");
        assert_eq!((&line["user"], &line["driver"]), (&"mockuser".into(), &"mock".into()));
        assert_eq!((&line["provider"], &line["peer"]), (&"default".into(), &"127.0.0.1".into()));
        for (name, value) in named {
            assert_eq!(line[name], *value, "{line}");
        }
        let seen = line.get("parameters").map_or("", |parameters| parameters.as_str().unwrap());
        assert_eq!(seen, parameters);
        assert_eq!(line.get("why").is_some(), result != "done", "{line}");
        // What is asked of a driver is said before.
        let log = instance.log();
        let is_of = |line: &&serde_json::Value| line["target"] == "deltawall::audit" && line["request_id"] == of;
        let lines: Vec<_> = log.iter().filter(is_of).collect();
        let [begun, ended] = lines[..] else { panic!("{lines:?}") };
        for (name, value) in begun.as_object().unwrap() {
            match name.as_str() {
                "timestamp" => {}
                "result" => assert_eq!(value, "begun"),
                _ => assert_eq!(*value, ended[name]),
            }
        }
    }
    // Looking is no change, and neither is what was refused before a driver was asked.
    instance.send(Request::get("/api/firewalls").on_mock().header("X-Request-Id", "look")).expect(200);
    instance.send(Request::post("/api/firewalls").on_mock().header("X-Request-Id", "bad")).expect(400);
    instance.send(Request::delete("/api/firewalls/test").header("X-Request-Id", "nobody")).expect(401);
    instance.logged(|line| line["request_id"] == "nobody");
    let audited = instance.log().into_iter().filter(|line| line["target"] == "deltawall::audit");
    assert!(audited.map(|line| line["request_id"].clone()).all(|id| id.as_str().unwrap().starts_with("change-")));
    let log = format!("{:?}", instance.log());
    for secret in ["mockpassword", "hunter2", "bW9ja3VzZXI6"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[test]
fn a_wrong_password_is_audited_without_it() {
    let instance = Instance::with(&[]);
    let request = Request::delete("/api/firewalls/test").header("Authorization", "Basic c2VjcmV0OmlzLXdyb25n");
    instance.send(request.header("X-Request-Id", "wrong")).expect(401);
    let line = audit(&instance, "wrong");
    assert_eq!((&line["user"], &line["result"]), (&"secret".into(), &"failed".into()));
    assert!(!format!("{:?}", instance.log()).contains("is-wrong"));
}

#[test]
fn a_failed_login_leaves_who_and_whence() {
    let instance = Instance::with(&[]);
    let login = |id: &str, user: &str| {
        let login = BASE64_STANDARD.encode(format!("{user}:hunter2"));
        let request = Request::get("/api/firewalls").login(&login).header("X-Request-Id", id);
        instance.send(request).expect(401);
        instance.logged(|line| line["message"] == "login" && line["request_id"] == id)
    };
    let line = login("wrong", "mallory");
    assert_eq!((&line["target"], &line["result"]), (&"deltawall::audit".into(), &"failed".into()));
    assert_eq!((&line["user"], &line["peer"]), (&"mallory".into(), &"127.0.0.1".into()));
    assert_eq!((&line["driver"], &line["provider"]), (&"mock".into(), &"default".into()));
    let line = login("long", &"é\n".repeat(1000));
    assert_eq!(line["user"].as_str().unwrap().chars().count(), 101, "{line}");
    // Who sends nothing has not tried, and who is let in is in the line of the request.
    instance.send(Request::get("/api/firewalls").header("X-Request-Id", "nobody")).expect(401);
    instance.send(Request::get("/api/firewalls").on_mock().header("X-Request-Id", "good")).expect(200);
    instance.logged(|line| line["request_id"] == "good");
    let log = instance.log();
    assert_eq!(log.iter().filter(|line| line["target"] == "deltawall::audit").count(), 2);
    assert!(!format!("{log:?}").contains("hunter2"));
}

#[test]
fn health_is_told_to_operators_alone() {
    let instance = Instance::with(&[]);
    assert_eq!(instance.admin("/healthz"), (200, "alive\n".into()));
    assert_eq!(instance.admin("/readyz"), (200, "ready\n".into()));
    assert_eq!(instance.admin("/metrics").0, 200);
    for path in ["/", "/api", "/api/firewalls", "/metrics/x"] {
        assert_eq!(instance.admin(path).0, 404);
    }
    for path in ["/healthz", "/readyz", "/metrics", "/api/metrics"] {
        instance.send(Request::get(path)).expect(404);
    }
}

#[test]
fn the_figures_count_requests_by_route_and_never_by_id() {
    let instance = Instance::with(&[]);
    let mut connection = instance.connect();
    connection.send(Request::get("/api/firewalls/test?format=json").on_mock()).expect(200);
    connection.send(Request::get("/api/firewalls/secret-id").on_mock()).expect(404);
    connection.send(Request::delete("/api/firewalls/secret-id/x-rule").on_mock()).expect(404);
    connection.send(Request::get("/secret/path").on_mock()).expect(404);
    connection.send(Request::new("INVENTED", "/api").on_mock()).expect(405);
    connection.send(Request::get("/api;driver=invented")).expect(400);
    connection.send(Request::get("/api;provider=secret-provider/firewalls").on_mock()).expect(200);
    connection.send(Request::get("/api/firewalls").on_fgcp()).expect(200);
    for (series, count) in [
        (r#"deltawall_requests_total{route="/api/firewalls/{id}",method="GET",status="200",driver="mock"}"#, 1.0),
        (r#"deltawall_requests_total{route="/api/firewalls/{id}",method="GET",status="404",driver="mock"}"#, 1.0),
        (
            r#"deltawall_requests_total{route="/api/firewalls/{id}/{rule}",method="DELETE",status="404",driver="mock"}"#,
            1.0,
        ),
        (r#"deltawall_requests_total{route="none",method="GET",status="404",driver="mock"}"#, 1.0),
        (r#"deltawall_requests_total{route="/api",method="other",status="405",driver="mock"}"#, 1.0),
        (r#"deltawall_requests_total{route="/api",method="GET",status="400",driver="mock"}"#, 1.0),
        (r#"deltawall_requests_total{route="/api/firewalls",method="GET",status="200",driver="fgcp"}"#, 1.0),
        (r#"deltawall_request_seconds_count{route="/api/firewalls/{id}",method="GET"}"#, 2.0),
        (r#"deltawall_request_seconds_bucket{le="+Inf",route="/api/firewalls/{id}",method="GET"}"#, 2.0),
        (r#"deltawall_driver_seconds_count{driver="mock",operation="list_firewalls"}"#, 1.0),
        (r#"deltawall_driver_seconds_count{driver="mock",operation="show_firewall"}"#, 2.0),
        ("deltawall_requests_under_way", 0.0),
        ("deltawall_connections", 1.0),
    ] {
        assert_eq!(instance.figure(series), Some(count), "{series} in\n{}", instance.admin("/metrics").1);
    }
    let (_, text) = instance.admin("/metrics");
    assert!(text.ends_with("# EOF\n"));
    for word in ["secret", "invented", "INVENTED", "test", "x-rule", "mockuser", "mockpassword"] {
        assert!(!text.contains(word), "{word} is in\n{text}");
    }
}

#[test]
fn a_body_that_is_too_large_is_counted() {
    let instance = Instance::with(&[]);
    instance.send(Request::post("/api/firewalls").on_mock().form(&"x".repeat(1024 * 1024 + 1))).expect(413);
    assert_eq!(instance.figure("deltawall_rejected_total{limit=\"body_size\"}"), Some(1.0));
}

#[test]
fn requests_under_way_are_counted_until_they_are_answered() {
    let instance = Instance::with(&[]);
    let mut connection: Connection = instance.connect();
    let request = Request::post("/api/firewalls").on_mock().form("name=n&description=d");
    let bytes = request.header("Expect", "100-continue").bytes();
    let (head, body) = bytes.split_at(bytes.len() - "name=n&description=d".len());
    connection.write(head);
    assert_eq!(connection.read(false).status, 100);
    crate::instance::eventually("it is under way", || {
        instance.figure("deltawall_requests_under_way").filter(|count| *count == 1.0)
    });
    connection.write(body);
    connection.read(true).expect(201);
    assert_eq!(instance.figure("deltawall_requests_under_way"), Some(0.0));
}
