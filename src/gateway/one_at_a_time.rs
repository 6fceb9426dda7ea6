//! One change at a time for each firewall, so that what a change has looked at is still so when it is made, as far as the
//! gateway's own clients go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deltawall_core::{Driver, FirewallId, ProviderName};
use tokio::sync::OwnedMutexGuard;

/// Who is changed or waits to be. Firewalls that nobody changes are forgotten.
#[derive(Debug)]
pub struct OneAtATime {
    firewalls: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    most_waiting: usize,
}

/// A firewall, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The id of the driver.
    driver: &'static str,
    /// Which of its providers: where none was chosen, that which the driver takes by itself.
    provider: Option<ProviderName>,
    /// The firewall.
    firewall: FirewallId,
}

impl Place {
    /// A firewall of the provider that was chosen, if one was.
    pub fn new(driver: &dyn Driver, chosen: Option<&ProviderName>, firewall: FirewallId) -> Self {
        Self { driver: driver.id(), provider: provider(driver, chosen), firewall }
    }
}

/// The provider that a call is for: where none was chosen, that which the driver takes by itself, if that has a name.
pub fn provider(driver: &dyn Driver, chosen: Option<&ProviderName>) -> Option<ProviderName> {
    chosen.cloned().or_else(|| driver.default_provider())
}

/// The turn of one change, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a> {
    // Dropped in this order: who waits next is let in before it is looked at whether anyone waits.
    _held: OwnedMutexGuard<()>,
    _waiting: Waiting<'a>,
}

/// One who waits or has its turn.
#[derive(Debug)]
struct Waiting<'a> {
    all: &'a OneAtATime,
    place: Place,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl OneAtATime {
    /// Lets this many changes wait for one firewall.
    pub fn new(most_waiting: usize) -> Self {
        Self { firewalls: Mutex::default(), most_waiting }
    }

    /// A turn, after those who came before; none where too many wait for one already.
    pub async fn enter(&self, place: Place) -> Option<Turn<'_>> {
        let waiting = {
            let mut firewalls = self.firewalls();
            let lock = firewalls.entry(place.clone()).or_default();
            // The map has one, who has its turn two, and who waits two as well.
            if Arc::strong_count(lock) >= self.most_waiting.saturating_mul(2).saturating_add(3) {
                return None;
            }
            Waiting { all: self, place, lock: Arc::clone(lock) }
        };
        Some(Turn { _held: Arc::clone(&waiting.lock).lock_owned().await, _waiting: waiting })
    }

    fn firewalls(&self) -> MutexGuard<'_, HashMap<Place, Arc<tokio::sync::Mutex<()>>>> {
        self.firewalls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut firewalls = self.all.firewalls();
        // The map's and this one: nobody else waits, and nobody can come to while the map is locked.
        if Arc::strong_count(&self.lock) == 2 {
            firewalls.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn place(firewall: &str) -> Place {
        Place { driver: "mock", provider: None, firewall: FirewallId::new(firewall).unwrap() }
    }

    #[tokio::test]
    async fn changes_of_one_firewall_take_turns_and_are_forgotten() {
        let all = OneAtATime::new(1);
        let first = all.enter(place("a")).await.unwrap();
        let other = all.enter(place("b")).await.unwrap();
        let mut second = std::pin::pin!(all.enter(place("a")));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(all.enter(place("a")).await.is_none(), "two wait where one may");
        drop((first, other));
        let second = second.await.unwrap();
        assert_eq!(all.firewalls().len(), 1);
        drop(second);
        assert!(all.firewalls().is_empty());
    }

    #[tokio::test]
    async fn who_stops_waiting_is_forgotten() {
        let all = OneAtATime::new(5);
        let first = all.enter(place("a")).await.unwrap();
        {
            let mut second = std::pin::pin!(all.enter(place("a")));
            assert!(second.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert!(all.firewalls().is_empty());
    }
}
