//! Who keeps firewalls as they are to be: others change nothing there.

use std::sync::{PoisonError, RwLock};

use deltawall_core::{Driver, Error, ErrorKind, Firewall, ProviderName};

use super::place::provider;

/// One who keeps a firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// What it is called, such as `VAPIX device AXIS_ACCC8E000001`.
    pub name: String,
    /// The id of the firewall's driver.
    pub driver: String,
    /// The provider, by its name; empty where the driver's own has none.
    pub provider: String,
    /// The firewall, by its id or its name.
    pub firewall: String,
    /// What people are to know of what it keeps there, in a sentence each.
    pub notes: Vec<String>,
}

/// All who keep one.
#[derive(Debug, Default)]
pub(super) struct Keepers(RwLock<Vec<Keeper>>);

impl Keepers {
    /// From now on it keeps its firewall.
    pub(super) fn add(&self, keeper: Keeper) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.name != keeper.name);
        all.push(keeper);
    }

    /// From now on these are all whose names begin so.
    pub(super) fn set(&self, start: &str, keepers: Vec<Keeper>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| !known.name.starts_with(start));
        all.extend(keepers);
    }

    /// Whether any firewall of this driver is kept.
    pub(super) fn are_for(&self, driver: &dyn Driver) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().any(|keeper| keeper.driver == driver.id())
    }

    /// Who keeps this firewall.
    pub(super) fn of(&self, driver: &dyn Driver, chosen: Option<&ProviderName>, firewall: &Firewall) -> Option<Keeper> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            return None;
        }
        let provider = provider(driver, chosen);
        let is_of = |keeper: &&Keeper| {
            keeper.driver == driver.id()
                && keeper.provider == provider
                && [firewall.id.as_str(), firewall.name.as_str()].contains(&&*keeper.firewall)
        };
        all.iter().find(is_of).cloned()
    }

    /// Whether somebody may change this firewall, who may be its keeper.
    ///
    /// # Errors
    /// [`Blocked`](deltawall_core::ErrorKind::Blocked), naming who keeps it.
    pub(super) fn check(
        &self,
        driver: &dyn Driver,
        chosen: Option<&ProviderName>,
        firewall: &Firewall,
        who: Option<&str>,
    ) -> Result<(), Error> {
        match self.of(driver, chosen, firewall) {
            Some(keeper) if who != Some(&keeper.name) => {
                let message = format!("The firewall is kept by {}. Change its rules there.", keeper.name);
                Err(Error::new(ErrorKind::Blocked, driver.id(), message))
            }
            _ => Ok(()),
        }
    }
}
