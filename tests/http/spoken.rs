//! What clients really send, each read as its sender means it.

use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, Request};

on_each_driver! {
    only_a_browser_is_sent_on,
    a_firewall_called_as_a_page_is_reached_by_programs_that_normalise_its_href,
    empty_segments_are_as_if_they_were_not_there,
    an_empty_segment_where_a_name_is_missing_leads_nowhere,
    credentials_come_in_either_alphabet_with_or_without_padding,
    a_byte_order_mark_before_a_body_is_no_part_of_it,
    a_number_is_whole_however_it_is_written,
    a_number_that_is_not_surely_a_text_is_none,
    a_parameter_twice_in_json_is_what_it_is_in_a_form,
}

/// What Java's HttpURLConnection accepts if it is told nothing else.
const JAVA: &str = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2";

const RULES: &str = "/api/firewalls/web/rules";

fn only_a_browser_is_sent_on(subject: &Subject) {
    let ours = "http://gateway.test:3001";
    for (headers, is_browser) in [
        (&[][..], false),
        (&[("Sec-Fetch-Mode", "cors"), ("Origin", ours)], false),
        (&[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "same-origin")], true),
        (&[("Origin", ours)], true),
        (&[("Referer", "http://gateway.test:3001/api/firewalls/new")], true),
        (&[("Upgrade-Insecure-Requests", "1")], true),
    ] {
        let send = |request: Request, made: u16| {
            let with = |request: Request, (name, value): &(&str, &str)| request.header(name, value);
            let request = headers.iter().fold(request.accept(JAVA), with);
            subject.send(request).expect(if is_browser { 303 } else { made })
        };
        let made = send(Request::post("/api/firewalls").form("name=web&description=d"), 201);
        assert_eq!(made.header("Location"), Some("/api/firewalls/web"));
        assert_eq!(made.body.contains("<h1>web</h1>"), !is_browser, "{}", made.text());
        let rule = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8";
        let made = send(Request::post(RULES).form(rule), 201);
        assert_eq!(made.body.contains("10.0.0.0/8"), !is_browser, "{}", made.text());
        let rule = format!("/api/firewalls/web/{}~tcp~1~2~@address,ipv4,10.0.0.0,8", subject.account);
        send(Request::post(&rule).form("_method=delete"), 204);
        send(Request::delete("/api/firewalls/web"), 204);
    }
}

fn a_firewall_called_as_a_page_is_reached_by_programs_that_normalise_its_href(subject: &Subject) {
    let target = "/api/firewalls/new";
    subject.send(Request::get(target)).expect(404);
    subject.create("new");
    for accept in ["application/xml", "application/json", "*/*"] {
        let answer = subject.send(Request::get(target).accept(accept)).expect(200);
        assert!(answer.body.contains("new;"), "{}", answer.body);
        assert!(!answer.body.contains("%6E"), "{}", answer.body);
    }
    // As it was before, and as browsers still have it.
    subject.send(Request::get("/api/firewalls/%6Eew")).expect(200);
    assert!(subject.send(Request::get(target).accept("text/html")).expect(200).body.contains("<h1>New firewall</h1>"));
    let page = subject.send(Request::get("/api/firewalls/new;").accept("text/html")).expect(200).body;
    assert!(page.contains("<h1>new</h1>"), "{page}");
    subject.send(Request::get(target).accept("image/png")).expect(406);
    let rule = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8";
    subject.send(Request::post(&format!("{target}/rules")).form(rule)).expect(201);
    subject.send(Request::delete(target)).expect(204);
}

fn empty_segments_are_as_if_they_were_not_there(subject: &Subject) {
    subject.create("web");
    subject.create("rules");
    let driver = subject.driver;
    let doubled = [format!("//api//drivers//{driver}"), format!("/api/drivers//{driver}")];
    for (path, spellings) in [
        ("/api", &["//api", "/api//", "///api///"][..]),
        (&format!("/api/drivers/{driver}"), &doubled.each_ref().map(String::as_str)),
        ("/api/firewalls", &["/api//firewalls", "//api/firewalls", "/api/firewalls//", "/api;driver=//firewalls"]),
        ("/api/firewalls/web", &["/api/firewalls//web", "/api//firewalls/web", "/api/firewalls/web//"]),
        ("/api/firewalls/rules", &["/api//firewalls/rules", "/api/firewalls/rules//"]),
    ] {
        let shown = subject.send(Request::get(path)).expect(200).text();
        for spelling in spellings {
            assert_eq!(subject.send(Request::get(spelling)).text(), shown, "{spelling}");
        }
    }
    subject.send(Request::get("//")).expect(302);
    // A rule's id that is empty must not make the firewall the one to delete.
    for path in ["/api/firewalls/web//", "/api//firewalls/web///"] {
        subject.send(Request::delete(path)).expect(404);
        subject.send(Request::get("/api/firewalls/web")).expect(200);
    }
    let rule = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8";
    let id = format!("{}~tcp~1~2~@address,ipv4,10.0.0.0,8", subject.account);
    for (rules, of) in [
        ("/api/firewalls/web//rules", "/api/firewalls/web//"),
        ("/api/firewalls//web/rules", "/api/firewalls//web/"),
        ("//api//firewalls//web//rules//", "/api//firewalls/web/"),
    ] {
        subject.send(Request::post(rules).form(rule)).expect(201);
        subject.send(Request::delete(&format!("{of}{id}"))).expect(204);
    }
    subject.send(Request::post("/api//firewalls").form("name=made&description=d")).expect(201);
    subject.send(Request::delete("/api//firewalls//made/")).expect(204);
}

/// Who puts an empty name into a path must not hit a firewall that is called as what follows the name.
fn an_empty_segment_where_a_name_is_missing_leads_nowhere(subject: &Subject) {
    for name in ["rules", "new_rule"] {
        subject.create(name);
        for path in [format!("/api/firewalls//{name}"), format!("//api//firewalls///{name}/")] {
            subject.unheard(|| {
                subject.send(Request::get(&path)).expect(404);
                subject.send(Request::delete(&path)).expect(404);
                subject.send(Request::post(&path).form("_method=delete")).expect(404);
            });
        }
        subject.send(Request::delete(&format!("/api/firewalls/{name}"))).expect(204);
    }
}

fn credentials_come_in_either_alphabet_with_or_without_padding(subject: &Subject) {
    let send = |login: &str| subject.send(Request::get("/api/firewalls").login(login));
    send(&subject.login).expect(200);
    send(subject.login.trim_end_matches('=')).expect(200);
    // These are wrong, which is for the driver to say; what cannot be read is refused before.
    let is_read = |login: &str| !send(login).expect(401).message().starts_with("This needs a user and password");
    for login in
        ["c29tZWJvZHk6d3Jvbmc=", "c29tZWJvZHk6d3Jvbmc", "c29tZWJvZHk6Pz8/", "c29tZWJvZHk6Pz8_", "c29tZWJvZHk6fn5-fg"]
    {
        assert!(is_read(login), "{login}");
    }
    for login in ["c29tZWJvZHk6d3Jvbmc===", "c29tZWJvZHk6Pz8/Pz8_", "c29tZWJvZHk6d3Jvbmd", "c29tZWJv ZHk6d3Jvbmc="] {
        assert!(!is_read(login), "{login}");
    }
}

fn a_byte_order_mark_before_a_body_is_no_part_of_it(subject: &Subject) {
    let post = || Request::post("/api/firewalls?format=json");
    for request in [
        post().json("\u{feff}{\"name\": \"web\", \"description\": \"d\"}"),
        post().form("\u{feff}name=web&description=d"),
        post().body(
            "multipart/form-data; boundary=x",
            "\u{feff}--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nweb\r\n\
             --x\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\nd\r\n--x--\r\n",
        ),
    ] {
        let made = subject.send(request).expect(201).json();
        assert_eq!(made["firewall"]["name"], "web");
        subject.send(Request::delete("/api/firewalls/web")).expect(204);
    }
    // Anywhere else it is what was sent, and two of them are none.
    subject.send(post().json("\u{feff}\u{feff}{\"name\": \"web\", \"description\": \"d\"}")).expect(400);
    subject.send(post().form("\u{feff}")).expect(400);
}

/// Makes a rule of this JSON and deletes it with its firewall.
fn rule(subject: &Subject, json: &str) -> Answer {
    subject.create("web");
    let answer = subject.send(Request::post(RULES).json(json));
    subject.send(Request::delete("/api/firewalls/web")).expect(204);
    answer
}

fn a_number_is_whole_however_it_is_written(subject: &Subject) {
    for (protocol, from, to, id) in [
        ("\"tcp\"", "443", "443.0", "tcp~443~443"),
        ("\"tcp\"", "4.43e2", "44300E-2", "tcp~443~443"),
        ("\"tcp\"", "1E2", "1e+2", "tcp~100~100"),
        ("\"tcp\"", "-0.0", "0", "tcp~0~0"),
        ("\"icmp\"", "-1.0", "-1e0", "icmp~-1~-1"),
        ("6.0", "22", "22.000", "tcp~22~22"),
        ("17", "\"22\"", "22", "udp~22~22"),
    ] {
        let json = format!(
            r#"{{"protocol": {protocol}, "port_from": {from}, "port_to": [{to}], "ip_address1": "10.0.0.0/8"}}"#
        );
        let answer = rule(subject, &json).expect(201);
        let id = format!("id='{}~{id}~@address,ipv4,10.0.0.0,8'", subject.account);
        assert!(answer.body.contains(&id), "{json}: {}", answer.body);
    }
    for (number, shown) in [("443.5", "443.5"), ("1e99", "1e99"), ("1e999", "1e999"), ("65536.0", "")] {
        let json =
            format!(r#"{{"protocol": "tcp", "port_from": {number}, "port_to": 1, "ip_address1": "10.0.0.0/8"}}"#);
        let message = rule(subject, &json).expect(400).message();
        let expected = match shown {
            "" => "Parameters 'port_from' and 'port_to': port 65536 is not between 0 and 65535.".to_owned(),
            shown => format!("Parameter 'port_from' is '{shown}', and not a whole number."),
        };
        assert_eq!(message, expected, "{json}");
    }
}

/// A name or account is text. As a number it is taken where its digits are its text: with a point or an exponent they are
/// not, and a reader of numbers has long lost some.
fn a_number_that_is_not_surely_a_text_is_none(subject: &Subject) {
    let account = &subject.account;
    let with = |owner: &str| {
        format!(r#"{{"protocol":"tcp","port_from":1,"port_to":1,"group1":"default","group1owner":{owner}}}"#)
    };
    rule(subject, &with(account)).expect(201);
    for owner in [format!("{account}.0"), "1e11".into(), "3.93485797142E11".into(), format!("[{account}.0]")] {
        let message = rule(subject, &with(&owner)).expect(400).message();
        let expected = "Parameter 'group1owner' is a number with a point or an exponent. Send it as text.";
        assert_eq!(message, expected, "{owner}");
    }
    // However many digits there are, none is lost.
    let long = "1234567890123456789012345678901";
    let json = format!(r#"{{"name": {long}, "description": "d", "other": 1.5}}"#);
    subject.send(Request::post("/api/firewalls").json(&json)).expect(201);
    subject.send(Request::get(&format!("/api/firewalls/{long}"))).expect(200);
}

fn a_parameter_twice_in_json_is_what_it_is_in_a_form(subject: &Subject) {
    let json = r#"{"protocol":"udp","ip_address":"10.0.0.0/8","port_from":1,"protocol":"tcp","port_from":[3,2],
                   "port_to":2,"ip_address":["192.0.2.1","192.0.2.2"]}"#;
    let form = "protocol=udp&ip_address=10.0.0.0/8&port_from=1&protocol=tcp&port_from=3&port_from=2&port_to=2\
                &ip_address=192.0.2.1&ip_address=192.0.2.2";
    let by_json = rule(subject, json).expect(201);
    let id = "tcp~2~2~@address,ipv4,10.0.0.0,8,@address,ipv4,192.0.2.1,32,@address,ipv4,192.0.2.2,32'";
    assert!(by_json.body.contains(id), "{}", by_json.body);
    subject.create("web");
    let by_form = subject.send(Request::post(RULES).form(form)).expect(201);
    assert_eq!(by_json.text(), by_form.text());
}
