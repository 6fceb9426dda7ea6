//! Every resource with its methods, in XML and JSON: whole answers, headers included.

use insta::assert_snapshot;

use crate::server::Server;
use crate::wire::Request;

const FORMATS: [&str; 2] = ["xml", "json"];

/// Sends a request in each format to a server of its own, and compares the whole answer.
#[track_caller]
fn check(name: &str, request: impl Fn(&str) -> Request) {
    for format in FORMATS {
        let server = Server::with(&["--fgcp-stop-delay", "60"]);
        let answer = server.send(request(format));
        assert_snapshot!(format!("{name}-{format}"), answer.text());
    }
}

#[test]
fn entry_point() {
    check("entry_point", |format| Request::get(&format!("/api?format={format}")));
    check("entry_point_of_a_provider", |format| {
        Request::get(&format!("/api?format={format}")).header("X-Deltacloud-Provider", "eu-west-1")
    });
    check("entry_point_fgcp", |format| {
        Request::get(&format!("/api?format={format}")).header("X-Deltacloud-Driver", "fgcp")
    });
    check("entry_point_by_matrix", |format| Request::get(&format!("/api;driver=GCP;provider=UK?format={format}")));
}

#[test]
fn drivers() {
    check("drivers", |format| Request::get(&format!("/api/drivers?format={format}")));
    check("driver_mock", |format| Request::get(&format!("/api/drivers/mock?format={format}")));
    check("driver_fgcp", |format| Request::get(&format!("/api/drivers/GCP?format={format}")));
    check("driver_unknown", |format| Request::get(&format!("/api/drivers/azure?format={format}")));
}

#[test]
fn list_of_firewalls() {
    check("list", |format| Request::get(&format!("/api/firewalls?format={format}")).on_mock());
    check("list_fgcp", |format| Request::get(&format!("/api/firewalls?format={format}")).on_fgcp());
    check("list_of_one", |format| Request::get(&format!("/api/firewalls?id=new_firewall&format={format}")).on_mock());
    check("list_of_none", |format| Request::get(&format!("/api/firewalls?id=absent&format={format}")).on_mock());
}

#[test]
fn one_firewall() {
    check("firewall", |format| Request::get(&format!("/api/firewalls/test?format={format}")).on_mock());
    check("firewall_absent", |format| Request::get(&format!("/api/firewalls/absent?format={format}")).on_mock());
    check("firewall_fgcp", |format| {
        Request::get(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001?format={format}")).on_fgcp()
    });
}

#[test]
fn create_firewall() {
    check("create_firewall", |format| {
        Request::post(&format!("/api/firewalls?format={format}"))
            .on_mock()
            .form("name=Devel_Group&description=Access%20for%20all%20development%20machines")
    });
    check("create_firewall_fgcp", |format| {
        Request::post(&format!("/api/firewalls?format={format}"))
            .on_fgcp()
            .form("name=intranet&description=2-tier+Skeleton")
    });
    check("create_firewall_of_a_taken_name", |format| {
        Request::post(&format!("/api/firewalls?format={format}")).on_mock().form("name=test&description=again")
    });
}

#[test]
fn delete_firewall() {
    check("delete_firewall", |format| Request::delete(&format!("/api/firewalls/test?format={format}")).on_mock());
    check("delete_firewall_fgcp_stopped", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-7KX0B4T1E-S-0001?format={format}")).on_fgcp()
    });
    check("delete_firewall_fgcp_running", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-3A7QLM2P9-S-0001?format={format}")).on_fgcp()
    });
    check("delete_firewall_in_state", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001?format={format}")).on_fgcp()
    });
}

#[test]
fn create_rule() {
    check("create_rule", |format| {
        Request::post(&format!("/api/firewalls/new_firewall/rules?format={format}"))
            .on_mock()
            .form("protocol=tcp&port_from=80&port_to=90&group1=test&group1owner=393485797142&ip_address1=10.1.0.0/16")
    });
    check("create_rule_fgcp", |format| {
        Request::post(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/rules?format={format}"))
            .on_fgcp()
            .form("protocol=tcp&port_from=80&port_to=90&ip_address1=10.1.0.0/16")
    });
}

#[test]
fn delete_rule() {
    let rule = "393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24";
    check("delete_rule", |format| Request::delete(&format!("/api/firewalls/test/{rule}?format={format}")).on_mock());
    check("delete_rule_absent", |format| {
        Request::delete(&format!("/api/firewalls/default/{rule}?format={format}")).on_mock()
    });
    check("delete_rule_fgcp", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/45001?format={format}")).on_fgcp()
    });
    check("delete_rule_fgcp_default", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/50000?format={format}")).on_fgcp()
    });
}

#[test]
fn pages_are_for_browsers_only() {
    check("page_new", |format| Request::get(&format!("/api/firewalls/new?format={format}")).on_mock());
    check("page_new_rule", |format| Request::get(&format!("/api/firewalls/test/new_rule?format={format}")).on_mock());
    check("page_docs", |format| Request::get(&format!("/api/docs?format={format}")));
}

#[test]
fn the_root_sends_people_to_the_api() {
    let server = Server::start();
    assert_snapshot!(server.send(Request::get("/")).text());
}

#[test]
fn a_trailing_slash_is_the_same_resource() {
    let server = Server::start();
    for path in ["/api", "/api/drivers", "/api/drivers/mock", "/api/firewalls", "/api/firewalls/test"] {
        let [plain, slash] =
            [path.to_owned(), format!("{path}/")].map(|path| server.send(Request::get(&path).on_mock()));
        assert_eq!(plain.expect(200).text(), slash.text());
    }
    server.send(Request::post("/api/firewalls/").on_mock().form("name=a&description=b")).expect(201);
    let rule = "protocol=tcp&port_from=1&port_to=1&ip_address=10.0.0.1";
    let made = server.send(Request::post("/api/firewalls/a/rules/").on_mock().form(rule)).expect(201);
    let id = made.body.split("' id='").nth(2).and_then(|rest| rest.split('\'').next()).unwrap();
    server.send(Request::delete(&format!("/api/firewalls/a/{id}/")).on_mock()).expect(204);
    server.send(Request::delete("/api/firewalls/a/").on_mock()).expect(204);
}

#[test]
fn the_entry_point_checks_credentials_when_asked_to() {
    let server = Server::start();
    for format in FORMATS {
        let target = format!("/api?force_auth=1&format={format}");
        server.send(Request::get(&target).on_mock()).expect(200);
        assert_snapshot!(format!("force_auth-{format}"), server.send(Request::get(&target)).text());
        let wrong = server.send(Request::get(&target).header("Authorization", "Basic bW9ja3VzZXI6d3Jvbmc="));
        assert_snapshot!(format!("force_auth_wrong-{format}"), wrong.text());
    }
    // Without the parameter, nobody is asked.
    server.send(Request::get("/api").header("Authorization", "Basic bW9ja3VzZXI6d3Jvbmc=")).expect(200);
    for present in ["force_auth", "force_auth=", "force_auth=true"] {
        server.send(Request::get(&format!("/api?{present}"))).expect(401);
    }
}

#[test]
fn an_answer_that_the_client_has_is_not_sent_again() {
    let server = Server::start();
    for target in ["/api", "/api/drivers", "/api/firewalls?format=json", "/api/firewalls/test"] {
        let full = server.send(Request::get(target).on_mock()).expect(200);
        assert_eq!(full.header("Cache-Control"), Some("max-age=0, private, must-revalidate"));
        let tag = full.header("Etag").unwrap();
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let known = server.send(Request::get(target).on_mock().header("If-None-Match", &known)).expect(304);
            assert_eq!((known.header("Etag"), known.header("Content-Type")), (Some(tag), None));
        }
        server.send(Request::get(target).on_mock().header("If-None-Match", "\"other\"")).expect(200);
    }
    // A change makes another tag, and a POST is never answered with what the client has.
    let before = server.send(Request::get("/api/firewalls").on_mock());
    let tag = before.header("Etag").unwrap();
    server
        .send(Request::post("/api/firewalls?name=n&description=d").on_mock().header("If-None-Match", "*"))
        .expect(201);
    server.send(Request::get("/api/firewalls").on_mock().header("If-None-Match", tag)).expect(200);
}
