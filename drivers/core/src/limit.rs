//! Rates: how much of some traffic there may be, or must be, in a time.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

/// A rate, and which side of it a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limit {
    /// How many there are in each period.
    pub amount: NonZeroU16,
    /// How long a period is.
    pub period: Period,
    /// How many may come at once before the rate counts.
    pub burst: NonZeroU16,
    /// What is counted.
    pub unit: LimitUnit,
    /// Which side of the rate matches.
    pub side: LimitSide,
}

/// How long the period of a rate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// 1 s.
    Second,
    /// 60 s.
    Minute,
    /// 3,600 s.
    Hour,
    /// 86,400 s.
    Day,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitUnit {
    /// Each packet.
    Packets,
    /// The first packet of each connection; others are not of the rule.
    NewConnections,
}

/// Which side of a rate matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitSide {
    /// What stays within it.
    Within,
    /// What goes beyond it.
    Beyond,
}

/// How many bursts of packets a rate lets through unless a client says otherwise: that of iptables and nft.
pub const DEFAULT_BURST: NonZeroU16 = NonZeroU16::new(5).unwrap();

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a limit, such as 20/minute or 'beyond 100/second of new connections, burst 50': numbers are 1 to 65535, periods second, minute, hour and day"
)]
pub struct InvalidLimit;

impl Period {
    /// All periods.
    pub const ALL: [Self; 4] = [Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// `second`, `minute`, `hour` or `day`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// What stands before a rate of which a rule is about the other side.
const BEYOND: &str = "beyond ";

/// What stands behind a rate that counts connections.
const OF_NEW_CONNECTIONS: &str = " of new connections";

/// What stands before a burst that is not [`DEFAULT_BURST`].
const BURST: &str = ", burst ";

impl FromStr for Limit {
    type Err = InvalidLimit;

    /// Reads `[beyond ]AMOUNT/PERIOD[ of new connections][, burst BURST]`, in any case.
    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        let text = text.trim().to_ascii_lowercase();
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain).ok_or(InvalidLimit)
        };
        let (side, rest) = match text.strip_prefix(BEYOND) {
            Some(rest) => (LimitSide::Beyond, rest),
            None => (LimitSide::Within, &*text),
        };
        let (rest, burst) = match rest.split_once(BURST) {
            Some((rest, burst)) => (rest, number(burst)?),
            None => (rest, DEFAULT_BURST),
        };
        let (rest, unit) = match rest.strip_suffix(OF_NEW_CONNECTIONS) {
            Some(rest) => (rest, LimitUnit::NewConnections),
            None => (rest, LimitUnit::Packets),
        };
        let (amount, period) = rest.split_once('/').ok_or(InvalidLimit)?;
        let period = Period::ALL.into_iter().find(|known| known.name() == period).ok_or(InvalidLimit)?;
        Ok(Self { amount: number(amount)?, period, burst, unit, side })
    }
}

/// As it is read.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.side == LimitSide::Beyond {
            f.write_str(BEYOND)?;
        }
        write!(f, "{}/{}", self.amount, self.period.name())?;
        if self.unit == LimitUnit::NewConnections {
            f.write_str(OF_NEW_CONNECTIONS)?;
        }
        if self.burst != DEFAULT_BURST {
            write!(f, "{BURST}{}", self.burst)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in [
            "1/second",
            "beyond 20/minute",
            "20/hour of new connections",
            "beyond 65535/day of new connections, burst 10",
        ] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "1",
            "0/second",
            "65536/second",
            "+1/second",
            "1/week",
            "1/second, burst 0",
            "1/second,burst 5",
            "beyond",
        ] {
            assert_eq!(text.parse::<Limit>(), Err(InvalidLimit), "{text:?}");
        }
    }
}
