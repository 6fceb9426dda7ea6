//! Names and ids with characters that mean something in a URL, in XML or in an id.

use insta::assert_snapshot;

use crate::instance::file;
use crate::server::Server;
use crate::subject::{MOCK_ACCOUNT, Subject, on_each_driver};
use crate::wire::{Answer, Request};

on_each_driver! {
    a_name_of_hostile_characters_is_shown_found_and_deleted,
    a_firewall_may_be_called_what_means_something_in_a_path,
    a_rule_is_found_however_its_id_is_encoded,
    a_rule_is_found_by_what_its_id_says,
    what_no_rule_is_called_is_not_found,
    a_rule_whose_id_no_url_could_have_is_refused,
    a_name_that_no_url_could_have_is_refused,
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

/// A server with firewalls of these names and descriptions. What a data file brings, EC2 need not allow.
fn with_firewalls(file_name: &str, firewalls: &[(&str, &str)]) -> Server {
    let firewall =
        |(name, description): &(&str, &str)| format!("[[firewalls]]\nname = {name:?}\ndescription = {description:?}\n");
    let data: String = firewalls.iter().map(firewall).collect();
    Server::with(&["--mock-data", &file(file_name, &data)])
}

/// Characters that EC2 does not allow, and that mean something in XML.
#[test]
fn a_name_of_characters_that_few_clouds_allow() {
    for format in ["xml", "json"] {
        let name = "R&D / web <1> 'x' \"y\" 100%";
        let server = with_firewalls(&format!("hostile-{format}.toml"), &[(name, "a ]]> b & <c> ]]]]>> 'd'")]);
        let send = |request: Request| server.send(request.on_mock());
        let href = "/api/firewalls/R%26D%20%2F%20web%20%3C1%3E%20%27x%27%20%22y%22%20100%25";
        let shown = send(Request::get(&format!("{href}?format={format}"))).expect(200);
        assert_snapshot!(format!("hostile_name_of_any_characters-{format}"), shown.text());
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let list = send(Request::get(&format!("/api/firewalls?id={encoded}&format={format}"))).expect(200);
        assert!(list.body.contains(href), "{}", list.body);
        let rule = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8";
        let page = Request::post(&format!("{href}/rules")).accept("text/html").header("Upgrade-Insecure-Requests", "1");
        let made = send(page.form(rule)).expect(303);
        assert_eq!(made.header("Location"), Some(href));
        send(Request::delete(&format!("{href}/{MOCK_ACCOUNT}~tcp~1~2~@address,ipv4,10.0.0.0,8"))).expect(204);
        send(Request::delete(href)).expect(204);
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
fn create_rule_from(group: &str, account: &str, send: impl Fn(Request) -> Answer) -> (String, String) {
    let rule = Request::post("/api/firewalls/web/rules").multipart(&[
        ("protocol", "tcp"),
        ("port_from", "1"),
        ("port_to", "99"),
        ("group1", group),
        ("group1owner", account),
    ]);
    let answer = send(rule).expect(201);
    let (href, id) = rules(&answer.body).pop().unwrap();
    (path_of(&href).to_owned(), id)
}

/// Each kind of rule can be deleted by its href, by its id as it is shown, and by its id fully percent-encoded.
fn a_rule_is_found_however_its_id_is_encoded(subject: &Subject) {
    subject.create("web");
    for group in ["plain", "a,b", "x@y", "c d", "e/f", "p+q;r"] {
        subject.create(group);
        is_found_however_its_id_is_encoded(group, &subject.account, |request| subject.send(request));
    }
}

/// The same with groups that no client can make.
#[test]
fn a_rule_from_a_group_of_any_name_is_found_however_its_id_is_encoded() {
    let groups = ["a~egress", "50%", "a%2Cb", "a%252Cb", "z\u{fc}rich"];
    let server = with_firewalls(
        "groups.toml",
        &[&["web"][..], &groups].concat().iter().map(|name| (*name, "d")).collect::<Vec<_>>(),
    );
    for group in groups {
        is_found_however_its_id_is_encoded(group, MOCK_ACCOUNT, |request| server.send(request.on_mock()));
    }
}

fn is_found_however_its_id_is_encoded(group: &str, account: &str, send: impl Fn(Request) -> Answer) {
    let create = || create_rule_from(group, account, &send);
    let delete = |path: &str| send(Request::delete(path)).expect(204);

    let (href, id) = create();
    delete(&href);
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    if id.is_ascii() {
        create();
        delete(&format!("/api/firewalls/web/{id}"));
    }
    create();
    delete(&format!("/api/firewalls/web/{encoded}"));
    create();
    delete(&format!("/api/firewalls/web/{}", like_javascript(&id)));
}

/// Encoded as JavaScript's `encodeURIComponent` does.
fn like_javascript(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    id.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A name that itself looks percent-encoded makes an id that, sent as it is, may mean another rule. EC2 allows none.
#[test]
fn no_rule_is_deleted_on_a_guess() {
    let server = with_firewalls("guess.toml", &[("web", "d"), ("a,b", "d"), ("a%2Cb", "d")]);
    let send = |request: Request| server.send(request.on_mock());
    let [(comma_href, comma), (encoded_href, encoded)] =
        ["a,b", "a%2Cb"].map(|group| create_rule_from(group, MOCK_ACCOUNT, send));
    assert_eq!(encoded, comma.replace("%2C", "%252C"));
    let left = || rules(&send(Request::get("/api/firewalls/web")).body).len();

    let answer = send(Request::delete(&format!("/api/firewalls/web/{encoded}"))).expect(400);
    assert!(answer.message().contains("Percent-encode"), "{}", answer.body);
    assert_eq!(left(), 2);
    send(Request::delete(&encoded_href)).expect(204);
    send(Request::delete(&encoded_href)).expect(404);
    assert_eq!(left(), 1);
    send(Request::delete(&comma_href)).expect(204);
}

/// The form of a rule from so many groups of another account, whose names are as long as they can be.
fn from_groups(count: usize) -> String {
    let name = "x".repeat(250);
    let group = |n: usize| format!("&group{n}={name}{n:05}&group{n}owner=111122223333");
    format!("protocol=tcp&port_from=1&port_to=1{}", (1..=count).map(group).collect::<String>())
}

/// A URL is shorter than 64 KiB: the rule could be made, and never be deleted.
fn a_rule_whose_id_no_url_could_have_is_refused(subject: &Subject) {
    subject.create("web");
    for format in ["xml", "json"] {
        subject.unheard(|| {
            let rule = Request::post(&format!("/api/firewalls/web/rules?format={format}"));
            let answer = subject.send(rule.form(&from_groups(300))).expect(400);
            let message = "The sources are too many or too long: the rule's id would be, for a URL to have it in it.";
            assert_eq!(answer.message(), message);
        });
    }
}

fn a_name_that_no_url_could_have_is_refused(subject: &Subject) {
    for name in ["/".repeat(1366), "\u{e9}".repeat(683)] {
        subject.unheard(|| {
            let new = Request::post("/api/firewalls").multipart(&[("name", &name), ("description", "d")]);
            let message = "Parameter 'name' is too long: no URL could have it in it.";
            assert_eq!(subject.send(new).expect(400).message(), message);
        });
    }
}

/// What is not refused can be deleted, by its href and by its id, encoded or as it is.
#[test]
fn the_longest_rules_can_be_deleted() {
    let server = Server::with(&[
        "--mock-data",
        &file("long.toml", "max_rules = 1000\n[[firewalls]]\nname = \"web\"\ndescription = \"d\"\n"),
    ]);
    let send = |request: Request| server.send(request.on_mock());
    let addresses: String =
        (0..1000).map(|n| format!("&ip_address{n}=255.255.{}.{}/32", 100 + n / 250, n % 250)).collect();
    let addresses = format!("protocol=tcp&port_from=10000&port_to=10001{addresses}&direction=egress");
    let mut groups = 200;
    while send(Request::post("/api/firewalls/web/rules").form(&from_groups(groups + 1))).status == 201 {
        let id = rules(&send(Request::get("/api/firewalls/web")).body).pop().unwrap().0;
        send(Request::delete(path_of(&id))).expect(204);
        groups += 1;
    }
    for rule in [from_groups(groups), addresses] {
        let create = || {
            let made = send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201);
            rules(&made.body).pop().unwrap()
        };
        let (href, id) = create();
        assert!(id.len() > 32_000, "{}", id.len());
        send(Request::delete(path_of(&href))).expect(204);
        for spelling in [like_javascript(&id), id] {
            create();
            send(Request::delete(&format!("/api/firewalls/web/{spelling}"))).expect(204);
        }
    }
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
