//! Zones whose addresses are the list of a feed.

use deltawall_core::Cidr;

use crate::policies::account::address_list::AddressList;
use crate::policies::account::draft::Draft;
use crate::policies::account::error::{ChangeError, Code, Problem};
use crate::policies::account::id::Id;
use crate::policies::account::objects::Zone;

/// What the zone says that a feed has made.
const DESCRIPTION: &str = "Kept by a feed";

impl Draft<'_> {
    /// Makes these the addresses of the zone of this name, which is a feed's from then on; and the zone, where it is not there. They are
    /// merged.
    ///
    /// # Errors
    /// Where they are fewer than the feed's last ones by more than so many percent, unless none of those is gone.
    pub fn feed_zone(&mut self, name: &str, addresses: &AddressList, max_shrink: u8) -> Result<(), ChangeError> {
        let Some(before) = self.objects.zones.named(name).cloned() else {
            self.check_room::<Zone>()?;
            let (id, made, name) = (Id::new(), self.number(), name.to_owned());
            let (description, addresses) = (Some(DESCRIPTION.to_owned()), addresses.clone());
            return self.put(Zone { id, made, name, description, addresses, is_fed: true, is_built_in: false });
        };
        Self::check_not_built_in(before.is_built_in, &before.name)?;
        if before.is_fed {
            check_shrinks_little(&before.addresses, addresses, max_shrink)?;
        }
        match before.is_fed && before.addresses == *addresses {
            true => Ok(()),
            false => self.put(Zone { addresses: addresses.clone(), is_fed: true, ..Zone::clone(&before) }),
        }
    }

    /// That a zone is no feed's, so that it may go.
    pub(super) fn check_not_fed(&self, zone: &Zone) -> Result<(), ChangeError> {
        match self.is_kept_by_feed(zone) {
            true => Err(fed(zone, "id", &zone.id.to_string()).into()),
            false => Ok(()),
        }
    }

    /// Whether a feed that is configured keeps a zone.
    pub(super) fn is_kept_by_feed(&self, zone: &Zone) -> bool {
        zone.is_fed && self.feeds.contains(&zone.name)
    }
}

/// What is wrong with changing the zone of a feed.
pub(super) fn fed(zone: &Zone, field: &'static str, value: &str) -> Problem {
    let details = format!("A feed keeps the zone '{}': take its [[feed]] out of the configuration first", zone.name);
    Problem::new(field, value, Code::System, details)
}

fn check_shrinks_little(before: &AddressList, after: &AddressList, max_shrink: u8) -> Result<(), ChangeError> {
    let (was, is) = (before.networks(), after.networks());
    let is_short =
        is.len().saturating_mul(100) < was.len().saturating_mul(usize::from(100_u8.saturating_sub(max_shrink)));
    // A few networks may have the addresses of many.
    if !is_short || Cidr::merged(&[was, is].concat()) == is {
        return Ok(());
    }
    let details = format!(
        "the list has {} networks where the last good one has {}, which is more than {max_shrink} percent less (max_shrink)",
        is.len(),
        was.len()
    );
    Err(Problem::new("ip_address", "", Code::Invalid, details).into())
}
