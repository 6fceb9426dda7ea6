//! Each kind does what the one in memory does, whatever is asked.

use std::fmt::Debug;

use deltawall::store::record::{Beginning, ExpiryStep, Left, Query, Record, State, Step};
use deltawall::store::{DocumentWrites, Store};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::kinds;
use crate::records::{beginning, expiry, id, place, record, sealed, time};

/// How many calls one case makes.
const CALLS: usize = 300;

#[derive(Debug, Clone)]
enum Call {
    Begin {
        number: usize,
        firewall: usize,
        state: State,
        left: Left,
        has_credentials: bool,
        expiries: Vec<usize>,
        gone: Vec<usize>,
    },
    Step {
        number: usize,
        step: Box<Step>,
    },
    Claim {
        expiries: Vec<usize>,
        by: &'static str,
        now: i64,
    },
    End {
        expiries: Vec<usize>,
    },
    Prune {
        before: i64,
    },
    List(Query),
    Write(DocumentWrites),
    Find(String),
}

fn state() -> impl Strategy<Value = State> {
    select(State::ALL.to_vec())
}

fn left() -> impl Strategy<Value = Left> {
    prop_oneof![Just(Left::Same), Just(Left::Unknown), "[a-z]{1,4}".prop_map(Left::As)]
}

fn some() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..40usize, 0..3)
}

fn gateway() -> impl Strategy<Value = &'static str> {
    select(vec!["one", "two"])
}

fn expiry_step() -> impl Strategy<Value = ExpiryStep> {
    let names = |all: Vec<usize>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    prop_oneof![
        Just(ExpiryStep::Stay),
        Just(ExpiryStep::Forget),
        (some(), some()).prop_map(move |(gone, known)| ExpiryStep::Settle {
            gone: names(gone),
            cloud_ids: names(known).into_iter().map(|id| (id.clone(), format!("sgr-{id}"))).collect(),
        })
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let held = prop::option::of((gateway(), 0..100i64));
    let texts = (prop::option::of("[a-z]{1,4}"), prop::option::of("[a-z]{1,4}"), prop::option::of("[a-z]{1,4}"));
    let first =
        (prop::collection::vec(state(), 1..4), prop::option::of(state()), prop::option::of(0..100i64), held, gateway());
    let second = (
        texts,
        any::<bool>(),
        any::<bool>(),
        prop::option::weighted(0.1, 0..6usize),
        left(),
        any::<bool>(),
        expiry_step(),
    );
    (first, second).prop_map(
        |((from, to, at, held, by), (texts, is_attempt, forgets_expiry, place_of, left, seals, expiries))| Step {
            from,
            to,
            at: at.map(time),
            held: held.map(|(by, until)| (by.to_owned(), time(until))),
            by: by.to_owned(),
            undone_by: texts.0,
            note: texts.1,
            after: texts.2,
            is_attempt,
            forgets_expiry,
            place: place_of.map(|number| place(&number.to_string())),
            left,
            credentials: seals.then(|| sealed("again")),
            expiries,
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    let numbers = (prop::option::of(0..200i64), prop::option::of(0..200i64), prop::option::of(0..300usize), 1..20usize);
    (prop::option::of(0..6usize), prop::option::of(state()), numbers).prop_map(
        |(firewall, state, (since, until, before, limit))| Query {
            firewall: firewall.map(|number| number.to_string()),
            state,
            since: since.map(time),
            until: until.map(time),
            before: before.map(id),
            limit,
            ..Query::default()
        },
    )
}

/// Few names and texts, so that what was seen is often still so.
fn writes() -> impl Strategy<Value = DocumentWrites> {
    let document = || ("[ab%_]{0,2}", prop::option::weighted(0.7, "[01]"));
    (prop::collection::vec(document(), 0..4), prop::option::of(document()))
        .prop_map(|(writes, only_if)| DocumentWrites { writes, only_if })
}

fn call() -> impl Strategy<Value = Call> {
    let begin = (0..300usize, 0..6usize, state(), left(), any::<bool>(), some(), some());
    let begin = begin.prop_map(|(number, firewall, state, left, has_credentials, expiries, gone)| Call::Begin {
        number,
        firewall,
        state,
        left,
        has_credentials,
        expiries,
        gone,
    });
    prop_oneof![
        4 => begin,
        8 => (0..300usize, step()).prop_map(|(number, step)| Call::Step { number, step: Box::new(step) }),
        1 => (some(), gateway(), 0..100i64).prop_map(|(expiries, by, now)| Call::Claim { expiries, by, now }),
        1 => some().prop_map(|expiries| Call::End { expiries }),
        1 => (0..100i64).prop_map(|before| Call::Prune { before }),
        2 => query().prop_map(Call::List),
        4 => writes().prop_map(Call::Write),
        1 => "[ab%_]{0,2}".prop_map(Call::Find),
    ]
}

/// Makes a call, and tells its answer.
async fn make(store: &dyn Store, call: &Call, at: usize) -> String {
    let names = |all: &[usize]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    fn told(answer: impl Debug) -> String {
        format!("{answer:?}")
    }
    match call {
        Call::Begin { number, firewall, state, left, has_credentials, expiries, gone } => {
            let record = Record { state: *state, ..record(*number, &firewall.to_string()) };
            // Ids are given once.
            if store.change(&record.id).await.unwrap().is_some() {
                return String::new();
            }
            let named = expiries.iter().enumerate().map(|(nth, _)| format!("{at}-{nth}"));
            let expiries = named
                .zip(expiries)
                .map(|(name, due)| (expiry(&name, &record, *due as i64), Some(sealed(&name))))
                .collect();
            let credentials = has_credentials.then(|| sealed("first"));
            told(
                store
                    .begin(Beginning {
                        left: left.clone(),
                        credentials,
                        expiries,
                        gone: names(gone),
                        ..beginning(record)
                    })
                    .await,
            )
        }
        Call::Step { number, step } => told(store.step(&id(*number), (**step).clone()).await),
        Call::Claim { expiries, by, now } => {
            told(store.claim_expiries(&names(expiries), by, time(*now), time(now + 10)).await)
        }
        Call::End { expiries } => told(store.end_expiries(&names(expiries)).await),
        Call::Prune { before } => told(store.prune(time(*before), 3).await),
        Call::List(query) => told(store.changes(query).await),
        Call::Write(writes) => told(store.write_documents(writes.clone()).await),
        Call::Find(start) => told(store.documents(start).await),
    }
}

/// All that is kept.
async fn all(store: &dyn Store) -> String {
    let mut all = Vec::new();
    for number in 0..300 {
        all.push(format!("{:?}", store.change(&id(number)).await.unwrap()));
        all.push(format!("{:?}", store.credentials(id(number).as_str()).await.unwrap().map(|sealed| sealed.0)));
    }
    for firewall in 0..6 {
        all.push(format!("{:?}", store.left(&place(&firewall.to_string())).await.unwrap()));
    }
    let mut expiries = store.expiries().await.unwrap();
    expiries.sort_by_key(|expiry| (expiry.due, expiry.id.clone()));
    all.push(format!("{:?} {expiries:?}", store.open_changes().await.unwrap()));
    all.push(format!("{:?}", store.documents("").await.unwrap()));
    all.join("\n")
}

async fn agrees(store: &dyn Store, cases: u64) {
    let seed =
        std::env::var("SEED").map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed ^ cases).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let model = kinds::memory().await;
    let calls = prop::collection::vec(call(), CALLS).new_tree(&mut runner).unwrap().current();
    for (at, call) in calls.iter().enumerate() {
        let (expected, answer) = (make(&*model.store, call, at).await, make(store, call, at).await);
        assert_eq!(answer, expected, "SEED={seed}, call {at}: {call:?}");
    }
    assert_eq!(all(store).await, all(&*model.store).await, "SEED={seed}");
}

#[tokio::test]
async fn sqlite_does_what_memory_does() {
    for case in 0..10 {
        agrees(&*kinds::sqlite().await.store, case).await;
    }
}

#[tokio::test]
async fn postgres_does_what_memory_does() {
    for case in 0..10 {
        agrees(&*kinds::postgres().await.store, case).await;
    }
}
