//! Which format an answer is in.

use insta::assert_snapshot;

use crate::subject::{Subject, on_each_driver};
use crate::wire::Request;

on_each_driver! {
    the_parameter_wins_over_the_header,
    what_cannot_be_had_is_refused_before_anything_is_done,
    a_query_that_cannot_be_read_is_refused_in_the_format_it_asks_for,
    refusals_say_which_formats_there_are,
}

fn the_parameter_wins_over_the_header(subject: &Subject) {
    for (target, accept, content_type) in [
        ("/api", None, "application/xml"),
        ("/api", Some(""), "application/xml"),
        ("/api", Some("*/*"), "application/xml"),
        ("/api", Some("application/json"), "application/json"),
        ("/api", Some("application/json;charset=utf-8"), "application/json"),
        ("/api", Some("text/xml"), "application/xml"),
        ("/api", Some("application/xml;q=0.4, application/json;q=0.5"), "application/json"),
        ("/api", Some("application/json;q=0, */*"), "application/xml"),
        ("/api?format=xml", Some("application/json"), "application/xml"),
        ("/api?format=json", Some("application/xml"), "application/json"),
        ("/api?format=json", Some("image/png"), "application/json"),
        ("/api?format=", Some("application/json"), "application/json"),
    ] {
        let request = Request::get(target);
        let request = accept.map_or(request.clone(), |accept| request.accept(accept));
        let answer = subject.send(request).expect(200);
        assert_eq!(answer.header("Content-Type"), Some(content_type), "{target} {accept:?}");
    }
}

fn what_cannot_be_had_is_refused_before_anything_is_done(subject: &Subject) {
    let target = "/api/firewalls?name=n&description=d";
    for (query, accept) in [("", "image/png"), ("&format=yaml", "*/*")] {
        let request = Request::post(&format!("{target}{query}")).accept(accept);
        subject.unheard(|| drop(subject.send(request).expect(406)));
    }
    subject.create("web");
    subject.send(Request::delete("/api/firewalls/web").accept("image/png")).expect(406);
    subject.send(Request::get("/api/firewalls/web")).expect(200);
    subject.send(Request::get("/api/firewalls/n")).expect(404);
}

fn a_query_that_cannot_be_read_is_refused_in_the_format_it_asks_for(subject: &Subject) {
    let answer = subject.send(Request::get("/api/firewalls?id=%ff&format=json&format=%ff")).expect(400);
    assert_eq!(answer.json()["message"], "A parameter of the request is not UTF-8.");
    subject.send(Request::get("/api").accept("garbage")).expect(406);
}

fn refusals_say_which_formats_there_are(subject: &Subject) {
    let snapshot = |name, request| assert_snapshot!(subject.named(name), subject.text(&subject.send(request)));
    snapshot("not_acceptable", Request::get("/api").accept("image/png"));
    snapshot("unknown_format", Request::get("/api?format=yaml").accept("application/json"));
    let hostile = Request::get("/api").header("X-Deltacloud-Driver", "<script>'\"&]]>");
    snapshot("hostile_text_in_xml", hostile);
}
