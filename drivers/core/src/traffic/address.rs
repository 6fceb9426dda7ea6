//! Addresses of both families, as points on one line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::address_range::AddressRange;
use crate::cidr::Cidr;
use crate::source::Source;

/// A place on the line: IPv4, then IPv6, then the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Address {
    family: Family,
    number: u128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Family {
    V4,
    V6,
    End,
}

/// From one address up to another that is not included.
pub(super) type Addresses = (Address, Address);

const FIRST: Address = Address { family: Family::V4, number: 0 };
const FIRST_OF_V6: Address = Address { family: Family::V6, number: 0 };
const END: Address = Address { family: Family::End, number: 0 };

/// All there are.
pub(super) const ALL: Addresses = (FIRST, END);

/// A family, and what of it is given out, each with how many addresses are half of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct World([(Addresses, u128); 2]);

/// Both families. Of IPv6, 2000::/3 is given out (IANA, "IPv6 Global Unicast Address Assignments").
pub(super) const WORLDS: [World; 2] = [
    World([((FIRST, FIRST_OF_V6), 1 << 31); 2]),
    World([((FIRST_OF_V6, END), 1 << 127), ((GIVEN_OUT, NOT_GIVEN_OUT), 1 << 124)]),
];

const GIVEN_OUT: Address = Address { family: Family::V6, number: 1 << 125 };
const NOT_GIVEN_OUT: Address = Address { family: Family::V6, number: 1 << 126 };

/// How many addresses there are of a family, and of what of it is given out.
pub(super) type Sizes = [u128; 2];

impl World {
    /// How many of these there are of it. None of them overlaps another.
    pub(super) fn sizes(&self, addresses: &[Addresses]) -> Sizes {
        self.0.map(|(world, _)| {
            let parts = addresses.iter().filter_map(|these| both(*these, world)).map(count);
            parts.fold(0, u128::saturating_add)
        })
    }

    /// Whether so many in parts are more than half of it, or of what is given out.
    pub(super) fn is_mostly(&self, parts: impl Iterator<Item = Sizes>) -> bool {
        let add = |[all, given_out]: Sizes, [more, more_given_out]: Sizes| {
            [all.saturating_add(more), given_out.saturating_add(more_given_out)]
        };
        self.0.iter().zip(parts.fold([0, 0], add)).any(|((_, half), size)| size > *half)
    }
}

impl Address {
    fn after(self) -> Self {
        match self.family {
            Family::V4 if self.number == u128::from(u32::MAX) => FIRST_OF_V6,
            Family::V6 if self.number == u128::MAX => END,
            _ => Self { number: self.number + 1, ..self },
        }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self { family: Family::V4, number: u32::from(address).into() },
            IpAddr::V6(address) => Self { family: Family::V6, number: address.into() },
        }
    }
}

/// The addresses of a source; none where it is a group or a list.
pub(super) fn of(source: &Source) -> Option<Addresses> {
    let (first, last) = match source {
        Source::Address(cidr) => ends(cidr),
        Source::Range(range) => (range.first(), range.last()),
        Source::Group(_) | Source::PrefixList(_) => return None,
    };
    Some((first.into(), Address::from(last).after()))
}

fn ends(cidr: &Cidr) -> (IpAddr, IpAddr) {
    let network = cidr.network().address();
    let last = match network {
        IpAddr::V4(first) => {
            let hosts = u32::MAX.checked_shr(cidr.prefix().into()).unwrap_or(0);
            Ipv4Addr::from(u32::from(first) | hosts).into()
        }
        IpAddr::V6(first) => {
            let hosts = u128::MAX.checked_shr(cidr.prefix().into()).unwrap_or(0);
            Ipv6Addr::from(u128::from(first) | hosts).into()
        }
    };
    (network, last)
}

/// The fewest sources that are these addresses: networks where they are one, else ranges.
pub(super) fn to_sources(addresses: &[Addresses]) -> Vec<Source> {
    let of_family = |family: Addresses| addresses.iter().filter_map(move |these| to_source(both(*these, family)?));
    let v6 = (FIRST_OF_V6, END);
    of_family((FIRST, FIRST_OF_V6)).chain(of_family(v6)).collect()
}

/// What is in both.
fn both(one: Addresses, other: Addresses) -> Option<Addresses> {
    let (from, to) = (one.0.max(other.0), one.1.min(other.1));
    (from < to).then_some((from, to))
}

/// Of one family.
fn to_source((from, to): Addresses) -> Option<Source> {
    let bits = if from.family == Family::V4 { 32 } else { 128 };
    let last = last_before(to, from.family);
    let address = |number: u128| match from.family {
        Family::V4 => u32::try_from(number).ok().map(|number| IpAddr::V4(number.into())),
        _ => Some(IpAddr::V6(number.into())),
    };
    let differing = from.number ^ last;
    let is_network = differing & differing.wrapping_add(1) == 0 && from.number & differing == 0;
    if is_network {
        let prefix = u8::try_from(bits - differing.count_ones()).ok()?;
        return Cidr::new(address(from.number)?, prefix).ok().map(Source::Address);
    }
    AddressRange::new(address(from.number)?, address(last)?).ok().map(Source::Range)
}

/// How many they are, all in one family; all of IPv6 are one more than that.
fn count((from, to): Addresses) -> u128 {
    (last_before(to, from.family) - from.number).saturating_add(1)
}

/// The number of the last address of the family before an end.
fn last_before(to: Address, family: Family) -> u128 {
    match family {
        _ if to.family == family => to.number - 1,
        Family::V4 => u32::MAX.into(),
        Family::V6 | Family::End => u128::MAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::traffic::axis::merged;

    fn cidr() -> impl Strategy<Value = Cidr> {
        let v4 = (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let v6 = (any::<[u8; 16]>(), 0..=128_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let few = (any::<[u8; 4]>(), 0..=5_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let given_out = (any::<[u8; 16]>(), 0..=6_u8).prop_map(|(mut ip, prefix)| {
            ip[0] &= 0x3f;
            Cidr::new(ip.into(), prefix)
        });
        prop_oneof![v4, v6, few, given_out].prop_map(|cidr| cidr.unwrap())
    }

    proptest! {
        #[test]
        fn a_network_comes_back_as_it_was(cidr in cidr()) {
            let source = Source::Address(cidr.network());
            prop_assert_eq!(to_sources(&[of(&source).unwrap()]), [source]);
        }

        #[test]
        fn a_range_comes_back_as_what_it_is(a in any::<[u8; 16]>(), b in any::<[u8; 16]>()) {
            let range = AddressRange::new(a.min(b).into(), a.max(b).into()).unwrap();
            let addresses = of(&Source::Range(range)).unwrap();
            let sources = to_sources(&[addresses]);
            prop_assert_eq!(sources.iter().map(|source| of(source).unwrap()).collect::<Vec<_>>(), [addresses]);
        }

        #[test]
        fn most_of_a_family_is_what_networks_say(cidrs in prop::collection::vec(cidr(), 0..12)) {
            let addresses = merged(cidrs.iter().filter_map(|cidr| of(&Source::Address(*cidr))).collect());
            let are_most = WORLDS.iter().any(|world| world.is_mostly([world.sizes(&addresses)].into_iter()));
            prop_assert_eq!(are_most, Cidr::are_most_of_a_family(&cidrs));
        }
    }
}
