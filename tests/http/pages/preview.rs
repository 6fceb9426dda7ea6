//! The pages that tell what a change would do, and make it.

use super::fields::{fields, value};
use super::{browser, next, on_nftables};
use crate::server::Server;
use crate::wire::Request;

/// What nobody has changed, as programs see it.
fn all(server: &Server) -> String {
    server.send(Request::get("/api/firewalls?format=json").on_mock()).expect(200).text()
}

#[test]
fn a_new_rule_is_told_first_and_made_by_a_button() {
    let server = Server::start();
    let before = all(&server);
    let form =
        "protocol=tcp&port_from=443&port_to=443&direction=ingress&description=R%26D&ip_address1=0.0.0.0/0&ip_address2=";
    let preview = Request::post("/api/firewalls/test/rules").form(&format!("{form}&dry_run=true"));
    let page = server.send(browser(preview)).expect(200).body;
    assert_eq!(all(&server), before, "nothing was changed");
    let said = [
        "class=\"problem\"",
        "Nothing was changed yet.",
        "tcp/443 from 0.0.0.0/0",
        "Accept what is coming in, TCP 443, from 0.0.0.0/0",
    ];
    let places: Vec<_> =
        said.iter().map(|text| page.find(text).unwrap_or_else(|| panic!("{text} in {page}"))).collect();
    assert!(places.is_sorted(), "warnings first, then what opens, then the rules: {places:?}");
    assert_eq!((page.matches("<h1>").count(), page.matches("Create rule</button>").count()), (1, 2), "{page}");
    assert!(page.contains("value=\"R&#38;D\" autocomplete"), "the form has all that was filled in: {page}");

    // The first form of the page does exactly that.
    let sent = fields(&page, "/api/firewalls/test/rules");
    assert!(!sent.contains("dry_run"), "{sent}");
    assert_eq!(next(&server, browser(Request::post("/api/firewalls/test/rules").form(&sent))), "/api/firewalls/test");
    let after = all(&server);
    assert!(after.contains("R&D") && after.contains("443"), "{after}");
    // And only of the firewall that it was told of.
    let page = server
        .send(browser(Request::post("/api/firewalls/test/rules").form(&sent.replace("443", "444"))))
        .expect(409)
        .body;
    assert!(page.contains("The firewall has changed since this form was shown"), "{page}");
    assert_eq!(all(&server), after);
}

#[test]
fn a_new_firewall_is_told_first() {
    let server = Server::start();
    let before = all(&server);
    let form = Request::post("/api/firewalls").form("name=a+b&description=d&vpc_id=&dry_run=true");
    let page = server.send(browser(form)).expect(200).body;
    assert!(page.contains("The firewall a b would be made."), "{page}");
    assert_eq!(all(&server), before);
    assert_eq!(
        next(&server, browser(Request::post("/api/firewalls").form(&fields(&page, "/api/firewalls")))),
        "/api/firewalls/a%20b"
    );
    let taken = Request::post("/api/firewalls").form("name=test&description=d&dry_run=true");
    let page = server.send(browser(taken)).expect(502).body;
    assert_eq!(value(&page, "name"), Some("test"), "{page}");
}

#[test]
fn deletions_are_told_first() {
    let server = Server::start();
    let rule = "/api/firewalls/default/393485797142~tcp~22~22~@address,ipv4,87.228.192.251,32";
    for (path, what, button) in [
        (rule, "tcp/22 from 87.228.192.251", "Delete rule</button>"),
        ("/api/firewalls/new_firewall", "Nothing was changed yet.", "Delete firewall</button>"),
    ] {
        let before = all(&server);
        let page = server.send(browser(Request::post(path).form("_method=delete&dry_run=true"))).expect(200).body;
        assert!(page.contains(what) && page.contains(button), "{page}");
        assert_eq!(all(&server), before);
        let sent = fields(&page, path);
        next(&server, browser(Request::post(path).form(&sent)));
        assert_ne!(all(&server), before);
        let again = server.send(browser(Request::post(path).form(&sent)));
        assert!([404, 409].contains(&again.status), "{}", again.text());
    }
}

#[test]
fn an_edit_and_a_move_are_told_first() {
    let server = Server::start();
    let web = |format: &str| {
        server.send(on_nftables(Request::get(&format!("/api/firewalls/web?format={format}")))).expect(200).body
    };
    let rule = "/api/firewalls/web/2f1ac4a3-8a0e-4d0b-9b53-0c7f5d1e6a02";
    let (edit, before) = (format!("{rule}/edit"), web("json"));
    let page = server.send(on_nftables(Request::get(&edit))).expect(200).body;
    let sent = fields(&page, &edit).replace("port_to=%32%32", "port_to=23");
    let page = server.send(on_nftables(Request::post(&edit).form(&format!("{sent}&dry_run=true")))).expect(200).body;
    for text in ["These rules would be added:", "These rules would go:", "4 rules would stay as and where they are."] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert_eq!(web("json"), before);
    let moved = Request::post(&format!("{rule}/move")).form("position=5&dry_run=true");
    let moved = server.send(on_nftables(moved)).expect(200).body;
    assert!(moved.contains("These rules would get another place:") && moved.contains("Move rule</button>"), "{moved}");
    assert_eq!(web("json"), before);
    next(&server, on_nftables(Request::post(&edit).form(&fields(&page, &edit))));
    assert!(web("json").contains("\"port_to\":\"23\""), "{}", web("json"));
    let nothing =
        server.send(on_nftables(Request::post(&format!("{rule}/move")).form(&fields(&moved, &format!("{rule}/move")))));
    nothing.expect(409);
}
