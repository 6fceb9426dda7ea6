//! One who may use the gateway, and the line that says so.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use deltawall_core::ProviderName;
use ring::hmac;

use super::digest::{Digests, Ha1};
use super::hash::Hash;
use super::key::checked_part;
use super::totp::Totp;
use crate::config::Rights;
use crate::gateway::registry;

/// One who may use the gateway.
#[derive(Debug)]
pub struct Client {
    pub(super) name: String,
    pub(super) hash: Hash,
    rights: Rights,
    scopes: Vec<Scope>,
    /// What HTTP Digest needs of its password, where it may prove itself so.
    digests: Digests,
    /// The id of its API key, whose secret is its password.
    key: Option<String>,
    /// Its time-based codes.
    totp: Option<Totp>,
    /// The tag of the password that was last found right.
    pub(super) proven: Arc<Mutex<Option<hmac::Tag>>>,
}

/// Where a client may do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    Everywhere,
    Driver(String),
    Provider(String, ProviderName),
}

/// What a line of the file is.
const FORM: &str =
    "it is not NAME:HASH:RIGHTS:DRIVERS[:DIGESTS[:KEY[:TOTP]]], with nothing behind the last that is there";

impl Client {
    /// Reads a line of the file.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let parts: Vec<_> = line.trim_end().split(':').collect();
        let [name, hash, rights, scopes, more @ ..] = &*parts else { return Err(FORM.into()) };
        if more.len() > 3 || more.last().is_some_and(|last| last.is_empty()) {
            return Err(FORM.into());
        }
        let field = |index: usize| more.get(index).copied().filter(|field| !field.is_empty());
        Ok(Self {
            digests: field(0).map(Digests::parse).transpose()?.unwrap_or_default(),
            key: field(1).map(checked_part).transpose()?.map(str::to_owned),
            totp: field(2).map(Totp::parse).transpose()?,
            name: checked_name(name)?.to_owned(),
            hash: Hash::parse(hash)?,
            rights: Rights::from_str(rights, false)
                .or(Err("the rights are neither read-only nor read-write nor none"))?,
            scopes: Scope::parse_all(scopes)?,
            proven: Arc::default(),
        })
    }

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
        self.rights != Rights::Nothing && self.is_of(driver, provider)
    }

    fn is_of(&self, driver: &str, provider: Option<&ProviderName>) -> bool {
        self.scopes.iter().any(|scope| match scope {
            Scope::Everywhere => true,
            Scope::Driver(allowed) => allowed == driver,
            Scope::Provider(allowed, of_it) => allowed == driver && Some(of_it) == provider,
        })
    }

    /// The id of its API key, where it has one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Its time-based codes, where it has them and may open GhostPorts of this driver and provider, whatever else it may do there.
    pub fn totp(&self, driver: &str, provider: Option<&ProviderName>) -> Option<&Totp> {
        self.totp.as_ref().filter(|_| self.is_of(driver, provider))
    }

    /// What HTTP Digest needs of its password for a realm, where it may prove itself so.
    pub(super) fn digest(&self, realm: &str) -> Option<&Ha1> {
        self.digests.of(realm)
    }

    /// Whether a password with this tag was found right. Whoever does not have the key can make no tag that differs late.
    pub(super) fn has_proven(&self, tag: &hmac::Tag) -> bool {
        let proven = *self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.is_some_and(|proven| proven.as_ref() == tag.as_ref())
    }

    /// Keeps the tag of a password that was found right.
    pub(super) fn set_proven(&self, tag: hmac::Tag) {
        *self.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(tag);
    }

    /// Itself in a list, without the hash.
    pub(super) fn line(&self) -> String {
        let scopes: Vec<_> = self.scopes.iter().map(Scope::to_string).collect();
        let key = self.key.iter().flat_map(|id| ["key", id]);
        let totp = self.totp.iter().map(|_| "totp");
        let kinds: Vec<_> =
            [self.hash.kind()].into_iter().chain(self.digests.realms()).chain(key).chain(totp).collect();
        [&*self.name, self.rights.name(), &scopes.join(","), &kinds.join(" ")].join("\t")
    }
}

/// A name that can stand in the file.
pub(super) fn checked_name(name: &str) -> Result<&str, String> {
    let is_good = !name.trim().is_empty() && !name.contains(|c: char| c == ':' || c.is_control());
    match is_good && !name.starts_with('#') {
        true => Ok(name),
        false => Err("the name of a client is not empty, and has neither ':' nor control characters".into()),
    }
}

impl Scope {
    /// Reads drivers with commas between.
    pub(super) fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        text.split(',').map(Self::parse).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Everywhere);
        }
        let (driver, provider) = text.split_once('/').map_or((text, None), |(driver, name)| (driver, Some(name)));
        if driver.is_empty() {
            return Err("a driver has no name".into());
        }
        let id = registry::built_in_driver(driver)?.to_owned();
        match provider.map(ProviderName::new).transpose().map_err(|why| why.to_string())? {
            None => Ok(Self::Driver(id)),
            Some(provider) => Ok(Self::Provider(id, provider)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => f.write_str("*"),
            Self::Driver(driver) => f.write_str(driver),
            Self::Provider(driver, provider) => write!(f, "{driver}/{provider}"),
        }
    }
}
