//! Where changes are kept.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::settings::Settings;
use super::usage::Usage;

/// How long changes are kept, in days.
const KEPT: u32 = 90;

/// How long they may be kept, in days: a hundred years.
const MOST_KEPT: u32 = 36_500;

/// Where changes are kept, and for how long.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Where.
    pub place: StorePlace,
    /// The file with the key that credentials are sealed with, if one was named.
    pub key: Option<PathBuf>,
    /// How long those that came to their end are.
    pub time: Duration,
}

/// Where changes are kept.
#[derive(Debug, Clone)]
pub enum StorePlace {
    /// In the process's memory, which ends with it.
    Memory,
    /// In a file of SQLite's.
    File(PathBuf),
    /// On a server of PostgreSQL, by its URL, which may have a password.
    Postgres(SecretString),
}

impl Default for Kept {
    fn default() -> Self {
        Self { place: StorePlace::Memory, key: None, time: days(KEPT) }
    }
}

impl Kept {
    /// Reads what was typed, and what the file has.
    pub(super) fn read(typed: &Settings, file: &Settings) -> Result<Self, Usage> {
        let place = [&typed.state, &file.state].into_iter().flatten().map(ExposeSecret::expose_secret);
        let place = place.into_iter().find(|text| !text.is_empty()).map_or(Ok(StorePlace::Memory), place_of)?;
        let key = [&typed.state_key, &file.state_key].into_iter().flatten().find(|path| !path.as_os_str().is_empty());
        match (&place, key) {
            (StorePlace::Memory, Some(_)) => {
                return Err(Usage("--state-key is for --state FILE or postgres://…".into()));
            }
            (StorePlace::Postgres(_), None) => {
                return Err(Usage("--state postgres://… needs --state-key, with the same key for all gateways".into()));
            }
            _ => {}
        }
        let time = typed.keep_changes.or(file.keep_changes).unwrap_or(KEPT);
        match time {
            1..=MOST_KEPT => Ok(Self { place, key: key.cloned(), time: days(time) }),
            _ => Err(Usage(format!("'{time}' for --keep-changes is not between 1 and {MOST_KEPT} days"))),
        }
    }
}

/// Reads where changes are kept.
pub(super) fn place_of(text: &str) -> Result<StorePlace, Usage> {
    match text.split_once("://") {
        _ if text == "memory" => Ok(StorePlace::Memory),
        None => Ok(StorePlace::File(text.into())),
        Some(("postgres" | "postgresql", _)) => Ok(StorePlace::Postgres(text.into())),
        Some((scheme, _)) => {
            Err(Usage(format!("'{scheme}://' for --state is neither memory, nor a FILE, nor postgres://…")))
        }
    }
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 60 * 60)
}
