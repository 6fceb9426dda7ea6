//! Firewalls as security groups of Amazon EC2, or of a cloud that speaks its API.
//!
//! | module | holds |
//! |---|---|
//! | `answer` | what is read of EC2's answers, and how much |
//! | `caller` | the runtime that calls run on, with its connections |
//! | `capabilities`, `options` | what the driver can do, and what an operator decides |
//! | `client` | the calls to EC2, and what a change takes of them |
//! | `convert` | security groups and permissions ↔ the model |
//! | `error`, `causes` | EC2's error codes, what becomes of each, and what errors came from |
//! | `grants` | single sources of rules, which EC2 adds and takes away |
//! | `keys` | which keys EC2 can be asked with |
//! | `plan` | what makes of a group's rules others |
//! | `regions` | the regions that are known beforehand |
//! | `request` | the request that a call is made for, with its credentials |
//! | `secrets` | what a call was signed with, taken out of its answer |
//! | `watch` | what the gateway is told of each call |

mod answer;
mod caller;
mod capabilities;
mod causes;
mod client;
mod convert;
mod error;
mod grants;
mod keys;
mod options;
mod plan;
mod regions;
mod request;
mod secrets;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deltawall_core::{
    Capabilities, Context, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Hits, Member, NewFirewall,
    NewRule, Position, Provider, ProviderName, Replacement, RuleId, TO_TAKE_BACK,
};
use tokio::runtime::Handle;

use caller::{Caller, Task, WhileAwaited, broken_off};
use capabilities::CAPABILITIES;
use client::{Client, Wanted};
use error::nobody;

pub use capabilities::{DEFAULT_QUOTA, ID};
pub use keys::is_usable;
pub use options::{Endpoint, Options};

/// The driver. It keeps connections and the SDK's clients, and nothing of what went through them.
pub struct Ec2 {
    callers: Vec<Caller>,
    options: Options,
}

/// How long before its caller gives up a replacement says how far it has come.
const TO_TELL: Duration = Duration::from_secs(1);

impl Ec2 {
    /// A driver whose calls run on these runtimes, each request's on the one that has the fewest. They must drive themselves
    /// and outlive the driver. Runtimes of one thread are best: in one of many threads a call is handed from one to the other.
    ///
    /// It reads the SDK's environment and configuration files for endpoints, and for credentials only where the options say
    /// so: as a rule those come with each call. It must not be called from within a runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the options have it use the SDK's credentials, and those in the environment or a profile
    /// are of no use.
    pub fn new(runtimes: impl IntoIterator<Item = Handle>, options: Options) -> Result<Self, Error> {
        let callers = runtimes.into_iter().map(|runtime| Caller::new(runtime, &options)).collect::<Result<_, _>>()?;
        Ok(Self { callers, options })
    }

    /// Does something at EC2, with the credentials of a request. It ends with the call that waits for it.
    async fn ask<T, F>(&self, context: &Context, work: impl FnOnce(Client) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut task = WhileAwaited(self.start(context, Duration::ZERO, work)?);
        (&mut task.0).await.map_err(broken_off)?
    }

    /// The same for what must not end half way: it goes on when nobody waits for it any more, and gets more time to take
    /// back what it has begun.
    async fn ask_to_the_end<T, F>(&self, context: &Context, work: impl FnOnce(Client) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.start(context, TO_TAKE_BACK.saturating_sub(TO_TELL), work)?.await.map_err(broken_off)?
    }

    fn start<T, F>(&self, context: &Context, more: Duration, work: impl FnOnce(Client) -> F) -> Result<Task<T>, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        if !is_usable(&context.credentials) {
            return Err(nobody());
        }
        let idlest = self.callers.iter().min_by_key(|caller| caller.under_way());
        let caller = idlest.ok_or_else(|| Error::new(ErrorKind::Internal, ID, "There is no runtime to ask EC2 on."))?;
        Ok(caller.start(context, &self.options, more, work))
    }
}

impl fmt::Debug for Ec2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ec2").field("options", &self.options).finish_non_exhaustive()
    }
}

#[async_trait]
impl Driver for Ec2 {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "EC2"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { hides_egress: !self.options.show_egress, ..CAPABILITIES }
    }

    fn providers(&self) -> Vec<Provider> {
        let mut providers: Vec<_> = regions::known().map(|(name, entrypoint)| Provider { name, entrypoint }).collect();
        for Endpoint { region, url } in &self.options.endpoints {
            let Some(name) = region else { continue };
            match providers.iter_mut().find(|provider| provider.name == *name) {
                Some(provider) => provider.entrypoint.clone_from(url),
                None => providers.push(Provider { name: name.clone(), entrypoint: url.clone() }),
            }
        }
        providers
    }

    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        let known = self.providers();
        let unknown = |message| Error::new(ErrorKind::Invalid, ID, message);
        let name = ProviderName::new(name).map_err(|invalid| unknown(format!("Unknown provider: {invalid}.")))?;
        if known.iter().any(|provider| provider.name == name) {
            return Ok(name);
        }
        let names: Vec<_> = known.iter().map(|provider| provider.name.as_str()).collect();
        Err(unknown(format!("Unknown provider '{name}'. The providers of ec2 are {}.", names.join(", "))))
    }

    fn default_provider(&self) -> Option<ProviderName> {
        ProviderName::new(regions::DEFAULT).ok()
    }

    async fn authenticate(&self, context: &Context) -> Result<(), Error> {
        self.ask(context, |client| async move { client.authenticate().await }).await
    }

    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        let filter = filter.clone();
        self.ask(context, |client| async move {
            match filter.id {
                None => client.list().await,
                Some(id) => match client.show(&id).await {
                    Ok(firewall) => Ok(vec![firewall]),
                    Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
                    Err(error) => Err(error),
                },
            }
        })
        .await
    }

    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        let id = id.clone();
        self.ask(context, |client| async move { client.show(&id).await }).await
    }

    async fn counted(&self, context: &Context, _: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        self.authenticate(context).await?;
        Err(Error::unsupported(ID, "count what rules match"))
    }

    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        self.ask(context, |client| async move { client.create(new).await }).await
    }

    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        let id = id.clone();
        self.ask(context, |client| async move { client.delete(&id).await.map(|()| Deletion::Done) }).await
    }

    async fn create_rule(
        &self,
        context: &Context,
        id: &FirewallId,
        new: NewRule,
        _: Position,
    ) -> Result<Arc<Firewall>, Error> {
        CAPABILITIES.permit(&new, ID)?;
        let id = id.clone();
        self.ask(context, |client| async move { client.create_rule(&id, new).await }).await
    }

    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        let (id, rule) = (id.clone(), rule.clone().into_owned());
        self.ask(context, |client| async move { client.delete_rule(&id, &rule).await }).await
    }

    async fn replace_rules(&self, context: &Context, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        let wanted = Wanted::of(replacement)?;
        self.ask_to_the_end(context, |client| async move { client.replace(wanted).await }).await
    }

    async fn members(&self, context: &Context, id: &FirewallId) -> Result<Vec<Member>, Error> {
        let id = id.clone();
        self.ask(context, |client| async move { client.members(&id).await }).await
    }
}
