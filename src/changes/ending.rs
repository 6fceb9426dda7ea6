//! What of a change ends by itself.

use deltawall_core::{Diff, Driver, Error, Firewall, NewRule, Same};

use super::asked::Asked;
use super::change::Change;
use super::expiring::{Endings, cloud_ids};
use super::pending::Due;
use super::rules::index_of;
use super::shared::Shared;
use super::snapshot;
use super::terms::{Expires, Terms};
use crate::clock::Timestamp;
use crate::store::ChangeId;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{ExpiryStep, Record};

/// What of a change ends by itself.
#[derive(Default)]
pub(super) struct Ends {
    new: Vec<End>,
    /// Whether the rule is there, and only ends at another time than it did.
    is_there_already: bool,
}

struct End {
    id: String,
    rule: NewRule,
    at: Timestamp,
    due: Due,
}

/// Expiries that a change puts an end to.
#[derive(Default)]
pub(super) struct Over {
    pub(super) ids: Vec<String>,
    /// Whether rules that would have ended by themselves are gone with it.
    pub(super) has_lost_rules: bool,
}

impl Ends {
    /// What ends of the rules that a change adds, and of those that it says it of.
    pub(super) fn of(
        shared: &Shared,
        asked: Asked<'_>,
        seen: &Firewall,
        change: &Change,
        terms: &Terms,
        diff: &Diff,
    ) -> Self {
        let carried = carried(shared, asked, seen, change);
        let said = |rule: &NewRule| {
            let of_rule = terms.of_rules.iter().find(|(said, _)| Same::from(said) == Same::from(rule));
            of_rule.map(|(_, at)| Expires::At(*at))
        };
        let of = |rule: &NewRule| said(rule).or(terms.expires).or(carried.map(Expires::At));
        let mut new: Vec<_> =
            diff.adds.iter().filter_map(|add| Some(End::new(shared, add.rule.clone(), of(&add.rule)?))).collect();
        // Of rules that stay, a set may say that they end at another time than they do.
        let known: Vec<_> = expiries(shared, asked, seen);
        let endings = Endings::read(&known);
        let can = asked.driver.capabilities();
        for rule in &seen.rules {
            let Ok(there) = NewRule::of(rule) else { continue };
            let is_added = new.iter().any(|end| Same::from(&end.rule) == Same::from(&there));
            let Some(Expires::At(at)) = said(&there).filter(|_| !is_added) else { continue };
            if endings.of_rule(rule, &can).iter().any(|time| *time != Some(at)) {
                new.push(End::new(shared, there, Expires::At(at)));
            }
        }
        Self { new, is_there_already: false }
    }

    /// The same of a rule that is there and ends by itself already, and is asked for again with another end.
    pub(super) fn asked_again(
        shared: &Shared,
        asked: Asked<'_>,
        seen: &Firewall,
        change: &Change,
        terms: &Terms,
    ) -> Option<Self> {
        let (Change::CreateRule { rule, .. }, Some(expires)) = (change, terms.expires) else { return None };
        let known = expiries(shared, asked, seen);
        Endings::read(&known).asked_again(seen, rule, &asked.driver.capabilities())?;
        Some(Self { new: vec![End::new(shared, rule.clone(), expires)], is_there_already: true })
    }

    pub(super) fn is_there_already(&self) -> bool {
        self.is_there_already
    }

    /// The rules that end.
    pub(super) fn rules(&self) -> Vec<NewRule> {
        self.new.iter().map(|end| end.rule.clone()).collect()
    }

    /// As they are kept for a change.
    pub(super) fn expiries(&self, record: &Record) -> Vec<Expiry> {
        let expiry = |end: &End| Expiry {
            id: end.id.clone(),
            change: record.id.clone(),
            place: record.place.clone(),
            user: record.user.clone(),
            rule: snapshot::write_rule(&end.rule),
            cloud_id: None,
            due: end.at,
        };
        self.new.iter().map(expiry).collect()
    }

    /// What becomes of expiries with a change that was made: these are over, and of those that it has asked for the cloud's ids are known.
    pub(super) fn settle(&self, before: Option<&Firewall>, after: Option<&Firewall>, gone: Vec<String>) -> ExpiryStep {
        let asked = self.new.iter().map(|end| (end.id.as_str(), &end.rule));
        let before = before.filter(|_| !self.is_there_already);
        let cloud_ids = after.map(|after| cloud_ids(before, after, asked)).unwrap_or_default();
        match gone.is_empty() && cloud_ids.is_empty() {
            true => ExpiryStep::Stay,
            false => ExpiryStep::Settle { gone, cloud_ids },
        }
    }

    /// From now on they end by themselves.
    pub(super) fn begin(&self, shared: &Shared, record: &Record, step: &ExpiryStep) {
        if self.new.is_empty() && *step == ExpiryStep::Stay {
            return;
        }
        let mut pending = shared.pending();
        for (mut expiry, end) in self.expiries(record).into_iter().zip(&self.new) {
            if let ExpiryStep::Settle { cloud_ids, .. } = step {
                expiry.cloud_id = cloud_ids.iter().find(|(id, _)| *id == expiry.id).map(|(_, id)| id.clone());
            }
            pending.add_expiry(expiry, end.due);
        }
        if let ExpiryStep::Settle { gone, .. } = step {
            pending.keep_expiries(|id| !gone.iter().any(|gone| gone == id));
        }
    }
}

impl End {
    fn new(shared: &Shared, rule: NewRule, expires: Expires) -> Self {
        let (clock, now) = (&*shared.clock, shared.clock.now());
        let (at, due) = match expires {
            Expires::In(time) => (now.after(time), Due::after(time, clock)),
            Expires::At(at) => (at, Due::at(at, clock)),
        };
        Self { id: shared.new_id().to_string(), rule, at, due }
    }
}

/// The expiries that are over once a firewall is so, beside those that a change has asked for itself: their rules are gone, or end at the
/// time that the change says.
pub(super) fn over(
    shared: &Shared,
    driver: &dyn Driver,
    place: &Place,
    by: &ChangeId,
    after: Option<&Firewall>,
    rules: &[NewRule],
) -> Over {
    let others: Vec<_> = shared.pending().expiries_of(place).filter(|expiry| expiry.change != *by).cloned().collect();
    let (endings, can) = (Endings::read(&others), driver.capabilities());
    let absent = match after {
        Some(after) => endings.absent(after, &can),
        None => others.iter().map(|expiry| expiry.id.clone()).collect(),
    };
    let has_lost_rules = !absent.is_empty();
    let mut ids = absent;
    let again = endings.for_the_same(rules, &can).into_iter().filter(|id| !ids.contains(id)).collect::<Vec<_>>();
    ids.extend(again);
    Over { ids, has_lost_rules }
}

/// The rules that a change has asked to end.
pub(super) fn asked_for(shared: &Shared, record: &Record) -> Vec<NewRule> {
    let pending = shared.pending();
    let own = pending.expiries_of(&record.place).filter(|expiry| expiry.change == record.id);
    own.filter_map(|expiry| snapshot::read_rule(&expiry.rule).ok()).collect()
}

/// The step of expiries of a change of which it is found out only now that it was made.
pub(super) fn settle_known(
    shared: &Shared,
    record: &Record,
    before: Option<&Firewall>,
    now: Option<&Firewall>,
) -> ExpiryStep {
    let pending = shared.pending();
    let own: Vec<_> = pending.expiries_of(&record.place).filter(|expiry| expiry.change == record.id).cloned().collect();
    drop(pending);
    let read = own.iter().filter_map(|expiry| Some((expiry.id.as_str(), snapshot::read_rule(&expiry.rule).ok()?)));
    let read: Vec<_> = read.collect();
    let asked = read.iter().map(|(id, rule)| (*id, rule));
    match now.map(|now| cloud_ids(before, now, asked)).unwrap_or_default() {
        cloud_ids if cloud_ids.is_empty() => ExpiryStep::Stay,
        cloud_ids => ExpiryStep::Settle { gone: Vec::new(), cloud_ids },
    }
}

/// When the rule goes by itself that a change makes another of: the other goes then, too.
fn carried(shared: &Shared, asked: Asked<'_>, seen: &Firewall, change: &Change) -> Option<Timestamp> {
    let Change::EditRule { readings, .. } = change else { return None };
    let index: Result<usize, Error> = index_of(asked.driver, seen, readings);
    let rule = seen.rules.get(index.ok()?)?;
    let known = expiries(shared, asked, seen);
    // Of sources that end at several times, the first decides: nothing stays open longer than it was to.
    Endings::read(&known).of_rule(rule, &asked.driver.capabilities()).into_iter().flatten().min()
}

fn expiries(shared: &Shared, asked: Asked<'_>, seen: &Firewall) -> Vec<Expiry> {
    let place = shared.place(asked.driver, asked.context.provider.as_ref(), seen);
    shared.pending().expiries_of(&place).cloned().collect()
}
