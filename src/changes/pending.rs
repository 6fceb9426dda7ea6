//! What is still to be ended, and when.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::store::ChangeId;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{ExpiryStep, Record, Step};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How far the time of day is looked at again, which may be set at any moment.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is still to be ended, as far as this gateway knows.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Trials and changes that are being undone.
    changes: BTreeMap<ChangeId, Open>,
    /// Changes of which it is not known whether they were made.
    unsettled: BTreeMap<ChangeId, Unsettled>,
    expiries: HashMap<Place, Vec<Ending>>,
    /// Changes that are being made or undone by a request.
    under_way: HashSet<ChangeId>,
}

/// A change of which it is not known, or not written down, what has become of it.
#[derive(Debug, Clone, Default)]
struct Unsettled {
    /// What is to be written down, where it is known.
    step: Option<Step>,
    retry: Retry,
}

/// A change that is to be undone, unless something comes between.
#[derive(Debug, Clone)]
struct Open {
    /// Without what the firewall was before and after.
    record: Record,
    due: Due,
    retry: Retry,
}

/// An expiry.
#[derive(Debug, Clone)]
struct Ending {
    expiry: Expiry,
    due: Due,
    retry: Retry,
}

/// When something is to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    /// Then by the time of day, unless it was said how long from now.
    wall: Option<Timestamp>,
    /// Then by how long the clock runs, which nobody can set.
    running: Duration,
}

/// When what has failed may be tried again.
#[derive(Debug, Clone, Copy, Default)]
struct Retry {
    failures: u32,
    not_before: Duration,
}

impl Due {
    /// At once.
    pub(super) const NOW: Self = Self { wall: None, running: Duration::ZERO };

    /// At a time of day: when the clock says so, or when as much time is over as there was until then.
    pub(super) fn at(time: Timestamp, clock: &dyn Clock) -> Self {
        Self { wall: Some(time), running: clock.running() + time.since(clock.now()) }
    }

    /// In so much time, whatever becomes of the time of day.
    pub(super) fn after(time: Duration, clock: &dyn Clock) -> Self {
        Self { wall: None, running: clock.running() + time }
    }

    pub(super) fn is_over(self, clock: &dyn Clock) -> bool {
        clock.running() >= self.running || self.wall.is_some_and(|wall| clock.now() >= wall)
    }

    /// How long there is until then, as far as nobody sets the time of day.
    pub(super) fn left(self, clock: &dyn Clock) -> Duration {
        let by_wall = self.wall.map(|wall| wall.since(clock.now()));
        let running = self.running.saturating_sub(clock.running());
        by_wall.map_or(running, |wall| wall.min(running))
    }

    /// When it is to be looked at next.
    fn looks(self, clock: &dyn Clock) -> Duration {
        match self.wall {
            Some(_) => self.running.min(clock.running() + LOOK_AGAIN),
            None => self.running,
        }
    }
}

impl Retry {
    fn failed(&mut self, clock: &dyn Clock) {
        let pause = Duration::from_secs(1 << self.failures.min(6)).min(LONGEST_PAUSE);
        self.failures += 1;
        self.not_before = clock.running() + pause;
    }
}

impl Pending {
    /// Whether there is nothing to wait for.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.unsettled.is_empty() && self.expiries.is_empty()
    }

    /// How many changes and expiries wait, and how many of them should have been ended by now.
    pub(super) fn counts(&self, clock: &dyn Clock) -> Counts {
        let is_over = |due: &Due| due.is_over(clock);
        let endings = || self.expiries.values().flatten();
        Counts {
            trials: self.changes.len(),
            expiries: endings().count(),
            overdue: self.changes.values().filter(|open| is_over(&open.due) && open.retry.failures > 0).count()
                + endings().filter(|ending| is_over(&ending.due) && ending.retry.failures > 0).count(),
        }
    }

    /// A change is to be undone then. What was known of it before is no more so.
    pub(super) fn add_change(&mut self, record: Record, due: Due) {
        let record = Record { before: None, after: None, ..record };
        let retry = self.changes.get(&record.id).map(|open| open.retry).unwrap_or_default();
        self.changes.insert(record.id.clone(), Open { record, due, retry });
    }

    /// The same, where nothing is known of it yet.
    pub(super) fn learn_change(&mut self, record: Record, due: Due) {
        if !self.changes.contains_key(&record.id) {
            self.add_change(record, due);
        }
    }

    /// Nothing is left to be done with a change.
    pub(super) fn end_change(&mut self, id: &ChangeId) {
        self.unsettled.remove(id);
        if let Some(open) = self.changes.remove(id) {
            self.end_at_once(&open.record.place);
        }
    }

    /// What could not end while a change was open may end now.
    fn end_at_once(&mut self, place: &Place) {
        let endings = self.expiries.get_mut(place).into_iter().flatten();
        endings.for_each(|ending| ending.retry = Retry::default());
    }

    /// A request works on a change, or does so no more.
    pub(super) fn works_on(&mut self, id: &ChangeId, is_working: bool) {
        match is_working {
            true => self.under_way.insert(id.clone()),
            false => self.under_way.remove(id),
        };
    }

    /// Whether a request works on a change.
    pub(super) fn is_under_way(&self, id: &ChangeId) -> bool {
        self.under_way.contains(id)
    }

    /// It is to be found out whether a change was made.
    pub(super) fn add_unsettled(&mut self, id: &ChangeId) {
        self.unsettled.entry(id.clone()).or_default();
    }

    /// The same is known, and only has to be written down.
    pub(super) fn add_unwritten(&mut self, id: &ChangeId, step: Step) {
        self.unsettled.entry(id.clone()).or_default().step = Some(step);
    }

    /// What is to be written down of a change.
    pub(super) fn unwritten(&self, id: &ChangeId) -> Option<Step> {
        self.unsettled.get(id).and_then(|unsettled| unsettled.step.clone())
    }

    /// It is known now.
    pub(super) fn settled(&mut self, id: &ChangeId) {
        self.unsettled.remove(id);
    }

    /// Whether any firewall waits for the end of a change.
    pub(super) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The change that a firewall waits for the end of.
    pub(super) fn change_of(&self, place: &Place) -> Option<&Record> {
        self.changes.values().map(|open| &open.record).find(|record| record.place == *place)
    }

    /// When a change is to be undone.
    pub(super) fn due(&self, id: &ChangeId) -> Option<Due> {
        self.changes.get(id).map(|open| open.due)
    }

    /// Only these changes are open; others that this gateway knows of were ended by others.
    pub(super) fn keep_changes(&mut self, is_open: impl Fn(&ChangeId) -> bool) {
        let ended: Vec<_> =
            self.changes.keys().chain(self.unsettled.keys()).filter(|id| !is_open(id)).cloned().collect();
        ended.iter().for_each(|id| self.end_change(id));
    }

    /// Something ends then.
    pub(super) fn add_expiry(&mut self, expiry: Expiry, due: Due) {
        let endings = self.expiries.entry(expiry.place.clone()).or_default();
        match endings.iter_mut().find(|ending| ending.expiry.id == expiry.id) {
            Some(known) => known.expiry = expiry,
            None => endings.push(Ending { expiry, due, retry: Retry::default() }),
        }
    }

    /// Only these expiries are there.
    pub(super) fn keep_expiries(&mut self, is_there: impl Fn(&str) -> bool) {
        self.expiries.retain(|_, endings| {
            endings.retain(|ending| is_there(&ending.expiry.id));
            !endings.is_empty()
        });
    }

    /// Only the expiries that these changes have asked for are there.
    pub(super) fn keep_expiries_of(&mut self, is_kept: impl Fn(&ChangeId) -> bool) {
        self.expiries.retain(|_, endings| {
            endings.retain(|ending| is_kept(&ending.expiry.change));
            !endings.is_empty()
        });
    }

    /// What becomes of expiries that are known by their ids.
    pub(super) fn step_expiries(&mut self, step: &ExpiryStep) {
        let ExpiryStep::Settle { gone, cloud_ids } = step else { return };
        for ending in self.expiries.values_mut().flatten() {
            if let Some((_, cloud_id)) = cloud_ids.iter().find(|(id, _)| *id == ending.expiry.id) {
                ending.expiry.cloud_id = Some(cloud_id.clone());
            }
        }
        self.keep_expiries(|id| !gone.iter().any(|gone| gone == id));
    }

    /// What ends of a firewall.
    pub(super) fn expiries_of(&self, place: &Place) -> impl Iterator<Item = &Expiry> {
        self.expiries.get(place).into_iter().flatten().map(|ending| &ending.expiry)
    }

    /// Whether anything of any firewall ends.
    pub(super) fn has_expiries(&self) -> bool {
        !self.expiries.is_empty()
    }

    /// The changes that are to be undone now.
    pub(super) fn due_changes(&self, clock: &dyn Clock) -> Vec<ChangeId> {
        let is_due = |open: &&Open| {
            let is_under_way = self.is_under_way(&open.record.id);
            open.due.is_over(clock) && clock.running() >= open.retry.not_before && !is_under_way
        };
        self.changes.values().filter(is_due).map(|open| open.record.id.clone()).collect()
    }

    /// The changes of which it is to be found out now whether they were made.
    pub(super) fn due_unsettled(&self, clock: &dyn Clock) -> Vec<ChangeId> {
        let is_due = |retry: &Retry| clock.running() >= retry.not_before;
        self.unsettled
            .iter()
            .filter(|(id, unsettled)| is_due(&unsettled.retry) && !self.is_under_way(id))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// What ends now, by firewall.
    pub(super) fn due_expiries(&self, clock: &dyn Clock) -> Vec<(Place, Vec<Expiry>)> {
        let is_due = |ending: &&Ending| {
            ending.due.is_over(clock)
                && clock.running() >= ending.retry.not_before
                && !self.is_to_be_undone(ending, clock)
        };
        let due = |endings: &Vec<Ending>| endings.iter().filter(is_due).map(|ending| ending.expiry.clone()).collect();
        let all = self.expiries.iter().map(|(place, endings)| (place.clone(), due(endings)));
        all.filter(|(_, due): &(_, Vec<_>)| !due.is_empty()).collect()
    }

    /// Whether it was asked for by a trial whose time is over: that is undone first, and then nothing ends by it any more.
    fn is_to_be_undone(&self, ending: &Ending, clock: &dyn Clock) -> bool {
        let trial = self.changes.get(&ending.expiry.change);
        trial.is_some_and(|open| open.due.is_over(clock) && open.retry.failures == 0)
    }

    /// An attempt to end a change, or to find out about it, has failed.
    pub(super) fn failed(&mut self, id: &ChangeId, clock: &dyn Clock) {
        let open = self.changes.get_mut(id).map(|open| &mut open.retry);
        let unsettled = self.unsettled.get_mut(id).map(|unsettled| &mut unsettled.retry);
        open.into_iter().chain(unsettled).for_each(|retry| retry.failed(clock));
    }

    /// An attempt to end these expiries of a firewall has failed.
    pub(super) fn failed_expiries(&mut self, place: &Place, ids: &[String], clock: &dyn Clock) {
        let endings = self.expiries.get_mut(place).into_iter().flatten();
        endings.filter(|ending| ids.contains(&ending.expiry.id)).for_each(|ending| ending.retry.failed(clock));
    }

    /// When something is to be done next, by how long the clock runs; without changes and firewalls that are worked on.
    pub(super) fn next(
        &self,
        clock: &dyn Clock,
        is_change_worked_on: impl Fn(&ChangeId) -> bool,
        is_firewall_worked_on: impl Fn(&Place) -> bool,
    ) -> Option<Duration> {
        let is_left = |id: &ChangeId| !self.is_under_way(id) && !is_change_worked_on(id);
        let next = |due: Due, retry: Retry| due.looks(clock).max(retry.not_before);
        let changes = self.changes.values().filter(|open| is_left(&open.record.id));
        let changes = changes.map(|open| next(open.due, open.retry));
        let unsettled =
            self.unsettled.iter().filter(|(id, _)| is_left(id)).map(|(_, unsettled)| unsettled.retry.not_before);
        let expiries = self.expiries.iter().filter(|(place, _)| !is_firewall_worked_on(place));
        let expiries = expiries.flat_map(|(_, endings)| endings).filter(|ending| !self.is_to_be_undone(ending, clock));
        let expiries = expiries.map(|ending| next(ending.due, ending.retry));
        changes.chain(unsettled).chain(expiries).min()
    }

    /// What is known of.
    pub(super) fn ids(&self) -> Known {
        Known {
            changes: self.changes.keys().chain(self.unsettled.keys()).cloned().collect(),
            expiries: self.expiries.values().flatten().map(|ending| ending.expiry.id.clone()).collect(),
        }
    }
}

/// What is known of, by its ids.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) changes: HashSet<ChangeId>,
    pub(super) expiries: HashSet<String>,
}

/// How much waits to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) trials: usize,
    pub(super) expiries: usize,
    pub(super) overdue: usize,
}
