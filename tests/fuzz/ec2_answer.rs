//! Whatever EC2 says of security groups, it becomes firewalls or an error. The id of each of their rules names that rule,
//! and the permission that would be asked for to make it anew is the same rule again.

#![no_main]

use std::collections::HashMap;

use arbitrary::Arbitrary;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId as Ec2PrefixList, SecurityGroup, UserIdGroupPair,
};
use deltawall_core::{Direction, Group, NewRule, Rule, RuleId, Source};
use libfuzzer_sys::fuzz_target;

use convert::Names;

// The converter is private to its driver. Taken from there by itself it needs no door, and none of the driver's TLS.
#[path = "../../drivers/ec2/src/convert.rs"]
#[allow(dead_code, reason = "not all of it is fuzzed")]
mod convert;

/// What the converter takes from its driver.
mod capabilities {
    pub(crate) const ID: &str = "ec2";
}

mod error {
    use deltawall_core::{Error, ErrorKind};

    pub(crate) fn nonsense(what: &str) -> Error {
        Error::new(ErrorKind::Unavailable, crate::capabilities::ID, what)
    }
}

/// Security groups as an answer has them, in which anything may be missing or odd.
#[derive(Arbitrary, Debug)]
struct Answer {
    groups: Vec<AnsweredGroup>,
    home: Option<Text>,
}

#[derive(Arbitrary, Debug)]
struct AnsweredGroup {
    id: Option<Text>,
    name: Option<Text>,
    vpc: Option<Text>,
    owner: Option<Text>,
    description: Option<Text>,
    ingress: Vec<Permission>,
    egress: Vec<Permission>,
}

#[derive(Arbitrary, Debug)]
struct Permission {
    protocol: Option<ProtocolText>,
    from: Option<Number>,
    to: Option<Number>,
    groups: Vec<(Option<Text>, Option<Text>, Option<Text>, Option<Text>)>,
    ipv4: Vec<(Option<CidrText>, Option<Text>)>,
    ipv6: Vec<(Option<CidrText>, Option<Text>)>,
    prefix_lists: Vec<(Option<Text>, Option<Text>)>,
}

/// Text that is often what EC2 sends, so that answers hang together.
#[derive(Arbitrary, Debug)]
enum Text {
    Known(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum ProtocolText {
    Known(u8),
    Any(String),
}

#[derive(Arbitrary, Debug)]
enum Number {
    Port(u16),
    Minus,
    Any(i32),
}

#[derive(Arbitrary, Debug)]
enum CidrText {
    V4([u8; 4], u8),
    V6([u16; 8], u8),
    Any(String),
}

fuzz_target!(|answer: Answer| {
    let groups: Vec<_> = answer.groups.into_iter().map(AnsweredGroup::into_sdk).collect();
    let mut names = Names::default();
    names.learn(&groups);
    let home = answer.home.map(Text::into_string);
    for group in &groups {
        convert::unknown_groups(group, &names);
        let Ok(firewall) = convert::firewall(group, home.as_deref(), &names) else { continue };
        let rules = convert::rules(group, &names).expect("a firewall has been made of them");
        assert!(rules.iter().map(|(rule, _)| rule).eq(&firewall.rules));
        for (rule, permission) in rules {
            check_id(&rule);
            check_revoked(&rule, permission, group, &names);
            check_made_anew(&rule);
        }
    }
});

fn check_id(rule: &Rule) {
    let written = rule.id().to_string();
    let read = RuleId::parse(&written).unwrap_or_else(|error| panic!("{written:?}: {error}"));
    assert_eq!(read, rule.id());
    assert!(read.names(rule));
}

/// What is revoked is that rule.
fn check_revoked(rule: &Rule, permission: &IpPermission, group: &SecurityGroup, names: &Names) {
    // A group without an id would have to go by its name, which no group in a VPC does.
    let has_no_id = |pair: &UserIdGroupPair| pair.group_id().is_none_or(|id| id.trim().is_empty());
    if permission.user_id_group_pairs().iter().any(has_no_id) {
        return;
    }
    let revoked = group_with(convert::to_revoke(permission), rule.content.direction, group.clone());
    let revoked = convert::rules(&revoked, names).expect("what to revoke is less than what there is");
    let [(revoked, _)] = &revoked[..] else { panic!("{} rules", revoked.len()) };
    assert!(revoked.content.protocol == rule.content.protocol && revoked.content.direction == rule.content.direction);
    // EC2 tells groups apart by their ids, so what they are called may be lost.
    let sources = revoked.content.sources.iter().zip(&rule.content.sources);
    assert_eq!(revoked.content.sources.len(), rule.content.sources.len());
    for (revoked, held) in sources {
        match (revoked, held) {
            (Source::Group(revoked), Source::Group(held)) => assert_eq!(revoked.owner, held.owner),
            _ => assert_eq!(revoked, held),
        }
    }
}

/// EC2 would show the permission that a client's request for this rule becomes as this very rule.
fn check_made_anew(rule: &Rule) {
    let content = &rule.content;
    // With no source, or one twice, no client could have asked for it.
    let Ok(new) = NewRule::new(content.protocol, content.sources.clone()) else { return };
    let new = new.with_direction(content.direction).with_description(rule.description.clone());
    let named = content.sources.iter().filter_map(|source| match source {
        Source::Group(group) => Some(group.clone()),
        _ => None,
    });
    let ids: HashMap<Group, String> = named.enumerate().map(|(index, group)| (group, format!("sg-{index}"))).collect();
    let known: Vec<_> = ids
        .iter()
        .map(|(group, id)| SecurityGroup::builder().group_id(id).group_name(group.name.as_str()).build())
        .collect();
    let mut names = Names::default();
    names.learn(&known);
    let owner = SecurityGroup::builder().owner_id(content.owner.as_str()).build();
    let made = convert::permission(&new, &ids).expect("EC2 has no other sources");
    let made = group_with(made, content.direction, owner);
    let made = convert::rules(&made, &names).expect("what a client may ask for makes sense");
    let [(made, _)] = &made[..] else { panic!("{} rules", made.len()) };
    assert!(made.content.same_as(content), "{content:?} became {:?}", made.content);
    assert_eq!(made.description, rule.description);
}

/// The group with this permission and no other.
fn group_with(permission: IpPermission, direction: Direction, mut group: SecurityGroup) -> SecurityGroup {
    let (with, without) = match direction {
        Direction::Ingress => (&mut group.ip_permissions, &mut group.ip_permissions_egress),
        Direction::Egress => (&mut group.ip_permissions_egress, &mut group.ip_permissions),
    };
    (*with, *without) = (Some(vec![permission]), None);
    group
}

impl AnsweredGroup {
    fn into_sdk(self) -> SecurityGroup {
        let permissions = |list: Vec<Permission>| Some(list.into_iter().map(Permission::into_sdk).collect());
        SecurityGroup::builder()
            .set_group_id(self.id.map(Text::into_string))
            .set_group_name(self.name.map(Text::into_string))
            .set_vpc_id(self.vpc.map(Text::into_string))
            .set_owner_id(self.owner.map(Text::into_string))
            .set_description(self.description.map(Text::into_string))
            .set_ip_permissions(permissions(self.ingress))
            .set_ip_permissions_egress(permissions(self.egress))
            .build()
    }
}

impl Permission {
    fn into_sdk(self) -> IpPermission {
        let text = |text: Option<Text>| text.map(Text::into_string);
        let mut permission = IpPermission::builder()
            .set_ip_protocol(self.protocol.map(ProtocolText::into_string))
            .set_from_port(self.from.map(Number::into_i32))
            .set_to_port(self.to.map(Number::into_i32));
        for (id, name, owner, description) in self.groups {
            let pair = UserIdGroupPair::builder().set_group_id(text(id)).set_group_name(text(name));
            let pair = pair.set_user_id(text(owner)).set_description(text(description));
            permission = permission.user_id_group_pairs(pair.build());
        }
        for (cidr, description) in self.ipv4 {
            let range = IpRange::builder().set_cidr_ip(cidr.map(CidrText::into_string));
            permission = permission.ip_ranges(range.set_description(text(description)).build());
        }
        for (cidr, description) in self.ipv6 {
            let range = Ipv6Range::builder().set_cidr_ipv6(cidr.map(CidrText::into_string));
            permission = permission.ipv6_ranges(range.set_description(text(description)).build());
        }
        for (id, description) in self.prefix_lists {
            let list = Ec2PrefixList::builder().set_prefix_list_id(text(id));
            permission = permission.prefix_list_ids(list.set_description(text(description)).build());
        }
        permission.build()
    }
}

impl Text {
    fn into_string(self) -> String {
        const KNOWN: [&str; 8] =
            ["393485797142", "111122223333", "sg-1", "sg-2", "default", "vpc-1", "a~b@c,d/e f%g", "pl-1"];
        match self {
            Self::Known(index) => KNOWN[usize::from(index) % KNOWN.len()].to_owned(),
            Self::Any(text) => text,
        }
    }
}

impl ProtocolText {
    fn into_string(self) -> String {
        const KNOWN: [&str; 9] = ["tcp", "udp", "icmp", "icmpv6", "-1", "6", "58", "47", "TCP"];
        match self {
            Self::Known(index) => KNOWN[usize::from(index) % KNOWN.len()].to_owned(),
            Self::Any(text) => text,
        }
    }
}

impl Number {
    fn into_i32(self) -> i32 {
        match self {
            Self::Port(port) => port.into(),
            Self::Minus => -1,
            Self::Any(number) => number,
        }
    }
}

impl CidrText {
    fn into_string(self) -> String {
        match self {
            Self::V4(address, prefix) => format!("{}/{}", std::net::Ipv4Addr::from(address), prefix % 34),
            Self::V6(address, prefix) => format!("{}/{}", std::net::Ipv6Addr::from(address), prefix % 130),
            Self::Any(text) => text,
        }
    }
}
