//! What several want to write at a time is written together.

use std::mem::take;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, oneshot};

use super::database::Database;
use super::write::{Write, Wrote};
use super::writing::Writing;
use crate::store::error::StoreError;

/// How often what is written by itself is written anew where others were in its way, and it in theirs.
const ATTEMPTS: usize = 5;

/// Why nothing was written.
#[derive(Debug)]
pub(super) enum Failed {
    /// Another change of the same firewall is open.
    Taken,
    /// It waited for others that waited for it.
    Crossed,
    /// The database could not.
    Store(StoreError),
}

/// What waits to be written to a file. What comes while a commit is under way goes into the next one together, so that the disk is
/// waited for once for all of it.
#[derive(Debug)]
pub(super) struct Batches {
    pub(super) database: Database,
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

#[derive(Debug)]
struct Waiting {
    write: Write,
    answer: oneshot::Sender<Result<Wrote, Failed>>,
}

impl Batches {
    pub(super) fn new(database: Database) -> Self {
        Self { database, waiting: Mutex::default(), turn: Turn::default() }
    }

    /// Writes all of it, or nothing. A server sees to it itself that what comes at a time is written together.
    pub(super) async fn write(&self, write: Write) -> Result<Wrote, Failed> {
        if self.database.is_shared() {
            return alone(&self.database, &write).await;
        }
        let (send, mut answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { write, answer: send });
        tokio::select! {
            biased;
            answer = &mut answer => return answered(answer),
            _turn = self.turn.lock() => {
                let batch = take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
                all(&self.database, batch).await;
            }
        }
        answered(answer.await)
    }
}

/// Whoever wrote it was cut off where there is no answer.
fn answered(answer: Result<Result<Wrote, Failed>, oneshot::error::RecvError>) -> Result<Wrote, Failed> {
    answer.unwrap_or_else(|_| Err(StoreError::unclear("it did not come to its end").into()))
}

/// Writes all of these, and answers them.
async fn all(database: &Database, batch: Vec<Waiting>) {
    match together(database, &batch).await {
        Ok(answers) => {
            for (waiting, answer) in batch.into_iter().zip(answers) {
                // Who does not wait any more needs no answer.
                let _ = waiting.answer.send(Ok(answer));
            }
        }
        // One of them cannot be written, or none: by itself, each has its own answer.
        Err(_) => {
            for Waiting { write, answer } in batch {
                let _ = answer.send(alone(database, &write).await);
            }
        }
    }
}

/// Writes these in one transaction, or nothing of them.
async fn together(database: &Database, batch: &[Waiting]) -> Result<Vec<Wrote>, Failed> {
    let mut writing = Writing::begin_in(database).await?;
    let mut answers = Vec::with_capacity(batch.len());
    for waiting in batch {
        match writing.write(&waiting.write).await {
            Ok(answer) => answers.push(answer),
            Err(why) => return Err(failed(writing, why).await),
        }
    }
    writing.commit().await?;
    Ok(answers)
}

/// Writes this, or nothing of it.
async fn alone(database: &Database, write: &Write) -> Result<Wrote, Failed> {
    for _ in 1..ATTEMPTS {
        match once(database, write).await {
            Err(Failed::Crossed) => {}
            answer => return answer,
        }
    }
    once(database, write).await
}

async fn once(database: &Database, write: &Write) -> Result<Wrote, Failed> {
    let mut writing = Writing::begin_in(database).await?;
    match writing.write(write).await {
        Ok(answer) => {
            writing.commit().await?;
            Ok(answer)
        }
        Err(why) => Err(failed(writing, why).await),
    }
}

async fn failed(writing: Writing<'_>, why: sqlx::Error) -> Failed {
    let said = why.as_database_error();
    let failed = match said.and_then(|said| said.code()).as_deref() {
        // PostgreSQL's code for a deadlock.
        Some("40P01") => Failed::Crossed,
        _ if said.is_some_and(|said| said.is_unique_violation()) => Failed::Taken,
        _ => return StoreError::from(why).into(),
    };
    match writing.abandon().await {
        Ok(()) => failed,
        Err(why) => StoreError::from(why).into(),
    }
}

impl From<StoreError> for Failed {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}
