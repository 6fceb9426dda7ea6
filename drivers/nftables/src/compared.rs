//! What is to be in force, and what is.

use deltawall_core::{Account, Document, Error, KeptFirewall};

use crate::listing::Listing;
use crate::nft::NftError;
use crate::observed::{self, Observed};
use crate::options::Options;

/// What is to be in force, and what is.
pub(crate) struct Compared {
    /// None where there is no table.
    pub(crate) listing: Option<Listing>,
    /// What differs in what leads to the firewalls' chains.
    pub(crate) differs: Option<String>,
}

impl Compared {
    pub(crate) fn observe(&self, kept: &KeptFirewall, host: &Account, options: &Options) -> Observed {
        match &self.listing {
            Some(listing) if self.differs.is_none() => observed::firewall(listing, kept, host, options),
            _ => observed::nothing(kept),
        }
    }

    /// A firewall that is to be changed.
    ///
    /// # Errors
    /// Where what leads to it is not as it is to be: a change would be made, and would not count.
    pub(crate) fn in_force(&self, kept: &KeptFirewall, host: &Account, options: &Options) -> Result<Observed, Error> {
        match &self.differs {
            None => Ok(self.observe(kept, host, options)),
            Some(_) => Err(NftError::Absent.into()),
        }
    }

    /// The first thing that is not as it is to be.
    pub(crate) fn differing(&self, document: &Document, host: &Account, options: &Options) -> Option<String> {
        if self.differs.is_some() {
            return self.differs.clone();
        }
        let other = document.firewalls.iter().find(|kept| self.observe(kept, host, options).firewall != kept.firewall);
        other.map(|kept| format!("the rules of '{}'", kept.firewall.name))
    }
}
