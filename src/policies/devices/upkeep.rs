//! Looking after the firewall of a device, when nobody asks.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::asking::Rewrite;
use deltawall_core::Direction;

use super::compile::Wanted;
use super::device::Device;
use super::state::{How, Kept, Phase};
use crate::gateway::Desk;
use crate::policies::cloud::Asker;
use crate::policies::differs;
use crate::policies::failure::Failure;

/// What has come of looking after a firewall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policies) struct Reconciled {
    /// Whether something was asked for whose end is not known yet.
    pub(in crate::policies) is_waiting: bool,
    /// Whether somebody else had changed it.
    pub(in crate::policies) has_corrected: bool,
}

impl Device {
    /// Takes up what was kept of it when the gateway was stopped, unless that is done. What was tried then is over: only a confirmation is for good.
    pub(in crate::policies) async fn start(&self, desk: &Desk) -> Result<(), Failure> {
        if !self.has_started() {
            self.take_up(desk).await?;
            self.has_started.store(true, Ordering::Release);
        }
        Ok(())
    }

    async fn take_up(&self, desk: &Desk) -> Result<(), Failure> {
        self.load().await?;
        let is_new = *self.known() == Arc::default();
        if is_new || self.cloud.changes.store().is_shared() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        // What a request was making when the gateway was stopped is found out by then.
        let kept = match self.settled_soon().await {
            Ok(kept) => kept,
            Err(_) => self.settled().await?,
        };
        let (id, caller, time) = (self.cloud.changes.new_id().to_string(), self.own_caller(), Cell::new(None));
        let Some(caller) = caller else { return Ok(()) };
        let asker = Asker { desk, caller: &caller, id: &id, peer: None, time: &time };
        let kept = match (kept.trial_id()?, &kept.asked) {
            (Some(id), _) => {
                self.undo(asker, &id).await?;
                self.settled().await?
            }
            (None, Some(asked)) if matches!(asked.how, How::Lists(_)) => {
                Kept { expired: Some(Arc::clone(&asked.rules)), asked: None, ..kept }
            }
            _ => kept,
        };
        self.write(kept).await
    }

    /// Writes down what has become of what was asked for. Where something has, or where it is asked for, looks whether its firewall is as it is
    /// to be, and makes it so where it is not.
    pub(in crate::policies) async fn reconcile(&self, desk: &Desk, compares: bool) -> Result<Reconciled, Failure> {
        let _turn = self.turn.lock().await;
        let seen = self.look().await?;
        let (view, has_settled) = (seen.view(), *seen.kept != seen.settled);
        let kept = seen.settled;
        if has_settled {
            self.write(kept.clone()).await?;
        }
        let done = Reconciled { is_waiting: kept.asked.is_some(), has_corrected: false };
        // What is being made or undone is nobody else's to touch.
        let is_passing = kept.asked.is_some() && !matches!(view.phase, Phase::Testing(left) if !left.is_zero());
        let (Some(activated), Some(caller)) = (kept.activated, self.own_caller()) else {
            return Ok(done);
        };
        if is_passing || !compares && !has_settled {
            return Ok(done);
        }
        let wanted = if activated { Wanted::Rules(&view.active) } else { Wanted::Nothing };
        let (id, time) = (self.cloud.changes.new_id(), Cell::new(None));
        let request = id.to_string();
        let asker = Asker { desk, caller: &caller, id: &request, peer: None, time: &time };
        let differs = self.ask(asker, "compare_rules", None, async |driver, context, _| {
            let firewall = driver.firewall(context, &self.firewall).await?;
            let set = self.compiled(wanted, &firewall)?;
            Ok(differs::differs(&firewall, &set, Some(Direction::Ingress), &driver.capabilities()))
        });
        if !differs.await? {
            return Ok(done);
        }
        if kept.trial().is_some() {
            // The trial goes on: what undoes it leads to the rules before it, whatever others have done meanwhile.
            self.ask(asker, "keep_rules", Some(&id), async |driver, context, _| {
                let firewall = self.cloud.in_force(driver, context, &self.firewall).await?;
                differs::replace(driver, context, &firewall, &self.compiled(wanted, &firewall)?).await
            })
            .await?;
        } else {
            let why = Some("Others had changed what it keeps.".to_owned());
            self.rewrite(asker, Rewrite { id, why, ..self.plainly("keep_rules", wanted) }).await?;
        }
        Ok(Reconciled { has_corrected: true, ..done })
    }
}
