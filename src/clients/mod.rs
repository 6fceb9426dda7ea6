//! The gateway's own clients, for where it holds the clouds' credentials and they do not.
//!
//! The file has a line for each: `NAME:HASH:RIGHTS:DRIVERS`. The hash is Argon2's or bcrypt's, as `htpasswd -B` makes it;
//! rights are `read-only` or `read-write`; drivers are `*`, or `DRIVER` and `DRIVER/PROVIDER` with commas between.

mod command;
mod hash;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use clap::ValueEnum;
use deltawall_core::{Credentials, ProviderName};
use ring::hmac;
use ring::rand::SystemRandom;

use crate::Error;
use crate::config;
use crate::limits::Queue;
use crate::registry::Registry;
use hash::Hash;

pub use command::Command;

/// How many may wait until their password is checked.
const MAX_WAITING: usize = 64;

/// Who may use the gateway.
#[derive(Debug)]
pub struct Clients {
    path: PathBuf,
    known: RwLock<Arc<Known>>,
    /// Checking a password is meant to take long, so it is done for only so many at a time.
    checks: Queue,
    /// The key of the tags by which passwords are known again that were right before.
    key: hmac::Key,
}

/// The clients in the file, by name.
type Known = HashMap<String, Arc<Client>>;

/// One who may use the gateway.
#[derive(Debug)]
pub struct Client {
    name: String,
    hash: Hash,
    rights: Rights,
    scopes: Vec<Scope>,
    /// The tag of the password that was last found right.
    proven: Mutex<Option<hmac::Tag>>,
}

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rights {
    /// To look.
    ReadOnly,
    /// To look and to change.
    ReadWrite,
}

/// Where a client may do it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    Everywhere,
    Driver(String),
    Provider(String, ProviderName),
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// There is no such client, or that is not its password.
    Wrong,
    /// Too many passwords wait to be checked.
    Busy,
}

impl Clients {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Usage`] when it cannot be read, a line is wrong, or names a driver that is not there.
    pub fn read(path: &Path, registry: &Registry) -> Result<Self, Error> {
        let known = RwLock::new(Arc::new(read(path, Some(registry))?));
        // Never all cores at once, which are there for others.
        let most = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .or(Err(Error::Usage("the system has no random numbers".into())))?;
        Ok(Self { path: path.to_owned(), known, checks: Queue::new(most, MAX_WAITING), key })
    }

    /// Reads the file again. From then on what is in it holds.
    ///
    /// # Errors
    /// As [`read`](Self::read); the clients stay who they were then.
    pub fn reload(&self, registry: &Registry) -> Result<(), Error> {
        let new = Arc::new(read(&self.path, Some(registry))?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The client whose name and password these are. A password that was right before is known again at once; any other
    /// is checked on a thread where that holds up nobody.
    ///
    /// # Errors
    /// When there is none, or too many ask.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Arc<Client>, Stranger> {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        let client = known.get(credentials.user()).cloned();
        let password = credentials.password().as_bytes();
        if let Some(client) = client.as_ref().filter(|client| client.has_proven(&self.key, password)) {
            return Ok(Arc::clone(client));
        }
        let _place = self.checks.enter().await.ok_or(Stranger::Busy)?;
        // A name that nobody has takes as long as a wrong password.
        let subject = client.clone().or_else(|| known.values().next().cloned()).ok_or(Stranger::Wrong)?;
        let credentials = credentials.clone();
        let check = move || subject.hash.is_of(credentials.password());
        let is_right = tokio::task::spawn_blocking(check).await.unwrap_or(false);
        let client = client.filter(|_| is_right).ok_or(Stranger::Wrong)?;
        *client.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(hmac::sign(&self.key, password));
        Ok(client)
    }
}

impl Client {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it may change anything.
    pub fn may_change(&self) -> bool {
        self.rights == Rights::ReadWrite
    }

    /// Whether it may use this driver with this provider. Who may use only some providers has to choose one.
    pub fn may_use(&self, driver: &str, provider: Option<&ProviderName>) -> bool {
        self.scopes.iter().any(|scope| match scope {
            Scope::Everywhere => true,
            Scope::Driver(allowed) => allowed == driver,
            Scope::Provider(allowed, of_it) => allowed == driver && Some(of_it) == provider,
        })
    }

    fn has_proven(&self, key: &hmac::Key, password: &[u8]) -> bool {
        let proven = *self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.is_some_and(|tag| hmac::verify(key, password, tag.as_ref()).is_ok())
    }
}

impl Rights {
    fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}

/// The clients in a file; with a registry, its names of drivers in the place of their aliases.
fn read(path: &Path, registry: Option<&Registry>) -> Result<Known, Error> {
    let text = config::read(path)?;
    let mut known = Known::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| is_client(line)) {
        let wrong = |why: String| config::file_error(path, format!("line {}: {why}", number + 1));
        let client = Client::parse(line, registry).map_err(wrong)?;
        if known.insert(client.name.clone(), Arc::new(client)).is_some() {
            return Err(wrong("there is another line for this client".into()));
        }
    }
    Ok(known)
}

/// Whether a line is neither blank nor a comment.
fn is_client(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with('#')
}

impl Client {
    fn parse(line: &str, registry: Option<&Registry>) -> Result<Self, String> {
        let [name, hash, rights, scopes] = line.trim_end().split(':').collect::<Vec<_>>()[..] else {
            return Err("it is not NAME:HASH:RIGHTS:DRIVERS".into());
        };
        Ok(Self {
            name: checked_name(name)?.to_owned(),
            hash: Hash::parse(hash)?,
            rights: Rights::named(rights).ok_or("the rights are neither read-only nor read-write")?,
            scopes: scopes.split(',').map(|scope| Scope::parse(scope, registry)).collect::<Result<_, _>>()?,
            proven: Mutex::default(),
        })
    }
}

/// A name that can stand in the file.
fn checked_name(name: &str) -> Result<&str, String> {
    let is_good = !name.trim().is_empty() && !name.contains(|c: char| c == ':' || c.is_control());
    match is_good && !name.starts_with('#') {
        true => Ok(name),
        false => Err("the name of a client is not empty, and has neither ':' nor control characters".into()),
    }
}

impl Scope {
    fn parse(text: &str, registry: Option<&Registry>) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Everywhere);
        }
        let (driver, provider) = text.split_once('/').map_or((text, None), |(driver, name)| (driver, Some(name)));
        let id = match registry {
            None if driver.is_empty() => return Err("a driver has no name".into()),
            None => driver,
            Some(registry) => match registry.id(driver) {
                Some(id) => id,
                None => return Err(format!("unknown driver '{driver}'; the drivers are {}", registry.names())),
            },
        };
        match provider.map(ProviderName::new).transpose().map_err(|why| why.to_string())? {
            None => Ok(Self::Driver(id.to_owned())),
            Some(provider) => Ok(Self::Provider(id.to_owned(), provider)),
        }
    }
}
