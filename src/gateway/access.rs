//! Whose credentials a cloud is asked with, and who may ask.
//!
//! As a rule clients bring the cloud's own credentials, and the cloud decides. Where the gateway holds credentials of its
//! own, clients prove themselves to the gateway, or need not where they are all on this machine.

use std::collections::HashMap;
use std::net::IpAddr;

use deltawall_core::{Credentials, ProviderName};

use super::clients::{Client, Clients, Ha1, Stranger};
use super::registry::Registry;
use crate::config::{Config, Ec2Credentials, Usage};

/// The user that the EC2 driver is asked as where the SDK finds the real credentials.
const AMBIENT_USER: &str = "ambient";

/// What those are called who need not say who they are.
pub(super) const ANYONE: &str = "anyone";

/// Whose credentials go with a request, and who may send one.
#[derive(Default)]
pub struct Access {
    /// The gateway's own credentials, by driver.
    own: HashMap<&'static str, Credentials>,
    pub(super) clients: Option<Clients>,
    /// The logins that drivers' sample data publishes.
    pub(super) samples: HashMap<&'static str, (&'static str, &'static str)>,
}

/// How somebody proves to be a client, who asks for no cloud's credentials to be passed on.
pub enum Proof<'a> {
    /// By a password.
    Password(Credentials),
    /// By HTTP Digest.
    Digest {
        /// Who it says it is.
        user: &'a str,
        /// What it proves itself to.
        realm: &'a str,
        /// Whether it has proven to know the password that this is of.
        is_of: &'a dyn Fn(&Ha1) -> bool,
    },
}

/// One who is let in.
#[derive(Clone)]
pub struct Caller {
    /// What the gateway knows it by, where that is not the user of the credentials.
    pub name: Option<String>,
    /// What the driver is asked with.
    pub credentials: Credentials,
    /// Whether those are the gateway's own.
    pub is_own: bool,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
}

impl Caller {
    /// Who it is, for the audit; never a secret.
    pub fn user(&self) -> &str {
        self.name.as_deref().unwrap_or(self.credentials.user())
    }
}

/// What somebody wants to be let in for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The id of the driver.
    pub driver: &'static str,
    /// The provider, where one was chosen.
    pub provider: Option<&'a ProviderName>,
    /// Whether it would change anything.
    pub is_change: bool,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// Nobody has said who it is.
    Anonymous,
    /// There is no such client, or that is not its password.
    Wrong,
    /// The client may not do this.
    Forbidden(String),
    /// Too many passwords wait to be checked.
    Busy,
}

impl From<Stranger> for Denial {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::Wrong => Self::Wrong,
            Stranger::Busy => Self::Busy,
        }
    }
}

impl Access {
    /// What the configuration says of it.
    ///
    /// # Errors
    /// [`Usage`] when the clients cannot be read, or no driver can use the gateway's credentials.
    pub fn new(config: &Config, registry: &Registry, default_driver: &'static str) -> Result<Self, Usage> {
        let mut own = HashMap::new();
        if let Some(credentials) = &config.credentials {
            own.insert(default_driver, credentials.clone());
        }
        if config.ec2.credentials == Ec2Credentials::Ambient {
            let Some(ec2) = registry.get("ec2") else {
                return Err(Usage("--ec2-credentials ambient is for a gateway that serves ec2".into()));
            };
            if own.insert(ec2.id(), Credentials::new(AMBIENT_USER, "")).is_some() {
                return Err(Usage("--user and --ec2-credentials ambient both say how to ask ec2".into()));
            }
        }
        own.extend(registry.logins().map(|(driver, login)| (driver, login.clone())));
        let clients = config.clients.as_deref().map(Clients::read).transpose()?;
        let samples = registry.drivers().filter_map(|driver| Some((driver.id(), registry.sample(driver.id())?.login)));
        Ok(Self { own, clients, samples: samples.collect() })
    }

    /// The gateway's own credentials for a driver, where it has any.
    pub fn own(&self, driver: &str) -> Option<&Credentials> {
        self.own.get(driver)
    }

    /// Reads the clients anew, if there is a file of them.
    ///
    /// # Errors
    /// [`Usage`] when they cannot be read; they stay who they were then.
    pub fn reload(&self) -> Result<(), Usage> {
        self.clients.as_ref().map_or(Ok(()), Clients::reload)
    }

    /// Lets somebody in who sent these credentials. `is_ours` says whether the gateway was called by a name of its own, and
    /// from no page of another site.
    ///
    /// # Errors
    /// When the gateway keeps a list of clients, and this is none of them or may not do what is asked; or when it asks for no
    /// password, and what was sent may be of anybody's page.
    pub async fn admit(
        &self,
        sent: Option<Credentials>,
        asked: Asked<'_>,
        is_ours: impl FnOnce() -> bool,
    ) -> Result<Caller, Denial> {
        let Asked { driver, peer, .. } = asked;
        let Some(clients) = &self.clients else {
            return match self.of_anyone(driver) {
                Some(own) => {
                    check_is_ours(is_ours)?;
                    Ok(Caller { name: Some(ANYONE.into()), credentials: own.clone(), is_own: true, peer })
                }
                None => Ok(Caller { name: None, credentials: sent.ok_or(Denial::Anonymous)?, is_own: false, peer }),
            };
        };
        let client = clients.authenticate(&sent.ok_or(Denial::Anonymous)?, peer).await.map_err(Denial::from)?;
        self.permit(&client, asked)
    }

    /// Lets in who proves to be a client, or to know the login that the driver's sample data publishes.
    ///
    /// # Errors
    /// As those of [`admit`](Self::admit).
    pub async fn admit_proven(
        &self,
        proof: Option<Proof<'_>>,
        asked: Asked<'_>,
        is_ours: impl FnOnce() -> bool,
    ) -> Result<Caller, Denial> {
        let Asked { driver, peer, .. } = asked;
        if self.of_anyone(driver).is_some() {
            return self.admit(None, asked, is_ours).await;
        }
        let proof = proof.ok_or(Denial::Anonymous)?;
        let Some(clients) = &self.clients else {
            let (user, password) = self.samples.get(driver).copied().ok_or(Denial::Wrong)?;
            let is_right = match proof {
                Proof::Password(sent) => sent.user() == user && sent.password() == password,
                Proof::Digest { user: sent, realm, is_of } => sent == user && is_of(&Ha1::new(user, realm, password)),
            };
            let credentials = Credentials::new(user, password);
            return match is_right {
                true => Ok(Caller { name: None, credentials, is_own: false, peer }),
                false => Err(Denial::Wrong),
            };
        };
        match proof {
            Proof::Password(sent) => self.admit(Some(sent), asked, is_ours).await,
            Proof::Digest { user, realm, is_of } => match clients.digest(user, realm) {
                Some((client, ha1)) if is_of(&ha1) => self.permit(&client, asked),
                // It takes the turns and the work of a wrong password, so that nobody can try many.
                _ => match clients.authenticate(&Credentials::new(user, ""), peer).await {
                    Err(Stranger::Busy) => Err(Denial::Busy),
                    _ => Err(Denial::Wrong),
                },
            },
        }
    }

    /// The gateway's own credentials for a driver, where it keeps no list of clients, and so serves this machine alone.
    pub(super) fn of_anyone(&self, driver: &str) -> Option<&Credentials> {
        self.own.get(driver).filter(|_| self.clients.is_none())
    }

    /// Whether a client may do what it asks for.
    pub(super) fn permit(&self, client: &Client, asked: Asked<'_>) -> Result<Caller, Denial> {
        let Asked { driver, provider, is_change, peer } = asked;
        let own = self.own.get(driver);
        let name = client.name();
        if !client.may_use(driver, provider) {
            let provider = provider.map_or_else(String::new, |provider| format!(" with provider {provider}"));
            return Err(Denial::Forbidden(format!("{name} may not use the driver {driver}{provider}.")));
        }
        if is_change && !client.may_change() {
            return Err(Denial::Forbidden(format!("{name} may not change anything.")));
        }
        match own {
            Some(own) => Ok(Caller { name: Some(name.to_owned()), credentials: own.clone(), is_own: true, peer }),
            None => Err(Denial::Forbidden(format!("The gateway has no credentials for the driver {driver}."))),
        }
    }
}

/// Whether whoever is asked for no password has come by a name of the gateway's own, and from no page of another site.
pub(super) fn check_is_ours(is_ours: impl FnOnce() -> bool) -> Result<(), Denial> {
    match is_ours() {
        true => Ok(()),
        false => Err(Denial::Forbidden(
            "Without --clients the gateway serves this machine alone: it answers to its names and that of --public-url, and to no page of another site."
                .into(),
        )),
    }
}

/// Without the credentials.
impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("own", &self.own.keys()).field("clients", &self.clients).finish()
    }
}
