//! What outlives the process.

use std::path::Path;

use deltawall::store::record::{Beginning, State};
use deltawall::store::{Sql, Store};
use sqlx::{Connection, Executor};
use tempfile::TempDir;

use crate::kinds::postgres_url;
use crate::records::{beginning, expiry, id, place, record, sealed, step};

async fn fill(store: &dyn Store) {
    let kept = record(1, "web");
    let expiries = vec![(expiry("a", &kept, 1), Some(sealed("sealed")))];
    let left = deltawall::store::record::Left::As("{}".into());
    store.begin(Beginning { expiries, left, ..beginning(kept) }).await.unwrap();
}

async fn check(store: &dyn Store) {
    assert_eq!(store.change(&id(1)).await.unwrap(), Some(record(1, "web")));
    assert_eq!(store.expiries().await.unwrap(), [expiry("a", &record(1, "web"), 1)]);
    assert_eq!(store.credentials("a").await.unwrap(), Some(sealed("sealed")));
    assert_eq!(store.left(&place("web")).await.unwrap(), Some((id(1), "{}".into())));
}

#[tokio::test]
async fn a_file_keeps_what_was_written() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("with spaces, 100% ? # ä.db");
    let store = Sql::open_file(&path).await.unwrap();
    fill(&store).await;
    let refused = Sql::open_file(&path).await.unwrap_err().to_string();
    assert_eq!(refused, "another process has it open, perhaps another gateway");
    drop(store);
    check(&Sql::open_file(&path).await.unwrap()).await;
}

#[tokio::test]
async fn a_server_keeps_what_was_written_and_lets_gateways_share_it() {
    let url = postgres_url().await;
    let store = Sql::connect(url.clone()).await.unwrap();
    fill(&store).await;
    let other = Sql::connect(url.clone()).await.unwrap();
    check(&other).await;
    drop(store);
    check(&other).await;
    assert!(other.is_shared() && other.is_durable());
}

/// All that the files of a store hold.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn no_file_has_credentials_after_their_end() {
    let folder = TempDir::new().unwrap();
    let store = Sql::open_file(&folder.path().join("state.db")).await.unwrap();
    // Larger than a page, and as sealed credentials are: not to be told from chance.
    let secrets: Vec<Vec<u8>> = (0..20u8).map(|seed| (0..6_000).map(|at| (at % 251) as u8 ^ seed).collect()).collect();
    let is_there = |secret: &[u8]| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(&secret[..300]);
        let bytes = bytes_of(folder.path());
        [secret.get(..40).unwrap(), text.as_bytes()].iter().any(|part| bytes.windows(part.len()).any(|at| at == *part))
    };
    for (at, secret) in secrets.iter().enumerate() {
        let kept = record(at + 1, &at.to_string());
        let sealed = deltawall::store::record::Sealed(secret.clone());
        let expiries = vec![(expiry(&at.to_string(), &kept, 1), Some(sealed.clone()))];
        store.begin(Beginning { credentials: Some(sealed), expiries, ..beginning(kept) }).await.unwrap();
        assert!(is_there(secret), "this test finds them");
    }
    for (at, secret) in secrets.iter().enumerate() {
        assert!(store.step(&id(at + 1), step(State::Applying, State::Undone)).await.unwrap());
        assert!(is_there(secret), "its expiry still needs them");
        store.end_expiries(&[at.to_string()]).await.unwrap();
        assert!(!is_there(secret), "{at}");
    }
}

#[tokio::test]
async fn a_store_of_a_later_version_is_not_touched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    drop(Sql::open_file(&path).await.unwrap());
    let url = postgres_url().await;
    drop(Sql::connect(url.clone()).await.unwrap());
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99, 'later', TRUE, 'x', 1)";
    for url in [format!("sqlite://{}", path.display()), secrecy::ExposeSecret::expose_secret(&url).to_owned()] {
        sqlx::AnyConnection::connect(&url).await.unwrap().execute(later).await.unwrap();
    }
    for refused in [Sql::open_file(&path).await, Sql::connect(url).await] {
        let message = refused.unwrap_err().to_string();
        assert!(message.starts_with("it was written by a later version of deltawall"), "{message}");
    }
}

#[tokio::test]
async fn a_file_that_was_removed_takes_no_changes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.db");
    let store = Sql::open_file(&path).await.unwrap();
    fill(&store).await;
    std::fs::remove_file(&path).unwrap();
    assert!(store.begin(beginning(record(2, "db"))).await.unwrap_err().to_string().contains("No such file"));
    check(&store).await;
    std::fs::write(&path, "other").unwrap();
    let refused = store.begin(beginning(record(2, "db"))).await.unwrap_err().to_string();
    assert!(refused.contains("was replaced by another file"), "{refused}");
}
