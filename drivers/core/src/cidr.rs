//! Networks of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An address and the length of its prefix. Bits of the address past the prefix are kept, since clouds
/// differ in whether they keep them; [`Cidr::network`] is without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

/// All of IPv4, all of IPv6, and what of IPv6 is given out (IANA, "IPv6 Global Unicast Address Assignments").
const WORLDS: [IpNet; 3] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)),
];

/// Half of a family, in parts of which each of its addresses has at least one.
const HALF: u128 = 1 << 127;

/// How many bits of `::ffff:ADDRESS` come before the address.
const MAPPED_BITS: u8 = 96;

/// Why a text is not an address or CIDR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCidr {
    /// It is neither, or one that others read otherwise: `010.0.0.0/8` is 8.0.0.0/8 to half the world.
    #[error("is not an IPv4 or IPv6 address or CIDR, such as 10.1.0.0/16 or 2001:db8::/32")]
    Form,
    /// It is `::ffff:ADDRESS`, IPv4 as programs see it that know IPv6 alone. No packet has such an address.
    #[error("is IPv4 written as IPv6, which no traffic matches: write {0}")]
    Mapped(String),
}

impl Cidr {
    /// An address with a prefix of `prefix` bits.
    ///
    /// # Errors
    /// When the prefix is longer than the address.
    pub fn new(address: IpAddr, prefix: u8) -> Result<Self, InvalidCidr> {
        IpNet::new(address, prefix).map(Self).or(Err(InvalidCidr::Form))
    }

    /// The fewest networks that have the same addresses, in their order: those of IPv4 first.
    pub fn merged(networks: &[Self]) -> Vec<Self> {
        let networks: Vec<_> = networks.iter().map(|cidr| cidr.0).collect();
        IpNet::aggregate(&networks).into_iter().map(Self).collect()
    }

    /// Reads an address and the length of its prefix. Neither has zeros before it, which others read as octal, nor a sign.
    ///
    /// # Errors
    /// [`InvalidCidr::Form`] when one is not as it should be, or they do not go together.
    pub fn from_parts(address: &str, prefix: &str) -> Result<Self, InvalidCidr> {
        let is_plain = prefix.bytes().all(|byte| byte.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
        match (address.parse(), prefix.parse()) {
            (Ok(address), Ok(prefix)) if is_plain => Self::new(address, prefix),
            _ => Err(InvalidCidr::Form),
        }
    }

    /// Reads what a cloud says. It is there, so it has to be shown, in whatever spelling. None when it is none in any.
    pub fn from_cloud(text: &str) -> Option<Self> {
        text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok().map(Self)
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

    /// Whether these together are more than half of what there is of IPv4 or IPv6, however it is divided.
    pub fn are_most_of_a_family<'a>(cidrs: impl IntoIterator<Item = &'a Self>) -> bool {
        // None of these overlaps another, nor makes a larger one with others.
        let nets = IpNet::aggregate(&cidrs.into_iter().map(|cidr| cidr.0).collect());
        WORLDS.iter().any(|world| {
            let parts = nets.iter().filter(|net| world.contains(*net));
            let parts = parts.map(|net| HALF >> (net.prefix_len() - world.prefix_len()).saturating_sub(1));
            nets.iter().any(|net| net.contains(world)) || parts.fold(0, u128::saturating_add) > HALF
        })
    }
}

impl From<IpNet> for Cidr {
    fn from(network: IpNet) -> Self {
        Self(network)
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    /// Reads `ADDRESS/PREFIX`, or an address alone, which means that one address.
    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let cidr = match text.split_once('/') {
            Some((address, prefix)) => Self::from_parts(address, prefix)?,
            None => Self(IpNet::from(text.parse::<IpAddr>().or(Err(InvalidCidr::Form))?)),
        };
        let IpAddr::V6(address) = cidr.address() else { return Ok(cidr) };
        let Some(meant) = address.to_ipv4_mapped() else { return Ok(cidr) };
        Err(InvalidCidr::Mapped(match cidr.prefix().checked_sub(MAPPED_BITS) {
            Some(prefix) => format!("{meant}/{prefix}"),
            None => format!("{meant} with a prefix of IPv4"),
        }))
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
    use proptest::prelude::*;

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
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10.0.0.0/8/8",
            "fe80::1%eth0",
            "any",
            "10.0.0.0/8 ",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(InvalidCidr::Form), "{text:?}");
            assert_eq!(Cidr::from_cloud(text), None, "{text:?}");
        }
    }

    #[test]
    fn ipv4_in_ipv6s_clothes_is_told_how_to_go() {
        for (text, instead) in [
            ("::ffff:203.0.113.7", "203.0.113.7/32"),
            ("::FFFF:cb00:7107/128", "203.0.113.7/32"),
            ("0:0:0:0:0:ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::ffff:10.0.0.0/8", "10.0.0.0 with a prefix of IPv4"),
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(InvalidCidr::Mapped(instead.into())), "{text}");
            assert!(Cidr::from_cloud(text).is_some(), "{text}");
        }
        for text in ["64:ff9b::10.0.0.1", "::10.0.0.1", "::fffe:10.0.0.1", "::/0", "::ffff:0:0:0/96"] {
            text.parse::<Cidr>().unwrap();
        }
    }

    #[test]
    fn merged_networks_are_the_fewest_with_the_same_addresses() {
        let read = |texts: &[&str]| texts.iter().map(|text| text.parse::<Cidr>().unwrap()).collect::<Vec<_>>();
        let merged = Cidr::merged(&read(&[
            "2001:db8::/33",
            "10.0.1.7/24",
            "10.0.0.0/24",
            "10.0.1.9",
            "2001:db8:8000::/33",
            "9.8.7.6/28",
        ]));
        assert_eq!(merged, read(&["9.8.7.0/28", "10.0.0.0/23", "2001:db8::/32"]));
        assert_eq!(Cidr::merged(&read(&["0.0.0.0/1", "128.0.0.0/1", "::/0"])), read(&["0.0.0.0/0", "::/0"]));
        assert_eq!(Cidr::merged(&[]), []);
    }

    #[test]
    fn most_of_a_family_is_most_of_it_in_whatever_parts() {
        let eighths = "0.0.0.0/3 32.0.0.0/3 64.0.0.0/3 96.0.0.0/3";
        for (cidrs, are_most) in [
            ("0.0.0.0/0".to_owned(), true),
            ("::/0".to_owned(), true),
            ("0.0.0.0/1 128.0.0.0/1".to_owned(), true),
            ("::/1 8000::/1".to_owned(), true),
            (eighths.to_owned(), false),
            (format!("{eighths} 128.0.0.0/32"), true),
            (format!("{eighths} 0.0.0.0/1 10.0.0.0/8 127.255.255.255/32"), false),
            ("128.0.0.0/1".to_owned(), false),
            ("8000::/1".to_owned(), false),
            // All that is given out, or more of it than half.
            ("2000::/3".to_owned(), true),
            ("::/1".to_owned(), true),
            ("2000::/4".to_owned(), false),
            ("2000::/4 3fff::1".to_owned(), true),
            ("8000::/1 2000::/4 ::/128".to_owned(), true),
            // Half of each is most of neither.
            ("0.0.0.0/1 8000::/1".to_owned(), false),
            (String::new(), false),
        ] {
            let read: Vec<Cidr> = cidrs.split_whitespace().map(|cidr| cidr.parse().unwrap()).collect();
            assert_eq!(Cidr::are_most_of_a_family(&read), are_most, "{cidrs}");
        }
    }

    fn cidr() -> impl Strategy<Value = Cidr> {
        let v4 = (any::<[u8; 4]>(), 0..=32_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let v6 = (any::<[u8; 16]>(), 0..=128_u8).prop_map(|(ip, prefix)| Cidr::new(ip.into(), prefix));
        let nat64 = (any::<[u8; 4]>(), 96..=128_u8).prop_map(|(ip, prefix)| {
            let ip = Ipv4Addr::from(ip).to_ipv6_compatible();
            Cidr::new((u128::from(ip) | 0x64_ff9b << 96).to_be_bytes().into(), prefix)
        });
        prop_oneof![v4, v6, nat64].prop_map(|cidr| cidr.unwrap())
    }

    proptest! {
        #[test]
        fn any_cidr_is_read_back_from_its_text(cidr in cidr()) {
            prop_assert_eq!(cidr.to_string().parse(), Ok(cidr));
            prop_assert_eq!(Cidr::from_cloud(&cidr.to_string()), Some(cidr));
        }

        /// Whatever is accepted has one reading: that of the standard library, which knows no octal.
        #[test]
        fn no_number_has_zeros_or_a_sign_before_it(cidr in cidr(), which in 0..5_usize, before in "0{1,3}|[+]") {
            let IpAddr::V4(tail) = cidr.address() else { return Ok(()) };
            let texts = [format!("{tail}/{}", cidr.prefix()), format!("64:ff9b::{tail}/{}", cidr.prefix())];
            for text in texts {
                let first = text.rfind("::").map_or(0, |at| at + 2);
                let others = text.match_indices(['.', '/']).map(|(at, _)| at + 1);
                let starts: Vec<_> = std::iter::once(first).chain(others).collect();
                let mut text = text;
                text.insert_str(starts[which % starts.len()], &before);
                prop_assert_eq!(text.parse::<Cidr>(), Err(InvalidCidr::Form), "{}", text);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "([0-9a-f:./+ -]|::ffff:){0,50}") {
            let _ = Cidr::from_cloud(&text);
            if let Ok(cidr) = text.parse::<Cidr>() {
                prop_assert_eq!(Ok(cidr), cidr.to_string().parse());
            }
        }
    }
}
