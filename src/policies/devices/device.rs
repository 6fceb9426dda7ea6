//! One device: what is kept of it, and how it looks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deltawall_core::{Driver, FirewallId, ProviderName};
use tokio::sync::Mutex as Turn;

use super::state::{Kept, View};
use crate::changes::entry::Progress;
use crate::changes::{Changes, Keeper};
use crate::clock::Timestamp;
use crate::config::{Usage, VapixDevice};
use crate::gateway::access::Caller;
use crate::policies::cloud::Cloud;
use crate::policies::failure::Failure;
use crate::store::ChangeId;
use crate::store::record::State;

/// How long what has its end within a moment is waited for, and how often it is looked for that.
const A_MOMENT: Duration = Duration::from_millis(10);
const SETTLED_AFTER: usize = 300;

/// A device whose rules one firewall is kept at.
#[derive(Debug)]
pub struct Device {
    /// Its serial, twelve hexadecimal digits.
    pub serial: String,
    /// What clients prove themselves to.
    pub realm: String,
    /// The host name by which it is called; none for any.
    pub host: Option<String>,
    /// The port that it listens on by itself.
    pub port: Option<u16>,
    pub(super) cloud: Cloud,
    pub(super) firewall: FirewallId,
    known: Mutex<Arc<Kept>>,
    /// Whether what was begun before the gateway was stopped has come to its end.
    pub(super) has_started: AtomicBool,
    /// Whoever changes it, one after the other.
    pub(super) turn: Turn<()>,
}

/// A device of which nothing is tried, as it is kept at a time.
#[derive(Debug, Clone)]
pub struct AtRest(Arc<Kept>);

impl AtRest {
    /// Whether nothing has changed between the two.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A device as it is at a time, by what is kept of it and by the journal.
pub(super) struct Seen {
    /// As it is kept.
    pub(super) kept: Arc<Kept>,
    /// The same, with what has become of what was asked for.
    pub(super) settled: Kept,
    progress: HashMap<String, Progress>,
    now: Timestamp,
}

impl Seen {
    /// How it looks.
    pub(super) fn view(&self) -> View {
        self.settled.view(self.now, |id| self.progress.get(id).copied())
    }

    /// Whether something that it has asked for is just being made or undone.
    fn is_passing(&self) -> bool {
        let of_settled = self.settled.changes();
        let mut progress = of_settled.iter().filter_map(|id| self.progress.get(*id));
        progress.any(|progress| match progress.state {
            State::Applying | State::Undoing => true,
            State::Trying => progress.left.is_zero(),
            _ => false,
        })
    }
}

impl Device {
    /// The device that the configuration says; none where it is only there by default, and its driver is not.
    ///
    /// # Errors
    /// [`Usage`] where it could not keep its firewall.
    pub fn new(config: &VapixDevice, changes: &Arc<Changes>) -> Result<Option<Self>, Usage> {
        let realm = config.realm();
        let usage = |why: String| Usage(format!("the VAPIX device {realm}: {why}"));
        let cloud = Cloud::new(&config.driver, config.provider.as_deref(), changes).map_err(|Usage(why)| usage(why))?;
        let Some(cloud) = cloud else {
            return match config.is_default {
                true => Ok(None),
                false => Err(usage(format!("the driver {} is not served", config.driver))),
            };
        };
        Ok(Some(Self {
            serial: config.serial.clone(),
            host: config.host.clone(),
            port: config.port,
            firewall: FirewallId::new(&config.firewall).map_err(|why| usage(format!("its firewall {why}")))?,
            known: Mutex::default(),
            has_started: AtomicBool::new(false),
            turn: Turn::default(),
            cloud,
            realm,
        }))
    }

    /// The driver of its firewall.
    pub fn driver(&self) -> &dyn Driver {
        self.cloud.driver()
    }

    /// The driver's provider, where one was chosen.
    pub fn provider(&self) -> Option<&ProviderName> {
        self.cloud.provider()
    }

    /// The firewall that it keeps.
    pub fn firewall(&self) -> &FirewallId {
        &self.firewall
    }

    /// Who asks when nobody does: the gateway with credentials of its own, or with those of the driver's sample data.
    pub(in crate::policies) fn own_caller(&self) -> Option<Caller> {
        self.cloud.own_caller(self.name())
    }

    /// What it is called where others are told of it.
    pub(in crate::policies) fn name(&self) -> String {
        format!("VAPIX device {}", self.realm)
    }

    /// Whether what was begun before the gateway was stopped has come to its end.
    pub(in crate::policies) fn has_started(&self) -> bool {
        self.has_started.load(Ordering::Acquire)
    }

    /// Whether its firewall is kept, or may be.
    pub(in crate::policies) fn is_kept(&self) -> bool {
        let known = self.known();
        known.activated.is_some() || known.asked.is_some()
    }

    /// How it looks now.
    ///
    /// # Errors
    /// What the store says.
    pub async fn view(&self) -> Result<View, Failure> {
        Ok(self.look().await?.view())
    }

    /// How it looks now, where that is known without asking anybody. None while something is
    /// tried, or where others may have changed it.
    pub fn at_rest(&self) -> Option<AtRest> {
        if self.cloud.changes.store().is_shared() {
            return None;
        }
        let known = self.known();
        known.asked.is_none().then(|| AtRest(Arc::clone(&known)))
    }

    pub(super) fn keeper(&self) -> Keeper {
        self.cloud.keeper(self.name(), &self.firewall)
    }

    pub(super) fn document(&self) -> String {
        format!("vapix/{}", self.serial)
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Arc<Kept>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is kept of it, if anything is.
    pub(super) async fn load(&self) -> Result<(), Failure> {
        let store = self.cloud.changes.store();
        let text = store.document(&self.document()).await.map_err(|why| Failure::Backend(why.to_string()))?;
        if let Some(text) = text {
            let kept: Kept = serde_json::from_str(&text).map_err(|why| Failure::Backend(why.to_string()))?;
            *self.known() = Arc::new(kept);
            self.cloud.changes.keep(self.keeper());
        }
        Ok(())
    }

    /// What is kept of it, with what has become of what was asked for: of a store that others write to, as it is there now.
    pub(super) async fn look(&self) -> Result<Seen, Failure> {
        if self.cloud.changes.store().is_shared() {
            self.load().await?;
        }
        let kept = Arc::clone(&self.known());
        let mut progress = HashMap::new();
        for id in kept.changes() {
            let Ok(change) = ChangeId::new(id) else { continue };
            let of_change =
                self.cloud.changes.progress(&change).await.map_err(|why| Failure::Backend(why.to_string()))?;
            progress.extend(of_change.map(|of_change| (id.to_owned(), of_change)));
        }
        let now = self.cloud.changes.clock().now();
        Ok(Seen { settled: kept.settled(now, |id| progress.get(id).copied()), kept, progress, now })
    }

    pub(super) async fn settled(&self) -> Result<Kept, Failure> {
        self.look().await.map(|seen| seen.settled)
    }

    /// The same once that is known: what is being made or undone has its end within a moment, unless the driver does not answer.
    pub(super) async fn settled_soon(&self) -> Result<Kept, Failure> {
        for _ in 0..SETTLED_AFTER {
            let seen = self.look().await?;
            if !seen.is_passing() {
                return Ok(seen.settled);
            }
            tokio::time::sleep(A_MOMENT).await;
        }
        Err(Failure::Backend("what was asked for before has not come to its end yet".into()))
    }

    pub(super) async fn write(&self, kept: Kept) -> Result<(), Failure> {
        let backend = |why: &dyn ToString| Failure::Backend(why.to_string());
        let text = serde_json::to_string(&kept).map_err(|why| backend(&why))?;
        let store = self.cloud.changes.store();
        store.write_document(&self.document(), &text).await.map_err(|why| backend(&why))?;
        *self.known() = Arc::new(kept);
        self.cloud.changes.keep(self.keeper());
        Ok(())
    }
}
