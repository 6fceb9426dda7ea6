//! What EC2 adds, takes away, describes and counts as one: a single source of a rule.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId as Ec2PrefixList, SecurityGroup, UserIdGroupPair,
};
use deltawall_core::{Description, Direction, Error, Group, NewRule, Protocol, Source};

use crate::convert::{self, Names};
use crate::error::nonsense;

/// One source of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) direction: Direction,
    pub(crate) protocol: Protocol,
    /// Groups have their ids as names.
    pub(crate) source: Source,
    pub(crate) description: Option<Description>,
    /// The number of the rule that asks for it, the first being 1. What a group has was asked for by none.
    pub(crate) rule: usize,
    /// The permission for it alone.
    permission: IpPermission,
}

/// Which traffic, and where it comes from: no group has two grants of which that is the same.
pub(crate) type Subject<'a> = (Direction, Protocol, Cow<'a, Source>);

impl Grant {
    /// All that a group has, ingress before egress.
    pub(crate) fn held(group: &SecurityGroup) -> Result<Vec<Self>, Error> {
        let ingress = group.ip_permissions().iter().map(|permission| (permission, Direction::Ingress));
        let egress = group.ip_permissions_egress().iter().map(|permission| (permission, Direction::Egress));
        let grants = ingress.chain(egress).map(|(permission, direction)| Self::within(permission, direction, group, 0));
        Ok(grants.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// All that a rule of this number asks for. `group_ids` has the id of each group that it names.
    pub(crate) fn wanted(
        number: usize,
        rule: &NewRule,
        group_ids: &HashMap<Group, String>,
        group: &SecurityGroup,
    ) -> Result<Vec<Self>, Error> {
        Self::within(&convert::permission(rule, group_ids)?, rule.direction(), group, number)
    }

    fn within(
        permission: &IpPermission,
        direction: Direction,
        group: &SecurityGroup,
        rule: usize,
    ) -> Result<Vec<Self>, Error> {
        let grant = |permission| {
            let shown = convert::rule(&permission, direction, group, &Names::default())?;
            let (protocol, description) = (shown.content.protocol, shown.description);
            let source = shown.content.sources.into_iter().next();
            let source = source.ok_or_else(|| nonsense("a permission has no source"))?.canonical().into_owned();
            Ok(Self { direction, protocol, source, description, rule, permission })
        };
        single(permission).map(grant).collect()
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        (self.direction, self.protocol, Cow::Borrowed(&self.source))
    }
}

/// `ingress tcp 22 from 10.0.0.0/8`.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, protocol, source, .. } = self;
        write!(f, "{} ", direction.name())?;
        match (protocol.name(), protocol.numbers()) {
            (Some(name), Some((from, to))) if from == to => write!(f, "{name} {from}")?,
            (Some(name), Some((from, to))) => write!(f, "{name} {from} to {to}")?,
            (Some(name), None) if *protocol != Protocol::All => write!(f, "protocol {name}")?,
            _ => f.write_str("all traffic")?,
        }
        write!(f, " {} {source}", if *direction == Direction::Ingress { "from" } else { "to" })
    }
}

/// Permissions for these, one for those with the same traffic.
pub(crate) fn permissions(grants: &[Grant]) -> Vec<IpPermission> {
    let traffic =
        |permission: &IpPermission| (permission.ip_protocol.clone(), permission.from_port, permission.to_port);
    let mut order = Vec::new();
    let mut of_traffic: HashMap<_, IpPermission> = HashMap::new();
    for Grant { permission, .. } in grants {
        let key = traffic(permission);
        let joined = of_traffic.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            bare(permission).build()
        });
        extend(&mut joined.user_id_group_pairs, permission.user_id_group_pairs());
        extend(&mut joined.ip_ranges, permission.ip_ranges());
        extend(&mut joined.ipv6_ranges, permission.ipv6_ranges());
        extend(&mut joined.prefix_list_ids, permission.prefix_list_ids());
    }
    order.iter().filter_map(|key| of_traffic.remove(key)).collect()
}

fn extend<T: Clone>(list: &mut Option<Vec<T>>, more: &[T]) {
    if !more.is_empty() {
        list.get_or_insert_default().extend_from_slice(more);
    }
}

/// A permission for each source of one, in the order in which the sources are shown, with what EC2 is asked by and nothing else.
fn single(permission: &IpPermission) -> impl Iterator<Item = IpPermission> {
    let pairs = permission.user_id_group_pairs().iter().map(|pair| {
        let name = pair.group_name.clone().filter(|_| pair.group_id.is_none());
        let asked = UserIdGroupPair::builder().set_group_id(pair.group_id.clone()).set_group_name(name);
        let asked = asked.set_user_id(pair.user_id.clone()).set_description(pair.description.clone());
        bare(permission).user_id_group_pairs(asked.build()).build()
    });
    let ranges = permission.ip_ranges().iter().map(|range: &IpRange| bare(permission).ip_ranges(range.clone()).build());
    let ipv6_ranges = permission.ipv6_ranges().iter();
    let ipv6_ranges = ipv6_ranges.map(|range: &Ipv6Range| bare(permission).ipv6_ranges(range.clone()).build());
    let lists = permission.prefix_list_ids().iter();
    let lists = lists.map(|list: &Ec2PrefixList| bare(permission).prefix_list_ids(list.clone()).build());
    pairs.chain(ranges).chain(ipv6_ranges).chain(lists)
}

/// The traffic of a permission, and no source.
fn bare(permission: &IpPermission) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    IpPermission::builder()
        .set_ip_protocol(permission.ip_protocol.clone())
        .set_from_port(permission.from_port)
        .set_to_port(permission.to_port)
}
