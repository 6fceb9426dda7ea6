//! If-Match: changes of firewalls that are as their client has seen them, and of no others.

use std::thread;

use crate::emulator::REGION;
use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, Request};

on_each_driver! {
    the_tag_of_xml_and_json_lets_a_change_be_made,
    a_tag_of_one_direction_stands_for_no_other,
    what_is_not_as_it_was_seen_is_not_changed,
    what_is_not_there_cannot_have_been_seen,
    of_two_changes_of_what_both_have_seen_one_is_made,
}

const RULE: &str = "protocol=tcp&port_from=22&port_to=22&ip_address1=10.1.0.0/16";
const SET: &str = r#"{"rules":[{"allow_protocol":"udp","port_from":53,"port_to":53,
    "sources":[{"type":"address","address":"10.0.0.0","prefix":8}]}]}"#;

fn tag(answer: &Answer) -> String {
    answer.header("Etag").expect("there is an ETag").to_owned()
}

fn shown(subject: &Subject, query: &str) -> String {
    tag(&subject.send(Request::get(&format!("/api/firewalls/web?{query}"))).expect(200))
}

fn the_tag_of_xml_and_json_lets_a_change_be_made(subject: &Subject) {
    subject.create("web");
    // Pages show more than the firewall, such as who stands behind it: theirs stands for all of that.
    for format in ["xml", "json"] {
        for direction in ["", "&direction=all"] {
            let seen = shown(subject, &format!("format={format}{direction}"));
            let rule = Request::post("/api/firewalls/web/rules").form(RULE).header("If-Match", &seen);
            subject.send(rule).expect(201);
            let id = format!("{}~tcp~22~22~@address,ipv4,10.1.0.0,16", subject.account);
            let seen = shown(subject, &format!("format={format}{direction}"));
            let deletion = Request::delete(&format!("/api/firewalls/web/{id}?format=html"));
            subject.send(deletion.header("If-Match", &format!("\"x\", {seen}, \"y\""))).expect(204);
        }
    }
    // That of an answer to a change is one, too, and a star is that of whatever is there.
    let put = |seen: &str| Request::new("PUT", "/api/firewalls/web/rules").json(SET).header("If-Match", seen);
    let made = subject.send(put("*")).expect(200);
    let made = subject.send(put(&tag(&made))).expect(200);
    subject.send(Request::delete("/api/firewalls/web").header("If-Match", &tag(&made))).expect(204);
}

/// Whoever has seen the rules of one direction knows nothing of what others have done to the other.
fn a_tag_of_one_direction_stands_for_no_other(subject: &Subject) {
    subject.create("web");
    let egress = shown(subject, "format=json&direction=egress");
    subject.send(Request::post("/api/firewalls/web/rules").form(RULE)).expect(201);
    let put = |direction: &str, body: &str| {
        let target = format!("/api/firewalls/web/rules?direction={direction}");
        subject.send(Request::new("PUT", &target).json(body).header("If-Match", &egress))
    };
    put("all", r#"{"rules":[]}"#).expect(412);
    put("ingress", r#"{"rules":[]}"#).expect(412);
    subject.send(Request::delete("/api/firewalls/web").header("If-Match", &egress)).expect(412);
    put("egress", r#"{"rules":[]}"#).expect(200);
    assert!(subject.send(Request::get("/api/firewalls/web")).text().contains("10.1.0.0"));
}

fn what_is_not_as_it_was_seen_is_not_changed(subject: &Subject) {
    subject.create("web");
    let stale = shown(subject, "format=json");
    subject.send(Request::post("/api/firewalls/web/rules").form(RULE)).expect(201);
    let current = shown(subject, "format=json");
    let all = || subject.send(Request::get("/api/firewalls?direction=all")).text();
    let before = all();
    let id = format!("{}~tcp~22~22~@address,ipv4,10.1.0.0,16", subject.account);
    for seen in [&stale, &format!("W/{current}"), "\"\"", "nonsense", ""] {
        for change in [
            Request::post("/api/firewalls/web/rules?format=json")
                .form("protocol=tcp&port_from=1&port_to=1&ip_address=::/0"),
            Request::new("PUT", "/api/firewalls/web/rules?format=json").json(SET),
            Request::new("PUT", "/api/firewalls/web/rules?format=json&dry_run=true").json(SET),
            Request::delete(&format!("/api/firewalls/web/{id}?format=json")),
            Request::delete("/api/firewalls/web?format=json"),
        ] {
            let answer = subject.send(change.header("If-Match", seen)).expect(412);
            assert_eq!(answer.message(), "The firewall is not as it was seen. Nothing was changed.");
            assert_eq!(answer.json()["error"], "Deltacloud::Exceptions::PreconditionFailed");
        }
    }
    let xml = Request::delete("/api/firewalls/web").header("If-Match", &stale);
    assert!(subject.send(xml).expect(412).body.contains("<kind>precondition_failed</kind>"));
    assert_eq!(all(), before);
}

fn what_is_not_there_cannot_have_been_seen(subject: &Subject) {
    for seen in ["*", "\"x\""] {
        let new = Request::post("/api/firewalls").form("name=web&description=d").header("If-Match", seen);
        let answer = subject.send(new).expect(412);
        assert_eq!(answer.message(), "The firewall is not there yet: nobody can have seen it.");
        subject.send(Request::delete("/api/firewalls/web").header("If-Match", seen)).expect(404);
        let set = Request::new("PUT", "/api/firewalls/web/rules").json(SET).header("If-Match", seen);
        subject.send(set).expect(404);
    }
}

fn of_two_changes_of_what_both_have_seen_one_is_made(subject: &Subject) {
    subject.create("web");
    for round in 0..5 {
        let seen = shown(subject, "format=xml");
        let mut statuses: Vec<u16> = thread::scope(|scope| {
            let changes = [1, 2, 3, 4].map(|client| {
                let mut connection = subject.connect();
                let port = 1000 + 10 * round + client;
                let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1=10.1.0.0/16");
                let request = match client % 2 {
                    0 => Request::post("/api/firewalls/web/rules").form(&rule),
                    _ => Request::new("PUT", "/api/firewalls/web/rules").json(&SET.replace("53", &port.to_string())),
                };
                let request = request.header("If-Match", &seen);
                scope.spawn(move || connection.send(request).status)
            });
            changes.map(|change| change.join().unwrap()).into()
        });
        statuses.sort_unstable();
        assert!([200, 201].contains(&statuses[0]) && statuses[1..] == [412, 412, 412], "{statuses:?}");
    }
}

/// On EC2 a firewall that goes by its name can be asked for by the id of its group as well.
#[test]
fn of_two_changes_by_the_name_and_by_the_id_one_is_made() {
    let subject = Subject::ec2();
    subject.create("web");
    let held = subject.cloud().holdings(REGION);
    let group = held["SecurityGroups"].as_array().unwrap().iter().find(|group| group["GroupName"] == "web").unwrap();
    let group = group["GroupId"].as_str().unwrap();
    for round in 0..5 {
        let seen = shown(&subject, "format=xml");
        let mut statuses: Vec<u16> = thread::scope(|scope| {
            let changes = [("web", "PUT"), (group, "PUT"), ("web", "POST"), (group, "POST")].map(|(id, method)| {
                let mut connection = subject.connect();
                let port = if id == "web" { 1000 } else { 2000 } + round;
                let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1=10.1.0.0/16");
                let request = Request::new(method, &format!("/api/firewalls/{id}/rules")).header("If-Match", &seen);
                let request = match method {
                    "PUT" => request.json(&SET.replace("53", &port.to_string())),
                    _ => request.form(&rule),
                };
                scope.spawn(move || connection.send(request).status)
            });
            changes.map(|change| change.join().unwrap()).into()
        });
        statuses.sort_unstable();
        assert!([200, 201].contains(&statuses[0]) && statuses[1..] == [412, 412, 412], "{statuses:?}");
    }
}
