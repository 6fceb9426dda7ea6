//! The mock of a Linux host's nftables, over the wire.

use serde_json::{Value, json};

use crate::server::Server;
use crate::wire::{Answer, MOCK_LOGIN, Request};

fn send(server: &Server, request: Request) -> Answer {
    server.send(request.login(MOCK_LOGIN).header("X-Deltacloud-Driver", "mock-nftables").accept("application/json"))
}

fn names(server: &Server) -> Vec<Value> {
    let list = send(server, Request::get("/api/firewalls")).expect(200).json();
    list["firewalls"].as_array().unwrap().iter().map(|firewall| firewall["id"].clone()).collect()
}

#[test]
fn a_hosts_firewalls_are_made_and_deleted_and_its_own_stays() {
    let server = Server::start();
    assert_eq!(names(&server), ["web", "lab", "device"]);
    send(&server, Request::post("/api/firewalls").form("name=db&description=d")).expect(201);
    send(&server, Request::post("/api/firewalls").form("name=db&description=d")).expect(502);
    assert_eq!(names(&server), ["web", "lab", "db", "device"]);
    for name in ["db", "web"] {
        send(&server, Request::delete(&format!("/api/firewalls/{name}"))).expect(204);
    }
    let refused = send(&server, Request::delete("/api/firewalls/device")).expect(502);
    assert_eq!(refused.message(), "The firewall 'device' is the host's own, and cannot be deleted.");
    assert_eq!(names(&server), ["lab", "device"]);
}

#[test]
fn rules_have_actions_logs_and_ids_of_their_own_and_may_be_there_twice() {
    let server = Server::start();
    let new =
        "protocol=udp&port_from=53&port_to=53&ip_address1=2001:db8::/32&rule_action=deny&log_rule=true&description=d";
    let add = || send(&server, Request::post("/api/firewalls/lab/rules").form(new)).expect(201).json();
    let rules = |firewall: Value| firewall["firewall"]["rules"].as_array().unwrap().clone();
    let (first, both) = (rules(add()), rules(add()));
    assert_eq!(both.len(), 2);
    assert_eq!((&both[0]["rule_action"], &both[0]["log_rule"]), (&"deny".into(), &true.into()));
    assert_eq!(both[0], first[0]);
    let [one, other] = [0, 1].map(|rule| both[rule]["id"].as_str().unwrap());
    assert_ne!(one, other);
    send(&server, Request::delete(&format!("/api/firewalls/lab/{one}"))).expect(204);
    send(&server, Request::delete(&format!("/api/firewalls/lab/{one}"))).expect(404);
    let left = rules(send(&server, Request::get("/api/firewalls/lab")).expect(200).json());
    let mut expected = both[1].clone();
    expected["position"] = 1.into();
    assert_eq!(left, [expected]);
}

#[test]
fn what_is_too_much_to_be_told_can_be_done_untold() {
    let server = Server::start();
    let rule = |number: u32| {
        let first = std::net::Ipv4Addr::from(number * 1000);
        let sources = json!([{"type": "range", "first": first, "last": "224.0.0.0"}]);
        let ports = format!("{number}-{}", number + 300);
        json!({"allow_protocol": "tcp", "ports": ports, "limit": format!("{}/minute", number + 1), "sources": sources})
    };
    let body = json!({"rules": (0..300).map(rule).collect::<Vec<_>>()}).to_string();
    let put = |query: &str| send(&server, Request::new("PUT", &format!("/api/firewalls/lab/rules{query}")).json(&body));
    let refused = put("?dry_run=true").expect(501);
    assert_eq!(
        refused.message(),
        "What the change opens and closes is too much to be told: the rules overlap in too many ways. It can be made untold."
    );
    put("").expect(200);
    let lab = send(&server, Request::get("/api/firewalls/lab")).expect(200).json();
    assert_eq!(lab["firewall"]["rules"].as_array().unwrap().len(), 300);
}

#[test]
fn what_a_host_has_not_is_refused() {
    let server = Server::start();
    let group = "protocol=tcp&port_from=22&port_to=22&group1=web&group1owner=host";
    let refused = send(&server, Request::post("/api/firewalls/lab/rules").form(group)).expect(501);
    assert_eq!(refused.message(), "The mock-nftables driver cannot make rules with groups as sources.");
    let wrong = Request::get("/api;driver=mock-nftables/firewalls").header("Authorization", "Basic bW9ja3VzZXI6eA==");
    server.send(wrong).expect(401);
}

/// Only what is shown is replaced: that of the other direction has to be as it is.
#[test]
fn a_default_is_replaced_with_the_rules_of_its_direction() {
    let server = Server::start();
    let put = |direction: &str, ingress: &str, egress: &str| {
        let target = format!("/api/firewalls/device/rules?direction={direction}");
        let body = format!(r#"{{"rules":[],"default":{{"ingress":"{ingress}","egress":"{egress}"}}}}"#);
        send(&server, Request::new("PUT", &target).json(&body))
    };
    let refused = put("ingress", "deny", "deny").expect(400);
    assert!(
        refused.message().starts_with("default: egress is to change, and only the rules of ingress"),
        "{refused:?}"
    );
    put("ingress", "deny", "accept").expect(200);
    put("egress", "accept", "accept").expect(400);
    let now = put("all", "accept", "deny").expect(200).json();
    assert_eq!(now["firewall"]["default"]["ingress"], "accept");
    assert_eq!(now["firewall"]["default"]["egress"], "deny");
}
