//! The calls of a replacement: what is new is added before what is old is taken away, and all of it is undone where one fails.

use std::fmt::Write;
use std::time::Instant;

use aws_sdk_ec2::types::IpPermission;
use deltawall_core::{Direction, Error, ErrorKind};

use super::base::Client;
use super::changes::Verb;
use crate::convert;
use crate::error::{Failure, is_full, is_gone_already, is_there_already, no_rule, too_late};
use crate::grants::{Grant, permissions};
use crate::plan::Plan;

const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

/// How many sources that EC2 did not take away are named in its refusal.
const MAX_NAMED: usize = 10;

/// What a replacement does to a group, and what it has done.
pub(super) struct Steps<'a> {
    client: &'a Client,
    group_id: &'a str,
    plan: &'a Plan,
    /// Whether what is old may go first where there is no room for both.
    allow_gap: bool,
    done: Vec<Step>,
}

/// One call.
#[derive(Clone)]
struct Step {
    verb: Verb,
    direction: Direction,
    grants: Vec<Grant>,
    /// The same as they were described, where that is what changes.
    before: Vec<Grant>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(client: &'a Client, group_id: &'a str, plan: &'a Plan, allow_gap: bool) -> Self {
        Self { client, group_id, plan, allow_gap, done: Vec::new() }
    }

    /// # Errors
    /// Where a call failed. Nothing has changed then, or the error is [`ErrorKind::Unavailable`] and says what has.
    pub(super) async fn take_all(mut self) -> Result<(), Error> {
        match self.take_each().await {
            Ok(()) => Ok(()),
            Err((failed, failure)) => Err(self.take_back(failed, failure).await),
        }
    }

    async fn take_each(&mut self) -> Result<(), (Step, Failure)> {
        let plan = self.plan;
        let mut emptied = Vec::new();
        for direction in DIRECTIONS {
            let (add, remove) = (Step::adding(plan, direction), Step::removing(plan, direction));
            match self.take(add.clone()).await {
                Err((_, failure)) if self.allow_gap && is_full(&failure.error) && !remove.grants.is_empty() => {
                    self.take(remove).await?;
                    self.take(add).await?;
                    emptied.push(direction);
                }
                taken => taken?,
            }
        }
        for direction in DIRECTIONS {
            self.take(Step::describing(plan, direction)).await?;
        }
        for direction in DIRECTIONS.into_iter().filter(|direction| !emptied.contains(direction)) {
            self.take(Step::removing(plan, direction)).await?;
        }
        Ok(())
    }

    /// Takes a step that has anything to do.
    async fn take(&mut self, step: Step) -> Result<(), (Step, Failure)> {
        if step.grants.is_empty() {
            return Ok(());
        }
        match self.call_in_time(&step).await {
            Ok(()) => {
                self.done.push(step);
                Ok(())
            }
            Err(failure) => Err((step, failure)),
        }
    }

    /// A call that is given up at the deadline. What takes back is not: nothing may stay half done.
    async fn call_in_time(&self, step: &Step) -> Result<(), Failure> {
        if Instant::now() >= self.client.deadline {
            return Err(Failure { error: too_late(), is_unknown: false });
        }
        let called = tokio::time::timeout_at(self.client.deadline.into(), self.call(step)).await;
        called.unwrap_or_else(|_| Err(Failure { error: too_late(), is_unknown: true }))
    }

    async fn call(&self, step: &Step) -> Result<(), Failure> {
        match self.ask(step.verb, step.direction, &step.grants).await {
            Err(failure) if step.verb == Verb::Revoke && is_gone_already(&failure.error) => {
                self.revoke_what_is_left(step).await
            }
            asked => asked,
        }
    }

    /// Revokes what of these is still there, when another has revoked some meanwhile.
    async fn revoke_what_is_left(&self, step: &Step) -> Result<(), Failure> {
        let unknown = |error| Failure { error, is_unknown: true };
        let group = self.client.find(self.group_id).await.map_err(unknown)?;
        let held = Grant::held(&group).map_err(unknown)?;
        let is_held = |grant: &&Grant| held.iter().any(|held| held.subject() == grant.subject());
        let left: Vec<_> = step.grants.iter().filter(is_held).cloned().collect();
        if left.is_empty() {
            return Ok(());
        }
        self.ask(step.verb, step.direction, &left).await
    }

    async fn ask(&self, verb: Verb, direction: Direction, grants: &[Grant]) -> Result<(), Failure> {
        let mut asked = permissions(grants);
        if verb == Verb::Revoke {
            asked = asked.iter().map(convert::to_revoke).collect();
        }
        let unknown: Vec<IpPermission> = self.client.change_rules(self.group_id, verb, direction, &asked).await?;
        if unknown.is_empty() { Ok(()) } else { Err(Failure { error: no_rule(), is_unknown: true }) }
    }

    /// Undoes what was done, the last first, and says what came of it.
    async fn take_back(self, failed: Step, failure: Failure) -> Error {
        let maybe_done = failure.is_unknown.then(|| failed.clone());
        let mut left = String::new();
        for step in maybe_done.into_iter().chain(self.done.iter().rev().cloned()) {
            let undo = step.inverse();
            match self.call(&undo).await {
                Err(failure) if !undo.is_done_already(&failure.error) => {
                    let _ =
                        write!(left, "\n  {}: {}. {}", step.left(), listed(&step.grants, usize::MAX), failure.error);
                }
                _ => {}
            }
        }
        self.refusal(&failed, failure.error, &left)
    }

    /// EC2's refusal of a step, with which rule it was about and what is left of the others.
    fn refusal(&self, step: &Step, error: Error, left: &str) -> Error {
        let what = match step.verb {
            Verb::Authorize => format!("{} could not be added", numbers(&step.grants)),
            Verb::Describe => format!("{} could not be described", numbers(&step.grants)),
            Verb::Revoke => format!("{} could not be taken away", listed(&step.grants, MAX_NAMED)),
        };
        let outcome = match left {
            "" => "the firewall is as it was",
            _ => "not all that was done before could be undone",
        };
        let could_make_room = self.plan.removes.iter().any(|grant| grant.direction == step.direction);
        let hint = match step.verb {
            Verb::Authorize if is_full(&error) && could_make_room && !self.allow_gap => {
                " There is no room for what is new beside what is old; allow_gap=true takes away what is old before."
            }
            _ => "",
        };
        let kind = match error.kind {
            _ if !left.is_empty() => ErrorKind::Unavailable,
            _ if is_there_already(&error) || is_gone_already(&error) => ErrorKind::Conflict,
            kind => kind,
        };
        Error { kind, message: format!("{what}, and {outcome}.{hint} {}{left}", error.message), ..error }
    }
}

impl Step {
    fn adding(plan: &Plan, direction: Direction) -> Self {
        let grants = plan.adds.iter().filter(|grant| grant.direction == direction).cloned().collect();
        Self { verb: Verb::Authorize, direction, grants, before: Vec::new() }
    }

    fn removing(plan: &Plan, direction: Direction) -> Self {
        let grants = plan.removes.iter().filter(|grant| grant.direction == direction).cloned().collect();
        Self { verb: Verb::Revoke, direction, grants, before: Vec::new() }
    }

    fn describing(plan: &Plan, direction: Direction) -> Self {
        let described = plan.describes.iter().filter(|(_, grant)| grant.direction == direction).cloned();
        let (before, grants) = described.unzip();
        Self { verb: Verb::Describe, direction, grants, before }
    }

    fn inverse(&self) -> Self {
        let verb = match self.verb {
            Verb::Authorize => Verb::Revoke,
            Verb::Revoke => Verb::Authorize,
            Verb::Describe => {
                let (grants, before) = (self.before.clone(), self.grants.clone());
                return Self { grants, before, ..self.clone() };
            }
        };
        Self { verb, ..self.clone() }
    }

    /// Whether a refusal only says that what was asked is so anyway.
    fn is_done_already(&self, refusal: &Error) -> bool {
        match self.verb {
            Verb::Authorize => is_there_already(refusal),
            Verb::Revoke | Verb::Describe => is_gone_already(refusal),
        }
    }

    /// What is left where this step could not be undone.
    fn left(&self) -> &'static str {
        match self.verb {
            Verb::Authorize => "Added, and not taken away again",
            Verb::Revoke => "Taken away, and not added again",
            Verb::Describe => "Described anew, and not as before",
        }
    }
}

/// `Rule 3`, or `Rules 1, 2 and 5`.
fn numbers(grants: &[Grant]) -> String {
    let mut numbers: Vec<_> = grants.iter().map(|grant| grant.rule).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let texts: Vec<_> = numbers.iter().map(usize::to_string).collect();
    match texts.split_last() {
        Some((last, [])) => format!("Rule {last}"),
        Some((last, others)) => format!("Rules {} and {last}", others.join(", ")),
        None => "Nothing".to_owned(),
    }
}

/// These in words, so many of them at the most.
fn listed(grants: &[Grant], most: usize) -> String {
    let named: Vec<_> = grants.iter().take(most).map(|grant| grant.to_string()).collect();
    let more = match grants.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}
