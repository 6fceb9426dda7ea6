//! Writing down what is done already.

use deltawall_core::{Driver, Error, Firewall};

use super::shared::{Shared, not_begun};
use super::snapshot;
use crate::store::record::{Beginning, Left, Record, State};

/// Writes down a change that is made, which has left the firewall so, and with which these expiries are over.
///
/// # Errors
/// Where it cannot be written down.
pub(super) async fn write_done(
    shared: &Shared,
    driver: &dyn Driver,
    record: Record,
    [before, after]: [&Firewall; 2],
    gone: Vec<String>,
) -> Result<(), Error> {
    let (ended_at, [before, after]) = (Some(record.made_at), [before, after].map(snapshot::write));
    let left = Left::As(after.clone());
    let record = Record { state: State::Done, ended_at, before: Some(before), after: Some(after), ..record };
    let beginning = Beginning { record, instead_of: None, left, gone, credentials: None, expiries: Vec::new() };
    shared.ask("begin", shared.store.begin(beginning)).await.map_err(|why| not_begun(driver, why))?;
    shared.gateway.metrics().changed(driver.id(), State::Done.name());
    Ok(())
}
