//! The calls to EC2 for one request.
//!
//! | module | holds |
//! |---|---|
//! | `changes` | how a change is asked for: once, and again only where EC2 has not looked at it |
//! | `groups` | finding groups, and what those in rules are called |
//! | `members` | who stands behind a group, and who uses it |
//! | `replace` | all rules of a group for others |
//! | `rules` | one rule made or deleted |
//! | `steps` | the calls of a replacement, and back where one fails |

mod changes;
mod groups;
mod members;
mod replace;
mod rules;
mod steps;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::config::{Builder, IdentityCache, StalledStreamProtectionConfig};
use aws_sdk_ec2::types::SecurityGroup;
use deltawall_core::{Context, Error, ErrorKind, Firewall, FirewallId, NetworkId, NewFirewall};

use crate::Options;
use crate::answer::{Answers, IsFinal};
use crate::convert::{self, Names};
use crate::error::{from_sdk, is_in_use, nonsense};
use crate::keys::Usable;
use crate::request::RequestCredentials;
use crate::watch::Watch;
use changes::never_again;
use groups::group_id;

pub(crate) use replace::Wanted;

/// How many things EC2 sends at a time, at the most.
const PAGE: i32 = 1000;

/// How many values a filter may have: EC2's own limit.
const MAX_FILTER_VALUES: usize = 200;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Client {
    ec2: aws_sdk_ec2::Client,
    /// The VPC whose groups go by their names, where an operator has chosen one.
    vpc: Option<NetworkId>,
    deadline: Instant,
}

/// The SDK's client for a region, whose calls are made with the credentials of the [request] they are for.
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

impl Client {
    pub(crate) fn new(ec2: aws_sdk_ec2::Client, options: &Options, context: &Context) -> Self {
        Self { ec2, vpc: options.vpc.clone(), deadline: context.deadline }
    }

    /// One call, of which only the answer to who asks matters.
    pub(crate) async fn authenticate(&self) -> Result<(), Error> {
        match self.ec2.describe_security_groups().max_results(5).send().await.map_err(from_sdk) {
            // Who may not list groups is still who it says.
            Err(error) if error.kind != ErrorKind::Forbidden => Err(error),
            _ => Ok(()),
        }
    }

    /// All groups: a call for each thousand, and at the same time one for the default VPC.
    pub(crate) async fn list(&self) -> Result<Vec<Arc<Firewall>>, Error> {
        let pages = self.ec2.describe_security_groups().into_paginator().page_size(PAGE).items().send();
        let (groups, home) = tokio::join!(pages.try_collect(), self.home());
        let groups: Vec<SecurityGroup> = groups.map_err(from_sdk)?;
        let (home, mut names) = (home?, Names::default());
        names.learn(&groups);
        groups.iter().map(|group| convert::firewall(group, home.as_deref(), &names)).collect()
    }

    /// One group: one call, one more for the names of groups in its rules, and one for the default VPC where the id leaves
    /// it open whether the group is in it.
    pub(crate) async fn show(&self, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        let (group, home) = self.find_with_home(id).await?;
        let names = self.names(&group).await?;
        convert::firewall(&group, home.as_deref(), &names)
    }

    pub(crate) async fn create(&self, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        let network = new.network.as_ref().or(self.vpc.as_ref()).map(|network| network.as_str().to_owned());
        let (name, description) = (new.name.as_str(), new.description.as_str());
        let made = self
            .change(|| {
                let call = self.ec2.create_security_group().group_name(name).description(description);
                call.set_vpc_id(network.clone()).customize().config_override(never_again()).send()
            })
            .await?;
        let id = made.group_id().ok_or_else(|| nonsense("a new security group has no id"))?;
        let group = self.look_for(id).await.map_err(|error| done_but("The security group was made", error))?;
        let home = match new.network {
            None => group.vpc_id.clone(),
            Some(_) => self.home().await.map_err(|error| done_but("The security group was made", error))?,
        };
        convert::firewall(&group, home.as_deref(), &Names::default())
    }

    pub(crate) async fn delete(&self, id: &FirewallId) -> Result<(), Error> {
        let group = self.find(id.as_str()).await?;
        let group_id = group_id(&group)?;
        let deleted = self
            .change(|| {
                self.ec2.delete_security_group().group_id(group_id).customize().config_override(never_again()).send()
            })
            .await;
        match deleted.map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(error) if is_in_use(&error) => Err(self.with_users(error, &group).await),
            Err(error) => Err(error),
        }
    }
}

/// A failure to show what was done is no failure to do it, and must not read like one.
fn done_but(done: &str, error: Error) -> Error {
    let message = format!("{done}, but could not be shown: {}", error.message);
    Error { kind: ErrorKind::Unavailable, message, ..error }
}
