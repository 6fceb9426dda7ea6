//! Groups and servers, as the cloud has them: each firewall is a group under the root group, and its members are the group's servers.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use deltawall_core::{Description, Filter, Firewall, FirewallId, FirewallName, Member, NewFirewall};
use futures_util::StreamExt;
use futures_util::stream;

use super::draft::Directory;
use super::edits::GroupEdit;
use super::error::{ChangeError, Code, Problem};
use super::id::Id;
use super::objects::{GroupSettings, Objects};
use super::state::Account;
use crate::changes::terms::Terms;
use crate::changes::{Change, Keeper};
use crate::policies::cloud::Asker;
use crate::policies::failure::Failure;

/// What the names of those begin with who keep firewalls of groups.
pub(super) const KEEPERS: &str = "Halo group ";

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

    fn group_id(&self, firewall: &str) -> Id {
        Id::of(&["group", self.cloud.driver.id(), &self.cloud.provider_name(), firewall])
    }

    /// Whether it is of the cloud that is served now: what is kept may be of another that was served before.
    pub(super) fn is_here(&self, group: &GroupSettings) -> bool {
        group.firewall.as_ref().is_some_and(|firewall| self.group_id(firewall) == group.id)
    }

    fn settings(&self, id: Id, firewall: Option<String>, name: &str, description: Option<String>) -> GroupSettings {
        let parent = firewall.is_some().then(|| self.root_id());
        let others = serde_json::Map::new();
        let (name, tag) = (name.to_owned(), String::new());
        GroupSettings { id, made: 0, firewall, name, description, tag, parent, policy: None, others }
    }

    /// Who keeps the firewall of a group, where that is of the cloud that is served.
    pub(super) fn keeper(&self, group: &GroupSettings) -> Option<Keeper> {
        let firewall = FirewallId::new(group.firewall.as_ref()?).ok()?;
        self.is_here(group).then(|| self.cloud.keeper(keeper_name(&firewall), &firewall))
    }

    /// Makes a group with its firewall.
    ///
    /// # Errors
    /// What is wrong with it. There is no firewall then, unless the error says so.
    pub async fn create_group(
        &self,
        asker: Asker<'_>,
        directory: &Directory,
        edit: &GroupEdit,
    ) -> Result<Id, ChangeError> {
        let name = edit.name.as_deref().unwrap_or_default().trim();
        let wrong = |code, details: String| Problem::new("name", name, code, details);
        if name.is_empty() {
            return Err(wrong(Code::Required, "Name required".into()).into());
        }
        let firewall = FirewallName::new(name).map_err(|why| wrong(Code::Invalid, format!("The name {why}")))?;
        let firewall_id = FirewallId::from(&firewall);
        let id = self.group_id(firewall_id.as_str());
        let group = self.settings(id, Some(firewall_id.to_string()), name, None);
        let mut directory = directory.clone();
        if directory.groups.iter().any(|group| group.name == name || group.id == id) {
            return Err(wrong(Code::Taken, "Another group has this name: choose one that none has".into()).into());
        }
        directory.groups.push(group);
        let described = edit.description.clone().flatten().filter(|text| !text.trim().is_empty());
        // Clouds want a description, and Halo does not.
        let description = described.unwrap_or_else(|| name.to_owned());
        let description = Description::new(&*description).map_err(|why| {
            Problem::new("description", &description, Code::Invalid, format!("The description {why}"))
        })?;
        // What is wrong with the rest is found before there is a firewall.
        self.try_edit(asker, &directory, |draft| draft.change_group(&id.to_string(), edit)).await?;
        let change = Change::CreateFirewall(NewFirewall { name: firewall, description, network: None });
        let created = self.perform(asker, "create_group", &firewall_id, change).await;
        created.map_err(|why| match why {
            Failure::Invalid(why) | Failure::Refused(why) => wrong(Code::Invalid, why).into(),
            other => ChangeError::from(other),
        })?;
        let made = self.change(asker, &directory, |draft| draft.change_group(&id.to_string(), edit)).await;
        if made.is_err() {
            let back = Change::DeleteFirewall(firewall_id.clone());
            if let Err(why) = self.perform(asker, "delete_group", &firewall_id, back).await {
                tracing::error!(group = name, %why, "a group that was not made has left a firewall");
            }
        }
        made.map(|()| id)
    }

    /// Deletes a group with its firewall. Servers in it go to another only where they are in none else: they have no firewall then.
    ///
    /// # Errors
    /// Where it is not there, or used, or has servers.
    pub async fn delete_group(&self, asker: Asker<'_>, directory: &Directory, id: &str) -> Result<(), ChangeError> {
        let objects = self.objects().await?;
        let group = self.try_edit(asker, directory, |draft| draft.delete_group(id)).await?;
        let firewall = group.firewall.as_deref().map(FirewallId::new).transpose();
        let not_there = || ChangeError::NotFound { kind: "group", id: id.to_owned() };
        let Ok(Some(firewall)) = firewall else { return Err(not_there()) };
        let servers = self.members(asker, &firewall).await?.unwrap_or_default();
        if !servers.is_empty() {
            let names: Vec<_> = servers.iter().map(|member| format!("'{}'", member.id)).collect();
            let details = format!(
                "It has servers, which the {} driver cannot move to another group: {}",
                self.cloud.driver.id(),
                names.join(", ")
            );
            return Err(Problem::new("id", id, Code::InUse, details).into());
        }
        let change = Change::DeleteFirewall(firewall.clone());
        match self.perform(asker, "delete_group", &firewall, change).await {
            Ok(()) => {}
            // It has gone already, and what is kept of it goes now.
            Err(Failure::NotFound(_)) if objects.groups.get(group.id).is_some() => {}
            Err(Failure::NotFound(_)) => return Err(not_there()),
            Err(why) => return Err(why.into()),
        }
        self.change(asker, directory, |draft| draft.delete_group(id)).await.map(drop)
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

    /// Makes or deletes a firewall.
    async fn perform(
        &self,
        asker: Asker<'_>,
        operation: &'static str,
        firewall: &FirewallId,
        change: Change,
    ) -> Result<(), Failure> {
        let id = self.cloud.changes.new_id();
        let terms = Terms { keeper: Some(keeper_name(firewall)), ..Terms::default() };
        let done = self.cloud.ask(asker, operation, Some(firewall), Some(&id), async |driver, context, standing| {
            let asked = self.cloud.asked(driver, context, asker.caller, operation);
            self.cloud.changes.apply(asked, &id, change, terms, None, standing).await.map(drop)
        });
        done.await
    }
}

/// What the keeper of a group's firewall is called.
pub(super) fn keeper_name(firewall: &FirewallId) -> String {
    format!("{KEEPERS}{firewall}")
}
