//! OPTIONS, HEAD, methods that a resource lacks, and methods that stand for another.

use crate::server::Server;
use crate::wire::Request;

const RULE: &str = "393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24";

#[test]
fn options_and_refusals_name_the_methods_there_are() {
    let server = Server::start();
    let rule = format!("/api/firewalls/test/{RULE}");
    for (path, allow, refused) in [
        ("/", "GET, HEAD, OPTIONS", "POST"),
        ("/api", "GET, HEAD, OPTIONS", "POST"),
        ("/api/drivers", "GET, HEAD, OPTIONS", "DELETE"),
        ("/api/drivers/mock", "GET, HEAD, OPTIONS", "PUT"),
        ("/api/firewalls", "GET, HEAD, POST, OPTIONS", "DELETE"),
        ("/api/firewalls/test", "GET, HEAD, DELETE, OPTIONS", "POST"),
        ("/api/firewalls/test/rules", "POST, OPTIONS", "GET"),
        (&rule, "DELETE, OPTIONS", "GET"),
        ("/api/firewalls/new", "GET, HEAD, DELETE, OPTIONS", "PATCH"),
        ("/api/firewalls/test/new_rule", "GET, HEAD, OPTIONS", "DELETE"),
        ("/api/docs", "GET, HEAD, OPTIONS", "TRACE"),
    ] {
        let options = server.send(Request::new("OPTIONS", path)).expect(200);
        assert_eq!((options.header("Allow"), options.body.as_str()), (Some(allow), ""), "{path}");
        for format in ["xml", "json"] {
            let answer = server.send(Request::new(refused, &format!("{path}?format={format}")).on_mock()).expect(405);
            assert_eq!(answer.header("Allow"), Some(allow), "{refused} {path}");
            assert_eq!(answer.header("Content-Type"), Some(&*format!("application/{format}")));
        }
    }
    server.send(Request::new("OPTIONS", "/nowhere")).expect(404);
    assert!(server.send(Request::get("/api/firewalls/test").on_mock()).body.contains(RULE));
}

#[test]
fn connect_is_a_method_like_others_that_are_not_there() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write(b"CONNECT /api HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    assert_eq!(connection.read(true).expect(405).header("Allow"), Some("GET, HEAD, OPTIONS"));
}

#[test]
fn head_has_the_headers_of_get() {
    let server = Server::start();
    let mut connection = server.connect();
    for target in [
        "/",
        "/api",
        "/api?format=json",
        "/api/drivers",
        "/api/drivers/fgcp",
        "/api/firewalls",
        "/api/firewalls?format=json",
        "/api/firewalls/test",
        "/api/firewalls/absent",
    ] {
        let get = connection.send(Request::get(target).on_mock());
        // On the same connection, which would be out of step after a body that does not belong there.
        let mut head = connection.send(Request::new("HEAD", target).on_mock());
        head.body = get.body.clone();
        assert_eq!(head.text(), get.text());
    }
    let rules = connection.send(Request::new("HEAD", "/api/firewalls/test/rules").on_mock());
    assert_eq!(rules.status, 405);
}

#[test]
fn a_post_can_stand_for_a_delete() {
    let server = Server::start();
    let create = |name: &str| {
        server.send(Request::post(&format!("/api/firewalls?name={name}&description=d")).on_mock()).expect(201);
        Request::post(&format!("/api/firewalls/{name}")).on_mock()
    };
    server.send(create("a").form("_method=delete")).expect(204);
    server.send(create("b").form("_method=DELETE&x=y")).expect(204);
    server.send(create("c").multipart(&[("_method", "delete")])).expect(204);
    server.send(create("d").header("X-HTTP-Method-Override", "DELETE")).expect(204);
    server.send(Request::post(&format!("/api/firewalls/test/{RULE}")).on_mock().form("_method=delete")).expect(204);
    let list = server.send(Request::get("/api/firewalls?format=json").on_mock()).json();
    assert_eq!(list["firewalls"].as_array().unwrap().len(), 3);
    assert_eq!(list["firewalls"][1]["rules"].as_array().unwrap().len(), 0);
}

#[test]
fn only_a_form_that_is_posted_can_stand_for_another_method() {
    let server = Server::start();
    // Links and images can be made to send these, and JSON is no form.
    server.send(Request::post("/api/firewalls/test?_method=delete").on_mock()).expect(405);
    server.send(Request::post("/api/firewalls/test").on_mock().json(r#"{"_method":"delete"}"#)).expect(405);
    server.send(Request::get("/api/firewalls/test?_method=delete").on_mock()).expect(200);
    server.send(Request::get("/api/firewalls/test").on_mock().header("X-HTTP-Method-Override", "DELETE")).expect(200);
    // Nor is a POST anything else than what it says.
    for method in ["PUT", "GET", "nonsense"] {
        let request = Request::post("/api/firewalls").on_mock().form("name=n&description=d");
        server.send(request.header("X-HTTP-Method-Override", method)).expect(405);
    }
    server.send(Request::post("/api/firewalls").on_mock().form("name=n&description=d&_method=put")).expect(405);
    server.send(Request::get("/api/firewalls/n").on_mock()).expect(404);
    server.send(Request::post("/api/firewalls").on_mock().form("name=n&description=d&_method=post")).expect(201);
}
