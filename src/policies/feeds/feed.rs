//! A feed: what has become of it, and looking at it again and again.

use std::cell::Cell;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use deltawall_core::Cidr;
use tokio::task::spawn_blocking;

use super::fetch::fetch;
use super::list;
use crate::clock::Timestamp;
use crate::config::{self, Config, FeedPlace, Usage};
use crate::gateway::Desk;
use crate::policies::account::address_list::AddressList;
use crate::policies::account::{Account, By, ChangeError, Directory, Draft, Objects};
use crate::policies::cloud::Asker;

/// How long it takes until a list is looked at again that could not be taken. It grows from time to time, up to the feed's own.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// A list that is kept as a zone.
#[derive(Debug)]
pub struct Feed {
    of: config::Feed,
    /// How many networks its zone has, at the most.
    most: usize,
    status: RwLock<FeedStatus>,
}

/// What has become of a feed since the gateway was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedStatus {
    /// When its list was last found good, if it was: the zone has it since.
    pub last_success: Option<Timestamp>,
    /// How many networks it had then.
    pub networks: Option<usize>,
    /// Why the list that is there now was not taken; none where it was.
    pub failure: Option<FeedFailure>,
}

/// Why a list was not taken. The last good one stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedFailure {
    /// Since when none was.
    pub since: Timestamp,
    /// When it was last tried.
    pub last: Timestamp,
    /// Why not, in a sentence.
    pub why: String,
}

impl Feed {
    /// The feeds that are configured.
    ///
    /// # Errors
    /// [`Usage`] where there can be no zone for one.
    pub(in crate::policies) fn all(config: &Config, account: Option<&Account>) -> Result<Vec<Self>, Usage> {
        let always_there = Objects::built_in();
        let numbered = (1..).zip(&config.feeds);
        let feeds = numbered.map(|(number, of)| match account {
            None => {
                Err(Usage(format!("feed {number}: there is no account that has zones: give --halo DRIVER[/PROVIDER]")))
            }
            Some(_) if always_there.zones.named(&of.zone).is_some() => {
                Err(Usage(format!("feed {number}: the zone '{}' is always there, as it is", of.zone)))
            }
            Some(_) => Ok(Self { of: of.clone(), most: config.max_zone, status: RwLock::default() }),
        });
        feeds.collect()
    }

    /// The name of its zone.
    pub fn zone(&self) -> &str {
        &self.of.zone
    }

    /// Where its list is.
    pub fn place(&self) -> &FeedPlace {
        &self.of.place
    }

    /// What has become of it.
    pub fn status(&self) -> FeedStatus {
        self.status.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at its list, again and again, and tells whenever that may have changed firewalls.
    pub(in crate::policies) async fn keep(&self, account: &Account, desk: &Desk, tell: impl Fn()) {
        let changes = &account.cloud().changes;
        let clock = changes.clock();
        let mut failures = 0;
        loop {
            let start = clock.running();
            let taken = self.take(account, desk).await;
            changes.gateway().metrics().feeds.looked(self.zone(), taken.as_ref().ok().copied());
            let pause = match &taken {
                Ok(_) => {
                    failures = 0;
                    self.of.every
                }
                Err(_) => {
                    failures += 1;
                    self.of.every.min(FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(20)))
                }
            };
            self.note(taken, clock.now());
            tell();
            clock.reaches(start + pause).await;
        }
    }

    /// Makes its list the zone's addresses. How many networks there are in it.
    async fn take(&self, account: &Account, desk: &Desk) -> Result<usize, String> {
        let networks = self.networks().await?;
        let changes = &account.cloud().changes;
        let (id, time) = (changes.new_id().to_string(), Cell::new(None));
        let caller = account.cloud().own_caller(format!("feed of zone '{}'", self.zone()));
        let caller = caller.ok_or("the gateway has no credentials of its own any more")?;
        let asker = Asker { desk, caller: &caller, id: &id, peer: None, time: &time };
        let (list, directory) = (AddressList::of(networks), Directory::default());
        let feed = |draft: &mut Draft<'_>| draft.feed_zone(self.zone(), &list, self.of.max_shrink);
        account.change(asker, &By::GATEWAY, &directory, feed).await.map_err(sentence)?;
        Ok(list.len())
    }

    /// What its list says now.
    async fn networks(&self) -> Result<Vec<Cidr>, String> {
        let (place, most) = (self.of.place.clone(), self.most);
        let read = move || {
            let text = fetch(&place).map_err(|why| why.to_string())?;
            list::read(&text, most).map_err(|why| why.to_string())
        };
        spawn_blocking(read).await.unwrap_or_else(|why| Err(why.to_string()))
    }

    /// Says what has become of it; in the log once, until that is something else.
    fn note(&self, taken: Result<usize, String>, now: Timestamp) {
        let (zone, place) = (self.zone(), &self.of.place);
        let mut status = self.status.write().unwrap_or_else(PoisonError::into_inner);
        let before = status.failure.take();
        match taken {
            Ok(networks) => {
                if before.is_some() || status.last_success.is_none() {
                    tracing::info!(zone, %place, networks, "the list of a feed is in force");
                }
                (status.last_success, status.networks) = (Some(now), Some(networks));
            }
            Err(why) => {
                if before.as_ref().is_none_or(|before| before.why != why) {
                    tracing::error!(zone, %place, why, "the list of a feed was not taken, and the last good one stays in force");
                }
                let since = before.map_or(now, |before| before.since);
                status.failure = Some(FeedFailure { since, last: now, why });
            }
        }
    }
}

/// Why the account does not take a list.
fn sentence(why: ChangeError) -> String {
    match why {
        ChangeError::Invalid(problems) => {
            let details: Vec<_> = problems.into_iter().map(|problem| problem.details).collect();
            details.join("; ")
        }
        why => why.to_string(),
    }
}
