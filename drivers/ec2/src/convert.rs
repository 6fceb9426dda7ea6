//! Security groups and permissions in the model's words, and back.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId as Ec2PrefixList, SecurityGroup, UserIdGroupPair,
};
use deltawall_core::{
    Account, Action, Cidr, Description, Direction, Error, Firewall, FirewallId, FirewallName, Group, NewRule,
    PrefixListId, Protocol, Rule, RuleContent, Source,
};

use crate::capabilities::ID;
use crate::error::nonsense;

/// What the groups that are known are called, by id. In a VPC EC2 names the groups in rules by id alone.
#[derive(Default)]
pub(crate) struct Names(HashMap<String, (String, Option<String>)>);

impl Names {
    pub(crate) fn learn(&mut self, groups: &[SecurityGroup]) {
        for group in groups {
            if let (Some(id), Some(name)) = (group.group_id(), group.group_name()) {
                self.0.insert(id.to_owned(), (name.to_owned(), group.vpc_id().map(str::to_owned)));
            }
        }
    }

    /// The name of a group in this VPC. Groups of other VPCs may be called the same, and go by their ids.
    fn get(&self, id: &str, vpc: Option<&str>) -> Option<&str> {
        let (name, of) = self.0.get(id)?;
        (of.as_deref() == vpc).then_some(name)
    }
}

/// The ids of the groups that a group's rules name and that are not known yet.
pub(crate) fn unknown_groups(group: &SecurityGroup, names: &Names) -> Vec<String> {
    let permissions = group.ip_permissions().iter().chain(group.ip_permissions_egress());
    let ids = permissions.flat_map(|permission| permission.user_id_group_pairs()).filter_map(|pair| pair.group_id());
    let mut unknown: Vec<_> = ids.filter(|id| !names.0.contains_key(*id)).map(str::to_owned).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

/// A group as a firewall. `home` is the VPC whose groups go by their names.
pub(crate) fn firewall(group: &SecurityGroup, home: Option<&str>, names: &Names) -> Result<Arc<Firewall>, Error> {
    let id = group.group_id().ok_or_else(|| nonsense("a security group has no id"))?;
    let name = group.group_name().and_then(FirewallName::from_cloud).or_else(|| FirewallName::from_cloud(id));
    let name = name.ok_or_else(|| nonsense("a security group has a blank id"))?;
    let is_at_home = home.is_some() && group.vpc_id() == home;
    let id = if is_at_home { Some(FirewallId::from(&name)) } else { FirewallId::from_cloud(id) };
    let rules = rules(group, names)?.into_iter().map(|(rule, _)| rule).collect();
    Ok(Arc::new(Firewall {
        id: id.ok_or_else(|| nonsense("a security group has a blank id"))?,
        name,
        description: group.description().and_then(Description::from_cloud),
        owner: group.owner_id().and_then(Account::from_cloud),
        rules,
        default: None,
    }))
}

/// A group's rules, each with the permission that it is: ingress before egress, and else in EC2's order.
pub(crate) fn rules<'a>(group: &'a SecurityGroup, names: &Names) -> Result<Vec<(Rule, &'a IpPermission)>, Error> {
    let ingress = group.ip_permissions().iter().map(|permission| (permission, Direction::Ingress));
    let egress = group.ip_permissions_egress().iter().map(|permission| (permission, Direction::Egress));
    ingress
        .chain(egress)
        .map(|(permission, direction)| Ok((rule(permission, direction, group, names)?, permission)))
        .collect()
}

pub(crate) fn rule(
    permission: &IpPermission,
    direction: Direction,
    group: &SecurityGroup,
    names: &Names,
) -> Result<Rule, Error> {
    let owner = group.owner_id().and_then(Account::from_cloud).ok_or_else(|| nonsense("a group has no owner"))?;
    let mut sources = Vec::new();
    let mut descriptions = Descriptions::default();
    for pair in permission.user_id_group_pairs() {
        sources.push(Source::Group(group_source(pair, group, names)?));
        descriptions.add(pair.description());
    }
    for range in permission.ip_ranges() {
        sources.push(address(range.cidr_ip())?);
        descriptions.add(range.description());
    }
    for range in permission.ipv6_ranges() {
        sources.push(address(range.cidr_ipv6())?);
        descriptions.add(range.description());
    }
    for list in permission.prefix_list_ids() {
        let id = list.prefix_list_id().and_then(PrefixListId::from_cloud);
        sources.push(Source::PrefixList(id.ok_or_else(|| nonsense("a prefix list has no id"))?));
        descriptions.add(list.description());
    }
    let (protocol, action) = (protocol(permission, group)?, Action::Accept);
    let content = RuleContent { owner, protocol, direction, action, sources, conditions: None };
    Ok(Rule { cloud_id: None, content, log: None, description: descriptions.together() })
}

fn group_source(pair: &UserIdGroupPair, group: &SecurityGroup, names: &Names) -> Result<Group, Error> {
    let id = pair.group_id().unwrap_or_default();
    // Clouds of EC2's first kind tell groups apart by their names. Beside an id, a name may be that of another VPC's group.
    let name = names.get(id, group.vpc_id()).or(pair.group_name().filter(|_| id.is_empty())).unwrap_or(id);
    let owner = pair.user_id().or(group.owner_id()).and_then(Account::from_cloud);
    Ok(Group {
        owner: owner.ok_or_else(|| nonsense("a group in a rule has no owner"))?,
        name: FirewallName::from_cloud(name).ok_or_else(|| nonsense("a group in a rule has neither id nor name"))?,
    })
}

fn address(cidr: Option<&str>) -> Result<Source, Error> {
    let cidr = cidr.and_then(Cidr::from_cloud);
    cidr.map(Source::Address).ok_or_else(|| nonsense("a range of addresses is none"))
}

fn protocol(permission: &IpPermission, group: &SecurityGroup) -> Result<Protocol, Error> {
    let name = permission.ip_protocol().unwrap_or("-1");
    let numbers = (permission.from_port().unwrap_or(-1), permission.to_port().unwrap_or(-1));
    // For protocols without ports EC2 has sent -1, 0 to 65535 and nothing, over the years, and other clouds do so for those
    // with ports; it means all of them.
    let numbers = match (name.to_ascii_lowercase().as_str(), numbers) {
        ("tcp" | "udp" | "6" | "17", (-1, -1)) => Some((0, u16::MAX.into())),
        ("icmp" | "icmpv6" | "1" | "58", (-1, _)) => Some((-1, -1)),
        ("tcp" | "udp" | "icmp" | "icmpv6" | "6" | "17" | "1" | "58", numbers) => Some(numbers),
        _ => None,
    };
    let id = group.group_id().unwrap_or_default();
    Protocol::from_parts(name, numbers).map_err(|invalid| nonsense(&format!("in security group {id} {invalid}")))
}

/// EC2 describes each source, and the model each rule. What all sources share is said once.
#[derive(Default)]
pub(crate) struct Descriptions<'a>(Vec<&'a str>);

impl<'a> Descriptions<'a> {
    pub(crate) fn add(&mut self, description: Option<&'a str>) {
        let is_new = |text: &&str| !text.trim().is_empty() && !self.0.contains(text);
        if let Some(text) = description.filter(is_new) {
            self.0.push(text);
        }
    }

    pub(crate) fn together(self) -> Option<Description> {
        Description::from_cloud(&self.0.join("; "))
    }
}

/// What a new rule is together with those for the same traffic, of which EC2 makes one.
pub(crate) fn joined(new: &NewRule, group: &SecurityGroup, names: &Names) -> Result<NewRule, Error> {
    let mut sources = new.sources().to_vec();
    for (Rule { content, .. }, _) in rules(group, names)? {
        if content.protocol == new.protocol() && content.direction == new.direction() {
            sources.extend(content.sources);
        }
    }
    // With a source twice there is no such rule: EC2 refuses it.
    let joined = NewRule::new(new.protocol(), sources).map(|joined| joined.with_direction(new.direction()));
    Ok(joined.unwrap_or_else(|_| new.clone()))
}

/// A permission for all sources of a new rule. `group_ids` has the id of each group that the rule names.
///
/// # Errors
/// When a source is one that EC2 does not have.
pub(crate) fn permission(new: &NewRule, group_ids: &HashMap<Group, String>) -> Result<IpPermission, Error> {
    let protocol = new.protocol();
    // EC2 wants ports where it does not heed them.
    let numbers = protocol.numbers().or((protocol != Protocol::All).then_some((-1, -1)));
    let (from, to) = numbers.unzip();
    let description = new.description().map(|description| description.as_str().to_owned());
    let mut permission =
        IpPermission::builder().ip_protocol(protocol.name().unwrap_or_default()).set_from_port(from).set_to_port(to);
    for source in new.sources() {
        permission = match source {
            Source::Group(group) => permission.user_id_group_pairs(
                UserIdGroupPair::builder()
                    .set_group_id(group_ids.get(group).cloned())
                    .user_id(group.owner.as_str())
                    .set_description(description.clone())
                    .build(),
            ),
            Source::Address(cidr) => address_range(permission, cidr, description.clone()),
            Source::Range(_) => {
                return Err(Error::unsupported(ID, "make rules with ranges of addresses as sources"));
            }
            Source::PrefixList(id) => permission.prefix_list_ids(
                Ec2PrefixList::builder().prefix_list_id(id.as_str()).set_description(description.clone()).build(),
            ),
        };
    }
    Ok(permission.build())
}

/// EC2 clears the bits past a prefix, so they are cleared before it is asked.
fn address_range(
    permission: aws_sdk_ec2::types::builders::IpPermissionBuilder,
    cidr: &Cidr,
    description: Option<String>,
) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    let network = cidr.network().to_string();
    if cidr.address().is_ipv4() {
        permission.ip_ranges(IpRange::builder().cidr_ip(network).set_description(description).build())
    } else {
        permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(network).set_description(description).build())
    }
}

/// A permission as it is revoked: what EC2 tells sources apart by, and nothing else.
pub(crate) fn to_revoke(permission: &IpPermission) -> IpPermission {
    let mut revoked = IpPermission::builder()
        .set_ip_protocol(permission.ip_protocol.clone())
        .set_from_port(permission.from_port)
        .set_to_port(permission.to_port);
    for pair in permission.user_id_group_pairs() {
        let name = pair.group_name.clone().filter(|_| pair.group_id.is_none());
        let pair = UserIdGroupPair::builder().set_group_id(pair.group_id.clone()).set_user_id(pair.user_id.clone());
        revoked = revoked.user_id_group_pairs(pair.set_group_name(name).build());
    }
    for range in permission.ip_ranges() {
        revoked = revoked.ip_ranges(IpRange::builder().set_cidr_ip(range.cidr_ip.clone()).build());
    }
    for range in permission.ipv6_ranges() {
        revoked = revoked.ipv6_ranges(Ipv6Range::builder().set_cidr_ipv6(range.cidr_ipv6.clone()).build());
    }
    for list in permission.prefix_list_ids() {
        let list = Ec2PrefixList::builder().set_prefix_list_id(list.prefix_list_id.clone());
        revoked = revoked.prefix_list_ids(list.build());
    }
    revoked.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(permission: IpPermission) -> SecurityGroup {
        SecurityGroup::builder().group_id("sg-0").owner_id("1").vpc_id("vpc-0").ip_permissions(permission).build()
    }

    fn id_of(permission: IpPermission) -> Result<String, String> {
        let group = group(permission);
        let rules = rules(&group, &Names::default()).map_err(|error| error.message);
        rules.map(|rules| rules[0].0.id().to_string())
    }

    /// EC2 itself always sends ports, others that speak its API do not.
    #[test]
    fn protocols_as_other_clouds_send_them() {
        let permission = |name, from, to| {
            let anywhere = IpRange::builder().cidr_ip("10.0.0.0/8").build();
            let permission = IpPermission::builder().ip_protocol(name).ip_ranges(anywhere);
            permission.set_from_port(from).set_to_port(to).build()
        };
        for (name, from, to, expected) in [
            ("tcp", None, None, "tcp~0~65535"),
            ("udp", Some(-1), Some(-1), "udp~0~65535"),
            ("icmp", Some(-1), Some(0), "icmp~-1~-1"),
            ("icmpv6", None, None, "icmpv6~-1~-1"),
            ("47", Some(0), Some(65535), "47~~"),
        ] {
            assert_eq!(id_of(permission(name, from, to)), Ok(format!("1~{expected}~@address,ipv4,10.0.0.0,8")));
        }
        // What cannot be said is not left out: somebody would take the firewall for closed.
        let error = id_of(permission("gre", None, None)).unwrap_err();
        assert!(error.contains("in security group sg-0 protocol 'gre' is not one of"), "{error}");
    }

    /// No client could make such rules, but they are there, and nobody may take the firewall for closed.
    #[test]
    fn addresses_that_no_client_could_send_are_shown() {
        let permission = IpPermission::builder().ip_protocol("-1");
        let permission = permission.ip_ranges(IpRange::builder().cidr_ip("010.0.0.0/08").build());
        let mapped = Ipv6Range::builder().cidr_ipv6("::ffff:203.0.113.7/128").build();
        let id = id_of(permission.ipv6_ranges(mapped).build());
        assert_eq!(id, Ok("1~-1~~~@address,ipv4,10.0.0.0,8,@address,ipv6,::ffff:203.0.113.7,128".to_owned()));
    }

    /// EC2 may send the names of peered VPCs' groups, which may be those of our own.
    #[test]
    fn a_peered_group_goes_by_its_id() {
        let pair = |id: &str| UserIdGroupPair::builder().group_id(id).group_name("web").user_id("1").build();
        let held = IpPermission::builder()
            .ip_protocol("-1")
            .user_id_group_pairs(pair("sg-0"))
            .user_id_group_pairs(pair("sg-9"));
        assert_eq!(id_of(held.build()), Ok("1~-1~~~@group,1,sg-0,@group,1,sg-9".to_owned()));
    }

    #[test]
    fn what_is_revoked_still_says_which_group() {
        let pair = |id: Option<&str>, name: &str| {
            let id = id.map(str::to_owned);
            UserIdGroupPair::builder().set_group_id(id).group_name(name).user_id("1").description("d").build()
        };
        let held = IpPermission::builder().ip_protocol("tcp");
        let held = held.user_id_group_pairs(pair(Some("sg-1"), "web")).user_id_group_pairs(pair(None, "web")).build();
        let revoked = to_revoke(&held);
        let groups: Vec<_> =
            revoked.user_id_group_pairs().iter().map(|pair| (pair.group_id(), pair.group_name())).collect();
        assert_eq!(groups, [(Some("sg-1"), None), (None, Some("web"))]);
        assert!(revoked.user_id_group_pairs().iter().all(|pair| pair.description().is_none()));
    }
}
