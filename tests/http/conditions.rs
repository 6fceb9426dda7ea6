//! What rules of a host can say that those of clouds cannot, and what becomes of a packet.

use serde_json::{Value, json};

use crate::server::Server;
use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, MOCK_LOGIN, Request};

on_each_driver! {
    what_only_hosts_can_say_is_refused_by_name,
    one_port_or_range_needs_no_list,
}

const BASE: &str = "protocol=tcp&ip_address1=10.0.0.0/8";

fn on_host(server: &Server, request: Request) -> Answer {
    server.send(request.login(MOCK_LOGIN).header("X-Deltacloud-Driver", "mock-nftables").accept("application/json"))
}

fn add(server: &Server, rule: &str) -> Answer {
    on_host(server, Request::post("/api/firewalls/lab/rules").form(rule))
}

fn what_only_hosts_can_say_is_refused_by_name(subject: &Subject) {
    subject.create("web");
    let driver = subject.driver;
    for (parameters, what) in [
        ("port_from=1&port_to=1&rule_action=reject", "make rules that reject"),
        ("port_from=1&port_to=1&log_prefix=x", "log what a rule matches"),
        ("ports=80,443", "make rules with lists of ports"),
        ("port_from=1&port_to=1&interface=eth0", "make rules for an interface"),
        ("port_from=1&port_to=1&states=new", "make rules for states of connections"),
        ("port_from=1&port_to=1&limit=20/minute", "make rules with a limit"),
        ("port_from=1&port_to=1&mac=00:1b:63:84:45:e6", "make rules for a MAC address"),
        ("port_from=1&port_to=1&packet_type=unicast", "make rules for a type of packets"),
        ("port_from=1&port_to=1&ip_address2=192.0.2.1-192.0.2.9", "make rules with ranges of addresses as sources"),
        ("port_from=1&port_to=1&position=1", "put a rule before others, since their order does not matter"),
    ] {
        let refused = subject.send(Request::post("/api/firewalls/web/rules").form(&format!("{BASE}&{parameters}")));
        assert_eq!(refused.expect(501).message(), format!("The {driver} driver cannot {what}."));
    }
}

fn one_port_or_range_needs_no_list(subject: &Subject) {
    subject.create("web");
    let answer =
        subject.send(Request::post("/api/firewalls/web/rules").form(&format!("{BASE}&ports=80-90&position=last")));
    assert!(answer.expect(201).body.contains("<port_from>80</port_from>\n      <port_to>90</port_to>"));
    subject
        .send(Request::post("/api/firewalls/web/rules").json(r#"{"protocol":"udp","ports":53,"ip_address":"::/0"}"#))
        .expect(201);
}

#[test]
fn a_hosts_rule_says_all_that_it_was_asked_to_and_can_be_sent_back() {
    let server = Server::start();
    let rule = "protocol=tcp-udp&ports=80,443,8000-8010&ip_address1=10.0.0.1-10.0.0.9,2001:db8::/32&rule_action=reject&log_prefix=web:+\
                &interface=eth0&states=New,established&limit=beyond+20/minute&mac=00-1B-63-84-45-E6&packet_type=unicast&position=1";
    let shown = add(&server, rule).expect(201).json()["firewall"]["rules"][0].clone();
    let mut expected = json!({
        "position": 1,
        "allow_protocol": "tcp-udp",
        "ports": "80,443,8000-8010",
        "sources": [
            { "type": "range", "family": "ipv4", "first": "10.0.0.1", "last": "10.0.0.9" },
            { "type": "address", "family": "ipv6", "address": "2001:db8::", "prefix": "32" },
        ],
        "direction": "ingress",
        "rule_action": "reject",
        "log_rule": true,
        "log_prefix": "web: ",
        "interface": "eth0",
        "states": "new,established",
        "limit": "beyond 20/minute",
        "mac": "00:1b:63:84:45:e6",
        "packet_type": "unicast",
    });
    expected["id"] = shown["id"].clone();
    assert_eq!(shown, expected);
    let put = |media_type: &str, body: String| {
        on_host(&server, Request::new("PUT", "/api/firewalls/lab/rules").body(media_type, body)).expect(200)
    };
    let json = on_host(&server, Request::get("/api/firewalls/lab")).expect(200).body;
    let xml = on_host(&server, Request::get("/api/firewalls/lab?format=xml")).expect(200);
    insta::assert_snapshot!("rule_of_a_host", without_ids(&xml.body));
    for (media_type, body) in [("application/json", json.clone()), ("application/xml", xml.body)] {
        assert_eq!(put(media_type, body).body, json);
    }
}

/// The text with zeros for the ids of rules.
fn without_ids(text: &str) -> String {
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let is_id = |part: &str| part.len() >= 36 && part.bytes().take(36).all(is_hex) && part.as_bytes()[8] == b'-';
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if is_id(rest) { 36 } else { first.len_utf8() };
        plain.push_str(if length == 36 { "ID" } else { &rest[..length] });
        rest = &rest[length..];
    }
    plain
}

#[test]
fn what_a_host_cannot_be_asked_is_said_of_its_parameter() {
    let server = Server::start();
    for (parameters, message) in [
        (
            "ports=80&port_from=80",
            "Parameter 'ports' stands in the place of port_from and port_to: leave out one or the other.",
        ),
        ("ports=80,x", "Parameter 'ports' has 'x', which is neither a port nor a range such as 8000-8010."),
        ("ports=80,", "Parameter 'ports' has '', which is neither a port nor a range such as 8000-8010."),
        ("ports=90-80", "Parameter 'ports': the port range 90 to 80 ends before it starts."),
        ("ports=65536", "Parameter 'ports': port 65536 is not between 0 and 65535."),
        ("ports=1&log_rule=false&log_prefix=x", "Parameter 'log_prefix' goes with log_rule=true."),
        (
            "ports=1&states=open",
            "Parameter 'states' has 'open', which is not a list of connection states: one or more of new, established, related.",
        ),
        ("ports=1&mac=1", "Parameter 'mac' has '1', which is not a MAC address, such as 00:1b:63:84:45:e6."),
        ("ports=1&packet_type=any", "Parameter 'packet_type' is 'any', and not one of unicast, broadcast, multicast."),
        ("ports=1&position=0", "Parameter 'position' has '0', which is neither a place, the first being 1, nor last."),
        (
            "ports=1&ip_address2=10.0.0.9-10.0.0.1",
            "Parameter 'ip_address2' has '10.0.0.9-10.0.0.1', which ends before it starts.",
        ),
        (
            "ports=1&states=established&limit=1/day+of+new+connections",
            "The rule contradicts itself: a limit of new connections never applies to a rule for other states.",
        ),
    ] {
        assert_eq!(add(&server, &format!("{BASE}&{parameters}")).expect(400).message(), message);
    }
    let long = format!("{BASE}&ports=1&log_prefix={}", "x".repeat(65));
    assert_eq!(add(&server, &long).expect(400).message(), "Parameter 'log_prefix' is longer than 64 bytes.");
    let icmp = add(&server, "protocol=icmp&ports=8&ip_address=10.0.0.0/8").expect(400).message();
    assert_eq!(icmp, "Parameter 'ports' goes with protocols that have ports.");
    let lab = on_host(&server, Request::get("/api/firewalls/lab")).expect(200).json();
    assert_eq!(lab["firewall"]["rules"], json!([]));
}

#[test]
fn a_firewall_tells_what_becomes_of_a_packet() {
    let server = Server::start();
    let explain = |packet: &str| {
        let target = format!("/api/firewalls/web?explain={}", packet.replace(' ', "+"));
        on_host(&server, Request::get(&target)).expect(200).json()["explanation"].clone()
    };
    for (packet, verdict, position) in [
        ("tcp/443 from 203.0.113.9", "accept", Some(3)),
        ("tcp/80 from 2001:db8::1", "deny", Some(5)),
        ("tcp/25 to 198.51.100.1", "reject", Some(4)),
        ("udp/53 to 198.51.100.1", "left", None),
    ] {
        let explanation = explain(packet);
        assert_eq!(explanation["verdict"], verdict, "{packet}");
        let rule = explanation.get("rule").map(|rule| rule["position"].clone());
        assert_eq!(rule, position.map(|position: u32| json!(position)), "{packet}");
        assert_eq!(explanation.get("default"), position.is_none().then_some(&Value::Bool(true)), "{packet}");
    }
    let on_mock = |query: &str| server.send(Request::get(&format!("/api/firewalls/default?{query}")).on_mock());
    let xml = on_mock("explain=tcp/80+from+192.0.2.1&format=xml").expect(200).body;
    assert!(
        xml.ends_with("<explanation>\n  <verdict>deny</verdict>\n  <default>true</default>\n</explanation>\n"),
        "{xml}"
    );
    let page = on_mock("explain=tcp/22+from+87.228.192.251&format=html").expect(200).body;
    assert!(page.contains("accept</span> by the rule"), "{page}");
    let wrong = on_mock("explain=tcp+from+10.0.0.0/8&format=json").expect(400).message();
    assert!(wrong.starts_with("Parameter 'explain' has 'tcp from 10.0.0.0/8', which is not one packet"), "{wrong}");
}

#[test]
fn a_firewall_tells_who_stands_behind_it() {
    let server = Server::start();
    let members = |target: &str| on_host(&server, Request::get(target));
    let json = members("/api/firewalls/web?members=true").expect(200).json();
    assert_eq!(
        json["firewall"]["members"][0],
        json!({ "id": "web1", "name": "First web server", "addresses": ["192.168.3.11", "2001:db8:3::11"], "state": "running" })
    );
    let xml = members("/api/firewalls/web?members=true&format=xml").expect(200).body;
    assert!(xml.contains(
        "  <members>\n    <member id='web1'>\n      <name><![CDATA[First web server]]></name>\n      <addresses>"
    ));
    assert!(members("/api/firewalls/web?members=false").expect(200).json()["firewall"].get("members").is_none());
    members("/api/firewalls/web?members=x").expect(400);
    members("/api/firewalls/absent?members=true").expect(404);
}
