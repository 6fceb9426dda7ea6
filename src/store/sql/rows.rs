//! Rows of tables, as what they hold.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::any::AnyRow;
use sqlx::{ColumnIndex, Decode, Error, Row, Type};

use crate::clock::Timestamp;
use crate::store::change_id::ChangeId;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{Record, Sealed, State};

/// The columns of a change, without the firewall before and after it.
pub(super) const CHANGE: &str = "id, driver, provider, owner, firewall, requested_by, operation, why, state, made_at, confirm_by, \
     ended_at, undone_by, note, attempts, forgot_expiry, held_by, held_until";

/// The columns of an expiry.
pub(super) const EXPIRY: &str = "id, change_id, driver, provider, owner, firewall, requested_by, rule, cloud_id, due";

/// A change, with the firewall before and after it where the row has them.
pub(super) fn record(row: &AnyRow) -> Result<Record, Error> {
    let state: String = row.try_get("state")?;
    let held_by: Option<String> = row.try_get("held_by")?;
    let firewall = |column| if row.try_column(column).is_ok() { row.try_get(column) } else { Ok(None) };
    Ok(Record {
        id: change_id(row, "id")?,
        place: place(row)?,
        user: row.try_get("requested_by")?,
        operation: row.try_get("operation")?,
        why: row.try_get("why")?,
        state: State::named(&state).ok_or_else(|| unreadable(format!("there is no state {state}")))?,
        made_at: Timestamp::from_millis(row.try_get("made_at")?),
        confirm_by: time(row, "confirm_by")?,
        ended_at: time(row, "ended_at")?,
        undone_by: row.try_get("undone_by")?,
        note: row.try_get("note")?,
        attempts: u32::try_from(get::<i64>(row, "attempts")?).unwrap_or(u32::MAX),
        forgot_expiry: get::<i64>(row, "forgot_expiry")? != 0,
        before: firewall("firewall_before")?,
        after: firewall("firewall_after")?,
        held: held_by.zip(time(row, "held_until")?),
    })
}

/// An expiry.
pub(super) fn expiry(row: &AnyRow) -> Result<Expiry, Error> {
    Ok(Expiry {
        id: row.try_get("id")?,
        change: change_id(row, "change_id")?,
        place: place(row)?,
        user: row.try_get("requested_by")?,
        rule: row.try_get("rule")?,
        cloud_id: row.try_get("cloud_id")?,
        due: Timestamp::from_millis(row.try_get("due")?),
    })
}

/// Which firewall a row is of.
pub(super) fn place(row: &AnyRow) -> Result<Place, Error> {
    Ok(Place {
        driver: row.try_get("driver")?,
        provider: row.try_get("provider")?,
        owner: row.try_get("owner")?,
        firewall: row.try_get("firewall")?,
    })
}

/// The id of a change in a column.
pub(super) fn change_id(row: &AnyRow, column: &str) -> Result<ChangeId, Error> {
    ChangeId::new(&get::<String>(row, column)?).map_err(unreadable)
}

/// What is sealed, as it is kept.
pub(super) fn sealed_text(sealed: &Sealed) -> String {
    STANDARD.encode(&sealed.0)
}

/// What was sealed.
pub(super) fn sealed(row: &AnyRow) -> Result<Sealed, Error> {
    STANDARD.decode(get::<String>(row, "sealed")?).map(Sealed).map_err(unreadable)
}

/// Whether a row has credentials.
pub(super) fn has_sealed(row: &AnyRow) -> Result<bool, Error> {
    Ok(get::<Option<String>>(row, "sealed")?.is_some())
}

fn time(row: &AnyRow, column: &str) -> Result<Option<Timestamp>, Error> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_millis))
}

fn get<'r, T>(row: &'r AnyRow, column: &str) -> Result<T, Error>
where
    T: Decode<'r, sqlx::Any> + Type<sqlx::Any>,
    for<'c> &'c str: ColumnIndex<AnyRow>,
{
    row.try_get(column)
}

fn unreadable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Decode(why.into())
}
