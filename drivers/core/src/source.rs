//! Where a rule's traffic comes from; for an egress rule, where it goes to.

use std::borrow::Cow;
use std::fmt;

use crate::address_range::AddressRange;
use crate::cidr::Cidr;
use crate::text::{Account, FirewallName, PrefixListId};

/// One source of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Whatever stands behind another firewall.
    Group(Group),
    /// The addresses of a network.
    Address(Cidr),
    /// Addresses from one to another.
    Range(AddressRange),
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

impl Source {
    /// The source without what does not matter to traffic: bits past a prefix. Two sources match the
    /// same traffic exactly when these are equal.
    pub fn canonical(&self) -> Cow<'_, Self> {
        match self {
            Self::Group(_) | Self::Range(_) | Self::PrefixList(_) => Cow::Borrowed(self),
            Self::Address(cidr) => Cow::Owned(Self::Address(cidr.network())),
        }
    }

    /// Whether it is of IPv6 alone.
    pub fn is_ipv6(&self) -> bool {
        match self {
            Self::Address(cidr) => cidr.address().is_ipv6(),
            Self::Range(range) => range.first().is_ipv6(),
            Self::Group(_) | Self::PrefixList(_) => false,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "{}:{}", group.owner, group.name),
            Self::Address(cidr) => cidr.fmt(f),
            Self::Range(range) => range.fmt(f),
            Self::PrefixList(id) => id.fmt(f),
        }
    }
}
