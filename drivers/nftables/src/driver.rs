//! The driver.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deltawall_core::{
    Account, Capabilities, Context, Credentials, Deletion, Documents, Driver, Error, ErrorKind, Filter, Firewall,
    FirewallId, Hits, Member, NewFirewall, NewRule, Position, Provider, ProviderName, Replacement, RuleId, RuleSet,
};

use crate::capabilities::{CAPABILITIES, HOST, ID, NAME};
use crate::members;
use crate::nft::Nft;
use crate::observed::Observed;
use crate::options::Options;
use crate::place::Place;

/// The firewalls of the host that the gateway runs on.
pub struct Nftables {
    places: Vec<Arc<Place>>,
    /// What the gateway asks with.
    login: Credentials,
    /// Why none of them is there.
    absent: Option<String>,
}

/// Why the driver cannot be made of its options.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOptions {
    /// A namespace cannot be a provider by this name, or is one already.
    #[error("'{0}' is not the name of a network namespace that can be a provider")]
    Namespace(String),
    /// Nobody could own the firewalls.
    #[error("the machine has no name")]
    NoHost,
}

impl Nftables {
    /// A driver that keeps its firewalls in these documents, and has put nothing in force yet. The kernel knows no users: who
    /// may ask is the caller's to tell, and the driver answers to these credentials alone.
    ///
    /// # Errors
    /// When a namespace has a name that no provider can have, or the machine has none.
    pub fn new(options: Options, documents: Arc<dyn Documents>, login: Credentials) -> Result<Self, InvalidOptions> {
        let (options, host) = (Arc::new(options), host_name().ok_or(InvalidOptions::NoHost)?);
        let place = |name: &str, nft| {
            let name = ProviderName::new(name).ok().ok_or_else(|| InvalidOptions::Namespace(name.to_owned()))?;
            Ok(Arc::new(Place::new(name, nft, Arc::clone(&documents), Arc::clone(&options), host.clone())))
        };
        let mut places = vec![place(HOST, Nft::new(None))?];
        for name in &options.namespaces {
            if name == HOST || places.iter().any(|place| place.name.as_str() == name) {
                return Err(InvalidOptions::Namespace(name.clone()));
            }
            places.push(place(name, Nft::new(Some(name)))?);
        }
        Ok(Self { places, login, absent: None })
    }

    /// A driver that is not there, and says why.
    pub fn absent(why: impl Into<String>, login: Credentials) -> Self {
        Self { places: Vec::new(), login, absent: Some(why.into()) }
    }

    /// Puts in force what was last in force, in each namespace.
    ///
    /// # Errors
    /// Why that could not be done, for each where it could not. The others are in force.
    pub async fn start(&self) -> Result<(), Vec<Error>> {
        let mut failed: Vec<_> = self.absent.iter().map(|why| absent(why)).collect();
        for place in &self.places {
            failed.extend(place.start().await.err());
        }
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }

    /// What the driver answers to.
    pub fn login(&self) -> &Credentials {
        &self.login
    }

    /// Where a call is for, if its credentials are the driver's.
    fn place(&self, context: &Context) -> Result<Arc<Place>, Error> {
        if !context.credentials.matches(&self.login) {
            return Err(Error::new(ErrorKind::Unauthenticated, ID, "The user or the password is wrong."));
        }
        let name = context.provider.as_ref().map_or(HOST, ProviderName::as_str);
        let place = self.places.iter().find(|place| place.name.as_str() == name);
        place.cloned().ok_or_else(|| self.unknown(name))
    }

    /// Why there is no provider of this name.
    fn unknown(&self, name: &str) -> Error {
        if let Some(why) = &self.absent {
            return absent(why);
        }
        let names: Vec<_> = self.places.iter().map(|place| place.name.as_str()).collect();
        let message = format!("Unknown provider '{name}': the providers are {}.", names.join(", "));
        Error::new(ErrorKind::Invalid, ID, message)
    }
}

/// What the machine is called.
fn host_name() -> Option<Account> {
    Account::from_cloud(rustix::system::uname().nodename().to_str().ok()?)
}

fn absent(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, ID, format!("The driver {ID} is not there: {why}."))
}

/// Does a change to its end, whether somebody still waits for it or not.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let failed = |why| Error::new(ErrorKind::Internal, ID, "The change broke off.").with_source(why);
    tokio::spawn(change).await.map_err(failed)?
}

impl fmt::Debug for Nftables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Nftables").field(&self.places.len()).finish()
    }
}

#[async_trait]
impl Driver for Nftables {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn providers(&self) -> Vec<Provider> {
        let provider = |place: &Arc<Place>| Provider { name: place.name.clone(), entrypoint: place.host.to_string() };
        self.places.iter().map(provider).collect()
    }

    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        let known = self.places.iter().find(|place| place.name.as_str().eq_ignore_ascii_case(name));
        known.map(|place| place.name.clone()).ok_or_else(|| self.unknown(name))
    }

    fn default_provider(&self) -> Option<ProviderName> {
        self.places.first().map(|place| place.name.clone())
    }

    async fn authenticate(&self, context: &Context) -> Result<(), Error> {
        self.place(context).map(drop)
    }

    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        let all = self.place(context)?.observe_all().await?.into_iter().map(|observed| observed.firewall);
        Ok(match &filter.id {
            Some(id) => all.filter(|firewall| firewall.id == *id).collect(),
            None => all.collect(),
        })
    }

    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        self.place(context)?.observe(id).await.map(|observed| observed.firewall)
    }

    async fn kept(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        self.place(context)?.kept(id).await
    }

    async fn counted(&self, context: &Context, id: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        let Observed { firewall, rules } = self.place(context)?.count(id).await?;
        Ok((firewall, rules.into_iter().map(|seen| seen.hits).collect()))
    }

    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        let place = self.place(context)?;
        CAPABILITIES.permit_firewall(&new, ID)?;
        to_its_end(async move { place.create_firewall(new).await }).await
    }

    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        let (place, id) = (self.place(context)?, id.clone());
        to_its_end(async move { place.delete_firewall(&id).await }).await.map(|()| Deletion::Done)
    }

    async fn create_rule(
        &self,
        context: &Context,
        id: &FirewallId,
        new: NewRule,
        position: Position,
    ) -> Result<Arc<Firewall>, Error> {
        let (place, id) = (self.place(context)?, id.clone());
        CAPABILITIES.permit(&new, ID)?;
        to_its_end(async move { place.create_rule(&id, new, position).await }).await
    }

    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        let (place, id, rule) = (self.place(context)?, id.clone(), rule.clone().into_owned());
        to_its_end(async move { place.delete_rule(&id, &rule).await }).await
    }

    async fn replace_rules(&self, context: &Context, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        let Replacement { seen, rules, allow_gap } = replacement;
        let (place, seen) = (self.place(context)?, seen.clone());
        let rules: RuleSet = CAPABILITIES.permit_rules(rules, ID)?.into_owned();
        let change = async move {
            let replacement = Replacement { seen: &seen, rules: &rules, allow_gap };
            place.replace_rules(replacement).await
        };
        to_its_end(change).await
    }

    async fn members(&self, context: &Context, id: &FirewallId) -> Result<Vec<Member>, Error> {
        let place = self.place(context)?;
        place.observe(id).await?;
        let text = place.nft.addresses().await?;
        let read = members::host(place.host.as_str(), &text);
        let unread = |why| Error::new(ErrorKind::Internal, ID, "The host's addresses cannot be read.").with_source(why);
        read.map(|member| vec![member]).map_err(unread)
    }
}
