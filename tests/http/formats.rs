//! Which format an answer is in.

use insta::assert_snapshot;

use crate::server::Server;
use crate::wire::Request;

#[test]
fn the_parameter_wins_over_the_header() {
    let server = Server::start();
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
        let answer = server.send(request).expect(200);
        assert_eq!(answer.header("Content-Type"), Some(content_type), "{target} {accept:?}");
    }
}

#[test]
fn what_cannot_be_had_is_refused_before_anything_is_done() {
    let server = Server::start();
    let target = "/api/firewalls?name=n&description=d";
    for (query, accept) in [("", "image/png"), ("&format=yaml", "*/*")] {
        let request = Request::post(&format!("{target}{query}")).on_mock().accept(accept);
        server.send(request).expect(406);
    }
    server.send(Request::delete("/api/firewalls/test").on_mock().accept("image/png")).expect(406);
    let list = server.send(Request::get("/api/firewalls?format=json").on_mock()).json();
    assert_eq!(list["firewalls"].as_array().unwrap().len(), 3);
}

#[test]
fn a_query_that_cannot_be_read_is_refused_in_the_format_it_asks_for() {
    let server = Server::start();
    let answer = server.send(Request::get("/api/firewalls?id=%ff&format=json&format=%ff").on_mock()).expect(400);
    assert_eq!(answer.json()["message"], "A parameter of the request is not UTF-8.");
    server.send(Request::get("/api").accept("garbage")).expect(406);
}

#[test]
fn refusals_say_which_formats_there_are() {
    let server = Server::start();
    assert_snapshot!("not_acceptable", server.send(Request::get("/api").accept("image/png")).text());
    assert_snapshot!("unknown_format", server.send(Request::get("/api?format=yaml").accept("application/json")).text());
    let hostile = Request::get("/api").header("X-Deltacloud-Driver", "<script>'\"&]]>");
    assert_snapshot!("hostile_text_in_xml", server.send(hostile).text());
}
