//! What was kept of a change, read again.

use deltawall_core::{Driver, Error, ErrorKind, Firewall, FirewallId};

use super::snapshot;
use crate::store::record::{Left, Record};

/// What there was before and after a change, where it was kept.
pub(super) fn snapshots(driver: &dyn Driver, record: &Record) -> Result<[Option<Firewall>; 2], Error> {
    let unreadable = |why| {
        Error::new(ErrorKind::Internal, driver.id(), "What was kept of a change cannot be read.").with_source(why)
    };
    let read = |text: &Option<String>| text.as_deref().map(snapshot::read).transpose().map_err(unreadable);
    Ok([read(&record.before)?, read(&record.after)?])
}

/// How a step leaves a firewall that is so.
pub(super) fn left_of(firewall: &Firewall) -> Left {
    Left::As(snapshot::write(firewall))
}

/// The id of the firewall that a change is of.
pub(super) fn firewall_of(driver: &dyn Driver, record: &Record) -> Result<FirewallId, Error> {
    let invalid = |why| Error::new(ErrorKind::Internal, driver.id(), "The id that was kept is none.").with_source(why);
    FirewallId::new(&record.place.firewall).map_err(invalid)
}
