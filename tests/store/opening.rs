//! Opening what an operator has chosen, with its key.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use deltawall::config::{Kept, StorePlace};
use deltawall::store::opening::{Opened, open};
use deltawall_core::Credentials;
use tempfile::TempDir;

use crate::kinds::postgres_url;

fn file(folder: &Path) -> Kept {
    Kept { place: StorePlace::File(folder.join("state.db")), ..Kept::default() }
}

async fn refused(kept: &Kept) -> String {
    open(kept).await.err().expect("it is refused").to_string()
}

#[tokio::test]
async fn a_file_has_its_key_beside_it_for_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    let kept = file(folder.path());
    let Opened { key, store } = open(&kept).await.unwrap();
    let sealed = key.seal(&Credentials::new("u", "p"), "x").unwrap();
    for name in ["state.db", "state.db-wal", "state.db.key"] {
        assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    drop(store);
    let again = open(&kept).await.unwrap();
    assert!(again.key.open(&sealed, "x").is_ok());
}

#[tokio::test]
async fn a_key_that_is_missing_or_another_is_refused() {
    let folder = TempDir::new().unwrap();
    let kept = file(folder.path());
    drop(open(&kept).await.unwrap());
    drop(open(&kept).await.unwrap());
    let key = folder.path().join("state.db.key");
    let text = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(refused(&kept).await.ends_with("the key that credentials are sealed with is missing. Put it back"));
    for (other, why) in [
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "it is not the key that credentials in the store are sealed with",
        ),
        ("no key", "it is no key: one is 32 bytes in base64"),
    ] {
        fs::write(&key, other).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        assert!(refused(&kept).await.ends_with(why));
    }
    fs::write(&key, text).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&kept).await.ends_with("others may read the key or write it: chmod 600"));
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    drop(open(&kept).await.unwrap());
}

#[tokio::test]
async fn gateways_that_share_a_server_share_a_key() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    let kept = Kept { place: StorePlace::Postgres(postgres_url().await), key: Some(path.clone()), ..Kept::default() };
    let why = refused(&kept).await;
    assert!(why.ends_with("there is no key. Make one for all gateways with `openssl rand -base64 32`"), "{why}");
    fs::write(&path, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let _one = open(&kept).await.unwrap();
    let _other = open(&kept).await.unwrap();
    fs::write(&path, "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    assert!(refused(&kept).await.ends_with("it is not the key that credentials in the store are sealed with"));
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("other");
    fs::write(&other, "this is no database, but a text that is long enough to be taken for one".repeat(20)).unwrap();
    let at = |path: &Path| Kept { place: StorePlace::File(path.into()), ..Kept::default() };
    for (kept, why) in [
        (at(&other), "file is not a database"),
        (at(folder.path()), "Is a directory"),
        (at(&folder.path().join("none/state.db")), "No such file or directory"),
        (at(Path::new("/proc/state.db")), "No such file or directory"),
    ] {
        let said = refused(&kept).await;
        assert!(
            said.contains(why) && said.contains(folder.path().to_str().unwrap()) | said.contains("/proc"),
            "{said}"
        );
    }
    let key = folder.path().join("key");
    fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    for url in ["postgres://ann:s3cr3t@127.0.0.1:1/x", "postgres://ann:s3cr3t@127.0.0.1:x/x"] {
        let place = StorePlace::Postgres(url.to_owned().into());
        let said = refused(&Kept { place, key: Some(key.clone()), ..Kept::default() }).await;
        assert!(said.starts_with("--state postgres://…: ") && !said.contains("s3cr3t"), "{said}");
    }
}
