//! What the page of a firewall says beside its sources: conditions, places, what becomes of the rest, and who stands behind it.

use super::{browser, get, on_nftables};
use crate::server::Server;
use crate::wire::Request;

#[test]
fn who_stands_behind_a_firewall_is_on_its_page() {
    let server = Server::start();
    let page = get(&server, "/api/firewalls/default").expect(200).body;
    for text in ["Who stands behind it", "i-0a1b2c3d4e5f60718", "web1", "203.0.113.10", "2001:db8:1::11", "stopped"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert!(get(&server, "/api/firewalls/test").body.contains("<p>Nobody.</p>"));
    let refused = server.send(browser(Request::post("/api/firewalls/default").form("_method=delete"))).expect(502).body;
    assert!(refused.contains("CannotDelete") || refused.contains("i-0a1b2c3d4e5f60718"), "{refused}");
}

#[test]
fn rules_of_a_host_are_told_in_words() {
    let server = Server::start();
    let page = |name: &str| server.send(on_nftables(Request::get(&format!("/api/firewalls/{name}")))).expect(200).body;
    let web = page("web");
    for text in [
        "The first rule that matches decides.",
        "data-column=\"Place\">5</td>",
        "<span class=\"tag reject\">reject</span>",
        "of connections that are established or related",
        "up to 10 new connections a minute, after a burst of 5",
        "as <code>ssh: </code>",
        "What no rule matches is left to the firewalls that are tried after this one.",
        "First web server",
    ] {
        assert!(web.contains(text), "{text} in {web}");
    }
    // Answers to what was asked from inside are not the world coming in.
    assert_eq!(web.matches("open to the world").count(), 2, "{web}");
    let device = page("device");
    assert!(device.contains("what comes in is accepted, and what goes out is accepted"), "{device}");
    assert!(!device.contains("no traffic comes in"), "{device}");
}

#[test]
fn the_form_has_what_a_host_can_do() {
    let server = Server::start();
    let form =
        server.send(on_nftables(Request::get("/api/firewalls/lab/new_rule?states=new,related"))).expect(200).body;
    for name in ["ports", "position", "rule_action", "log_prefix", "interface", "limit", "mac", "packet_type"] {
        assert!(form.contains(&format!("<label for=\"{name}\">")), "{name} in {form}");
    }
    assert!(form.contains("<option>reject</option>") && !form.contains("groups1"), "{form}");
    assert_eq!((form.matches("type=\"checkbox\"").count(), form.matches(" checked").count()), (3, 2), "{form}");
    let form = get(&server, "/api/firewalls/test/new_rule").body;
    for name in ["ports", "position", "rule_action", "log_prefix", "interface", "states", "limit", "mac", "packet_type"]
    {
        assert!(!form.contains(&format!("name=\"{name}\"")), "{name} in {form}");
    }
}
