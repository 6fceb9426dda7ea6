//! Groups and servers, as the cloud has them: each firewall is a group under the root group, and its members are the group's servers.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use deltawall_core::{Filter, Firewall, FirewallId, Member};
use futures_util::StreamExt;
use futures_util::stream;

use super::draft::Directory;
use super::error::ChangeError;
use super::id::Id;
use super::objects::{GroupSettings, Objects};
use super::state::Account;
use crate::policies::cloud::Asker;
use crate::policies::failure::Failure;

/// What the root group is called at first.
const ROOT: &str = "deltawall";

/// How many firewalls the cloud is asked about at a time.
pub(super) const AT_A_TIME: usize = 8;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its id.
    pub id: Id,
    /// The group that it is in: the first, where it is in several.
    pub group: Id,
    /// As the cloud has it.
    pub member: Member,
}

impl Server {
    /// Whether it takes part, as far as the cloud says.
    pub fn is_active(&self) -> bool {
        is_active(&self.member)
    }
}

fn is_active(member: &Member) -> bool {
    member.state.as_deref().is_none_or(|state| ["running", "active"].contains(&state))
}

/// The addresses of those that take part.
pub(super) fn active_addresses(members: &[Member]) -> Vec<IpAddr> {
    members.iter().filter(|member| is_active(member)).flat_map(|member| member.addresses.clone()).collect()
}

impl Account {
    /// What rules may name that is not the account's own: the groups, and these users.
    ///
    /// # Errors
    /// Where the cloud does not answer.
    pub async fn directory(&self, asker: Asker<'_>, users: Vec<String>) -> Result<Directory, ChangeError> {
        let objects = self.objects().await?;
        let firewalls = self.cloud.ask(asker, "list_firewalls", None, None, async |driver, context, _| {
            driver.firewalls(context, &Filter::default()).await
        });
        Ok(Directory { groups: self.groups(&objects, &firewalls.await?), users })
    }

    fn root_id(&self) -> Id {
        Id::of(&["group", self.cloud.driver.id(), &self.cloud.provider_name()])
    }

    /// The root group: its id and its name.
    pub fn root<'a>(&self, objects: &'a Objects) -> (Id, &'a str) {
        let id = self.root_id();
        (id, objects.groups.get(id).map_or(ROOT, |root| &root.name))
    }

    /// All groups: the root, those of the cloud's firewalls, and those whose firewalls have gone.
    fn groups(&self, objects: &Objects, firewalls: &[Arc<Firewall>]) -> Vec<GroupSettings> {
        let kept = |id: Id| objects.groups.get(id).map(|kept| GroupSettings::clone(kept));
        let root = self.root_id();
        let mut groups = vec![kept(root).unwrap_or_else(|| self.settings(root, None, ROOT, None))];
        for firewall in firewalls {
            let id = self.group_id(firewall.id.as_str());
            let description = firewall.description.as_ref().map(ToString::to_string);
            let new = || self.settings(id, Some(firewall.id.to_string()), firewall.name.as_str(), description);
            groups.push(kept(id).unwrap_or_else(new));
        }
        let there: HashSet<_> = groups.iter().map(|group| group.id).collect();
        let gone = objects.groups.iter().filter(|group| !there.contains(&group.id) && self.is_here(group));
        groups.extend(gone.map(|group| GroupSettings::clone(group)));
        groups
    }

    pub(super) fn settings(
        &self,
        id: Id,
        firewall: Option<String>,
        name: &str,
        description: Option<String>,
    ) -> GroupSettings {
        let parent = firewall.is_some().then(|| self.root_id());
        let others = serde_json::Map::new();
        let (name, tag) = (name.to_owned(), String::new());
        GroupSettings { id, made: 0, firewall, name, description, tag, parent, policy: None, others }
    }

    /// The servers of these groups: each once, in the first that has it.
    ///
    /// # Errors
    /// Where the cloud does not answer.
    pub async fn servers<'a>(
        &self,
        asker: Asker<'_>,
        groups: impl IntoIterator<Item = &'a GroupSettings>,
    ) -> Result<Vec<Server>, ChangeError> {
        let firewalls =
            groups.into_iter().filter_map(|group| Some((group.id, FirewallId::new(group.firewall.as_ref()?).ok()?)));
        let firewalls: Vec<_> = firewalls.collect();
        let members = stream::iter(firewalls).map(async |(group, firewall)| {
            Ok::<_, ChangeError>((group, self.members(asker, &firewall).await?.unwrap_or_default()))
        });
        let members: Vec<_> = members.buffered(AT_A_TIME).collect().await;
        let (mut servers, mut seen) = (Vec::new(), HashSet::new());
        for members in members {
            let (group, members) = members?;
            for member in members {
                let id = Id::of(&["server", self.cloud.driver.id(), &self.cloud.provider_name(), &member.id]);
                if seen.insert(id) {
                    servers.push(Server { id, group, member });
                }
            }
        }
        Ok(servers)
    }

    /// Who stands behind a firewall: nobody where the cloud cannot tell; none where there is no such firewall.
    pub(super) async fn members(
        &self,
        asker: Asker<'_>,
        firewall: &FirewallId,
    ) -> Result<Option<Vec<Member>>, ChangeError> {
        if !self.cloud.driver.capabilities().firewalls.members {
            return Ok(Some(Vec::new()));
        }
        let members = self.cloud.ask(asker, "members", Some(firewall), None, async |driver, context, _| {
            driver.members(context, firewall).await
        });
        match members.await {
            Ok(members) => Ok(Some(members)),
            Err(Failure::NotFound(_)) => Ok(None),
            Err(why) => Err(why.into()),
        }
    }
}
