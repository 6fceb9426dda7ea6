//! A trial whose place another change takes.

use deltawall_core::Error;

use super::asked::Asked;
use super::journal;
use super::pending::Due;
use super::shared::{Shared, unrecorded};
use crate::store::ChangeId;
use crate::store::record::{ExpiryStep, Record, Sealed, State, Step};

/// A trial whose place another change takes.
pub(super) struct Replaced {
    /// The trial, with the firewall as it was before it: what undoes the other change leads there.
    pub(super) record: Record,
    due: Option<Due>,
    credentials: Option<Sealed>,
}

impl Replaced {
    /// The trial of this id, if it is one that can still be confirmed.
    pub(super) async fn find(shared: &Shared, asked: Asked<'_>, id: &ChangeId) -> Result<Self, Error> {
        let driver = asked.driver;
        let record = journal::find(shared, driver, asked.context.provider.as_ref(), id).await?;
        journal::check_confirmable(shared, driver, &record)?;
        let kept = shared.ask("credentials", shared.store.credentials(id.as_str())).await;
        let credentials = kept.map_err(|why| unrecorded(driver, why))?;
        Ok(Self { due: shared.pending().due(id), record, credentials })
    }

    /// The step that ends it.
    pub(super) fn end(&self, shared: &Shared, asked: Asked<'_>, by: &ChangeId) -> (ChangeId, Step) {
        let step = Step {
            from: vec![State::Trying],
            to: Some(State::Undone),
            at: Some(shared.clock.now()),
            by: shared.name.clone(),
            undone_by: Some(asked.caller.user().to_owned()),
            note: Some(format!("Change {by} took its place.")),
            expiries: ExpiryStep::Forget,
            ..Step::default()
        };
        (self.record.id.clone(), step)
    }

    /// It has ended.
    pub(super) fn has_ended(&self, shared: &Shared) {
        let mut pending = shared.pending();
        pending.end_change(&self.record.id);
        pending.keep_expiries_of(|change| *change != self.record.id);
    }

    /// It goes on, since the other change was not made. Where that cannot be written down, the firewall is left for who keeps it to put right.
    pub(super) async fn go_on(self, shared: &Shared) {
        let Self { record, due, credentials } = self;
        let step = Step {
            from: vec![State::Undone],
            to: Some(State::Trying),
            by: shared.name.clone(),
            note: Some("Another change was to take its place, and was not made.".to_owned()),
            credentials,
            ..Step::default()
        };
        match shared.ask("step", shared.store.step(&record.id, step)).await {
            Ok(true) => {
                let due = due.unwrap_or(Due::NOW);
                shared.pending().add_change(record, due);
            }
            Ok(false) => {}
            Err(why) => tracing::error!(change = %record.id, ?why, "a trial that goes on could not be written down"),
        }
    }
}
