//! The clients that there are, and how one is known.

use std::collections::HashMap;
use std::hint::black_box;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use deltawall_core::Credentials;
use ring::hmac;
use ring::rand::SystemRandom;

use super::checkers::Checkers;
use super::client::Client;
use super::digest::Ha1;
use super::file;
use super::hash::Hash;
use super::turns::Turns;
use crate::config::{self, Usage};
use crate::message::peer;

/// Who may use the gateway.
#[derive(Debug)]
pub struct Clients {
    path: PathBuf,
    known: RwLock<Arc<Known>>,
    /// Checking a password is meant to take long, so it is done for only so many at a time.
    turns: Arc<Turns>,
    checkers: Checkers,
    /// The key of the tags by which passwords are known again that were right before.
    key: hmac::Key,
}

/// The clients in the file.
#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<String, Arc<Client>>,
    /// One of those whose hashes take as long as each other.
    of_each_cost: Vec<Arc<Client>>,
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
    /// [`Usage`] when it cannot be read, a line is wrong, or names a driver that is not there.
    pub fn read(path: &Path) -> Result<Self, Usage> {
        let known = RwLock::new(Arc::new(Known::new(file::read(path)?)));
        // Never all cores at once, which are there for others.
        let most = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .or(Err(Usage("the system has no random numbers".into())))?;
        let checkers = Checkers::start(most).map_err(|error| config::file_error(path, error))?;
        Ok(Self { path: path.to_owned(), known, turns: Arc::new(Turns::new(most)), checkers, key })
    }

    /// Reads the file again. From then on what is in it holds. Who has proven a password need not do so again, as long as its
    /// hash is the same.
    ///
    /// # Errors
    /// As [`read`](Self::read); the clients stay who they were then.
    pub fn reload(&self) -> Result<(), Usage> {
        config::check_has_end(&self.path)?;
        let mut clients = file::read(&self.path)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for client in &mut clients {
            if let Some(before) = known.by_name.get(&client.name).filter(|before| before.hash == client.hash) {
                client.proven = Arc::clone(&before.proven);
            }
        }
        *known = Arc::new(Known::new(clients));
        Ok(())
    }

    /// The client whose name and password these are. A password that was right before is known again at once; any other
    /// is checked on a thread where that holds up nobody, when it is the turn of where it comes from.
    ///
    /// # Errors
    /// When there is none, or too many ask.
    pub async fn authenticate(&self, credentials: &Credentials, from: Option<IpAddr>) -> Result<Arc<Client>, Stranger> {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        let client = known.by_name.get(credentials.user()).cloned();
        // Whoever it is, so that a name which nobody has takes as long.
        let tag = hmac::sign(&self.key, credentials.password().as_bytes());
        if let Some(client) = client.as_ref().filter(|client| client.has_proven(&tag)) {
            return Ok(Arc::clone(client));
        }
        let peer = peer::of(from.unwrap_or(Ipv6Addr::UNSPECIFIED.into()));
        let turn = self.turns.enter(peer).await.ok_or(Stranger::Busy)?;
        let (subject, credentials) = (client.clone(), credentials.clone());
        let check = move || {
            let is_right = known.is_right(subject.as_deref(), credentials.password());
            // Not before, even where whoever asked has gone.
            drop(turn);
            is_right
        };
        let is_right = self.checkers.run(check).await.unwrap_or(false);
        let client = client.filter(|_| is_right).ok_or(Stranger::Wrong)?;
        *client.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(tag);
        Ok(client)
    }
}

impl Clients {
    /// The client of this name, with what Digest needs of its password for this realm, if it may prove itself so.
    pub fn digest(&self, name: &str, realm: &str) -> Option<(Arc<Client>, Ha1)> {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        let client = known.by_name.get(name)?;
        Some((Arc::clone(client), client.digest(realm)?.clone()))
    }
}

impl Known {
    fn new(clients: Vec<Client>) -> Self {
        let mut known = Self::default();
        for client in clients.into_iter().map(Arc::new) {
            if !known.of_each_cost.iter().any(|other| other.hash.takes_as_long_as(&client.hash)) {
                known.of_each_cost.push(Arc::clone(&client));
            }
            known.by_name.insert(client.name.clone(), client);
        }
        known
    }

    /// Whether there is a client, and this is its password.
    fn is_right(&self, client: Option<&Client>, password: &str) -> bool {
        if client.is_some_and(|client| client.hash.is_of(password)) {
            return true;
        }
        for hash in self.others(client) {
            black_box(hash.is_of(password));
        }
        false
    }

    /// The hashes that a wrong password is checked against besides the client's own: one of each other cost that is in the
    /// file. So it takes the same work for every client, and for a name that nobody has. To have each such name stand for one
    /// of the clients would be cheaper, but after a restart it would stand for another, by which it could be told.
    fn others(&self, client: Option<&Client>) -> impl Iterator<Item = &Hash> {
        let is_own = move |hash: &Hash| client.is_some_and(|client| client.hash.takes_as_long_as(hash));
        self.of_each_cost.iter().map(|other| &other.hash).filter(move |hash| !is_own(hash))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// A file of all kinds of hashes.
    fn known() -> Known {
        let argon2 = |cost: &str| format!("$argon2id$v=19${cost}$c29tZXNhbHRzb21lc2FsdA${}", "A".repeat(43));
        let bcrypt = |cost| bcrypt::hash_with_result("x", cost).unwrap().format_for_version(bcrypt::Version::TwoY);
        let hashes =
            [argon2("m=8,t=1,p=1"), bcrypt(4), argon2("m=64,t=2,p=1"), bcrypt(5), bcrypt(4), argon2("m=8,t=1,p=1")];
        let lines = hashes.iter().enumerate().map(|(number, hash)| format!("name{number}:{hash}:read-only:*\n"));
        Known::new(file::parse(Path::new("file"), &lines.collect::<String>()).unwrap())
    }

    /// Of each hash a wrong password is checked against, the first in the file that takes as long.
    fn work(known: &Known, name: &str) -> Vec<String> {
        let client = known.by_name.get(name).map(|client| &**client);
        let hashes = client.map(|client| &client.hash).into_iter().chain(known.others(client));
        let first = |hash: &Hash| known.of_each_cost.iter().find(|other| other.hash.takes_as_long_as(hash)).unwrap();
        let mut names: Vec<_> = hashes.map(|hash| first(hash).name.clone()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_name_that_nobody_has_takes_the_work_of_any_other() {
        let known = known();
        for name in ["name0", "name1", "name2", "name3", "name4", "name5", "nobody", ""] {
            assert_eq!(work(&known, name), ["name0", "name1", "name2", "name3"], "{name}");
        }
        assert!(known.is_right(known.by_name.get("name4").map(|client| &**client), "x"));
        assert!(!known.is_right(known.by_name.get("name4").map(|client| &**client), "y"));
        assert!(!known.is_right(None, "x"));
    }
}
