//! Names and ids with characters that mean something in a URL, in XML or in an id.

use insta::assert_snapshot;

use crate::subject::{MOCK_ACCOUNT, Subject, on_each_driver};
use crate::wire::{Answer, Request};

on_each_driver! {
    a_name_of_hostile_characters_is_shown_found_and_deleted,
    a_firewall_may_be_called_what_means_something_in_a_path,
    a_rule_is_found_however_its_id_is_encoded,
    a_rule_is_found_by_what_its_id_says,
    what_no_rule_is_called_is_not_found,
}

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

/// Makes a firewall, finds it by its href and its id, and deletes it. Gives the answer to the first of these.
fn create_find_and_delete(subject: &Subject, format: &str, name: &str, description: &str) -> Answer {
    let request = Request::post(&format!("/api/firewalls?format={format}"));
    let made = subject.send(request.multipart(&[("name", name), ("description", description)])).expect(201);
    let location = path_of(made.header("Location").unwrap()).to_owned();
    subject.send(Request::get(&location)).expect(200);
    let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let list = subject.send(Request::get(&format!("/api/firewalls?id={encoded}&format=json"))).expect(200).json();
    assert_eq!(
        (&list["firewalls"][0]["id"], &list["firewalls"][0]["description"]),
        (&name.into(), &description.into())
    );
    subject.send(Request::delete(&location)).expect(204);
    made
}

fn a_name_of_hostile_characters_is_shown_found_and_deleted(subject: &Subject) {
    for format in ["xml", "json"] {
        let made = create_find_and_delete(subject, format, "R&D / web;[1] {x}+#@*$!,=", "a & b; ]] {c} #/d");
        assert_snapshot!(format!("{}-{format}", subject.named("hostile_name")), subject.text(&made));
    }
}

/// Characters that EC2 does not allow, and that mean something in XML.
#[test]
fn a_name_of_characters_that_few_clouds_allow() {
    let subject = Subject::mock();
    for format in ["xml", "json"] {
        let name = "R&D / web <1> 'x' \"y\" 100%";
        let made = create_find_and_delete(&subject, format, name, "a ]]> b & <c> ]]]]>> 'd'");
        assert_snapshot!(format!("hostile_name_of_any_characters-{format}"), subject.text(&made));
    }
}

/// A page is called `new`, and clients take `.` and `..` for steps in the path. By their hrefs such firewalls are reached
/// all the same, in every format.
fn a_firewall_may_be_called_what_means_something_in_a_path(subject: &Subject) {
    for (name, segment) in [("new", "new;"), (".", ".;"), ("..", "..;"), ("..;", "..%3B"), ("rules", "rules")] {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for (format, before, [made, done]) in [
            ("application/xml", "<firewall href='http://gateway.test:3001", [201, 204]),
            ("application/json", "\"href\":\"http://gateway.test:3001", [201, 204]),
            ("text/html", "<a href=\"", [303, 303]),
        ] {
            let send = |request: Request| subject.send(request.accept(format).header("Upgrade-Insecure-Requests", "1"));
            let after = |body: &str, before: &str| {
                let rest = body.rsplit(before).next().unwrap();
                rest.split(['"', '\'', '<']).next().unwrap().to_owned()
            };
            subject.create(name);
            let path = after(&send(Request::get(&format!("/api/firewalls?id={encoded}"))).expect(200).body, before);
            assert_eq!(path, format!("/api/firewalls/{segment}"));
            let rule = Request::post(&format!("{path}/rules"));
            let made = send(rule.form("protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8")).expect(made);
            assert!(made.header("Location").is_none_or(|next| next == path), "{}", made.text());
            let shown = send(Request::get(&path)).expect(200).body;
            let id = format!("{}~tcp~", subject.account);
            let id = format!("{id}{}", after(&shown, &id));
            send(Request::delete(&format!("{path}/{id}"))).expect(done);
            assert!(!send(Request::get(&path)).expect(200).body.contains("~tcp~"));
            send(Request::delete(&path)).expect(done);
            send(Request::get(&path)).expect(404);
        }
    }
}

/// Makes a rule of `web` with this group as source. Gives the rule's path and id.
fn create_rule_from(subject: &Subject, group: &str) -> (String, String) {
    let rule = Request::post("/api/firewalls/web/rules").multipart(&[
        ("protocol", "tcp"),
        ("port_from", "1"),
        ("port_to", "99"),
        ("group1", group),
        ("group1owner", &subject.account),
    ]);
    let answer = subject.send(rule).expect(201);
    let (href, id) = rules(&answer.body).pop().unwrap();
    (path_of(&href).to_owned(), id)
}

/// Each kind of rule can be deleted by its href, by its id as it is shown, and by its id fully percent-encoded.
fn a_rule_is_found_however_its_id_is_encoded(subject: &Subject) {
    let groups = ["plain", "a,b", "a~egress", "x@y", "c d", "e/f", "50%", "a%2Cb", "a%252Cb", "p+q;r"];
    subject.create("web");
    for group in subject.allowed(&groups) {
        subject.create(group);
        let create = || create_rule_from(subject, group);
        let delete = |path: &str| subject.send(Request::delete(path)).expect(204);

        let (href, id) = create();
        delete(&href);
        create();
        delete(&format!("/api/firewalls/web/{id}"));
        create();
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
        delete(&format!("/api/firewalls/web/{encoded}"));
        create();
        let like_javascript = id.replace('%', "%25").replace('@', "%40").replace(',', "%2C").replace(':', "%3A");
        delete(&format!("/api/firewalls/web/{like_javascript}"));
    }
}

/// A name that itself looks percent-encoded makes an id that, sent as it is, may mean another rule. EC2 allows none.
#[test]
fn no_rule_is_deleted_on_a_guess() {
    let subject = Subject::mock();
    for name in ["web", "a,b", "a%2Cb"] {
        subject.create(name);
    }
    let [(comma_href, comma), (encoded_href, encoded)] =
        ["a,b", "a%2Cb"].map(|group| create_rule_from(&subject, group));
    assert_eq!(encoded, comma.replace("%2C", "%252C"));
    let left = || rules(&subject.send(Request::get("/api/firewalls/web")).body).len();

    let answer = subject.send(Request::delete(&format!("/api/firewalls/web/{encoded}"))).expect(400);
    assert!(answer.message().contains("Percent-encode"), "{}", answer.body);
    assert_eq!(left(), 2);
    subject.send(Request::delete(&encoded_href)).expect(204);
    subject.send(Request::delete(&encoded_href)).expect(404);
    assert_eq!(left(), 1);
    subject.send(Request::delete(&comma_href)).expect(204);
}

fn a_rule_is_found_by_what_its_id_says(subject: &Subject) {
    let rule = "protocol=tcp&port_from=80&port_to=80&ip_address1=10.0.0.0/8&ip_address2=2001:db8::/32";
    subject.create("web");
    for spelling in [
        "TCP~80~80~@address,ipv4,10.0.0.0,8,@address,ipv6,2001:db8::,32",
        "tcp~80~80~@address,ipv6,2001:0DB8::0,32,@address,ipv4,10.0.0.0,8",
        "tcp~080~80~@address,ipv4,10.1.2.3,8,@address,ipv6,2001:db8::1,32",
    ] {
        subject.send(Request::post("/api/firewalls/web/rules").form(rule)).expect(201);
        let target = format!("/api/firewalls/web/{}~{spelling}", subject.account);
        subject.send(Request::delete(&target)).expect(204);
    }
}

fn what_no_rule_is_called_is_not_found(subject: &Subject) {
    let rule = "protocol=tcp&port_from=22&port_to=22&ip_address1=87.228.192.251";
    subject.create("web");
    subject.send(Request::post("/api/firewalls/web/rules").form(rule)).expect(201);
    let before = subject.send(Request::get("/api/firewalls?direction=all")).text();
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
        let rule = rule.replace(MOCK_ACCOUNT, &subject.account);
        for format in ["xml", "json"] {
            let target = format!("/api/firewalls/web/{rule}?format={format}");
            subject.send(Request::delete(&target)).expect(404).message();
        }
    }
    assert_eq!(subject.send(Request::get("/api/firewalls?direction=all")).text(), before);
}
