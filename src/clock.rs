//! What time it is, from a clock that tests can set.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// What time it is.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time of day. It may be set at any moment, forward and back.
    fn now(&self) -> Timestamp;

    /// How long the clock runs. It is never set.
    fn running(&self) -> Duration;

    /// Waits until it runs for so long.
    fn reaches(&self, running: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    /// It runs from now on.
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn running(&self) -> Duration {
        self.0.elapsed()
    }

    fn reaches(&self, running: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.0.checked_add(running) {
            Some(at) => Box::pin(tokio::time::sleep_until(at.into())),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// A time of day, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no time of RFC 3339, such as 2026-12-01T12:01:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The time so many milliseconds after the beginning of 1970 in UTC.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// How many milliseconds after the beginning of 1970 in UTC it is.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// It, as the standard library has it.
    pub fn system_time(self) -> SystemTime {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        let time = if self.0 < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        time.unwrap_or(UNIX_EPOCH)
    }

    /// The time so much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time so much earlier.
    #[must_use]
    pub fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long it is from `earlier` until then; nothing where that is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or_default())
    }
}

/// As RFC 3339 has it, in UTC, with the milliseconds that there are.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0) * 1_000_000;
        let text = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|time| time.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("9999-12-31T23:59:59Z"))
    }
}

/// Of RFC 3339, with whatever offset.
impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok().ok_or(InvalidTimestamp)?;
        let millis = time.to_offset(UtcOffset::UTC).unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(millis).ok().map(Self).ok_or(InvalidTimestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_as_rfc_3339_has_them() {
        for (text, shown) in [
            ("2026-12-01T12:01:00Z", "2026-12-01T12:01:00Z"),
            ("2026-12-01T13:01:00+01:00", "2026-12-01T12:01:00Z"),
            ("2026-12-01T12:01:00.5004Z", "2026-12-01T12:01:00.5Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), shown);
        }
        for text in ["", "now", "2026-12-01", "2026-12-01 12:01", "2026-12-01T12:01:00", "2026-13-01T12:01:00Z"] {
            assert_eq!(text.parse::<Timestamp>(), Err(InvalidTimestamp), "{text}");
        }
    }

    #[test]
    fn no_time_is_too_far_to_be_written() {
        let end = Timestamp::from_millis(i64::MAX).after(Duration::MAX);
        assert_eq!(end.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_millis(5).since(end), Duration::ZERO);
    }
}
