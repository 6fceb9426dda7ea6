//! The calls to EC2 for one request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_ec2::config::{Builder, IdentityCache, StalledStreamProtectionConfig};
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Filter as Ec2Filter, SecurityGroup};
use deltawall_core::model::InvalidSources;
use deltawall_core::rule_id::MAX_IN_URL;
use deltawall_core::{
    Context, Direction, Error, ErrorKind, Firewall, FirewallId, Group, NetworkId, NewFirewall, NewRule, RuleId, Source,
};

use crate::answer::{Answers, IsFinal};
use crate::convert::{self, Names};
use crate::error::{from_sdk, has_no_default_vpc, is_in_use, is_throttled, no_group, no_rule, nonsense, of_change};
use crate::keys::Usable;
use crate::request::{self, RequestCredentials};
use crate::watch::Watch;
use crate::{ID, Options};

/// How many groups EC2 sends at a time, at the most.
const PAGE: i32 = 1000;

/// How many values a filter may have: EC2's own limit.
const MAX_FILTER_VALUES: usize = 200;

/// How many bytes of a URL the name of a group takes at the most, which has 255 characters of ASCII.
const MAX_NAME_IN_URL: usize = 3 * 255;

/// How often a change is tried again that EC2 has turned away because there were too many.
const MAX_THROTTLED: u32 = 4;

/// How often a group that was just made is looked for: EC2 shows what was made a little later.
const MAX_LOOKS: u32 = 6;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Client {
    ec2: aws_sdk_ec2::Client,
    /// The VPC whose groups go by their names, where an operator has chosen one.
    vpc: Option<NetworkId>,
    deadline: Instant,
}

/// The SDK's client for a region, whose calls are made with the credentials of the [request] they are for.
pub(crate) fn of_region(
    sdk: &SdkConfig,
    region: &str,
    endpoint: Option<&str>,
    options: &Options,
) -> aws_sdk_ec2::Client {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build();
    let mut config = Builder::from(sdk).region(Region::new(region.to_owned())).timeout_config(timeouts);
    if !options.ambient_credentials {
        // The SDK would keep the credentials past the request, and use them for the next.
        config = config.credentials_provider(RequestCredentials).identity_cache(IdentityCache::no_cache());
    } else if let Some(cache) = sdk.identity_cache() {
        config = config.identity_cache(Usable(cache));
    }
    // Answers are watched where they are read.
    let stalled = StalledStreamProtectionConfig::enabled().download_enabled(false).build();
    config = config
        .interceptor(Answers { hides_key_id: options.ambient_credentials })
        .retry_classifier(IsFinal)
        .stalled_stream_protection(stalled);
    if let Some(observer) = &options.observer {
        config = config.interceptor(Watch { observer: Arc::clone(observer) });
    }
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    aws_sdk_ec2::Client::from_conf(config.build())
}

impl Client {
    pub(crate) fn new(ec2: aws_sdk_ec2::Client, options: &Options, context: &Context) -> Self {
        Self { ec2, vpc: options.vpc.clone(), deadline: context.deadline }
    }

    /// One call, of which only the answer to who asks matters.
    pub(crate) async fn authenticate(&self) -> Result<(), Error> {
        match self.ec2.describe_security_groups().max_results(5).send().await.map_err(from_sdk) {
            // Who may not list groups is still who it says.
            Err(error) if error.kind != ErrorKind::Forbidden => Err(error),
            _ => Ok(()),
        }
    }

    /// All groups: a call for each thousand, and at the same time one for the default VPC.
    pub(crate) async fn list(&self) -> Result<Vec<Arc<Firewall>>, Error> {
        let pages = self.ec2.describe_security_groups().into_paginator().page_size(PAGE).items().send();
        let (groups, home) = tokio::join!(pages.try_collect(), self.home());
        let groups: Vec<SecurityGroup> = groups.map_err(from_sdk)?;
        let (home, mut names) = (home?, Names::default());
        names.learn(&groups);
        groups.iter().map(|group| convert::firewall(group, home.as_deref(), &names)).collect()
    }

    /// One group: one call, one more for the names of groups in its rules, and one for the default VPC where the id leaves
    /// it open whether the group is in it.
    pub(crate) async fn show(&self, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        let (group, home) = if is_group_id(id.as_str()) {
            let (group, home) = tokio::join!(self.find(id), self.home());
            (group?, home?)
        } else {
            let group = self.find(id).await?;
            let home = group.vpc_id.clone();
            (group, home)
        };
        let names = self.names(&group).await?;
        convert::firewall(&group, home.as_deref(), &names)
    }

    pub(crate) async fn create(&self, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        let network = new.network.as_ref().or(self.vpc.as_ref()).map(|network| network.as_str().to_owned());
        let (name, description) = (new.name.as_str(), new.description.as_str());
        let made = self
            .change(|| {
                let call = self.ec2.create_security_group().group_name(name).description(description);
                call.set_vpc_id(network.clone()).customize().config_override(never_again()).send()
            })
            .await?;
        let id = made.group_id().ok_or_else(|| nonsense("a new security group has no id"))?;
        let group = self.look_for(id).await.map_err(|error| made_but("security group", error))?;
        let home = match new.network {
            None => group.vpc_id.clone(),
            Some(_) => self.home().await.map_err(|error| made_but("security group", error))?,
        };
        convert::firewall(&group, home.as_deref(), &Names::default())
    }

    pub(crate) async fn delete(&self, id: &FirewallId) -> Result<(), Error> {
        let group = self.find(id).await?;
        let group_id = group_id(&group)?;
        let deleted = self
            .change(|| {
                self.ec2.delete_security_group().group_id(group_id).customize().config_override(never_again()).send()
            })
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if is_in_use(&error) => Err(self.with_users(error, &group).await),
            Err(error) => Err(error),
        }
    }

    /// One call that authorizes all sources, or none.
    pub(crate) async fn create_rule(&self, id: &FirewallId, new: NewRule) -> Result<Arc<Firewall>, Error> {
        let group = self.find(id).await?;
        let group_id = group_id(&group)?;
        self.check_id(&new, &group).await?;
        let permission = convert::permission(&new, &self.group_ids(&new, &group).await?)?;
        match new.direction() {
            Direction::Ingress => {
                let call = || self.ec2.authorize_security_group_ingress().group_id(group_id);
                let call = || call().ip_permissions(permission.clone()).customize().config_override(never_again());
                self.change(|| call().send()).await.map(drop)?;
            }
            Direction::Egress => {
                let call = || self.ec2.authorize_security_group_egress().group_id(group_id);
                let call = || call().ip_permissions(permission.clone()).customize().config_override(never_again());
                self.change(|| call().send()).await.map(drop)?;
            }
        }
        self.show(id).await.map_err(|error| made_but("rule", error))
    }

    /// Revokes the permission that the id says, as the group holds it now.
    pub(crate) async fn delete_rule(&self, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        let group = self.find(id).await?;
        let group_id = group_id(&group)?;
        let names = self.names(&group).await?;
        let find = |names| -> Result<_, Error> {
            Ok(convert::rules(&group, names)?.into_iter().find(|(held, _)| rule.names(held)))
        };
        let (held, permission) = match find(&names)? {
            Some(found) => found,
            // A rule that was made for a group's id goes by that as well.
            None => find(&Names::default())?.ok_or_else(no_rule)?,
        };
        let permission = convert::to_revoke(permission);
        let unknown = match held.content.direction {
            Direction::Ingress => {
                let call = || self.ec2.revoke_security_group_ingress().group_id(group_id);
                let call = || call().ip_permissions(permission.clone()).customize().config_override(never_again());
                self.change(|| call().send()).await?.unknown_ip_permissions.unwrap_or_default()
            }
            Direction::Egress => {
                let call = || self.ec2.revoke_security_group_egress().group_id(group_id);
                let call = || call().ip_permissions(permission.clone()).customize().config_override(never_again());
                self.change(|| call().send()).await?.unknown_ip_permissions.unwrap_or_default()
            }
        };
        // In the default VPC EC2 calls it a success to revoke what is not there.
        if unknown.is_empty() { Ok(()) } else { Err(no_rule()) }
    }

    /// The group that an id or, in the VPC whose groups go by them, a name stands for: one call, and never for a list.
    async fn find(&self, id: &FirewallId) -> Result<SecurityGroup, Error> {
        let name = id.as_str();
        let call = self.ec2.describe_security_groups();
        let call = match (is_group_id(name), &self.vpc) {
            (true, _) => call.group_ids(name),
            // EC2 looks for names in the default VPC alone.
            (false, None) => call.group_names(name),
            (false, Some(vpc)) => call.filters(filter("vpc-id", [vpc.as_str()])).filters(filter("group-name", [name])),
        };
        let missing = |error| if has_no_default_vpc(&error) { no_group(name) } else { from_sdk(error) };
        let found = call.send().await.map_err(missing)?.security_groups.unwrap_or_default();
        let is_wanted = |group: &SecurityGroup| [group.group_id(), group.group_name()].contains(&Some(name));
        found.into_iter().find(is_wanted).ok_or_else(|| no_group(name))
    }

    /// The group that was just made.
    async fn look_for(&self, id: &str) -> Result<SecurityGroup, Error> {
        let id = FirewallId::from_cloud(id).ok_or_else(|| nonsense("a new security group has a blank id"))?;
        let mut looks = 0;
        loop {
            match self.find(&id).await {
                Err(error) if error.kind == ErrorKind::NotFound && looks < MAX_LOOKS => {
                    looks += 1;
                    self.wait(looks).await;
                }
                found => return found,
            }
        }
    }

    /// The VPC whose groups go by their names, where there is one.
    async fn home(&self) -> Result<Option<String>, Error> {
        if let Some(vpc) = &self.vpc {
            return Ok(Some(vpc.as_str().to_owned()));
        }
        let vpcs = self.ec2.describe_vpcs().filters(filter("is-default", ["true"])).send().await.map_err(from_sdk)?;
        Ok(vpcs.vpcs().first().and_then(|vpc| vpc.vpc_id().map(str::to_owned)))
    }

    /// The names of the groups in a group's rules: one call for each two hundred of them, if there are any. One that cannot be
    /// seen keeps its id as name.
    async fn names(&self, group: &SecurityGroup) -> Result<Names, Error> {
        let mut names = Names::default();
        names.learn(std::slice::from_ref(group));
        for unknown in convert::unknown_groups(group, &names).chunks(MAX_FILTER_VALUES) {
            let ids = filter("group-id", unknown.iter().map(String::as_str));
            let known = self.ec2.describe_security_groups().filters(ids).send().await.map_err(from_sdk)?;
            names.learn(known.security_groups());
        }
        Ok(names)
    }

    /// The ids of the groups that a new rule names, which EC2 wants in a VPC: one call for all that are not ids already.
    async fn group_ids(&self, new: &NewRule, group: &SecurityGroup) -> Result<HashMap<Group, String>, Error> {
        let named = || {
            new.sources().iter().filter_map(|source| match source {
                Source::Group(group) => Some(group),
                _ => None,
            })
        };
        let mut ids = HashMap::new();
        let mut names = Vec::new();
        for source in named() {
            if is_group_id(source.name.as_str()) {
                ids.insert(source.clone(), source.name.to_string());
            } else if group.owner_id() == Some(source.owner.as_str()) {
                names.push(source.name.as_str());
            } else {
                // Names of other accounts cannot be looked up, so EC2 knows those groups by id alone.
                return Err(no_group(&format!("{}/{}", source.owner, source.name)));
            }
        }
        for names in names.chunks(MAX_FILTER_VALUES) {
            let call = self.ec2.describe_security_groups().filters(filter("group-name", names.iter().copied()));
            let call = call.filters(filter("vpc-id", group.vpc_id()));
            let found = call.send().await.map_err(from_sdk)?;
            for source in named() {
                let is_it = |found: &&SecurityGroup| found.group_name() == Some(source.name.as_str());
                if let Some(id) = found.security_groups().iter().find(is_it).and_then(|found| found.group_id()) {
                    ids.entry(source.clone()).or_insert_with(|| id.to_owned());
                }
            }
        }
        let mut seen = HashSet::new();
        for source in named() {
            let id = ids.get(source).ok_or_else(|| no_group(source.name.as_str()))?;
            if !seen.insert(id) {
                let repeated = InvalidSources::Repeated(Source::Group(source.clone()));
                return Err(Error::new(ErrorKind::Invalid, ID, repeated.to_string()));
            }
        }
        Ok(ids)
    }

    /// Refuses a rule that EC2 would join with others to one whose id no URL could have. Names are looked up only where it
    /// depends on how long they are.
    async fn check_id(&self, new: &NewRule, group: &SecurityGroup) -> Result<(), Error> {
        let length = |names: &Names| Ok::<_, Error>(RuleId::length_in_url(&convert::joined(new, group, names)?));
        let nameless = Names::default();
        let most = length(&nameless)? + MAX_NAME_IN_URL * convert::unknown_groups(group, &nameless).len();
        if most <= MAX_IN_URL || length(&self.names(group).await?)? <= MAX_IN_URL {
            return Ok(());
        }
        let message = "EC2 would join the rule with those for the same traffic, to one whose id is too long for a URL.";
        Err(Error::new(ErrorKind::Invalid, ID, message))
    }

    /// EC2's refusal to delete a group, with who uses it: found only now that it matters. What cannot be found out is left out.
    async fn with_users(&self, error: Error, group: &SecurityGroup) -> Error {
        let (id, account) = (group.group_id().unwrap_or_default(), group.owner_id().unwrap_or_default());
        let naming = |name| self.ec2.describe_security_groups().filters(filter(name, [id])).send();
        let interfaces = self.ec2.describe_network_interfaces().filters(filter("group-id", [id])).send();
        let (ingress, egress, interfaces) =
            tokio::join!(naming("ip-permission.group-id"), naming("egress.ip-permission.group-id"), interfaces);
        let mut users: Vec<String> = Vec::new();
        for answer in [ingress, egress].into_iter().flatten() {
            let others =
                answer.security_groups.unwrap_or_default().into_iter().filter(|other| other.group_id() != Some(id));
            users.extend(others.map(|other| format!("{account}:{}", other.group_name().unwrap_or_default())));
        }
        users.sort_unstable();
        users.dedup();
        let interfaces = interfaces.ok().and_then(|answer| answer.network_interfaces).unwrap_or_default();
        let interfaces = interfaces.iter().map(|interface| {
            let id = interface.network_interface_id().unwrap_or_default();
            match interface.attachment().and_then(|attachment| attachment.instance_id()) {
                Some(instance) => format!("{id} of instance {instance}"),
                None => id.to_owned(),
            }
        });
        let interfaces: Vec<_> = interfaces.collect();
        let name = group.group_name().unwrap_or(id);
        let mut message = error.message.clone();
        if !users.is_empty() {
            message.push_str(&format!("\n  Group {account}:{name} is used by groups: {}", users.join(", ")));
        }
        if !interfaces.is_empty() {
            message.push_str(&format!(
                "\n  Group {account}:{name} is used by network interfaces: {}",
                interfaces.join(", ")
            ));
        }
        Error { message, ..error }
    }

    /// Makes a change. The SDK must not repeat one, since it may have been made; only what EC2 has turned away unread is
    /// tried again, here, as long as there is time.
    async fn change<T, E, F>(&self, call: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut throttled = 0;
        loop {
            match call().await {
                Err(error) if is_throttled(&error) && throttled < MAX_THROTTLED && Instant::now() < self.deadline => {
                    throttled += 1;
                    self.wait(throttled).await;
                    request::set_repeating(true);
                }
                result => {
                    request::set_repeating(false);
                    return result.map_err(of_change);
                }
            }
        }
    }

    /// Waits longer each time, and never as long as another who waits.
    async fn wait(&self, time: u32) {
        let longest = Duration::from_millis(100) * 2_u32.saturating_pow(time.min(6));
        tokio::time::sleep(longest.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
    }
}

/// What each change overrides of the configuration.
fn never_again() -> Builder {
    aws_sdk_ec2::Config::builder().retry_config(RetryConfig::disabled())
}

/// A failure to show what was made is no failure to make it, and must not read like one.
fn made_but(what: &str, error: Error) -> Error {
    let message = format!("The {what} was made, but could not be shown: {}", error.message);
    Error { kind: ErrorKind::Unavailable, message, ..error }
}

/// EC2 lets no name begin like an id.
fn is_group_id(text: &str) -> bool {
    text.starts_with("sg-")
}

fn group_id(group: &SecurityGroup) -> Result<&str, Error> {
    group.group_id().ok_or_else(|| nonsense("a security group has no id"))
}

/// A filter for these very values: `*`, `?` and `\` would mean something else.
fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Ec2Filter {
    let mut filter = Ec2Filter::builder().name(name);
    for value in values {
        filter = filter.values(value.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?"));
    }
    filter.build()
}
