//! Addresses from one to another, which need not be a network.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpSubnets, Ipv4Subnets, Ipv6Subnets};

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

    /// The fewest networks that have these addresses and no others, in their order.
    pub fn networks(&self) -> impl Iterator<Item = Cidr> {
        let subnets = match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => Some(IpSubnets::V4(Ipv4Subnets::new(first, last, 0))),
            (IpAddr::V6(first), IpAddr::V6(last)) => Some(IpSubnets::V6(Ipv6Subnets::new(first, last, 0))),
            // No range is of both.
            _ => None,
        };
        subnets.into_iter().flatten().map(Cidr::from)
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
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

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

    #[test]
    fn ranges_are_the_fewest_networks() {
        for (range, networks) in [
            ("10.0.0.0-10.0.0.255", "10.0.0.0/24"),
            ("10.0.0.1-10.0.0.6", "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32"),
            ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
            ("255.255.255.255-255.255.255.255", "255.255.255.255/32"),
            ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
            ("2001:db8::-2001:db8::2", "2001:db8::/127 2001:db8::2/128"),
        ] {
            let networks: Vec<Cidr> = networks.split(' ').map(|cidr| cidr.parse().unwrap()).collect();
            assert_eq!(range.parse::<AddressRange>().unwrap().networks().collect::<Vec<_>>(), networks, "{range}");
        }
    }

    /// That networks are a range's and no more: each begins where the one before has ended.
    fn check(first: IpAddr, last: IpAddr) {
        let number = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address),
        };
        let networks: Vec<_> = AddressRange::new(first, last).unwrap().networks().collect();
        let mut next = Some(number(first));
        for cidr in &networks {
            assert_eq!(Some(number(cidr.address())), next);
            let bits = u32::from(if first.is_ipv4() { 32 } else { 128 } - cidr.prefix());
            let size = 1_u128.checked_shl(bits);
            next = size.and_then(|size| number(cidr.address()).checked_add(size));
        }
        assert_eq!(next, number(last).checked_add(1));
        assert_eq!(Cidr::merged(&networks), networks);
    }

    proptest! {
        #[test]
        fn networks_are_exactly_the_range(a: u32, b: u32, c: u128, d: u128, near in 0..5000_u32) {
            check(Ipv4Addr::from(a.min(b)).into(), Ipv4Addr::from(a.max(b)).into());
            check(Ipv4Addr::from(a).into(), Ipv4Addr::from(a.saturating_add(near)).into());
            check(Ipv6Addr::from(c.min(d)).into(), Ipv6Addr::from(c.max(d)).into());
        }
    }
}
