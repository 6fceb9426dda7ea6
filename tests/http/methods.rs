//! OPTIONS, HEAD, methods that a resource lacks, and methods that stand for another.

use crate::subject::{Subject, on_each_driver};
use crate::wire::Request;

on_each_driver! {
    options_and_refusals_name_the_methods_there_are,
    connect_is_a_method_like_others_that_are_not_there,
    head_has_the_headers_of_get,
    a_post_can_stand_for_a_delete,
    only_a_form_that_is_posted_can_stand_for_another_method,
}

/// Makes the firewall `web` with a rule, and gives the rule's id.
fn create_rule(subject: &Subject) -> String {
    subject.create("web");
    let account = &subject.account;
    let rule =
        format!("protocol=tcp&port_from=22&port_to=22&group1=default&group1owner={account}&ip_address1=10.1.2.0/24");
    subject.send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201);
    format!("{account}~tcp~22~22~@group,{account},default,@address,ipv4,10.1.2.0,24")
}

fn options_and_refusals_name_the_methods_there_are(subject: &Subject) {
    let id = create_rule(subject);
    let rule = format!("/api/firewalls/web/{id}");
    for (path, allow, refused) in [
        ("/", "GET, HEAD, OPTIONS", "POST"),
        ("/api", "GET, HEAD, OPTIONS", "POST"),
        ("/api/drivers", "GET, HEAD, OPTIONS", "DELETE"),
        ("/api/drivers/mock", "GET, HEAD, OPTIONS", "PUT"),
        ("/api/firewalls", "GET, HEAD, POST, OPTIONS", "DELETE"),
        ("/api/firewalls/web", "GET, HEAD, DELETE, OPTIONS", "POST"),
        ("/api/firewalls/web/rules", "POST, PUT, OPTIONS", "GET"),
        (&rule, "DELETE, OPTIONS", "GET"),
        ("/api/firewalls/new", "GET, HEAD, DELETE, OPTIONS", "PATCH"),
        ("/api/firewalls/web/new_rule", "GET, HEAD, OPTIONS", "DELETE"),
        ("/api/docs", "GET, HEAD, OPTIONS", "TRACE"),
    ] {
        subject.unheard(|| {
            let options = subject.send(Request::new("OPTIONS", path)).expect(200);
            assert_eq!((options.header("Allow"), options.body.as_str()), (Some(allow), ""), "{path}");
            for format in ["xml", "json"] {
                let answer = subject.send(Request::new(refused, &format!("{path}?format={format}"))).expect(405);
                assert_eq!(answer.header("Allow"), Some(allow), "{refused} {path}");
                assert_eq!(answer.header("Content-Type"), Some(&*format!("application/{format}")));
            }
        });
    }
    subject.send(Request::new("OPTIONS", "/nowhere")).expect(404);
    assert!(subject.send(Request::get("/api/firewalls/web")).body.contains(&id));
}

fn connect_is_a_method_like_others_that_are_not_there(subject: &Subject) {
    let mut connection = subject.connect();
    connection.write(b"CONNECT /api HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
    assert_eq!(connection.read(true).expect(405).header("Allow"), Some("GET, HEAD, OPTIONS"));
}

fn head_has_the_headers_of_get(subject: &Subject) {
    subject.create("web");
    let mut connection = subject.connect();
    for target in [
        "/",
        "/api",
        "/api?format=json",
        "/api/drivers",
        "/api/drivers/fgcp",
        "/api/firewalls",
        "/api/firewalls?format=json",
        "/api/firewalls/web",
        "/api/firewalls/absent",
    ] {
        let get = connection.send(Request::get(target));
        // On the same connection, which would be out of step after a body that does not belong there.
        let mut head = connection.send(Request::new("HEAD", target));
        head.body = get.body.clone();
        assert_eq!(head.text(), get.text());
    }
    let rules = connection.send(Request::new("HEAD", "/api/firewalls/web/rules"));
    assert_eq!(rules.status, 405);
}

fn a_post_can_stand_for_a_delete(subject: &Subject) {
    let create = |name: &str| {
        subject.create(name);
        Request::post(&format!("/api/firewalls/{name}"))
    };
    subject.send(create("a").form("_method=delete")).expect(204);
    subject.send(create("b").form("_method=DELETE&x=y")).expect(204);
    subject.send(create("c").multipart(&[("_method", "delete")])).expect(204);
    subject.send(create("d").header("X-HTTP-Method-Override", "DELETE")).expect(204);
    for name in ["a", "b", "c", "d"] {
        subject.send(Request::get(&format!("/api/firewalls/{name}"))).expect(404);
    }
    let rule = format!("/api/firewalls/web/{}", create_rule(subject));
    subject.send(Request::post(&rule).form("_method=delete")).expect(204);
    assert!(!subject.send(Request::get("/api/firewalls/web")).expect(200).body.contains("<rule "));
}

fn only_a_form_that_is_posted_can_stand_for_another_method(subject: &Subject) {
    subject.create("web");
    // Links and images can be made to send these, and JSON is no form.
    subject.send(Request::post("/api/firewalls/web?_method=delete")).expect(405);
    subject.send(Request::post("/api/firewalls/web").json(r#"{"_method":"delete"}"#)).expect(405);
    subject.send(Request::get("/api/firewalls/web?_method=delete")).expect(200);
    subject.send(Request::get("/api/firewalls/web").header("X-HTTP-Method-Override", "DELETE")).expect(200);
    // Nor is a POST anything else than what it says.
    for method in ["PUT", "GET", "nonsense"] {
        let request = Request::post("/api/firewalls").form("name=n&description=d");
        subject.send(request.header("X-HTTP-Method-Override", method)).expect(405);
    }
    subject.send(Request::post("/api/firewalls").form("name=n&description=d&_method=put")).expect(405);
    subject.send(Request::get("/api/firewalls/n")).expect(404);
    subject.send(Request::post("/api/firewalls").form("name=n&description=d&_method=post")).expect(201);
}
