//! Where a call stands: whose turn it has, and whether it has a place at its provider.

use std::cell::Cell;
use std::time::Instant;

use deltawall_core::{Driver, Error, ErrorKind, FirewallId, ProviderName};
use tokio::sync::SemaphorePermit;

use super::one_at_a_time::Turn;
use super::shared::Gateway;

/// What a call has waited for, until it is dropped.
pub struct Standing<'a> {
    gateway: &'a Gateway,
    driver: &'a dyn Driver,
    provider: Option<&'a ProviderName>,
    wait: &'a Wait,
    place: Option<SemaphorePermit<'a>>,
    turns: Vec<(FirewallId, Turn<'a>)>,
}

/// What a call waits for.
#[derive(Debug, Default)]
pub(super) struct Wait {
    /// Since when it waits for nothing and the driver is asked.
    pub(super) begun: Cell<Option<Instant>>,
    /// Whether it waits for other changes, and not for a place.
    pub(super) is_for_others: Cell<bool>,
}

impl<'a> Standing<'a> {
    /// That of a call which has waited for nothing yet.
    pub(super) fn new(
        gateway: &'a Gateway,
        driver: &'a dyn Driver,
        provider: Option<&'a ProviderName>,
        wait: &'a Wait,
    ) -> Self {
        Self { gateway, driver, provider, wait, place: None, turns: Vec::new() }
    }

    /// Waits for the turn of this firewall, if there is one, and then for a place at the provider: reads stand in that queue, too.
    /// None where too many wait already.
    pub(super) async fn enter(&mut self, firewall: Option<&FirewallId>) -> Option<()> {
        self.wait.begun.set(None);
        // Whoever has the turn that is waited for may wait for a place.
        self.place = None;
        if let Some(id) = firewall {
            self.wait.is_for_others.set(true);
            let turn = Box::pin(self.gateway.turn(self.driver, self.provider, id)).await?;
            self.turns.push((id.clone(), turn));
        }
        self.wait.is_for_others.set(false);
        self.place = Some(self.gateway.backends.enter(self.driver.id(), self.provider).await?);
        self.wait.begun.set(Some(Instant::now()));
        Some(())
    }

    /// Waits for the turn of a firewall that is known by this id as well. Ids lead to the one that the driver itself says, which leads to
    /// no other, so no two calls wait for each other. Whether it had to wait, so that what was read before may be so no more.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] where too many wait already.
    pub async fn enter_also(&mut self, firewall: &FirewallId) -> Result<bool, Error> {
        if self.turns.iter().any(|(id, _)| id == firewall) {
            return Ok(false);
        }
        match self.enter(Some(firewall)).await {
            Some(()) => Ok(true),
            None => Err(Error::new(ErrorKind::Overloaded, self.driver.id(), "Too many wait to change this firewall.")),
        }
    }
}
