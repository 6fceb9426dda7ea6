//! Every resource with its methods, in XML and JSON: whole answers, headers included.

use insta::assert_snapshot;

use crate::server::Server;
use crate::subject::{MOCK_ACCOUNT, Subject, on_each_driver};
use crate::wire::Request;

on_each_driver! {
    entry_point,
    list_of_firewalls,
    one_firewall,
    create_firewall,
    delete_firewall,
    create_rule,
    delete_rule,
    pages_are_for_browsers_only,
    a_trailing_slash_is_the_same_resource,
    the_entry_point_checks_credentials_when_asked_to,
    an_answer_that_the_client_has_is_not_sent_again,
}

const FORMATS: [&str; 2] = ["xml", "json"];

/// Sends a request in each format to a server of its own with the samples, and compares the whole answer.
#[track_caller]
fn check(subject: &Subject, name: &str, request: impl Fn(&str, &Subject) -> Request) {
    for format in FORMATS {
        let subject = subject.anew().with_samples();
        let answer = subject.send(request(format, &subject));
        assert_snapshot!(format!("{}-{format}", subject.named(name)), subject.text(&answer));
        subject.check_all();
    }
}

/// The same for what is not a matter of which driver is the default.
#[track_caller]
fn check_default(name: &str, request: impl Fn(&str) -> Request) {
    for format in FORMATS {
        let server = Server::with(&["--fgcp-stop-delay", "60"]);
        let answer = server.send(request(format));
        assert_snapshot!(format!("{name}-{format}"), answer.text());
    }
}

fn entry_point(subject: &Subject) {
    check(subject, "entry_point", |format, _| Request::get(&format!("/api?format={format}")));
    check(subject, "entry_point_of_a_provider", |format, _| {
        Request::get(&format!("/api?format={format}")).header("X-Deltacloud-Provider", "eu-west-1")
    });
}

#[test]
fn entry_point_of_another_driver() {
    check_default("entry_point_fgcp", |format| {
        Request::get(&format!("/api?format={format}")).header("X-Deltacloud-Driver", "fgcp")
    });
    check_default("entry_point_by_matrix", |format| {
        Request::get(&format!("/api;driver=GCP;provider=UK?format={format}"))
    });
}

#[test]
fn drivers() {
    check_default("drivers", |format| Request::get(&format!("/api/drivers?format={format}")));
    check_default("driver_mock", |format| Request::get(&format!("/api/drivers/mock?format={format}")));
    check_default("driver_ec2", |format| Request::get(&format!("/api/drivers/EC2?format={format}")));
    check_default("driver_fgcp", |format| Request::get(&format!("/api/drivers/GCP?format={format}")));
    check_default("driver_unknown", |format| Request::get(&format!("/api/drivers/azure?format={format}")));
}

fn list_of_firewalls(subject: &Subject) {
    check(subject, "list", |format, _| Request::get(&format!("/api/firewalls?format={format}")));
    check(subject, "list_of_one", |format, _| Request::get(&format!("/api/firewalls?id=new_firewall&format={format}")));
    check(subject, "list_of_none", |format, _| Request::get(&format!("/api/firewalls?id=absent&format={format}")));
}

fn one_firewall(subject: &Subject) {
    check(subject, "firewall", |format, _| Request::get(&format!("/api/firewalls/test?format={format}")));
    check(subject, "firewall_absent", |format, _| Request::get(&format!("/api/firewalls/absent?format={format}")));
}

fn create_firewall(subject: &Subject) {
    check(subject, "create_firewall", |format, _| {
        Request::post(&format!("/api/firewalls?format={format}"))
            .form("name=Devel_Group&description=Access%20for%20all%20development%20machines")
    });
    check(subject, "create_firewall_of_a_taken_name", |format, _| {
        Request::post(&format!("/api/firewalls?format={format}")).form("name=test&description=again")
    });
}

fn delete_firewall(subject: &Subject) {
    check(subject, "delete_firewall", |format, _| Request::delete(&format!("/api/firewalls/test?format={format}")));
}

fn create_rule(subject: &Subject) {
    check(subject, "create_rule", |format, subject| {
        let group = format!("group1=test&group1owner={}", subject.account);
        Request::post(&format!("/api/firewalls/new_firewall/rules?format={format}"))
            .form(&format!("protocol=tcp&port_from=80&port_to=90&{group}&ip_address1=10.1.0.0/16"))
    });
}

fn delete_rule(subject: &Subject) {
    // The bits past the prefix are still there in memory and not on EC2. The id names the rule on both.
    let rule = "393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24";
    let rule = |subject: &Subject| rule.replace(MOCK_ACCOUNT, &subject.account);
    check(subject, "delete_rule", |format, subject| {
        Request::delete(&format!("/api/firewalls/test/{}?format={format}", rule(subject)))
    });
    check(subject, "delete_rule_absent", |format, subject| {
        Request::delete(&format!("/api/firewalls/default/{}?format={format}", rule(subject)))
    });
}

#[test]
fn firewalls_of_fgcp() {
    check_default("list_fgcp", |format| Request::get(&format!("/api/firewalls?format={format}")).on_fgcp());
    check_default("firewall_fgcp", |format| {
        Request::get(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001?format={format}")).on_fgcp()
    });
    check_default("create_firewall_fgcp", |format| {
        Request::post(&format!("/api/firewalls?format={format}"))
            .on_fgcp()
            .form("name=intranet&description=2-tier+Skeleton")
    });
    check_default("delete_firewall_fgcp_stopped", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-7KX0B4T1E-S-0001?format={format}")).on_fgcp()
    });
    check_default("delete_firewall_fgcp_running", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-3A7QLM2P9-S-0001?format={format}")).on_fgcp()
    });
    check_default("delete_firewall_in_state", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001?format={format}")).on_fgcp()
    });
}

#[test]
fn rules_of_fgcp() {
    check_default("create_rule_fgcp", |format| {
        Request::post(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/rules?format={format}"))
            .on_fgcp()
            .form("protocol=tcp&port_from=80&port_to=90&ip_address1=10.1.0.0/16")
    });
    check_default("delete_rule_fgcp", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/45001?format={format}")).on_fgcp()
    });
    check_default("delete_rule_fgcp_default", |format| {
        Request::delete(&format!("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/50000?format={format}")).on_fgcp()
    });
}

fn pages_are_for_browsers_only(subject: &Subject) {
    check(subject, "page_new", |format, _| Request::get(&format!("/api/firewalls/new?format={format}")));
    check(subject, "page_new_rule", |format, _| Request::get(&format!("/api/firewalls/test/new_rule?format={format}")));
    check(subject, "page_docs", |format, _| Request::get(&format!("/api/docs?format={format}")));
}

#[test]
fn the_root_sends_people_to_the_api() {
    let server = Server::start();
    assert_snapshot!(server.send(Request::get("/")).text());
}

fn a_trailing_slash_is_the_same_resource(subject: &Subject) {
    subject.create("web");
    for path in
        ["/api", "/api/drivers", &format!("/api/drivers/{}", subject.driver), "/api/firewalls", "/api/firewalls/web"]
    {
        let [plain, slash] = [path.to_owned(), format!("{path}/")].map(|path| subject.send(Request::get(&path)));
        assert_eq!(plain.expect(200).text(), slash.text());
    }
    subject.send(Request::post("/api/firewalls/").form("name=a&description=b")).expect(201);
    let rule = "protocol=tcp&port_from=1&port_to=1&ip_address=10.0.0.1";
    let made = subject.send(Request::post("/api/firewalls/a/rules/").form(rule)).expect(201);
    let id = made.body.split("' id='").nth(2).and_then(|rest| rest.split('\'').next()).unwrap();
    subject.send(Request::delete(&format!("/api/firewalls/a/{id}/"))).expect(204);
    subject.send(Request::delete("/api/firewalls/a/")).expect(204);
}

fn the_entry_point_checks_credentials_when_asked_to(subject: &Subject) {
    let stranger = "c29tZWJvZHk6d3Jvbmc=";
    for format in FORMATS {
        let target = format!("/api?force_auth=1&format={format}");
        subject.send(Request::get(&target)).expect(200);
        for (name, request) in [
            ("force_auth", Request::get(&target).header("Authorization", "")),
            ("force_auth_wrong", Request::get(&target).login(stranger)),
        ] {
            let answer = subject.send(request);
            assert_snapshot!(format!("{}-{format}", subject.named(name)), subject.text(&answer));
        }
    }
    // Without the parameter, nobody is asked.
    subject.unheard(|| drop(subject.send(Request::get("/api").login(stranger)).expect(200)));
    for present in ["force_auth", "force_auth=", "force_auth=true"] {
        subject.send(Request::get(&format!("/api?{present}")).header("Authorization", "")).expect(401);
    }
}

fn an_answer_that_the_client_has_is_not_sent_again(subject: &Subject) {
    subject.create("web");
    for target in ["/api", "/api/drivers", "/api/firewalls?format=json", "/api/firewalls/web"] {
        let full = subject.send(Request::get(target)).expect(200);
        assert_eq!(full.header("Cache-Control"), Some("max-age=0, private, must-revalidate"));
        let tag = full.header("Etag").unwrap();
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let known = subject.send(Request::get(target).header("If-None-Match", &known)).expect(304);
            assert_eq!((known.header("Etag"), known.header("Content-Type")), (Some(tag), None));
        }
        subject.send(Request::get(target).header("If-None-Match", "\"other\"")).expect(200);
    }
    // A change makes another tag, and a POST is never answered with what the client has.
    let before = subject.send(Request::get("/api/firewalls"));
    let tag = before.header("Etag").unwrap();
    subject.send(Request::post("/api/firewalls?name=n&description=d").header("If-None-Match", "*")).expect(201);
    subject.send(Request::get("/api/firewalls").header("If-None-Match", tag)).expect(200);
}
