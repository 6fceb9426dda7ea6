//! Answers that were written before: sent again only where they would be written just the same.

use crate::subject::{Subject, on_each_driver};
use crate::wire::Request;

on_each_driver! {
    nobody_sees_anything_older_than_the_last_change,
    each_request_gets_its_own_links_and_rules,
    answers_say_how_long_they_may_be_kept_and_what_they_depend_on,
}

const VIEWS: [(&str, &str); 4] = [
    ("/api/firewalls", "application/xml"),
    ("/api/firewalls", "application/json"),
    ("/api/firewalls/web", "application/xml"),
    ("/api/firewalls/web", "application/json"),
];

fn nobody_sees_anything_older_than_the_last_change(subject: &Subject) {
    subject.create("web");
    let mut tags = Vec::new();
    for port in [1, 2, 3] {
        let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address=10.9.8.7/32");
        let made = subject.send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201).text();
        let mut ids = made.split("id='").filter_map(|part| part.split('\'').next());
        let id = ids.find(|id| id.contains("10.9.8.7")).expect("the rule has an id").to_owned();
        for is_there in [true, false] {
            for (target, format) in VIEWS {
                let look = || subject.send(Request::get(target).accept(format)).expect(200);
                let (first, again) = (look(), look());
                assert_eq!(first.text().contains("10.9.8.7"), is_there, "{target} as {format}: {}", first.text());
                assert_eq!((first.text(), first.header("Etag")), (again.text(), again.header("Etag")));
                let tag = first.header("Etag").unwrap().to_owned();
                let known = Request::get(target).accept(format).header("If-None-Match", &tag);
                subject.send(known).expect(304);
                tags.push((target, format, is_there.then_some(port), tag));
            }
            if is_there {
                subject.send(Request::delete(&format!("/api/firewalls/web/{id}"))).expect(204);
            }
        }
    }
    // What is the same has the same tag, whenever it was, and nothing else has.
    for (target, format, port, tag) in &tags {
        for (other_target, other_format, other_port, other) in &tags {
            let is_same = (target, format, port) == (other_target, other_format, other_port);
            assert_eq!(
                tag == other,
                is_same,
                "{target} as {format} with {port:?}, {other_target} as {other_format} with {other_port:?}"
            );
        }
    }
}

fn each_request_gets_its_own_links_and_rules(subject: &Subject) {
    subject.create("web");
    let rule = "protocol=tcp&port_from=7&port_to=7&ip_address=10.9.8.7/32";
    for direction in ["ingress", "egress"] {
        let rule = format!("{rule}&direction={direction}");
        subject.send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201);
    }
    for _ in 0..2 {
        for host in ["one.example", "two.example:8080"] {
            for (shown, hidden) in [("ingress", "egress"), ("egress", "ingress")] {
                let request = Request::get(&format!("/api/firewalls/web?direction={shown}"));
                let text = subject.send(request.without("Host").header("Host", host)).expect(200).text();
                assert!(text.contains(&format!("'http://{host}/api")), "{text}");
                assert!(text.contains(&format!(">{shown}<")) && !text.contains(&format!(">{hidden}<")), "{text}");
            }
        }
    }
}

fn answers_say_how_long_they_may_be_kept_and_what_they_depend_on(subject: &Subject) {
    let (again, never) = ("max-age=0, private, must-revalidate", "no-store");
    let form = "name=web&description=d";
    let by_browser = |request: Request| request.accept("text/html").header("Upgrade-Insecure-Requests", "1");
    for (request, status, kept) in [
        (Request::get("/"), 302, never),
        (Request::get("/api"), 200, again),
        (Request::get("/api").header("If-None-Match", "*"), 304, again),
        (Request::get("/api/assets/style.css"), 200, again),
        (Request::get("/api/nothing"), 404, never),
        (Request::get("/api/firewalls").header("Authorization", ""), 401, never),
        (Request::get("/api/firewalls").accept("image/png"), 406, never),
        (Request::post("/api/firewalls").form(form).header("Origin", "http://evil.example"), 403, never),
        (Request::post("/api/firewalls").form(form), 201, again),
        (Request::get("/api/firewalls"), 200, again),
        (Request::get("/api/firewalls/web").accept("text/html"), 200, again),
        (Request::new("HEAD", "/api/firewalls/web"), 200, again),
        (Request::post("/api/firewalls").form(form), 502, never),
        (Request::delete("/api/firewalls/web"), 204, never),
        (by_browser(Request::post("/api/firewalls").form(form)), 303, never),
        (by_browser(Request::post("/api/firewalls/web").form("_method=delete")), 303, never),
        (Request::new("PUT", "/api"), 405, never),
        (Request::new("OPTIONS", "/api"), 200, never),
    ] {
        let answer = subject.send(request).expect(status);
        let values = |wanted: &str| -> Vec<_> {
            answer.headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(values("Cache-Control"), [kept], "{}", answer.text());
        assert_eq!(values("Vary"), ["Accept, X-Deltacloud-Driver, X-Deltacloud-Provider"], "{}", answer.text());
    }
}
