//! The SDK's clients.

use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::config::{Builder, IdentityCache, StalledStreamProtectionConfig};

use crate::answer::{Answers, IsFinal};
use crate::keys::Usable;
use crate::options::Options;
use crate::request::RequestCredentials;
use crate::watch::Watch;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The SDK's client for a region, whose calls are made with the credentials of the [request](crate::request) they are for.
pub(crate) fn of_region(
    sdk: &SdkConfig,
    region: &str,
    endpoint: Option<&str>,
    options: &Options,
) -> aws_sdk_ec2::Client {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let mut config = Builder::from(sdk).region(Region::new(region.to_owned())).timeout_config(timeouts);
    if !options.ambient_credentials {
        // The SDK would keep the credentials past the request, and use them for the next.
        config = config.credentials_provider(RequestCredentials).identity_cache(IdentityCache::no_cache());
    } else if let Some(cache) = sdk.identity_cache() {
        config = config.identity_cache(Usable(cache));
    }
    // Answers are watched where they are read.
    let stalled = StalledStreamProtectionConfig::enabled().download_enabled(false).build();
    config = config
        .interceptor(Answers { hides_key_id: options.ambient_credentials })
        .retry_classifier(IsFinal)
        .stalled_stream_protection(stalled);
    if let Some(observer) = &options.observer {
        config = config.interceptor(Watch { observer: Arc::clone(observer) });
    }
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    aws_sdk_ec2::Client::from_conf(config.build())
}
