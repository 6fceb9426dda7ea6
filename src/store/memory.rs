//! A store in the process's own memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::change_id::ChangeId;
use super::documents::DocumentWrites;
use super::error::{BeginError, StoreError};
use super::expiry::Expiry;
use super::interface::Store;
use super::place::Place;
use super::record::{Beginning, ExpiryStep, Left, Query, Record, Sealed, State, Step};
use crate::clock::Timestamp;

/// How many changes that came to their end are kept.
const MAX_ENDED: usize = 10_000;

/// How much those that came to their end, and what is known of firewalls, may take together, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A store in the process's own memory, which ends with it. It keeps the last 10,000 changes, or as many as find room in 64 MiB.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    changes: BTreeMap<ChangeId, Record>,
    open: HashMap<Place, ChangeId>,
    credentials: HashMap<String, Sealed>,
    expiries: BTreeMap<String, Taken>,
    left: HashMap<Place, (ChangeId, String)>,
    documents: BTreeMap<String, String>,
    /// How much the texts of changes and of what is left take.
    bytes: usize,
}

/// An expiry, and the gateway that works on it until then.
#[derive(Debug)]
struct Taken {
    expiry: Expiry,
    held: Option<(String, Timestamp)>,
}

#[async_trait]
impl Store for Memory {
    fn is_durable(&self) -> bool {
        false
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn begin(&self, beginning: Beginning) -> Result<(), BeginError> {
        let mut kept = self.kept();
        let Beginning { record, instead_of, left, gone, credentials, expiries } = beginning;
        if record.state.is_open() {
            let other = kept.open.get(&record.place).and_then(|id| kept.changes.get(id));
            let in_the_way = other.filter(|open| instead_of.as_ref().is_none_or(|(id, _)| *id != open.id));
            if let Some(open) = in_the_way {
                return Err(BeginError::Busy(Box::new(without_firewalls(open))));
            }
        }
        if let Some((id, step)) = instead_of
            && !kept.step(&id, step)?
        {
            return Err(BeginError::Over(id));
        }
        if record.state.is_open() {
            kept.open.insert(record.place.clone(), record.id.clone());
        }
        kept.leave(&record.place, &record.id, left);
        kept.end_expiries(&gone);
        if let Some(sealed) = credentials {
            kept.credentials.insert(record.id.to_string(), sealed);
        }
        for (expiry, credentials) in expiries {
            if let Some(sealed) = credentials {
                kept.credentials.insert(expiry.id.clone(), sealed);
            }
            kept.expiries.insert(expiry.id.clone(), Taken { expiry, held: None });
        }
        kept.bytes += size(&record);
        kept.changes.insert(record.id.clone(), record);
        kept.bound();
        Ok(())
    }

    async fn step(&self, id: &ChangeId, step: Step) -> Result<bool, BeginError> {
        self.kept().step(id, step)
    }

    async fn change(&self, id: &ChangeId) -> Result<Option<Record>, StoreError> {
        Ok(self.kept().changes.get(id).cloned())
    }

    async fn changes(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let kept = self.kept();
        let asked = kept.changes.values().rev().filter(|record| is_asked(record, query));
        Ok(asked.take(query.limit).map(without_firewalls).collect())
    }

    async fn open_changes(&self) -> Result<Vec<Record>, StoreError> {
        Ok(self.kept().changes.values().filter(|record| record.state.is_open()).map(without_firewalls).collect())
    }

    async fn credentials(&self, of: &str) -> Result<Option<Sealed>, StoreError> {
        Ok(self.kept().credentials.get(of).cloned())
    }

    async fn expiries(&self) -> Result<Vec<Expiry>, StoreError> {
        let mut all: Vec<_> = self.kept().expiries.values().map(|taken| taken.expiry.clone()).collect();
        all.sort_by_key(|expiry| expiry.due);
        Ok(all)
    }

    async fn claim_expiries(
        &self,
        ids: &[String],
        by: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let mut kept = self.kept();
        let mut claimed = Vec::new();
        for id in ids {
            if let Some(taken) = kept.expiries.get_mut(id)
                && is_free(taken.held.as_ref(), by, now)
            {
                taken.held = Some((by.to_owned(), until));
                claimed.push(id.clone());
            }
        }
        Ok(claimed)
    }

    async fn end_expiries(&self, ids: &[String]) -> Result<(), StoreError> {
        self.kept().end_expiries(ids);
        Ok(())
    }

    async fn prune(&self, made_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        Ok(self.kept().prune(made_before, most))
    }

    async fn left(&self, place: &Place) -> Result<Option<(ChangeId, String)>, StoreError> {
        Ok(self.kept().left.get(place).cloned())
    }

    async fn document(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.kept().documents.get(name).cloned())
    }

    async fn write_document(&self, name: &str, document: &str) -> Result<(), StoreError> {
        self.kept().documents.insert(name.to_owned(), document.to_owned());
        Ok(())
    }

    async fn documents(&self, start: &str) -> Result<Vec<(String, String)>, StoreError> {
        let kept = self.kept();
        let from = kept.documents.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        let begin_so = from.take_while(|(name, _)| name.starts_with(start));
        Ok(begin_so.map(|(name, document)| (name.clone(), document.clone())).collect())
    }

    async fn write_documents(&self, writes: DocumentWrites) -> Result<bool, StoreError> {
        let mut kept = self.kept();
        let documents = &mut kept.documents;
        if let Some((name, seen)) = &writes.only_if
            && documents.get(name) != seen.as_ref()
        {
            return Ok(false);
        }
        for (name, document) in writes.writes {
            match document {
                Some(document) => documents.insert(name, document),
                None => documents.remove(&name),
            };
        }
        Ok(true)
    }
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn step(&mut self, id: &ChangeId, step: Step) -> Result<bool, BeginError> {
        let Some(record) = self.changes.get(id) else { return Ok(false) };
        let to = step.to.unwrap_or(record.state);
        let place = step.place.unwrap_or_else(|| record.place.clone());
        let other = self.open.get(&place).filter(|open| *open != id && to.is_open());
        let busy = other.and_then(|open| self.changes.get(open)).map(|other| Box::new(without_firewalls(other)));
        let Some(record) = self.changes.get_mut(id) else { return Ok(false) };
        let is_free = step.at.is_none_or(|now| is_free(record.held.as_ref(), &step.by, now));
        if !step.from.contains(&record.state) || !is_free {
            return Ok(false);
        }
        if let Some(busy) = busy {
            return Err(BeginError::Busy(busy));
        }
        if self.open.get(&record.place) == Some(id) {
            self.open.remove(&record.place);
        }
        // Nobody has undone or ended a trial that goes on.
        let goes_on = to == State::Trying && !record.state.is_open();
        record.state = to;
        record.place = place.clone();
        record.held = step.held;
        record.undone_by = step.undone_by.or(record.undone_by.take()).filter(|_| !goes_on);
        record.note = step.note.or(record.note.take());
        record.attempts += u32::from(step.is_attempt);
        self.bytes -= size(record);
        record.after = step.after.or(record.after.take());
        self.bytes += size(record);
        record.forgot_expiry |= step.forgets_expiry;
        if to.is_open() {
            self.open.insert(place.clone(), id.clone());
            record.ended_at = record.ended_at.filter(|_| !goes_on);
        } else {
            record.ended_at = step.at.or(record.ended_at);
            self.credentials.remove(id.as_str());
        }
        self.leave(&place, id, step.left);
        if let Some(sealed) = step.credentials {
            self.credentials.insert(id.to_string(), sealed);
        }
        self.step_expiries(id, step.expiries);
        Ok(true)
    }

    fn leave(&mut self, place: &Place, by: &ChangeId, left: Left) {
        let before = match left {
            Left::Same => return,
            Left::As(firewall) => {
                self.bytes += firewall.len();
                self.left.insert(place.clone(), (by.clone(), firewall))
            }
            Left::Unknown => self.left.remove(place),
        };
        self.bytes -= before.map_or(0, |(_, firewall)| firewall.len());
    }

    fn step_expiries(&mut self, of: &ChangeId, step: ExpiryStep) {
        match step {
            ExpiryStep::Stay => {}
            ExpiryStep::Forget => {
                let own = self.expiries.values().filter(|taken| taken.expiry.change == *of);
                let own: Vec<_> = own.map(|taken| taken.expiry.id.clone()).collect();
                self.end_expiries(&own);
            }
            ExpiryStep::Settle { gone, cloud_ids } => {
                self.end_expiries(&gone);
                for (id, cloud_id) in cloud_ids {
                    if let Some(taken) = self.expiries.get_mut(&id) {
                        taken.expiry.cloud_id = Some(cloud_id);
                    }
                }
            }
        }
    }

    fn end_expiries(&mut self, ids: &[String]) {
        for id in ids {
            self.expiries.remove(id);
            self.credentials.remove(id);
        }
    }

    fn prune(&mut self, made_before: Timestamp, most: usize) -> usize {
        let is_old = |record: &&Record| record.made_at < made_before && !record.state.is_open();
        let old: Vec<_> = self.changes.values().filter(is_old).take(most).map(|record| record.id.clone()).collect();
        for id in &old {
            self.credentials.remove(id.as_str());
            self.bytes -= self.changes.remove(id).map_or(0, |record| size(&record));
        }
        old.len()
    }

    /// Forgets the oldest changes where there are too many, and what is known of firewalls where that alone is too much.
    fn bound(&mut self) {
        while self.changes.len() > MAX_ENDED || self.bytes > MAX_BYTES {
            let oldest = self.changes.values().find(|record| !record.state.is_open()).map(|record| record.id.clone());
            let forgotten = match oldest {
                Some(oldest) => self.changes.remove(&oldest).map(|record| size(&record)),
                None => {
                    let place = self.left.keys().next().cloned();
                    place.and_then(|place| self.left.remove(&place)).map(|(_, firewall)| firewall.len())
                }
            };
            match forgotten {
                Some(bytes) => self.bytes -= bytes,
                None => return,
            }
        }
    }
}

fn without_firewalls(record: &Record) -> Record {
    Record { before: None, after: None, ..record.clone() }
}

/// How much the texts of a change take, in bytes.
fn size(record: &Record) -> usize {
    [&record.before, &record.after].into_iter().flatten().map(String::len).sum()
}

/// Whether a gateway may work on what this one holds.
fn is_free(held: Option<&(String, Timestamp)>, by: &str, now: Timestamp) -> bool {
    held.is_none_or(|(holder, until)| holder == by || *until <= now)
}

fn is_asked(record: &Record, query: &Query) -> bool {
    let is = |asked: &Option<String>, there: &str| asked.as_deref().is_none_or(|asked| asked == there);
    is(&query.driver, &record.place.driver)
        && is(&query.provider, &record.place.provider)
        && is(&query.firewall, &record.place.firewall)
        && is(&query.user, &record.user)
        && query.state.is_none_or(|state| state == record.state)
        && query.since.is_none_or(|since| record.made_at >= since)
        && query.until.is_none_or(|until| record.made_at < until)
        && query.before.as_ref().is_none_or(|before| record.id < *before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, text: &str) -> Record {
        let place =
            Place { driver: "mock".into(), provider: String::new(), owner: "a".into(), firewall: number.to_string() };
        Record {
            id: ChangeId::new(&format!("{number:026}")).unwrap(),
            place,
            user: "u".into(),
            operation: "create_rule".into(),
            why: None,
            state: State::Done,
            made_at: Timestamp::from_millis(0),
            confirm_by: None,
            ended_at: None,
            undone_by: None,
            note: None,
            attempts: 0,
            forgot_expiry: false,
            before: Some(text.to_owned()),
            after: Some(text.to_owned()),
            held: None,
        }
    }

    async fn begin(store: &Memory, record: Record, left: Left) -> Result<(), BeginError> {
        let beginning =
            Beginning { record, instead_of: None, left, gone: Vec::new(), credentials: None, expiries: Vec::new() };
        store.begin(beginning).await
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded_in_number_and_in_bytes() {
        let store = Memory::default();
        for number in 0..MAX_ENDED + 5 {
            begin(&store, record(number, ""), Left::Same).await.unwrap();
        }
        assert_eq!(store.kept().changes.len(), MAX_ENDED);
        let store = Memory::default();
        let text = "x".repeat(MAX_BYTES / 100);
        for number in 0..200 {
            begin(&store, record(number, &text), Left::As(text.clone())).await.unwrap();
        }
        let kept = store.kept();
        let texts = kept.changes.values().map(size).sum::<usize>();
        let left = kept.left.values().map(|(_, firewall)| firewall.len()).sum::<usize>();
        assert_eq!(kept.bytes, texts + left);
        assert!(kept.bytes <= MAX_BYTES && kept.bytes > MAX_BYTES / 2, "{}", kept.bytes);
    }
}
