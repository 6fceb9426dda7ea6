//! The clients that there are, and how one is known.

use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use deltawall_core::{Credentials, ProviderName};
use ring::hmac;
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret, SecretString};

use super::checkers::Checkers;
use super::client::Client;
use super::digest::Ha1;
use super::file;
use super::known::Known;
use super::totp::Totp;
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
    /// What the codes of those who have none are held to.
    nobodys: Totp,
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
        Ok(Self {
            path: path.to_owned(),
            known,
            turns: Arc::new(Turns::new(most)),
            checkers,
            key,
            nobodys: Totp::make().map_err(Usage)?,
        })
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
            if let Some(before) = known.named(client.name()).filter(|before| before.hash == client.hash) {
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
        let known = self.known();
        let client = known.named(credentials.user()).cloned();
        self.prove(known, client, credentials, from).await
    }

    /// The client whose API key this is: the user is its id, the password its secret. It is known as
    /// [`authenticate`](Self::authenticate) has it.
    ///
    /// # Errors
    /// When there is none, or too many ask.
    pub async fn authenticate_key(&self, key: &Credentials, from: Option<IpAddr>) -> Result<Arc<Client>, Stranger> {
        let known = self.known();
        let client = known.with_key(key.user()).cloned();
        self.prove(known, client, key, from).await
    }

    /// The client whose API key this is, of which the id and the secret stand one behind the other.
    ///
    /// # Errors
    /// When there is none, or too many ask.
    pub async fn authenticate_legacy_key(
        &self,
        key: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<Arc<Client>, Stranger> {
        let known = self.known();
        let proven = known
            .at_the_beginning_of(key.expose_secret())
            .find(|(client, secret)| client.has_proven(&self.tag(secret)));
        if let Some((client, _)) = proven {
            return Ok(Arc::clone(client));
        }
        let (all, sent) = (Arc::clone(&known), key.clone());
        let found = self.in_turn(from, move || all.of_legacy_key(sent.expose_secret())).await?;
        let client = found.ok_or(Stranger::Wrong)?;
        let secret = client.key().and_then(|id| key.expose_secret().strip_prefix(id));
        client.set_proven(self.tag(secret.ok_or(Stranger::Wrong)?));
        Ok(client)
    }

    /// The step of time whose code this is, of a client that may open GhostPorts of the driver and provider and has this password. Whatever is
    /// wrong of it takes the same work, and what is right takes no less: a code that was sent before tells nothing of the password.
    ///
    /// # Errors
    /// When anything of it is wrong, or too many ask.
    pub async fn prove_code(
        &self,
        credentials: &Credentials,
        code: &str,
        unix_seconds: u64,
        (driver, provider): (&str, Option<&ProviderName>),
        from: Option<IpAddr>,
    ) -> Result<u64, Stranger> {
        let known = self.known();
        let client = known.named(credentials.user()).cloned();
        let totp = client.as_ref().and_then(|client| client.totp(driver, provider));
        let step = totp.unwrap_or(&self.nobodys).step_of(code, unix_seconds).filter(|_| totp.is_some());
        let (subject, credentials) = (client.filter(|_| step.is_some()), credentials.clone());
        let check = move || known.is_right_in_full(subject.as_deref(), credentials.password());
        let is_right = self.in_turn(from, check).await?;
        step.filter(|_| is_right).ok_or(Stranger::Wrong)
    }

    async fn prove(
        &self,
        known: Arc<Known>,
        client: Option<Arc<Client>>,
        credentials: &Credentials,
        from: Option<IpAddr>,
    ) -> Result<Arc<Client>, Stranger> {
        // Whoever it is, so that a name which nobody has takes as long.
        let tag = self.tag(credentials.password());
        if let Some(client) = client.as_ref().filter(|client| client.has_proven(&tag)) {
            return Ok(Arc::clone(client));
        }
        let (subject, credentials) = (client.clone(), credentials.clone());
        let check = move || known.is_right(subject.as_deref(), credentials.password());
        let is_right = self.in_turn(from, check).await?;
        let client = client.filter(|_| is_right).ok_or(Stranger::Wrong)?;
        client.set_proven(tag);
        Ok(client)
    }

    /// What a check says, which has its turn and a thread where it holds up nobody.
    async fn in_turn<T: Send + 'static>(
        &self,
        from: Option<IpAddr>,
        check: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stranger> {
        let peer = peer::of(from.unwrap_or(Ipv6Addr::UNSPECIFIED.into()));
        let turn = self.turns.enter(peer).await.ok_or(Stranger::Busy)?;
        let check = move || {
            let said = check();
            // Not before, even where whoever asked has gone.
            drop(turn);
            said
        };
        self.checkers.run(check).await.ok_or(Stranger::Wrong)
    }

    fn tag(&self, password: &str) -> hmac::Tag {
        hmac::sign(&self.key, password.as_bytes())
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clients {
    /// The client of this name, with what Digest needs of its password for this realm, if it may prove itself so.
    pub fn digest(&self, name: &str, realm: &str) -> Option<(Arc<Client>, Ha1)> {
        let known = self.known();
        let client = known.named(name)?;
        Some((Arc::clone(client), client.digest(realm)?.clone()))
    }

    /// The client whose API key has this id.
    pub fn with_key(&self, id: &str) -> Option<Arc<Client>> {
        self.known().with_key(id).cloned()
    }

    /// The names of those who may open GhostPorts of this driver and provider, in the order of the file.
    pub fn ghost_ports_users(&self, driver: &str, provider: Option<&ProviderName>) -> Vec<String> {
        let known = self.known();
        let may_open = known.all().filter(|client| client.totp(driver, provider).is_some());
        may_open.map(|client| client.name().to_owned()).collect()
    }
}
