//! The addresses of a zone.

use deltawall_core::Cidr;
use serde::{Deserialize, Serialize};

/// Addresses and networks, as somebody wrote them and in that order: clients compare lists by their text, and take entries out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressList {
    written: Vec<String>,
    /// What they come to: as few networks as can be, in order. Each rule that names a zone is made of these.
    networks: Vec<Cidr>,
}

/// Why a text is no list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// There is nothing in it.
    #[error("At least one address or CIDR is required")]
    Empty,
    /// One of its entries is no address, in a sentence.
    #[error("'{0}' {1}")]
    Entry(String, String),
}

impl AddressList {
    /// How many entries a list has that a client writes, at the most.
    pub const MAX: usize = 375;

    /// Reads addresses and networks with commas between. White space, and entries with nothing in them, are left out.
    ///
    /// # Errors
    /// When one is neither, or there is none.
    pub fn read(text: &str) -> Result<Self, InvalidList> {
        let is_space = |c: char| c.is_ascii_whitespace();
        let entries = text.split(',').map(|entry| entry.trim_matches(is_space)).filter(|entry| !entry.is_empty());
        let (mut written, mut networks) = (Vec::new(), Vec::new());
        for entry in entries {
            let network = entry.parse::<Cidr>();
            networks.push(
                network.map_err(|why| InvalidList::Entry(crate::text::shown(entry).to_string(), why.to_string()))?,
            );
            written.push(entry.to_owned());
        }
        match written.is_empty() {
            true => Err(InvalidList::Empty),
            false => Ok(Self { written, networks: Cidr::merged(&networks) }),
        }
    }

    /// These, each written in the shortest way.
    pub fn of(networks: Vec<Cidr>) -> Self {
        let is_one = |network: &Cidr| network.prefix() == if network.family() == "ipv4" { 32 } else { 128 };
        let text = |network: &Cidr| match is_one(network) {
            true => network.address().to_string(),
            false => network.to_string(),
        };
        Self { written: networks.iter().map(text).collect(), networks: Cidr::merged(&networks) }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Whether there is none, which no list is.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// As it was written, with bare commas between.
    pub fn text(&self) -> String {
        self.written.join(",")
    }

    /// Whether both come to the same addresses, in whatever order and spelling.
    pub fn is_same(&self, other: &Self) -> bool {
        self.networks == other.networks
    }

    /// The networks that it comes to: as few as can be, in order.
    pub fn networks(&self) -> &[Cidr] {
        &self.networks
    }
}

impl TryFrom<String> for AddressList {
    type Error = InvalidList;

    fn try_from(text: String) -> Result<Self, InvalidList> {
        Self::read(&text)
    }
}

impl From<AddressList> for String {
    fn from(list: AddressList) -> Self {
        list.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_as_they_were_written() {
        let list = AddressList::read("\r\n 203.0.113.5, 9.8.7.6/28 ,,2001:DB8::1,\n203.0.113.5").unwrap();
        assert_eq!(list.text(), "203.0.113.5,9.8.7.6/28,2001:DB8::1,203.0.113.5");
        assert_eq!((list.len(), list.networks().len()), (4, 3));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(AddressList::read(" , ,"), Err(InvalidList::Empty));
        for (text, entry) in [
            ("203.0.113.5,1.2.3", "1.2.3"),
            ("1.2.3.4-1.2.3.9", "1.2.3.4-1.2.3.9"),
            ("10.0.0.0/255.0.0.0", "10.0.0.0/255.0.0.0"),
            ("1.2.3.4 5.6.7.8", "1.2.3.4 5.6.7.8"),
        ] {
            let InvalidList::Entry(named, _) = AddressList::read(text).unwrap_err() else { panic!("{text}") };
            assert_eq!(named, entry);
        }
    }
}
