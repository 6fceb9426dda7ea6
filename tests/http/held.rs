//! What EC2 holds, and whether that is what clients are told: nothing less, and nothing more.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Value, json};

use crate::emulator::{Account, REGION};
use crate::wire::Answer;

/// Each firewall that the answer tells of is in EC2 just so; its rules are all that there are, in one direction or in both.
#[track_caller]
pub fn check(answer: &Answer, account: &Account) {
    let told = firewalls(answer);
    if told.is_empty() {
        return;
    }
    let held = all(account, answer.header("X-Deltacloud-Provider").unwrap_or(REGION));
    let by_id: HashMap<_, _> = held.iter().map(|held| (held["id"].as_str(), held)).collect();
    for told in told {
        let held = by_id.get(&told["id"].as_str());
        let held = held.unwrap_or_else(|| panic!("EC2 does not hold {told:#}"));
        let directions = [&["ingress"][..], &["egress"], &["ingress", "egress"]];
        let is_held = directions.iter().any(|shown| told == with_rules(held, shown));
        assert!(is_held, "the client is told {told:#}\nand EC2 holds {held:#}");
    }
}

/// Everything that EC2 holds, in its order and as JSON has to say it, apart from hrefs.
pub fn all(account: &Account, region: &str) -> Vec<Value> {
    let holdings = account.holdings(region);
    let groups = holdings["SecurityGroups"].as_array().unwrap();
    groups.iter().map(|group| firewall(group, groups, &holdings["DefaultVpc"])).collect()
}

/// The firewalls that an answer in either format tells of, as JSON says them, apart from hrefs.
pub fn firewalls(answer: &Answer) -> Vec<Value> {
    match answer.header("Content-Type") {
        Some("application/json") => from_json(answer.json()),
        // A plan names the firewall that it is for, and rules that are not there.
        Some("application/xml") if !answer.body.contains("\n<plan>\n") => from_xml(&answer.body),
        _ => Vec::new(),
    }
}

fn with_rules(firewall: &Value, directions: &[&str]) -> Value {
    let mut firewall = firewall.clone();
    let rules = firewall["rules"].as_array_mut().unwrap();
    rules.retain(|rule| directions.iter().any(|direction| rule["direction"] == *direction));
    firewall
}

fn from_json(mut answer: Value) -> Vec<Value> {
    let firewalls = match (answer["firewalls"].take(), answer["firewall"].take()) {
        (Value::Array(firewalls), _) => firewalls,
        (_, firewall @ Value::Object(_)) => vec![firewall],
        _ => Vec::new(),
    };
    let without_href = |mut firewall: Value| {
        firewall.as_object_mut().unwrap().remove("href").expect("a firewall has an href");
        firewall
    };
    firewalls.into_iter().map(without_href).collect()
}

/// The elements of a firewall or rule that hold text; those that hold none are left out of JSON.
const TEXTS: [&str; 9] = [
    "name",
    "description",
    "owner_id",
    "allow_protocol",
    "port_from",
    "port_to",
    "direction",
    "rule_action",
    "log_rule",
];

fn from_xml(body: &str) -> Vec<Value> {
    let mut firewalls: Vec<Value> = Vec::new();
    let (mut in_rule, mut text) = (false, String::new());
    let mut reader = Reader::from_str(body);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return firewalls,
            Event::Start(tag) | Event::Empty(tag) => {
                text.clear();
                match tag.name().as_ref() {
                    "firewall" => firewalls.push(json!({ "id": attributes(&tag)["id"], "rules": [] })),
                    "rule" => {
                        in_rule = true;
                        last(&mut firewalls, "rules").push(json!({ "id": attributes(&tag)["id"], "sources": [] }));
                    }
                    "source" => last(last(&mut firewalls, "rules"), "sources").push(attributes(&tag)),
                    _ => {}
                }
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.into_inner()),
            Event::End(tag) => match tag.name().as_ref() {
                "rule" => in_rule = false,
                name if TEXTS.contains(&name) && !text.is_empty() && !firewalls.is_empty() => {
                    let holder = if in_rule { last(&mut firewalls, "rules").last_mut() } else { firewalls.last_mut() };
                    holder.unwrap()[name] = json!(text);
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// The list of this name in the last of these.
fn last<'a>(values: &'a mut [Value], list: &str) -> &'a mut Vec<Value> {
    values.last_mut().unwrap()[list].as_array_mut().unwrap()
}

fn attributes(tag: &BytesStart) -> Value {
    let attributes = tag.attributes().map(Result::unwrap);
    let value = |value: quick_xml::events::attributes::Attribute| {
        value.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned()
    };
    attributes.map(|attribute| (attribute.key.as_ref().to_owned(), json!(value(attribute)))).collect()
}

fn firewall(group: &Value, groups: &[Value], home: &Value) -> Value {
    let ingress = group["IpPermissions"].as_array().unwrap().iter().map(|permission| (permission, "ingress"));
    let egress = group["IpPermissionsEgress"].as_array().unwrap().iter().map(|permission| (permission, "egress"));
    let rules = ingress.chain(egress).map(|(permission, direction)| rule(permission, direction, group, groups));
    json!({
        "id": if group["VpcId"] == *home { &group["GroupName"] } else { &group["GroupId"] },
        "name": group["GroupName"],
        "description": group["Description"],
        "owner_id": group["OwnerId"],
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn rule(permission: &Value, direction: &str, group: &Value, groups: &[Value]) -> Value {
    let held = |kind: &str| permission[kind].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (mut sources, mut ids) = (Vec::new(), Vec::new());
    for pair in held("UserIdGroupPairs") {
        let is_it = |other: &&Value| other["GroupId"] == pair["GroupId"] && other["VpcId"] == group["VpcId"];
        let name = groups.iter().find(is_it).map_or(&pair["GroupId"], |known| &known["GroupName"]);
        ids.push(format!("@group,{},{}", text(&pair["UserId"]), escaped(&text(name))));
        sources.push(json!({ "type": "group", "name": name, "owner": pair["UserId"] }));
    }
    for (kind, key, family) in [("IpRanges", "CidrIp", "ipv4"), ("Ipv6Ranges", "CidrIpv6", "ipv6")] {
        for range in held(kind) {
            let (address, prefix) = range[key].as_str().unwrap().split_once('/').unwrap();
            ids.push(format!("@address,{family},{address},{prefix}"));
            sources.push(json!({ "type": "address", "family": family, "address": address, "prefix": prefix }));
        }
    }
    for list in held("PrefixListIds") {
        ids.push(format!("@prefix_list,{}", text(&list["PrefixListId"])));
        sources.push(json!({ "type": "prefix_list", "name": list["PrefixListId"] }));
    }

    let protocol = text(&permission["IpProtocol"]);
    let has_ports = ["tcp", "udp", "icmp", "icmpv6"].contains(&protocol.as_str());
    let port = |name: &str| if has_ports { permission[name].to_string() } else { String::new() };
    let [from, to] = ["FromPort", "ToPort"].map(port);
    let suffix = if direction == "egress" { "~egress" } else { "" };
    let id = format!("{}~{protocol}~{from}~{to}~{}{suffix}", text(&group["OwnerId"]), ids.join(","));
    let mut rule = json!({ "id": id, "allow_protocol": protocol, "sources": sources, "direction": direction });
    if has_ports {
        rule["port_from"] = json!(from);
        rule["port_to"] = json!(to);
    }
    let mut descriptions: Vec<_> = ["UserIdGroupPairs", "IpRanges", "Ipv6Ranges"]
        .iter()
        .flat_map(|kind| held(kind))
        .filter_map(|source| source["Description"].as_str().map(str::to_owned))
        .collect();
    descriptions.dedup();
    if !descriptions.is_empty() {
        rule["description"] = json!(descriptions.join("; "));
    }
    rule
}

/// A group's name within the id of a rule.
fn escaped(name: &str) -> String {
    let escape = |c: char| match c {
        '~' | '@' | ',' | '/' | ' ' | '%' => format!("%{:02X}", u32::from(c)),
        _ => c.to_string(),
    };
    name.chars().map(escape).collect()
}
