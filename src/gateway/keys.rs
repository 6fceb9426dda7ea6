//! Who holds an API key, and who may open GhostPorts, for APIs that know their clients so.
//!
//! Both are clients of the gateway's own. Where it has none, a published key and user open drivers' sample data; and any key is
//! taken where the gateway has credentials of its own and serves this machine alone.

use std::net::IpAddr;

use deltawall_core::{Credentials, ProviderName};
use secrecy::SecretString;

use super::access::{ANYONE, Access, Asked, Caller, Denial, check_is_ours};
use super::clients::{Client, Totp};

/// Id and secret of the key that opens drivers' sample data, and nothing else.
pub const SAMPLE_KEY: (&str, &str) = ("d0c5a7e1", "5a3c1e9f70b24d68a1f3c5e7092b4d6f");

/// The one who may open GhostPorts of drivers' sample data, and of nothing else.
pub const SAMPLE_USER: SampleUser =
    SampleUser { name: "jo", password: "open-sesame", totp: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" };

/// What the holder of the sample key is called.
const SAMPLE_NAME: &str = "sample key";

/// How many characters of a key that anybody may have made up are its id: as many as those have that are made here.
const ID_LENGTH: usize = 8;

/// One who may open GhostPorts, whose secrets are published.
#[derive(Debug, Clone, Copy)]
pub struct SampleUser {
    /// What it is called.
    pub name: &'static str,
    /// What it knows.
    pub password: &'static str,
    /// What its codes are made of, in base32.
    pub totp: &'static str,
}

/// One whose API key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The id of the key.
    pub id: String,
    /// The key's label: what its holder is called.
    pub name: String,
    /// Whether it may change anything.
    pub may_change: bool,
}

impl Access {
    /// The holder of the key with this id and secret, for an API in front of this driver. The secret is checked as passwords are:
    /// in the turn of where it comes from, and at once where it was right before. `is_ours` is as [`admit`](Self::admit) has it.
    ///
    /// # Errors
    /// [`Denial::Anonymous`] without an id; [`Denial::Wrong`] when there is no such key, or that is not its secret; [`Denial::Busy`];
    /// [`Denial::Forbidden`] where any key is taken, but what was sent may be of anybody's page.
    pub async fn prove_key(
        &self,
        id: &str,
        secret: &str,
        driver: &'static str,
        peer: Option<IpAddr>,
        is_ours: impl FnOnce() -> bool,
    ) -> Result<KeyHolder, Denial> {
        if id.is_empty() {
            return Err(Denial::Anonymous);
        }
        if let Some(clients) = &self.clients {
            let client = clients.authenticate_key(&Credentials::new(id, secret), peer).await?;
            return KeyHolder::of(&client).ok_or(Denial::Wrong);
        }
        let is_right = match self.of_anyone(driver) {
            Some(_) => check_is_ours(is_ours).map(|()| true)?,
            None => secret == SAMPLE_KEY.1,
        };
        self.without_list(id, driver).filter(|_| is_right).ok_or(Denial::Wrong)
    }

    /// The holder of a key whose id and secret were sent as one text, one behind the other. Of a key that anybody may have made up, the
    /// first eight characters are its id.
    ///
    /// # Errors
    /// As those of [`prove_key`](Self::prove_key).
    pub async fn prove_legacy_key(
        &self,
        key: &str,
        driver: &'static str,
        peer: Option<IpAddr>,
        is_ours: impl FnOnce() -> bool,
    ) -> Result<KeyHolder, Denial> {
        if let Some(clients) = self.clients.as_ref().filter(|_| !key.is_empty()) {
            let client = clients.authenticate_legacy_key(&SecretString::from(key), peer).await?;
            return KeyHolder::of(&client).ok_or(Denial::Wrong);
        }
        let end = key.char_indices().nth(ID_LENGTH).map_or(key.len(), |(end, _)| end);
        let (id, secret) = key.split_at_checked(end).unwrap_or((key, ""));
        self.prove_key(id, secret, driver, peer, is_ours).await
    }

    /// The holder of a key that was proven before: as it is now, where it is still there.
    pub fn key_holder(&self, id: &str, driver: &'static str) -> Option<KeyHolder> {
        match &self.clients {
            Some(clients) => KeyHolder::of(&*clients.with_key(id)?),
            None => self.without_list(id, driver),
        }
    }

    /// Lets the holder of a key in, if it may do this now.
    ///
    /// # Errors
    /// [`Denial::Wrong`] where its key is there no more; [`Denial::Forbidden`] when it may not do what is asked.
    pub fn permit_key(&self, holder: &KeyHolder, asked: Asked<'_>) -> Result<Caller, Denial> {
        let Asked { driver, peer, .. } = asked;
        if let Some(clients) = &self.clients {
            return self.permit(&*clients.with_key(&holder.id).ok_or(Denial::Wrong)?, asked);
        }
        let KeyHolder { name, .. } = self.without_list(&holder.id, driver).ok_or(Denial::Wrong)?;
        match (self.of_anyone(driver), self.samples.get(driver)) {
            (Some(own), _) => Ok(Caller { name: Some(name), credentials: own.clone(), is_own: true, peer }),
            (None, Some((user, password))) => {
                let credentials = Credentials::new(*user, *password);
                Ok(Caller { name: Some(name), credentials, is_own: false, peer })
            }
            (None, None) => Err(Denial::Wrong),
        }
    }

    /// The names of those who may open GhostPorts of this driver and provider, in the order of the file: clients that have a time-based
    /// code, and these among theirs.
    pub fn ghost_ports_users(&self, driver: &'static str, provider: Option<&ProviderName>) -> Vec<String> {
        match &self.clients {
            Some(clients) => clients.ghost_ports_users(driver, provider),
            None if self.is_sample(driver) => vec![SAMPLE_USER.name.to_owned()],
            None => Vec::new(),
        }
    }

    /// The step of time, in steps of 30 seconds since 1970, whose code this is: that of now, the one before or the one after.
    /// The password is checked in the turn of where it comes from, with the same work whatever is wrong: name, password or code. Whoever
    /// asks sees to it that a step serves a user once.
    ///
    /// # Errors
    /// [`Denial::Wrong`] when there is no such user, or that is not its password or no code of the time; [`Denial::Busy`].
    pub async fn prove_code(
        &self,
        name: &str,
        password: &str,
        code: &str,
        unix_seconds: u64,
        (driver, provider): (&'static str, Option<&ProviderName>),
        peer: Option<IpAddr>,
    ) -> Result<u64, Denial> {
        if let Some(clients) = &self.clients {
            let sent = Credentials::new(name, password);
            return Ok(clients.prove_code(&sent, code, unix_seconds, (driver, provider), peer).await?);
        }
        let is_user = self.is_sample(driver) && (name, password) == (SAMPLE_USER.name, SAMPLE_USER.password);
        let totp = Totp::parse(SAMPLE_USER.totp).ok().filter(|_| is_user);
        totp.and_then(|totp| totp.step_of(code, unix_seconds)).ok_or(Denial::Wrong)
    }

    /// Who holds this key where the gateway has no clients of its own.
    fn without_list(&self, id: &str, driver: &str) -> Option<KeyHolder> {
        let name = match self.of_anyone(driver) {
            Some(_) => ANYONE,
            None => Some(SAMPLE_NAME).filter(|_| self.is_sample(driver) && id == SAMPLE_KEY.0)?,
        };
        Some(KeyHolder { id: id.to_owned(), name: name.to_owned(), may_change: true })
    }

    /// Whether what is published opens this driver: where there are neither clients nor credentials of the gateway's own.
    fn is_sample(&self, driver: &str) -> bool {
        self.clients.is_none() && self.of_anyone(driver).is_none() && self.samples.contains_key(driver)
    }
}

impl KeyHolder {
    fn of(client: &Client) -> Option<Self> {
        let id = client.key()?.to_owned();
        Some(Self { id, name: client.name().to_owned(), may_change: client.may_change() })
    }
}
