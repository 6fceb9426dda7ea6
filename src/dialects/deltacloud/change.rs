//! Changes as clients ask for them: to be made, or only to be told of; of a firewall as it was seen, or as it is.

use std::sync::Arc;

use deltawall_core::{Direction, Firewall, FirewallId};

use super::answer::{Answer, Journaled, View};
use super::call::Call;
use super::error::{ApiError, Failure};
use super::filled_in::{FilledIn, Form};
use super::format::Format;
use super::head::Head;
use super::parameter_table::{DRY_RUN, SEEN};
use super::precondition::{self, Precondition};
use super::shown_rules::ShownRules;
use crate::changes::entry::Applied;
use crate::changes::terms::Terms;
use crate::changes::{Change, Expected, Made, Planned};
use crate::gateway::standing::Standing;

/// What has become of a change.
pub(super) enum Outcome {
    /// It was made.
    Made(Made, Option<Journaled>),
    /// It was not to be made, and this is what it would do.
    Planned(Answer),
}

/// Makes a change, or tells what it would do, as the request says. A page that tells it has this form, which makes it.
pub(super) async fn make(call: &Call<'_>, change: Change, form: Option<Form>) -> Result<Outcome, ApiError> {
    let is_dry_run = call.parameters.is_true(&DRY_RUN)?;
    let of_program = Precondition::read(call.head);
    let is_of_program = of_program.is_some();
    let condition = of_program.or_else(|| Precondition::of_page(call.head, call.parameters));
    let shown = precondition::to_be_seen(&change, call.head.driver().capabilities());
    let is_expected =
        |firewall: &Arc<Firewall>| condition.as_ref().is_none_or(|condition| condition.holds(firewall, &shown));
    let expected: Expected<'_> = condition.as_ref().map(|_| &is_expected as _);
    let (changes, terms) = (call.head.changes, call.parameters.terms()?);
    // Old clients see the bytes that they know.
    let is_told = changes.is_on() || terms != Terms::default();
    let outcome = match is_dry_run {
        true => {
            let planned = call
                .ask(async |driver, context| changes.plan(call.asked(driver, context), &change, &terms, expected).await)
                .await;
            planned.map(|planned| Outcome::Planned(told(call, planned, form)))
        }
        false => {
            let (firewall, id) = (change.turn(), changes.new_id());
            let made = async |driver: &_, context: &_, standing: &mut Standing<'_>| {
                changes.apply(call.asked(driver, context), &id, change, terms, expected, standing).await
            };
            let made = call.change(Some(&firewall), &id, made).await;
            made.map(|Applied { made, confirm_by }| {
                Outcome::Made(made, is_told.then_some(Journaled { id, confirm_by }))
            })
        }
    };
    outcome.map_err(|error| match error.failure {
        Failure::Conflict if is_of_program => ApiError { failure: Failure::Changed, ..error },
        _ => error,
    })
}

/// A plan, for people with the form that makes exactly that change: of the firewall as the plan has seen it.
fn told(call: &Call<'_>, planned: Planned, form: Option<Form>) -> Answer {
    let form = form.filter(|_| call.head.format() == Format::Html).map(|form| FilledIn::new(form, call.parameters));
    let form = form.map(|form| match precondition::seen(call.head, &planned.firewall) {
        Some(seen) if !planned.is_new => form.with(SEEN.name, seen),
        _ => form,
    });
    Answer::ok(View::Plan(Box::new(planned), form.map(Box::new)))
}

/// The failure with the form that led to it. Where the firewall was not as the form had seen it, the form is of the firewall as
/// it is now: whoever sends it again has been told.
pub(super) async fn refused(call: &Call<'_>, failure: ApiError, form: FilledIn, of: &FirewallId) -> ApiError {
    if failure.failure != Failure::Conflict || form.values.get(SEEN.name).is_none() {
        return failure.of(form);
    }
    let now = call.ask(async |driver, context| driver.firewall(context, of).await).await;
    let seen = now.ok().and_then(|firewall| precondition::seen(call.head, &firewall));
    let message = "The firewall has changed since this form was shown, and nothing was done. What was filled in is kept: look at \
                   the firewall, then send it again.";
    let failure = Failure::Conflict.with(message);
    match seen {
        Some(seen) => failure.of(form.with(SEEN.name, seen)),
        None => failure.of(form),
    }
}

/// What answers a change that leaves a rule of this direction, and where a person goes on: whoever makes a rule sees it.
pub(super) fn with_a_rule_of(direction: Direction, head: &Head<'_>, id: &FirewallId) -> (ShownRules, String) {
    let url = head.urls.firewall(id);
    match direction {
        Direction::Ingress => (ShownRules::by_default(head.driver().capabilities()), url),
        Direction::Egress => (ShownRules::All, format!("{url}?direction=all")),
    }
}

/// The answer to a change that leaves a firewall.
pub(super) fn answer_to(outcome: Outcome, made: impl FnOnce(Arc<Firewall>) -> Answer) -> Result<Answer, ApiError> {
    match outcome {
        Outcome::Made(Made::Firewall(firewall), written) => Ok(made(firewall).journaled(written)),
        Outcome::Made(..) => Err(Failure::Backend.with("The change has left no firewall.")),
        Outcome::Planned(answer) => Ok(answer),
    }
}
