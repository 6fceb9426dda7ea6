//! Asking the driver: in its turn, within the time there is, and leaving a line in the audit.

use std::cell::Cell;
use std::future::{self, Future};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use deltawall_core::{Context, Driver, Error, ErrorKind};

use super::audit::{self, Change};
use super::error::{ApiError, Failure};
use super::request::Request;
use crate::access::Caller;
use crate::metrics::Limit;

/// A call to the driver, with credentials that only the driver can tell to be right.
pub(super) struct Call<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) caller: &'a Caller,
}

impl Call<'_> {
    /// Asks the driver, within the time there is. The credentials are gone with the answer.
    pub(super) async fn ask<T>(
        self,
        call: impl AsyncFnOnce(&dyn Driver, &Context) -> Result<T, Error>,
    ) -> Result<T, ApiError> {
        let Request { head, operation, .. } = self.request;
        let (gateway, driver) = (head.gateway(), head.driver().id());
        let mut change = Change::of(self.request, self.caller.user());
        let begun = Cell::new(None);
        let context = Context {
            credentials: self.caller.credentials.clone(),
            provider: head.provider().cloned(),
            request_id: head.id.clone(),
            deadline: Instant::now() + gateway.backend_timeout,
            // What a change has done is told in any case.
            room: head.activity.filter(|_| !operation.is_change()).map(|activity| activity.room()),
        };
        let result = {
            let mut asked = pin!(async {
                let _place = gateway.backends.enter(driver, head.provider()).await?;
                change.as_mut().map(Change::begin);
                begun.set(Some(Instant::now()));
                Some(call(head.driver(), &context).await)
            });
            // A driver that need not wait is done with at once, and no timer is set for it.
            match future::poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx))).await {
                Poll::Ready(result) => result,
                Poll::Pending => tokio::time::timeout_at(context.deadline.into(), asked).await.ok().flatten(),
            }
        };
        let Some(begun) = begun.get() else {
            let provider = head.provider_name();
            let message = format!(
                "Too many requests wait for provider {provider} of the {driver} driver. This one was not begun; try again."
            );
            if let Some(change) = &mut change {
                change.deny(&message);
            }
            gateway.metrics().rejected(Limit::BackendQueue);
            return Err(Failure::Overloaded.with(message));
        };
        let time = begun.elapsed();
        head.backend_time.set(Some(time));
        head.worker.figures.asked(driver, operation.name(), time);
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
        result.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: Error) -> ApiError {
        let Request { head, resource, method, .. } = self.request;
        let kind = error.kind;
        let is_refusal = !matches!(kind, ErrorKind::Internal | ErrorKind::Timeout | ErrorKind::Unavailable);
        if !is_refusal || error.source.is_some() {
            // In debug form, so that a cloud's line breaks make no lines of their own.
            let sources: Vec<_> = sources(&error).map(ToString::to_string).collect();
            let message = error.to_string();
            tracing::warn!(request_id = head.id, driver = error.driver, ?kind, ?message, ?sources, "driver failed");
        }
        if kind == ErrorKind::Unauthenticated {
            if self.caller.is_own {
                // The client can do nothing about it, least of all send others.
                return Failure::Provider.with(format!("The gateway cannot prove itself to the cloud. {error}"));
            }
            audit::failed_login(head, self.caller.user());
        }
        if kind == ErrorKind::Overloaded {
            head.gateway().metrics().rejected(Limit::Held);
        }
        let failure = ApiError::from(error);
        if kind == ErrorKind::State { failure.allowing(resource.allow(Some(*method))) } else { failure }
    }
}

/// What an error came from, what that came from, and so on.
fn sources(error: &dyn std::error::Error) -> impl Iterator<Item = &dyn std::error::Error> {
    std::iter::successors(error.source(), |error| error.source())
}
