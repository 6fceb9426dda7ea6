//! Changes as clients ask for them: to be made, or only to be told of; of a firewall as it was seen, or as it is.

use std::sync::Arc;

use deltawall_core::Firewall;

use super::answer::{Answer, View};
use super::call::Call;
use super::error::{ApiError, Failure};
use super::parameter_table::DRY_RUN;
use super::precondition::Precondition;
use crate::changes::{self, Change, Expected, Made};

/// What has become of a change.
pub(super) enum Outcome {
    /// It was made.
    Made(Made),
    /// It was not to be made, and this is what it would do.
    Planned(Answer),
}

/// Makes a change, or tells what it would do, as the request says.
pub(super) async fn make(call: &Call<'_>, change: Change) -> Result<Outcome, ApiError> {
    let is_dry_run = call.parameters.is_true(&DRY_RUN)?;
    let condition = Precondition::read(call.head);
    let is_expected = |firewall: &Arc<Firewall>| condition.as_ref().is_none_or(|condition| condition.holds(firewall));
    let expected: Expected<'_> = condition.as_ref().map(|_| &is_expected as _);
    let outcome = match is_dry_run {
        true => {
            let planned =
                call.ask(async |driver, context| changes::plan(driver, context, &change, expected).await).await;
            planned.map(|planned| Outcome::Planned(Answer::ok(View::Plan(Box::new(planned)))))
        }
        false => {
            let firewall = change.firewall().cloned();
            let made = async |driver: &_, context: &_| changes::apply(driver, context, change, expected).await;
            call.change(firewall.as_ref(), made).await.map(Outcome::Made)
        }
    };
    outcome.map_err(|error| match error.failure {
        Failure::Conflict if condition.is_some() => ApiError { failure: Failure::Changed, ..error },
        _ => error,
    })
}
