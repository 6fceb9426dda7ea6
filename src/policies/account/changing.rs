//! Changing the account, and with it the firewalls of its groups.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deltawall_core::{Description, FirewallId, FirewallName, NewFirewall};

use super::draft::{By, Directory, Draft};
use super::edits::GroupEdit;
use super::error::{ChangeError, Code, Problem};
use super::id::Id;
use super::objects::{GroupSettings, Objects};
use super::state::{Account, keeper_name};
use crate::changes::Change;
use crate::changes::terms::Terms;
use crate::policies::cloud::Asker;
use crate::policies::failure::Failure;

/// How often a change is made anew because another gateway has made one meanwhile. Whoever comes late has to read what is there, and so is
/// late again for as long as the other has one after the other to make.
pub(super) const ATTEMPTS: usize = 100;

impl Account {
    /// Changes the account, and the firewalls of all groups that this is about. It is made by a function that may be called several times.
    ///
    /// # Errors
    /// What is wrong; all is as it was then.
    pub async fn change<T>(
        self: &Arc<Self>,
        asker: Asker<'_>,
        by: &By,
        directory: &Directory,
        edit: impl FnMut(&mut Draft<'_>) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        self.change_if(true, asker, by, directory, edit).await
    }

    /// Changes it so that firewalls are closed more than before: that a driver or a guard stands against it somewhere is no reason to leave
    /// others open, and it is tried again there.
    ///
    /// # Errors
    /// What is wrong; all is as it was then.
    pub async fn close<T>(
        self: &Arc<Self>,
        asker: Asker<'_>,
        by: &By,
        edit: impl FnMut(&mut Draft<'_>) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        self.change_if(false, asker, by, &Directory::default(), edit).await
    }

    /// Changes it, where firewalls have to be fit for that or need not be.
    async fn change_if<T>(
        self: &Arc<Self>,
        must_fit: bool,
        asker: Asker<'_>,
        by: &By,
        directory: &Directory,
        mut edit: impl FnMut(&mut Draft<'_>) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        let _turn = self.turn.lock().await;
        for _ in 0..ATTEMPTS {
            let before = self.objects().await?;
            let mut draft = self.draft(&before, directory, by.clone());
            let made = edit(&mut draft)?;
            let (mut after, writes, touched) = draft.end();
            if writes.is_empty() {
                return Ok(made);
            }
            after.revision = before.revision + 1;
            let groups = affected(&before, &after, &touched);
            let addresses = match must_fit {
                true => self.check(asker, &before, &after, &groups).await?,
                false => self.addresses(asker, &after, &groups, &self.over(&after)).await.0,
            };
            // Whoever asks may go away at any point; then it is for who looks after kept firewalls.
            let was_behind = self.is_behind.swap(true, Ordering::AcqRel);
            self.close_for_good(asker, &before, &left(&before, &after)).await?;
            let written = self.write(&before, after, writes).await;
            let is_done = match &written {
                Ok(true) => self.apply(asker, &groups, addresses).await,
                Ok(false) => true,
                // It may be written all the same.
                Err(_) => false,
            };
            self.is_behind.store(was_behind || !is_done, Ordering::Release);
            if written? {
                return Ok(made);
            }
        }
        Err(ChangeError::others())
    }

    /// Makes a group with its firewall.
    ///
    /// # Errors
    /// What is wrong with it. There is no firewall then, unless the error says so.
    pub async fn create_group(
        self: &Arc<Self>,
        asker: Asker<'_>,
        by: &By,
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
        self.try_edit(&directory, |draft| draft.change_group(&id.to_string(), edit)).await?;
        let change = Change::CreateFirewall(NewFirewall { name: firewall, description, network: None });
        let created = self.perform(asker, "create_group", &firewall_id, change).await;
        created.map_err(|why| match why {
            Failure::Invalid(why) | Failure::Refused(why) => wrong(Code::Invalid, why).into(),
            other => ChangeError::from(other),
        })?;
        let made = self.change(asker, by, &directory, |draft| draft.change_group(&id.to_string(), edit)).await;
        // Where the store has not said whether it is there, it may be.
        if made.as_ref().is_err_and(|why| !matches!(why, ChangeError::Backend(_))) {
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
    pub async fn delete_group(
        self: &Arc<Self>,
        asker: Asker<'_>,
        by: &By,
        directory: &Directory,
        id: &str,
    ) -> Result<(), ChangeError> {
        let objects = self.objects().await?;
        let group = self.try_edit(directory, |draft| draft.delete_group(id)).await?;
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
        self.change(asker, by, directory, |draft| draft.delete_group(id)).await.map(drop)
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

/// The groups whose firewalls are kept at no policy any more.
fn left(before: &Objects, after: &Objects) -> Vec<Id> {
    let is_left = |group: &&Arc<GroupSettings>| {
        group.policy.is_some() && after.groups.get(group.id).is_some_and(|group| group.policy.is_none())
    };
    before.groups.iter().filter(is_left).map(|group| group.id).collect()
}

/// The groups whose firewalls may have to change, since these objects have.
fn affected(before: &Objects, after: &Objects, touched: &HashSet<Id>) -> Vec<Id> {
    let policies = after
        .policies
        .iter()
        .filter(|policy| touched.contains(&policy.id) || touched.iter().any(|id| policy.names(*id)));
    let policies: HashSet<_> = policies.map(|policy| policy.id).collect();
    let is_new = |group: Id, policy| before.groups.get(group).is_none_or(|group| group.policy != Some(policy));
    let assigned = after.groups.iter().filter_map(|group| Some((group.id, group.policy?)));
    assigned.filter(|(group, policy)| policies.contains(policy) || is_new(*group, *policy)).map(|(id, _)| id).collect()
}
