//! Addresses from one to another, which need not be a network.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::cidr::{Cidr, InvalidCidr};

/// Addresses of one family from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

/// Why two addresses are no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddressRange {
    /// One is no address as a rule has them.
    #[error("{0}")]
    Address(#[from] InvalidCidr),
    /// One is of IPv4, the other of IPv6.
    #[error("begins in one family and ends in another")]
    Families,
    /// It ends before it starts.
    #[error("ends before it starts")]
    Reversed,
    /// There is no `-`.
    #[error("is not FIRST-LAST, such as 192.0.2.10-192.0.2.20")]
    Form,
}

impl AddressRange {
    /// The addresses from `first` to `last`.
    ///
    /// # Errors
    /// When they are of two families, or the wrong way round.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, InvalidAddressRange> {
        if first.is_ipv4() != last.is_ipv4() {
            return Err(InvalidAddressRange::Families);
        }
        if first > last { Err(InvalidAddressRange::Reversed) } else { Ok(Self { first, last }) }
    }

    /// Reads both addresses.
    ///
    /// # Errors
    /// When one is none, or both are no range.
    pub fn from_parts(first: &str, last: &str) -> Result<Self, InvalidAddressRange> {
        let address = |text: &str| match text.contains('/') {
            true => Err(InvalidCidr::Form),
            false => text.parse::<Cidr>().map(|cidr| cidr.address()),
        };
        Self::new(address(first)?, address(last)?)
    }

    /// The first address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// `ipv4` or `ipv6`.
    pub fn family(&self) -> &'static str {
        if self.first.is_ipv4() { "ipv4" } else { "ipv6" }
    }
}

impl FromStr for AddressRange {
    type Err = InvalidAddressRange;

    /// Reads `FIRST-LAST`.
    fn from_str(text: &str) -> Result<Self, InvalidAddressRange> {
        let (first, last) = text.split_once('-').ok_or(InvalidAddressRange::Form)?;
        Self::from_parts(first, last)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_goes_forward_in_one_family() {
        use InvalidAddressRange as Invalid;
        for text in ["10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.1", "::1-::2"] {
            assert_eq!(text.parse::<AddressRange>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("10.0.0.9-10.0.0.1", Invalid::Reversed),
            ("10.0.0.9-::1", Invalid::Families),
            ("10.0.0.9", Invalid::Form),
            ("10.0.0.9-", Invalid::Address(InvalidCidr::Form)),
            ("10.0.0.0/8-11.0.0.0", Invalid::Address(InvalidCidr::Form)),
            ("010.0.0.1-10.0.0.2", Invalid::Address(InvalidCidr::Form)),
            ("::ffff:10.0.0.1-::ffff:10.0.0.2", Invalid::Address(InvalidCidr::Mapped("10.0.0.1/32".into()))),
        ] {
            assert_eq!(text.parse::<AddressRange>(), Err(why), "{text:?}");
        }
    }
}
