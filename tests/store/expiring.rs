//! What ends by itself.

use deltawall::store::Store;
use deltawall::store::expiry::Expiry;
use deltawall::store::record::{Beginning, ExpiryStep, State, Step};

use crate::kinds::on_each_kind;
use crate::records::{beginning, expiry, id, record, sealed, step, time};

on_each_kind! {
    expiries_are_kept_until_they_are_over
    expiries_of_a_change_that_was_not_made_are_forgotten
    a_step_settles_expiries
    an_expiry_is_worked_on_by_one_gateway
}

async fn begin(store: &dyn Store) -> Vec<Expiry> {
    let record = record(1, "web");
    let expiries = vec![expiry("c", &record, 300), expiry("a", &record, 100), expiry("b", &record, 200)];
    let with_credentials = expiries.iter().map(|expiry| (expiry.clone(), Some(sealed(&expiry.id)))).collect();
    store.begin(Beginning { expiries: with_credentials, ..beginning(record) }).await.unwrap();
    expiries
}

async fn names(store: &dyn Store) -> Vec<String> {
    store.expiries().await.unwrap().into_iter().map(|expiry| expiry.id).collect()
}

async fn expiries_are_kept_until_they_are_over(store: &dyn Store) {
    let [c, a, b] = begin(store).await.try_into().unwrap();
    assert_eq!(store.expiries().await.unwrap(), [a, b, c]);
    store.step(&id(1), step(State::Applying, State::Done)).await.unwrap();
    assert_eq!(store.credentials("a").await.unwrap(), Some(sealed("a")));
    store.end_expiries(&["a".into(), "x".into()]).await.unwrap();
    assert_eq!(names(store).await, ["b", "c"]);
    assert_eq!(store.credentials("a").await.unwrap(), None);
    assert_eq!(store.credentials("b").await.unwrap(), Some(sealed("b")));
    // A change may say that others are over.
    let other = Beginning { gone: vec!["b".into()], ..beginning(record(2, "web")) };
    store.begin(other).await.unwrap();
    assert_eq!(names(store).await, ["c"]);
    assert_eq!(store.credentials("b").await.unwrap(), None);
}

async fn expiries_of_a_change_that_was_not_made_are_forgotten(store: &dyn Store) {
    begin(store).await;
    let other = record(2, "db");
    let own = vec![(expiry("d", &other, 1), None)];
    store.begin(Beginning { expiries: own, ..beginning(other) }).await.unwrap();
    let failed = Step { expiries: ExpiryStep::Forget, ..step(State::Applying, State::Failed) };
    store.step(&id(1), failed).await.unwrap();
    assert_eq!(names(store).await, ["d"]);
    assert_eq!(store.credentials("a").await.unwrap(), None);
}

async fn a_step_settles_expiries(store: &dyn Store) {
    begin(store).await;
    let settles = ExpiryStep::Settle {
        gone: vec!["a".into(), "x".into()],
        cloud_ids: vec![("b".into(), "sgr-1".into()), ("y".into(), "sgr-2".into())],
    };
    let done = Step { expiries: settles, ..step(State::Applying, State::Done) };
    store.step(&id(1), done).await.unwrap();
    let left = store.expiries().await.unwrap();
    let left: Vec<_> = left.iter().map(|expiry| (expiry.id.as_str(), expiry.cloud_id.as_deref())).collect();
    assert_eq!(left, [("b", Some("sgr-1")), ("c", None)]);
    // What is not made changes nothing.
    let late = Step { expiries: ExpiryStep::Forget, ..step(State::Applying, State::Failed) };
    assert!(!store.step(&id(1), late).await.unwrap());
    assert_eq!(names(store).await, ["b", "c"]);
}

async fn an_expiry_is_worked_on_by_one_gateway(store: &dyn Store) {
    begin(store).await;
    let claim = async |ids: &[&str], by: &str, now: i64| {
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        store.claim_expiries(&ids, by, time(now), time(now + 10)).await.unwrap()
    };
    assert_eq!(claim(&["a", "b", "x"], "one", 0).await, ["a", "b"]);
    assert_eq!(claim(&["a", "b", "c"], "two", 5).await, ["c"]);
    assert_eq!(claim(&["a"], "one", 5).await, ["a"]);
    assert_eq!(claim(&["a", "b"], "two", 12).await, ["b"]);
}
