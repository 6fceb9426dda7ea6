//! A feed: looking at its list again and again, and telling what has become of it.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use deltawall_core::Cidr;
use tokio::task::spawn_blocking;

use super::fetch::fetch;
use super::list;
use crate::clock::Timestamp;
use crate::config::{self, Config, Usage};
use crate::gateway::Desk;
use crate::policies::account::address_list::AddressList;
use crate::policies::account::{Account, By, ChangeError, Directory, Draft, EventKind, Objects};
use crate::policies::cloud::Asker;

/// How long it takes until a list is looked at again that could not be taken. It grows from time to time, up to the feed's own.
const FIRST_PAUSE: Duration = Duration::from_secs(30);

/// A list that is kept as a zone.
#[derive(Debug)]
pub struct Feed {
    of: config::Feed,
    /// How many networks its zone has, at the most.
    most: usize,
}

/// What became of a list when it was last looked at.
#[derive(Default)]
struct Last {
    /// Whether one was ever taken since the gateway was started.
    was_taken: bool,
    failure: Option<Failing>,
}

/// That a list is not taken: the last good one stays in force.
struct Failing {
    /// Since when none was.
    since: Timestamp,
    /// Why not, in a sentence.
    why: String,
}

impl Feed {
    /// The feeds that are configured.
    ///
    /// # Errors
    /// [`Usage`] where there can be no zone for one.
    pub(in crate::policies) fn all(config: &Config, has_account: bool) -> Result<Vec<Self>, Usage> {
        let always_there = Objects::built_in();
        let numbered = (1..).zip(&config.feeds);
        let feeds = numbered.map(|(number, of)| match has_account {
            false => {
                Err(Usage(format!("feed {number}: there is no account that has zones: give --halo DRIVER[/PROVIDER]")))
            }
            true if always_there.zones.named(&of.zone).is_some() => {
                Err(Usage(format!("feed {number}: the zone '{}' is always there, as it is", of.zone)))
            }
            true => Ok(Self { of: of.clone(), most: config.max_zone }),
        });
        feeds.collect()
    }

    /// The name of its zone.
    fn zone(&self) -> &str {
        &self.of.zone
    }

    /// Looks at its list, again and again, and tells whenever that may have changed firewalls.
    pub(in crate::policies) async fn keep(&self, account: &Arc<Account>, desk: &Desk, tell: impl Fn()) {
        let changes = &account.cloud().changes;
        let clock = changes.clock();
        let (mut failures, mut last) = (0, Last::default());
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
            self.tell(account, &mut last, taken);
            tell();
            clock.reaches(start + pause).await;
        }
    }

    /// Makes its list the zone's addresses. How many networks there are in it.
    async fn take(&self, account: &Arc<Account>, desk: &Desk) -> Result<usize, String> {
        let networks = self.networks().await?;
        let list = AddressList::of(networks);
        let feed = |draft: &mut Draft<'_>| draft.feed_zone(self.zone(), &list, self.of.max_shrink);
        let (id, time) = (account.cloud().changes.new_id().to_string(), Cell::new(None));
        let caller = account.cloud().own_caller(format!("feed of zone '{}'", self.zone()));
        let caller = caller.ok_or("the gateway has no credentials of its own any more")?;
        let asker = Asker { desk, caller: &caller, id: &id, peer: None, time: &time };
        account.change(asker, &By::GATEWAY, &Directory::default(), feed).await.map_err(sentence)?;
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

    /// Says what has become of it: once, until that is something else, in the log and as an event; and on pages as long as it fails.
    fn tell(&self, account: &Account, last: &mut Last, taken: Result<usize, String>) {
        let (zone, place) = (self.zone(), &self.of.place);
        let before = last.failure.take();
        let event = match taken {
            Ok(networks) => {
                account.note_feed(zone, None);
                let is_news = before.is_some() || !last.was_taken;
                last.was_taken = true;
                if is_news {
                    tracing::info!(zone, %place, networks, "the list of a feed is in force");
                }
                let message = format!("The list at {place} is in force as zone '{zone}', with {networks} networks.");
                is_news.then_some((EventKind::FirewallZoneFeedSuccess, message))
            }
            Err(why) => {
                let is_news = before.as_ref().is_none_or(|before| before.why != why);
                if is_news {
                    tracing::error!(zone, %place, why, "the list of a feed was not taken, and the last good one stays in force");
                }
                let since = before.map_or_else(|| account.cloud().changes.clock().now(), |before| before.since);
                let message = format!(
                    "The list at {place} was not taken as zone '{zone}': {why}. The last good one stays in force."
                );
                account.note_feed(zone, Some(format!("Since {since}: {message}")));
                last.failure = Some(Failing { since, why });
                is_news.then_some((EventKind::FirewallZoneFeedFailure, message))
            }
        };
        if let Some((kind, message)) = event {
            account.tell(By::GATEWAY, kind, message);
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
