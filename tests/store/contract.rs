//! Changes: begun one at a time for each firewall, taken on step by step, read.

use deltawall::store::error::BeginError;
use deltawall::store::record::{Beginning, Left, Query, Record, State, Step};
use deltawall::store::{ChangeId, Store};
use futures_util::future::join_all;

use crate::kinds::on_each_kind;
use crate::records::{beginning, id, ids, place, record, sealed, step, time};

on_each_kind! {
    a_change_is_read_as_it_was_written
    of_a_firewall_one_change_is_open_at_a_time
    of_many_that_begin_at_once_one_does
    of_two_steps_at_once_one_is_made
    a_step_is_made_from_its_states_and_by_who_may
    a_step_changes_what_it_says_and_nothing_else
    a_change_that_learns_its_firewall_keeps_others_from_that
    changes_are_listed_as_they_are_asked_for
    how_a_firewall_was_left_is_known_until_it_is_not
    credentials_go_when_their_change_ends
    a_change_takes_the_place_of_a_trial
    a_trial_that_is_over_has_no_place_to_take
    old_changes_are_forgotten_but_not_open_ones
}

async fn a_change_is_read_as_it_was_written(store: &dyn Store) {
    let whole = record(1, "web");
    store.begin(beginning(whole.clone())).await.unwrap();
    let plain = Record { state: State::Done, ..Record::begun(id(2), place("db"), "bob", "delete_rule", time(2)) };
    store.begin(beginning(plain.clone())).await.unwrap();
    assert_eq!(store.change(&id(1)).await.unwrap(), Some(whole.clone()));
    assert_eq!(store.change(&id(2)).await.unwrap(), Some(plain.clone()));
    assert_eq!(store.change(&id(3)).await.unwrap(), None);
    let without = |record: Record| Record { before: None, after: None, ..record };
    let query = Query { limit: 10, ..Query::default() };
    assert_eq!(store.changes(&query).await.unwrap(), [without(plain), without(whole.clone())]);
    assert_eq!(store.open_changes().await.unwrap(), [without(whole)]);
}

async fn of_a_firewall_one_change_is_open_at_a_time(store: &dyn Store) {
    store.begin(beginning(record(1, "web"))).await.unwrap();
    let refused = store.begin(beginning(record(2, "web"))).await;
    assert!(matches!(refused, Err(BeginError::Busy(other)) if other.id == id(1)));
    assert_eq!(store.change(&id(2)).await.unwrap(), None);
    store.begin(beginning(record(3, "db"))).await.unwrap();
    store.begin(beginning(Record { state: State::Done, ..record(4, "web") })).await.unwrap();
    assert!(store.step(&id(1), step(State::Applying, State::Done)).await.unwrap());
    store.begin(beginning(record(5, "web"))).await.unwrap();
    let again = store.step(&id(1), step(State::Done, State::Undoing)).await;
    assert!(matches!(again, Err(BeginError::Busy(other)) if other.id == id(5)));
    assert_eq!(store.change(&id(1)).await.unwrap().unwrap().state, State::Done);
}

async fn of_many_that_begin_at_once_one_does(store: &dyn Store) {
    let begun = join_all((1..=50).map(|number| store.begin(beginning(record(number, "web"))))).await;
    let winner = begun.iter().position(Result::is_ok).unwrap() + 1;
    for (at, begun) in begun.iter().enumerate().filter(|(at, _)| at + 1 != winner) {
        assert!(matches!(begun, Err(BeginError::Busy(other)) if other.id == id(winner)), "{at}: {begun:?}");
    }
    assert_eq!(ids(store, Query::default()).await, [id(winner)]);
}

async fn of_two_steps_at_once_one_is_made(store: &dyn Store) {
    for number in 1..=200 {
        let trial = Record { state: State::Trying, held: None, ..record(number, "web") };
        store.begin(beginning(trial)).await.unwrap();
        let by = |by: &str, to| Step { by: by.into(), ..step(State::Trying, to) };
        let id = id(number);
        let (confirm, undo) = tokio::join!(
            store.step(&id, by("one", State::Confirmed)),
            store.step(&id, Step { held: Some(("two".into(), time(1))), ..by("two", State::Undoing) })
        );
        let state = store.change(&id).await.unwrap().unwrap().state;
        match (confirm.unwrap(), undo.unwrap()) {
            (true, false) => assert_eq!(state, State::Confirmed),
            (false, true) => {
                assert_eq!(state, State::Undoing);
                assert!(store.step(&id, by("two", State::Undone)).await.map(|_| true).unwrap());
                store.step(&id, step(State::Undoing, State::Undone)).await.unwrap();
            }
            both => panic!("confirmed and undone: {both:?}"),
        }
    }
}

async fn a_step_is_made_from_its_states_and_by_who_may(store: &dyn Store) {
    store.begin(beginning(record(1, "web"))).await.unwrap();
    assert!(!store.step(&id(1), step(State::Trying, State::Confirmed)).await.unwrap());
    assert!(!store.step(&id(9), step(State::Applying, State::Done)).await.unwrap());
    // "one" holds it until 5,000.
    let two = |at| Step { by: "two".into(), at: Some(time(at)), ..step(State::Applying, State::Undoing) };
    assert!(!store.step(&id(1), two(4_999)).await.unwrap());
    assert!(store.step(&id(1), two(5_000)).await.unwrap());
    let many = Step { from: vec![State::Trying, State::Undoing], ..step(State::Trying, State::Done) };
    assert!(store.step(&id(1), many).await.unwrap());
    // It is "done" now, and none of these.
    for other in State::ALL.into_iter().filter(|state| *state != State::Done) {
        assert!(!store.step(&id(1), step(other, State::Unknown)).await.unwrap(), "{other:?}");
    }
}

async fn a_step_changes_what_it_says_and_nothing_else(store: &dyn Store) {
    let begun = record(1, "web");
    store.begin(beginning(begun.clone())).await.unwrap();
    let tries = Step { held: Some(("one".into(), time(9_000))), ..step(State::Applying, State::Trying) };
    assert!(store.step(&id(1), tries).await.unwrap());
    let tried = Record { state: State::Trying, held: Some(("one".into(), time(9_000))), ..begun };
    assert_eq!(store.change(&id(1)).await.unwrap(), Some(tried.clone()));
    let said = Step {
        from: vec![State::Trying],
        by: "one".into(),
        undone_by: Some("bob".into()),
        note: Some("a\0b".into()),
        is_attempt: true,
        after: Some("{}".into()),
        forgets_expiry: true,
        ..Step::default()
    };
    assert!(store.step(&id(1), said).await.unwrap());
    let note = store.change(&id(1)).await.unwrap().unwrap().note.unwrap();
    assert!(["a\0b", "a\u{fffd}b"].contains(&note.as_str()), "{note:?}");
    let said = Record {
        undone_by: Some("bob".into()),
        note: Some(note),
        attempts: 1,
        after: Some("{}".into()),
        forgot_expiry: true,
        held: None,
        ..tried
    };
    assert_eq!(store.change(&id(1)).await.unwrap(), Some(said.clone()));
    let ends = Step { is_attempt: true, ..step(State::Trying, State::Undone) };
    assert!(store.step(&id(1), ends).await.unwrap());
    let ended = Record { state: State::Undone, ended_at: Some(time(100)), attempts: 2, ..said };
    assert_eq!(store.change(&id(1)).await.unwrap(), Some(ended));
}

async fn a_change_that_learns_its_firewall_keeps_others_from_that(store: &dyn Store) {
    store.begin(beginning(record(1, ""))).await.unwrap();
    let learns = Step { place: Some(place("sg-1")), ..step(State::Applying, State::Trying) };
    assert!(store.step(&id(1), learns).await.unwrap());
    store.begin(beginning(record(2, ""))).await.unwrap();
    let refused = store.begin(beginning(record(3, "sg-1"))).await;
    assert!(matches!(refused, Err(BeginError::Busy(other)) if other.id == id(1)));
    let learns = Step { place: Some(place("sg-1")), ..step(State::Applying, State::Trying) };
    let refused = store.step(&id(2), learns).await;
    assert!(matches!(refused, Err(BeginError::Busy(other)) if other.id == id(1)));
}

async fn changes_are_listed_as_they_are_asked_for(store: &dyn Store) {
    let users = ["ann", "bob"];
    for number in 1..=6 {
        let record = Record {
            state: if number == 6 { State::Applying } else { State::Done },
            user: users[number % 2].into(),
            ..record(number, if number <= 3 { "web" } else { "db" })
        };
        store.begin(beginning(record)).await.unwrap();
    }
    let numbers = async |query: Query| -> Vec<usize> {
        let ids: Vec<ChangeId> = ids(store, query).await;
        ids.iter().map(|id| id.as_str().parse().unwrap()).collect()
    };
    let all = Query::default;
    assert_eq!(numbers(all()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(Query { limit: 2, ..all() }).await, [6, 5]);
    assert_eq!(numbers(Query { before: Some(id(4)), limit: 2, ..all() }).await, [3, 2]);
    assert_eq!(numbers(Query { firewall: Some("web".into()), ..all() }).await, [3, 2, 1]);
    assert_eq!(numbers(Query { firewall: Some("we".into()), ..all() }).await, [0; 0]);
    assert_eq!(numbers(Query { state: Some(State::Applying), ..all() }).await, [6]);
    assert_eq!(numbers(Query { user: Some("ann".into()), since: Some(time(3)), ..all() }).await, [6, 4]);
    assert_eq!(numbers(Query { since: Some(time(2)), until: Some(time(4)), ..all() }).await, [3, 2]);
    let here = Query { driver: Some("mock".into()), provider: Some("eu".into()), ..all() };
    assert_eq!(numbers(here).await.len(), 6);
    assert_eq!(numbers(Query { driver: Some("ec2".into()), ..all() }).await, [0; 0]);
    assert_eq!(numbers(Query { provider: Some("us".into()), ..all() }).await, [0; 0]);
}

async fn how_a_firewall_was_left_is_known_until_it_is_not(store: &dyn Store) {
    assert_eq!(store.left(&place("web")).await.unwrap(), None);
    let begun = Beginning { left: Left::As("1".into()), ..beginning(record(1, "web")) };
    store.begin(begun).await.unwrap();
    assert_eq!(store.left(&place("web")).await.unwrap(), Some((id(1), "1".into())));
    let stays = Step { left: Left::As("2".into()), ..step(State::Applying, State::Trying) };
    store.step(&id(1), stays).await.unwrap();
    assert_eq!(store.left(&place("web")).await.unwrap(), Some((id(1), "2".into())));
    store.step(&id(1), step(State::Trying, State::Confirmed)).await.unwrap();
    assert_eq!(store.left(&place("web")).await.unwrap(), Some((id(1), "2".into())));
    assert_eq!(store.left(&place("db")).await.unwrap(), None);
    let unknown = Beginning { left: Left::Unknown, ..beginning(record(2, "web")) };
    store.begin(unknown).await.unwrap();
    assert_eq!(store.left(&place("web")).await.unwrap(), None);
}

fn replaced(number: usize) -> (ChangeId, Step) {
    let end = Step { undone_by: Some("ann".into()), ..step(State::Trying, State::Undone) };
    (id(number), end)
}

async fn a_change_takes_the_place_of_a_trial(store: &dyn Store) {
    let trial = Record { state: State::Trying, held: None, ..record(1, "web") };
    store.begin(Beginning { credentials: Some(sealed("first")), ..beginning(trial.clone()) }).await.unwrap();
    let other = Beginning { instead_of: Some(replaced(1)), ..beginning(record(2, "db")) };
    store.begin(other).await.unwrap();
    assert_eq!(store.change(&id(1)).await.unwrap().unwrap().state, State::Undone, "whichever firewall it is of");
    // It goes on as it was, where the other comes to nothing.
    let on = Step { at: None, credentials: Some(sealed("first")), ..step(State::Undone, State::Trying) };
    assert!(store.step(&id(1), on).await.unwrap());
    assert_eq!(store.change(&id(1)).await.unwrap(), Some(trial));
    assert_eq!(store.credentials(id(1).as_str()).await.unwrap(), Some(sealed("first")));
    let next = Beginning { instead_of: Some(replaced(1)), ..beginning(record(3, "web")) };
    store.begin(next).await.unwrap();
    let ended = store.change(&id(1)).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.undone_by.as_deref()), (State::Undone, Some("ann")));
    assert_eq!((ended.ended_at, store.credentials(id(1).as_str()).await.unwrap()), (Some(time(100)), None));
    let open: Vec<_> = store.open_changes().await.unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(open, [id(2), id(3)]);
}

async fn a_trial_that_is_over_has_no_place_to_take(store: &dyn Store) {
    let trial = Record { state: State::Trying, held: None, ..record(1, "web") };
    store.begin(beginning(trial)).await.unwrap();
    assert!(store.step(&id(1), step(State::Trying, State::Confirmed)).await.unwrap());
    let late = || Beginning { instead_of: Some(replaced(1)), ..beginning(record(2, "web")) };
    assert!(matches!(store.begin(late()).await, Err(BeginError::Over(over)) if over == id(1)));
    assert_eq!(store.change(&id(2)).await.unwrap(), None);
    // Another trial is in the way, and stays so.
    store.begin(beginning(Record { state: State::Trying, held: None, ..record(3, "web") })).await.unwrap();
    assert!(store.begin(late()).await.is_err());
    assert_eq!(store.change(&id(3)).await.unwrap().unwrap().state, State::Trying);
}

async fn credentials_go_when_their_change_ends(store: &dyn Store) {
    let begun = Beginning { credentials: Some(sealed("first")), ..beginning(record(1, "web")) };
    store.begin(begun).await.unwrap();
    let kept = async || store.credentials(id(1).as_str()).await.unwrap().map(|sealed| sealed.0);
    assert_eq!(kept().await, Some(b"first".to_vec()));
    store.step(&id(1), step(State::Applying, State::Trying)).await.unwrap();
    assert_eq!(kept().await, Some(b"first".to_vec()));
    let other = Step { credentials: Some(sealed("second")), ..step(State::Trying, State::Undoing) };
    store.step(&id(1), other).await.unwrap();
    assert_eq!(kept().await, Some(b"second".to_vec()));
    store.step(&id(1), step(State::Undoing, State::Undone)).await.unwrap();
    assert_eq!(kept().await, None);
}

async fn old_changes_are_forgotten_but_not_open_ones(store: &dyn Store) {
    for number in 1..=5 {
        let state = if number == 1 { State::Trying } else { State::Done };
        store.begin(beginning(Record { state, ..record(number, &number.to_string()) })).await.unwrap();
    }
    assert_eq!(store.prune(time(5), 2).await.unwrap(), 2);
    assert_eq!(ids(store, Query::default()).await, [id(5), id(4), id(1)]);
    assert_eq!(store.prune(time(5), 2).await.unwrap(), 1);
    assert_eq!(store.prune(time(5), 2).await.unwrap(), 0);
    assert_eq!(ids(store, Query::default()).await, [id(5), id(1)]);
}
