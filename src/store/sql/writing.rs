//! What is written to a database, in the caller's transaction.

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Error, Executor};

use super::database::Database;
use super::reading::{at, at_place};
use super::rows;
use super::write::{Write, Wrote};
use crate::clock::Timestamp;
use crate::store::change_id::ChangeId;
use crate::store::documents::DocumentWrites;
use crate::store::error::StoreError;
use crate::store::expiry::Expiry;
use crate::store::place::Place;
use crate::store::record::{Beginning, ExpiryStep, Left, Record, Sealed, State, Step};

/// How many documents are written with one statement.
const MOST_AT_ONCE: usize = 500;

/// A transaction that writes. What is written is there when it is [committed](Self::commit), or nothing of it.
///
/// A connection on which something has failed is closed: a commit that fails may leave SQLite in the middle of the transaction, where
/// all that came later would seem to be written, and be lost.
pub(super) struct Writing<'a> {
    database: &'a Database,
    connection: PoolConnection<Any>,
    /// Whether the connection is out of the transaction.
    is_over: bool,
    /// Whether credentials were removed.
    has_removed_credentials: bool,
}

impl<'a> Writing<'a> {
    /// Begins to write.
    pub(super) async fn begin_in(database: &'a Database) -> Result<Self, StoreError> {
        database.check_file()?;
        let connection = database.connection().await?;
        let mut writing = Self { database, connection, is_over: false, has_removed_credentials: false };
        writing.connection.execute("BEGIN").await?;
        Ok(writing)
    }

    /// Has it all written.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if let Err(why) = self.connection.execute("COMMIT").await {
            // It may be there when the file is opened again.
            return Err(StoreError { is_unclear: true, ..StoreError::from(why) });
        }
        self.is_over = true;
        self.database.clear_remains(&mut self.connection, self.has_removed_credentials).await;
        Ok(())
    }

    /// Writes nothing of it.
    pub(super) async fn abandon(mut self) -> Result<(), Error> {
        self.connection.execute("ROLLBACK").await?;
        self.is_over = true;
        Ok(())
    }

    /// Writes this.
    pub(super) async fn write(&mut self, write: &Write) -> Result<Wrote, Error> {
        Ok(match write {
            Write::Begin(beginning) => Wrote::Begin(self.begin(beginning).await?),
            Write::Step(id, step) => Wrote::Step(self.step(id, step).await?),
            Write::Claim { ids, by, now, until } => Wrote::Claim(self.claim(ids, by, *now, *until).await?),
            Write::EndExpiries(ids) => self.end_expiries(ids).await.map(|()| Wrote::All)?,
            Write::Prune(made_before, most) => Wrote::Prune(self.prune(*made_before, *most).await?),
            Write::Documents(writes) => Wrote::Documents(self.documents(writes).await?),
            Write::KeyCheck(check) => self.keep_key_check(check).await.map(|()| Wrote::All)?,
        })
    }

    /// A change begins, unless it is to take the place of another that is over. Whether it does.
    async fn begin(&mut self, beginning: &Beginning) -> Result<bool, Error> {
        let Beginning { record, instead_of, left, gone, credentials, expiries } = beginning;
        if let Some((id, step)) = instead_of
            && !self.step(id, step).await?
        {
            return Ok(false);
        }
        self.insert(record, credentials.as_ref()).await?;
        self.leave(&record.place, &record.id, left).await?;
        self.end_expiries(gone).await?;
        for (expiry, credentials) in expiries {
            self.insert_expiry(expiry, credentials.as_ref()).await?;
        }
        Ok(true)
    }

    /// Documents are written, unless the one that they depend on has changed. Whether they are.
    async fn documents(&mut self, writes: &DocumentWrites) -> Result<bool, Error> {
        let mut documents = writes.by_name();
        if let Some((name, seen)) = &writes.only_if {
            if !self.hold_document(name, seen.as_deref()).await? {
                return Ok(false);
            }
            if seen.is_none() {
                documents.entry(&**name).or_default();
            }
        }
        // In the order of their names, so that two that write the same do not each wait for the other.
        let (gone, there): (Vec<_>, Vec<_>) = documents.into_iter().partition(|(_, document)| document.is_none());
        for some in there.chunks(MOST_AT_ONCE) {
            let rows: Vec<_> = (1..=some.len()).map(|row| format!("(${}, ${})", 2 * row - 1, 2 * row)).collect();
            let statement = format!(
                "INSERT INTO documents (name, document) VALUES {} \
                 ON CONFLICT (name) DO UPDATE SET document = excluded.document",
                rows.join(", ")
            );
            let upsert = sqlx::query(AssertSqlSafe(statement)).persistent(some.len() == 1);
            let upsert = some.iter().fold(upsert, |upsert, (name, document)| upsert.bind(*name).bind(*document));
            upsert.execute(&mut *self.connection).await?;
        }
        for some in gone.chunks(MOST_AT_ONCE) {
            let names: Vec<_> = (1..=some.len()).map(|row| format!("${row}")).collect();
            let statement = format!("DELETE FROM documents WHERE name IN ({})", names.join(", "));
            let delete = sqlx::query(AssertSqlSafe(statement)).persistent(some.len() == 1);
            let delete = some.iter().fold(delete, |delete, (name, _)| delete.bind(*name));
            delete.execute(&mut *self.connection).await?;
        }
        Ok(true)
    }

    /// Keeps others from writing a document until this is over, if it is as it was seen. Whether it is. One that was not there is
    /// an empty one from here on, for nobody else to see.
    async fn hold_document(&mut self, name: &str, seen: Option<&str>) -> Result<bool, Error> {
        let hold = match seen {
            Some(seen) => {
                let update = "UPDATE documents SET name = name WHERE name = $1 AND document = $2";
                sqlx::query(update).bind(name).bind(seen)
            }
            None => {
                let insert = "INSERT INTO documents (name, document) VALUES ($1, '') ON CONFLICT (name) DO NOTHING";
                sqlx::query(insert).bind(name)
            }
        };
        Ok(hold.execute(&mut *self.connection).await?.rows_affected() > 0)
    }

    async fn step(&mut self, id: &ChangeId, step: &Step) -> Result<bool, Error> {
        let Some(row) = self.update(id, step).await? else { return Ok(false) };
        let record = rows::record(&row)?;
        if !record.state.is_open() && step.credentials.is_none() && rows::has_sealed(&row)? {
            let removes = sqlx::query("UPDATE changes SET sealed = NULL WHERE id = $1").bind(id.as_str());
            removes.execute(&mut *self.connection).await?;
            self.has_removed_credentials = true;
        }
        self.leave(&record.place, id, &step.left).await?;
        match &step.expiries {
            ExpiryStep::Stay => {}
            ExpiryStep::Forget => {
                let delete = sqlx::query("DELETE FROM expiries WHERE change_id = $1 RETURNING sealed");
                self.remove(delete.bind(id.as_str())).await?;
            }
            ExpiryStep::Settle { gone, cloud_ids } => {
                self.end_expiries(gone).await?;
                for (id, cloud_id) in cloud_ids {
                    let update = sqlx::query("UPDATE expiries SET cloud_id = $1 WHERE id = $2");
                    update.bind(plain(cloud_id)).bind(&**id).execute(&mut *self.connection).await?;
                }
            }
        }
        Ok(true)
    }

    /// Expiries are taken by a gateway. Those that were free.
    async fn claim(
        &mut self,
        ids: &[String],
        by: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let mut claimed = Vec::new();
        for id in ids {
            let update = sqlx::query(
                "UPDATE expiries SET held_by = $1, held_until = $2 \
                 WHERE id = $3 AND (held_by IS NULL OR held_by = $4 OR held_until <= $5)",
            );
            let update = update.bind(by).bind(until.millis()).bind(&**id).bind(by).bind(now.millis());
            if update.execute(&mut *self.connection).await?.rows_affected() > 0 {
                claimed.push(id.clone());
            }
        }
        Ok(claimed)
    }

    async fn end_expiries(&mut self, ids: &[String]) -> Result<(), Error> {
        for id in ids {
            self.remove(sqlx::query("DELETE FROM expiries WHERE id = $1 RETURNING sealed").bind(&**id)).await?;
        }
        Ok(())
    }

    /// Removes rows that may have credentials, with those.
    async fn remove(&mut self, delete: Query<'_, Any, AnyArguments>) -> Result<(), Error> {
        for row in delete.fetch_all(&mut *self.connection).await? {
            self.has_removed_credentials |= rows::has_sealed(&row)?;
        }
        Ok(())
    }

    /// Changes that were made before then, and have come to their end, are forgotten: so many at most. How many they were.
    async fn prune(&mut self, made_before: Timestamp, most: i64) -> Result<u64, Error> {
        let delete = sqlx::query(
            "DELETE FROM changes WHERE id IN (SELECT id FROM changes \
             WHERE made_at < $1 AND state NOT IN ('applying', 'trying', 'undoing') ORDER BY made_at LIMIT $2)",
        );
        let pruned = delete.bind(made_before.millis()).bind(most).execute(&mut *self.connection).await?;
        Ok(pruned.rows_affected())
    }

    /// What the key is known by, where there was nothing.
    async fn keep_key_check(&mut self, check: &Sealed) -> Result<(), Error> {
        let insert = sqlx::query("INSERT INTO key_check (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING");
        insert.bind(rows::sealed_text(check)).execute(&mut *self.connection).await.map(drop)
    }

    async fn insert(&mut self, record: &Record, credentials: Option<&Sealed>) -> Result<(), Error> {
        let insert = sqlx::query(
            "INSERT INTO changes (id, driver, provider, owner, firewall, requested_by, operation, why, state, made_at, confirm_by, \
             ended_at, undone_by, note, attempts, forgot_expiry, held_by, held_until, firewall_before, firewall_after, sealed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        );
        let millis = |time: Option<Timestamp>| time.map(Timestamp::millis);
        at(insert.bind(record.id.as_str()), &record.place)
            .bind(plain(&record.user))
            .bind(plain(&record.operation))
            .bind(record.why.as_deref().map(plain))
            .bind(record.state.name())
            .bind(record.made_at.millis())
            .bind(millis(record.confirm_by))
            .bind(millis(record.ended_at))
            .bind(record.undone_by.as_deref().map(plain))
            .bind(record.note.as_deref().map(plain))
            .bind(i64::from(record.attempts))
            .bind(i64::from(record.forgot_expiry))
            .bind(record.held.as_ref().map(|(by, _)| &**by))
            .bind(millis(record.held.as_ref().map(|(_, until)| *until)))
            .bind(record.before.as_deref())
            .bind(record.after.as_deref())
            .bind(credentials.map(rows::sealed_text))
            .execute(&mut *self.connection)
            .await
            .map(drop)
    }

    /// The row of the change, as it is after the step; none where it was in no state for it, or somebody else's.
    async fn update(&mut self, id: &ChangeId, step: &Step) -> Result<Option<AnyRow>, Error> {
        let statement = format!(
            "UPDATE changes SET state = COALESCE($1, state), held_by = $2, held_until = $3, \
             undone_by = CASE WHEN $13 = 'trying' AND state NOT IN ('applying', 'trying', 'undoing') THEN NULL \
             ELSE COALESCE($4, undone_by) END, \
             note = COALESCE($5, note), attempts = attempts + $6, \
             firewall_after = COALESCE($7, firewall_after), \
             forgot_expiry = CASE WHEN forgot_expiry + $8 > 0 THEN 1 ELSE 0 END, \
             driver = COALESCE($9, driver), provider = COALESCE($10, provider), \
             owner = COALESCE($11, owner), firewall = COALESCE($12, firewall), \
             ended_at = CASE WHEN $13 = 'trying' AND state NOT IN ('applying', 'trying', 'undoing') THEN NULL \
             WHEN COALESCE($13, state) IN ('applying', 'trying', 'undoing') THEN ended_at ELSE COALESCE($14, ended_at) END, sealed = COALESCE($15, sealed) \
             WHERE id = $16 AND $17 LIKE '%,' || state || ',%' \
             AND ($18 = 0 OR held_by IS NULL OR held_by = $19 OR held_until <= $20) RETURNING {}, sealed",
            rows::CHANGE
        );
        let from: String = step.from.iter().map(|state| format!(",{},", state.name())).collect();
        let to = step.to.map(State::name);
        let place = step.place.as_ref();
        let at = step.at.map(Timestamp::millis);
        let update = sqlx::query(AssertSqlSafe(statement))
            .bind(to)
            .bind(step.held.as_ref().map(|(by, _)| &**by))
            .bind(step.held.as_ref().map(|(_, until)| until.millis()))
            .bind(step.undone_by.as_deref().map(plain))
            .bind(step.note.as_deref().map(plain))
            .bind(i64::from(step.is_attempt))
            .bind(step.after.as_deref())
            .bind(i64::from(step.forgets_expiry))
            .bind(place.map(|place| &*place.driver))
            .bind(place.map(|place| &*place.provider))
            .bind(place.map(|place| &*place.owner))
            .bind(place.map(|place| &*place.firewall))
            .bind(to)
            .bind(at)
            .bind(step.credentials.as_ref().map(rows::sealed_text))
            .bind(id.as_str())
            .bind(from)
            .bind(i64::from(at.is_some()))
            .bind(&*step.by)
            .bind(at);
        self.has_removed_credentials |= step.credentials.is_some();
        update.fetch_optional(&mut *self.connection).await
    }

    async fn leave(&mut self, place: &Place, by: &ChangeId, left: &Left) -> Result<(), Error> {
        match left {
            Left::Same => return Ok(()),
            Left::As(firewall) => {
                let upsert = sqlx::query(
                    "INSERT INTO firewalls (driver, provider, owner, firewall, left_by, left_as) VALUES ($1, $2, $3, $4, $5, $6) \
                     ON CONFLICT (driver, provider, owner, firewall) DO UPDATE SET left_by = excluded.left_by, left_as = excluded.left_as",
                );
                at(upsert, place).bind(by.as_str()).bind(&**firewall).execute(&mut *self.connection).await?;
            }
            Left::Unknown => {
                let delete = format!("DELETE FROM firewalls WHERE {}", at_place(1));
                at(sqlx::query(AssertSqlSafe(delete)), place).execute(&mut *self.connection).await?;
            }
        }
        Ok(())
    }

    async fn insert_expiry(&mut self, expiry: &Expiry, credentials: Option<&Sealed>) -> Result<(), Error> {
        let insert = sqlx::query(
            "INSERT INTO expiries (id, change_id, driver, provider, owner, firewall, requested_by, rule, cloud_id, due, sealed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        );
        at(insert.bind(&*expiry.id).bind(expiry.change.as_str()), &expiry.place)
            .bind(plain(&expiry.user))
            .bind(&*expiry.rule)
            .bind(expiry.cloud_id.as_deref().map(plain))
            .bind(expiry.due.millis())
            .bind(credentials.map(rows::sealed_text))
            .execute(&mut *self.connection)
            .await
            .map(drop)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.close_on_drop();
        }
    }
}

/// A text that databases take: PostgreSQL has no NUL in texts, and a cloud may send one.
fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
