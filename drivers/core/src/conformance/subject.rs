//! What is tested, and what the cases do with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::capabilities::{Capabilities, Replace};
use crate::credentials::Credentials;
use crate::driver::{Context, Deletion, Driver};
use crate::error::{Error, ErrorKind};
use crate::model::{Filter, Firewall, NewFirewall, NewRule, Position, Rule};
use crate::protocol::Protocol;
use crate::rule_id::RuleId;
use crate::rule_set::{Replacement, RuleSet};
use crate::source::{Group, Source};
use crate::text::{FirewallId, FirewallName};

/// An id that no firewall has, on any cloud.
const ABSENT: &str = "no-such-firewall";

/// A driver to test, made anew for each case: it starts with at least one firewall.
pub struct Subject {
    /// The driver.
    pub driver: Arc<dyn Driver>,
    /// Good credentials, and no provider.
    pub context: Context,
    /// Credentials of which each is wrong: as an unknown user, with a wrong password, with none.
    pub strangers: Vec<Context>,
    /// Two providers that do not share firewalls, spelled as a client might.
    pub providers: [&'static str; 2],
    /// What makes a firewall that people call by this name.
    pub new_firewall: fn(FirewallName) -> NewFirewall,
    /// A firewall that is there, and the id of a rule of it that may be deleted; for drivers that cannot make rules.
    pub known_rule: Option<(FirewallId, &'static str)>,
    /// How long after it was accepted a deletion is done at the latest.
    pub settles_within: Duration,
}

/// What a call of the suite is made for: with these credentials, and no provider.
pub fn context(user: &str, password: &str) -> Context {
    Context {
        credentials: Credentials::new(user, password),
        provider: None,
        request_id: "conformance".into(),
        deadline: Instant::now() + Duration::from_secs(60),
        room: None,
    }
}

impl Subject {
    pub(super) fn can(&self, what: impl Fn(Capabilities) -> bool) -> bool {
        what(self.driver.capabilities())
    }

    pub(super) fn at(&self, provider: &str) -> Context {
        Context { provider: Some(self.driver.provider(provider).unwrap()), ..self.context.clone() }
    }

    pub(super) async fn list(&self) -> Vec<Arc<Firewall>> {
        self.driver.firewalls(&self.context, &Filter::default()).await.unwrap()
    }

    pub(super) async fn show(&self, id: &FirewallId) -> Arc<Firewall> {
        self.driver.firewall(&self.context, id).await.unwrap()
    }

    pub(super) async fn create(&self, text: &str) -> Arc<Firewall> {
        self.driver.create_firewall(&self.context, (self.new_firewall)(name(text))).await.unwrap()
    }

    /// Deletes a firewall, and returns when it is gone.
    pub(super) async fn delete(&self, id: &FirewallId) {
        if self.driver.delete_firewall(&self.context, id).await.unwrap() != Deletion::Done {
            tokio::time::sleep(self.settles_within).await;
        }
    }

    /// The firewall with a rule added; none where the driver cannot add rules, and has refused to.
    pub(super) async fn add(&self, id: &FirewallId, new: &NewRule) -> Option<Arc<Firewall>> {
        let result = self.driver.create_rule(&self.context, id, new.clone(), Position::Last).await;
        if self.can(|c| c.rules.create) {
            return Some(result.unwrap());
        }
        expect(result, ErrorKind::Unsupported);
        None
    }

    /// A rule that the driver lacks the capability for is refused, and changes nothing.
    pub(super) async fn refuses(&self, firewall: &Arc<Firewall>, new: NewRule) {
        expect(self.driver.create_rule(&self.context, &firewall.id, new, Position::Last).await, ErrorKind::Unsupported);
        assert_eq!(self.show(&firewall.id).await, *firewall);
    }

    /// Whether new rules can come with a replacement.
    pub(super) fn can_replace(&self) -> bool {
        self.can(|c| matches!(c.rules.replace, Replace::Add | Replace::Whole))
    }

    /// What comes of giving a firewall these rules, where it is as it was seen.
    pub(super) async fn replace(&self, seen: &Firewall, rules: &RuleSet) -> Result<Arc<Firewall>, Error> {
        self.driver.replace_rules(&self.context, Replacement { seen, rules, allow_gap: false }).await
    }

    /// A set that the driver lacks the capability for is refused, and changes nothing.
    pub(super) async fn refuses_set(&self, firewall: &Arc<Firewall>, rules: &RuleSet) {
        expect(self.replace(firewall, rules).await, ErrorKind::Unsupported);
        assert_eq!(self.show(&firewall.id).await, *firewall);
    }

    /// A firewall with a rule that can be deleted, and the rule's id.
    pub(super) async fn any_rule(&self) -> (Arc<Firewall>, RuleId<'static>) {
        let (id, rule) = match &self.known_rule {
            Some((id, rule)) => (id.clone(), (*rule).to_owned()),
            None => {
                let firewall = self.create("with-rules").await;
                let one = self.add(&firewall.id, &tcp(80, &["192.0.2.0/24"])).await.unwrap();
                self.add(&firewall.id, &tcp(443, &["192.0.2.0/24"])).await.unwrap();
                (firewall.id.clone(), added(&firewall, &one).id().to_string())
            }
        };
        (self.show(&id).await, RuleId::parse(&rule).unwrap())
    }
}

/// The one rule that `after` has and `before` has not.
#[track_caller]
pub(super) fn added<'a>(before: &Firewall, after: &'a Firewall) -> &'a Rule {
    let new: Vec<_> = after.rules.iter().filter(|rule| !before.rules.contains(rule)).collect();
    let [rule] = new[..] else { panic!("one rule is new: {new:?}") };
    rule
}

#[track_caller]
pub(super) fn expect<T>(result: Result<T, Error>, kind: ErrorKind) {
    match result {
        Ok(_) => panic!("expected {kind:?}, and it was done"),
        Err(error) => assert_eq!(error.kind, kind, "{error}"),
    }
}

pub(super) fn absent() -> FirewallId {
    FirewallId::new(ABSENT).unwrap()
}

pub(super) fn name(text: &str) -> FirewallName {
    FirewallName::new(text).unwrap()
}

pub(super) fn address(text: &str) -> Source {
    Source::Address(text.parse().unwrap())
}

pub(super) fn tcp(port: i32, addresses: &[&str]) -> NewRule {
    let sources = addresses.iter().map(|text| address(text)).collect();
    NewRule::new(Protocol::from_parts("tcp", Some((port, port))).unwrap(), sources).unwrap()
}

pub(super) fn from_group(firewall: &Firewall) -> NewRule {
    let group = Group { owner: firewall.owner.clone().unwrap(), name: firewall.name.clone() };
    NewRule::new(Protocol::from_parts("tcp", Some((22, 22))).unwrap(), vec![Source::Group(group)]).unwrap()
}
