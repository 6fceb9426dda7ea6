//! Telling what has happened that changes nothing of the account, such as logins.

use std::sync::{MutexGuard, PoisonError};

use super::changing::ATTEMPTS;
use super::draft::{By, Directory};
use super::error::ChangeError;
use super::event::EventKind;
use super::state::Account;
use crate::clock::Timestamp;

/// How much may wait to be written down: beyond, it is in the log and the audit alone.
const MOST: usize = 1_000;

/// What has happened, and is not among the events yet.
#[derive(Debug)]
pub(super) struct Told {
    by: By,
    at: Timestamp,
    kind: EventKind,
    message: String,
}

impl Account {
    /// Tells that something has happened. Nobody waits until that is written down: it is when firewalls are looked after, or events are asked for.
    pub fn tell(&self, by: By, kind: EventKind, message: String) {
        let at = self.cloud.changes.clock().now();
        let mut told = self.told();
        if told.len() < MOST {
            told.push(Told { by, at, kind, message });
        }
    }

    /// Writes down what has happened.
    ///
    /// # Errors
    /// Where that cannot be done now; it is tried again the next time.
    pub async fn write_told(&self) -> Result<(), ChangeError> {
        if self.told().is_empty() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        let count = self.told().len();
        for _ in 0..ATTEMPTS {
            if self.write_first_told(count).await? {
                self.told().drain(..count);
                return Ok(());
            }
        }
        Err(ChangeError::others())
    }

    /// Whether it did: another gateway may have been faster.
    async fn write_first_told(&self, count: usize) -> Result<bool, ChangeError> {
        let before = self.objects().await?;
        let directory = Directory::default();
        let mut draft = self.draft(&before, &directory, By::GATEWAY);
        for told in self.told().iter().take(count) {
            (draft.by, draft.now) = (told.by.clone(), told.at);
            draft.tell(told.kind, told.message.clone(), None)?;
        }
        let (mut after, writes, _) = draft.end();
        after.revision = before.revision + 1;
        self.write(&before, after, writes).await
    }

    fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
