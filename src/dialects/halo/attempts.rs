//! How often somebody may be wrong: a code has six digits, and could be guessed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::message::peer;

/// In so much time.
const WINDOW: Duration = Duration::from_secs(600);

/// How often one may be wrong from where it comes from, and as a user from wherever.
const MOST_OF_PEER: usize = 5;
const MOST_OF_USER: usize = 30;

/// How many are remembered; beyond, all are forgotten who were wrong the longest ago.
const MOST_KNOWN: usize = 10_000;

/// The attempts that were wrong.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<Who, Vec<Timestamp>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Peer(IpAddr),
    User(String),
}

impl Attempts {
    /// Whether another may be made now, which counts as wrong until it is [taken back](Self::was_right).
    pub(super) fn may_try(&self, user: &str, from: IpAddr, now: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let both = [(Who::Peer(peer::of(from)), MOST_OF_PEER), (Who::User(user.to_owned()), MOST_OF_USER)];
        let is_over = |time: &Timestamp| now.since(*time) >= WINDOW;
        let is_free = both.iter().all(|(who, most)| {
            let of_who = known.get(who).map(|times| times.iter().filter(|time| !is_over(time)).count());
            of_who.unwrap_or_default() < *most
        });
        if !is_free {
            return false;
        }
        if known.len() >= MOST_KNOWN {
            known.retain(|_, times| times.iter().any(|time| !is_over(time)));
        }
        if known.len() >= MOST_KNOWN {
            return false;
        }
        for (who, _) in both {
            let times = known.entry(who).or_default();
            times.retain(|time| !is_over(time));
            times.push(now);
        }
        true
    }

    /// The last attempt was right.
    pub(super) fn was_right(&self, user: &str, from: IpAddr) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for who in [Who::Peer(peer::of(from)), Who::User(user.to_owned())] {
            if let Some(times) = known.get_mut(&who) {
                times.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_wrong_too_often_has_to_wait() {
        let attempts = Attempts::default();
        let start = Timestamp::from_millis(0);
        let (one, other): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..MOST_OF_PEER {
            assert!(attempts.may_try("jo", one, start));
        }
        assert!(!attempts.may_try("jo", one, start) && !attempts.may_try("ann", one, start));
        for _ in 0..100 {
            assert!(attempts.may_try("jo", other, start));
            attempts.was_right("jo", other);
        }
        assert!(attempts.may_try("jo", one, start.after(WINDOW)));
        for number in 0..MOST_OF_USER {
            attempts.may_try("ann", IpAddr::from([198, 51, 100, u8::try_from(number).unwrap()]), start);
        }
        assert!(!attempts.may_try("ann", "203.0.113.1".parse().unwrap(), start));
    }
}
