//! The mock of Fujitsu's platform, which goes by the platform's own rules.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::wire::{Answer, Request};

const WEBSHOP: &str = "/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001";
const STAGING: &str = "/api/firewalls/UZXC0GRT-3A7QLM2P9-S-0001";

fn create(server: &Server, name: &str, descriptor: &str) -> Answer {
    let form = [("name", name), ("description", descriptor)];
    server.send(Request::post("/api/firewalls?format=json").on_fgcp().multipart(&form))
}

#[test]
fn a_firewall_is_a_new_system() {
    let server = Server::start();
    let made = create(&server, "intranet", "2-tier Skeleton").expect(201);
    let firewall = &made.json()["firewall"];
    assert_eq!(firewall["name"], "Firewall");
    assert_eq!(firewall["description"], "intranet [2-tier Skeleton]");
    assert_eq!(firewall["owner_id"], "fgcpuser");
    assert_eq!(firewall["rules"].as_array().unwrap().len(), 1);
    assert_eq!(firewall["rules"][0]["id"], "50000");

    let answer = create(&server, "x", "4-tier").expect(404);
    let message =
        "Descriptor [4-tier] does not exist. Specify one of [2-tier Skeleton, 3-tier Skeleton] as firewall description";
    assert_eq!(answer.message(), message);
    for taken in ["intranet", "webshop"] {
        let answer = create(&server, taken, "2-tier Skeleton").expect(409);
        assert!(answer.message().starts_with("SYSTEM_NAME_ALREADY_EXISTS"), "{}", answer.body);
    }
}

#[test]
fn a_running_server_keeps_its_system() {
    let server = Server::start();
    let before = server.send(Request::get("/api/firewalls").on_fgcp()).text();
    let answer = server.send(Request::delete(WEBSHOP).on_fgcp()).expect(405);
    assert_eq!(
        answer.message(),
        "ILLEGAL_STATE: Server web1 [UZXC0GRT-ZG8ZJCJ07-S-0002] is running. Stop it before the firewall is deleted"
    );
    assert_eq!(server.send(Request::get("/api/firewalls").on_fgcp()).text(), before);
}

#[test]
fn a_running_firewall_stops_before_its_system_goes() {
    let server = Server::with(&["--fgcp-stop-delay", "3"]);
    let started = Instant::now();
    for format in ["xml", "json"] {
        let answer = server.send(Request::delete(&format!("{STAGING}?format={format}")).on_fgcp()).expect(202);
        assert_eq!(answer.message(), "Firewall will be deleted once it has stopped");
    }
    server.send(Request::get(STAGING).on_fgcp()).expect(200);
    while server.send(Request::get(STAGING).on_fgcp()).status == 200 {
        assert!(started.elapsed() < Duration::from_secs(20), "the firewall never stopped");
        sleep(Duration::from_millis(50));
    }
    assert!(started.elapsed() >= Duration::from_secs(3), "the second DELETE does not hasten the first");
    server.send(Request::delete(STAGING).on_fgcp()).expect(404);
    assert!(!server.send(Request::get("/api/firewalls").on_fgcp()).body.contains("staging"));
}

#[test]
fn rules_are_deleted_by_the_clouds_own_ids() {
    let server = Server::start();
    let ids = || -> Vec<String> {
        let json = server.send(Request::get(&format!("{WEBSHOP}?format=json")).on_fgcp()).json();
        json["firewall"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap().into()).collect()
    };
    assert_eq!(ids(), ["35001", "35002", "35003", "45001", "10001", "12001", "46001", "50000"]);
    server.send(Request::delete(&format!("{WEBSHOP}/10001")).on_fgcp()).expect(204);
    server.send(Request::delete(&format!("{WEBSHOP}/10001")).on_fgcp()).expect(404);
    server.send(Request::delete(&format!("{WEBSHOP}/50000")).on_fgcp()).expect(405);
    server.send(Request::delete(&format!("{WEBSHOP}/1~tcp~1~1~@group,1,a")).on_fgcp()).expect(404);
    assert_eq!(ids(), ["35001", "35002", "35003", "45001", "12001", "46001", "50000"]);
}

#[test]
fn directions_come_from_the_zones() {
    let server = Server::start();
    let json = server.send(Request::get(&format!("{WEBSHOP}?format=json")).on_fgcp()).json();
    for rule in json["firewall"]["rules"].as_array().unwrap() {
        let towards_the_inside = ["35", "10", "50"].contains(&&rule["id"].as_str().unwrap()[..2]);
        assert_eq!(rule["direction"], if towards_the_inside { "ingress" } else { "egress" }, "{rule}");
    }
}

#[test]
fn rules_cannot_be_made() {
    let server = Server::start();
    let request = Request::post(&format!("{WEBSHOP}/rules")).on_fgcp();
    server.send(request.clone().form("protocol=tcp&port_from=1&port_to=1&ip_address1=10.0.0.0/8")).expect(501);
    server.send(request.form("nonsense")).expect(501);
    let body = server.send(Request::get(WEBSHOP).on_fgcp()).body;
    assert!(body.contains("rel='destroy'") && !body.contains("rel='update'"), "{body}");
    assert!(!server.send(Request::get("/api/firewalls").on_fgcp()).body.contains("add_rule"));
    assert!(!server.send(Request::get("/api").on_fgcp()).body.contains("feature"));
}

#[test]
fn certificates_are_asked_for() {
    let server = Server::start();
    let request = Request::get("/api/firewalls").on_fgcp();
    server.send(request.clone().without("Authorization")).expect(401);
    let answer = server.send(request.on_mock()).expect(401);
    assert_eq!(answer.header("Www-Authenticate"), Some("Basic realm=\"fgcp-deltacloud@gateway.test:3001\""));
}

/// There is room for so many systems, and names are so long, since clients can make any number of both.
#[test]
fn a_region_has_room_for_a_thousand_systems() {
    let server = Server::start();
    let long = create(&server, &"x".repeat(1025), "2-tier Skeleton").expect(502);
    assert_eq!(long.message(), "The system name is longer than 1024 bytes");
    let there =
        server.send(Request::get("/api/firewalls?format=json").on_fgcp()).json()["firewalls"].as_array().unwrap().len();
    let mut connection = server.connect();
    let mut create = |name: &str| {
        let form = format!("name={name}&description=2-tier+Skeleton");
        connection.send(Request::post("/api/firewalls?format=json").on_fgcp().form(&form))
    };
    create(&"x".repeat(1024)).expect(201);
    for n in there + 1..1000 {
        create(&format!("n{n}")).expect(201);
    }
    let full = create("one-too-many").expect(502);
    assert_eq!(full.message(), "This server keeps 1000 systems in each region at most");
    let elsewhere = Request::post("/api;provider=uk/firewalls?name=n&description=2-tier+Skeleton").on_fgcp();
    server.send(elsewhere).expect(201);
}

#[test]
fn addresses_of_the_data_are_read_in_one_way() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("octal-centre.toml");
    let data = include_str!("../../fixtures/fgcp.toml").replace("203.0.113.0/24", "203.0.113.0/024");
    std::fs::write(&path, data).unwrap();
    let (code, _, stderr) = crate::instance::run(&["-p", "0", "--fgcp-data", path.to_str().unwrap()], "");
    assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("35002: '203.0.113.0/024' is not an IPv4 or IPv6 address"), "{stderr}");
}

#[test]
fn another_data_centre_can_be_given() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("centre.toml");
    let data =
        "certificates = [{ folder = \"fgcpuser\", passphrase = \"fgcppassword\" }]\ndescriptors = [{ name = \"x\" }]\n";
    std::fs::write(&path, data).unwrap();
    let server = Server::with(&["--fgcp-data", path.to_str().unwrap(), "-i", "gcp"]);
    assert_eq!(server.greeting[1], format!("curl 'http://{}/api?format=xml'", server.address));
    create(&server, "a", "x").expect(201);
    assert_eq!(server.send(Request::get("/api/firewalls").on_fgcp()).body.matches("<firewall ").count(), 1);
}
