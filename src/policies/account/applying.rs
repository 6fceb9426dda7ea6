//! Keeping the firewalls of groups at their policies.

use std::cell::Cell;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deltawall_core::{Error, ErrorKind, Firewall, FirewallId, RuleSet};
use futures_util::{StreamExt, stream};

use super::changing::ATTEMPTS;
use super::compile::{Addresses, For, compile};
use super::draft::{By, Directory, Draft, user_id};
use super::error::{ChangeError, Code, Problem};
use super::id::Id;
use super::objects::{GroupSettings, Objects};
use super::policy::Policy;
use super::rule::Peer;
use super::servers::{AT_A_TIME, active_addresses};
use super::state::{Account, keeper_name};
use crate::changes::Change;
use crate::changes::terms::Terms;
use crate::gateway::Desk;
use crate::policies::cloud::Asker;
use crate::policies::differs::differs;
use crate::policies::failure::Failure;

/// A group whose firewall is kept at a policy.
struct Assigned<'a> {
    firewall: FirewallId,
    policy: &'a Policy,
}

impl Account {
    /// What an edit would come to, where all that it is about can be told without asking the cloud.
    pub(super) async fn try_edit<T>(
        &self,
        directory: &Directory,
        edit: impl FnOnce(&mut Draft<'_>) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        edit(&mut self.draft(&*self.objects().await?, directory, By::GATEWAY))
    }

    /// That the firewalls of these groups can be kept at what the account is to be, with the addresses that it was found out with.
    ///
    /// A group that is assigned already is no reason to refuse where its firewall cannot be looked at: it follows once it can.
    pub(super) async fn check(
        &self,
        asker: Asker<'_>,
        before: &Objects,
        after: &Objects,
        groups: &[Id],
    ) -> Result<Addresses, ChangeError> {
        let is_new = |group: &Id| policy_of(before, *group) != policy_of(after, *group);
        let (addresses, failure) = self.addresses(asker, after, groups, &self.over(after)).await;
        if let Some(why) = failure.filter(|_| groups.iter().any(is_new)) {
            return Err(why);
        }
        let checks = stream::iter(groups).map(async |group| {
            let Some(assigned) = self.assigned(after, *group) else { return Ok(()) };
            if !self.knows(assigned.policy, &addresses) {
                return Ok(());
            }
            let is_new = is_new(group);
            match self.plan(asker, after, &addresses, &assigned).await {
                Ok(()) => Ok(()),
                Err(Failure::Invalid(why) | Failure::Refused(why)) => {
                    Err(self.unfit(after, *group, &assigned, why).into())
                }
                Err(Failure::NotFound(why)) if is_new => Err(self.unfit(after, *group, &assigned, why).into()),
                Err(Failure::Backend(why)) if is_new => Err(ChangeError::Backend(why)),
                Err(Failure::NotFound(_) | Failure::Backend(_)) => Ok(()),
            }
        });
        let checks: Vec<Result<(), ChangeError>> = checks.buffered(AT_A_TIME).collect().await;
        checks.into_iter().collect::<Result<(), _>>().map(|()| addresses)
    }

    fn unfit(&self, objects: &Objects, group: Id, assigned: &Assigned<'_>, why: String) -> Problem {
        let name = objects.groups.get(group).map(|group| group.name.clone()).unwrap_or_default();
        let details = format!("Policy '{}' for group '{name}': {why}", assigned.policy.name);
        Problem::new("linux_firewall_policy_id", &assigned.policy.id.to_string(), Code::Invalid, details)
    }

    /// Makes the firewalls of these groups what they are to be now. Whether all are so: what is not is told in the log.
    pub(super) async fn apply(&self, asker: Asker<'_>, groups: &[Id], addresses: Addresses) -> bool {
        let objects = self.known();
        let applied = stream::iter(groups).map(|group| self.keep(asker, &objects, &addresses, *group));
        let applied: Vec<_> = applied.buffered(AT_A_TIME).collect().await;
        applied.iter().all(Result::is_ok)
    }

    /// Looks at the firewalls of all groups with a policy, and makes them so where they are not. How many others had changed.
    ///
    /// # Errors
    /// Where one of them could not be made so.
    pub(in crate::policies) async fn reconcile(
        self: &Arc<Self>,
        desk: &Desk,
        compares: bool,
    ) -> Result<usize, Failure> {
        let has_work = || compares || self.is_behind.load(Ordering::Acquire) || !self.over(&self.known()).is_empty();
        if !has_work() {
            return Ok(0);
        }
        let _turn = self.turn.lock().await;
        if !has_work() {
            // Whoever was changing it is done.
            return Ok(0);
        }
        let backend = |why: ChangeError| Failure::Backend(why.to_string());
        let objects = self.objects().await.map_err(backend)?;
        // What is over at this moment counts for nothing from now on, whether or not that can be written down.
        let over = self.over(&objects);
        self.is_behind.store(false, Ordering::Release);
        let groups: Vec<_> =
            objects.groups.iter().filter(|group| group.policy.is_some()).map(|group| group.id).collect();
        let (id, time) = (self.cloud.changes.new_id().to_string(), Cell::new(None));
        let Some(caller) = self.cloud.own_caller("Halo account".to_owned()) else { return Ok(0) };
        let asker = Asker { desk, caller: &caller, id: &id, peer: None, time: &time };
        // A group whose addresses are not known is one that fails, and no other does for it.
        let (addresses, _) = self.addresses(asker, &objects, &groups, &over).await;
        let kept = stream::iter(groups).map(|group| self.keep(asker, &objects, &addresses, group));
        let kept: Vec<_> = kept.buffered(AT_A_TIME).collect().await;
        let corrected = kept.into_iter().collect::<Result<Vec<_>, _>>();
        if corrected.is_err() {
            self.is_behind.store(true, Ordering::Release);
        }
        if !over.is_empty() {
            self.forget(&over).await.map_err(backend)?;
        }
        Ok(corrected?.into_iter().filter(|has_changed| *has_changed).count())
    }

    /// Forgets GhostPorts that are closed.
    async fn forget(self: &Arc<Self>, over: &HashSet<Id>) -> Result<(), ChangeError> {
        let directory = Directory::default();
        for _ in 0..ATTEMPTS {
            let objects = self.objects().await?;
            let mut draft = self.draft(&objects, &directory, By::GATEWAY);
            draft.close_ghost_ports(|open| over.contains(&open.id))?;
            let (mut after, writes, _) = draft.end();
            after.revision = objects.revision + 1;
            if writes.is_empty() || self.write(&objects, after, writes).await? {
                // Firewalls are as they are to be already.
                self.is_behind.store(false, Ordering::Release);
                return Ok(());
            }
        }
        Err(ChangeError::others())
    }

    /// Takes out of the firewalls of groups what users have opened there, before they are kept no longer: nobody would close it any more.
    pub(super) async fn close_for_good(
        &self,
        asker: Asker<'_>,
        objects: &Objects,
        groups: &[Id],
    ) -> Result<(), ChangeError> {
        let all = objects.ghost_ports.iter().map(|open| open.id).collect();
        let (addresses, failure) = self.addresses(asker, objects, groups, &all).await;
        failure.map_or(Ok(()), Err)?;
        for group in groups {
            let assigned = self.assigned(objects, *group).filter(|assigned| names_users(assigned.policy));
            let Some(assigned) = assigned.filter(|_| !objects.ghost_ports.is_empty()) else { continue };
            match self.keep_at(asker, objects, &addresses, &assigned).await {
                Ok(_) | Err(Failure::NotFound(_)) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(())
    }

    /// Whether any firewall is kept.
    pub(in crate::policies) fn has_kept(&self) -> bool {
        self.known().groups.iter().any(|group| group.policy.is_some())
    }

    /// Makes a group's firewall what it is to be. Whether it was not.
    async fn keep(
        &self,
        asker: Asker<'_>,
        objects: &Objects,
        addresses: &Addresses,
        group: Id,
    ) -> Result<bool, Failure> {
        let Some(assigned) = self.assigned(objects, group) else { return Ok(false) };
        let kept = self.keep_at(asker, objects, addresses, &assigned).await;
        let metrics = self.cloud.changes.gateway().metrics();
        match &kept {
            Ok(true) => metrics.kept(self.cloud.driver.id(), true),
            Ok(false) => {}
            Err(why) => {
                metrics.kept(self.cloud.driver.id(), false);
                let firewall = assigned.firewall.as_str();
                tracing::error!(firewall, policy = assigned.policy.name, %why, "the firewall of a group is not as its policy says, and it is tried again");
            }
        }
        kept
    }

    async fn keep_at(
        &self,
        asker: Asker<'_>,
        objects: &Objects,
        addresses: &Addresses,
        assigned: &Assigned<'_>,
    ) -> Result<bool, Failure> {
        let firewall = &assigned.firewall;
        let can = self.cloud.driver.capabilities();
        let is_other = self.cloud.ask(asker, "compare_rules", Some(firewall), None, async |driver, context, _| {
            let seen = driver.firewall(context, firewall).await?;
            Ok(differs(&seen, &self.compiled(objects, addresses, assigned, &seen)?, None, &can))
        });
        if !is_other.await? {
            return Ok(false);
        }
        let id = self.cloud.changes.new_id();
        let terms = self.terms(assigned);
        let kept = self.cloud.ask(asker, "keep_rules", Some(firewall), Some(&id), async |driver, context, standing| {
            let seen = self.cloud.in_force(driver, context, firewall).await?;
            let change = self.replacement(firewall, self.compiled(objects, addresses, assigned, &seen)?);
            // Another gateway may have made it what it is to be now, while this one was looking.
            if !matches!(self.is_newer_than(objects).await, Ok(false)) {
                return Err(Error::new(ErrorKind::Conflict, driver.id(), "The account has changed meanwhile."));
            }
            let asked = self.cloud.asked(driver, context, asker.caller, "keep_rules");
            self.cloud.changes.apply(asked, &id, change, terms, None, standing).await.map(drop)
        });
        kept.await.map(|()| true)
    }

    /// Whether a firewall can be kept at a policy.
    async fn plan(
        &self,
        asker: Asker<'_>,
        objects: &Objects,
        addresses: &Addresses,
        assigned: &Assigned<'_>,
    ) -> Result<(), Failure> {
        let firewall = &assigned.firewall;
        let planned = self.cloud.ask(asker, "plan", Some(firewall), None, async |driver, context, _| {
            let seen = driver.firewall(context, firewall).await?;
            let change = self.replacement(firewall, self.compiled(objects, addresses, assigned, &seen)?);
            let asked = self.cloud.asked(driver, context, asker.caller, "keep_rules");
            self.cloud.changes.check(asked, &change, &self.terms(assigned)).await
        });
        planned.await
    }

    fn terms(&self, assigned: &Assigned<'_>) -> Terms {
        let why = Some(format!("Policy '{}'.", assigned.policy.name));
        Terms { keeper: Some(keeper_name(&assigned.firewall)), why, ..Terms::default() }
    }

    fn replacement(&self, firewall: &FirewallId, rules: RuleSet) -> Change {
        Change::ReplaceRules { firewall: firewall.clone(), rules, only: None, allow_gap: false }
    }

    fn compiled(
        &self,
        objects: &Objects,
        addresses: &Addresses,
        assigned: &Assigned<'_>,
        firewall: &Firewall,
    ) -> Result<RuleSet, Error> {
        let driver = self.cloud.driver.id();
        let can = self.cloud.driver.capabilities();
        let is_elsewhere =
            |id| objects.groups.get(id).is_some_and(|group| group.firewall.is_some() && !self.is_here(group));
        if active_peers(assigned.policy).any(|peer| matches!(peer, Peer::Group(id) if is_elsewhere(id))) {
            let why = "A rule names a group of another cloud, which was served before.";
            return Err(Error::new(ErrorKind::Unsupported, driver, why));
        }
        let of = For { objects, addresses, firewall, can: &can, driver };
        compile(assigned.policy, of).map_err(|why| Error::new(ErrorKind::Unsupported, driver, why.to_string()))
    }

    /// The policy of a group, whose firewall is of the cloud that is served.
    fn assigned<'a>(&self, objects: &'a Objects, group: Id) -> Option<Assigned<'a>> {
        let group = objects.groups.get(group)?;
        let firewall = FirewallId::new(group.firewall.as_ref()?).ok().filter(|_| self.is_here(group))?;
        Some(Assigned { firewall, policy: objects.policies.get(group.policy?)? })
    }

    /// The addresses of all that the policies of these groups name, but for those of GhostPorts that are over; and why some are not known.
    pub(super) async fn addresses(
        &self,
        asker: Asker<'_>,
        objects: &Objects,
        groups: &[Id],
        over: &HashSet<Id>,
    ) -> (Addresses, Option<ChangeError>) {
        let open = objects.ghost_ports.iter().filter(|open| !over.contains(&open.id));
        let of_users = open.map(|open| (user_id(&open.user), open.address)).collect();
        let (mut addresses, mut failure) = (Addresses { of_users, ..Addresses::default() }, None);
        let assigned = groups.iter().filter_map(|group| self.assigned(objects, *group));
        let peers: Vec<_> = assigned.flat_map(|assigned| active_peers(assigned.policy)).collect();
        if peers.contains(&Peer::AllServers) {
            match self.addresses_of_all(asker).await {
                Ok(of_all) => addresses.of_all = Some(of_all),
                Err(why) => failure = Some(why),
            }
        }
        let has_groups = self.cloud.driver.capabilities().sources.groups;
        for peer in peers {
            let Peer::Group(id) = peer else { continue };
            if has_groups || addresses.of_groups.contains_key(&id) {
                continue;
            }
            let group = objects.groups.get(id).map(|group| GroupSettings::clone(group));
            let firewall = group.and_then(|group| FirewallId::new(group.firewall?).ok());
            let members = match firewall {
                Some(firewall) => self.members(asker, &firewall).await.map(Option::unwrap_or_default),
                None => Ok(Vec::new()),
            };
            match members {
                Ok(members) => drop(addresses.of_groups.insert(id, active_addresses(&members))),
                Err(why) => failure = Some(why),
            }
        }
        (addresses, failure)
    }

    async fn addresses_of_all(&self, asker: Asker<'_>) -> Result<Vec<IpAddr>, ChangeError> {
        let directory = self.directory(asker, Vec::new()).await?;
        let servers = self.servers(asker, &directory.groups).await?;
        let members: Vec<_> = servers.into_iter().map(|server| server.member).collect();
        Ok(active_addresses(&members))
    }

    /// Whether all addresses are known that a policy names.
    fn knows(&self, policy: &Policy, addresses: &Addresses) -> bool {
        let has_groups = self.cloud.driver.capabilities().sources.groups;
        active_peers(policy).all(|peer| match peer {
            Peer::AllServers => addresses.of_all.is_some(),
            Peer::Group(id) => has_groups || addresses.of_groups.contains_key(&id),
            Peer::Zone(_) | Peer::User(_) | Peer::AllUsers => true,
        })
    }
}

/// Whom rules of a policy name that count.
fn active_peers(policy: &Policy) -> impl Iterator<Item = Peer> {
    policy.rules().filter(|(_, rule)| rule.is_active).filter_map(|(_, rule)| rule.peer)
}

fn names_users(policy: &Policy) -> bool {
    active_peers(policy).any(|peer| matches!(peer, Peer::User(_) | Peer::AllUsers))
}

/// The policy that a group is kept at.
fn policy_of(objects: &Objects, group: Id) -> Option<Id> {
    objects.groups.get(group)?.policy
}
