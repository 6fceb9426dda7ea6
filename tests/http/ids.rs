//! Names and ids with characters that mean something in a URL, in XML or in an id.

use insta::assert_snapshot;

use crate::server::Server;
use crate::wire::Request;

/// What each `<rule>` of a firewall shown alone has for href and id.
fn rules(body: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!("{name}='")).nth(1).unwrap().split('\'').next().unwrap();
        value.replace("&amp;", "&").replace("&apos;", "'").replace("&lt;", "<").replace("&gt;", ">")
    };
    body.lines()
        .filter(|line| line.trim_start().starts_with("<rule "))
        .map(|tag| (attribute(tag, "href"), attribute(tag, " id")))
        .collect()
}

fn path_of(href: &str) -> &str {
    href.strip_prefix("http://gateway.test:3001").unwrap()
}

#[test]
fn a_name_of_hostile_characters_is_shown_found_and_deleted() {
    let server = Server::start();
    for format in ["xml", "json"] {
        let request = Request::post(&format!("/api/firewalls?format={format}"))
            .on_mock()
            .multipart(&[("name", "R&D / web <1> 'x' \"y\" 100%"), ("description", "a ]]> b & <c> ]]]]>> 'd'")]);
        let answer = server.send(request).expect(201);
        assert_snapshot!(format!("hostile_name-{format}"), answer.text());
        let location = path_of(answer.header("Location").unwrap()).to_owned();
        server.send(Request::get(&location).on_mock()).expect(200);
        let filter = "/api/firewalls?id=R%26D+/+web+%3C1%3E+%27x%27+%22y%22+100%25&format=json";
        let list = server.send(Request::get(filter).on_mock()).json();
        assert_eq!(list["firewalls"][0]["description"], "a ]]> b & <c> ]]]]>> 'd'");
        server.send(Request::delete(&location).on_mock()).expect(204);
    }
}

#[test]
fn a_firewall_may_be_called_what_pages_are_called() {
    let server = Server::start();
    server.send(Request::post("/api/firewalls?name=new&description=d").on_mock()).expect(201);
    server.send(Request::post("/api/firewalls?name=rules&description=d").on_mock()).expect(201);
    server.send(Request::get("/api/firewalls/rules").on_mock()).expect(200);
    let one = server.send(Request::get("/api/firewalls?id=new&format=json").on_mock()).json();
    assert_eq!(one["firewalls"][0]["id"], "new");
    server.send(Request::delete("/api/firewalls/new").on_mock()).expect(204);
}

/// Makes a rule with this group as source, and the group itself. Gives the rule's path and id.
fn create_rule_from(server: &Server, group: &str) -> (String, String) {
    let form = [("name", group), ("description", "d")];
    server.send(Request::post("/api/firewalls").on_mock().multipart(&form));
    let rule = Request::post("/api/firewalls/new_firewall/rules").on_mock().multipart(&[
        ("protocol", "tcp"),
        ("port_from", "1"),
        ("port_to", "99"),
        ("group1", group),
        ("group1owner", "393485797142"),
    ]);
    let answer = server.send(rule).expect(201);
    let (href, id) = rules(&answer.body).pop().unwrap();
    (path_of(&href).to_owned(), id)
}

/// Each kind of rule can be deleted by its href, by its id as it is shown, and by its id fully percent-encoded.
#[test]
fn a_rule_is_found_however_its_id_is_encoded() {
    let server = Server::start();
    for group in ["default", "a,b", "a~egress", "x@y", "c d", "e/f", "50%", "a%2Cb", "a%252Cb", "p+q;r"] {
        let create = || create_rule_from(&server, group);
        let delete = |path: &str| server.send(Request::delete(path).on_mock()).expect(204);

        let (href, id) = create();
        delete(&href);
        create();
        delete(&format!("/api/firewalls/new_firewall/{id}"));
        create();
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
        delete(&format!("/api/firewalls/new_firewall/{encoded}"));
        create();
        let like_javascript = id.replace('%', "%25").replace('@', "%40").replace(',', "%2C").replace(':', "%3A");
        delete(&format!("/api/firewalls/new_firewall/{like_javascript}"));
    }
}

/// A name that itself looks percent-encoded makes an id that, sent as it is, may mean another rule.
#[test]
fn no_rule_is_deleted_on_a_guess() {
    let server = Server::start();
    let [(comma_href, comma), (encoded_href, encoded)] = ["a,b", "a%2Cb"].map(|group| create_rule_from(&server, group));
    assert_eq!(encoded, comma.replace("%2C", "%252C"));
    let left = || rules(&server.send(Request::get("/api/firewalls/new_firewall").on_mock()).body).len();

    let answer = server.send(Request::delete(&format!("/api/firewalls/new_firewall/{encoded}")).on_mock()).expect(400);
    assert!(answer.message().contains("Percent-encode"), "{}", answer.body);
    assert_eq!(left(), 2);
    server.send(Request::delete(&encoded_href).on_mock()).expect(204);
    server.send(Request::delete(&encoded_href).on_mock()).expect(404);
    assert_eq!(left(), 1);
    server.send(Request::delete(&comma_href).on_mock()).expect(204);
}

#[test]
fn a_rule_is_found_by_what_its_id_says() {
    let server = Server::start();
    let rule = "protocol=tcp&port_from=80&port_to=80&ip_address1=10.0.0.0/8&ip_address2=2001:db8::/32";
    for spelling in [
        "393485797142~TCP~80~80~@address,ipv4,10.0.0.0,8,@address,ipv6,2001:db8::,32",
        "393485797142~tcp~80~80~@address,ipv6,2001:0DB8::0,32,@address,ipv4,10.0.0.0,8",
        "393485797142~tcp~080~80~@address,ipv4,10.1.2.3,8,@address,ipv6,2001:db8::1,32",
    ] {
        server.send(Request::post("/api/firewalls/test/rules").on_mock().form(rule)).expect(201);
        server.send(Request::delete(&format!("/api/firewalls/test/{spelling}")).on_mock()).expect(204);
    }
}

#[test]
fn what_no_rule_is_called_is_not_found() {
    let server = Server::start();
    let before = server.send(Request::get("/api/firewalls").on_mock()).text();
    for rule in [
        "nonsense",
        "45001",
        "393485797142~tcp~22~22~@address,ipv4,87.228.192.251,31",
        "393485797142~tcp~22~22~@address,ipv4,87.228.192.251,32~egress",
        "393485797142~tcp~22~22~@address,ipv4,87.228.192.251,32~deny",
        "393485797142~tcp~22~22~",
        "393485797142~tcp~22~22",
        "1~tcp~22~22~@address,ipv4,87.228.192.251,32",
        "~~~~",
        "%00",
        "%ff~%ff",
        "%",
        "%2e%2e%2f%2e%2e",
    ] {
        for format in ["xml", "json"] {
            let target = format!("/api/firewalls/default/{rule}?format={format}");
            server.send(Request::delete(&target).on_mock()).expect(404).message();
        }
    }
    assert_eq!(server.send(Request::get("/api/firewalls").on_mock()).text(), before);
}
