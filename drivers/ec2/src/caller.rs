//! The runtime that calls run on, with its connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls;
use deltawall_core::{Context, Error, ErrorKind, ProviderName};
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};

use crate::capabilities::ID;
use crate::client::{self, Client};
use crate::error::too_late;
use crate::options::Options;
use crate::{keys, regions, request};

/// A runtime with connections to EC2 of its own: one that was made on a runtime hangs on another.
pub(crate) struct Caller {
    sdk: SdkConfig,
    runtime: Handle,
    /// A client for each region that was asked.
    clients: Mutex<HashMap<String, aws_sdk_ec2::Client>>,
    /// Each request that is under way on the runtime has this as well.
    under_way: Arc<()>,
}

impl Caller {
    pub(crate) fn new(runtime: Handle, options: &Options) -> Result<Self, Error> {
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .build_https();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::from_static(regions::DEFAULT))
            .http_client(https);
        let loader = if options.ambient_credentials {
            runtime.block_on(keys::check_ambient())?;
            loader
        } else {
            loader.no_credentials()
        };
        let sdk = runtime.block_on(loader.load());
        Ok(Self { sdk, runtime, clients: Mutex::default(), under_way: Arc::default() })
    }

    fn client(&self, options: &Options, context: &Context) -> Client {
        let region = context.provider.as_ref().map_or(regions::DEFAULT, ProviderName::as_str);
        let endpoints = &options.endpoints;
        let of_region =
            |wanted| endpoints.iter().find(|endpoint| endpoint.region.as_ref().map(ProviderName::as_str) == wanted);
        let make = || {
            let endpoint = of_region(Some(region)).or_else(|| of_region(None)).map(|endpoint| endpoint.url.as_str());
            client::of_region(&self.sdk, region, endpoint, options)
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        Client::new(clients.entry(region.to_owned()).or_insert_with(make).clone(), options, context)
    }

    /// How many requests are under way on the runtime.
    pub(crate) fn under_way(&self) -> usize {
        Arc::strong_count(&self.under_way)
    }

    /// Starts what a request is for, which has time until the deadline, and so much more to take back what it has begun.
    pub(crate) fn start<T, F>(
        &self,
        context: &Context,
        options: &Options,
        more: Duration,
        work: impl FnOnce(Client) -> F,
    ) -> Task<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let work = request::with(context, options.max_answer, work(self.client(options, context)));
        let (deadline, under_way) = ((context.deadline + more).into(), Arc::clone(&self.under_way));
        self.runtime.spawn(async move {
            let _under_way = under_way;
            tokio::time::timeout_at(deadline, work).await.unwrap_or_else(|_| Err(too_late()))
        })
    }
}

/// What is under way on a runtime.
pub(crate) type Task<T> = JoinHandle<Result<T, Error>>;

/// A task that ends when nobody waits for it any more.
pub(crate) struct WhileAwaited<T>(pub(crate) Task<T>);

impl<T> Drop for WhileAwaited<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What is said of a task that has ended without an outcome.
pub(crate) fn broken_off(ended: JoinError) -> Error {
    Error::new(ErrorKind::Internal, ID, "The call to EC2 was broken off.").with_source(ended)
}
