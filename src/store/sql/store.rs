//! A store in a database.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::batches::{Batches, Failed};
use super::database::Database;
use super::reading;
use super::worker::Worker;
use super::write::{Write, Wrote};
use crate::clock::Timestamp;
use crate::store::change_id::ChangeId;
use crate::store::documents::DocumentWrites;
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
    batches: Arc<Batches>,
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
        let batches = Arc::new(Batches::new(worker.run(opening).await?));
        Ok(Self { worker, batches })
    }

    /// What the key is known by that credentials are sealed with; this one from now on, where there was none.
    ///
    /// # Errors
    /// As those of all calls.
    pub async fn key_check(&self, new: Option<Sealed>) -> Result<Option<Sealed>, StoreError> {
        self.call(async move |batches: Arc<Batches>| {
            if let Some(new) = new {
                written(batches.write(Write::KeyCheck(new)).await)?;
            }
            Ok(reading::key_check(&mut *batches.database.connection().await?).await?)
        })
        .await
    }

    /// Runs a call to its end.
    async fn call<T, E, F>(&self, call: impl FnOnce(Arc<Batches>) -> F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.worker.run(call(Arc::clone(&self.batches))).await
    }
}

/// Closes it, so that others can open it at once.
impl Drop for Sql {
    fn drop(&mut self) {
        let batches = Arc::clone(&self.batches);
        self.worker.end(async move { batches.database.close().await });
    }
}

#[async_trait]
impl Store for Sql {
    fn is_durable(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        self.batches.database.is_shared()
    }

    async fn begin(&self, beginning: Beginning) -> Result<(), BeginError> {
        self.call(|batches| async move {
            let place = beginning.record.place.clone();
            for _ in 0..ATTEMPTS {
                match batches.write(Write::Begin(Box::new(beginning.clone()))).await {
                    Err(Failed::Taken) => check_free(&batches.database, Some(&place)).await?,
                    other => {
                        let has_begun = matches!(written(other)?, Wrote::Begin(true));
                        let over = beginning.instead_of.map(|(id, _)| id).filter(|_| !has_begun);
                        return over.map_or(Ok(()), |id| Err(BeginError::Over(id)));
                    }
                }
            }
            Err(contended())
        })
        .await
    }

    async fn step(&self, id: &ChangeId, step: Step) -> Result<bool, BeginError> {
        let id = id.clone();
        self.call(|batches| async move {
            for _ in 0..ATTEMPTS {
                match batches.write(Write::Step(id.clone(), Box::new(step.clone()))).await {
                    Err(Failed::Taken) => {
                        let place = match &step.place {
                            Some(place) => Some(place.clone()),
                            None => reading::change(&mut *batches.database.connection().await?, &id)
                                .await?
                                .map(|record| record.place),
                        };
                        check_free(&batches.database, place.as_ref()).await?;
                    }
                    other => return Ok(matches!(written(other)?, Wrote::Step(true))),
                }
            }
            Err(contended())
        })
        .await
    }

    async fn change(&self, id: &ChangeId) -> Result<Option<Record>, StoreError> {
        let id = id.clone();
        self.call(|batches| async move { Ok(reading::change(&mut *batches.database.connection().await?, &id).await?) })
            .await
    }

    async fn changes(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let query = query.clone();
        self.call(
            |batches| async move { Ok(reading::changes(&mut *batches.database.connection().await?, &query).await?) },
        )
        .await
    }

    async fn open_changes(&self) -> Result<Vec<Record>, StoreError> {
        self.call(|batches| async move { Ok(reading::open_changes(&mut *batches.database.connection().await?).await?) })
            .await
    }

    async fn credentials(&self, of: &str) -> Result<Option<Sealed>, StoreError> {
        let of = of.to_owned();
        self.call(
            |batches| async move { Ok(reading::credentials(&mut *batches.database.connection().await?, &of).await?) },
        )
        .await
    }

    async fn expiries(&self) -> Result<Vec<Expiry>, StoreError> {
        self.call(|batches| async move { Ok(reading::expiries(&mut *batches.database.connection().await?).await?) })
            .await
    }

    async fn claim_expiries(
        &self,
        ids: &[String],
        by: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let write = Write::Claim { ids: ids.to_vec(), by: by.to_owned(), now, until };
        self.call(|batches| async move {
            match written(batches.write(write).await)? {
                Wrote::Claim(claimed) => Ok(claimed),
                _ => Ok(Vec::new()),
            }
        })
        .await
    }

    async fn end_expiries(&self, ids: &[String]) -> Result<(), StoreError> {
        let write = Write::EndExpiries(ids.to_vec());
        self.call(|batches| async move { written(batches.write(write).await).map(drop) }).await
    }

    async fn left(&self, place: &Place) -> Result<Option<(ChangeId, String)>, StoreError> {
        let place = place.clone();
        self.call(|batches| async move { Ok(reading::left(&mut *batches.database.connection().await?, &place).await?) })
            .await
    }

    async fn document(&self, name: &str) -> Result<Option<String>, StoreError> {
        let name = name.to_owned();
        self.call(
            |batches| async move { Ok(reading::document(&mut *batches.database.connection().await?, &name).await?) },
        )
        .await
    }

    async fn write_document(&self, name: &str, document: &str) -> Result<(), StoreError> {
        let writes = vec![(name.to_owned(), Some(document.to_owned()))];
        self.write_documents(DocumentWrites { writes, only_if: None }).await.map(drop)
    }

    async fn documents(&self, start: &str) -> Result<Vec<(String, String)>, StoreError> {
        let start = start.to_owned();
        self.call(
            |batches| async move { Ok(reading::documents(&mut *batches.database.connection().await?, &start).await?) },
        )
        .await
    }

    async fn write_documents(&self, writes: DocumentWrites) -> Result<bool, StoreError> {
        let write = Write::Documents(writes);
        self.call(|batches| async move { Ok(matches!(written(batches.write(write).await)?, Wrote::Documents(true))) })
            .await
    }

    async fn prune(&self, made_before: Timestamp, most: usize) -> Result<usize, StoreError> {
        let write = Write::Prune(made_before, i64::try_from(most).unwrap_or(i64::MAX));
        self.call(|batches| async move {
            match written(batches.write(write).await)? {
                Wrote::Prune(pruned) => Ok(usize::try_from(pruned).unwrap_or(usize::MAX)),
                _ => Ok(0),
            }
        })
        .await
    }
}

/// What was written; nothing else but a change can be in its way.
fn written(answer: Result<Wrote, Failed>) -> Result<Wrote, StoreError> {
    answer.map_err(|why| match why {
        Failed::Store(why) => why,
        Failed::Taken => StoreError::new("it is there already"),
        Failed::Crossed => StoreError::new("others write the same all the time"),
    })
}

/// What a change that cannot be open is told: the change that is in its way. It may try again where that has ended meanwhile.
async fn check_free(database: &Database, place: Option<&Place>) -> Result<(), BeginError> {
    let Some(place) = place else { return Ok(()) };
    match reading::open_change(&mut *database.connection().await?, place).await? {
        Some(open) => Err(BeginError::Busy(Box::new(open))),
        None => Ok(()),
    }
}

fn contended() -> BeginError {
    StoreError::new("others change the same firewall all the time").into()
}
