//! Changes and expiries to keep.

use deltawall::clock::Timestamp;
use deltawall::store::expiry::Expiry;
use deltawall::store::place::Place;
use deltawall::store::record::{Beginning, Left, Query, Record, Sealed, State, Step};
use deltawall::store::{ChangeId, Store};

pub fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

pub fn id(number: usize) -> ChangeId {
    ChangeId::new(&format!("{number:026}")).unwrap()
}

pub fn place(firewall: &str) -> Place {
    Place { driver: "mock".into(), provider: "eu".into(), owner: "you".into(), firewall: firewall.into() }
}

/// A change that has just begun, with all that it may have.
pub fn record(number: usize, firewall: &str) -> Record {
    Record {
        why: Some("it's \"urgent\" – ä".into()),
        confirm_by: Some(time(60_000)),
        before: Some("{\"before\":1}".into()),
        after: Some("{\"after\":1}".into()),
        held: Some(("one".into(), time(5_000))),
        ..Record::begun(id(number), place(firewall), "ann", "create_rule", time(number as i64))
    }
}

pub fn beginning(record: Record) -> Beginning {
    Beginning { record, instead_of: None, left: Left::Same, gone: Vec::new(), credentials: None, expiries: Vec::new() }
}

pub fn sealed(text: &str) -> Sealed {
    Sealed(text.as_bytes().to_vec())
}

pub fn expiry(name: &str, of: &Record, due: i64) -> Expiry {
    Expiry {
        id: name.into(),
        change: of.id.clone(),
        place: of.place.clone(),
        user: "ann".into(),
        rule: "{\"rule\":1}".into(),
        cloud_id: None,
        due: time(due),
    }
}

pub fn step(from: State, to: State) -> Step {
    Step { from: vec![from], to: Some(to), by: "one".into(), at: Some(time(100)), ..Step::default() }
}

pub async fn ids(store: &dyn Store, query: Query) -> Vec<ChangeId> {
    let query = Query { limit: if query.limit == 0 { 100 } else { query.limit }, ..query };
    store.changes(&query).await.unwrap().into_iter().map(|record| record.id).collect()
}
