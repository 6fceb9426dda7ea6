//! The sources of a new rule, as parameters say them.

use serde_json::Value;

use crate::parameters::{on_new_firewall, rules};
use crate::subject::{Subject, on_each_driver};
use crate::wire::Answer;

on_each_driver! {
    addresses_come_under_many_names,
    addresses_of_both_families,
    addresses_that_others_read_otherwise_are_refused,
    ipv4_written_as_ipv6_is_refused_with_what_to_write,
    groups_come_in_pairs_in_the_order_of_their_numbers,
    half_a_group_is_refused,
}

/// The sources of the one rule that was made.
#[track_caller]
fn sources(answer: Answer) -> Vec<String> {
    let json = answer.expect(201).json();
    let [rule] = &json["firewall"]["rules"].as_array().unwrap()[..] else { panic!("{json}") };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let source = |source: &Value| match text(&source["type"]).as_str() {
        "group" => format!("{}:{}", text(&source["owner"]), text(&source["name"])),
        _ => format!("{}/{}", text(&source["address"]), text(&source["prefix"])),
    };
    rule["sources"].as_array().unwrap().iter().map(source).collect()
}

fn addresses_come_under_many_names(subject: &Subject) {
    for query in [
        "ip_address=10.0.0.0/8&ip_address=192.0.2.1",
        "ip_address=10.0.0.0/8,192.0.2.1",
        "ip_address=10.0.0.0/8,+192.0.2.1,",
        "ip-address=10.0.0.0/8,192.0.2.1/32",
        "ip_address1=10.0.0.0/8&ip_address2=192.0.2.1/32",
        "ip_address7=10.0.0.0/8&ip_address3=192.0.2.1/32",
        "IP_Address=10.0.0.0/8&Ip-Address-two=192.0.2.1",
        "ip_address1=10.0.0.0/8&ip_address2=&ip_address3=192.0.2.1",
    ] {
        let rule = rules(&format!("protocol=tcp&port_from=1&port_to=2&{query}"));
        let answer = on_new_firewall(subject, rule);
        assert_eq!(sources(answer), ["10.0.0.0/8", "192.0.2.1/32"], "{query}");
    }
    let list = rules("protocol=tcp&port_from=1&port_to=2").json(r#"{"ip_address": ["10.0.0.0/8", "192.0.2.1"]}"#);
    assert_eq!(sources(on_new_firewall(subject, list)), ["10.0.0.0/8", "192.0.2.1/32"]);
}

fn addresses_of_both_families(subject: &Subject) {
    let query = "protocol=udp&port_from=53&port_to=53&ip_address1=2001:DB8::/32&ip_address2=::1&ip_address3=::/0";
    assert_eq!(sources(on_new_firewall(subject, rules(query))), ["2001:db8::/32", "::1/128", "::/0"]);
}

/// `010` is 8 to half the world.
fn addresses_that_others_read_otherwise_are_refused(subject: &Subject) {
    for address in [
        "010.0.0.0/8",
        "10.0.0.010/32",
        "010.0.0.1",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "64:ff9b::010.0.0.1",
        "64:ff9b::010.0.0.0/120",
        "64:ff9b::10.0.0.0/0120",
        "2001:db8::/032",
        "::ffff:010.0.0.1",
    ] {
        subject.unheard(|| {
            let rule = format!("protocol=tcp&port_from=1&port_to=2&ip_address1={}", address.replace('+', "%2B"));
            let message = format!(
                "Parameter 'ip_address1' has '{address}', which is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32."
            );
            assert_eq!(subject.send(rules(&rule)).expect(400).message(), message);
        });
    }
}

/// No packet has such an address.
fn ipv4_written_as_ipv6_is_refused_with_what_to_write(subject: &Subject) {
    for (address, instead) in [
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::FFFF:cb00:7107/128", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:10.0.0.0/8", "10.0.0.0 with a prefix of IPv4"),
    ] {
        subject.unheard(|| {
            let rule = rules(&format!("protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8,{address}"));
            let message = format!(
                "Parameter 'ip_address1' has '{address}', which is IPv4 written as IPv6, which no traffic matches: write {instead}."
            );
            assert_eq!(subject.send(rule).expect(400).message(), message);
        });
    }
}

fn groups_come_in_pairs_in_the_order_of_their_numbers(subject: &Subject) {
    for group in ["b", "c", "d"] {
        subject.create(group);
    }
    let owner = &subject.account;
    let query = format!(
        "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8\
        &group10=d&group10owner={owner}&group2owner={owner}&group2=b&group7=&group7owner=\
        &GROUP09=c&Group9Owner={owner}&group1owner={owner}&group1=default&groupowner=x&groups=y&group=z"
    );
    let mut expected = ["default", "b", "c", "d"].map(|group| format!("{owner}:{group}")).to_vec();
    expected.push("10.0.0.0/8".to_owned());
    assert_eq!(sources(on_new_firewall(subject, rules(&query))), expected);
}

fn half_a_group_is_refused(subject: &Subject) {
    let base = "protocol=tcp&port_from=1&port_to=2&ip_address1=10.0.0.0/8";
    for (query, message) in [
        ("group3=a", "Parameter 'group3owner' is required, since 'group3' is there."),
        ("group3=a&group3owner=", "Parameter 'group3owner' is required, since 'group3' is there."),
        ("group3owner=1", "Parameter 'group3' is required, since 'group3owner' is there."),
        ("group1=a&group2owner=1", "Parameter 'group1owner' is required, since 'group1' is there."),
        ("group1=a%0A&group1owner=1", "Parameter 'group1' must not contain control characters."),
    ] {
        subject.unheard(|| {
            let answer = subject.send(rules(&format!("{base}&{query}"))).expect(400);
            assert_eq!(answer.message(), message, "{query}");
        });
    }
}
