//! The parameters of a POST: where they come from, and what they make.

use insta::assert_snapshot;

use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, Request};

on_each_driver! {
    every_kind_of_body_makes_the_same_firewall,
    required_parameters_are_missed_in_the_words_that_clients_know,
    text_that_ec2_does_not_take_is_refused_in_its_words,
    rules_are_as_many_as_ec2_has_and_no_more,
    protocol_and_ports_go_together,
    nonsense_is_refused_and_changes_nothing,
    what_a_driver_cannot_do_is_refused_and_what_it_does_anyway_is_taken,
    protocols_without_ports_take_none,
    a_rule_is_described_and_rules_are_shown_by_direction,
    credentials_are_asked_for_before_parameters_are_looked_at,
    bodies_that_cannot_be_read_are_refused,
    unknown_parameters_are_ignored_whatever_they_hold,
}

pub const RULES: &str = "/api/firewalls/web/rules";

pub fn rules(query: &str) -> Request {
    Request::post(&format!("{RULES}?format=json&{query}"))
}

/// Makes the firewall `web`, sends the request, and deletes the firewall again.
#[track_caller]
pub fn on_new_firewall(subject: &Subject, request: Request) -> Answer {
    subject.create("web");
    let answer = subject.send(request);
    subject.send(Request::delete("/api/firewalls/web")).expect(204);
    answer
}

fn every_kind_of_body_makes_the_same_firewall(subject: &Subject) {
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
    .map(|request| {
        let answer = subject.send(request).expect(201);
        subject.send(Request::delete("/api/firewalls/a%20b")).expect(204);
        answer
    });
    for answer in &made {
        assert_eq!(answer.text(), made[0].text());
    }
    assert_snapshot!(subject.named("every_kind_of_body_makes_the_same_firewall"), subject.text(&made[0]));
}

fn required_parameters_are_missed_in_the_words_that_clients_know(subject: &Subject) {
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
        let answer = subject.send(Request::post("/api/firewalls").form(query)).expect(400);
        assert_eq!(answer.message(), message);
    }
    for format in ["xml", "json"] {
        let request = Request::post(&format!("/api/firewalls?format={format}")).form("description=d");
        let name = format!("{}-{format}", subject.named("missing"));
        assert_snapshot!(name, subject.text(&subject.send(request)));
    }
}

fn text_that_ec2_does_not_take_is_refused_in_its_words(subject: &Subject) {
    subject.create("web");
    let before = subject.send(Request::get("/api/firewalls?direction=all")).text();
    let refused = |path: &str, form: &[(&str, &str)], start: &str| {
        let message = subject.send(Request::post(path).multipart(form)).expect(502).message();
        assert!(message.starts_with(start), "{message}");
    };
    let long = "x".repeat(256);
    for text in ["web|app", "a<b", "100%", "caf\u{e9}", "a~b", "it's", &long] {
        let invalid = format!("InvalidParameterValue: Value ({text}) for parameter ");
        refused("/api/firewalls", &[("name", text), ("description", "d")], &invalid);
        refused("/api/firewalls", &[("name", "n"), ("description", text)], &invalid);
    }
    let rule = [("protocol", "tcp"), ("port_from", "1"), ("port_to", "2"), ("ip_address1", "10.0.0.0/8")];
    for text in ["ALB's -> backend", "caf\u{e9}", &long, &"x".repeat(300)] {
        let form = [&rule[..], &[("description", text)]].concat();
        refused(RULES, &form, "InvalidParameterValue: Invalid rule description.");
    }
    assert_eq!(subject.send(Request::get("/api/firewalls?direction=all")).text(), before);
    // What is just allowed is taken.
    let all = format!("{} ._-:/()#,@[]+=&;{{}}!$*", "y".repeat(232));
    subject.send(Request::post("/api/firewalls").multipart(&[("name", &all), ("description", &all)])).expect(201);
    subject.send(Request::post(RULES).multipart(&[&rule[..], &[("description", &*all)]].concat())).expect(201);
}

/// A direction of a firewall has sixty, and each source of a rule counts as one.
fn rules_are_as_many_as_ec2_has_and_no_more(subject: &Subject) {
    subject.create("web");
    let add = |port: usize, sources: usize, direction: &str| {
        let addresses: String = (0..sources).map(|n| format!("&ip_address{n}=10.{port}.{n}.0/24")).collect();
        let rule = format!("protocol=tcp&port_from={port}&port_to={port}{addresses}&direction={direction}");
        subject.send(Request::post(RULES).form(&rule))
    };
    add(1, 30, "ingress").expect(201);
    add(2, 29, "ingress").expect(201);
    let full = "RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached.";
    assert!(add(3, 2, "ingress").expect(502).message().starts_with(full));
    add(4, 1, "ingress").expect(201);
    assert!(add(5, 1, "ingress").expect(502).message().starts_with(full));
    // The other direction has room of its own: EC2 puts one rule there itself.
    add(5, 59, "egress").expect(201);
    assert!(add(6, 2, "egress").expect(502).message().starts_with(full));
    let id = format!("{}~tcp~4~4~@address,ipv4,10.4.0.0,24", subject.account);
    subject.send(Request::delete(&format!("/api/firewalls/web/{id}"))).expect(204);
    add(5, 1, "ingress").expect(201);
}

fn protocol_and_ports_go_together(subject: &Subject) {
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
        let request = Request::post(RULES).multipart(&[
            ("protocol", protocol),
            ("port_from", from),
            ("port_to", to),
            ("ip_address1", "10.0.0.0/8"),
        ]);
        let answer = on_new_firewall(subject, request).expect(201);
        let id = format!("id='{}~{id}~@address,ipv4,10.0.0.0,8'", subject.account);
        assert!(answer.body.contains(&id), "{}", answer.body);
    }
    let json = r#"{"protocol": "tcp", "port_from": 22, "port_to": 23, "ip_address1": "10.0.0.0/8"}"#;
    let answer = on_new_firewall(subject, Request::post(RULES).json(json)).expect(201);
    assert!(answer.body.contains("<port_to>23</port_to>"), "{}", answer.body);
}

fn nonsense_is_refused_and_changes_nothing(subject: &Subject) {
    subject.create("web");
    let before = subject.send(Request::get("/api/firewalls")).text();
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
            "Parameter 'rule_action' is 'drop', and not one of accept, deny, reject.",
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
            let request = Request::post(&format!("{RULES}?format={format}")).form(&query);
            let message = message.replace("in [", "in [format,");
            subject.unheard(|| assert_eq!(subject.send(request).expect(400).message(), message));
        }
    }
    assert_eq!(subject.send(Request::get("/api/firewalls")).text(), before);
}

fn what_a_driver_cannot_do_is_refused_and_what_it_does_anyway_is_taken(subject: &Subject) {
    let base = "protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8";
    for (query, what) in [("rule_action=deny", "make rules that deny"), ("log_rule=true", "log what a rule matches")] {
        subject.unheard(|| {
            let answer = subject.send(rules(&format!("{base}&{query}"))).expect(501);
            assert_eq!(answer.message(), format!("The {} driver cannot {what}.", subject.driver));
        });
    }
    let rule = rules(&format!("{base}&direction=EGRESS&rule_action=accept&log_rule=false"));
    let json = on_new_firewall(subject, rule).expect(201).json();
    let rule = json["firewall"]["rules"].as_array().unwrap().last().unwrap();
    assert_eq!(rule["id"], format!("{}~tcp~1~1~@address,ipv4,10.0.0.0,8~egress", subject.account));
    assert_eq!((&rule["direction"], rule.get("rule_action"), rule.get("log_rule")), (&"egress".into(), None, None));
}

fn protocols_without_ports_take_none(subject: &Subject) {
    let create = |query: &str| on_new_firewall(subject, rules(&format!("{query}&ip_address1=10.0.0.0/8")));
    for (query, id) in [
        ("protocol=-1", "-1~~"),
        ("protocol=47&port_from=-1&port_to=-1", "47~~"),
        ("protocol=icmpv6&port_from=128&port_to=0", "icmpv6~128~0"),
    ] {
        let made = create(query).expect(201);
        let id = format!("\"{}~{id}~@address,ipv4,10.0.0.0,8\"", subject.account);
        assert!(made.body.contains(&id), "{}", made.body);
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

fn a_rule_is_described_and_rules_are_shown_by_direction(subject: &Subject) {
    subject.create("web");
    let show = |query: &str| subject.send(Request::get(&format!("/api/firewalls/web?{query}")));
    let count = |query: &str| show(query).expect(200).body.matches("<rule ").count();
    let egress = count("direction=egress");
    let query = "protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8&description=for+the+R%26D+office";
    let made = subject.send(rules(query)).expect(201).json();
    assert_eq!(made["firewall"]["rules"][0]["description"], "for the R&D office");
    subject.send(rules("protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8&direction=egress")).expect(201);
    let by_default = if subject.traits.hides_egress { 1 } else { egress + 2 };
    for (query, expected) in
        [("", by_default), ("direction=all", egress + 2), ("direction=ingress", 1), ("direction=EGRESS", egress + 1)]
    {
        assert_eq!(count(query), expected, "{query}");
    }
    let list = subject.send(Request::get("/api/firewalls?id=web&direction=egress")).expect(200);
    assert_eq!(list.body.matches("<rule ").count(), egress + 1);
    assert!(show("").body.contains("<description><![CDATA[for the R&D office]]></description>"));
    show("direction=up").expect(400);
}

fn credentials_are_asked_for_before_parameters_are_looked_at(subject: &Subject) {
    for authorization in
        ["", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk", "Basic /w=="]
    {
        for request in [
            Request::get("/api/firewalls"),
            Request::get("/api/firewalls/absent"),
            Request::post("/api/firewalls").form("nonsense"),
            Request::post("/api/firewalls").json("{"),
            Request::delete("/api/firewalls/web"),
            Request::post("/api/firewalls/web/rules"),
            Request::delete("/api/firewalls/web/1~tcp~1~1~@group,1,a"),
            Request::delete("/api/firewalls/web/~~~"),
            Request::get("/api/firewalls/%ff"),
            Request::get("/api/firewalls?id=%ff"),
        ] {
            let answer = subject.send(request.header("Authorization", authorization)).expect(401);
            let realm = format!("Basic realm=\"{}-deltacloud@gateway.test:3001\"", subject.driver);
            assert_eq!(answer.header("Www-Authenticate"), Some(&*realm));
        }
    }
    let in_another_case = format!("basic  {} ", subject.login);
    subject.send(Request::get("/api/firewalls").header("Authorization", &in_another_case)).expect(200);
}

fn bodies_that_cannot_be_read_are_refused(subject: &Subject) {
    let post = || Request::post("/api/firewalls");
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
        subject.unheard(|| {
            subject.send(request.clone()).expect(status);
            subject.send(request.accept("application/json")).expect(status).message();
        });
    }
    assert!(!subject.send(Request::get("/api/firewalls")).body.contains("id='n'"));
    // A change is not made on half of what was sent, not even one that needs no parameters.
    subject.create("web");
    let delete = Request::post("/api/firewalls/web").header("X-HTTP-Method-Override", "DELETE");
    subject.send(delete.json("{")).expect(400);
    subject.send(Request::delete("/api/firewalls/web?x=%ff")).expect(400);
    subject.send(Request::get("/api/firewalls/web")).expect(200);
}

fn unknown_parameters_are_ignored_whatever_they_hold(subject: &Subject) {
    let json = r#"{"name": "n", "description": "d", "tags": {"a": [1, {}]}, "list": [[1], 2], "none": null}"#;
    subject.send(Request::post("/api/firewalls").json(json)).expect(201);
    subject.send(Request::post("/api/firewalls?name=m&description=d&tags=a&tags=b&tags")).expect(201);
}
