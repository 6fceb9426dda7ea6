//! The trait that each cloud implements.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::capabilities::Capabilities;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::hits::Hits;
use crate::member::Member;
use crate::model::{Filter, Firewall, NewFirewall, NewRule, Position};
use crate::room::Room;
use crate::rule_id::RuleId;
use crate::rule_set::Replacement;
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
/// any kind but [`ErrorKind::Timeout`] and [`ErrorKind::Unavailable`] has changed nothing; a replacement in steps may say otherwise. Dropping the future of a
/// call in flight leaves it unknown whether the change was made.
///
/// **Visible.** What a change has answered is in every answer that starts after it.
///
/// **Joined.** Where [`RuleCapabilities::join`](crate::RuleCapabilities::join) says so, a new rule for traffic that a rule is there for becomes
/// part of that rule, whose id changes with it. A rule is deleted whole or not at all.
///
/// **Order.** Lists come in the cloud's own order, which stays as it is between changes. A new rule never changes
/// the order of the others. Where rules have an [`Order`](crate::Order), a new one stands at its [`Position`], and those of a
/// set stand as they do there.
///
/// **Replaced.** A rule that was there and is in the new set stays the rule that it was, with its id; of the same rule twice,
/// the first stays the first. Why a rule of the set cannot be made is told with its place, the first being `rule 1`. Where
/// [`Replace`](crate::Replace) is `Add`, what both sets accept is never closed meanwhile, unless a gap is allowed: single sources
/// are added before others are removed, and if one cannot be, what was added is taken away again and the error says
/// which rule it was; if that fails too, the error says exactly what is left. A firewall that is not as the caller has seen it is
/// [`ErrorKind::Conflict`]. Where nothing differs, nothing is changed.
///
/// **Absent.** A firewall or rule that is not there is [`ErrorKind::NotFound`], in deletions too, so of two
/// deletions of one thing one fails. A filter that matches nothing gives an empty list.
///
/// **There already.** A firewall whose name is taken is [`ErrorKind::Refused`] or [`ErrorKind::Conflict`]; a rule
/// that is there, or twice in a set, in whatever spelling, is [`ErrorKind::Refused`], unless
/// [`RuleCapabilities::repeat`](crate::RuleCapabilities::repeat) says that it is another rule.
///
/// **Default.** Only a firewall that has a [default](crate::Firewall::default) can be given another; for others one is
/// [`ErrorKind::Refused`].
///
/// **Unable.** What [`Capabilities`] denies is [`ErrorKind::Unsupported`], before the cloud is asked. A driver
/// never makes a rule that is more, or less, than it was asked for.
///
/// **Room.** Where a context has [room](Context::room), what a driver reads that may be long takes its room there, and gives it
/// back; where there is none, the call fails with [`ErrorKind::Overloaded`].
///
/// **Default provider.** A call that chooses no provider is for the same firewalls as one that chooses the
/// [default one](Self::default_provider), where that has a name.
///
/// **Again.** [`authenticate`](Self::authenticate), [`firewalls`](Self::firewalls) and [`firewall`](Self::firewall)
/// may be repeated freely, and so may [`counted`](Self::counted) and [`members`](Self::members). Changes are never repeated by a caller.
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

    /// The provider that a call which chooses none is for; none where that is one of its own, beside all that have names.
    fn default_provider(&self) -> Option<ProviderName>;

    /// Asks the cloud whether the credentials are good, and changes nothing.
    async fn authenticate(&self, context: &Context) -> Result<(), Error>;

    /// The firewalls that the filter keeps, with their rules.
    async fn firewalls(&self, context: &Context, filter: &Filter) -> Result<Vec<Arc<Firewall>>, Error>;

    /// One firewall with its rules.
    async fn firewall(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error>;

    /// One firewall as it is to be, where the driver [keeps](crate::FirewallCapabilities::kept) that; else as it is. Whoever has to be sure
    /// that something ends asks for this: what others hide is there all the same. A replacement may have seen the firewall so; then what is
    /// not to be any more goes, also from what is in force, and nothing else that others did is touched.
    async fn kept(&self, context: &Context, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        self.firewall(context, id).await
    }

    /// One firewall with its rules, and what each of these has matched, in their order.
    async fn counted(&self, context: &Context, id: &FirewallId) -> Result<(Arc<Firewall>, Vec<Hits>), Error>;

    /// Makes a firewall, and gives it as it is then.
    async fn create_firewall(&self, context: &Context, new: NewFirewall) -> Result<Arc<Firewall>, Error>;

    /// Deletes a firewall and its rules.
    async fn delete_firewall(&self, context: &Context, id: &FirewallId) -> Result<Deletion, Error>;

    /// Adds a rule to a firewall, and gives the whole firewall as it is then. Where rules have no order, it stands where the cloud puts it.
    async fn create_rule(
        &self,
        context: &Context,
        id: &FirewallId,
        new: NewRule,
        position: Position,
    ) -> Result<Arc<Firewall>, Error>;

    /// Deletes the rule that the id [names](RuleId::names), and no other.
    async fn delete_rule(&self, context: &Context, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error>;

    /// Makes a firewall's rules exactly these, and gives the whole firewall as it is then.
    async fn replace_rules(&self, context: &Context, replacement: Replacement<'_>) -> Result<Arc<Firewall>, Error>;

    /// Who stands behind a firewall, in the cloud's order.
    async fn members(&self, context: &Context, id: &FirewallId) -> Result<Vec<Member>, Error>;
}

/// How long after a call's deadline a driver has for taking back what it has begun, before its caller gives it up.
pub const TO_TAKE_BACK: Duration = Duration::from_secs(60);

/// What each call to a driver is made for. It holds credentials, so it has no `Debug` and is dropped with its request.
#[derive(Clone)]
pub struct Context {
    /// Who asks.
    pub credentials: Credentials,
    /// Which of the driver's providers, already checked by [`Driver::provider`]; none for the driver's default.
    pub provider: Option<ProviderName>,
    /// What the request is called in the logs.
    pub request_id: String,
    /// When the answer is of no use any more. A driver starts no call to its cloud after it, but those that take back what
    /// it has begun.
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
