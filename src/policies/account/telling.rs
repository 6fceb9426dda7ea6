//! Telling what has happened that changes nothing of the account, such as logins.

use std::sync::{Arc, MutexGuard, PoisonError};

use super::draft::{By, Directory, Told};
use super::error::ChangeError;
use super::event::EventKind;
use super::state::Account;
use crate::store::DocumentWrites;

/// How much may wait to be written down: beyond, it is in the log and the audit alone.
const MOST: usize = 1_000;

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
    pub async fn write_told(self: &Arc<Self>) -> Result<(), ChangeError> {
        if self.told().is_empty() {
            return Ok(());
        }
        let account = Arc::clone(self);
        // To its end, so that nothing is told twice.
        let written = tokio::spawn(async move { account.write_all_told().await });
        written.await.map_err(|why| ChangeError::Backend(why.to_string()))?
    }

    /// Events are no part of what firewalls are to be, so they are no change of the account: other gateways read them when they are asked.
    async fn write_all_told(&self) -> Result<(), ChangeError> {
        let _turn = self.turn.lock().await;
        let before = self.objects().await?;
        let directory = Directory::default();
        let mut draft = self.draft(&before, &directory, By::GATEWAY);
        let count = self.told().len();
        for told in self.told().iter().take(count) {
            (draft.by, draft.now) = (told.by.clone(), told.at);
            draft.tell(told.kind, told.message.clone(), None)?;
        }
        let (after, writes, _) = draft.end();
        let writes = DocumentWrites { writes: writes.into_iter().collect(), only_if: None };
        let written = self.cloud.changes.store().write_documents(writes).await;
        written.map_err(|why| ChangeError::Backend(why.to_string()))?;
        self.told().drain(..count);
        self.take_events(after.events);
        Ok(())
    }

    fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
