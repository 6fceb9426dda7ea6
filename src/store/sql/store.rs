//! A store in a database.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::database::Database;
use super::reading;
use super::worker::Worker;
use super::writing::Writing;
use crate::clock::Timestamp;
use crate::store::change_id::ChangeId;
use crate::store::error::{BeginError, OpenError, StoreError};
use crate::store::expiry::Expiry;
use crate::store::interface::Store;
use crate::store::place::Place;
use crate::store::record::{Beginning, Query, Record, Sealed, Step};

/// How often a change is begun anew where the one that was in its way has ended meanwhile.
const ATTEMPTS: usize = 3;

/// A store in a database: a file of SQLite's, which one gateway has, or a server of PostgreSQL, which several may share.
#[derive(Debug)]
pub struct Sql {
    worker: Worker,
    database: Arc<Database>,
}

impl Sql {
    /// Opens a file of SQLite's, which is made where there is none, for its owner alone to read. Nobody else can open it until this is dropped.
    ///
    /// # Errors
    /// Where it cannot be read and written, another gateway has it, it is something else, or a later version has written it.
    pub async fn open_file(path: &Path) -> Result<Self, OpenError> {
        let path = path.to_owned();
        Self::open(async move { Database::open_file(&path).await }).await
    }

    /// Connects to a server of PostgreSQL.
    ///
    /// # Errors
    /// Where there is none, it does not let us in, or a later version has made the tables.
    pub async fn connect(url: SecretString) -> Result<Self, OpenError> {
        Self::open(async move { Database::connect(&url).await }).await
    }

    async fn open(
        opening: impl Future<Output = Result<Database, OpenError>> + Send + 'static,
    ) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let worker = Worker::start().map_err(OpenError::new)?;
        let database = Arc::new(worker.run(opening).await?);
        Ok(Self { worker, database })
    }

    /// What the key is known by that credentials are sealed with; this one from now on, where there was none.
    ///
    /// # Errors
    /// As those of all calls.
    pub async fn key_check(&self, new: Option<Sealed>) -> Result<Option<Sealed>, StoreError> {
        self.call(async move |database: Arc<Database>| {
            if let Some(new) = new {
                let mut writing = Writing::begin_in(&database).await?;
                writing.keep_key_check(&new).await?;
                writing.commit().await?;
            }
            Ok(reading::key_check(&mut *database.connection().await?).await?)
        })
        .await
    }

    /// Runs a call to its end.
    async fn call<T, E, F>(&self, call: impl FnOnce(Arc<Database>) -> F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.worker.run(call(Arc::clone(&self.database))).await
    }
}

/// Closes it, so that others can open it at once.
impl Drop for Sql {
    fn drop(&mut self) {
        let database = Arc::clone(&self.database);
        self.worker.end(async move { database.close().await });
    }
}

#[async_trait]
impl Store for Sql {
    fn is_durable(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    async fn begin(&self, beginning: Beginning) -> Result<(), BeginError> {
        self.call(|database| async move {
            for _ in 0..ATTEMPTS {
                let mut writing = Writing::begin_in(&database).await?;
                match writing.begin(&beginning).await {
                    Ok(()) => return Ok(writing.commit().await?),
                    Err(why) => check_free(&database, writing, At::Begin(&beginning.record.place), why).await?,
                }
            }
            Err(contended())
        })
        .await
    }

    async fn step(&self, id: &ChangeId, step: Step) -> Result<bool, BeginError> {
        let id = id.clone();
        self.call(|database| async move {
            for _ in 0..ATTEMPTS {
                let mut writing = Writing::begin_in(&database).await?;
                match writing.step(&id, &step).await {
                    Ok(is_made) => {
                        writing.commit().await?;
                        return Ok(is_made);
                    }
                    Err(why) => check_free(&database, writing, At::Step(&id, &step), why).await?,
                }
            }
            Err(contended())
        })
        .await
    }

    async fn change(&self, id: &ChangeId) -> Result<Option<Record>, StoreError> {
        let id = id.clone();
        self.call(|database| async move { Ok(reading::change(&mut *database.connection().await?, &id).await?) }).await
    }

    async fn changes(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let query = query.clone();
        self.call(|database| async move { Ok(reading::changes(&mut *database.connection().await?, &query).await?) })
            .await
    }

    async fn open_changes(&self) -> Result<Vec<Record>, StoreError> {
        self.call(|database| async move { Ok(reading::open_changes(&mut *database.connection().await?).await?) }).await
    }

    async fn credentials(&self, of: &str) -> Result<Option<Sealed>, StoreError> {
        let of = of.to_owned();
        self.call(|database| async move { Ok(reading::credentials(&mut *database.connection().await?, &of).await?) })
            .await
    }

    async fn expiries(&self) -> Result<Vec<Expiry>, StoreError> {
        self.call(|database| async move { Ok(reading::expiries(&mut *database.connection().await?).await?) }).await
    }

    async fn claim_expiries(
        &self,
        ids: &[String],
        by: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let (ids, by) = (ids.to_vec(), by.to_owned());
        self.call(|database| async move {
            let mut writing = Writing::begin_in(&database).await?;
            let claimed = writing.claim(&ids, &by, now, until).await?;
            writing.commit().await?;
            Ok(claimed)
        })
        .await
    }

    async fn end_expiries(&self, ids: &[String]) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.call(|database| async move {
            let mut writing = Writing::begin_in(&database).await?;
            writing.end_expiries(&ids).await?;
            writing.commit().await
        })
        .await
    }

    async fn left(&self, place: &Place) -> Result<Option<(ChangeId, String)>, StoreError> {
        let place = place.clone();
        self.call(|database| async move { Ok(reading::left(&mut *database.connection().await?, &place).await?) }).await
    }

    async fn prune(&self, made_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        self.call(|database| async move {
            let mut writing = Writing::begin_in(&database).await?;
            let pruned = writing.prune(made_before, i64::try_from(most).unwrap_or(i64::MAX)).await?;
            writing.commit().await?;
            Ok(usize::try_from(pruned).unwrap_or(usize::MAX))
        })
        .await
    }
}

/// Where a change is to be open.
enum At<'a> {
    Begin(&'a Place),
    Step(&'a ChangeId, &'a Step),
}

/// What a change that cannot be open is told: the change that is in its way. It may try again where that has ended meanwhile.
async fn check_free(database: &Database, writing: Writing<'_>, at: At<'_>, why: sqlx::Error) -> Result<(), BeginError> {
    writing.abandon().await?;
    if !why.as_database_error().is_some_and(|why| why.is_unique_violation()) {
        return Err(why.into());
    }
    let mut connection = database.connection().await?;
    let place = match at {
        At::Begin(place) | At::Step(_, Step { place: Some(place), .. }) => Some(place.clone()),
        At::Step(id, _) => reading::change(&mut connection, id).await?.map(|record| record.place),
    };
    let open = match place {
        Some(place) => reading::open_change(&mut connection, &place).await?,
        None => None,
    };
    match open {
        Some(open) => Err(BeginError::Busy(Box::new(open))),
        None => Ok(()),
    }
}

fn contended() -> BeginError {
    StoreError::new("others change the same firewall all the time").into()
}
