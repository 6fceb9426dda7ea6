//! Where a rule's traffic comes from; for an egress rule, where it goes to.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::text::{Account, FirewallName, PrefixListId};

/// One source of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Whatever stands behind another firewall.
    Group(Group),
    /// The addresses of a network.
    Address(Cidr),
    /// The networks of a list that the cloud keeps.
    PrefixList(PrefixListId),
}

/// A firewall as the source of another's rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// The account that the firewall belongs to.
    pub owner: Account,
    /// The firewall's name within that account.
    pub name: FirewallName,
}

/// An address and the length of its prefix. Bits of the address past the prefix are kept, since clouds
/// differ in whether they keep them; [`Cidr::network`] is without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

/// Why a text is not an address or CIDR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32")]
pub struct InvalidCidr(String);

impl Source {
    /// The source without what does not matter to traffic: bits past a prefix. Two sources match the
    /// same traffic exactly when these are equal.
    pub fn canonical(&self) -> Cow<'_, Self> {
        match self {
            Self::Group(_) | Self::PrefixList(_) => Cow::Borrowed(self),
            Self::Address(cidr) => Cow::Owned(Self::Address(cidr.network())),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "{}:{}", group.owner, group.name),
            Self::Address(cidr) => cidr.fmt(f),
            Self::PrefixList(id) => id.fmt(f),
        }
    }
}

impl Cidr {
    /// An address with a prefix of `prefix` bits.
    ///
    /// # Errors
    /// When the prefix is longer than the address.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, InvalidCidr> {
        IpNet::new(address, prefix).ok().map(Self).ok_or_else(|| InvalidCidr(format!("{address}/{prefix}")))
    }

    /// The address as it was given.
    pub fn address(&self) -> IpAddr {
        self.0.addr()
    }

    /// The address as text.
    pub fn address_text(&self) -> impl fmt::Display {
        AddressText(self.address())
    }

    /// The length of the prefix, in bits.
    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    /// `ipv4` or `ipv6`.
    pub fn family(&self) -> &'static str {
        match self.0 {
            IpNet::V4(_) => "ipv4",
            IpNet::V6(_) => "ipv6",
        }
    }

    /// The same network, bits past the prefix cleared.
    pub fn network(&self) -> Self {
        Self(self.0.trunc())
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    /// Reads `ADDRESS/PREFIX`, or an address alone, which means that one address.
    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let net = match text.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address)),
            Err(_) => text.parse::<IpNet>().ok(),
        };
        net.map(Self).ok_or_else(|| InvalidCidr(text.to_owned()))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Lists of firewalls are full of addresses, and the standard library takes three times as long to write one of IPv4.
struct AddressText(IpAddr);

impl fmt::Display for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let IpAddr::V4(address) = self.0 else { return self.0.fmt(f) };
        for (index, octet) in address.octets().into_iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(itoa::Buffer::new().format(octet))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_kept_and_do_not_matter() {
        let cidr: Cidr = "10.1.2.3/24".parse().unwrap();
        assert_eq!(cidr.to_string(), "10.1.2.3/24");
        assert_eq!(cidr.network(), "10.1.2.0/24".parse().unwrap());
    }

    #[test]
    fn a_bare_address_is_that_one_address() {
        assert_eq!("10.1.2.3".parse::<Cidr>().unwrap().to_string(), "10.1.2.3/32");
        assert_eq!("2001:DB8::1".parse::<Cidr>().unwrap().to_string(), "2001:db8::1/128");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in
            ["", "10.0.0.0/33", "::/129", "10.0.0/8", "010.0.0.1", "10.0.0.0/-1", "fe80::1%eth0", "any", "10.0.0.0/8 "]
        {
            assert!(text.parse::<Cidr>().is_err(), "{text:?}");
        }
    }
}
