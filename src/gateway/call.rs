//! Asking a driver: in its turn, within the time there is, and leaving lines in the audit.

use std::cell::Cell;
use std::future::{self, Future};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use deltawall_core::{Context, Driver, Error, ErrorKind, FirewallId, ProviderName, Replace, Room, TO_TAKE_BACK};

use super::access::Caller;
use super::audit::{self, Asker, Change};
use super::metrics::Limit;
use super::shared::Desk;
use super::standing::{Standing, Wait};

/// A call to a driver, with credentials that only the driver can tell to be right.
pub struct DriverCall<'a> {
    /// Whose worker it is.
    pub desk: &'a Desk,
    /// Who is asked.
    pub driver: &'a dyn Driver,
    /// Which of its providers, where one was chosen.
    pub provider: Option<&'a ProviderName>,
    /// On whose behalf.
    pub caller: &'a Caller,
    /// By which request.
    pub asker: Asker<'a>,
    /// What for, in a word.
    pub operation: &'static str,
    /// The firewall that is changed, if one is: those who change it are let in one after the other. Waiting for that counts to the
    /// time there is.
    pub firewall: Option<&'a FirewallId>,
    /// What the driver takes its room from, where it may be refused any.
    pub room: Option<&'a Arc<dyn Room>>,
    /// How long it took, once it has been asked.
    pub time: &'a Cell<Option<Duration>>,
}

/// Why a driver has not done what it was to be asked for.
#[derive(Debug)]
pub enum NotDone {
    /// It was not asked, since too many wait. In a sentence.
    Busy(String),
    /// The gateway's own credentials are no good there.
    Unproven(Error),
    /// What the driver says, or that it has said nothing in time.
    Failed(Error),
}

impl DriverCall<'_> {
    /// Asks the driver, for a change or for nothing that is one. The credentials are gone with the answer.
    ///
    /// # Errors
    /// When it was not asked, or did not do it.
    pub async fn ask<T>(
        &self,
        mut change: Option<Box<Change<'_>>>,
        call: impl AsyncFnOnce(&dyn Driver, &Context, &mut Standing<'_>) -> Result<T, Error>,
    ) -> Result<T, NotDone> {
        let (gateway, driver, provider) = (&*self.desk.gateway, self.asker.driver, self.provider);
        let wait = Wait::default();
        let context = Context {
            credentials: self.caller.credentials.clone(),
            provider: provider.cloned(),
            request_id: self.asker.id.to_owned(),
            deadline: Instant::now() + gateway.backend_timeout,
            room: self.room.cloned(),
        };
        let result = {
            let mut asked = pin!(async {
                let mut standing = Standing::new(gateway, self.driver, provider, &wait);
                standing.enter(self.firewall).await?;
                if let Some(change) = change.as_mut() {
                    change.begin();
                }
                Some(call(self.driver, &context, &mut standing).await)
            });
            // A driver that need not wait is done with at once, and no timer is set for it.
            match future::poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx))).await {
                Poll::Ready(result) => result,
                Poll::Pending => match tokio::time::timeout_at(context.deadline.into(), &mut asked).await {
                    // What is taken back has no end yet: no other change may come between, and its outcome is to be told.
                    Err(_) if wait.begun.get().is_some() && self.may_take_back() => {
                        let end = context.deadline + TO_TAKE_BACK;
                        tokio::time::timeout_at(end.into(), asked).await.ok().flatten()
                    }
                    asked => asked.ok().flatten(),
                },
            }
        };
        let Some(begun) = wait.begun.get() else {
            let provider = self.asker.provider;
            let message = match wait.is_for_others.get() {
                true => "Other changes of this firewall are under way. This one was not begun; try again.".to_owned(),
                false => format!(
                    "Too many requests wait for provider {provider} of the {driver} driver. This one was not begun; try again."
                ),
            };
            if let Some(change) = &mut change {
                change.deny(&message);
            }
            gateway.metrics().rejected(Limit::BackendQueue);
            return Err(NotDone::Busy(message));
        };
        let time = begun.elapsed();
        self.time.set(Some(time));
        self.desk.figures.asked(driver, self.operation, time);
        let result = result.unwrap_or_else(|| {
            let limit = gateway.backend_timeout.as_secs_f64();
            let message = format!(
                "The {driver} driver did not answer within {limit} seconds. Whether it has done what it was asked is unknown."
            );
            Err(Error::new(ErrorKind::Timeout, driver, message))
        });
        if let Some(change) = &mut change {
            change.note(result.as_ref());
        }
        result.map_err(|error| self.not_done(error))
    }

    /// Whether it is a change that a driver makes in steps, and takes back where it cannot make them all.
    fn may_take_back(&self) -> bool {
        self.firewall.is_some() && self.driver.capabilities().rules.replace == Replace::Add
    }

    fn not_done(&self, error: Error) -> NotDone {
        let kind = error.kind;
        let is_refusal = !matches!(kind, ErrorKind::Internal | ErrorKind::Timeout | ErrorKind::Unavailable);
        if !is_refusal || error.source.is_some() {
            // In debug form, so that a cloud's line breaks make no lines of their own.
            let sources: Vec<_> = sources(&error).map(ToString::to_string).collect();
            let message = error.to_string();
            tracing::warn!(
                request_id = self.asker.id,
                driver = error.driver,
                ?kind,
                ?message,
                ?sources,
                "driver failed"
            );
        }
        match kind {
            // The client can do nothing about it, least of all send others.
            ErrorKind::Unauthenticated if self.caller.is_own => return NotDone::Unproven(error),
            ErrorKind::Unauthenticated => audit::failed_login(self.asker, self.caller.user()),
            ErrorKind::Overloaded => self.desk.gateway.metrics().rejected(Limit::Held),
            _ => {}
        }
        NotDone::Failed(error)
    }
}

/// What an error came from, what that came from, and so on.
fn sources(error: &dyn std::error::Error) -> impl Iterator<Item = &dyn std::error::Error> {
    std::iter::successors(error.source(), |error| error.source())
}
