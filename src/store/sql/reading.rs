//! What is read of a database.

use sqlx::any::AnyRow;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Error, Row};

use super::rows;
use crate::store::change_id::ChangeId;
use crate::store::documents::after_all;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{self, Record, Sealed, State};

/// One change.
pub(super) async fn change(connection: &mut AnyConnection, id: &ChangeId) -> Result<Option<Record>, Error> {
    let statement = format!("SELECT {}, firewall_before, firewall_after FROM changes WHERE id = $1", rows::CHANGE);
    let row = sqlx::query(AssertSqlSafe(statement)).bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(rows::record).transpose()
}

/// The changes that are asked for, the newest first.
pub(super) async fn changes(connection: &mut AnyConnection, asked: &record::Query) -> Result<Vec<Record>, Error> {
    let texts = [
        ("driver =", asked.driver.as_deref()),
        ("provider =", asked.provider.as_deref()),
        ("firewall =", asked.firewall.as_deref()),
        ("state =", asked.state.map(State::name)),
        ("requested_by =", asked.user.as_deref()),
        ("id <", asked.before.as_ref().map(ChangeId::as_str)),
    ];
    let times = [("made_at >=", asked.since), ("made_at <", asked.until)];
    let texts: Vec<_> = texts.into_iter().filter_map(|(column, text)| Some((column, text?))).collect();
    let times: Vec<_> = times.into_iter().filter_map(|(column, time)| Some((column, time?.millis()))).collect();
    let columns = texts.iter().map(|(column, _)| *column).chain(times.iter().map(|(column, _)| *column));
    let conditions: Vec<_> = columns.enumerate().map(|(at, column)| format!("{column} ${}", at + 1)).collect();
    let statement = format!(
        "SELECT {} FROM changes {} {} ORDER BY id DESC LIMIT {}",
        rows::CHANGE,
        if conditions.is_empty() { "" } else { "WHERE" },
        conditions.join(" AND "),
        asked.limit
    );
    let query = sqlx::query(AssertSqlSafe(statement));
    let query = texts.into_iter().fold(query, |query, (_, text)| query.bind(text));
    let query = times.into_iter().fold(query, |query, (_, time)| query.bind(time));
    all(query.fetch_all(connection).await?, rows::record)
}

/// The changes that are open, the oldest first.
pub(super) async fn open_changes(connection: &mut AnyConnection) -> Result<Vec<Record>, Error> {
    let statement = format!("SELECT {} FROM changes WHERE {IS_OPEN} ORDER BY id", rows::CHANGE);
    all(sqlx::query(AssertSqlSafe(statement)).fetch_all(connection).await?, rows::record)
}

/// The change of a firewall that is open.
pub(super) async fn open_change(connection: &mut AnyConnection, place: &Place) -> Result<Option<Record>, Error> {
    let statement = format!("SELECT {} FROM changes WHERE {IS_OPEN} AND {}", rows::CHANGE, at_place(1));
    let row = at(sqlx::query(AssertSqlSafe(statement)), place).fetch_optional(connection).await?;
    row.as_ref().map(rows::record).transpose()
}

/// What is kept to end a change or an expiry.
pub(super) async fn credentials(connection: &mut AnyConnection, of: &str) -> Result<Option<Sealed>, Error> {
    let statement = "SELECT sealed FROM changes WHERE id = $1 AND sealed IS NOT NULL \
                     UNION ALL SELECT sealed FROM expiries WHERE id = $2 AND sealed IS NOT NULL";
    let row = sqlx::query(statement).bind(of).bind(of).fetch_optional(connection).await?;
    row.as_ref().map(rows::sealed).transpose()
}

/// What the key is known by.
pub(super) async fn key_check(connection: &mut AnyConnection) -> Result<Option<Sealed>, Error> {
    let row = sqlx::query("SELECT sealed FROM key_check WHERE id = 1").fetch_optional(connection).await?;
    row.as_ref().map(rows::sealed).transpose()
}

/// All expiries, the first to end first.
pub(super) async fn expiries(connection: &mut AnyConnection) -> Result<Vec<Expiry>, Error> {
    let statement = format!("SELECT {} FROM expiries ORDER BY due, id", rows::EXPIRY);
    all(sqlx::query(AssertSqlSafe(statement)).fetch_all(connection).await?, rows::expiry)
}

/// The document of this name.
pub(super) async fn document(connection: &mut AnyConnection, name: &str) -> Result<Option<String>, Error> {
    let statement = "SELECT document FROM documents WHERE name = $1";
    let row = sqlx::query(statement).bind(name).fetch_optional(connection).await?;
    row.map(|row| row.try_get("document")).transpose()
}

/// The documents whose names begin so, in the order of their names.
pub(super) async fn documents(connection: &mut AnyConnection, start: &str) -> Result<Vec<(String, String)>, Error> {
    let end = after_all(start);
    let statement = match end {
        Some(_) => "SELECT name, document FROM documents WHERE name >= $1 AND name < $2 ORDER BY name",
        None => "SELECT name, document FROM documents WHERE name >= $1 ORDER BY name",
    };
    let query = end.iter().fold(sqlx::query(statement).bind(start), |query, end| query.bind(&**end));
    all(query.fetch_all(connection).await?, |row| Ok((row.try_get("name")?, row.try_get("document")?)))
}

/// How the last change of a firewall has left it.
pub(super) async fn left(connection: &mut AnyConnection, place: &Place) -> Result<Option<(ChangeId, String)>, Error> {
    let statement = format!("SELECT left_by, left_as FROM firewalls WHERE {}", at_place(1));
    let row = at(sqlx::query(AssertSqlSafe(statement)), place).fetch_optional(connection).await?;
    row.map(|row| Ok((rows::change_id(&row, "left_by")?, row.try_get("left_as")?))).transpose()
}

/// The condition of the index that lets one change of a firewall be open.
const IS_OPEN: &str = "state IN ('applying', 'trying', 'undoing')";

/// The condition that a row is of a firewall, whose parameters begin with this number.
pub(super) fn at_place(first: usize) -> String {
    format!("driver = ${first} AND provider = ${} AND owner = ${} AND firewall = ${}", first + 1, first + 2, first + 3)
}

/// The parameters of that condition.
pub(super) fn at<'q>(
    query: Query<'q, Any, sqlx::any::AnyArguments>,
    place: &'q Place,
) -> Query<'q, Any, sqlx::any::AnyArguments> {
    query.bind(&*place.driver).bind(&*place.provider).bind(&*place.owner).bind(&*place.firewall)
}

fn all<T>(rows: Vec<AnyRow>, read: fn(&AnyRow) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    rows.iter().map(read).collect()
}
