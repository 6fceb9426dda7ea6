//! The parameters of a POST: where they come from, and what they make.

use insta::assert_snapshot;
use serde_json::Value;

use crate::server::Server;
use crate::wire::{Answer, Request};

const RULES: &str = "/api/firewalls/new_firewall/rules";

fn rules(query: &str) -> Request {
    Request::post(&format!("{RULES}?format=json&{query}")).on_mock()
}

/// The sources of the one rule that was made.
#[track_caller]
fn sources(answer: Answer) -> Vec<String> {
    let json = answer.expect(201).json();
    let [rule] = &json["firewall"]["rules"].as_array().unwrap()[..] else { panic!("{json}") };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let source = |source: &Value| match text(&source["type"]).as_str() {
        "group" => format!("{}:{}", text(&source["owner"]), text(&source["name"])),
        _ => format!("{}/{}", text(&source["address"]), text(&source["prefix"])),
    };
    rule["sources"].as_array().unwrap().iter().map(source).collect()
}

#[test]
fn every_kind_of_body_makes_the_same_firewall() {
    let target = "/api/firewalls?format=json";
    let made = [
        Request::post("/api/firewalls?name=a+b&description=c%20%26+d&format=json"),
        // The Ruby client says nothing of an empty body, and others say it is a form.
        Request::post("/api/firewalls?name=a%20b&description=c+%26%20d&format=json").form(""),
        Request::post("/api/firewalls?name=a%20b&description=c+%26%20d&format=json").body("text/plain", ""),
        Request::post(target).form("name=a+b&description=c+%26+d"),
        Request::post(target).body("application/x-www-form-urlencoded; charset=UTF-8", "name=a+b&description=c+%26+d"),
        Request::post(target).multipart(&[("name", "a b"), ("description", "c & d")]),
        Request::post(target).json(r#"{"name": "a b", "description": "c & d"}"#),
        Request::post("/api/firewalls?format=json&name=a+b").form("description=c+%26+d"),
        Request::post("/api/firewalls?format=json&name=x&description=y").form("name=a+b&description=c+%26+d"),
        Request::post("/api/firewalls?format=json&name=x&name=a+b&description=c+%26+d"),
    ]
    .map(|request| Server::start().send(request.on_mock()).expect(201));
    for answer in &made {
        assert_eq!(answer.text(), made[0].text());
    }
    assert_snapshot!(made[0].text());
}

#[test]
fn required_parameters_are_missed_in_the_words_that_clients_know() {
    let server = Server::start();
    for (query, message) in [
        ("description=d", "Required parameter 'name' not found in [description]"),
        ("name=n", "Required parameter 'description' not found in [name]"),
        ("", "Required parameter 'name' not found in []"),
        ("description=d&x=y&description=e", "Required parameter 'name' not found in [description,x]"),
        ("name=&description=d", "Parameter 'name' must not be blank."),
        ("name=+&description=d", "Parameter 'name' must not be blank."),
        ("name=n&description=", "Parameter 'description' must not be blank."),
        ("name=a%00b&description=d", "Parameter 'name' must not contain control characters."),
        ("name=n&description=a%0D%0Ab", "Parameter 'description' must not contain control characters."),
        ("name=%ff&description=d", "A parameter of the request is not UTF-8."),
    ] {
        let answer = server.send(Request::post("/api/firewalls").on_mock().form(query)).expect(400);
        assert_eq!(answer.message(), message);
    }
    for format in ["xml", "json"] {
        let request = Request::post(&format!("/api/firewalls?format={format}")).on_mock().form("description=d");
        assert_snapshot!(format!("missing-{format}"), server.send(request).text());
    }
}

#[test]
fn addresses_come_under_many_names() {
    for query in [
        "ip_address=10.0.0.0/8&ip_address=192.0.2.1",
        "ip_address=10.0.0.0/8,192.0.2.1",
        "ip_address=10.0.0.0/8,+192.0.2.1,",
        "ip-address=10.0.0.0/8,192.0.2.1/32",
        "ip_address1=10.0.0.0/8&ip_address2=192.0.2.1/32",
        "ip_address7=10.0.0.0/8&ip_address3=192.0.2.1/32",
        "IP_Address=10.0.0.0/8&Ip-Address-two=192.0.2.1",
        "ip_address1=10.0.0.0/8&ip_address2=&ip_address3=192.0.2.1",
    ] {
        let answer = Server::start().send(rules(&format!("protocol=tcp&port_from=1&port_to=2&{query}")));
        assert_eq!(sources(answer), ["10.0.0.0/8", "192.0.2.1/32"], "{query}");
    }
    let list = rules("protocol=tcp&port_from=1&port_to=2").json(r#"{"ip_address": ["10.0.0.0/8", "192.0.2.1"]}"#);
    assert_eq!(sources(Server::start().send(list)), ["10.0.0.0/8", "192.0.2.1/32"]);
}

#[test]
fn addresses_of_both_families() {
    let query = "protocol=udp&port_from=53&port_to=53&ip_address1=2001:DB8::/32&ip_address2=::1&ip_address3=::/0";
    assert_eq!(sources(Server::start().send(rules(query))), ["2001:db8::/32", "::1/128", "::/0"]);
    let query = "protocol=udp&port_from=53&port_to=53&ip_address1=10.1.2.3/24";
    assert_eq!(sources(Server::start().send(rules(query))), ["10.1.2.3/24"]);
}

#[test]
fn groups_come_in_pairs_in_the_order_of_their_numbers() {
    let query = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8\
        &group10=c&group10owner=111122223333&group2owner=393485797142&group2=test&group7=&group7owner=\
        &GROUP09=b&Group9Owner=111122223333&group1owner=393485797142&group1=default&groupowner=x&groups=y&group=z";
    let expected = ["393485797142:default", "393485797142:test", "111122223333:b", "111122223333:c", "10.0.0.0/8"];
    assert_eq!(sources(Server::start().send(rules(query))), expected);
}

#[test]
fn half_a_group_is_refused() {
    let server = Server::start();
    let base = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8";
    for (query, message) in [
        ("group3=a", "Parameter 'group3owner' is required, since 'group3' is there."),
        ("group3=a&group3owner=", "Parameter 'group3owner' is required, since 'group3' is there."),
        ("group3owner=1", "Parameter 'group3' is required, since 'group3owner' is there."),
        ("group1=a&group2owner=1", "Parameter 'group1owner' is required, since 'group1' is there."),
        ("group1=a%0A&group1owner=1", "Parameter 'group1' must not contain control characters."),
    ] {
        let answer = server.send(rules(&format!("{base}&{query}"))).expect(400);
        assert_eq!(answer.message(), message, "{query}");
    }
}

#[test]
fn protocol_and_ports_go_together() {
    for (protocol, from, to, id) in [
        ("tcp", "22", "22", "tcp~22~22"),
        ("TCP", "0", "65535", "tcp~0~65535"),
        ("Udp", "+53", "053", "udp~53~53"),
        ("6", "22", "22", "tcp~22~22"),
        ("006", "22", "22", "tcp~22~22"),
        ("icmp", "-1", "-1", "icmp~-1~-1"),
        ("icmp", "8", "0", "icmp~8~0"),
        ("icmp", "3", "-1", "icmp~3~-1"),
    ] {
        let request = Request::post(RULES).on_mock().multipart(&[
            ("protocol", protocol),
            ("port_from", from),
            ("port_to", to),
            ("ip_address1", "10.0.0.0/8"),
        ]);
        let answer = Server::start().send(request).expect(201);
        assert!(answer.body.contains(&format!("id='393485797142~{id}~@address,ipv4,10.0.0.0,8'")), "{}", answer.body);
    }
    let json = r#"{"protocol": "tcp", "port_from": 22, "port_to": 23, "ip_address1": "10.0.0.0/8"}"#;
    let answer = Server::start().send(Request::post(RULES).on_mock().json(json)).expect(201);
    assert!(answer.body.contains("<port_to>23</port_to>"), "{}", answer.body);
}

#[test]
fn nonsense_is_refused_and_changes_nothing() {
    let server = Server::start();
    let before = server.send(Request::get("/api/firewalls").on_mock()).text();
    let address = "ip_address1=10.0.0.0/8";
    for (query, message) in [
        (
            format!("port_from=1&port_to=1&{address}"),
            "Required parameter 'protocol' not found in [port_from,port_to,ip_address1]",
        ),
        (
            format!("protocol=tcp&port_to=1&{address}"),
            "Required parameter 'port_from' not found in [protocol,port_to,ip_address1]",
        ),
        (
            format!("protocol=tcp&port_from=1&{address}"),
            "Required parameter 'port_to' not found in [protocol,port_from,ip_address1]",
        ),
        (
            format!("protocol=gre&port_from=1&port_to=1&{address}"),
            "Parameter 'protocol' is 'gre', and not one of tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all.",
        ),
        (
            format!("protocol=tcp-udp&port_from=1&port_to=1&{address}"),
            "Parameter 'protocol' is 'tcp-udp', and not one of tcp, udp, icmp, icmpv6, a protocol's number, or -1 for all.",
        ),
        (
            format!("protocol=tcp&port_from=http&port_to=1&{address}"),
            "Parameter 'port_from' is 'http', and not a whole number.",
        ),
        (format!("protocol=tcp&port_from=1&port_to=&{address}"), "Parameter 'port_to' is '', and not a whole number."),
        (
            format!("protocol=tcp&port_from=99999999999&port_to=1&{address}"),
            "Parameter 'port_from' is '99999999999', and not a whole number.",
        ),
        (
            format!("protocol=tcp&port_from=2&port_to=1&{address}"),
            "Parameters 'port_from' and 'port_to': the port range 2 to 1 ends before it starts.",
        ),
        (
            format!("protocol=tcp&port_from=-1&port_to=-1&{address}"),
            "Parameters 'port_from' and 'port_to': port -1 is not between 0 and 65535.",
        ),
        (
            format!("protocol=icmp&port_from=-1&port_to=3&{address}"),
            "Parameters 'port_from' and 'port_to': ICMP code 3 needs a type: -1 for any type goes with code -1.",
        ),
        (
            format!("protocol=tcp&port_from=1&port_to=1&direction=up&{address}"),
            "Parameter 'direction' is 'up', and not one of ingress, egress.",
        ),
        (
            format!("protocol=tcp&port_from=1&port_to=1&rule_action=drop&{address}"),
            "Parameter 'rule_action' is 'drop', and not one of accept, deny.",
        ),
        (
            format!("protocol=tcp&port_from=1&port_to=1&log_rule=yes&{address}"),
            "Parameter 'log_rule' is 'yes', and not one of true, false.",
        ),
        ("protocol=tcp&port_from=1&port_to=1".into(), "No sources. Specify at least one source ip address or group."),
        (
            "protocol=tcp&port_from=1&port_to=1&ip_address1=".into(),
            "No sources. Specify at least one source ip address or group.",
        ),
        (
            format!("protocol=tcp&port_from=1&port_to=1&{address}&ip_address2=10.1.2.3/8"),
            "The source 10.0.0.0/8 is there twice.",
        ),
        (
            "protocol=tcp&port_from=1&port_to=1&ip_address9=10.0.0.0/33".into(),
            "Parameter 'ip_address9' has '10.0.0.0/33', which is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32.",
        ),
    ] {
        for format in ["xml", "json"] {
            let request = Request::post(&format!("{RULES}?format={format}")).on_mock().form(&query);
            let message = message.replace("in [", "in [format,");
            assert_eq!(server.send(request).expect(400).message(), message);
        }
    }
    assert_eq!(server.send(Request::get("/api/firewalls").on_mock()).text(), before);
}

#[test]
fn what_a_driver_cannot_do_is_refused_and_what_it_does_anyway_is_taken() {
    let base = "protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8";
    let server = Server::start();
    for (query, message) in [
        ("rule_action=deny", "The mock driver cannot make rules that deny."),
        ("log_rule=true", "The mock driver cannot log what a rule matches."),
        ("prefix_list1=pl-1", "The mock driver cannot make rules with prefix lists as sources."),
    ] {
        let answer = server.send(rules(&format!("{base}&{query}"))).expect(501);
        assert_eq!(answer.message(), message);
    }
    let placed = Request::post("/api/firewalls?name=n&description=d&vpc_id=vpc-1&format=json").on_mock();
    assert_eq!(server.send(placed).expect(501).message(), "The mock driver cannot choose a firewall's network.");
    let egress = server.send(rules(&format!("{base}&direction=EGRESS&rule_action=accept&log_rule=false"))).expect(201);
    let rule = &egress.json()["firewall"]["rules"][0];
    assert_eq!(rule["id"], "393485797142~tcp~1~1~@address,ipv4,10.0.0.0,8~egress");
    assert_eq!((&rule["direction"], rule.get("rule_action"), rule.get("log_rule")), (&"egress".into(), None, None));
}

#[test]
fn protocols_without_ports_take_none() {
    let server = Server::start();
    let create = |query: &str| server.send(rules(&format!("{query}&ip_address1=10.0.0.0/8")));
    for (query, id) in [
        ("protocol=-1", "-1~~"),
        ("protocol=47&port_from=-1&port_to=-1", "47~~"),
        ("protocol=icmpv6&port_from=128&port_to=0", "icmpv6~128~0"),
    ] {
        let made = create(query).expect(201);
        assert!(made.body.contains(&format!("\"393485797142~{id}~@address,ipv4,10.0.0.0,8\"")), "{}", made.body);
    }
    for query in [
        "protocol=-1&port_from=22&port_to=22",
        "protocol=47&port_from=1&port_to=2",
        "protocol=-1&port_from=-1",
        // TCP, which has ports. As a protocol by number it would be a rule whose id names none.
        "protocol=006",
    ] {
        create(query).expect(400);
    }
}

#[test]
fn a_rule_is_described_and_rules_are_shown_by_direction() {
    let server = Server::start();
    let query = "protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8&description=for+%3Cthe%3E+office";
    let made = server.send(rules(query)).expect(201).json();
    assert_eq!(made["firewall"]["rules"][0]["description"], "for <the> office");
    server.send(rules("protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8&direction=egress")).expect(201);
    let show = |query: &str| server.send(Request::get(&format!("/api/firewalls/new_firewall?{query}")).on_mock());
    for (query, count) in [("", 2), ("direction=all", 2), ("direction=ingress", 1), ("direction=EGRESS", 1)] {
        assert_eq!(show(query).expect(200).body.matches("<rule ").count(), count, "{query}");
    }
    assert!(show("").body.contains("<description><![CDATA[for <the> office]]></description>"));
    show("direction=up").expect(400);
}

#[test]
fn credentials_are_asked_for_before_parameters_are_looked_at() {
    let server = Server::start();
    for authorization in
        ["", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk", "Basic /w=="]
    {
        for request in [
            Request::get("/api/firewalls"),
            Request::get("/api/firewalls/absent"),
            Request::post("/api/firewalls").form("nonsense"),
            Request::post("/api/firewalls").json("{"),
            Request::delete("/api/firewalls/test"),
            Request::post("/api/firewalls/test/rules"),
            Request::delete("/api/firewalls/test/1~tcp~1~1~@group,1,a"),
            Request::delete("/api/firewalls/test/~~~"),
            Request::get("/api/firewalls/%ff"),
            Request::get("/api/firewalls?id=%ff"),
        ] {
            let answer = server.send(request.header("Authorization", authorization)).expect(401);
            let realm = "Basic realm=\"mock-deltacloud@gateway.test:3001\"";
            assert_eq!(answer.header("Www-Authenticate"), Some(realm));
        }
    }
    let answer =
        server.send(Request::get("/api/firewalls").header("Authorization", "basic  bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk "));
    answer.expect(200);
}

#[test]
fn bodies_that_cannot_be_read_are_refused() {
    let server = Server::start();
    let post = || Request::post("/api/firewalls").on_mock();
    for (request, status) in [
        (post().body("text/plain", "name=n&description=d"), 415),
        (post().body("application/xml", "<name>n</name>"), 415),
        (post().form("name=n&description=d").header("Content-Encoding", "gzip"), 415),
        (post().json("{"), 400),
        (post().json("[1]"), 400),
        (post().json("\"name\""), 400),
        (post().json(r#"{"name": {"a": "b"}, "description": "d"}"#), 400),
        (post().json(r#"{"name": [["n"]], "description": "d"}"#), 400),
        (post().json(&format!("{}1{}", "[".repeat(5000), "]".repeat(5000))), 400),
        (post().json(r#"{"name": null, "description": "d"}"#), 400),
        (post().body("application/json", b"{\"name\": \"\xff\"}".to_vec()), 400),
        (post().body("multipart/form-data", "--x"), 400),
        (post().body("multipart/form-data; boundary=x", "no boundary here"), 400),
        (post().body("multipart/form-data; boundary=x", "--x\r\n\r\nvalue\r\n--x--\r\n"), 400),
        (
            post().body(
                "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ncut",
            ),
            400,
        ),
    ] {
        server.send(request.clone()).expect(status);
        server.send(request.accept("application/json")).expect(status).message();
    }
    assert!(!server.send(Request::get("/api/firewalls").on_mock()).body.contains("id='n'"));
    // A change is not made on half of what was sent, not even one that needs no parameters.
    let delete = Request::post("/api/firewalls/test").on_mock().header("X-HTTP-Method-Override", "DELETE");
    server.send(delete.json("{")).expect(400);
    server.send(Request::delete("/api/firewalls/test?x=%ff").on_mock()).expect(400);
    server.send(Request::get("/api/firewalls/test").on_mock()).expect(200);
}

#[test]
fn unknown_parameters_are_ignored_whatever_they_hold() {
    let server = Server::start();
    let json = r#"{"name": "n", "description": "d", "tags": {"a": [1, {}]}, "list": [[1], 2], "none": null}"#;
    server.send(Request::post("/api/firewalls").on_mock().json(json)).expect(201);
    server.send(Request::post("/api/firewalls?name=m&description=d&tags=a&tags=b&tags").on_mock()).expect(201);
}
