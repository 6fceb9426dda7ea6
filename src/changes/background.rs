//! What is done when nobody asks: trials are undone, rules end, and it is found out what has become of changes.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use deltawall_core::{Context, Driver, Error, ErrorKind, ProviderName, TO_TAKE_BACK};
use futures_util::{StreamExt, stream};

use super::inverse::Way;
use super::pending::Due;
use super::records::firewall_of;
use super::shared::Shared;
use super::{expire, settling, undoing};
use crate::gateway::audit::{self, Asker, Subject};
use crate::store::ChangeId;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{State, Step};

/// How many firewalls are worked on at a time.
const AT_A_TIME: usize = 64;

/// How often a store is read that others write to as well.
const POLL: Duration = Duration::from_secs(1);

/// Starts it, on a thread of its own, until the changes have an end.
///
/// # Errors
/// Where there is no thread to be had.
pub(super) fn start(shared: Arc<Shared>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("changes".into()).spawn(move || runtime.block_on(run(&shared)))?;
    Ok(())
}

async fn run(shared: &Arc<Shared>) {
    while !shared.has_ended() {
        if shared.store.is_shared() {
            learn(shared).await;
        }
        work(shared).await;
        let counts = shared.pending().counts(&*shared.clock);
        shared.gateway.metrics().pending(counts.trials, counts.expiries, counts.overdue);
        let next = shared.pending().next(&*shared.clock);
        let poll = shared.store.is_shared().then(|| shared.clock.running() + POLL);
        match next.into_iter().chain(poll).min() {
            Some(next) => tokio::select! {
                () = shared.clock.reaches(next) => {}
                () = shared.woken.notified() => {}
            },
            None => shared.woken.notified().await,
        }
    }
}

/// Takes from the store what is to be ended. Where it cannot be read, what is known stays.
pub(super) async fn learn(shared: &Shared) {
    let (changes, expiries) = tokio::join!(
        shared.ask("open_changes", shared.store.open_changes()),
        shared.ask("expiries", shared.store.expiries())
    );
    let (changes, expiries) = match (changes, expiries) {
        (Ok(changes), Ok(expiries)) => (changes, expiries),
        (Err(why), _) | (_, Err(why)) => {
            tracing::error!(?why, "the store cannot be read");
            return;
        }
    };
    let (clock, now) = (&*shared.clock, shared.clock.now());
    let mut pending = shared.pending();
    pending.keep_changes(|id| changes.iter().any(|record| record.id == *id));
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
    let there: HashSet<_> = expiries.iter().map(|expiry| expiry.id.clone()).collect();
    pending.keep_expiries(|id| there.contains(id));
    for expiry in expiries {
        let due = Due::at(expiry.due, clock);
        pending.add_expiry(expiry, due);
    }
}

/// Ends all that is to be ended now.
async fn work(shared: &Arc<Shared>) {
    let unsettled = shared.pending().due_unsettled(&*shared.clock);
    stream::iter(unsettled).for_each_concurrent(AT_A_TIME, |id| async move { settle(shared, &id).await }).await;
    let (changes, expiries) = {
        let pending = shared.pending();
        (pending.due_changes(&*shared.clock), pending.due_expiries(&*shared.clock))
    };
    let undo = stream::iter(changes).for_each_concurrent(AT_A_TIME, |id| async move { undo(shared, &id).await });
    let expire = stream::iter(expiries)
        .for_each_concurrent(AT_A_TIME, |(place, due)| async move { expire(shared, &place, due).await });
    tokio::join!(undo, expire);
}

/// Finds out whether a change was made.
async fn settle(shared: &Shared, id: &ChangeId) {
    let settled = async {
        let record = shared.ask("change", shared.store.change(id)).await.map_err(|why| why.to_string())?;
        let Some(record) = record.filter(|record| record.state == State::Applying) else { return Ok(()) };
        let driver = driver(shared, &record.place)?;
        let _turn = turn(shared, &*driver, &record.place).await?;
        let context = context(shared, &*driver, &record.place, id.as_str()).await;
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
        let claimed = shared.store.claim_expiries(&ids, &shared.name, now, until);
        let claimed = shared.ask("claim_expiries", claimed).await.map_err(|why| why.to_string())?;
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
