//! PUT of a whole rule set: as JSON and as XML, whole or one direction, refused where it says what is not read.

use serde_json::{Value, json};

use crate::server::Server;
use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, MOCK_LOGIN, Request};

on_each_driver! {
    what_get_shows_can_be_put_back_and_changes_nothing,
    a_rule_set_becomes_the_firewalls_rules,
    what_is_wrong_with_a_rule_set_is_said_of_its_rule,
    only_json_and_xml_are_rule_sets,
    egress_that_is_not_shown_stays,
}

/// The rules of the firewall that a test changes.
const RULES: &str = "/api/firewalls/web/rules?format=json";

fn put(body: &Value) -> Request {
    Request::new("PUT", RULES).json(&body.to_string())
}

fn source(address: &str, prefix: u8) -> Value {
    json!({ "type": "address", "family": "ipv4", "address": address, "prefix": prefix.to_string() })
}

fn tcp(port: u16, sources: &[Value]) -> Value {
    json!({ "allow_protocol": "tcp", "port_from": port.to_string(), "port_to": port, "sources": sources })
}

fn rules(answer: &Answer) -> Vec<Value> {
    answer.json()["firewall"]["rules"].as_array().unwrap().clone()
}

/// What differs between rules that say the same: their ids.
fn ids(answer: &Answer) -> Vec<String> {
    rules(answer).iter().map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

fn what_get_shows_can_be_put_back_and_changes_nothing(subject: &Subject) {
    subject.create("web");
    let account = &subject.account;
    for rule in [
        format!("protocol=tcp&port_from=22&port_to=22&group1=default&group1owner={account}&ip_address1=10.1.2.3/24"),
        "protocol=icmp&port_from=-1&port_to=-1&ip_address1=10.0.0.0/8&description=ping+%26+more".into(),
        "protocol=-1&ip_address1=2001:db8::/32".into(),
    ] {
        subject.send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201);
    }
    let get = |format: &str| subject.send(Request::get(&format!("/api/firewalls/web?format={format}"))).expect(200);
    let before = get("json").body;
    for (media_type, body) in
        [("application/json", get("json").body), ("application/xml; charset=utf-8", get("xml").body)]
    {
        let answer = subject.send(Request::new("PUT", RULES).body(media_type, body)).expect(200);
        assert_eq!(answer.body, before);
        assert_eq!(answer.header("Etag"), get("json").header("Etag"));
    }
    assert_eq!(get("json").body, before);
}

fn a_rule_set_becomes_the_firewalls_rules(subject: &Subject) {
    subject.create("web");
    let (first, second) = (source("10.1.0.0", 16), source("10.2.0.0", 16));
    let set = json!({ "rules": [tcp(22, std::slice::from_ref(&first)), tcp(80, &[first.clone(), second.clone()])] });
    let answer = subject.send(put(&set)).expect(200);
    let kept = ids(&answer);
    assert_eq!(kept.len(), 2);
    // A number is one however it is written, and what is only shown is passed over.
    let set = json!({ "rules": [
        { "id": "x", "href": "y", "position": 7, "hits": [1], "description": null,
          "allow_protocol": "TCP", "port_from": 80.0, "port_to": "80", "sources": [second, first] },
        { "allow_protocol": "udp", "port_from": 53, "port_to": 53, "log_rule": false, "rule_action": "accept",
          "direction": "ingress", "sources": [{ "type": "address", "address": "192.0.2.7" }] },
    ] });
    let answer = subject.send(put(&set)).expect(200);
    let now = ids(&answer);
    assert!(now.contains(&kept[1]) && now.len() == 2, "{now:?}");
    assert!(answer.body.contains(r#""address":"192.0.2.7","prefix":"32""#), "{}", answer.body);
    // The last rules that deny everything say what is so anyway, and a wrapped set is one, too.
    let deny = json!({ "allow_protocol": "-1", "rule_action": "deny", "sources": [source("0.0.0.0", 0)] });
    let set = json!({ "firewall": { "id": "other", "name": "n", "description": "d", "owner_id": "o", "href": "h", "members": [],
        "rules": [tcp(22, &[source("10.9.0.0", 16)]), deny] } });
    assert_eq!(ids(&subject.send(put(&set)).expect(200)).len(), 1);
    assert_eq!(subject.send(put(&json!({ "rules": [] }))).expect(200).json()["firewall"]["rules"], json!([]));
    let xml = "<?xml version='1.0'?>\n<!-- ours --><rules><rule><allow_protocol>tcp</allow_protocol><port_from>&#50;2</port_from>\
               <port_to><![CDATA[22]]></port_to><description>a &amp; b</description><sources>\
               <source type='address' address='10.1.0.0' prefix=\"16\"/></sources></rule></rules>\n";
    let answer = subject.send(Request::new("PUT", RULES).body("text/xml", xml)).expect(200);
    assert_eq!(rules(&answer)[0]["description"], "a & b");
    subject.send(Request::new("PUT", "/api/firewalls/absent/rules").json("{\"rules\":[]}")).expect(404);
}

fn what_is_wrong_with_a_rule_set_is_said_of_its_rule(subject: &Subject) {
    subject.create("web");
    let good = tcp(22, &[source("10.1.0.0", 16)]);
    subject.send(put(&json!({ "rules": [good] }))).expect(200);
    let before = subject.send(Request::get("/api/firewalls/web?direction=all")).text();
    let with = |name: &str, value: Value| {
        let mut rule = good.clone();
        rule[name] = value;
        rule
    };
    let without = |name: &str| {
        let mut rule = good.clone();
        rule.as_object_mut().unwrap().remove(name);
        rule
    };
    for (rule, message) in [
        (with("port_from", json!(65536)), "Rule 2: port_from and port_to: port 65536 is not between 0 and 65535."),
        (with("port_from", json!("x")), "Rule 2: port_from is 'x', and not a whole number."),
        (with("port_from", json!(1.5)), "Rule 2: port_from is a number that is not whole. Send it as text."),
        (with("port_from", json!([22])), "Rule 2: port_from is neither text, number nor boolean."),
        (without("port_to"), "Rule 2: port_to is missing."),
        (without("allow_protocol"), "Rule 2: allow_protocol is missing."),
        (without("sources"), "Rule 2: sources is missing."),
        (with("sources", json!([])), "Rule 2: No sources. Specify at least one source ip address or group."),
        (with("sources", json!({})), "Rule 2: sources is not a list."),
        (with("sources", json!([1])), "Rule 2: a source is not an object."),
        (
            with("sources", json!([{ "type": "net" }])),
            "Rule 2: Source 1: type is 'net', and not one of group, address, range, prefix_list.",
        ),
        (
            with("sources", json!([{ "type": "address", "address": "10.0.0.0", "prefix": 33 }])),
            "Rule 2: Source 1: '10.0.0.0/33' is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32.",
        ),
        (
            with("sources", json!([{ "type": "address", "address": "10.0.0.0", "prefx": 8 }])),
            "Rule 2: Source 1: 'prefx' is none of type, family, address, prefix.",
        ),
        (
            with("sources", json!([{ "type": "address", "address": "10.0.0.0", "family": "ipv6" }])),
            "Rule 2: Source 1: family is 'ipv6', and the address is of ipv4.",
        ),
        (with("sources", json!([{ "type": "group", "name": "a" }])), "Rule 2: Source 1: owner is missing."),
        (with("rule_action", json!("drop")), "Rule 2: rule_action is 'drop', and not one of accept, deny, reject."),
        (json!("tcp"), "Rule 2: It is not an object."),
    ] {
        let refused = || subject.send(put(&json!({ "rules": [good, rule] }))).expect(400).message();
        subject.unheard(|| assert_eq!(refused(), message));
    }
    let unknown = put(&json!({ "rules": [with("port_form", json!(1))] }));
    let message = subject.send(unknown).expect(400).message();
    assert!(message.starts_with("Rule 1: 'port_form' is none of allow_protocol, port_from,"), "{message}");
    for (body, message) in [
        ("[]", "The JSON body is not an object."),
        ("{", "The body is not JSON: EOF while parsing an object at line 1 column 1."),
        ("{}", "rules is missing. An empty list takes all rules away."),
        (r#"{"rules":{}}"#, "rules is not a list."),
        (r#"{"rules":[],"rules":[]}"#, "rules is there twice."),
        (r#"{"rules":[],"defaults":{}}"#, "'defaults' is neither rules nor default."),
        (r#"{"rules":[],"default":{"ingress":"deny"}}"#, "default.egress has to be there once."),
        (
            r#"{"rules":[],"default":{"ingress":"deny","egress":"drop"}}"#,
            "default.egress is 'drop', and not one of accept, deny, reject.",
        ),
        (r#"{"rules":[{"allow_protocol":"tcp","allow_protocol":"udp"}]}"#, "Rule 1: allow_protocol is there twice."),
        ("", "There is no body: send the rule set in it."),
    ] {
        let answer = subject.send(Request::new("PUT", RULES).json(body)).expect(400);
        assert_eq!(answer.message(), message, "{body}");
    }
    let rule = |inner: &str| format!("<rules><rule>{inner}</rule></rules>");
    for (body, message) in [
        ("<rules>".to_owned(), "The XML body ends too soon."),
        ("<rules/><rules/>".to_owned(), "The XML body goes on after its end."),
        ("<api/>".to_owned(), "The XML body is 'api', and neither firewall nor rules."),
        ("<firewall/>".to_owned(), "rules is missing. An empty list takes all rules away."),
        ("<rules>x</rules>".to_owned(), "The XML body has text where elements should be."),
        ("<rules><source/></rules>".to_owned(), "rules holds 'source', and may hold rule."),
        (
            "<!DOCTYPE rules [<!ENTITY a 'b'>]><rules/>".to_owned(),
            "The XML body has a document type. Send it without one.",
        ),
        (rule("<port_from>&a;</port_from>"), "The XML body has an entity that XML does not: '&a;'."),
        (rule("<port_from><b/></port_from>"), "The XML body has elements where text should be."),
        (rule("<allow_protocol>tcp</allow_protocol><port_from/>"), "Rule 1: port_from is missing."),
        (rule("<sources><address/></sources>"), "Rule 1: sources holds 'address', and may hold source."),
    ] {
        let answer = subject.send(Request::new("PUT", RULES).body("application/xml", body.clone())).expect(400);
        assert_eq!(answer.message(), message, "{body}");
    }
    assert_eq!(subject.send(Request::get("/api/firewalls/web?direction=all")).text(), before);
}

/// What is left out might make a rule match more.
#[test]
fn attributes_that_xml_does_not_show_are_refused() {
    let server = Server::start();
    let mut connection = server.connect();
    let inner = |rule: &str, sources: &str| {
        format!(
            "<rules><rule{rule}><allow_protocol>tcp</allow_protocol><port_from>1</port_from><port_to>1</port_to>\
             <sources{sources}><source type='address' address='10.0.0.0' prefix='8'/></sources></rule></rules>"
        )
    };
    let mut put = |body: &str| {
        let target = "/api/firewalls/new_firewall/rules?dry_run=true";
        connection.send(Request::new("PUT", target).body("application/xml", body).on_mock())
    };
    put(&inner(" id='x' href='y'", "")).expect(200);
    for (rule, sources, told) in [
        (" rule_action='deny'", "", "'rule' has an attribute 'rule_action', which is not known."),
        ("", " negate='true'", "'sources' has an attribute 'negate', which is not known."),
    ] {
        let message = put(&inner(rule, sources)).expect(400).message();
        assert!(message.contains(told), "{message}");
    }
}

fn only_json_and_xml_are_rule_sets(subject: &Subject) {
    subject.create("web");
    for request in [
        Request::new("PUT", RULES).form("rules=1"),
        Request::new("PUT", RULES).multipart(&[("rules", "1")]),
        Request::new("PUT", RULES).body("text/plain", "{\"rules\":[]}"),
    ] {
        let answer = subject.send(request).expect(415);
        assert_eq!(answer.message(), "A rule set is application/json or application/xml.");
    }
    let compressed = put(&json!({ "rules": [] })).header("Content-Encoding", "gzip");
    subject.send(compressed).expect(415);
    subject.send(put(&json!({ "rules": [] })).header("X-HTTP-Method-Override", "DELETE")).expect(200);
    subject.send(Request::post(RULES).form("_method=put")).expect(405);
}

/// A new group of EC2's has a rule that lets everything out. A client of old has never seen it, and must not take it away.
fn egress_that_is_not_shown_stays(subject: &Subject) {
    subject.create("web");
    let out = "protocol=tcp&port_from=25&port_to=25&ip_address1=10.0.0.0/8&direction=egress";
    subject.send(Request::post("/api/firewalls/web/rules").form(out)).expect(201);
    let all = || ids(&subject.send(Request::get("/api/firewalls/web?direction=all&format=json")).expect(200));
    let egress = |ids: &[String]| ids.iter().filter(|id| id.ends_with("~egress")).count();
    let before = egress(&all());
    assert_eq!(before, if subject.traits.hides_egress { 2 } else { 1 });

    let put_at = |query: &str, body: &Value| {
        let target = format!("{RULES}&{query}");
        subject.send(Request::new("PUT", &target).json(&body.to_string()))
    };
    let set = json!({ "rules": [tcp(22, &[source("10.1.0.0", 16)])] });
    let shown = ids(&put_at("direction=ingress", &set).expect(200));
    assert_eq!((shown.len(), egress(&all())), (1, before));
    if subject.traits.hides_egress {
        put_at("", &json!({ "rules": [] })).expect(200);
        assert_eq!(all().len(), before, "what was not shown has gone");
    }
    let mut other = tcp(22, &[source("10.1.0.0", 16)]);
    other["direction"] = "egress".into();
    let refused = put_at("direction=ingress", &json!({ "rules": [other] })).expect(400);
    assert!(
        refused.message().starts_with("Rule 1: direction is not the one whose rules are replaced. With direction=all")
    );
    put_at("direction=egress", &json!({ "rules": [] })).expect(200);
    assert_eq!(egress(&all()), 0);
    put_at("direction=all", &set).expect(200);
    assert_eq!(all().len(), 1);
}

/// Hostile bodies are refused at once, and cost no more than their length.
#[test]
fn bodies_that_are_all_brackets_are_refused() {
    let server = Server::start();
    let filled = |part: &str, start: &str, end: &str| {
        let count = (1024 * 1024 - start.len() - end.len()) / part.len();
        format!("{start}{}{end}", part.repeat(count))
    };
    let json = |body: String| Request::new("PUT", "/api/firewalls/test/rules").json(&body).on_mock();
    let xml = |body: String| Request::new("PUT", "/api/firewalls/test/rules").body("application/xml", body).on_mock();
    for request in [
        json(filled("[", "{\"rules\":", "")),
        json(filled("{},", "{\"rules\":[", "{}]}")),
        json(filled("[", "{\"rules\":[{\"sources\":", "")),
        json(filled("{},", "{\"rules\":[{\"sources\":[", "{}]}]}")),
        json(filled("\"a\":1,", "{\"rules\":[{", "\"a\":1}]}")),
        json(filled("{\"rules\":", "", "")),
        xml(filled("<rules>", "", "")),
        xml(filled("<rule/>", "<rules>", "</rules>")),
        xml(filled("<a>", "<firewall><actions>", "")),
        xml(filled(" a='1'", "<rules><rule><sources><source", "/></sources></rule></rules>")),
        xml(filled("&lt;", "<rules><rule><port_from>", "</port_from></rule></rules>")),
        xml(filled("<ingress/>", "<firewall><default>", "</default></firewall>")),
    ] {
        server.send(request).expect(400);
    }
    let long = json(format!("{{\"rules\":[],\"x\":\"{}\"}}", "x".repeat(1024 * 1024)));
    server.send(long).expect(413);
    // It is there as it was.
    assert_eq!(rules(&server.send(Request::get("/api/firewalls/test?format=json").on_mock())).len(), 1);
}

/// On a host the order of rules is part of them.
#[test]
fn rules_of_a_host_are_put_in_another_order_and_stay_what_they_are() {
    let server = Server::start();
    let send = |request: Request| {
        server.send(request.login(MOCK_LOGIN).header("X-Deltacloud-Driver", "mock-nftables").accept("application/json"))
    };
    let get = || send(Request::get("/api/firewalls/web")).expect(200);
    let mut set = get().json();
    let before = ids(&get());
    set["firewall"]["rules"].as_array_mut().unwrap().swap(0, 2);
    let put = |body: &Value, query: &str| {
        send(Request::new("PUT", &format!("/api/firewalls/web/rules{query}")).json(&body.to_string()))
    };
    let plan = put(&set, "?dry_run=true").expect(200).json();
    assert_eq!((plan["plan"]["keeps"].clone(), plan["plan"]["moves"].as_array().unwrap().len()), (json!(3), 2));
    let moved = ids(&put(&set, "").expect(200));
    let expected = [2, 1, 0, 3, 4].map(|place: usize| before[place].clone());
    assert_eq!(moved, expected);
    assert_eq!(rules(&get()).iter().map(|rule| rule["position"].clone()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);

    // Only the host's own firewall has a default.
    let set = json!({ "rules": [], "default": { "ingress": "deny", "egress": "accept" } });
    let refused = put(&set, "").expect(502);
    assert!(refused.message().contains("default"), "{}", refused.message());
    let device = Request::new("PUT", "/api/firewalls/device/rules").json(&set.to_string());
    let shown = send(device).expect(200).json();
    assert_eq!(shown["firewall"]["default"], set["default"]);
    let xml = send(Request::get("/api/firewalls/device?format=xml")).expect(200).body;
    let at = xml.find("  <default>").unwrap();
    assert!(
        xml[at..].starts_with("  <default>\n    <ingress>deny</ingress>\n    <egress>accept</egress>\n  </default>\n")
    );
    let back = Request::new("PUT", "/api/firewalls/device/rules").body("application/xml", xml);
    assert_eq!(send(back).expect(200).json(), shown);
}
