//! Documents: by name, all whose names begin alike, and several that are written together.

use deltawall::store::record::State;
use deltawall::store::{DocumentWrites, Sql, Store};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

use crate::kinds::{on_each_kind, postgres_url};
use crate::records::{beginning, id, record, step};

on_each_kind! {
    a_document_is_read_as_it_was_written_last
    documents_are_found_by_how_their_names_begin
    documents_are_written_together
    what_depends_on_a_document_is_written_only_if_that_is_the_same
    of_many_that_have_seen_the_same_one_writes
    of_many_that_have_seen_nothing_one_writes
    one_that_comes_too_late_holds_up_no_other
    what_two_depend_on_of_each_other_only_one_writes
    many_and_large_ones_are_kept
}

async fn a_document_is_read_as_it_was_written_last(store: &dyn Store) {
    assert_eq!(store.document("nftables/host").await.unwrap(), None);
    for text in ["", "{\"text\":\"ä ' \\\" \u{1f600}\"}", &"x".repeat(5_000_000)] {
        store.write_document("nftables/host", text).await.unwrap();
        store.write_document("nftables/other", "other").await.unwrap();
        assert_eq!(store.document("nftables/host").await.unwrap().as_deref(), Some(text));
    }
    assert_eq!(store.document("nftables/other").await.unwrap().as_deref(), Some("other"));
}

fn write(writes: &[(&str, Option<&str>)], only_if: Option<(&str, Option<&str>)>) -> DocumentWrites {
    let owned = |(name, text): (&str, Option<&str>)| (name.to_owned(), text.map(str::to_owned));
    DocumentWrites { writes: writes.iter().copied().map(owned).collect(), only_if: only_if.map(owned) }
}

async fn names(store: &dyn Store, start: &str) -> Vec<String> {
    store.documents(start).await.unwrap().into_iter().map(|(name, _)| name).collect()
}

async fn documents_are_found_by_how_their_names_begin(store: &dyn Store) {
    // In the order of their bytes, which is not that of any language, and none of them as a pattern.
    let all = [
        "",
        " ",
        "%",
        "A_",
        "A_b",
        "B",
        "\\",
        "\\%",
        "_",
        "_/",
        "a",
        "a%",
        "a%c",
        "a-b",
        "a.b",
        "a/",
        "a/b",
        "a0",
        "aB",
        "a_",
        "ab",
        "b",
        "z",
        "z\u{d7ff}",
        "z\u{d7ff}1",
        "z\u{e000}",
        "é",
        "ä",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}1",
        "'; --",
        "\"",
    ];
    for name in all {
        store.write_document(name, &format!("of {name}")).await.unwrap();
    }
    let mut sorted = all;
    sorted.sort_unstable();
    for start in all.into_iter().chain(["a/c", "A", "z\u{d7ff}\u{10ffff}", "\u{10ffff}1", "aa", "é/"]) {
        let begin_so: Vec<_> = sorted.into_iter().filter(|name| name.starts_with(start)).collect();
        assert_eq!(names(store, start).await, begin_so, "{start:?}");
    }
    let read = store.documents("a/").await.unwrap();
    assert_eq!(read, [("a/".to_owned(), "of a/".to_owned()), ("a/b".to_owned(), "of a/b".to_owned())]);
}

async fn documents_are_written_together(store: &dyn Store) {
    assert!(store.write_documents(DocumentWrites::default()).await.unwrap());
    assert!(store.write_documents(write(&[("a", Some("1")), ("b", Some("1")), ("c", None)], None)).await.unwrap());
    assert_eq!(names(store, "").await, ["a", "b"]);
    let changed = [("a", None), ("b", Some("")), ("c", Some("c")), ("d", Some("d")), ("d", None), ("b", Some("2"))];
    assert!(store.write_documents(write(&changed, None)).await.unwrap());
    let owned = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(store.documents("").await.unwrap(), [owned("b", "2"), owned("c", "c")]);
}

async fn what_depends_on_a_document_is_written_only_if_that_is_the_same(store: &dyn Store) {
    store.write_document("seen", "1").await.unwrap();
    let mut there = vec!["seen".to_owned()];
    for (at, (name, seen, is_so)) in [
        ("seen", Some("1"), true),
        ("seen", Some("1 "), false),
        ("seen", Some(""), false),
        ("seen", None, false),
        ("Seen", Some("1"), false),
        ("none", Some(""), false),
        ("none", None, true),
        ("none", None, true),
    ]
    .into_iter()
    .enumerate()
    {
        let written = format!("written/{at}");
        let writes = write(&[(&written, Some("text"))], Some((name, seen)));
        assert_eq!(store.write_documents(writes).await.unwrap(), is_so, "{name} {seen:?}");
        there.extend(is_so.then_some(written));
    }
    assert_eq!(names(store, "").await, there, "and nothing has become of what they depend on");
    assert_eq!(store.document("seen").await.unwrap().as_deref(), Some("1"));
    // It may be among what is written, and go.
    assert!(store.write_documents(write(&[("seen", Some("2"))], Some(("seen", Some("1"))))).await.unwrap());
    assert!(!store.write_documents(write(&[("seen", None)], Some(("seen", Some("1"))))).await.unwrap());
    assert!(store.write_documents(write(&[("seen", None)], Some(("seen", Some("2"))))).await.unwrap());
    assert!(store.write_documents(write(&[("seen", Some("3"))], Some(("seen", None)))).await.unwrap());
    assert!(!store.write_documents(write(&[("seen", Some("4"))], Some(("seen", None)))).await.unwrap());
    assert!(store.write_documents(write(&[], Some(("seen", Some("3"))))).await.unwrap());
    assert_eq!(store.document("seen").await.unwrap().as_deref(), Some("3"));
}

/// What each of many writes who have all seen the same, and which of them did.
async fn race(stores: &[&dyn Store], round: usize, seen: Option<&str>) -> String {
    let tasks = (0..50).map(|task| async move {
        let (mark, own) = (format!("{round}-{task}"), format!("own/{round}/{task}"));
        let writes = write(&[("counter", Some(&mark)), (&own, Some(&mark))], Some(("counter", seen)));
        stores[task % stores.len()].write_documents(writes).await.unwrap().then_some(mark)
    });
    let won: Vec<_> = join_all(tasks).await.into_iter().flatten().collect();
    let [winner] = &*won else { panic!("of 50, these have written: {won:?}") };
    assert_eq!(stores[0].document("counter").await.unwrap().as_ref(), Some(winner));
    let own = stores[0].documents(&format!("own/{round}/")).await.unwrap();
    assert_eq!(own.into_iter().map(|(_, mark)| mark).collect::<Vec<_>>(), won);
    winner.clone()
}

async fn of_many_that_have_seen_the_same_one_writes(store: &dyn Store) {
    let mut seen = race(&[store], 0, None).await;
    for round in 1..20 {
        seen = race(&[store], round, Some(&seen)).await;
    }
}

async fn of_many_that_have_seen_nothing_one_writes(store: &dyn Store) {
    for round in 0..20 {
        race(&[store], round, None).await;
        assert!(store.write_documents(write(&[("counter", None)], None)).await.unwrap());
    }
}

#[tokio::test]
async fn gateways_that_share_a_store_have_one_winner() {
    let url = postgres_url().await;
    let (one, other) = (Sql::connect(url.clone()).await.unwrap(), Sql::connect(url).await.unwrap());
    let stores: [&dyn Store; 2] = [&one, &other];
    for round in 0..20 {
        let seen = race(&stores, 2 * round, None).await;
        race(&stores, 2 * round + 1, Some(&seen)).await;
        one.write_documents(write(&[("counter", None)], None)).await.unwrap();
    }
}

/// One that waits for another is not told that it has failed.
#[tokio::test]
async fn who_waits_for_one_that_waits_for_it_begins_anew() {
    let url = postgres_url().await;
    let connect = async || AnyConnection::connect(url.expose_secret()).await.unwrap();
    let (mut other, mut watch) = (connect().await, connect().await);
    let (_, name) = url.expose_secret().rsplit_once('/').unwrap();
    // It is the store that finds it out.
    let patience = format!("ALTER DATABASE {name} SET deadlock_timeout = '3s'; SET deadlock_timeout = '60s'");
    other.execute(AssertSqlSafe(patience)).await.unwrap();
    let store = Sql::connect(url.clone()).await.unwrap();
    store.write_documents(write(&[("a", Some("0")), ("z", Some("0"))], None)).await.unwrap();
    other.execute("BEGIN; UPDATE documents SET document = '1' WHERE name = 'z'").await.unwrap();
    let writes = store.write_documents(write(&[("z", Some("2"))], Some(("a", Some("0")))));
    let crosses = async {
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while watch.fetch_optional(waits).await.unwrap().is_none() {}
        other.execute("UPDATE documents SET document = '1' WHERE name = 'a'; COMMIT").await.unwrap();
    };
    let (written, ()) = tokio::join!(writes, crosses);
    assert!(!written.unwrap(), "what it depends on was written by the other");
    let ones = ["a", "z"].map(|name| (name.to_owned(), "1".to_owned()));
    assert_eq!(store.documents("").await.unwrap(), ones);
}

/// All of it at a time, so that a file has it in few batches.
async fn one_that_comes_too_late_holds_up_no_other(store: &dyn Store) {
    store.write_document("seen", "1").await.unwrap();
    let documents = join_all((0..100).map(|task| async move {
        let own = format!("own/{task:02}");
        let seen = if task % 2 == 0 { "1" } else { "0" };
        store.write_documents(write(&[(&own, Some("text"))], Some(("seen", Some(seen))))).await.unwrap()
    }));
    let singles =
        join_all((0..50).map(async |task| store.write_document(&format!("single/{task}"), "text").await.unwrap()));
    let changes = join_all((1..=50).map(async |number| {
        store.begin(beginning(record(number, &number.to_string()))).await.unwrap();
        assert!(store.step(&id(number), step(State::Applying, State::Done)).await.unwrap());
    }));
    let (written, _, _) = tokio::join!(documents, singles, changes);
    let is_written: Vec<_> = (0..100).map(|task| task % 2 == 0).collect();
    assert_eq!(written, is_written);
    let own: Vec<_> = (0..100).step_by(2).map(|task| format!("own/{task:02}")).collect();
    assert_eq!(names(store, "own/").await, own);
    assert_eq!(names(store, "single/").await.len(), 50);
    assert!(store.open_changes().await.unwrap().is_empty());
}

/// Each writes what the other has seen, and in the other order; neither fails.
async fn what_two_depend_on_of_each_other_only_one_writes(store: &dyn Store) {
    for seen in [Some("0"), None] {
        for _ in 0..3 {
            store.write_documents(write(&[("a", seen), ("z", seen)], None)).await.unwrap();
            let (one, other) = tokio::join!(
                store.write_documents(write(&[("z", Some("1"))], Some(("a", seen)))),
                store.write_documents(write(&[("a", Some("1"))], Some(("z", seen)))),
            );
            let written = (one.unwrap(), other.unwrap());
            assert_ne!(written.0, written.1);
            let is = async |name: &str| store.document(name).await.unwrap();
            let seen = seen.map(str::to_owned);
            let expected = if written.0 { (seen, Some("1".to_owned())) } else { (Some("1".to_owned()), seen) };
            assert_eq!((is("a").await, is("z").await), expected);
        }
    }
}

async fn many_and_large_ones_are_kept(store: &dyn Store) {
    let large = "x".repeat(100_000);
    let text = |number: usize| if number.is_multiple_of(100) { large.clone() } else { number.to_string() };
    let all: Vec<_> = (0..5_000).map(|number| (format!("many/{number:04}"), text(number))).collect();
    let writes = |documents: &[(String, String)]| DocumentWrites {
        writes: documents.iter().rev().map(|(name, text)| (name.clone(), Some(text.clone()))).collect(),
        only_if: None,
    };
    for some in all.chunks(1_000) {
        assert!(store.write_documents(writes(some)).await.unwrap());
    }
    store.write_document("many0", "another").await.unwrap();
    assert!(store.documents("many/").await.unwrap() == all);
    assert_eq!(names(store, "many/42").await.len(), 100);
    let half = all.iter().step_by(2).map(|(name, _)| (name.clone(), None)).collect();
    let only_if = Some((all[0].0.clone(), Some(large.clone())));
    assert!(store.write_documents(DocumentWrites { writes: half, only_if }).await.unwrap());
    let rest: Vec<_> = all.into_iter().skip(1).step_by(2).collect();
    assert!(store.documents("many/").await.unwrap() == rest);
}
