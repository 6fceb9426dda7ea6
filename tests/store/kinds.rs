//! The kinds of stores, each empty and for one test alone.

use std::sync::Arc;

use deltawall::store::{Memory, Sql, Store};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

/// A store, and the folder that it is in.
pub struct Kept {
    pub store: Arc<dyn Store>,
    _folder: Option<TempDir>,
}

pub async fn memory() -> Kept {
    Kept { store: Arc::new(Memory::default()), _folder: None }
}

pub async fn sqlite() -> Kept {
    let folder = TempDir::new().unwrap();
    let store = Sql::open_file(&folder.path().join("state.db")).await.unwrap();
    Kept { store: Arc::new(store), _folder: Some(folder) }
}

pub async fn postgres() -> Kept {
    Kept { store: Arc::new(Sql::connect(postgres_url().await).await.unwrap()), _folder: None }
}

/// An empty database of its own, which has texts in the order of a language, as those of operators do.
pub async fn postgres_url() -> SecretString {
    let server = std::env::var("DELTAWALL_POSTGRES")
        .expect("nextest starts PostgreSQL; before cargo test: export $(tests/postgres/start $$)");
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'");
    connection.execute(AssertSqlSafe(create)).await.unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}").into()
}

/// The same test on each kind.
macro_rules! on_each_kind {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() { super::$name(&*crate::kinds::memory().await.store).await; })* }
        mod sqlite { $(#[tokio::test] async fn $name() { super::$name(&*crate::kinds::sqlite().await.store).await; })* }
        mod postgres { $(#[tokio::test] async fn $name() { super::$name(&*crate::kinds::postgres().await.store).await; })* }
    };
}
pub(crate) use on_each_kind;
