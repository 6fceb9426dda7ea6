//! Where a rule's packets come from, as nft says it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use deltawall_core::Source;
use serde_json::{Value, json};

/// Addresses of one family from one to another, as numbers.
type Span = (u128, u128);

/// One of both families of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// What nft calls its headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "ip",
            Self::V6 => "ip6",
        }
    }

    /// Its number among the kernel's (NFPROTO_IPV4, NFPROTO_IPV6).
    pub(super) fn number(self) -> u32 {
        match self {
            Self::V4 => 2,
            Self::V6 => 10,
        }
    }

    fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    fn last(self) -> u128 {
        u128::MAX >> (128 - self.bits())
    }

    fn address(self, number: u128) -> IpAddr {
        match self {
            // It has no more bits than that.
            Self::V4 => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
            Self::V6 => Ipv6Addr::from(number).into(),
        }
    }
}

/// The sources of one family, in the fewest words: nft merges them just so in a set, and this is how it lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Addresses {
    None,
    All,
    Some(Vec<Span>),
}

impl Addresses {
    pub(super) fn of(sources: &[Source], family: Family) -> Self {
        let mut spans: Vec<Span> = sources.iter().filter_map(|source| span(source, family)).collect();
        spans.sort_unstable();
        let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
        for (first, last) in spans {
            match merged.last_mut() {
                Some((_, end)) if end.checked_add(1).is_none_or(|next| first <= next) => *end = last.max(*end),
                _ => merged.push((first, last)),
            }
        }
        match merged[..] {
            [] => Self::None,
            [(0, last)] if last == family.last() => Self::All,
            _ => Self::Some(merged),
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn span(source: &Source, family: Family) -> Option<Span> {
    let is_of = |address: IpAddr| address.is_ipv4() == (family == Family::V4);
    match source {
        Source::Address(cidr) if is_of(cidr.address()) => {
            let first = number(cidr.network().address());
            Some((first, first | low_bits(family.bits().saturating_sub(cidr.prefix().into()))))
        }
        Source::Range(range) if is_of(range.first()) => Some((number(range.first()), number(range.last()))),
        Source::Address(_) | Source::Range(_) | Source::Group(_) | Source::PrefixList(_) => None,
    }
}

/// So many bits, the lowest ones.
fn low_bits(bits: u32) -> u128 {
    1u128.checked_shl(bits).map_or(u128::MAX, |above| above - 1)
}

/// What an address is compared with.
pub(super) fn value(spans: &[Span], family: Family) -> Value {
    match spans {
        [span] => element(*span, family),
        _ => json!({"set": spans.iter().map(|span| element(*span, family)).collect::<Vec<_>>()}),
    }
}

/// An address, a network, or else a range.
fn element((first, last): Span, family: Family) -> Value {
    let text = |number| family.address(number).to_string();
    let bits = (first ^ last).count_ones();
    let is_network = first ^ last == low_bits(bits) && first & low_bits(bits) == 0;
    match bits {
        0 => text(first).into(),
        _ if is_network => json!({"prefix": {"addr": text(first), "len": family.bits() - bits}}),
        _ => json!({"range": [text(first), text(last)]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sources: &[&str], family: Family) -> String {
        let source = |text: &&str| match text.parse() {
            Ok(cidr) => Source::Address(cidr),
            Err(_) => Source::Range(text.parse().unwrap()),
        };
        match Addresses::of(&sources.iter().map(source).collect::<Vec<_>>(), family) {
            Addresses::None => "none".into(),
            Addresses::All => "all".into(),
            Addresses::Some(spans) => value(&spans, family).to_string(),
        }
    }

    #[test]
    fn sources_are_said_in_the_fewest_words() {
        for (sources, v4, v6) in [
            (&["10.1.2.3/8"][..], r#"{"prefix":{"addr":"10.0.0.0","len":8}}"#, "none"),
            (&["10.1.2.3/32", "::/0"], r#""10.1.2.3""#, "all"),
            (&["10.0.0.0/8", "10.1.0.0/16"], r#"{"prefix":{"addr":"10.0.0.0","len":8}}"#, "none"),
            (&["0.0.0.0/1", "128.0.0.0/1"], "all", "none"),
            (&["10.0.0.1-10.0.0.9"], r#"{"range":["10.0.0.1","10.0.0.9"]}"#, "none"),
            (&["10.0.0.9/32", "10.0.0.1/32"], r#"{"set":["10.0.0.1","10.0.0.9"]}"#, "none"),
            (
                &["fd00::/8", "2001:db8::1/128"],
                "none",
                r#"{"set":["2001:db8::1",{"prefix":{"addr":"fd00::","len":8}}]}"#,
            ),
            (
                &["ffff::/16", "fe00::-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
                "none",
                r#"{"prefix":{"addr":"fe00::","len":7}}"#,
            ),
        ] {
            assert_eq!((&*shown(sources, Family::V4), &*shown(sources, Family::V6)), (v4, v6), "{sources:?}");
        }
    }
}
