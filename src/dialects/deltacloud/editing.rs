//! What pages do with a rule that is there: its form is shown and sent, and it gets another place.

use deltawall_core::{Context, Driver, Position};

use super::answer::{Answer, View};
use super::change;
use super::error::{ApiError, Failure};
use super::fields::Fields;
use super::filled_in::{FilledIn, Form};
use super::parameter_table::{ALLOW_GAP, POSITION, SEEN};
use super::precondition;
use super::prefilled::{is_same, prefilled};
use super::request::Request;
use super::segment::Segment;
use super::shown_rule::ShownRule;
use crate::changes::{self, Change};

/// The form as the rule fills it in. A rule that it could not be made of again has none: sent back, it would be another.
pub(super) async fn show_edit_rule(request: &Request<'_>, id: &Segment, rule: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, readings) = (id.firewall_id()?, rule.rule_ids()?);
    let of = async |driver: &dyn Driver, context: &Context| {
        let firewall = driver.firewall(context, &id).await?;
        let index = changes::index_of(driver, &firewall, &readings)?;
        Ok((firewall, index))
    };
    let (firewall, index) = call.ask(of).await?;
    let can = request.head.driver().capabilities();
    let there = firewall.rules.get(index).ok_or_else(|| Failure::NotFound.with("There is no such rule."))?;
    let values = prefilled(&ShownRule::there(there, index, can));
    let form = FilledIn::new(Form::EditRule(firewall.id.clone(), rule.0.clone()), &values);
    let made = values.new_rule(request.head.gateway().limits.sources, can);
    if !form.is_whole || !made.is_ok_and(|made| is_same(&made, there)) {
        let message = "A form cannot hold all of this rule, and would make another of it. Delete it and make one anew, or replace \
                       the firewall's rules by PUT.";
        return Err(Failure::NotSupported.with(message));
    }
    let seen = precondition::seen(request.head, &firewall);
    Ok(Answer::ok(View::Form(match seen {
        Some(seen) => form.with(SEEN.name, seen),
        None => form,
    })))
}

/// Makes another rule of the one that is there, as its form says.
pub(super) async fn edit_rule(request: &Request<'_>, id: &Segment, rule: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (id, readings) = (id.firewall_id()?, rule.rule_ids()?);
    let (values, form) = (request.parameters()?, Form::EditRule(id.clone(), rule.0.clone()));
    let made = async {
        let can = request.head.driver().capabilities();
        let becomes = values.new_rule(request.head.gateway().limits.sources, can)?;
        let direction = becomes.direction();
        let position = Fields::get_not_blank(values, &POSITION).map(|_| values.position()).transpose()?;
        let allow_gap = Fields::one_of(values, &ALLOW_GAP, [true, false])?.unwrap_or_default();
        let change = Change::EditRule { firewall: id.clone(), readings, rule: Some(becomes), position, allow_gap };
        Ok((change::make(&call, change, Some(form.clone())).await?, direction))
    };
    match made.await {
        Ok((outcome, direction)) => {
            let (shown, next) = change::with_a_rule_of(direction, request.head, &id);
            change::answer_to(outcome, |firewall| Answer::ok(View::Firewall(firewall, shown)).then(next))
        }
        Err(failure) => Err(change::refused(&call, failure, FilledIn::new(form, values), &id).await),
    }
}

/// Gives a rule another place. A person goes on at the rule, wherever that is then.
pub(super) async fn move_rule(request: &Request<'_>, id: &Segment, rule: &Segment) -> Result<Answer, ApiError> {
    let call = request.with_credentials()?;
    let (firewall, readings) = (id.firewall_id()?, rule.rule_ids()?);
    let values = request.parameters()?;
    values.required(&POSITION)?;
    let position = values.position()?;
    let form = Form::MoveRule(firewall.clone(), rule.0.clone());
    let (shown, url) = change::with_a_rule_of(Default::default(), request.head, &firewall);
    let next = match position {
        Position::At(place) => format!("{url}#rule-{place}"),
        Position::Last => url,
    };
    let change = Change::EditRule { firewall, readings, rule: None, position: Some(position), allow_gap: false };
    let outcome = change::make(&call, change, Some(form)).await?;
    change::answer_to(outcome, |firewall| Answer::ok(View::Firewall(firewall, shown)).then(next))
}
