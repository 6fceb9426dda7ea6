//! What all requests share.

use std::sync::Arc;

use actix_http::Response;
use actix_http::body::BoxBody;

use super::error::ApiError;
use super::nonces::Nonces;
use super::written::Cache;
use super::{answer, login};
use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::config::Challenge;
use crate::message::Exchange;
use crate::policies::Policies;
use crate::policies::devices::Device;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) changes: Arc<Changes>,
    pub(super) policies: Arc<Policies>,
    challenge: Challenge,
    /// None where the system has no random numbers, so that nobody can be let in by Digest.
    pub(super) nonces: Option<Nonces>,
    /// What this run of the gateway is called.
    pub(super) boot: String,
    pub(super) written: Cache,
}

impl Shared {
    pub(super) fn new(changes: Arc<Changes>, policies: Arc<Policies>, challenge: Challenge) -> Self {
        let boot = uuid::Uuid::new_v4().to_string();
        Self { changes, policies, challenge, nonces: Nonces::new(), boot, written: Cache::default() }
    }

    pub(super) fn has_devices(&self) -> bool {
        !self.policies.devices().is_empty()
    }

    /// The device that a request is for: that of the port it came to, or of the host it has called, or that which is for all others.
    pub(super) fn device(&self, exchange: &Exchange<'_>) -> Option<&Device> {
        let devices = self.policies.devices();
        let port = exchange.port();
        let is_called = |device: &&Device| device.host.as_deref().is_none_or(|host| exchange.is_to(host));
        let of_port = devices.iter().filter(|device| device.port.is_some() && device.port == port).find(is_called);
        let of_host = || devices.iter().filter(|device| device.port.is_none() && device.host.is_some()).find(is_called);
        let of_all = || devices.iter().find(|device| device.port.is_none() && device.host.is_none());
        of_port.or_else(of_host).or_else(of_all)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.changes.clock().now()
    }

    /// The answer of a request that has failed.
    pub(super) fn failed(&self, device: Option<&Device>, error: &ApiError) -> Response<BoxBody> {
        let is_stale = matches!(error, ApiError::Unauthenticated { is_stale: true });
        let challenges = match (device, &self.nonces) {
            (Some(device), Some(nonces)) => login::challenges(self.challenge, device, nonces, self.now(), is_stale),
            _ => Vec::new(),
        };
        answer::failure(error, &challenges)
    }
}
