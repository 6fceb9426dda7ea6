//! Who counts as one.

use std::net::{IpAddr, Ipv6Addr};

/// Who counts as one peer: an IPv4 address, or the /64 that an IPv6 address is from, since whoever has one of its
/// addresses has them all.
pub fn of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}
