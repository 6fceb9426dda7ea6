//! What Deltacloud's pages show of a firewall that a device keeps.

use crate::vapix::client::{Device, LOGIN};
use crate::wire::{Answer, Connection, Request};

const FIREWALL: &str = "/api;driver=mock-nftables/firewalls/device";

fn page(device: &Device) -> String {
    device.send(Request::get(FIREWALL).accept("text/html")).expect(200).body
}

#[test]
fn a_kept_firewall_says_who_keeps_it_and_offers_no_change_but_the_end_of_a_trial() {
    let device = Device::new();
    let new_rule = "device/new_rule\"";
    assert!(page(&device).contains(new_rule));
    device.activate(true).expect(200);
    device.set(&["10.0.0.1"], 30).expect(200);
    let shown = page(&device);
    assert!(shown.contains("This firewall is kept by VAPIX device AXIS_ACCC8E000001"), "{shown}");
    assert!(shown.contains("10.0.0.1") && shown.contains("A change of this firewall is tried"), "{shown}");
    for offer in [new_rule, "/edit\"", "/move\"", "Delete rule"] {
        assert!(!shown.contains(offer), "{offer}");
    }
    let post = |url: &str| -> Answer {
        let request = Request::post(url).login(LOGIN).accept("application/json");
        Connection::to(device.address).send(request)
    };
    // Whoever may use the firewall may end its trial there, and the device knows.
    let confirm = shown.split("action=\"").find(|rest| rest.split('"').next().unwrap().ends_with("/confirm")).unwrap();
    let url = confirm.split('"').next().unwrap();
    let path = format!("/api{}", url.split_once("/api").unwrap().1);
    post(&path).expect(200);
    assert_eq!((device.state().active, device.state().left), (vec!["10.0.0.1".to_owned()], 0));
    assert!(device.state().pending.is_empty());
    // What is for good is the device's to change, also what was done before.
    let undo = path.replace("/confirm", "/undo");
    assert!(post(&undo).expect(409).message().contains("is kept by VAPIX device"));
    device.set(&["10.0.0.2"], 30).expect(200);
    let changes = device.send(Request::get("/api;driver=mock-nftables/changes?limit=1&format=json")).expect(200).json();
    let id = changes["changes"][0]["id"].as_str().unwrap();
    post(&format!("/api;driver=mock-nftables/changes/{id}/undo")).expect(200);
    let state = device.state();
    assert_eq!((state.active, state.pending, state.left), (vec!["10.0.0.1".into()], vec!["10.0.0.2".into()], 0));
    for request in [
        Request::post(&format!("{FIREWALL}/rules")).form("protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8"),
        Request::new("PUT", &format!("{FIREWALL}/rules")).json("{\"rules\":[]}"),
        Request::post(&format!("{FIREWALL}/rules?dry_run=true"))
            .form("protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8"),
        Request::post(&format!("{FIREWALL}/drift")).form("action=adopt"),
    ] {
        let refused = device.send(request.accept("application/json")).expect(409);
        assert!(refused.message().contains("is kept by VAPIX device AXIS_ACCC8E000001"), "{}", refused.body);
    }
}
