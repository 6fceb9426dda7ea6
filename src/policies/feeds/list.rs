//! What a list says: a text with an address, a network or a range in each line, as Snort, Spamhaus and FireHOL publish it.

use deltawall_core::{AddressRange, Cidr};

/// Why a list is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is nothing in it.
    #[error("the list is empty")]
    Empty,
    /// A line is something else.
    #[error("line {number} of the list, '{text}', {why}")]
    Line {
        /// Its number, the first being 1.
        number: usize,
        /// The beginning of it.
        text: String,
        /// Why it is none, in a part of a sentence.
        why: String,
    },
    /// It has too many networks.
    #[error("the list has more than {0} networks (--max-zone)")]
    TooMany(usize),
    /// It is the world.
    #[error("the list is more than half of all addresses, and no zone of a feed is that")]
    World,
    /// Its last line has no end, so it may be cut off: `10.0.0.0/2` may have been `10.0.0.0/24`.
    #[error("the last line of the list has no end: the list may be cut off")]
    Cut,
}

/// What begins a comment.
const COMMENT: [char; 2] = ['#', ';'];

/// What some begin their files with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The fewest networks with the addresses of a list, in their order, of which there may be so many.
///
/// # Errors
/// Where it is none, or too much.
pub fn read(text: &str, most: usize) -> Result<Vec<Cidr>, Unusable> {
    let mut networks = Vec::new();
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let entry = line.split(COMMENT).next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        read_entry(entry, &mut networks).map_err(|why| {
            let text = crate::text::shown(entry).escape_debug().to_string();
            Unusable::Line { number, text, why }
        })?;
        // What is held of a list is bounded, however long it is and however much its ranges come to.
        if networks.len() / 2 > most {
            networks = Cidr::merged(&networks);
            if networks.len() > most {
                return Err(Unusable::TooMany(most));
            }
        }
    }
    let networks = Cidr::merged(&networks);
    match networks.len() {
        0 => Err(Unusable::Empty),
        len if len > most => Err(Unusable::TooMany(most)),
        _ if Cidr::are_most_of_a_family(&networks) => Err(Unusable::World),
        _ if !text.ends_with('\n') => Err(Unusable::Cut),
        _ => Ok(networks),
    }
}

fn read_entry(entry: &str, networks: &mut Vec<Cidr>) -> Result<(), String> {
    match entry.split_once('-') {
        Some((first, last)) => {
            let range = AddressRange::from_parts(first.trim_end(), last.trim_start());
            networks.extend(range.map_err(|why| why.to_string())?.networks());
        }
        None => networks.push(entry.parse::<Cidr>().map_err(|why| why.to_string())?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 1000;

    fn texts(list: &str) -> Vec<String> {
        read(list, MOST).unwrap_or_else(|why| panic!("{why}: {list}")).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lists_are_read_as_they_are_published() {
        let spamhaus =
            "; Spamhaus DROP List 2026/11/27\r\n; Expires: …\r\n1.10.16.0/20 ; SBL256894\r\n2001:db8::/32 ; SBL1\r\n";
        assert_eq!(texts(spamhaus), ["1.10.16.0/20", "2001:db8::/32"]);
        let snort = "# comment\n203.0.113.9\n\n203.0.113.8\n 198.51.100.7\t\n";
        assert_eq!(texts(snort), ["198.51.100.7/32", "203.0.113.8/31"]);
        let firehol = "\u{feff}#\n# firehol_level1\n#\n10.0.0.9/8\n192.0.2.0-192.0.2.5 # a range\n192.0.2.9 - 192.0.2.9\n10.1.2.3\n";
        assert_eq!(texts(firehol), ["10.0.0.0/8", "192.0.2.0/30", "192.0.2.4/31", "192.0.2.9/32"]);
    }

    #[test]
    fn one_line_that_is_something_else_makes_it_none() {
        for (line, why) in [
            ("<!DOCTYPE html>", "is not an IPv4 or IPv6 address"),
            ("1.2.3.4 5.6.7.8", "is not an IPv4 or IPv6 address"),
            ("1.2.3.4,5.6.7.8", "is not an IPv4 or IPv6 address"),
            ("1.2.3.4/255.255.255.0", "is not an IPv4 or IPv6 address"),
            ("1.2.3", "is not an IPv4 or IPv6 address"),
            ("010.0.0.1", "is not an IPv4 or IPv6 address"),
            ("example.com", "is not an IPv4 or IPv6 address"),
            ("a-b.example.com", "is not an IPv4 or IPv6 address"),
            ("::ffff:1.2.3.4", "is IPv4 written as IPv6"),
            ("1.2.3.9-1.2.3.4", "ends before it starts"),
            ("1.2.3.9-::1", "begins in one family and ends in another"),
            ("1.2.3.0/24-1.2.4.0/24", "is not an IPv4 or IPv6 address"),
        ] {
            let error = read(&format!("# good\n192.0.2.1\n{line} ; bad\n192.0.2.2\n"), MOST).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line 3 of the list, '{line}', {why}")), "{error}");
        }
        let error = read(&format!("\u{1b}[2J{}", "x".repeat(1000)), MOST).unwrap_err().to_string();
        assert!(error.len() < 300 && error.contains("'\\u{1b}[2Jxxx"), "{error}");
    }

    #[test]
    fn what_is_nothing_or_everything_is_none() {
        for list in ["", "\n\r\n", "# nothing\n;\n", "\u{feff}"] {
            assert_eq!(read(list, MOST), Err(Unusable::Empty), "{list:?}");
        }
        for list in ["0.0.0.0/0", "1.2.3.4\n::/0", "0.0.0.0/1\n128.0.0.0/2", "1.0.0.0-255.255.255.255", "2000::/3"] {
            assert_eq!(read(list, MOST), Err(Unusable::World), "{list}");
        }
    }

    #[test]
    fn one_whose_last_line_has_no_end_may_be_cut_off() {
        assert_eq!(read("192.0.2.1\n10.0.0.0/2", MOST), Err(Unusable::Cut));
        assert!(read("192.0.2.1\n10.0.0.0/16\n", MOST).is_ok());
    }

    #[test]
    fn there_are_so_many_networks_once_they_are_merged() {
        let list = |step: u32| -> String {
            (0..2000).map(|at| format!("{}\n", Ipv4Addr::from(0x0a00_0000 + at * step))).collect()
        };
        assert_eq!(read(&list(1), 10).unwrap().len(), 6);
        assert_eq!(read(&list(2), 2000).unwrap().len(), 2000);
        assert_eq!(read(&list(2), 1999), Err(Unusable::TooMany(1999)));
        let ranges = "::1-7fff:ffff:ffff:ffff:ffff:ffff:ffff:fffe\n".repeat(100);
        assert_eq!(read(&ranges, 10), Err(Unusable::TooMany(10)));
    }

    proptest! {
        /// Whatever way a list writes addresses, those and no others are in it.
        #[test]
        fn networks_have_the_addresses_of_the_list(entries in prop::collection::vec((any::<u16>(), 0..300_u32, any::<bool>()), 1..40)) {
            let mut all = Vec::new();
            let mut list = String::new();
            for (first, more, is_ipv6) in entries {
                let (first, last) = (0x0a00_0000 + u32::from(first), 0x0a00_0000 + u32::from(first) + more);
                for address in first..=last {
                    let v6 = Ipv6Addr::from(u128::from(address));
                    let network = if is_ipv6 { Cidr::new(v6.into(), 128) } else { Cidr::new(Ipv4Addr::from(address).into(), 32) };
                    all.push(network.unwrap());
                }
                let line = match is_ipv6 {
                    true => format!("{}-{}\n", Ipv6Addr::from(u128::from(first)), Ipv6Addr::from(u128::from(last))),
                    false => format!("{}-{} # x\n", Ipv4Addr::from(first), Ipv4Addr::from(last)),
                };
                list.push_str(&line);
            }
            prop_assert_eq!(read(&list, 100_000), Ok(Cidr::merged(&all)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "([0-9a-f:./#;\n -]|\\PC){0,80}") {
            if let Ok(networks) = read(&text, 100) {
                prop_assert!(!networks.is_empty() && networks.len() <= 100);
                let again: String = networks.iter().map(|cidr| format!("{cidr}\n")).collect();
                prop_assert_eq!(read(&again, 100), Ok(networks));
            }
        }
    }
}
