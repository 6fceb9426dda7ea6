//! What is done when nobody asks: trials are undone, rules end, and it is found out what has become of changes.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use deltawall_core::{Context, Driver, Error, ErrorKind, ProviderName, TO_TAKE_BACK};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::inverse::Way;
use super::pending::Due;
use super::records::firewall_of;
use super::shared::Shared;
use super::{expire, settling, undoing};
use crate::gateway::audit::{self, Asker, Subject};
use crate::store::ChangeId;
use crate::store::error::StoreError;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{Record, State, Step};

/// How many firewalls are worked on at a time.
const AT_A_TIME: usize = 64;

/// How often a store is read that others write to as well.
const POLL: Duration = Duration::from_secs(1);

/// How many changes are forgotten at a time, how long others then come first, and how often it is looked for old ones.
const PRUNED_AT_A_TIME: usize = 1_000;
const PRUNE_PAUSE: Duration = Duration::from_millis(100);
const PRUNE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Starts it, on a thread of its own, until the changes have an end.
///
/// # Errors
/// Where there is no thread to be had.
pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("changes".into()).spawn(move || runtime.block_on(run(&shared)))?;
    Ok(())
}

/// Something that is to be done now.
enum Job {
    Settle(ChangeId),
    Undo(ChangeId),
    Expire(Place, Vec<Expiry>),
}

/// What a job works on, which no other does meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Work {
    Change(ChangeId),
    Firewall(Place),
}

async fn run(shared: &Arc<Shared>) {
    let clock = &*shared.clock;
    let (mut jobs, mut works) = (FuturesUnordered::new(), HashSet::new());
    let (mut look_at, mut prune_at) = (clock.running(), clock.running());
    while !shared.has_ended() {
        if shared.store.is_shared() && clock.running() >= look_at {
            look_at = clock.running() + POLL;
            if let Err(why) = learn(shared).await {
                tracing::error!(?why, "the store cannot be read");
            }
        }
        if clock.running() >= prune_at {
            prune_at = clock.running() + prune(shared).await;
        }
        for job in due(shared, &works) {
            works.insert(job.work());
            jobs.push(job.run(shared));
        }
        let counts = shared.pending().counts(clock);
        shared.gateway.metrics().pending(counts.trials, counts.expiries, counts.overdue);
        let next = next(shared, &works, prune_at.min(if shared.store.is_shared() { look_at } else { Duration::MAX }));
        tokio::select! {
            Some(work) = jobs.next() => drop(works.remove(&work)),
            () = clock.reaches(next) => {}
            () = shared.woken.notified() => {}
        }
    }
}

/// What is to be done now and nobody does yet, as far as there is room for it.
fn due(shared: &Shared, works: &HashSet<Work>) -> Vec<Job> {
    let (pending, clock) = (shared.pending(), &*shared.clock);
    let undo = pending.due_changes(clock).into_iter().map(Job::Undo);
    let settle = pending.due_unsettled(clock).into_iter().map(Job::Settle);
    let expire = pending.due_expiries(clock).into_iter().map(|(place, due)| Job::Expire(place, due));
    let mut taken = HashSet::new();
    let mut is_free = |job: &Job| !works.contains(&job.work()) && taken.insert(job.work());
    let room = AT_A_TIME.saturating_sub(works.len());
    settle.chain(undo).chain(expire).filter(|job| is_free(job)).take(room).collect()
}

/// When something is to be done next, beside what is done already.
fn next(shared: &Shared, works: &HashSet<Work>, latest: Duration) -> Duration {
    let is_worked_on = |work: Work| works.contains(&work);
    let next = match works.len() < AT_A_TIME {
        true => shared.pending().next(
            &*shared.clock,
            |change| is_worked_on(Work::Change(change.clone())),
            |place| is_worked_on(Work::Firewall(place.clone())),
        ),
        // The first that comes to its end makes room.
        false => None,
    };
    next.map_or(latest, |next| next.min(latest))
}

impl Job {
    fn work(&self) -> Work {
        match self {
            Self::Settle(id) | Self::Undo(id) => Work::Change(id.clone()),
            Self::Expire(place, _) => Work::Firewall(place.clone()),
        }
    }

    async fn run(self, shared: &Arc<Shared>) -> Work {
        let work = self.work();
        match self {
            Self::Settle(id) => settle(shared, &id).await,
            Self::Undo(id) => undo(shared, &id).await,
            Self::Expire(place, due) => expire(shared, &place, due).await,
        }
        work
    }
}

/// Forgets changes that have been kept long enough, some at a time. When there is more to forget, from now.
async fn prune(shared: &Shared) -> Duration {
    let made_before = shared.clock.now().before(shared.keep);
    match shared.ask("prune", shared.store.prune(made_before, PRUNED_AT_A_TIME)).await {
        Ok(pruned) if pruned == PRUNED_AT_A_TIME => PRUNE_PAUSE,
        Ok(_) => PRUNE_EVERY,
        Err(why) => {
            tracing::error!(?why, "old changes cannot be forgotten");
            PRUNE_EVERY
        }
    }
}

/// Takes from the store what is to be ended. Where it cannot be read, what is known stays.
pub(super) async fn learn(shared: &Shared) -> Result<(), StoreError> {
    let known = shared.pending().ids();
    let (changes, expiries) = tokio::join!(
        shared.ask("open_changes", shared.store.open_changes()),
        shared.ask("expiries", shared.store.expiries())
    );
    let (changes, expiries) = (changes?, expiries?);
    let (clock, now) = (&*shared.clock, shared.clock.now());
    let mut pending = shared.pending();
    // What has come since the store was asked is not in its answer.
    let there: HashSet<_> = changes.iter().map(|record| &record.id).collect();
    pending.keep_changes(|id| there.contains(id) || !known.changes.contains(id));
    for record in &changes {
        let is_free = record.held.as_ref().is_none_or(|(by, until)| *by == shared.name || *until <= now);
        match (record.state, record.confirm_by) {
            (State::Undoing, _) => pending.learn_change(record.clone(), Due::NOW),
            (_, Some(end)) => pending.learn_change(record.clone(), Due::at(end, clock)),
            _ => {}
        }
        if record.state == State::Applying && is_free && !pending.is_under_way(&record.id) {
            pending.add_unsettled(&record.id);
        }
    }
    let there: HashSet<_> = expiries.iter().map(|expiry| &*expiry.id).collect();
    pending.keep_expiries(|id| there.contains(id) || !known.expiries.contains(id));
    for expiry in expiries {
        let due = Due::at(expiry.due, clock);
        pending.add_expiry(expiry, due);
    }
    Ok(())
}

/// Finds out what has become of a change, or writes it down where it is known.
async fn settle(shared: &Shared, id: &ChangeId) {
    let unwritten = shared.pending().unwritten(id);
    let settled = async {
        if let Some(step) = unwritten {
            let written = shared.ask("step", shared.store.step(id, step)).await;
            return written.map(drop).map_err(|why| why.to_string());
        }
        let record = shared.ask("change", shared.store.change(id)).await.map_err(|why| why.to_string())?;
        let record = match record {
            Some(record) if record.state == State::Applying => record,
            Some(record) if record.state == State::Undoing => {
                shared.pending().learn_change(record, Due::NOW);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let driver = driver(shared, &record.place)?;
        let _turn = turn(shared, &*driver, &record.place).await?;
        let context = context_to_look(shared, &*driver, &record).await;
        let found = match (&context, record.confirm_by) {
            // Of a plain change of a client's nobody has the credentials to look.
            (Err(_), None) => settling::settle(shared, &*driver, None, &record).await,
            (Err(why), Some(_)) => return Err(why.to_string()),
            (Ok(context), _) => {
                timely(shared, &*driver, settling::settle(shared, &*driver, Some(context), &record)).await
            }
        };
        found.map(drop).map_err(|why| why.to_string())
    };
    let settled: Result<(), String> = settled.await;
    let mut pending = shared.pending();
    match settled {
        Ok(()) => pending.settled(id),
        Err(why) => {
            pending.failed(id, &*shared.clock);
            drop(pending);
            tracing::warn!(change = %id, why, "it is not known yet whether a change was made");
        }
    }
}

/// Undoes a change whose time is over.
async fn undo(shared: &Shared, id: &ChangeId) {
    let now = shared.clock.now();
    let claim = Step {
        from: vec![State::Trying, State::Applying, State::Undoing],
        to: Some(State::Undoing),
        at: Some(now),
        held: shared.holds(Instant::now() + shared.gateway.backend_timeout()),
        by: shared.name.clone(),
        is_attempt: true,
        ..Step::default()
    };
    match shared.ask("step", shared.store.step(id, claim)).await {
        Ok(true) => {}
        // It was confirmed or undone, or another gateway is at it.
        Ok(false) => return forget_unless_open(shared, id).await,
        Err(why) => {
            shared.pending().failed(id, &*shared.clock);
            tracing::error!(change = %id, why = ?why, "a change cannot be undone: the store does not take it");
            return;
        }
    }
    shared.gateway.metrics().undo_attempted();
    let undone = async {
        let record = shared.ask("change", shared.store.change(id)).await.map_err(|why| why.to_string())?;
        let record = record.ok_or("the store has lost it")?;
        let driver = driver(shared, &record.place)?;
        let _turn = turn(shared, &*driver, &record.place).await?;
        let context = context(shared, &*driver, &record.place, id.as_str()).await.map_err(|why| why.to_string())?;
        let mut audit = audited(&record.user, &record.place, &*driver, id.as_str(), "undo");
        audit.begin();
        let reversed = timely(shared, &*driver, undoing::reverse(&*driver, &context, &record, Way::Nearest)).await;
        audit.note(reversed.as_ref());
        let reversed = reversed.map_err(|why| why.to_string())?;
        undoing::end(shared, &*driver, &record, Some(&reversed), State::Undone, None)
            .await
            .map(drop)
            .map_err(|why| why.to_string())
    };
    let undone: Result<(), String> = undone.await;
    if let Err(why) = undone {
        shared.pending().failed(id, &*shared.clock);
        tracing::error!(change = %id, why, "a change that is overdue could not be undone, and is tried again");
        undoing::let_go(shared, id, why).await;
    }
}

/// Forgets a change that was ended by somebody else.
async fn forget_unless_open(shared: &Shared, id: &ChangeId) {
    let record = shared.ask("change", shared.store.change(id)).await;
    let mut pending = shared.pending();
    match record {
        Ok(Some(record)) if record.state.is_open() => pending.failed(id, &*shared.clock),
        Ok(_) => pending.end_change(id),
        Err(_) => pending.failed(id, &*shared.clock),
    }
}

/// Has rules of a firewall end.
async fn expire(shared: &Arc<Shared>, place: &Place, due: Vec<Expiry>) {
    let ids: Vec<_> = due.iter().map(|expiry| expiry.id.clone()).collect();
    let now = shared.clock.now();
    let until = shared.holds(Instant::now() + shared.gateway.backend_timeout()).map_or(now, |(_, until)| until);
    let ended = async {
        let claimed = match shared.store.is_shared() {
            true => {
                let claimed = shared.store.claim_expiries(&ids, &shared.name, now, until);
                shared.ask("claim_expiries", claimed).await.map_err(|why| why.to_string())?
            }
            false => ids.clone(),
        };
        let mine: Vec<_> = due.iter().filter(|expiry| claimed.contains(&expiry.id)).cloned().collect();
        let Some(first) = mine.first() else { return Ok(Vec::new()) };
        let driver = driver(shared, place)?;
        let _turn = turn(shared, &*driver, place).await?;
        let context = context(shared, &*driver, place, &first.id).await.map_err(|why| why.to_string())?;
        let mut audit = audited(&first.user, place, &*driver, &first.id, expire::OPERATION);
        audit.begin();
        let ended = timely(shared, &*driver, expire::end(shared, &*driver, &context, place, &mine)).await;
        audit.note(ended.as_ref());
        ended.map_err(|why| why.to_string())
    };
    let ended: Result<Vec<String>, String> = ended.await;
    match ended {
        Ok(ended) => {
            let mut pending = shared.pending();
            // Those that others are at are looked for again.
            let others: Vec<_> = ids.iter().filter(|id| !ended.contains(id)).cloned().collect();
            pending.failed_expiries(place, &others, &*shared.clock);
            pending.keep_expiries(|id| !ended.iter().any(|ended| ended == id));
        }
        Err(why) => {
            shared.pending().failed_expiries(place, &ids, &*shared.clock);
            tracing::error!(
                firewall = place.firewall,
                why,
                "rules that should have ended are still there, and it is tried again"
            );
        }
    }
}

fn driver(shared: &Shared, place: &Place) -> Result<Arc<dyn Driver>, String> {
    let driver = shared.gateway.registry.get(&place.driver).cloned();
    driver.ok_or_else(|| format!("the driver {} is not served any more", place.driver))
}

/// The provider that a place was kept with.
fn provider(driver: &dyn Driver, place: &Place) -> Result<Option<ProviderName>, Error> {
    Some(&place.provider).filter(|name| !name.is_empty()).map(|name| driver.provider(name)).transpose()
}

/// The turn of a firewall, which others may have for as long as a driver takes.
async fn turn<'a>(shared: &'a Shared, driver: &dyn Driver, place: &Place) -> Result<impl Sized + use<'a>, String> {
    let firewall = firewall_of(driver, place).map_err(|why| why.to_string())?;
    let provider = provider(driver, place).map_err(|why| why.to_string())?;
    let turn = shared.gateway.turn(driver, provider.as_ref(), &firewall).await;
    turn.ok_or_else(|| "too many wait to change the firewall".to_owned())
}

/// What a driver is asked with to end something.
async fn context(shared: &Shared, driver: &dyn Driver, place: &Place, of: &str) -> Result<Context, Error> {
    Ok(Context {
        credentials: shared.credentials(driver, of).await?,
        provider: provider(driver, place)?,
        request_id: of.to_owned(),
        deadline: Instant::now() + shared.gateway.backend_timeout(),
        room: None,
    })
}

/// The same to look at what has become of a change: with what it is undone with, or what of it ends.
async fn context_to_look(shared: &Shared, driver: &dyn Driver, record: &Record) -> Result<Context, Error> {
    let of_change = context(shared, driver, &record.place, record.id.as_str()).await;
    let expiry = shared.pending().expiries_of(&record.place).find(|expiry| expiry.change == record.id).cloned();
    match (of_change, expiry) {
        (Err(_), Some(expiry)) => context(shared, driver, &record.place, &expiry.id).await,
        (of_change, _) => of_change,
    }
}

/// What a driver does within the time it has, and that which it has to take things back.
async fn timely<T>(
    shared: &Shared,
    driver: &dyn Driver,
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let time = shared.gateway.backend_timeout() + TO_TAKE_BACK;
    let late = |_| Error::new(ErrorKind::Timeout, driver.id(), "The driver did not answer in time.");
    tokio::time::timeout(time, call).await.map_err(late)?
}

/// The lines of the audit for what is done when nobody asks.
fn audited<'a>(
    user: &str,
    place: &'a Place,
    driver: &dyn Driver,
    id: &'a str,
    what: &'static str,
) -> audit::Change<'a> {
    let asker = Asker { id, peer: None, driver: driver.id(), provider: place.provider_name() };
    let firewall = Some(place.firewall.clone());
    let mut change = audit::Change::new(asker, user, Subject { change: what, firewall, rule: None, parameters: None });
    change.name(id);
    change
}
