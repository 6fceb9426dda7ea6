//! What a parameter of the API is.

use std::fmt;

/// A parameter of a query or body.
#[derive(Debug)]
pub(super) struct Parameter {
    /// As clients send it, but for an `N` at its end or before `owner`, which is any number.
    pub(super) name: &'static str,
    pub(super) syntax: Syntax,
    pub(super) is_required: bool,
    /// What it means, in a sentence.
    pub(super) meaning: &'static str,
    /// A value that does for an example.
    pub(super) example: &'static str,
}

/// What the values of a parameter look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Syntax {
    /// Whatever there is.
    Any,
    /// Text without control characters, taken as it is.
    Exact,
    /// The same without the white space around it.
    Text,
    /// The same, of which there may be several with commas between: in JSON also a list.
    List,
    /// A whole number of this range.
    Number(i32, i32),
    /// A protocol: its name in any case, or its number.
    Protocol,
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// `true` or `false`, in any case, and not blank.
    Flag,
    /// One packet: `tcp/443 from 203.0.113.9`.
    Packet,
    /// Addresses or CIDRs with commas between.
    Addresses,
    /// A time of RFC 3339.
    Time,
    /// The id of a change.
    Change,
}

impl fmt::Display for Syntax {
    /// Says it in a sentence; nothing where any text will do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any
            | Self::Exact
            | Self::Text
            | Self::List
            | Self::Protocol
            | Self::Packet
            | Self::Addresses
            | Self::Time
            | Self::Change => Ok(()),
            Self::Flag => f.write_str("One of true, false."),
            Self::Number(first, last) => write!(f, "A whole number from {first} to {last}."),
            Self::Word(words) => write!(f, "One of {}.", words.join(", ")),
        }
    }
}

impl Parameter {
    /// Whether a client means this parameter by a name: numbered ones have any number and case, and whatever starts
    /// with `ip_address` or `ip-address` is an address.
    pub(super) fn is_meant_by(&self, name: &str) -> bool {
        match self.syntax {
            Syntax::Addresses => name.get(.."ip_address".len()).is_some_and(|start| {
                ["ip_address", "ip-address"].iter().any(|known| start.eq_ignore_ascii_case(known))
            }),
            _ if self.name.contains('N') => self.number_in(name).is_some(),
            _ => self.name == name,
        }
    }

    /// The number that a name has in the place of this parameter's `N`.
    pub(super) fn number_in(&self, name: &str) -> Option<Number> {
        let (start, end) = self.name.split_once('N')?;
        let name = name.to_ascii_lowercase();
        let digits = name.strip_prefix(start)?.strip_suffix(end)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let digits = digits.trim_start_matches('0');
        is_number.then(|| Number { length: digits.len(), digits: digits.to_owned() })
    }

    /// A name that a client may send: the first, of those that are numbered.
    pub(super) fn first_name(&self) -> String {
        self.name.replacen('N', "1", 1)
    }

    /// The name with a number in the place of its `N`.
    pub(super) fn numbered(&self, number: &Number) -> String {
        let digits = if number.digits.is_empty() { "0" } else { &number.digits };
        self.name.replacen('N', digits, 1)
    }
}

/// A number of any length, without leading zeros. It orders as numbers do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number {
    length: usize,
    digits: String,
}
