//! Who looks at kept firewalls, again and again: it does not matter how a difference came about.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::sync::Notify;

use super::account::Account;
use super::devices::Device;
use super::feeds::Feed;
use crate::changes::Changes;
use crate::config::{Config, Usage};
use crate::gateway::Desk;

/// How often it is looked whether what was asked for has come to its end.
const WHILE_WAITING: Duration = Duration::from_secs(1);

/// How often it is looked whether the time of day or the users are others, or another gateway has changed the account.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// All that firewalls are kept at.
#[derive(Debug)]
pub struct Policies {
    shared: Arc<Shared>,
    has_started: OnceLock<()>,
}

#[derive(Debug)]
struct Shared {
    changes: Arc<Changes>,
    devices: Vec<Device>,
    account: Option<Arc<Account>>,
    feeds: Vec<Feed>,
    every: Duration,
    woken: Arc<Notify>,
    has_ended: AtomicBool,
    /// It is told once that no feed is to be looked at any more.
    feeds_ended: Notify,
}

impl Policies {
    /// What the configuration says.
    ///
    /// # Errors
    /// [`Usage`] where a firewall could not be kept.
    pub fn new(config: &Config, changes: &Arc<Changes>) -> Result<Self, Usage> {
        let devices = config.vapix.iter().map(|device| Device::new(device, changes));
        let devices: Vec<_> = devices.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let woken = Arc::<Notify>::default();
        let account = Account::new(config, changes, &woken)?.map(Arc::new);
        let feeds = Feed::all(config, account.is_some())?;
        let shared = Shared {
            changes: Arc::clone(changes),
            devices,
            account,
            feeds,
            every: config.reconcile_every,
            woken,
            has_ended: AtomicBool::new(false),
            feeds_ended: Notify::new(),
        };
        Ok(Self { shared: Arc::new(shared), has_started: OnceLock::new() })
    }

    /// Takes up what was kept before the gateway was stopped. It is called once, before anything is asked. What cannot be made so is told in
    /// the log, and tried again.
    pub async fn start(&self) {
        let desk = Desk::new(Arc::clone(self.shared.changes.gateway()));
        let looks = self.shared.devices.iter().map(|device| look(&self.shared, &desk, device, true));
        let (looked, of_account) = join(join_all(looks), look_at_account(&self.shared, &desk, true)).await;
        let is_any_kept = self.shared.devices.iter().any(Device::is_kept)
            || self.shared.account.as_ref().is_some_and(|account| account.has_kept());
        // Others may have firewalls kept at any time.
        let is_shared = self.shared.account.is_some() && self.shared.changes.store().is_shared();
        if is_any_kept || is_shared || looked.iter().chain([&of_account]).any(|looked| *looked != Looked::Done) {
            self.wake();
        }
        if !self.shared.feeds.is_empty() {
            let shared = Arc::clone(&self.shared);
            start_thread("feeds", async move || keep_feeds(&shared).await);
            // What becomes of them is told, whether or not a firewall is kept.
            self.wake();
        }
    }

    /// The devices, in the order in which they were configured.
    pub fn devices(&self) -> &[Device] {
        &self.shared.devices
    }

    /// Halo's account, where there is one.
    pub fn account(&self) -> Option<&Arc<Account>> {
        self.shared.account.as_ref()
    }

    /// Has kept firewalls looked at now, and again and again from then on.
    pub fn wake(&self) {
        self.has_started.get_or_init(|| {
            let shared = Arc::clone(&self.shared);
            start_thread("policies", async move || run(&shared).await);
        });
        self.shared.woken.notify_one();
    }
}

/// Whoever keeps firewalls for it has an end, too.
impl Drop for Policies {
    fn drop(&mut self) {
        self.shared.has_ended.store(true, Ordering::Release);
        self.shared.woken.notify_one();
        self.shared.feeds_ended.notify_one();
    }
}

/// Does this on a thread of its own.
fn start_thread(name: &str, run: impl AsyncFnOnce() + Send + 'static) {
    let start = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name(name.into()).spawn(move || runtime.block_on(run()))
    };
    if let Err(why) = start() {
        tracing::error!(?why, name, "there is no thread to keep firewalls");
    }
}

/// Looks after all feeds.
async fn keep_feeds(shared: &Shared) {
    let Some(account) = &shared.account else { return };
    let desk = Desk::new(Arc::clone(shared.changes.gateway()));
    let kept = shared.feeds.iter().map(|feed| feed.keep(account, &desk, || shared.woken.notify_one()));
    tokio::select! {
        _ = join_all(kept) => {}
        () = shared.feeds_ended.notified() => {}
    }
}

async fn run(shared: &Shared) {
    let desk = Desk::new(Arc::clone(shared.changes.gateway()));
    let clock = Arc::clone(shared.changes.clock());
    let (mut compare_at, mut failures) = (clock.running(), 0);
    while !shared.has_ended.load(Ordering::Acquire) {
        let compares = clock.running() >= compare_at;
        if compares {
            compare_at = clock.running() + shared.every;
        }
        let looks = shared.devices.iter().filter(|device| compares || device.has_started());
        let looks = join_all(looks.map(|device| look(shared, &desk, device, compares)));
        let (mut looked, of_account) = join(looks, look_at_account(shared, &desk, compares)).await;
        looked.push(of_account);
        if looked.contains(&Looked::Failed) {
            // With growing pauses, so that who is down is not asked all the time.
            compare_at = clock.running() + shared.every.min(Duration::from_secs(1 << failures.min(6)));
            failures += 1;
        } else if compares {
            failures = 0;
        }
        let next = match looked.contains(&Looked::Waits) {
            true => compare_at.min(clock.running() + WHILE_WAITING),
            false => compare_at,
        };
        // In this order: time that goes by meanwhile makes it too early, and never too late.
        let running = clock.running();
        let account = shared.account.as_ref();
        // Somebody may set the time of day, or take away a user. What was over already is done, or is tried again as all that has failed.
        let left = account.and_then(|account| account.until_next_end()).map(|left| left.min(LOOK_AGAIN));
        let polls = account.is_some() && shared.changes.store().is_shared() && !looked.contains(&Looked::Failed);
        let next =
            left.into_iter().chain(polls.then_some(LOOK_AGAIN)).map(|left| running + left).fold(next, Duration::min);
        tokio::select! {
            () = clock.reaches(next) => {}
            () = shared.woken.notified() => {}
        }
    }
}

/// What has come of looking after a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    /// It is as it is to be.
    Done,
    /// Something of it is under way, and has its end soon.
    Waits,
    /// It could not be made so.
    Failed,
}

/// Looks after one device.
async fn look(shared: &Shared, desk: &Desk, device: &Device, compares: bool) -> Looked {
    let metrics = shared.changes.gateway().metrics();
    let looked = match device.start(desk).await {
        Ok(()) => device.reconcile(desk, compares).await,
        Err(why) => Err(why),
    };
    match looked {
        Ok(outcome) => {
            if outcome.has_corrected {
                metrics.kept(device.driver().id(), true);
                tracing::warn!(
                    device = device.realm,
                    firewall = %device.firewall(),
                    "others had changed a firewall that is kept, and it is as it is to be again"
                );
            }
            if outcome.is_waiting { Looked::Waits } else { Looked::Done }
        }
        Err(why) => {
            metrics.kept(device.driver().id(), false);
            tracing::error!(device = device.realm, %why, "the firewall of a device is not as it is to be, and it is tried again");
            Looked::Failed
        }
    }
}

/// Looks after the firewalls of Halo's groups.
async fn look_at_account(shared: &Shared, desk: &Desk, compares: bool) -> Looked {
    let Some(account) = &shared.account else { return Looked::Done };
    if let Err(why) = account.write_told().await {
        tracing::error!(%why, "what has happened to Halo's account is not among its events, and it is tried again");
    }
    let has_changed = match account.learn().await {
        Ok(has_changed) => has_changed,
        Err(why) => {
            tracing::error!(%why, "what firewalls of groups are to be cannot be read, and it is tried again");
            return Looked::Failed;
        }
    };
    match account.reconcile(desk, compares || has_changed).await {
        Ok(0) => Looked::Done,
        Ok(corrected) => {
            tracing::warn!(corrected, "firewalls of groups were not as their policies say, and are again");
            Looked::Done
        }
        Err(why) => {
            tracing::error!(%why, "not all firewalls of groups are as their policies say, and it is tried again");
            Looked::Failed
        }
    }
}
