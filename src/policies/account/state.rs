//! The account: what is kept of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use deltawall_core::FirewallId;
use tokio::sync::{Mutex as Turn, Notify};

use super::draft::{By, DOCUMENTS, Directory, Draft, Kept, Told};
use super::ends::Ends;
use super::error::ChangeError;
use super::event::Event;
use super::id::Id;
use super::objects::{Collection, GhostPort, GroupSettings, Interface, Object, Objects, UsedCode, Zone};
use super::policy::Policy;
use super::service::Service;
use crate::changes::{Changes, Keeper};
use crate::config::{Config, HaloLimits, Usage};
use crate::policies::cloud::Cloud;
use crate::store::DocumentWrites;

/// What the names of those begin with who keep firewalls of groups.
pub(super) const KEEPERS: &str = "Halo group ";

/// The document that says how often something was changed.
const REVISION: &str = "halo/revision";

/// Halo's account.
#[derive(Debug)]
pub struct Account {
    pub(super) cloud: Cloud,
    /// How long a GhostPort is open.
    pub ghost_port_time: Duration,
    limits: HaloLimits,
    /// The names of the zones that feeds keep.
    feeds: HashSet<String>,
    /// What has happened, and is not among the events yet.
    pub(super) told: Mutex<Vec<Told>>,
    /// What people are to know of feeds, in a sentence each, by the names of their zones.
    feed_notes: Mutex<BTreeMap<String, String>>,
    known: RwLock<Arc<Objects>>,
    /// Whoever changes it, one after the other.
    pub(super) turn: Turn<()>,
    /// Whether a firewall is not as it is to be.
    pub(super) is_behind: AtomicBool,
    has_loaded: AtomicBool,
    ends: Ends,
    /// Who looks after kept firewalls is told here that there is something to do.
    woken: Arc<Notify>,
}

impl Account {
    /// The account whose groups are the firewalls that the configuration says; none where it is only there by default, and the driver is not.
    ///
    /// # Errors
    /// [`Usage`] where firewalls could not be kept there.
    pub fn new(config: &Config, changes: &Arc<Changes>, woken: &Arc<Notify>) -> Result<Option<Self>, Usage> {
        let Some(of) = &config.halo else { return Ok(None) };
        let usage = |why: String| Usage(format!("--halo {}: {why}", of.driver));
        let cloud = Cloud::new(&of.driver, of.provider.as_deref(), changes);
        let Some(cloud) = cloud.map_err(|Usage(why)| usage(why))? else {
            return match of.is_default {
                true => Ok(None),
                false => Err(usage("this driver is not served".into())),
            };
        };
        Ok(Some(Self {
            cloud,
            ghost_port_time: config.ghost_port_time,
            limits: config.halo_limits,
            feeds: config.feeds.iter().map(|feed| feed.zone.clone()).collect(),
            told: Mutex::default(),
            feed_notes: Mutex::default(),
            known: RwLock::new(Arc::new(Objects::built_in())),
            turn: Turn::default(),
            is_behind: AtomicBool::new(false),
            has_loaded: AtomicBool::new(false),
            ends: Ends::default(),
            woken: Arc::clone(woken),
        }))
    }

    /// Where its firewalls are.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// All objects as they are now.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn objects(&self) -> Result<Arc<Objects>, ChangeError> {
        let has_loaded = self.has_loaded.load(Ordering::Acquire);
        if !has_loaded || self.cloud.changes.store().is_shared() && self.has_changed().await? {
            self.load().await?;
        }
        Ok(self.known())
    }

    pub(super) fn group_id(&self, firewall: &str) -> Id {
        Id::of(&["group", self.cloud.driver.id(), &self.cloud.provider_name(), firewall])
    }

    /// Whether it is of the cloud that is served now: what is kept may be of another that was served before.
    pub(super) fn is_here(&self, group: &GroupSettings) -> bool {
        group.firewall.as_ref().is_some_and(|firewall| self.group_id(firewall) == group.id)
    }

    /// Who keeps the firewall of a group that has a policy, where that is of the cloud that is served.
    fn keeper(&self, objects: &Objects, notes: &BTreeMap<String, String>, group: &GroupSettings) -> Option<Keeper> {
        let policy = objects.policies.get(group.policy?);
        let firewall = FirewallId::new(group.firewall.as_ref()?).ok().filter(|_| self.is_here(group))?;
        let is_used = |zone: &str| {
            let zone = objects.zones.named(zone);
            zone.zip(policy).is_some_and(|(zone, policy)| policy.names(zone.id))
        };
        let notes = notes.iter().filter(|(zone, _)| is_used(zone)).map(|(_, note)| note.clone()).collect();
        Some(Keeper { notes, ..self.cloud.keeper(keeper_name(&firewall), &firewall) })
    }

    /// The account as it is to be, which is as it is at first.
    pub(super) fn draft<'a>(&'a self, objects: &Objects, directory: &'a Directory, by: By) -> Draft<'a> {
        let now = self.cloud.changes.clock().now();
        Draft::new(objects.clone(), directory, self.limits, &self.feeds, by, now)
    }

    pub(super) fn known(&self) -> Arc<Objects> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes down what is to be. Whether it did: another gateway may have been faster.
    pub(super) async fn write(
        self: &Arc<Self>,
        before: &Objects,
        after: Objects,
        writes: BTreeMap<String, Option<String>>,
    ) -> Result<bool, ChangeError> {
        let seen = (before.revision > 0).then(|| before.revision.to_string());
        let revision = (REVISION.to_owned(), Some(after.revision.to_string()));
        let writes = DocumentWrites {
            writes: writes.into_iter().chain([revision]).collect(),
            only_if: Some((REVISION.to_owned(), seen)),
        };
        let account = Arc::clone(self);
        // This comes to its end whether or not whoever asked goes away: what is written is what is known, and firewalls follow.
        let written = tokio::spawn(async move {
            let written = account.cloud.changes.store().write_documents(writes).await;
            match &written {
                Ok(true) => account.take(after),
                // What is there has to be read again: whether it was written may not be known.
                Ok(false) | Err(_) => account.has_loaded.store(false, Ordering::Release),
            }
            account.falls_behind();
            written
        });
        let written = written.await.map_err(|why| ChangeError::Backend(why.to_string()))?;
        written.map_err(|why| ChangeError::Backend(why.to_string()))
    }

    /// Has all firewalls compared with what they are to be, soon.
    pub(in crate::policies) fn falls_behind(&self) {
        self.is_behind.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    /// Whether another gateway has changed what firewalls are to be, which is known from now on.
    pub(in crate::policies) async fn learn(&self) -> Result<bool, ChangeError> {
        let before = self.known();
        let now = self.objects().await?;
        Ok(!now.is_same_but_for_events(&before))
    }

    /// All events that there are, those of other gateways too.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn events(self: &Arc<Self>) -> Result<Vec<Arc<Event>>, ChangeError> {
        self.write_told().await?;
        if self.cloud.changes.store().is_shared() {
            self.load().await?;
        }
        let mut events: Vec<_> = self.objects().await?.events.iter().cloned().collect();
        events.sort_by_key(|event| (event.created_at, event.made));
        Ok(events)
    }

    /// How long there is until a GhostPort closes; nothing where its time is over.
    fn left(&self, open: &GhostPort) -> Duration {
        self.ends.left(open, self.ghost_port_time, &**self.cloud.changes.clock())
    }

    /// Whether the time of a GhostPort is not over.
    pub fn is_open(&self, open: &GhostPort) -> bool {
        !self.left(open).is_zero()
    }

    /// How long until the first of what is open closes; none where nothing is open.
    pub(in crate::policies) fn until_next_end(&self) -> Option<Duration> {
        let objects = self.known();
        objects.ghost_ports.iter().map(|open| self.left(open)).filter(|left| !left.is_zero()).min()
    }

    /// The GhostPorts that are to be closed: their time is over, or their user may open none any more.
    pub(super) fn over(&self, objects: &Objects) -> HashSet<Id> {
        if objects.ghost_ports.is_empty() {
            return HashSet::new();
        }
        let (cloud, gateway) = (&self.cloud, self.cloud.changes.gateway());
        let users = gateway.access.ghost_ports_users(cloud.driver.id(), cloud.provider.as_ref());
        let is_over = |open: &GhostPort| !self.is_open(open) || !users.contains(&open.user);
        objects.ghost_ports.iter().filter(|open| is_over(open)).map(|open| open.id).collect()
    }

    /// Whether the account is another by now than these objects.
    pub(super) async fn is_newer_than(&self, objects: &Objects) -> Result<bool, ChangeError> {
        let is_shared = self.cloud.changes.store().is_shared();
        Ok(self.known().revision != objects.revision || is_shared && self.has_changed().await?)
    }

    /// Whether another gateway has changed something.
    async fn has_changed(&self) -> Result<bool, ChangeError> {
        let revision = self.cloud.changes.store().document(REVISION).await;
        let revision = revision.map_err(|why| ChangeError::Backend(why.to_string()))?;
        Ok(revision.is_some_and(|revision| revision != self.known().revision.to_string()))
    }

    async fn load(&self) -> Result<(), ChangeError> {
        let documents = self.cloud.changes.store().documents(DOCUMENTS).await;
        let documents = documents.map_err(|why| ChangeError::Backend(why.to_string()))?;
        let objects = read(&documents).map_err(|why| ChangeError::Backend(format!("what is kept of Halo: {why}")))?;
        self.take(objects);
        self.has_loaded.store(true, Ordering::Release);
        Ok(())
    }

    /// From now on these are its objects.
    fn take(&self, objects: Objects) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // What was read before something was written comes too late.
        if objects.revision >= known.revision {
            self.ends.keep_only(&objects);
            *known = Arc::new(objects);
        }
        drop(known);
        self.tell_keepers(|_| {});
    }

    /// From now on these are its events.
    pub(super) fn take_events(&self, events: Collection<Event>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(Objects { events, ..Objects::clone(&known) });
    }

    /// What people are to know of a feed from now on, on the pages of firewalls whose policies have its zone.
    pub(in crate::policies) fn note_feed(&self, zone: &str, note: Option<String>) {
        self.tell_keepers(|notes| match note {
            Some(note) => drop(notes.insert(zone.to_owned(), note)),
            None => drop(notes.remove(zone)),
        });
    }

    /// Tells who keeps firewalls. That is of one at a time, so that it is what is known last.
    fn tell_keepers(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut notes = self.feed_notes.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut notes);
        let objects = self.known();
        let keepers = objects.groups.iter().filter_map(|group| self.keeper(&objects, &notes, group)).collect();
        self.cloud.changes.keep_only(KEEPERS, keepers);
    }
}

fn read(documents: &[(String, String)]) -> Result<Objects, serde_json::Error> {
    let mut objects = Objects::built_in();
    let revision = documents.iter().find(|(name, _)| name == REVISION);
    objects.revision = revision.map(|(_, text)| serde_json::from_str(text)).transpose()?.unwrap_or_default();
    read_all::<Policy>(documents, &mut objects)?;
    read_all::<Zone>(documents, &mut objects)?;
    read_all::<Service>(documents, &mut objects)?;
    read_all::<Interface>(documents, &mut objects)?;
    read_all::<GroupSettings>(documents, &mut objects)?;
    read_all::<GhostPort>(documents, &mut objects)?;
    read_all::<UsedCode>(documents, &mut objects)?;
    read_all::<Event>(documents, &mut objects)?;
    Ok(objects)
}

/// Reads the objects of a kind, in the order in which they were made.
fn read_all<T: Kept>(documents: &[(String, String)], objects: &mut Objects) -> Result<(), serde_json::Error> {
    let start = format!("{DOCUMENTS}{}/", T::KIND);
    let of_kind = documents.iter().filter(|(name, _)| name.starts_with(&start));
    let mut read = of_kind.map(|(_, text)| serde_json::from_str(text)).collect::<Result<Vec<T>, _>>()?;
    read.sort_by_key(Object::made);
    T::all_mut(objects).extend(read);
    Ok(())
}

/// What the keeper of a group's firewall is called.
pub(super) fn keeper_name(firewall: &FirewallId) -> String {
    format!("{KEEPERS}{firewall}")
}
