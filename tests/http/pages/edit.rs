//! The pages that make another rule of one that is there, or give it another place.

use serde_json::Value;

use super::fields::{fields, value};
use super::{browser, next, of_browser, on_nftables};
use crate::server::Server;
use crate::subject::{Subject, on_each_driver};
use crate::wire::Request;

on_each_driver! {
    an_edit_leaves_all_other_rules_as_they_are,
}

const WEB: &str = "/api/firewalls/web";
const SSH: &str = "/api/firewalls/web/2f1ac4a3-8a0e-4d0b-9b53-0c7f5d1e6a02";

/// The rules of the Linux host's firewall, as programs see them.
fn rules(server: &Server) -> Vec<Value> {
    let json = server.send(on_nftables(Request::get(&format!("{WEB}?format=json")))).expect(200).json();
    json["firewall"]["rules"].as_array().unwrap().clone()
}

fn ids(server: &Server) -> Vec<String> {
    rules(server).iter().map(|rule| rule["id"].as_str().unwrap()[34..].to_owned()).collect()
}

#[test]
fn a_rule_is_filled_in_and_sent_back_as_it_was() {
    let server = Server::start();
    let before = rules(&server);
    for rule in &before {
        let action = format!("{WEB}/{}/edit", rule["id"].as_str().unwrap());
        let page = server.send(on_nftables(Request::get(&action))).expect(200).body;
        let sent = fields(&page, &action);
        assert_eq!(next(&server, on_nftables(Request::post(&action).form(&sent))).split('?').next(), Some(WEB));
        assert_eq!(rules(&server), before, "{sent}");
    }
}

#[test]
fn an_edited_rule_is_another_in_its_place_and_the_others_stay() {
    let server = Server::start();
    let before = rules(&server);
    let form = "protocol=tcp&port_from=&port_to=&ports=22,2222&direction=ingress&rule_action=reject&position=&log_rule=true\
                &log_prefix=ssh&states=new&states=related&limit=20/minute&interface=eth0&mac=00:1b:63:84:45:e6&packet_type=unicast\
                &ip_address1=10.0.0.1-10.0.0.9&ip_address2=&ip_address3=2001:db8::/32";
    assert_eq!(next(&server, on_nftables(Request::post(&format!("{SSH}/edit")).form(form))), WEB);
    let after = rules(&server);
    let edited = &after[1];
    for (name, text) in [
        ("ports", "22,2222"),
        ("rule_action", "reject"),
        ("log_prefix", "ssh"),
        ("states", "new,related"),
        ("limit", "20/minute"),
        ("interface", "eth0"),
        ("mac", "00:1b:63:84:45:e6"),
        ("packet_type", "unicast"),
        ("position", "2"),
    ] {
        let shown = edited[name].as_str().map_or_else(|| edited[name].to_string(), str::to_owned);
        assert_eq!(shown, text, "{name} in {edited}");
    }
    assert_eq!(edited["sources"].as_array().unwrap().len(), 2);
    assert_eq!((&after[0], &after[2..]), (&before[0], &before[2..]));
    // All of it comes back in the form.
    let action = format!("{WEB}/{}/edit", edited["id"].as_str().unwrap());
    let page = server.send(on_nftables(Request::get(&action))).expect(200).body;
    next(&server, on_nftables(Request::post(&action).form(&fields(&page, &action))));
    assert_eq!(rules(&server), after);
}

/// On the clouds whose rules join, whose egress is hidden, and whose changes are made in steps.
fn an_edit_leaves_all_other_rules_as_they_are(subject: &Subject) {
    subject.create("web");
    let group = format!("group1=web&group1owner={}", subject.account);
    for rule in [
        format!("protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8,2001:db8::/32&{group}&description=ssh"),
        "protocol=udp&port_from=53&port_to=53&ip_address1=10.0.0.0/8".to_owned(),
        "protocol=tcp&port_from=25&port_to=25&ip_address1=10.0.0.0/8&direction=egress".to_owned(),
    ] {
        subject.send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201);
    }
    let all = || {
        let target = "/api/firewalls/web?direction=all&format=json";
        let rules = subject.send(Request::get(target)).expect(200).json()["firewall"]["rules"].take();
        let mut rules = rules.as_array().unwrap().clone();
        rules.sort_by_key(|rule| rule["id"].to_string());
        rules
    };
    let is_ssh = |rule: &Value| rule["port_from"] == "22";
    let before = all();
    let action =
        format!("/api/firewalls/web/{}/edit", before.iter().find(|rule| is_ssh(rule)).unwrap()["id"].as_str().unwrap());
    let page = subject.send(of_browser(Request::get(&action))).expect(200).body;
    let sent = fields(&page, &action).replace("port_to=%32%32", "port_to=23");
    let preview = format!("{sent}&dry_run=true");
    let told = subject.send(of_browser(Request::post(&action).form(&preview))).expect(200).body;
    assert!(told.contains("These rules would be added:"), "{told}");
    assert_eq!(all(), before);
    subject.send(of_browser(Request::post(&action).form(&fields(&told, &action)))).expect(303);
    let after = all();
    let others = |rules: &[Value]| rules.iter().filter(|rule| !is_ssh(rule)).cloned().collect::<Vec<_>>();
    assert_eq!(others(&after), others(&before));
    let [edited] = &after.iter().filter(|rule| is_ssh(rule)).collect::<Vec<_>>()[..] else { panic!("{after:?}") };
    assert_eq!((&edited["port_to"], edited["sources"].as_array().unwrap().len()), (&"23".into(), 3), "{edited}");
    assert_eq!(edited["description"], "ssh");
}

#[test]
fn sources_that_are_more_than_a_form_comes_with_all_have_a_row() {
    let server = Server::start();
    let addresses: Vec<_> = (1..=9).map(|number| format!("10.0.0.{number}")).collect();
    let rule = format!(
        "protocol=tcp&port_from=80&port_to=80&ip_address={}&group1=test&group1owner=393485797142&group2=default\
         &group2owner=393485797142",
        addresses.join(",")
    );
    let new = Request::post("/api/firewalls/new_firewall/rules").form(&rule).on_mock().accept("application/json");
    let made = server.send(new).expect(201).json();
    let id = made["firewall"]["rules"][0]["id"].as_str().unwrap();
    let action = format!("/api/firewalls/new_firewall/{id}/edit");
    let page = server.send(browser(Request::get(&action))).expect(200).body;
    for text in addresses.iter().map(String::as_str).chain(["test", "default"]) {
        assert!(
            page.contains(&format!("value=\"{text}\"")) || page.contains(&format!("value=\"{text}/32\"")),
            "{text}: {page}"
        );
    }
    assert!(page.contains("id=\"ip_address10\" name=\"ip_address10\" value=\"\""), "one is left to fill in: {page}");
    let sent = fields(&page, &action).replace("port_to=%38%30", "port_to=81");
    next(&server, browser(Request::post(&action).form(&sent)));
    let text = server.send(Request::get("/api/firewalls/new_firewall?format=xml").on_mock()).expect(200).text();
    assert_eq!((text.matches("<source ").count(), text.matches("<rule ").count()), (11, 1), "{text}");
    assert!(text.contains("<port_to>81"), "{text}");
}

#[test]
fn a_firewall_that_has_changed_meanwhile_keeps_what_was_typed_and_is_not_changed() {
    let server = Server::start();
    let action = format!("{SSH}/edit");
    let page = server.send(on_nftables(Request::get(&action))).expect(200).body;
    let sent = fields(&page, &action).replace("port_to=%32%32", "port_to=24");
    let other = "protocol=udp&port_from=53&port_to=53&ip_address1=10.0.0.0/8";
    server.send(on_nftables(Request::post(&format!("{WEB}/rules")).form(other))).expect(303);
    let before = rules(&server);

    let refused = server.send(on_nftables(Request::post(&action).form(&sent))).expect(409).body;
    assert!(refused.contains("The firewall has changed since this form was shown, and nothing was done."), "{refused}");
    assert_eq!(value(&refused, "port_to"), Some("24"), "{refused}");
    assert_eq!(rules(&server), before);
    // Who sends it once more has been told.
    next(&server, on_nftables(Request::post(&action).form(&fields(&refused, &action))));
    assert_eq!(rules(&server)[1]["port_to"], "24");

    let page = server.send(on_nftables(Request::get(&format!("{SSH}/edit")))).expect(404).body;
    assert!(page.contains("There is no such rule."), "{page}");
}

#[test]
fn what_was_wrong_with_an_edited_rule_stands_beside_its_form() {
    let server = Server::start();
    let action = format!("{SSH}/edit");
    let before = rules(&server);
    for (form, wrong) in [
        ("protocol=tcp&port_from=22&port_to=22&states=new&states=odd&ip_address1=10.0.0.0/8", "states"),
        ("protocol=tcp&port_from=22&port_to=22&limit=often&ip_address1=10.0.0.0/8", "limit"),
        ("protocol=tcp&port_from=22&port_to=22&position=0&ip_address1=10.0.0.0/8", "position"),
        ("protocol=tcp&ports=22;23&ip_address1=10.0.0.0/8", "ports"),
        ("protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8&ip_address2=10.9.0.0-10.1.0.0", "ip_address2"),
    ] {
        let page = server.send(on_nftables(Request::post(&action).form(form))).expect(400).body;
        assert!(page.contains(&format!("<a href=\"#{wrong}\">Go to the field</a>")), "{wrong}: {page}");
        assert!(page.contains(&format!("id=\"{wrong}\"")), "{wrong}: {page}");
        assert!(page.contains("<title>Not saved: ") && page.contains(&format!("action=\"{action}\"")), "{page}");
    }
    let long = format!("protocol=tcp&port_from=22&port_to=22&ip_address1=10.0.0.0/8&description={}", "x".repeat(5000));
    let page = server.send(on_nftables(Request::post(&action).form(&long))).expect(400).body;
    assert!(value(&page, "description").is_some_and(|text| text.len() == 5000), "{page}");
    assert_eq!(rules(&server), before);
}

#[test]
fn a_rule_that_a_form_cannot_hold_is_not_edited() {
    let server = Server::with(&["--max-sources", "1"]);
    let page = server.send(browser(Request::get("/api/firewalls/test"))).expect(200).body;
    let path =
        page.split("<a href=\"").map(|rest| rest.split('"').next().unwrap()).find(|href| href.ends_with("/edit"));
    let page = server.send(browser(Request::get(path.unwrap()))).expect(501).body;
    assert!(page.contains("A form cannot hold all of this rule") && !page.contains("<form"), "{page}");
}

#[test]
fn rules_go_up_and_down_by_buttons() {
    let server = Server::start();
    let page = server.send(on_nftables(Request::get(WEB))).expect(200).body;
    assert_eq!((page.matches(">Up<").count(), page.matches(">Down<").count()), (4, 4), "{page}");
    let seen = value(&page, "seen").unwrap().to_owned();
    assert_eq!(ids(&server), ["01", "02", "03", "04", "05"]);
    let move_to = |place: &str, seen: &str| {
        on_nftables(Request::post(&format!("{SSH}/move")).form(&format!("seen={seen}&position={place}")))
    };
    assert_eq!(next(&server, move_to("1", &seen)), format!("{WEB}#rule-1"));
    assert_eq!(ids(&server), ["02", "01", "03", "04", "05"]);
    // The page that this button is on shows another order.
    let refused = server.send(move_to("3", &seen)).expect(409).body;
    assert!(refused.contains("The firewall is not as it was seen."), "{refused}");
    let page = server.send(on_nftables(Request::get(WEB))).expect(200).body;
    assert_eq!(next(&server, move_to("9", value(&page, "seen").unwrap())), format!("{WEB}#rule-9"));
    assert_eq!(ids(&server), ["01", "03", "04", "05", "02"]);
    for (form, status) in [("", 400), ("position=0", 400), ("position=up", 400)] {
        server.send(on_nftables(Request::post(&format!("{SSH}/move")).form(form))).expect(status);
    }
}

#[test]
fn only_pages_of_our_own_edit_and_move() {
    let server = Server::start();
    for (path, allow) in [("edit", "GET, HEAD, POST, OPTIONS"), ("move", "POST, OPTIONS")] {
        let path = format!("{SSH}/{path}");
        let options = server.send(Request::new("OPTIONS", &path)).expect(200);
        assert_eq!(options.header("Allow"), Some(allow));
        let form = "position=1&protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8";
        for program in ["application/xml", "application/json"] {
            server.send(on_nftables(Request::post(&path).form(form)).accept(program)).expect(406);
        }
        let evil = on_nftables(Request::post(&path).form(form))
            .without("Sec-Fetch-Site")
            .header("Sec-Fetch-Site", "cross-site");
        server.send(evil).expect(403);
        server
            .send(Request::post(&path).form(form).header("X-Deltacloud-Driver", "mock-nftables").accept("text/html"))
            .expect(401);
        server.send(on_nftables(Request::delete(&path))).expect(405);
    }
    assert_eq!(ids(&server), ["01", "02", "03", "04", "05"]);
    // Nor is it offered or done where the driver cannot.
    let rule = "/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/50000";
    let fgcp = |request: Request| server.send(request.on_fgcp().accept("text/html"));
    let page = fgcp(Request::get("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001")).expect(200).body;
    assert!(!page.contains("/edit\"") && !page.contains("/move\""), "{page}");
    fgcp(Request::get(&format!("{rule}/edit"))).expect(501);
    fgcp(Request::post(&format!("{rule}/move")).form("position=1")).expect(501);
    let page = server.send(browser(Request::get("/api/firewalls/default"))).expect(200).body;
    assert!(page.contains("/edit\"") && !page.contains("/move\""), "the order of rules does not matter there: {page}");
}
