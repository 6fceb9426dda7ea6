//! The in-memory driver, which refuses what EC2 refuses, in EC2's words.

use std::io::Write as _;

use crate::instance::run;
use crate::server::Server;
use crate::wire::{Answer, Request};

fn create(server: &Server, name: &str) -> Answer {
    let form = [("name", name), ("description", "d")];
    server.send(Request::post("/api/firewalls").on_mock().multipart(&form))
}

fn add(server: &Server, firewall: &str, rule: &str) -> Answer {
    server.send(Request::post(&format!("/api/firewalls/{firewall}/rules")).on_mock().form(rule))
}

fn delete(server: &Server, path: &str) -> Answer {
    server.send(Request::delete(&format!("/api/firewalls/{path}")).on_mock())
}

#[test]
fn refusals_are_in_ec2s_words() {
    let server = Server::start();
    let tcp = "protocol=tcp&port_from=22&port_to=22";
    let rule = format!("{tcp}&ip_address1=87.228.192.251");
    for (answer, status, message) in [
        (create(&server, "test"), 502, "InvalidGroup.Duplicate: The security group 'test' already exists"),
        (
            create(&server, "sg-1"),
            502,
            "InvalidParameterValue: Value (sg-1) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
        ),
        (
            create(&server, "z\u{fc}rich"),
            502,
            "InvalidParameterValue: Value (z\u{fc}rich) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.",
        ),
        (delete(&server, "absent"), 404, "InvalidGroup.NotFound: The security group 'absent' does not exist"),
        (delete(&server, "default"), 502, "CannotDelete: the specified group: \"default\" cannot be deleted by a user"),
        (
            delete(&server, "test/1~tcp~1~1~@group,1,a"),
            404,
            "InvalidPermission.NotFound: The specified rule does not exist in this security group",
        ),
        (
            delete(&server, "absent/1~tcp~1~1~@group,1,a"),
            404,
            "InvalidGroup.NotFound: The security group 'absent' does not exist",
        ),
        (add(&server, "absent", &rule), 404, "InvalidGroup.NotFound: The security group 'absent' does not exist"),
        (
            add(&server, "test", &format!("{tcp}&group1=absent&group1owner=393485797142")),
            404,
            "InvalidGroup.NotFound: The security group 'absent' does not exist",
        ),
        (
            add(&server, "default", &rule),
            502,
            "InvalidPermission.Duplicate: the specified rule \"peer: 87.228.192.251/32, TCP, from port: 22, to port: 22, ALLOW\" already exists",
        ),
        (
            add(&server, "default", &format!("{rule}&ip_address2=10.0.0.0/8")),
            502,
            "InvalidPermission.Duplicate: the specified rule \"peer: 87.228.192.251/32, TCP, from port: 22, to port: 22, ALLOW\" already exists",
        ),
        (
            add(&server, "test", &format!("{tcp}&ip_address2=10.1.2.99/24")),
            502,
            "InvalidPermission.Duplicate: the specified rule \"peer: 10.1.2.3/24, TCP, from port: 22, to port: 22, ALLOW\" already exists",
        ),
    ] {
        assert_eq!(answer.expect(status).message(), message);
    }
}

#[test]
fn owners_that_are_no_accounts_are_refused() {
    let server = Server::start();
    for owner in ["nobody", "1", "1234-5678-9012", "1111222233334", "\u{661}11122223333"] {
        let rule = format!("protocol=tcp&port_from=1&port_to=2&group1=b&group1owner={owner}");
        let answer = add(&server, "test", &rule).expect(502);
        assert_eq!(answer.message(), format!("InvalidUserID.Malformed: Invalid user id: \"{owner}\""));
    }
    // Nobody sees the groups of other accounts, but this is none.
    let answer = add(&server, "test", "protocol=tcp&port_from=1&port_to=2&group1=a|b&group1owner=111122223333");
    assert_eq!(answer.expect(404).message(), "InvalidGroup.NotFound: The security group 'a|b' does not exist");
}

#[test]
fn what_ec2_has_and_this_driver_has_not_is_refused() {
    let server = Server::start();
    let prefix_list = add(&server, "test", "protocol=tcp&port_from=1&port_to=1&prefix_list1=pl-1").expect(501);
    assert_eq!(prefix_list.message(), "The mock driver cannot make rules with prefix lists as sources.");
    let placed = Request::post("/api/firewalls?name=n&description=d&vpc_id=vpc-1").on_mock();
    assert_eq!(server.send(placed).expect(501).message(), "The mock driver cannot choose a firewall's network.");
}

/// EC2 would want such a group's id, and clear the bits.
#[test]
fn groups_of_other_accounts_and_bits_past_a_prefix_are_taken_as_they_are() {
    let server = Server::start();
    let rule = "protocol=tcp&port_from=1&port_to=2&group1=b&group1owner=111122223333&ip_address1=10.1.2.3/24";
    let made = add(&server, "new_firewall", rule).expect(201);
    let id = "393485797142~tcp~1~2~@group,111122223333,b,@address,ipv4,10.1.2.3,24";
    assert!(made.body.contains(&format!("id='{id}'")), "{}", made.body);
}

#[test]
fn a_firewall_in_use_names_all_its_users() {
    let server = Server::start();
    let rule = "protocol=tcp&port_from=1&port_to=2&group1=firewall_2&group1owner=393485797142";
    for name in ["firewall_2", "firewall_1", "firewall_3"] {
        create(&server, name).expect(201);
    }
    for user in ["firewall_3", "firewall_1", "firewall_2"] {
        add(&server, user, rule).expect(201);
    }
    let answer = delete(&server, "firewall_2").expect(502);
    assert_eq!(
        answer.message(),
        "InvalidGroup.InUse: Group 393485797142:firewall_2 is used by groups: 393485797142:firewall_1, 393485797142:firewall_3"
    );
    let id = "393485797142~tcp~1~2~@group,393485797142,firewall_2";
    delete(&server, &format!("firewall_1/{id}")).expect(204);
    delete(&server, "firewall_3").expect(204);
    delete(&server, "firewall_2").expect(204);
}

#[test]
fn rules_keep_their_order() {
    let server = Server::start();
    for port in [3, 1, 2] {
        let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address=10.0.0.0/8");
        add(&server, "new_firewall", &rule).expect(201);
    }
    let rule = |port: u8| format!("393485797142~tcp~{port}~{port}~@address,ipv4,10.0.0.0,8");
    delete(&server, &format!("new_firewall/{}", rule(1))).expect(204);
    add(&server, "new_firewall", "protocol=tcp&port_from=1&port_to=1&ip_address=10.0.0.0/8").expect(201);
    let answer = server.send(Request::get("/api/firewalls/new_firewall?format=json").on_mock()).json();
    let ids: Vec<_> = answer["firewall"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].clone()).collect();
    assert_eq!(ids, [rule(3), rule(2), rule(1)]);
}

fn data_file(name: &str, content: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn firewall(name: &str, ports: std::ops::Range<u16>) -> String {
    let rule = |port| {
        format!(
            "[[firewalls.rules]]\nprotocol = \"tcp\"\nport_from = {port}\nport_to = {port}\naddresses = [\"10.0.0.0/8\"]\n"
        )
    };
    format!("[[firewalls]]\nname = {name:?}\ndescription = \"d\"\n{}", ports.map(rule).collect::<String>())
}

/// The data file says other quotas than EC2's, and what it brings itself is taken as it is.
#[test]
fn quotas_are_those_of_the_data_file_and_not_for_what_it_brings() {
    let data = format!("max_firewalls = 3\nmax_rules = 5\n{}{}", firewall("a|b <\u{e9}>", 0..9), firewall("b", 0..4));
    let server = Server::with(&["--mock-data", &data_file("quotas.toml", &data)]);
    let list = server.send(Request::get("/api/firewalls?format=json").on_mock()).expect(200).json();
    assert_eq!(list["firewalls"][0]["id"], "a|b <\u{e9}>");
    assert_eq!(list["firewalls"][0]["rules"].as_array().unwrap().len(), 9);
    let rule = |port: u16| format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1=10.0.0.0/8");
    let full = "RulesPerSecurityGroupLimitExceeded: The maximum number of rules per security group has been reached.";
    assert_eq!(add(&server, "a%7Cb%20%3C%C3%A9%3E", &rule(100)).expect(502).message(), full);
    add(&server, "b", &rule(100)).expect(201);
    assert_eq!(add(&server, "b", &rule(101)).expect(502).message(), full);
    create(&server, "c").expect(201);
    let full = "SecurityGroupLimitExceeded: The maximum number of security groups has been reached.";
    assert_eq!(create(&server, "d").expect(502).message(), full);
    delete(&server, "c").expect(204);
    create(&server, "d").expect(201);

    let usual: String = (0..2_499).map(|n| firewall(&format!("g{n}"), 0..0)).collect();
    let server = Server::with(&["--mock-data", &data_file("many.toml", &usual)]);
    create(&server, "last").expect(201);
    assert_eq!(create(&server, "one-too-many").expect(502).message(), full);
}

/// Data of which the hrefs could not be sent back, or that is written in two ways, is no data.
#[test]
fn data_that_clients_could_not_address_is_refused() {
    let groups: Vec<_> = (0..300).map(|n| format!("{{ name = \"{n:0255}\", owner = \"111122223333\" }}")).collect();
    let sources = |sources: &str| {
        format!(
            "{}[[firewalls.rules]]\nprotocol = \"tcp\"\nport_from = 1\nport_to = 1\n{sources}\n",
            firewall("web", 0..0)
        )
    };
    for (name, data, why) in [
        ("account", format!("account = \"{}\"\n", "x".repeat(256)), "account: is longer than 255 bytes"),
        ("name", firewall(&"x".repeat(4097), 0..0), "no URL could have this name in it"),
        ("twice", firewall("web", 0..1) + &firewall("web", 0..0), "bad-twice.toml: line 9: web: "),
        (
            "protocol",
            firewall("web", 0..2) + "[[firewalls.rules]]\nprotocol = \"tpc\"\nport_from = 1\nport_to = 1\n",
            "bad-protocol.toml: line 14: web: rule 3: ",
        ),
        (
            "same",
            firewall("web", 7..8)
                + &firewall("b", 7..8).replace("[[firewalls]]\nname = \"b\"\ndescription = \"d\"\n", ""),
            "bad-same.toml: line 9: web: rule 2: ",
        ),
        ("description", sources("addresses = [\"10.0.0.0/8\"]\ndescription = \" \""), "line 4: web: rule 1: "),
        (
            "rule",
            sources(&format!("groups = [{}]", groups.join(", "))),
            "web: rule 1: no URL could have the id of a rule in it",
        ),
        (
            "octal",
            sources("addresses = [\"010.0.0.0/8\"]"),
            "line 4: web: rule 1: '010.0.0.0/8' is not an IPv4 or IPv6 address or CIDR",
        ),
        ("mapped", sources("addresses = [\"::ffff:10.0.0.0/104\"]"), "which no traffic matches: write 10.0.0.0/8"),
    ] {
        let (code, _, stderr) = run(&["-p", "0", "--mock-data", &data_file(&format!("bad-{name}.toml"), &data)], "");
        assert_eq!((code, stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
    }
}

#[test]
fn other_data_can_be_given() {
    let empty = Server::with(&["--mock-data", &data_file("empty.toml", "")]);
    let list = empty.send(Request::get("/api/firewalls?format=json").on_mock()).expect(200);
    assert_eq!(list.json()["firewalls"].as_array().unwrap().len(), 0);
    create(&empty, "first").expect(201);

    let own = data_file(
        "own.toml",
        r#"
        account = "111122223333"
        user = "me"
        password = "you"
        [[firewalls]]
        name = "a"
        description = "b"
        [[firewalls.rules]]
        protocol = "udp"
        port_from = 1
        port_to = 2
        egress = true
        groups = [{ name = "a" }, { name = "theirs", owner = "444455556666" }]
        addresses = ["2001:db8::1"]
        description = "theirs, until spring"
        "#,
    );
    let own = Server::with(&["--mock-data", &own]);
    own.send(Request::get("/api/firewalls").on_mock()).expect(401);
    let list = own.send(Request::get("/api/firewalls?format=json").header("Authorization", "Basic bWU6eW91"));
    let list = list.json();
    assert_eq!(list["firewalls"][0]["rules"][0]["description"], "theirs, until spring");
    assert_eq!(
        list["firewalls"][0]["rules"][0]["id"],
        "111122223333~udp~1~2~@group,111122223333,a,@group,444455556666,theirs,@address,ipv6,2001:db8::1,128~egress"
    );
}
