//! Finding groups, and what those in rules are called.

use std::collections::HashMap;

use aws_sdk_ec2::types::{Filter as Ec2Filter, SecurityGroup};
use deltawall_core::{Error, ErrorKind, FirewallId, Group, Source};

use super::base::{Client, MAX_FILTER_VALUES};
use crate::convert::{self, Names};
use crate::error::{from_sdk, has_no_default_vpc, no_group, nonsense};

/// How many bytes of a URL the name of a group takes at the most, which has 255 characters of ASCII.
pub(super) const MAX_NAME_IN_URL: usize = 3 * 255;

/// How often a group that was just made is looked for: EC2 shows what was made a little later.
const MAX_LOOKS: u32 = 6;

impl Client {
    /// The group that an id or, in the VPC whose groups go by them, a name stands for: one call, and never for a list.
    pub(super) async fn find(&self, name: &str) -> Result<SecurityGroup, Error> {
        let call = self.ec2.describe_security_groups();
        let call = match (is_group_id(name), &self.vpc) {
            (true, _) => call.group_ids(name),
            // EC2 looks for names in the default VPC alone.
            (false, None) => call.group_names(name),
            (false, Some(vpc)) => call.filters(filter("vpc-id", [vpc.as_str()])).filters(filter("group-name", [name])),
        };
        let missing = |error| if has_no_default_vpc(&error) { no_group(name) } else { from_sdk(error) };
        let found = call.send().await.map_err(missing)?.security_groups.unwrap_or_default();
        let is_wanted = |group: &SecurityGroup| [group.group_id(), group.group_name()].contains(&Some(name));
        found.into_iter().find(is_wanted).ok_or_else(|| no_group(name))
    }

    /// The group, and the VPC whose groups go by their names: one call more at the same time where the id leaves that open.
    pub(super) async fn find_with_home(&self, id: &FirewallId) -> Result<(SecurityGroup, Option<String>), Error> {
        if is_group_id(id.as_str()) {
            let (group, home) = tokio::join!(self.find(id.as_str()), self.home());
            return Ok((group?, home?));
        }
        let group = self.find(id.as_str()).await?;
        let home = group.vpc_id.clone();
        Ok((group, home))
    }

    /// The group that was just made.
    pub(super) async fn look_for(&self, id: &str) -> Result<SecurityGroup, Error> {
        let mut looks = 0;
        loop {
            match self.find(id).await {
                Err(error) if error.kind == ErrorKind::NotFound && looks < MAX_LOOKS => {
                    looks += 1;
                    self.wait(looks).await;
                }
                found => return found,
            }
        }
    }

    /// The VPC whose groups go by their names, where there is one.
    pub(super) async fn home(&self) -> Result<Option<String>, Error> {
        if let Some(vpc) = &self.vpc {
            return Ok(Some(vpc.as_str().to_owned()));
        }
        let vpcs = self.ec2.describe_vpcs().filters(filter("is-default", ["true"])).send().await.map_err(from_sdk)?;
        Ok(vpcs.vpcs().first().and_then(|vpc| vpc.vpc_id().map(str::to_owned)))
    }

    /// The names of the groups in a group's rules: one call for each two hundred of them, if there are any. One that cannot be
    /// seen keeps its id as name.
    pub(super) async fn names(&self, group: &SecurityGroup) -> Result<Names, Error> {
        let mut names = Names::default();
        self.learn(&mut names, group).await?;
        Ok(names)
    }

    /// The same beside the names that are known already.
    pub(super) async fn learn(&self, names: &mut Names, group: &SecurityGroup) -> Result<(), Error> {
        names.learn(std::slice::from_ref(group));
        for unknown in convert::unknown_groups(group, names).chunks(MAX_FILTER_VALUES) {
            let ids = filter("group-id", unknown.iter().map(String::as_str));
            let known = self.ec2.describe_security_groups().filters(ids).send().await.map_err(from_sdk)?;
            names.learn(known.security_groups());
        }
        Ok(())
    }

    /// A group, and those beside it in its VPC that sources name: one call for each two hundred. Sources that are ids need none.
    pub(super) async fn groups_named<'a>(
        &self,
        sources: impl IntoIterator<Item = &'a Source>,
        group: &SecurityGroup,
    ) -> Result<Vec<SecurityGroup>, Error> {
        let is_ours = |named: &&Group| {
            let name = named.name.as_str();
            !is_group_id(name) && group.owner_id() == Some(named.owner.as_str()) && group.group_name() != Some(name)
        };
        let mut names: Vec<_> = groups_of(sources).filter(is_ours).map(|named| named.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut known = vec![group.clone()];
        for names in names.chunks(MAX_FILTER_VALUES) {
            let call = self.ec2.describe_security_groups().filters(filter("group-name", names.iter().copied()));
            let found = call.filters(filter("vpc-id", group.vpc_id())).send().await.map_err(from_sdk)?;
            known.extend(found.security_groups.unwrap_or_default());
        }
        Ok(known)
    }
}

/// The ids of the groups among a new rule's sources, which EC2 wants in a VPC, where `known` has those with names.
pub(super) fn group_ids<'a>(
    sources: impl IntoIterator<Item = &'a Source>,
    known: &[SecurityGroup],
    group: &SecurityGroup,
) -> Result<HashMap<Group, String>, Error> {
    let id_of = |named: &Group| {
        let name = named.name.as_str();
        if is_group_id(name) {
            return Ok(name.to_owned());
        }
        if group.owner_id() != Some(named.owner.as_str()) {
            // Names of other accounts cannot be looked up, so EC2 knows those groups by id alone.
            return Err(no_group(&format!("{}/{name}", named.owner)));
        }
        let found = known.iter().find(|known| known.group_name() == Some(name));
        found.and_then(SecurityGroup::group_id).map(str::to_owned).ok_or_else(|| no_group(name))
    };
    groups_of(sources).map(|named| Ok((named.clone(), id_of(named)?))).collect()
}

fn groups_of<'a>(sources: impl IntoIterator<Item = &'a Source>) -> impl Iterator<Item = &'a Group> {
    sources.into_iter().filter_map(|source| match source {
        Source::Group(group) => Some(group),
        _ => None,
    })
}

/// EC2 lets no name begin like an id.
pub(super) fn is_group_id(text: &str) -> bool {
    text.starts_with("sg-")
}

pub(super) fn group_id(group: &SecurityGroup) -> Result<&str, Error> {
    group.group_id().ok_or_else(|| nonsense("a security group has no id"))
}

/// A filter for these very values: `*`, `?` and `\` would mean something else.
pub(super) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Ec2Filter {
    let mut filter = Ec2Filter::builder().name(name);
    for value in values {
        filter = filter.values(value.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?"));
    }
    filter.build()
}
