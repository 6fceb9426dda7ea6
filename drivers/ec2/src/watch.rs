//! Telling the gateway of each call to EC2, in what the SDK offers for that.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aws_sdk_ec2::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use deltawall_core::{CloudCall, Observer, Outcome};

use crate::capabilities::ID;
use crate::request;

/// Watches calls.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) observer: Arc<dyn Observer>,
}

/// A call that is under way. It tells of itself when it is dropped, so that one is counted which nobody waits for any more.
#[derive(Debug)]
struct Attempt {
    observer: Arc<dyn Observer>,
    name: String,
    started: Instant,
    outcome: Mutex<Outcome>,
    is_retry: bool,
}

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.observer.called(CloudCall {
            driver: ID,
            name: &self.name,
            time: self.started.elapsed(),
            outcome: *self.outcome.lock().unwrap_or_else(PoisonError::into_inner),
            is_retry: self.is_retry,
        });
    }
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "deltawall"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_repeated = config.load::<RequestAttempts>().is_some_and(|attempts| attempts.attempts() > 1);
        let attempt = Attempt {
            observer: Arc::clone(&self.observer),
            name: config.load::<Metadata>().map_or("unknown", Metadata::name).to_owned(),
            started: Instant::now(),
            outcome: Mutex::new(Outcome::Unanswered),
            is_retry: is_repeated || request::is_repeating(),
        };
        config.interceptor_state().store_put(attempt);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(attempt) = config.load::<Attempt>() {
            let outcome = match context.output_or_error() {
                Some(Ok(_)) => Outcome::Done,
                Some(Err(error)) if error.is_operation_error() => Outcome::Refused,
                _ => Outcome::Unanswered,
            };
            *attempt.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        }
        config.interceptor_state().unset::<Attempt>();
        Ok(())
    }
}
