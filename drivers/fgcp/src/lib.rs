//! A mock of Fujitsu's Global Cloud Platform. The service is closed, so this driver keeps a virtual data centre for
//! each of its regions in memory, and behaves by the rules that the service had.
//!
//! A system there (a *vsys*) has exactly one firewall, which lives and dies with it: making a firewall makes a
//! system from a template, and deleting a firewall destroys the system. A firewall must have stopped before it can be
//! destroyed, and it takes a while to stop.

mod client;
mod convert;
mod data;
mod platform;
mod replace;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use deltawall_core::{
    Capabilities, Context, Credentials, Deletion, Driver, Error, ErrorKind, Filter, Firewall, FirewallId, Hits,
    InvalidData, Member, NewFirewall, NewRule, Position, Provider, ProviderName, Replacement, RuleId,
};

use client::{DataCentre, Failure, Stopping};
use platform::{CAPABILITIES, REGIONS};

pub use platform::{ID, SAMPLE_DATA, SAMPLE_LOGIN};

/// A virtual data centre for each region.
pub struct Fgcp {
    certificates: Vec<Credentials>,
    regions: BTreeMap<&'static str, Mutex<DataCentre>>,
}

impl Fgcp {
    /// A driver with the data centre that `data` describes, in the form of [`SAMPLE_DATA`]. A firewall takes
    /// `stop_delay` to stop.
    ///
    /// # Errors
    /// When it is not TOML of that form, or describes what the platform could not have.
    pub fn from_toml(data: &str, stop_delay: Duration) -> Result<Self, InvalidData> {
        let data::DataCentres { certificates, regions } = data::parse(data, stop_delay)?;
        let regions = regions.into_iter().map(|(region, centre)| (region, Mutex::new(centre))).collect();
        Ok(Self { certificates, regions })
    }

    /// The data centre of the context's provider, if the certificate is right.
    fn data_centre(&self, context: &Context) -> Result<MutexGuard<'_, DataCentre>, Error> {
        if !self.certificates.iter().any(|certificate| certificate.matches(&context.credentials)) {
            return Err(Failure::Certificate.into());
        }
        let [default, ..] = REGIONS;
        let region = context.provider.as_ref().map_or(default, ProviderName::as_str);
        let centre = self.regions.get(region).ok_or_else(|| unknown_region(region))?;
        // A change to a data centre never panics half way, so a poisoned lock guards one that is whole.
        let mut centre = centre.lock().unwrap_or_else(PoisonError::into_inner);
        centre.settle(Instant::now());
        Ok(centre)
    }
}

fn unknown_region(name: impl fmt::Display) -> Error {
    let message = format!("Unknown provider '{name}'. The providers of fgcp are {}.", REGIONS.join(", "));
    Error::new(ErrorKind::Invalid, ID, message)
}

impl fmt::Debug for Fgcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fgcp").finish_non_exhaustive()
    }
}

#[async_trait]
impl Driver for Fgcp {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "Fujitsu Global Cloud Platform"
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn providers(&self) -> Vec<Provider> {
        let provider = |name| Some(Provider { name: ProviderName::new(name).ok()?, entrypoint: "in-memory".into() });
        REGIONS.into_iter().filter_map(provider).collect()
    }

    fn provider(&self, name: &str) -> Result<ProviderName, Error> {
        match ProviderName::new(name) {
            Ok(provider) if REGIONS.contains(&provider.as_str()) => Ok(provider),
            Ok(provider) => Err(unknown_region(provider)),
            Err(invalid) => Err(Error::new(ErrorKind::Invalid, ID, format!("Unknown provider: {invalid}."))),
        }
    }

    fn default_provider(&self) -> Option<ProviderName> {
        REGIONS.first().and_then(|name| ProviderName::new(name).ok())
    }

    async fn authenticate(&self, context: &Context) -> Result<(), Error> {
        self.data_centre(context).map(drop)
    }

    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error> {
        let centre = self.data_centre(context)?;
        let is_kept = |id: String| filter.id.as_ref().is_none_or(|wanted| wanted.as_str() == id);
        let kept = centre.systems().iter().filter(|vsys| is_kept(vsys.firewall_id()));
        kept.map(convert::firewall).collect()
    }

    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        convert::firewall(self.data_centre(context)?.system(id.as_str())?)
    }

    async fn counted(&self, context: &Context, _: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error> {
        drop(self.data_centre(context)?);
        Err(Error::unsupported(ID, "count what rules match"))
    }

    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        let mut centre = self.data_centre(context)?;
        CAPABILITIES.permit_firewall(&new, ID)?;
        let creator = context.credentials.user();
        convert::firewall(centre.create_system(new.name.as_str(), new.description.as_str(), creator)?)
    }

    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error> {
        match self.data_centre(context)?.destroy_system(id.as_str(), Instant::now())? {
            Stopping::Done => Ok(Deletion::Done),
            Stopping::UnderWay => Ok(Deletion::Accepted("Firewall will be deleted once it has stopped".into())),
        }
    }

    /// Always [`ErrorKind::Unsupported`]: Deltacloud had no way to say between which zones a rule stands.
    async fn create_rule(
        &self,
        context: &Context,
        _: &FirewallId,
        _: NewRule,
        _: Position,
    ) -> Result<Arc<Firewall>, Error> {
        self.authenticate(context).await?;
        Err(Error::unsupported(ID, "create rules"))
    }

    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        Ok(self.data_centre(context)?.delete_policy(id.as_str(), &rule.to_string())?)
    }

    async fn replace_rules(&self, context: &Context, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error> {
        let mut centre = self.data_centre(context)?;
        let Replacement { seen, rules, .. } = replacement;
        let firewall = convert::firewall(centre.system(seen.id.as_str())?)?;
        for policy in replace::unwanted(&firewall, seen, rules)? {
            centre.delete_policy(seen.id.as_str(), policy)?;
        }
        convert::firewall(centre.system(seen.id.as_str())?)
    }

    async fn members(&self, context: &Context, id: &FirewallId) -> Result<Vec<Member>, Error> {
        Ok(convert::members(self.data_centre(context)?.system(id.as_str())?))
    }
}
