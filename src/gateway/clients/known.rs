//! The clients in the file, as they are found, and what is done to find out whether one is who it says.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use super::client::Client;
use super::hash::Hash;
use super::key::MAX_PART;

/// The clients in the file.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// All, in the order of the file.
    all: Vec<Arc<Client>>,
    by_name: HashMap<String, Arc<Client>>,
    by_key: HashMap<String, Arc<Client>>,
    /// One of those whose hashes take as long as each other.
    of_each_cost: Vec<Arc<Client>>,
    /// How many ids of keys one text may begin with.
    most_beginnings: usize,
}

impl Known {
    /// These clients.
    pub(super) fn new(clients: Vec<Client>) -> Self {
        let mut known = Self::default();
        for client in clients.into_iter().map(Arc::new) {
            if !known.of_each_cost.iter().any(|other| other.hash.takes_as_long_as(&client.hash)) {
                known.of_each_cost.push(Arc::clone(&client));
            }
            known.by_name.insert(client.name().to_owned(), Arc::clone(&client));
            if let Some(id) = client.key() {
                known.by_key.insert(id.to_owned(), Arc::clone(&client));
            }
            known.all.push(client);
        }
        let most = known.by_key.keys().map(|id| known.at_the_beginning_of(id).count()).max();
        known.most_beginnings = most.unwrap_or(1);
        known
    }

    /// All of them, in the order of the file.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.all.iter()
    }

    /// The client of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Client>> {
        self.by_name.get(name)
    }

    /// The client whose API key has this id.
    pub(super) fn with_key(&self, id: &str) -> Option<&Arc<Client>> {
        self.by_key.get(id)
    }

    /// The clients whose ids of keys a text begins with, and what comes behind them.
    pub(super) fn at_the_beginning_of<'a>(&self, text: &'a str) -> impl Iterator<Item = (&Arc<Client>, &'a str)> {
        let ends = text.char_indices().map(|(start, c)| start + c.len_utf8()).take(MAX_PART);
        ends.filter_map(|end| {
            let (id, rest) = text.split_at_checked(end)?;
            Some((self.with_key(id)?, rest))
        })
    }

    /// The client whose key and secret a text is. One that is nobody's takes the same work, however many ids it begins with.
    pub(super) fn of_legacy_key(&self, text: &str) -> Option<Arc<Client>> {
        let mut tried = 0;
        for (client, secret) in self.at_the_beginning_of(text) {
            if self.is_right(Some(client), secret) {
                return Some(Arc::clone(client));
            }
            tried += 1;
        }
        for _ in tried..self.most_beginnings {
            self.is_right(None, text);
        }
        None
    }

    /// Whether there is a client, and this is its password.
    pub(super) fn is_right(&self, client: Option<&Client>, password: &str) -> bool {
        let is_right = client.is_some_and(|client| client.hash.is_of(password));
        if !is_right {
            self.work(client, password);
        }
        is_right
    }

    /// The same, where being right may take no less than being wrong: more than the password was asked for.
    pub(super) fn is_right_in_full(&self, client: Option<&Client>, password: &str) -> bool {
        let is_right = client.is_some_and(|client| client.hash.is_of(password));
        self.work(client, password);
        is_right
    }

    fn work(&self, client: Option<&Client>, password: &str) {
        for hash in self.others(client) {
            black_box(hash.is_of(password));
        }
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
    use std::path::Path;

    use super::super::file;
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
