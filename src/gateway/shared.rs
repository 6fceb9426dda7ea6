//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::{Driver, FirewallId, ProviderName};

use super::access::Access;
use super::metrics::{Figures, Metrics};
use super::one_at_a_time::{OneAtATime, Place, Turn};
use super::queues::Backends;
use super::registry::{Registry, Sample};
use crate::config::{Config, Limits, Usage};

/// The gateway to some drivers.
#[derive(Debug)]
pub struct Gateway {
    /// The drivers that are served.
    pub registry: Registry,
    /// The one for requests that choose none.
    pub default_driver: Arc<dyn Driver>,
    /// Its provider for requests that choose neither.
    pub default_provider: Option<ProviderName>,
    /// Who may ask them.
    pub access: Access,
    /// What clients may take.
    pub limits: Limits,
    pub(super) backends: Backends,
    pub(super) changing: OneAtATime,
    pub(super) backend_timeout: Duration,
}

impl Gateway {
    /// A gateway to these drivers.
    ///
    /// # Errors
    /// [`Usage`] when the configured driver or provider is not there.
    pub fn new(registry: Registry, config: &Config) -> Result<Self, Usage> {
        let Some(driver) = registry.get(&config.driver).cloned() else {
            let message = format!("unknown driver '{}'; the drivers are {}", config.driver, registry.names());
            return Err(Usage(message));
        };
        let provider = config.provider.as_ref().map(|name| driver.provider(name)).transpose();
        Ok(Self {
            default_provider: provider.map_err(|error| Usage(error.to_string()))?,
            access: Access::new(config, &registry, driver.id())?,
            backends: Backends::new(&registry, &config.limits),
            changing: OneAtATime::new(config.limits.backend_queue),
            default_driver: driver,
            registry,
            backend_timeout: config.backend_timeout,
            limits: config.limits.clone(),
        })
    }

    /// What it counts.
    pub fn metrics(&self) -> &Arc<Metrics> {
        self.registry.metrics()
    }

    /// Reads anew what names clients.
    ///
    /// # Errors
    /// [`Usage`] when it cannot be read; all stays as it was then.
    pub fn reload(&self) -> Result<(), Usage> {
        self.access.reload()
    }

    /// The turn to change a firewall, after those who came before; none where too many wait for one already.
    pub async fn turn(
        &self,
        driver: &dyn Driver,
        provider: Option<&ProviderName>,
        firewall: &FirewallId,
    ) -> Option<Turn<'_>> {
        self.changing.enter(Place::new(driver, provider, firewall.clone())).await
    }

    /// How long a driver may take for an answer.
    pub fn backend_timeout(&self) -> Duration {
        self.backend_timeout
    }

    /// What the default driver's data has, where it is the built-in sample data.
    pub fn sample(&self) -> Option<Sample> {
        self.registry.sample(self.default_driver.id())
    }
}

/// The gateway as one worker has it. Its requests share this, so that workers do not wait for each other to count who shares
/// the gateway.
#[derive(Debug)]
pub struct Desk {
    /// What all workers share.
    pub gateway: Arc<Gateway>,
    /// What this one counts.
    pub figures: Figures,
}

impl Desk {
    /// That of one more worker.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self { figures: Figures::new(Arc::clone(gateway.metrics())), gateway }
    }
}
