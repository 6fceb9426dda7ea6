//! What is done to a device.

use std::sync::Arc;
use std::time::Duration;

use super::asking::Rewrite;
use super::compile::Wanted;
use super::device::Device;
use super::rule::Rules;
use super::state::{How, Kept, Phase, Request};
use crate::policies::cloud::Asker;
use crate::policies::failure::Failure;

/// What is done with rules that are to be tried while nothing is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileOff {
    /// They are tried in the lists.
    TryInLists,
    /// They are refused.
    TryNothing,
}

impl Device {
    /// Gives it these rules, on trial where there is a time after which the old ones come back.
    ///
    /// # Errors
    /// Where they cannot be enforced, or are not in force.
    pub async fn set_rules(
        &self,
        asker: Asker<'_>,
        rules: Rules,
        fallback: Option<Duration>,
        off: WhileOff,
    ) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        let rules = Arc::new(rules);
        self.again_where_a_trial_has_ended(async || self.set(asker, &rules, fallback, off).await).await
    }

    async fn set(
        &self,
        asker: Asker<'_>,
        rules: &Arc<Rules>,
        fallback: Option<Duration>,
        off: WhileOff,
    ) -> Result<(), Failure> {
        let rules = Arc::clone(rules);
        let kept = self.settled_soon().await?;
        if kept.activated != Some(true) {
            if fallback.is_some() && off == WhileOff::TryNothing {
                return Err(Failure::Invalid("what is not in force cannot be tried".into()));
            }
            self.check(asker, &rules).await?;
            let kept = match fallback {
                None => Kept { confirmed: rules, expired: None, asked: None, ..kept },
                Some(time) => {
                    let until = self.cloud.changes.clock().now().after(time).millis();
                    let asked = Request { rules, how: How::Lists(until), instead_of: None };
                    Kept { expired: None, asked: Some(Box::new(asked)), ..kept }
                }
            };
            return self.write(kept).await;
        }
        let id = self.cloud.changes.new_id();
        let how = if fallback.is_some() { How::Trial(id.to_string()) } else { How::Change(id.to_string()) };
        let instead_of = kept.trial_id()?;
        let asked = Request { rules: Arc::clone(&rules), how, instead_of: kept.asked.clone() };
        let coming = Kept { asked: Some(Box::new(asked)), ..kept.clone() };
        self.write(coming).await?;
        let rewrite = Rewrite {
            operation: "set_rules",
            id,
            wanted: Wanted::Rules(&rules),
            confirm_within: fallback,
            instead_of,
            why: None,
        };
        let made = self.rewrite(asker, rewrite).await;
        let mut kept = self.settled().await?;
        if let (Ok(()), Some(_), Some(asked)) = (&made, fallback, &mut kept.asked) {
            // The trial before has ended with it, and so has what was over before.
            (asked.instead_of, kept.expired) = (None, None);
        }
        self.write(kept).await?;
        made
    }

    /// Has it filter, or not.
    ///
    /// # Errors
    /// Where that is not in force.
    pub async fn activate(&self, asker: Asker<'_>, activated: bool) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        self.again_where_a_trial_has_ended(async || self.turn_on_or_off(asker, activated).await).await
    }

    async fn turn_on_or_off(&self, asker: Asker<'_>, activated: bool) -> Result<(), Failure> {
        let kept = self.settled_soon().await?;
        if kept.activated == Some(activated) {
            return Ok(());
        }
        if !activated {
            let instead_of = kept.trial_id()?;
            let off = Rewrite { instead_of, ..self.plainly("deactivate", Wanted::Nothing) };
            self.rewrite(asker, off).await?;
            let expired = if kept.asked.is_some() { None } else { kept.expired };
            return self.write(Kept { activated: Some(false), asked: None, expired, ..kept }).await;
        }
        self.rewrite(asker, self.plainly("activate", Wanted::Rules(&kept.confirmed))).await?;
        // What was tried in the lists alone is tried in earnest for the time that is left, or is over with it.
        let Some(asked) = kept.asked.clone() else {
            return self.write(Kept { activated: Some(true), ..kept }).await;
        };
        let over = Kept { activated: Some(true), asked: None, expired: Some(Arc::clone(&asked.rules)), ..kept.clone() };
        self.write(over).await?;
        let Phase::Testing(left) = kept.view(self.cloud.changes.clock().now(), |_| None).phase else { return Ok(()) };
        let id = self.cloud.changes.new_id();
        let request = Request { rules: Arc::clone(&asked.rules), how: How::Trial(id.to_string()), instead_of: None };
        self.write(Kept { activated: Some(true), asked: Some(Box::new(request)), expired: None, ..kept }).await?;
        let wanted = Wanted::Rules(&asked.rules);
        let trial = Rewrite { id, confirm_within: Some(left), ..self.plainly("set_rules", wanted) };
        let tried = self.rewrite(asker, trial).await;
        let settled = self.settled().await?;
        match tried {
            Ok(()) => self.write(settled).await,
            Err(why) if settled.asked.is_some() => Err(why),
            // It is on, and what was confirmed is in force.
            Err(why) => {
                tracing::warn!(device = self.realm, %why, "what was tried in the lists could not be tried in earnest");
                self.write(Kept { expired: Some(asked.rules), ..settled }).await
            }
        }
    }

    /// Confirms what is tried.
    ///
    /// # Errors
    /// [`Failure::Invalid`] where its time is over.
    pub async fn confirm(&self, asker: Asker<'_>) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        let kept = self.settled().await?;
        let Some(asked) = kept.asked.clone() else {
            return match kept.expired {
                Some(_) => Err(Failure::Invalid("what was tried is not in force any more".into())),
                None => Ok(()),
            };
        };
        if matches!(asked.how, How::Change(_)) {
            // Nothing is tried: whether these rules have come nobody knows yet.
            return Ok(());
        }
        if let Some(id) = kept.trial_id()? {
            self.ask(asker, "confirm_rules", Some(&id), async |driver, context, _| {
                self.cloud
                    .changes
                    .confirm(self.cloud.asked(driver, context, asker.caller, "confirm_rules"), &id)
                    .await
                    .map(drop)
            })
            .await?;
        }
        self.write(Kept { confirmed: asked.rules, expired: None, asked: None, ..kept }).await
    }

    /// Ends what is tried, and forgets what was.
    ///
    /// # Errors
    /// Where the old rules are not in force again.
    pub async fn clear(&self, asker: Asker<'_>) -> Result<(), Failure> {
        let _turn = self.turn.lock().await;
        self.again_where_a_trial_has_ended(async || self.clear_pending(asker).await).await
    }

    async fn clear_pending(&self, asker: Asker<'_>) -> Result<(), Failure> {
        let kept = self.settled_soon().await?;
        if let Some(id) = kept.trial_id()? {
            self.undo(asker, &id).await?;
        } else if kept.asked.is_none() && kept.expired.is_none() {
            return Ok(());
        }
        self.write(Kept { expired: None, asked: None, ..kept }).await
    }

    /// Does it, and once more where a trial that it was to end has come to its end by itself meanwhile.
    async fn again_where_a_trial_has_ended(
        &self,
        mut work: impl AsyncFnMut() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let before = self.settled().await?;
        let done = work().await;
        let has_ended = done.is_err() && before.trial().is_some() && self.settled_soon().await?.asked.is_none();
        if has_ended { work().await } else { done }
    }
}
