//! What was kept of a change, read again.

use std::sync::Arc;

use deltawall_core::{Context, Driver, Error, ErrorKind, Firewall, FirewallId};

use super::snapshot;
use crate::store::place::Place;
use crate::store::record::{Left, Record};

/// How often a firewall is looked at anew that others change meanwhile.
pub(super) const MOST_LOOKS: usize = 3;

/// What there was before and after a change, where it was kept.
pub(super) fn snapshots(driver: &dyn Driver, record: &Record) -> Result<[Option<Firewall>; 2], Error> {
    let read = |text: &Option<String>| text.as_deref().map(|text| firewall(driver, text)).transpose();
    Ok([read(&record.before)?, read(&record.after)?])
}

/// The firewall that was kept so.
pub(super) fn firewall(driver: &dyn Driver, text: &str) -> Result<Firewall, Error> {
    let unreadable = |why| {
        Error::new(ErrorKind::Internal, driver.id(), "What was kept of a firewall cannot be read.").with_source(why)
    };
    snapshot::read(text).map_err(unreadable)
}

/// How a step leaves a firewall that is so.
pub(super) fn left_of(firewall: &Firewall) -> Left {
    Left::As(snapshot::write(firewall))
}

/// The id of the firewall that was kept.
pub(super) fn firewall_of(driver: &dyn Driver, place: &Place) -> Result<FirewallId, Error> {
    let invalid = |why| Error::new(ErrorKind::Internal, driver.id(), "The id that was kept is none.").with_source(why);
    FirewallId::new(&place.firewall).map_err(invalid)
}

/// The firewall as it is to be, where its driver keeps that, or else as it is; none where it is gone. What ends is ended there: others may
/// hide what they have not taken away.
pub(super) async fn look_kept(
    driver: &dyn Driver,
    context: &Context,
    place: &Place,
) -> Result<Option<Arc<Firewall>>, Error> {
    found(driver.kept(context, &firewall_of(driver, place)?).await)
}

/// The firewall as it is; none where it is gone.
pub(super) async fn look(
    driver: &dyn Driver,
    context: &Context,
    place: &Place,
) -> Result<Option<Arc<Firewall>>, Error> {
    found(driver.firewall(context, &firewall_of(driver, place)?).await)
}

fn found(firewall: Result<Arc<Firewall>, Error>) -> Result<Option<Arc<Firewall>>, Error> {
    match firewall {
        Ok(firewall) => Ok(Some(firewall)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
