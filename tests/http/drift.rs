//! What others did, and what cannot be kept for a cloud's firewalls.

use serde_json::json;

use crate::cloud;
use crate::emulator::{Account, STRICT};
use crate::server::Server;
use crate::timed::RULE;
use crate::wire::Request;

#[test]
fn on_a_cloud_what_could_not_be_kept_is_refused_and_drift_is_told() {
    let account = Account::on(STRICT);
    let start = || Server::spawn(cloud::ec2(&account.url, &[]));
    let (ours, others) = (start(), start());
    let send =
        |server: &Server, request: Request| server.send(request.login(&account.login()).accept("application/json"));
    send(&ours, Request::post("/api/firewalls").form("name=web&description=d")).expect(201);
    let refused = send(&ours, Request::post("/api/firewalls/web/rules?confirm_within=60").form(RULE)).expect(501);
    assert!(refused.message().contains("has to outlive the gateway"), "{}", refused.message());
    send(&ours, Request::post("/api/firewalls/web/rules?expires_in=60").form(RULE)).expect(501);
    send(&ours, Request::post("/api/firewalls/web/rules").form(RULE)).expect(201);
    let drift = || send(&ours, Request::get("/api/firewalls/web/drift")).expect(200).json()["drift"].clone();
    assert_eq!(drift()["plan"]["adds"], json!([]));
    let other = "protocol=tcp&port_from=8080&port_to=8080&ip_address1=10.9.0.0/16";
    send(&others, Request::post("/api/firewalls/web/rules").form(other)).expect(201);
    let told = drift();
    assert_eq!(
        (&told["plan"]["adds"][0]["port_from"], &told["plan"]["opens"][0]["traffic"]),
        (&json!("8080"), &json!("tcp/8080 from 10.9.0.0/16"))
    );
    assert_eq!(told["since"]["id"], send(&ours, Request::get("/api/changes?limit=1")).json()["changes"][0]["id"]);
    let planned =
        send(&ours, Request::post("/api/firewalls/web/drift?dry_run=true").form("action=revert")).expect(200).json();
    assert_eq!(planned["plan"]["removes"][0]["port_from"], "8080");
    let reverted = send(&ours, Request::post("/api/firewalls/web/drift").form("action=revert")).expect(200).json();
    assert_eq!(reverted["firewall"]["rules"].as_array().unwrap().len(), 1);
    send(&others, Request::post("/api/firewalls/web/rules").form(other)).expect(201);
    send(&ours, Request::post("/api/firewalls/web/drift").form("action=adopt")).expect(200);
    assert_eq!(drift()["plan"]["adds"], json!([]));
    send(&ours, Request::post("/api/firewalls/web/drift").form("action=other")).expect(400);
    send(&ours, Request::post("/api/firewalls/web/drift")).expect(400);
}
