//! What of a change ends by itself.

use deltawall_core::{CloudRuleId, Diff, Driver, Firewall, NewRule, Rule};

use super::asked::Asked;
use super::change::Change;
use super::expiring::{Again, Endings, added, cloud_ids, is_part, read};
use super::joined::saying_its_own;
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
    cloud_id: Option<String>,
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
        let can = asked.driver.capabilities();
        let known = expiries(shared, asked, seen);
        let known = read(&known);
        let endings = Endings::new(&known, &can);
        let edited = edited(asked, seen, change);
        let adds: Vec<&NewRule> = match change {
            Change::ReplaceRules { .. } => added(diff, &can).collect(),
            _ => diff.adds.iter().map(|add| &add.rule).collect(),
        };
        let mut new = Vec::new();
        let mut end = |rule, cloud_id, expires| new.push(End::new(shared, rule, cloud_id, expires));
        for rule in &adds {
            let rule = || match can.rules.join {
                true => saying_its_own((*rule).clone(), &seen.rules),
                false => (*rule).clone(),
            };
            let said = terms.of_rules.iter().find(|(said, _)| is_part(&rule(), said, &can));
            match said.map(|(_, at)| Expires::At(*at)).or(terms.expires) {
                Some(expires) => end(rule(), None, expires),
                None => {
                    let carried = edited.map(|was| endings.carried(was, &rule())).unwrap_or_default();
                    carried.into_iter().for_each(|(rule, at)| end(rule, None, Expires::At(at)));
                }
            }
        }
        // Of rules that stay, a set may say that they end at another time than they do.
        for (said, at) in &terms.of_rules {
            let again = endings.at_another_time(seen, said, *at);
            if let Some(again) = again.filter(|again| !adds.iter().any(|add| is_part(&again.rule, add, &can))) {
                end(again.rule, again.cloud_id, Expires::At(*at));
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
        let (can, known) = (asked.driver.capabilities(), expiries(shared, asked, seen));
        let known = read(&known);
        let Again { rule, cloud_id } = Endings::new(&known, &can).asked_again(seen, rule)?;
        Some(Self { new: vec![End::new(shared, rule, cloud_id, expires)], is_there_already: true })
    }

    pub(super) fn is_there_already(&self) -> bool {
        self.is_there_already
    }

    /// The rules that end, each with the cloud's own id where it was there already.
    pub(super) fn rules(&self) -> Vec<(NewRule, Option<String>)> {
        self.new.iter().map(|end| (end.rule.clone(), end.cloud_id.clone())).collect()
    }

    /// As they are kept for a change.
    pub(super) fn expiries(&self, record: &Record) -> Vec<Expiry> {
        let expiry = |end: &End| Expiry {
            id: end.id.clone(),
            change: record.id.clone(),
            place: record.place.clone(),
            user: record.user.clone(),
            rule: snapshot::write_rule(&end.rule),
            cloud_id: end.cloud_id.clone(),
            due: end.at,
        };
        self.new.iter().map(expiry).collect()
    }

    /// What becomes of expiries with a change that was made: these are over, and of those that it has asked for the cloud's ids are known.
    pub(super) fn settle(&self, before: Option<&Firewall>, after: Option<&Firewall>, gone: Vec<String>) -> ExpiryStep {
        let unknown = self.new.iter().filter(|end| end.cloud_id.is_none());
        let asked = unknown.map(|end| (end.id.as_str(), &end.rule));
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
        for (expiry, end) in self.expiries(record).into_iter().zip(&self.new) {
            pending.add_expiry(expiry, end.due);
        }
        pending.step_expiries(step);
    }
}

impl End {
    fn new(shared: &Shared, rule: NewRule, cloud_id: Option<CloudRuleId>, expires: Expires) -> Self {
        let (clock, now) = (&*shared.clock, shared.clock.now());
        let (at, due) = match expires {
            Expires::In(time) => (now.after(time), Due::after(time, clock)),
            Expires::At(at) => (at, Due::at(at, clock)),
        };
        let cloud_id = cloud_id.map(|id| id.as_str().to_owned());
        Self { id: shared.new_id().to_string(), rule, cloud_id, at, due }
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
    rules: &[(NewRule, Option<String>)],
) -> Over {
    let others: Vec<_> = shared.pending().expiries_of(place).filter(|expiry| expiry.change != *by).cloned().collect();
    let (others_read, can) = (read(&others), driver.capabilities());
    let endings = Endings::new(&others_read, &can);
    let absent = match after {
        Some(after) => endings.absent(after),
        None => others.iter().map(|expiry| expiry.id.clone()).collect(),
    };
    let has_lost_rules = !absent.is_empty();
    let again = endings.replaced(rules.iter().map(|(rule, id)| (rule, id.as_deref())));
    // One may be both; to forget it twice is to forget it.
    Over { ids: [absent, again].concat(), has_lost_rules }
}

/// All expiries of a firewall but those that a change has asked for.
pub(super) fn of_others(shared: &Shared, place: &Place, by: &ChangeId) -> Over {
    let ids: Vec<_> = {
        let pending = shared.pending();
        let others = pending.expiries_of(place).filter(|expiry| expiry.change != *by);
        others.map(|expiry| expiry.id.clone()).collect()
    };
    Over { has_lost_rules: !ids.is_empty(), ids }
}

/// The rules that a change has asked to end, each with the cloud's own id where it is known.
pub(super) fn asked_for(shared: &Shared, record: &Record) -> Vec<(NewRule, Option<String>)> {
    let pending = shared.pending();
    let own = pending.expiries_of(&record.place).filter(|expiry| expiry.change == record.id);
    own.filter_map(|expiry| Some((snapshot::read_rule(&expiry.rule).ok()?, expiry.cloud_id.clone()))).collect()
}

/// The step of expiries of a change that is undone: those that it has asked for are over. Rules that have come back may have other ids at
/// the cloud, and still end when they were to.
pub(super) fn put_back(shared: &Shared, record: &Record, was: Option<&Firewall>, now: Option<&Firewall>) -> ExpiryStep {
    let known: Vec<_> = shared.pending().expiries_of(&record.place).cloned().collect();
    let (own, others): (Vec<_>, Vec<_>) = known.into_iter().partition(|expiry| expiry.change == record.id);
    let is_there = |id: &str| {
        let mut ids = now.into_iter().flat_map(|now| &now.rules).filter_map(|rule| rule.cloud_id.as_ref());
        ids.any(|there| there.as_str() == id)
    };
    let lost = others.iter().filter(|expiry| !expiry.cloud_id.as_deref().is_some_and(is_there));
    ExpiryStep::Settle {
        cloud_ids: now.map(|now| ids_of(lost, was, now)).unwrap_or_default(),
        gone: own.into_iter().map(|expiry| expiry.id).collect(),
    }
}

/// When rules of a firewall end by themselves that are to be made again.
pub(super) fn known_ends(shared: &Shared, asked: Asked<'_>, firewall: &Firewall) -> Vec<(NewRule, Timestamp)> {
    let known = expiries(shared, asked, firewall);
    let read = known.iter().filter_map(|expiry| Some((snapshot::read_rule(&expiry.rule).ok()?, expiry.due)));
    let now = shared.clock.now();
    read.filter(|(_, due)| *due > now).collect()
}

/// The step of expiries of a change of which it is found out only now that it was made.
pub(super) fn settle_known(
    shared: &Shared,
    record: &Record,
    before: Option<&Firewall>,
    now: Option<&Firewall>,
) -> ExpiryStep {
    let pending = shared.pending();
    let own = pending.expiries_of(&record.place).filter(|expiry| expiry.change == record.id);
    match now.map(|now| ids_of(own, before, now)).unwrap_or_default() {
        cloud_ids if cloud_ids.is_empty() => ExpiryStep::Stay,
        cloud_ids => ExpiryStep::Settle { gone: Vec::new(), cloud_ids },
    }
}

/// The cloud's ids of rules that have come with a change and are to end.
fn ids_of<'a>(
    expiries: impl Iterator<Item = &'a Expiry>,
    before: Option<&Firewall>,
    now: &Firewall,
) -> Vec<(String, String)> {
    let read: Vec<_> =
        expiries.filter_map(|expiry| Some((&*expiry.id, snapshot::read_rule(&expiry.rule).ok()?))).collect();
    cloud_ids(before, now, read.iter().map(|(id, rule)| (*id, rule)))
}

/// The rule that a change makes another of.
fn edited<'a>(asked: Asked<'_>, seen: &'a Firewall, change: &Change) -> Option<&'a Rule> {
    let Change::EditRule { readings, .. } = change else { return None };
    seen.rules.get(index_of(asked.driver, seen, readings).ok()?)
}

fn expiries(shared: &Shared, asked: Asked<'_>, seen: &Firewall) -> Vec<Expiry> {
    let place = shared.place(asked.driver, asked.context.provider.as_ref(), seen);
    shared.pending().expiries_of(&place).cloned().collect()
}
