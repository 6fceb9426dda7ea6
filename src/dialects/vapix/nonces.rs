//! Nonces of HTTP Digest: who sends one shows that it has asked lately.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::SystemRandom;

use crate::clock::Timestamp;
use crate::text::hex;

/// How long a nonce lives: that of Apache, which devices have as their web server.
const LIFE: Duration = Duration::from_secs(300);

/// How many answers of writes are remembered, so that none is good twice.
const MOST_SEEN: usize = 100_000;

/// The nonces of one gateway.
#[derive(Debug)]
pub(super) struct Nonces {
    key: hmac::Key,
    seen: Mutex<Seen>,
}

/// The answers that were good for a write, the oldest nonces first.
#[derive(Debug, Default)]
struct Seen {
    answers: HashSet<[u8; 16]>,
    by_time: VecDeque<(Timestamp, [u8; 16])>,
    /// Nonces that are no newer are too old: what was sent with them is not remembered.
    forgotten: Option<Timestamp>,
}

impl Nonces {
    /// Those of a gateway that starts; none where the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &SystemRandom::new()).ok()?;
        Some(Self { key, seen: Mutex::default() })
    }

    /// One more: its time in base64, and forty hexadecimal digits that nobody else can make.
    pub(super) fn issue(&self, realm: &str, now: Timestamp) -> String {
        let time = now.millis().to_le_bytes();
        let tag = hmac::sign(&self.key, &signed(realm, time));
        STANDARD.encode(time) + &hex(tag.as_ref())
    }

    /// When a nonce was issued, if it was, for this realm, and lately.
    pub(super) fn check(&self, nonce: &str, realm: &str, now: Timestamp) -> Option<Timestamp> {
        let (time, tag) = nonce.split_at_checked(12)?;
        let time: [u8; 8] = STANDARD.decode(time).ok()?.try_into().ok()?;
        let digits = tag.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
        let tag: Vec<u8> = digits.collect::<Option<_>>()?;
        hmac::verify(&self.key, &signed(realm, time), &tag).ok()?;
        let issued = Timestamp::from_millis(i64::from_le_bytes(time));
        let is_new = self.seen().forgotten.is_none_or(|forgotten| issued > forgotten);
        (is_new && now.since(issued) <= LIFE && issued.since(now) <= LIFE).then_some(issued)
    }

    /// Whether an answer to a nonce that was issued then is sent for the first time. Counters may come in any order, as those of clients
    /// with several connections do.
    pub(super) fn is_first(&self, issued: Timestamp, answer: [u8; 16], now: Timestamp) -> bool {
        let mut seen = self.seen();
        let over = |(issued, _): &(Timestamp, _)| now.since(*issued) > LIFE;
        while seen.by_time.front().is_some_and(over) || seen.by_time.len() >= MOST_SEEN {
            let Some((issued, answer)) = seen.by_time.pop_front() else { break };
            seen.answers.remove(&answer);
            seen.forgotten = seen.forgotten.max(Some(issued));
        }
        let is_first = seen.answers.insert(answer);
        if is_first {
            seen.by_time.push_back((issued, answer));
        }
        is_first
    }

    /// Whether two texts are the same, in a time that does not tell where they differ.
    pub(super) fn are_same(&self, one: &str, other: &str) -> bool {
        let tag = hmac::sign(&self.key, one.as_bytes());
        hmac::verify(&self.key, other.as_bytes(), tag.as_ref()).is_ok()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn signed(realm: &str, time: [u8; 8]) -> Vec<u8> {
    [&time[..], realm.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000).after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_nonce_is_good_for_its_realm_and_its_time() {
        let nonces = Nonces::new().unwrap();
        let nonce = nonces.issue("AXIS_1", time(0));
        assert_eq!(nonce.len(), 52);
        assert_eq!(nonces.check(&nonce, "AXIS_1", time(300)), Some(time(0)));
        assert_eq!(nonces.check(&nonce, "AXIS_1", time(301)), None);
        assert_eq!(nonces.check(&nonce, "AXIS_2", time(0)), None);
        assert_eq!(Nonces::new().unwrap().check(&nonce, "AXIS_1", time(0)), None);
        let (start, end) = nonce.split_at(nonce.len() - 2);
        for other in [String::new(), "x".into(), start.into(), format!("{nonce}0"), format!("{start}é"), end.into()] {
            assert_eq!(nonces.check(&other, "AXIS_1", time(0)), None, "{other}");
        }
    }

    #[test]
    fn no_answer_is_good_twice_and_what_is_forgotten_is_good_for_nothing() {
        let nonces = Nonces::new().unwrap();
        let nonce = nonces.issue("r", time(0));
        assert!(nonces.is_first(time(0), [1; 16], time(0)));
        assert!(!nonces.is_first(time(0), [1; 16], time(299)));
        for number in 0..MOST_SEEN {
            let mut answer = [0; 16];
            answer[..8].copy_from_slice(&number.to_le_bytes());
            assert!(nonces.is_first(time(1), answer, time(1)));
        }
        assert_eq!(nonces.check(&nonce, "r", time(2)), None);
        assert!(nonces.check(&nonces.issue("r", time(2)), "r", time(2)).is_some());
    }
}
