//! What goes over the wire, to the byte; and what is wrong with what is sent.

use serde_json::{Value, json};

use crate::vapix::client::{BETA, Device, LOGIN, V1, rule, set};
use crate::wire::{Answer, Connection, Request};

const DONE: &str = "{\n  \"status\": \"success\"\n}";

/// The error of an answer: its status, code and message.
fn error(answer: &Answer) -> (u16, i64, String) {
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["status", "error"]);
    assert_eq!(body["status"], "error");
    let error = body["error"].as_object().unwrap();
    assert_eq!(error.keys().collect::<Vec<_>>(), ["code", "message"]);
    (answer.status, error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
}

#[test]
fn the_example_of_a_trial() {
    let device = Device::new();
    device.activate(true).expect(200);
    let body = r#"{"data":{"rules":[{"ruleType":"FILTER","ip":"192.168.1.0/20","tcpPort":80,"filter":{"policy":"DROP"}}],"fallbackTime":30,"defaultPolicy":"ACCEPT"}}"#;
    let answer = device.send(Request::post(&format!("{V1}/conf/setRules")).json(body)).expect(200);
    assert_eq!(answer.body, DONE);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let rule = r#"
      {
        "filter": {
          "policy": "DROP"
        },
        "ip": "192.168.1.0/20",
        "ipRange": null,
        "limit": null,
        "mac": null,
        "pktType": null,
        "port": null,
        "portRange": null,
        "ruleType": "FILTER",
        "tcpPort": 80,
        "udpPort": null
      }
    "#;
    let rules = format!("[{rule}]", rule = rule.trim_end_matches(' '));
    let rules = rules.replace("\n]", "\n    ]");
    let shown = device.send(Request::get(&format!("{V1}/conf/rules"))).expect(200).body;
    let expected = format!(
        "{{\n  \"status\": \"success\",\n  \"data\": {{\n    \"activeDefaultPolicy\": \"ACCEPT\",\n    \"activeRules\": {rules},\n    \
         \"pendingDefaultPolicy\": \"ACCEPT\",\n    \"pendingRules\": {rules},\n    \"testTimeLeft\": 30\n  }}\n}}"
    );
    assert_eq!(shown, expected);
    for (path, value) in
        [("activeDefaultPolicy", "\"ACCEPT\""), ("pendingDefaultPolicy", "\"ACCEPT\""), ("testTimeLeft", "30")]
    {
        let shown = device.send(Request::get(&format!("{V1}/conf/rules/{path}"))).expect(200).body;
        assert_eq!(shown, format!("{{\n  \"status\": \"success\",\n  \"data\": {value}\n}}"));
    }
    let beta = device.send(Request::get(&format!("{BETA}/conf/rules"))).expect(200).json();
    let rule = json!({"filter": {"policy": "DROP"}, "ip": "192.168.1.0/20", "ruleType": "FILTER", "tcpPort": 80, "udpPort": null});
    assert_eq!(beta["data"]["activeRules"], json!([rule]));
    for name in ["activeDefaultPolicy", "pendingDefaultPolicy", "pendingRules", "testTimeLeft"] {
        assert_eq!(beta[name], beta["data"][name], "{name}");
    }
    assert_eq!(beta.as_object().unwrap().len(), 6);
}

#[test]
fn with_nothing_pending_there_is_nothing() {
    let device = Device::new();
    let shown = device.send(Request::get(&format!("{V1}/conf"))).expect(200).body;
    let rules = "\"activeDefaultPolicy\": \"ACCEPT\",\n      \"activeRules\": [],\n      \"pendingDefaultPolicy\": null,\n      \
                 \"pendingRules\": [],\n      \"testTimeLeft\": 0\n    }\n";
    let expected = format!("{{\n  \"status\": \"success\",\n  \"data\": {{\n    \"rules\": {{\n      {rules}  }}\n}}");
    assert_eq!(shown, expected);
    let all = device.send(Request::get("/config/rest/$all")).expect(200).json();
    assert_eq!(all["data"], json!({ "firewall.v1": device.get("") }));
    assert_eq!(device.get("?recursive=true"), device.get(""));
    assert_eq!(device.get("?recursive=false"), json!({ "activated": false }));
    assert_eq!(device.get("/conf?recursive=false"), json!({}));
    assert_eq!(device.get("/"), device.get(""));
    device.send(Request::get("/config/rest/$export")).expect(404);
}

#[test]
fn rules_come_back_as_they_were_sent() {
    let device = Device::new();
    let rules = json!([
        {"ruleType": "FILTER", "filter": {"policy": "DROP"}, "ip": "192.168.1.0/20"},
        {"ruleType": "FILTER", "filter": {"policy": "DROP"}, "ip": "192.168.1.0/20"},
        {"ruleType": "FILTER", "filter": {"policy": "ACCEPT"}, "ip": "2001:DB8:0::1/32", "tcpPort": null},
        {"ruleType": "FILTER", "filter": {"policy": "ACCEPT"}, "mac": "00-1b-63-84-45-E6", "port": {"portNum": 443, "portType": "BOTH"}},
        {"ruleType": "FILTER", "filter": {"policy": "ACCEPT"}, "ipRange": {"end": "192.168.2.128", "start": "192.168.2.10"}},
        {"ruleType": "LIMIT", "limit": {"amount": 20, "burst": 10, "period": "MINUTE", "unit": "NEWCONNECTIONS"}, "udpPort": 161},
        {"ruleType": "LIMIT", "limit": {"amount": 1, "burst": 1, "period": "DAY", "unit": "PACKETS"}, "pktType": "BROADCAST",
         "portRange": {"end": 162, "portType": "UDP", "start": 161}},
        {"ruleType": "FILTER", "filter": {"policy": "DROP"}},
    ]);
    let body = json!({ "data": { "rules": rules, "fallbackTime": 0, "defaultPolicy": "ACCEPT" } });
    for activated in [false, true] {
        device.activate(activated).expect(200);
        device.write("POST", "/conf/setRules", &body).expect(200);
        let shown = device.get("/conf/rules/activeRules");
        for (shown, sent) in shown.as_array().unwrap().iter().zip(rules.as_array().unwrap()) {
            assert_eq!(shown.as_object().unwrap().len(), 11);
            for (name, value) in shown.as_object().unwrap() {
                assert_eq!(value, sent.get(name).unwrap_or(&Value::Null), "{name}");
            }
        }
        assert_eq!(shown.as_array().unwrap().len(), 8);
    }
    // In v1beta nothing is hidden that was set through v1.
    let beta = device.by(BETA);
    let rule = &beta.get("/conf/rules/activeRules")[3];
    let members = ["filter", "ip", "mac", "port", "ruleType", "tcpPort", "udpPort"];
    assert_eq!(rule.as_object().unwrap().keys().collect::<Vec<_>>(), members);
    let both = json!({"ruleType": "FILTER", "filter": {"policy": "ACCEPT"}, "tcpPort": 80, "udpPort": 161});
    let set = json!({ "data": { "rules": [both], "fallbackTime": 0, "defaultPolicy": "DROP" } });
    beta.write("PATCH", "/conf/setRules", &set).expect(200);
    assert_eq!(beta.in_force().len(), 2);
    assert_eq!(error(&beta.by(V1).write("PATCH", "/conf/setRules", &set)).1, 103);
}

#[test]
fn methods() {
    let device = Device::new();
    let body = json!({ "data": true }).to_string();
    for (method, path, status) in [
        ("PATCH", "/config/rest/firewall/v1/activated", 200),
        ("PUT", "/config/rest/firewall/v1beta/activated", 200),
        ("POST", "/config/rest/firewall/v1/activated", 405),
        ("DELETE", "/config/rest/firewall/v1/activated", 405),
        ("PATCH", "/config/rest/firewall/v1beta", 405),
        ("PATCH", "/config/rest/firewall/v1/conf", 405),
        ("PATCH", "/config/rest/firewall/v1/conf/rules/activeRules", 405),
        ("GET", "/config/rest/firewall/v1/conf/setRules", 405),
        ("PATCH", "/config/rest/firewall/v1/Activated", 404),
        ("PATCH", "/config/rest/firewall/v2/activated", 404),
        ("GET", "/config/rest/other/v1", 404),
    ] {
        let answer = device.send(Request::new(method, path).json(&body));
        assert_eq!(answer.status, status, "{method} {path}");
        match status {
            404 => assert_eq!(error(&answer), (404, 1, format!("Resource not found: {path}"))),
            405 => {
                assert_eq!(error(&answer).1, 1);
                assert!(error(&answer).2.starts_with("Resource not found: "));
                assert!(answer.header("Allow").is_some());
            }
            _ => assert_eq!(answer.body, DONE),
        }
    }
    for api in [V1, BETA] {
        for method in ["POST", "PATCH", "PUT"] {
            for body in ["{}", "", "{\"data\":{}}"] {
                for action in ["confirmRules", "clearPendingRules"] {
                    let path = format!("{api}/conf/{action}");
                    assert_eq!(device.send(Request::new(method, &path).json(body)).expect(200).body, DONE, "{body}");
                }
            }
            let path = format!("{api}/conf/setRules");
            device.send(Request::new(method, &path).json(&set(&["10.0.0.1"], 0).to_string())).expect(200);
        }
    }
    for method in ["PATCH", "PUT"] {
        device.send(Request::new(method, V1).json("{\"data\":{\"activated\":false}}")).expect(200);
    }
    assert_eq!(device.get("/activated"), false);
    let root = device.get("");
    // What was read may be written back, with what cannot be set.
    let back = json!({ "data": root });
    assert_eq!(device.send(Request::new("PUT", V1).json(&back.to_string())).expect(200).body, DONE);
    assert_eq!(error(&device.send(Request::new("PUT", V1).json("{\"data\":{}}"))).1, 5);
    assert_eq!(device.send(Request::new("PATCH", V1).json("{\"data\":{}}")).expect(200).body, DONE);
}

#[test]
fn booleans_may_be_in_quotes_in_v1beta_alone() {
    let device = Device::new();
    let quoted = json!({ "data": "true" });
    let told = error(&device.write("PATCH", "/activated", &quoted));
    let expected =
        r#"Validation error: Trying to set 'activated' with invalid data: "true" is not of type "boolean" (path: )"#;
    assert_eq!(told, (400, 5, expected.to_owned()));
    let beta = device.by(BETA);
    beta.write("PATCH", "/activated", &quoted).expect(200);
    assert_eq!(beta.get("/activated"), true);
    assert_eq!(error(&beta.write("PATCH", "/activated", &json!({ "data": "yes" }))).1, 5);
}

#[test]
fn what_is_no_json() {
    let device = Device::new();
    let send = |path: &str, media_type: Option<&str>, body: &str| {
        let request = Request::post(path).body(media_type.unwrap_or("x"), body);
        error(&device.send(if media_type.is_none() { request.without("Content-Type") } else { request }))
    };
    let path = |api: &str| format!("{api}/conf/setRules");
    let good = set(&["10.0.0.1"], 0).to_string();
    let (status, code, message) = send(&path(V1), Some("application/x-www-form-urlencoded"), &good);
    assert_eq!((status, code), (400, 11));
    assert_eq!(message, "Bad content type: application/x-www-form-urlencoded");
    assert_eq!(send(&path(BETA), None, &good).1, 11);
    let without = Request::post(&path(V1)).body("x", good.as_str()).without("Content-Type");
    device.send(without).expect(200);
    device.send(Request::post(&path(BETA)).body("Application/JSON; charset=utf-8", good.as_str())).expect(200);
    for body in
        ["", "{", "[", "{\"data\":", "\u{feff}{}", "{\"data\":{}}x", "nul", "\"\\ud800\"", "{\"data\":1,\"data\":2}"]
    {
        let (status, code, message) = send(&path(V1), Some("application/json"), body);
        assert_eq!((status, code), (400, 5), "{body}");
        assert!(message.starts_with("Validation error: "), "{message}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(send(&path(V1), Some("application/json"), &deep).1, 5);
}

#[test]
fn what_is_wrong_with_rules_is_told_and_changes_nothing() {
    let device = Device::new();
    device.activate(true).expect(200);
    device.set(&["10.0.0.1"], 0).expect(200);
    let before = device.state();
    let with = |member: &str, value: Value| {
        let mut bad = rule("10.0.0.2");
        bad[member] = value;
        bad
    };
    let of = |text: &str| format!("Validation error: Trying to set 'setRules' with invalid data: {text}");
    let limit = |limit: Value| json!({ "ruleType": "LIMIT", "limit": limit });
    let port_range = |start: u16, end: u16| json!({ "start": start, "end": end, "portType": "TCP" });
    let cases: Vec<(Value, i64, String)> = vec![
        (with("tcpPort", json!(70_000)), 5, of("70000 is greater than the maximum of 65535 (path: /rules/1/tcpPort)")),
        (with("tcpPort", json!(0)), 5, of("0 is less than the minimum of 1 (path: /rules/1/tcpPort)")),
        (with("tcpPort", json!("80")), 5, String::new()),
        (with("tcpPort", json!(80.5)), 5, String::new()),
        (with("tcpport", json!(80)), 5, String::new()),
        (
            with("filter", json!({ "policy": "ALLOW" })),
            5,
            of("\"ALLOW\" is not one of \"DROP\" or \"ACCEPT\" (path: /rules/1/filter/policy)"),
        ),
        (with("filter", json!({ "policy": "DROP", "extra": 1 })), 5, String::new()),
        (with("filter", json!({})), 5, of("\"policy\" is a required property (path: /rules/1/filter)")),
        (with("ruleType", json!("NAT")), 5, String::new()),
        (with("ruleType", Value::Null), 5, String::new()),
        (json!({ "filter": { "policy": "DROP" } }), 5, of("\"ruleType\" is a required property (path: /rules/1)")),
        (with("mac", json!("00:1B:63:84:45")), 5, String::new()),
        (with("mac", json!("00:1B-63:84:45:E6")), 5, String::new()),
        (with("pktType", json!("unicast")), 5, String::new()),
        (json!("DROP"), 5, String::new()),
        (limit(json!({ "amount": 0, "burst": 1, "period": "MINUTE", "unit": "PACKETS" })), 5, String::new()),
        (limit(json!({ "amount": 1, "burst": 1, "period": "WEEK", "unit": "PACKETS" })), 5, String::new()),
        (limit(json!({ "amount": 1, "period": "DAY", "unit": "PACKETS" })), 5, String::new()),
        (with("ip", json!("")), 100, "Invalid IP address".into()),
        (with("ip", json!("host.example")), 100, "Invalid IP address".into()),
        (with("ip", json!("10.0.0.1/33")), 100, String::new()),
        (with("ip", json!("10.0.0.01")), 100, String::new()),
        (with("ip", json!("10.0.0.1-10.0.0.2")), 100, String::new()),
        (with("ip", json!("10.0.0.*")), 100, String::new()),
        (with("ip", json!("fe80::1%eth0")), 100, String::new()),
        (with("ip", json!("2001:db8::/129")), 100, String::new()),
        (with("ipRange", json!({ "start": "x", "end": "10.0.0.1" })), 100, String::new()),
        (with("ipRange", json!({ "start": "10.0.0.2", "end": "10.0.0.1" })), 101, "Invalid IP address range.".into()),
        (with("ipRange", json!({ "start": "10.0.0.2", "end": "::1" })), 101, String::new()),
        (with("portRange", port_range(2, 1)), 104, "Invalid port range.".into()),
        (with("ipRange", json!({ "start": "10.0.0.2", "end": "10.0.0.3" })), 103, "Invalid request.".into()),
        (json!({ "ruleType": "FILTER" }), 103, String::new()),
        (json!({ "ruleType": "LIMIT", "filter": { "policy": "DROP" } }), 103, String::new()),
        (with("limit", json!({ "amount": 1, "burst": 1, "period": "DAY", "unit": "PACKETS" })), 103, String::new()),
        (
            {
                let mut two = with("tcpPort", json!(80));
                two["port"] = json!({ "portNum": 80, "portType": "UDP" });
                two
            },
            103,
            String::new(),
        ),
        (
            {
                let mut two = with("mac", json!("00:1B:63:84:45:E6"));
                two["pktType"] = json!("UNICAST");
                two
            },
            103,
            String::new(),
        ),
        // The first that is wrong with a rule is told: an address before ports, ports before what goes together.
        (
            {
                let mut all = with("ip", json!("x"));
                all["portRange"] = port_range(2, 1);
                all
            },
            100,
            String::new(),
        ),
    ];
    for (bad, code, message) in cases {
        let rules = json!([rule("10.0.0.3"), bad, rule("10.0.0.4")]);
        let body = json!({ "data": { "rules": rules, "fallbackTime": 30, "defaultPolicy": "DROP" } });
        let told = error(&device.write("POST", "/conf/setRules", &body));
        assert_eq!((told.0, told.1), (400, code), "{bad}: {}", told.2);
        assert!(told.2.starts_with(&message), "{bad}: {}", told.2);
        assert_eq!(device.state(), before, "{bad}");
    }
}

#[test]
fn what_is_wrong_with_what_is_set_is_told_and_changes_nothing() {
    let device = Device::new();
    device.activate(true).expect(200);
    let before = device.state();
    let of = |text: &str| format!("Validation error: Trying to set 'setRules' with invalid data: {text}");
    for (data, message) in [
        (json!({ "fallbackTime": 0, "defaultPolicy": "DROP" }), of("\"rules\" is a required property (path: )")),
        (json!({ "rules": [], "defaultPolicy": "DROP" }), of("\"fallbackTime\" is a required property (path: )")),
        (json!({ "rules": [], "fallbackTime": 0 }), of("\"defaultPolicy\" is a required property (path: )")),
        (json!({ "rules": null, "fallbackTime": 0, "defaultPolicy": "DROP" }), of("null is not of type \"array\"")),
        (json!({ "rules": [], "fallbackTime": -1, "defaultPolicy": "DROP" }), of("-1 is less than the minimum of 0")),
        (
            json!({ "rules": [], "fallbackTime": 2_147_483_648u64, "defaultPolicy": "DROP" }),
            of("2147483648 is greater"),
        ),
        (json!({ "rules": [], "fallbackTime": 1.5, "defaultPolicy": "DROP" }), of("1.5 is not of type \"integer\"")),
        (json!({ "rules": [], "fallbackTime": "0", "defaultPolicy": "DROP" }), of("\"0\" is not of type \"integer\"")),
        (json!({ "rules": [], "fallbackTime": 0, "defaultPolicy": "drop" }), of("\"drop\" is not one of")),
        (
            json!({ "rules": [], "fallbackTime": 0, "defaultPolicy": "DROP", "x": 1 }),
            of("Additional properties are not allowed"),
        ),
        (json!([]), of("[] is not of type \"object\"")),
        (Value::Null, of("null is not of type \"object\"")),
    ] {
        let told = error(&device.write("POST", "/conf/setRules", &json!({ "data": data })));
        assert_eq!((told.0, told.1), (400, 5), "{data}");
        assert!(told.2.starts_with(&message), "{}", told.2);
    }
    let missing = error(&device.write("POST", "/conf/setRules", &json!({})));
    assert_eq!(missing.2, of("\"data\" is a required property (path: )"));
    assert_eq!(error(&device.write("POST", "/conf/setRules", &json!([]))).1, 5);
    assert_eq!(device.state(), before);
    let whole = json!({ "rules": [], "fallbackTime": 30.0, "defaultPolicy": "DROP" });
    device.write("POST", "/conf/setRules", &json!({ "data": whole })).expect(200);
    assert_eq!(device.state().left, 30);
}

#[test]
fn members_that_are_not_known_are_an_error_where_they_are_to_be() {
    let device = Device::new();
    let body = json!({ "data": { "activated": true, "x": 1 }, "y": 2 });
    device.write("PATCH", "", &body).expect(200);
    assert_eq!(error(&device.write("PATCH", "?strict=true", &body)).1, 5);
    assert_eq!(error(&device.write("PATCH", "?strict=true", &json!({ "data": { "x": 1 } }))).1, 5);
    device.write("POST", "/conf/confirmRules", &json!({ "data": { "x": 1 } })).expect(200);
    assert_eq!(error(&device.write("POST", "/conf/confirmRules?strict=true", &json!({ "data": { "x": 1 } }))).1, 5);
    assert_eq!(error(&device.write("POST", "/conf/confirmRules?strict=yes", &json!({}))).1, 5);
    let mut more = set(&["10.0.0.1"], 0);
    more["z"] = json!(1);
    device.write("POST", "/conf/setRules?strict=false", &more).expect(200);
}

#[test]
fn what_is_too_large() {
    let device = Device::new();
    let large = format!("{{\"data\":{{}},\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    let answer = device.send(Request::post(&format!("{V1}/conf/confirmRules")).json(&large));
    assert_eq!((error(&answer).0, error(&answer).1), (413, 5));
    let long = format!("{V1}/conf?x={}", "x".repeat(8 * 1024));
    assert_eq!(error(&device.send(Request::get(&long))).0, 414);
    // Whoever is unknown is told that first, and goes on with the connection.
    let mut connection = Connection::to(device.address);
    connection.send(Request::post(&format!("{V1}/conf/confirmRules")).json(&large)).expect(401);
    connection.send(Request::get(V1).login(LOGIN)).expect(200);
}

#[test]
fn a_page_of_another_site_does_nothing() {
    let device = Device::new();
    let request = Request::new("PATCH", &format!("{V1}/activated")).json("{\"data\":true}");
    let answer = device.send(request.header("Origin", "http://evil.example"));
    assert_eq!(error(&answer), (401, 3, "Unauthorized".into()));
    assert_eq!(device.get("/activated"), false);
}
