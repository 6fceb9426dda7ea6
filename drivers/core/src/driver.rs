//! The trait that each cloud implements.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::model::{Action, Direction, Filter, Firewall, NewFirewall, NewRule};
use crate::protocol::Protocol;
use crate::room::Room;
use crate::rule_id::RuleId;
use crate::source::Source;
use crate::text::FirewallId;

/// A cloud's firewalls.
///
/// # Contract
/// Callers and drivers rely on the following; `conformance` tests what of it can be seen from outside.
///
/// **Credentials.** Each method that takes a context checks its credentials itself, before anything else, and fails
/// with [`ErrorKind::Unauthenticated`]. A driver keeps none of them past the call.
///
/// **Atomic.** A change is made whole or not at all; a rule with many sources is one rule. A call that fails with
/// any kind but [`ErrorKind::Timeout`] and [`ErrorKind::Unavailable`] has changed nothing. Dropping the future of a
/// call in flight leaves it unknown whether the change was made.
///
/// **Visible.** What a change has answered is in every answer that starts after it.
///
/// **Joined.** Where [`Capabilities::joins_rules`] says so, a new rule for traffic that a rule is there for becomes
/// part of that rule, whose id changes with it. A rule is deleted whole or not at all.
///
/// **Order.** Lists come in the cloud's own order, which stays as it is between changes. A new rule never changes
/// the order of those before it.
///
/// **Absent.** A firewall or rule that is not there is [`ErrorKind::NotFound`], in deletions too, so of two
/// deletions of one thing one fails. A filter that matches nothing gives an empty list.
///
/// **There already.** A firewall whose name is taken is [`ErrorKind::Refused`] or [`ErrorKind::Conflict`]; a rule
/// that is there, in whatever spelling, is [`ErrorKind::Refused`].
///
/// **Unable.** What [`Capabilities`] denies is [`ErrorKind::Unsupported`], before the cloud is asked. A driver
/// never makes a rule that is more, or less, than it was asked for.
///
/// **Room.** Where a context has [room](Context::room), what a driver reads that may be long takes its room there, and gives it
/// back; where there is none, the call fails with [`ErrorKind::Overloaded`].
///
/// **Again.** [`authenticate`](Self::authenticate), [`firewalls`](Self::firewalls) and [`firewall`](Self::firewall)
/// may be repeated freely. Changes are never repeated by a caller.
///
/// [`ErrorKind::Conflict`]: crate::ErrorKind::Conflict
/// [`ErrorKind::NotFound`]: crate::ErrorKind::NotFound
/// [`ErrorKind::Overloaded`]: crate::ErrorKind::Overloaded
/// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
/// [`ErrorKind::Timeout`]: crate::ErrorKind::Timeout
/// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
/// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
/// [`ErrorKind::Unsupported`]: crate::ErrorKind::Unsupported
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// What the driver is called by clients: a short word in lower case, such as `ec2`.
    fn id(&self) -> &'static str;

    /// What the driver is called by people, such as `EC2`.
    fn name(&self) -> &'static str;

    /// What this driver can do.
    fn capabilities(&self) -> Capabilities;

    /// The providers that are known beforehand. A driver may accept others.
    fn providers(&self) -> Vec<Provider>;

    /// The provider of this name, in any case.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), naming those there are, when there is none.
    fn provider(&self, name: &str) -> Result<ProviderName, Error>;

    /// Asks the cloud whether the credentials are good, and changes nothing.
    async fn authenticate(&self, context: &Context) -> Result<(), Error>;

    /// The firewalls that the filter keeps, with their rules.
    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error>;

    /// One firewall with its rules.
    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error>;

    /// Makes a firewall, and gives it as it is then.
    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error>;

    /// Deletes a firewall and its rules.
    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error>;

    /// Adds a rule to a firewall, and gives the whole firewall as it is then.
    async fn create_rule(&self, context: &Context, id: &FirewallId, new: NewRule) -> Result<Arc<Firewall>, Error>;

    /// Deletes the rule that the id [names](RuleId::names), and no other.
    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error>;
}

/// What each call to a driver is made for. It holds credentials, so it has no `Debug` and is dropped with its request.
#[derive(Clone)]
pub struct Context {
    /// Who asks.
    pub credentials: Credentials,
    /// Which of the driver's providers, already checked by [`Driver::provider`]; none for the driver's default.
    pub provider: Option<ProviderName>,
    /// What the request is called in the logs.
    pub request_id: String,
    /// When the answer is of no use any more. A driver starts no call to its cloud after it.
    pub deadline: Instant,
    /// What a driver takes its room from while it reads what may be long; none where it need not, as in changes.
    pub room: Option<Arc<dyn Room>>,
}

/// A provider's name: at most 63 lower-case letters, digits, `.`, `-` and `_`, the first a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

/// Why a text is not the name of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a provider's name is at most 63 letters, digits, '.', '-' and '_', the first a letter or digit")]
pub struct InvalidProviderName;

/// A provider that is known beforehand: a region, a data centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// What clients choose it by.
    pub name: ProviderName,
    /// Where the cloud answers for it: a host name, or what stands for one.
    pub entrypoint: String,
}

/// What a driver can do beyond listing and showing firewalls. Dialects advertise from it, and
/// `conformance` holds the driver to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Firewalls can be made.
    pub create_firewall: bool,
    /// Firewalls can be deleted.
    pub delete_firewall: bool,
    /// Rules can be made.
    pub create_rule: bool,
    /// Rules can be deleted.
    pub delete_rule: bool,
    /// Rules can be for egress.
    pub egress: bool,
    /// Rules say whether they accept or deny; otherwise all accept.
    pub deny: bool,
    /// Rules say whether a match is logged; otherwise none is.
    pub log: bool,
    /// Sources of a new rule can be groups.
    pub group_sources: bool,
    /// Sources of a new rule can be groups of accounts that the caller cannot see.
    pub foreign_groups: bool,
    /// Sources of a new rule can be lists that the cloud keeps.
    pub prefix_lists: bool,
    /// Sources of a new rule can be IPv6.
    pub ipv6: bool,
    /// Rules can be for protocols other than tcp, udp and icmp.
    pub other_protocols: bool,
    /// Rules have descriptions.
    pub descriptions: bool,
    /// Rules have ids of the cloud's own; otherwise a rule's id is what it says.
    pub own_rule_ids: bool,
    /// A new rule joins one that is there for the same traffic: the two become one rule with the sources of both.
    pub joins_rules: bool,
    /// A firewall can be made in a network that the caller chooses.
    pub networks: bool,
    /// Answers leave egress rules out unless the client asks for them, since firewalls have some that nobody made and
    /// clients of old delete every rule they are shown.
    pub hides_egress: bool,
}

/// How far a deletion has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Done,
    /// It will be gone; the cloud says when, or after what.
    Accepted(String),
}

impl ProviderName {
    /// Takes a name in any case, and holds it in lower case.
    ///
    /// # Errors
    /// When it has another form than names have.
    pub fn new(name: &str) -> Result<Self, InvalidProviderName> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let starts_plain = name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        match starts_plain && name.len() <= 63 && name.bytes().all(plain) {
            true => Ok(Self(name.to_ascii_lowercase())),
            false => Err(InvalidProviderName),
        }
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Capabilities {
    /// Whether a driver with these capabilities can make this firewall. Drivers call it before they ask their cloud.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), naming what it cannot do.
    pub fn permit_firewall(&self, firewall: &NewFirewall, driver: &'static str) -> Result<(), Error> {
        if !self.create_firewall {
            return Err(Error::unsupported(driver, "create firewalls"));
        }
        if firewall.network.is_some() && !self.networks {
            return Err(Error::unsupported(driver, "choose a firewall's network"));
        }
        Ok(())
    }

    /// Whether a driver with these capabilities can make this rule. Drivers call it before they ask their cloud.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), naming the first thing that it cannot do.
    pub fn permit(&self, rule: &NewRule, driver: &'static str) -> Result<(), Error> {
        let has = |kind: fn(&Source) -> bool| rule.sources().iter().any(kind);
        let is_other = |protocol| !matches!(protocol, Protocol::Tcp(_) | Protocol::Udp(_) | Protocol::Icmp(_));
        let missing = if !self.create_rule {
            "create rules"
        } else if rule.direction() == Direction::Egress && !self.egress {
            "make egress rules"
        } else if rule.action() == Action::Deny && !self.deny {
            "make rules that deny"
        } else if rule.log() && !self.log {
            "log what a rule matches"
        } else if has(|source| matches!(source, Source::Group(_))) && !self.group_sources {
            "make rules with groups as sources"
        } else if has(|source| matches!(source, Source::PrefixList(_))) && !self.prefix_lists {
            "make rules with prefix lists as sources"
        } else if is_other(rule.protocol()) && !self.other_protocols {
            "make rules for protocols other than tcp, udp and icmp"
        } else if rule.description().is_some() && !self.descriptions {
            "give rules a description"
        } else if has(|source| matches!(source, Source::Address(cidr) if cidr.address().is_ipv6())) && !self.ipv6 {
            "make rules with IPv6 sources"
        } else {
            return Ok(());
        };
        Err(Error::unsupported(driver, missing))
    }
}
