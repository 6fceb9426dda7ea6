//! Traffic that has to stay open, or closed.

use crate::instance::{file, run};
use crate::server::Server;
use crate::timed::{RULE, id_of};
use crate::wire::Request;

#[test]
fn guards_keep_open_and_closed_what_they_say() {
    let guards = file(
        "guards.toml",
        "[[guard]]\nfirewall = \"def*\"\nkeep_open = \"tcp/22 from 87.228.192.251\"\n\
         [[guard]]\nfirewall = \"*\"\nkeep_closed = \"tcp/3306 from 0.0.0.0/0\"\n",
    );
    let server = Server::with(&["--config", &guards]);
    let send = |request: Request| server.send(request.on_mock().accept("application/json"));
    let rules = send(Request::get("/api/firewalls/default")).json()["firewall"]["rules"].clone();
    let rule = format!("/api/firewalls/default/{}", rules[0]["id"].as_str().unwrap());
    let refused = send(Request::delete(&rule)).expect(409);
    assert!(refused.message().contains("tcp/22 from 87.228.192.251"), "{}", refused.message());
    let mysql = "protocol=tcp&port_from=3000&port_to=4000&ip_address1=10.0.0.0/8";
    send(Request::post("/api/firewalls/default/rules").form(mysql)).expect(409);
    send(Request::post("/api/firewalls/default/rules?confirm_within=5").form(mysql)).expect(409);
    let planned = send(Request::post("/api/firewalls/default/rules?dry_run=true").form(mysql)).expect(200).json();
    assert_eq!(planned["plan"]["warnings"][0]["code"], "guard");
    assert_eq!(send(Request::get("/api/firewalls/default")).json()["firewall"]["rules"], rules);
    // What comes back may be closed for a moment, and what is of no guard is nobody's business.
    let tried = send(Request::delete(&format!("{rule}?confirm_within=600"))).expect(204);
    send(Request::post(&format!("/api/changes/{}/undo", id_of(&tried)))).expect(200);
    send(Request::post("/api/firewalls/default/rules").form(RULE)).expect(201);
    send(Request::post("/api/firewalls").form("name=default2&description=d")).expect(201);
    let entry = send(Request::get("/api").header("Accept", "application/json")).expect(200);
    assert!(entry.body.contains("changes"), "{}", entry.body);
}

#[test]
fn guards_that_say_nothing_end_the_program() {
    for (text, why) in [
        ("[[guard]]\nfirewall = \"*\"", "guard 1: it needs either keep_open or keep_closed"),
        ("[[guard]]\nfirewall = \" \"\nkeep_open = \"tcp/22 from 10.0.0.1\"", "guard 1: firewall is blank"),
        ("[[guard]]\nfirewall = \"*\"\nkeep_open = \"ssh\"", "guard 1: keep_open 'ssh'"),
        ("[[guard]]\nfirewall = \"*\"\nkeep = \"x\"", "unknown field"),
    ] {
        let config = file("wrong-guards.toml", text);
        let (code, _, error) = run(&["--config", &config], "");
        assert_eq!(code, Some(2));
        assert!(error.contains(why), "{error}");
    }
}
