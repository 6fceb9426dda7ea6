//! Opening the store that an operator has chosen, with its key.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::interface::Store;
use super::memory::Memory;
use super::seal::Key;
use super::sql::Sql;
use crate::config::{self, Kept, StorePlace, Usage, file_error};

/// A store, and what credentials in it are sealed with.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The key.
    pub key: Key,
}

/// Opens the store. Beside a file, a key is made where there is none yet, for its owner alone to read.
///
/// # Errors
/// Where the store cannot be opened, or the key is not the one that credentials in it are sealed with.
pub async fn open(kept: &Kept) -> Result<Opened, Usage> {
    match &kept.place {
        StorePlace::Memory => {
            let (key, _) = Key::random().map_err(|why| Usage(why.to_string()))?;
            Ok(Opened { store: Arc::new(Memory::default()), key })
        }
        StorePlace::File(path) => {
            let store = Sql::open_file(path).await.map_err(|why| file_error(path, why))?;
            let key = kept.key.clone().unwrap_or_else(|| beside(path));
            with_key(store, &key, true).await
        }
        StorePlace::Postgres(url) => {
            let failed = |why| Usage(format!("--state postgres://…: {why}"));
            let store = Sql::connect(url.clone()).await.map_err(failed)?;
            let key = kept.key.clone().unwrap_or_default();
            with_key(store, &key, false).await
        }
    }
}

/// Whether the store could be opened, as far as can be told without opening it: that would make what is not there yet.
///
/// # Errors
/// Where its file cannot be written, or the key that there is cannot be used.
pub fn check(kept: &Kept) -> Result<(), Usage> {
    let key = match &kept.place {
        StorePlace::Memory => return Ok(()),
        StorePlace::File(path) => {
            check_file(path).map_err(|why| file_error(path, why))?;
            kept.key.clone().unwrap_or_else(|| beside(path))
        }
        StorePlace::Postgres(_) => kept.key.clone().unwrap_or_default(),
    };
    let is_made = matches!(kept.place, StorePlace::File(_));
    match key.try_exists().map_err(|why| file_error(&key, why))? {
        false if is_made => check_folder(&key).map_err(|why| file_error(&key, why)),
        false => Err(no_key(&key)),
        true => read(&key).map(drop),
    }
}

fn check_file(path: &Path) -> io::Result<()> {
    match path.try_exists()? {
        true => OpenOptions::new().read(true).write(true).open(path).map(drop),
        false => check_folder(path),
    }
}

/// Whether there is a folder for a file that is to be made.
fn check_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::read_dir(folder).map(drop)
}

fn no_key(path: &Path) -> Usage {
    file_error(path, "there is no key. Make one for all gateways with `openssl rand -base64 32`")
}

/// The key of a file, where none is named.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".key");
    name.into()
}

async fn with_key(store: Sql, path: &Path, may_be_made: bool) -> Result<Opened, Usage> {
    let failed = |why: &dyn std::error::Error| file_error(path, why);
    let check = store.key_check(None).await.map_err(|why| failed(&why))?;
    let is_there = path.try_exists().map_err(|why| failed(&why))?;
    let key = match is_there {
        true => read(path)?,
        false if check.is_some() => {
            return Err(file_error(path, "the key that credentials are sealed with is missing. Put it back"));
        }
        false if may_be_made => make(path)?,
        false => return Err(no_key(path)),
    };
    let new = key.check().map_err(|why| failed(&why))?;
    let check = store.key_check(Some(new)).await.map_err(|why| failed(&why))?;
    match check.is_some_and(|check| key.has_sealed(&check)) {
        true => Ok(Opened { store: Arc::new(store), key }),
        false => Err(file_error(path, "it is not the key that credentials in the store are sealed with")),
    }
}

fn read(path: &Path) -> Result<Key, Usage> {
    let mode = std::fs::metadata(path).map_err(|why| file_error(path, why))?.mode();
    if mode & 0o007 != 0 {
        return Err(file_error(path, "others may read the key or write it: chmod 600"));
    }
    let text = config::read(path).map(secrecy::zeroize::Zeroizing::new)?;
    Key::read(&text).map_err(|why| file_error(path, why))
}

fn make(path: &Path) -> Result<Key, Usage> {
    let (key, text) = Key::random().map_err(|why| file_error(path, why))?;
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    write().map_err(|why| file_error(path, why))?;
    Ok(key)
}
