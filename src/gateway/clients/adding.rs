//! `deltawall clients add`: a new line of the file.

use std::path::Path;

use super::client::{Client, Scope, checked_name};
use super::digest::{Digests, checked_realm};
use super::file::{Locked, named};
use super::hash::Hash;
use super::key::{checked_part, new_id, new_secret};
use super::totp::Totp;
use super::typed;
use crate::config::{Rights, Usage};
use crate::error::Error;

/// What a client is to have.
pub(super) struct Grant {
    pub(super) rights: Rights,
    /// Where.
    pub(super) drivers: String,
    /// Where it may prove itself by Digest.
    pub(super) realms: Vec<String>,
    /// Whether it holds an API key, and which where that is one there was before.
    pub(super) key: Option<Option<String>>,
    /// Whether it has time-based codes.
    pub(super) totp: bool,
}

/// Adds a client, or another in its place; gives what was done, with all secrets that were made up.
///
/// # Errors
/// As those of [`run`](super::run).
pub(super) fn add(path: &Path, name: &str, grant: &Grant, replace: bool) -> Result<String, Error> {
    let name = checked_name(name).map_err(Usage)?;
    grant.check(name)?;
    // Looked at before a password is asked for, which may take long and holds up nobody.
    let before = Locked::open(path)?.clients()?;
    grant.check_key(name, &before)?;
    let may_replace =
        replace || named(&before, name).is_some() && typed::agrees(&format!("{name} is there already. Replace it?"))?;
    if named(&before, name).is_some() && !may_replace {
        return Err(is_taken(name).into());
    }
    let totp = grant.totp.then(Totp::make).transpose().map_err(Error::Clients)?;
    let invitation = totp.as_ref().map(|totp| totp.invitation(name)).transpose().map_err(Usage)?;
    let password = grant.password()?;
    let hash = Hash::make(&password).map_err(Error::Clients)?;
    let digests = Digests::make(name, &password, &grant.realms);

    let file = Locked::open(path)?;
    let clients = file.clients()?;
    let is_there = named(&clients, name).is_some();
    if is_there && !may_replace {
        return Err(is_taken(name).into());
    }
    grant.check_key(name, &clients)?;
    let id = grant.key_id(&clients)?;
    let (rights, drivers) = (grant.rights.name(), &grant.drivers);
    let totp = totp.map_or_else(String::new, |totp| totp.to_string());
    let more = format!("{digests}:{}:{totp}", id.as_deref().unwrap_or_default());
    let line = format!("{name}:{hash}:{rights}:{drivers}:{more}");
    file.write(name, Some(line.trim_end_matches(':')))?;

    let what = if is_there { "changed" } else { "added" };
    let mut said = vec![format!("{}: {what} {name}, {rights} on {drivers}", path.display())];
    if let Some(id) = &id {
        said.push(format!("key id: {id}"));
        if grant.is_key_new() {
            said.extend([format!("secret: {password}"), format!("legacy key: {id}{password}")]);
        }
    }
    said.extend(invitation);
    Ok(said.join("\n"))
}

impl Grant {
    /// Whether it can stand in the file.
    fn check(&self, name: &str) -> Result<(), Usage> {
        let Self { drivers, realms, .. } = self;
        if !realms.is_empty() && !name.is_ascii() {
            return Err(Usage(format!("{name} is not ASCII: clients of Digest have no one way to send such a name")));
        }
        for realm in realms {
            checked_realm(realm).map_err(|why| Usage(format!("--digest: {why}")))?;
        }
        if let Some(Some(id)) = &self.key {
            checked_part(id).map_err(|why| Usage(format!("--key: {why}")))?;
        }
        Scope::parse_all(drivers).map(drop).map_err(|why| Usage(format!("'{drivers}' for --drivers: {why}")))
    }

    /// Whether no other client holds the key.
    fn check_key(&self, name: &str, clients: &[Client]) -> Result<(), Usage> {
        let Some(Some(id)) = &self.key else { return Ok(()) };
        match clients.iter().find(|client| client.name() != name && client.key() == Some(id)) {
            Some(other) => Err(Usage(format!("{} holds the key {id} already", other.name()))),
            None => Ok(()),
        }
    }

    fn is_key_new(&self) -> bool {
        self.key == Some(None)
    }

    /// The password: what comes in, or the secret of a new key.
    fn password(&self) -> Result<String, Error> {
        if self.is_key_new() {
            return new_secret().map_err(Error::Clients);
        }
        let password = typed::password(true)?;
        if self.key.is_some() {
            checked_part(&password).map_err(Usage)?;
        }
        Ok(password)
    }

    /// The id of its key, which none of these clients has where it is new.
    fn key_id(&self, clients: &[Client]) -> Result<Option<String>, Error> {
        if !self.is_key_new() {
            return Ok(self.key.clone().flatten());
        }
        loop {
            let id = new_id().map_err(Error::Clients)?;
            if clients.iter().all(|client| client.key() != Some(&id)) {
                return Ok(Some(id));
            }
        }
    }
}

fn is_taken(name: &str) -> Usage {
    Usage(format!("{name} is there already: --replace gives it another password, rights and drivers"))
}
