//! How a change is asked for: once, and again only where EC2 has turned it away unread.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_ec2::config::Builder;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::IpPermission;
use deltawall_core::Direction;

use super::base::Client;
use crate::error::{Failure, is_throttled, of_change};
use crate::request;

/// How often a change is tried again that EC2 has turned away because there were too many.
const MAX_THROTTLED: u32 = 4;

/// What can be done with a group's permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// They are added.
    Authorize,
    /// They are taken away.
    Revoke,
    /// They are described anew.
    Describe,
}

impl Client {
    /// One call that changes a group's permissions: all of these, or none. Gives those that EC2 was to revoke and does not have: in
    /// the default VPC it calls that a success.
    pub(super) async fn change_rules(
        &self,
        group_id: &str,
        verb: Verb,
        direction: Direction,
        permissions: &[IpPermission],
    ) -> Result<Vec<IpPermission>, Failure> {
        // The calls have types of their own, and all else in common.
        macro_rules! call {
            ($operation:ident) => {
                self.change(|| {
                    let call = self.ec2.$operation().group_id(group_id).set_ip_permissions(Some(permissions.to_vec()));
                    call.customize().config_override(never_again()).send()
                })
                .await?
            };
        }
        let unknown = match (verb, direction) {
            (Verb::Revoke, Direction::Ingress) => call!(revoke_security_group_ingress).unknown_ip_permissions,
            (Verb::Revoke, Direction::Egress) => call!(revoke_security_group_egress).unknown_ip_permissions,
            (Verb::Authorize, Direction::Ingress) => {
                call!(authorize_security_group_ingress);
                None
            }
            (Verb::Authorize, Direction::Egress) => {
                call!(authorize_security_group_egress);
                None
            }
            (Verb::Describe, Direction::Ingress) => {
                call!(update_security_group_rule_descriptions_ingress);
                None
            }
            (Verb::Describe, Direction::Egress) => {
                call!(update_security_group_rule_descriptions_egress);
                None
            }
        };
        Ok(unknown.unwrap_or_default())
    }

    /// Makes a change. The SDK must not repeat one, since it may have been made; only what EC2 has turned away unread is
    /// tried again, here, until the call is given up.
    pub(super) async fn change<T, E, F>(&self, call: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut throttled = 0;
        loop {
            match call().await {
                Err(error) if is_throttled(&error) && throttled < MAX_THROTTLED => {
                    throttled += 1;
                    self.wait(throttled).await;
                    request::set_repeating(true);
                }
                result => {
                    request::set_repeating(false);
                    return result.map_err(of_change);
                }
            }
        }
    }

    /// Waits longer each time, and never as long as another who waits.
    pub(super) async fn wait(&self, time: u32) {
        let longest = Duration::from_millis(100) * 2_u32.saturating_pow(time.min(6));
        tokio::time::sleep(longest.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
    }
}

/// What each change overrides of the configuration.
pub(super) fn never_again() -> Builder {
    aws_sdk_ec2::Config::builder().retry_config(RetryConfig::disabled())
}
