//! A database: SQLite's file, or a server of PostgreSQL.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Error, Executor, SqlSafeStr};

use crate::store::error::{OpenError, StoreError};

/// How many connections to a server there may be.
const MAX_CONNECTIONS: u32 = 8;

/// How long a call waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

/// How SQLite keeps the file: nobody else opens it, what is committed is on the disk, and what is removed is overwritten.
const SETTINGS: &str = "PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA secure_delete = ON; BEGIN EXCLUSIVE; COMMIT;";

/// A database.
#[derive(Debug)]
pub(super) struct Database {
    pool: AnyPool,
    /// SQLite's file; none where it is a server.
    file: Option<OpenFile>,
}

/// A file that is held open.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// Whether its log may still have credentials that were removed.
    has_remains: AtomicBool,
}

impl Database {
    /// Opens SQLite's file, which is made where there is none.
    pub(super) async fn open_file(path: &Path) -> Result<Self, OpenError> {
        // It is made here, so that others cannot read it.
        let options = || OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let metadata = options().and_then(|file| file.metadata()).map_err(OpenError::new)?;
        let file = OpenFile {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
            has_remains: AtomicBool::new(true),
        };
        let url = SqliteConnectOptions::new().filename(path).to_url_lossy();
        let options = AnyConnectOptions::from_url(&url).map_err(OpenError::new)?;
        let pool = pool().max_connections(1).test_before_acquire(false);
        let pool = connect(pool, options, SETTINGS, migrations()).await?;
        let mut connection = pool.acquire().await.map_err(OpenError::new)?;
        file.clear_remains(&mut connection).await.map_err(OpenError::new)?;
        drop(connection);
        Ok(Self { pool, file: Some(file) })
    }

    /// Connects to a server of PostgreSQL.
    pub(super) async fn connect(url: &SecretString) -> Result<Self, OpenError> {
        let options: AnyConnectOptions = url.expose_secret().parse().map_err(OpenError::new)?;
        let mut migrations = migrations();
        migrations.push(migration(3, "names", include_str!("migrations/3_names.sql")));
        let pool = connect(pool().max_connections(MAX_CONNECTIONS), options, "", migrations).await?;
        Ok(Self { pool, file: None })
    }

    /// Whether other gateways may have it, too.
    pub(super) fn is_shared(&self) -> bool {
        self.file.is_none()
    }

    /// A connection to read with.
    pub(super) async fn connection(&self) -> Result<PoolConnection<Any>, Error> {
        self.pool.acquire().await
    }

    /// Takes what was removed out of the log beside the file: credentials, if any were.
    pub(super) async fn clear_remains(&self, connection: &mut AnyConnection, has_removed_credentials: bool) {
        let Some(file) = &self.file else { return };
        file.has_remains.fetch_or(has_removed_credentials, Ordering::Relaxed);
        if file.has_remains.load(Ordering::Relaxed)
            && let Err(why) = file.clear_remains(connection).await
        {
            tracing::error!(?why, "credentials that were removed may still be in the log beside the state file");
        }
    }

    /// What was written to a file that somebody has removed would be lost.
    pub(super) fn check_file(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        match fs::metadata(&file.path) {
            Ok(metadata) if (metadata.dev(), metadata.ino()) == (file.device, file.inode) => Ok(()),
            Ok(_) => Err(StoreError::new(format!("{} was replaced by another file", file.path.display()))),
            Err(why) => Err(StoreError::new(format!("{}: {why}", file.path.display()))),
        }
    }

    /// Closes it. Nothing can be asked of it any more.
    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

impl OpenFile {
    async fn clear_remains(&self, connection: &mut AnyConnection) -> Result<(), Error> {
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        self.has_remains.store(false, Ordering::Relaxed);
        Ok(())
    }
}

fn pool() -> AnyPoolOptions {
    AnyPoolOptions::new().acquire_timeout(ACQUIRE).idle_timeout(None).max_lifetime(None)
}

/// Connects, and brings tables to the form that this version of the gateway has.
async fn connect(
    pool: AnyPoolOptions,
    options: AnyConnectOptions,
    settings: &'static str,
    migrations: Vec<Migration>,
) -> Result<AnyPool, OpenError> {
    let options = options.disable_statement_logging();
    // A pool would try again and again, and not say why.
    let mut first = options.connect().await.map_err(refused)?;
    first.execute(settings).await.map_err(refused)?;
    first.close().await.map_err(refused)?;
    let pool =
        pool.after_connect(move |connection, _| Box::pin(async move { connection.execute(settings).await.map(drop) }));
    let pool = pool.connect_with(options).await.map_err(refused)?;
    match Migrator::with_migrations(migrations).run(&pool).await {
        Ok(()) => Ok(pool),
        Err(MigrateError::VersionMissing(version)) => Err(OpenError(format!(
            "it was written by a later version of deltawall, with migration {version}, which this one does not have"
        ))),
        Err(why) => Err(OpenError::new(why)),
    }
}

/// What brings the tables of both kinds to their form.
fn migrations() -> Vec<Migration> {
    vec![
        migration(1, "changes", include_str!("migrations/1_changes.sql")),
        migration(2, "documents", include_str!("migrations/2_documents.sql")),
    ]
}

fn migration(version: i64, name: &'static str, statements: &'static str) -> Migration {
    Migration::new(version, name.into(), MigrationType::Simple, statements.into_sql_str(), false)
}

/// What a database has said to who wanted to open it.
fn refused(why: Error) -> OpenError {
    let said = why.as_database_error();
    // SQLite's code for a file that is locked.
    match said.and_then(|said| said.code()).as_deref() {
        Some("5") => OpenError("another process has it open, perhaps another gateway".into()),
        _ => OpenError::new(said.map_or_else(|| why.to_string(), |said| said.message().to_owned())),
    }
}
