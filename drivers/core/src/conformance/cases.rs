//! The cases. Each gets a driver of its own.

use std::sync::Arc;

use super::Subject;
use crate::driver::{Context, Deletion, ProviderName};
use crate::error::{Error, ErrorKind};
use crate::model::{Action, Direction, Filter, Firewall, NewFirewall, NewRule, Rule};
use crate::protocol::Protocol;
use crate::rule_id::RuleId;
use crate::source::{Group, Source};
use crate::text::{Account, Description, FirewallId, FirewallName, NetworkId};

/// An id that no firewall has, on any cloud.
const ABSENT: &str = "no-such-firewall";

pub(super) async fn the_list_and_the_firewall_alone_are_the_same(subject: &Subject) {
    let listed = subject.list().await;
    assert!(!listed.is_empty(), "the subject starts with a firewall");
    for firewall in listed {
        assert_eq!(subject.show(&firewall.id).await, firewall);
    }
}

pub(super) async fn the_list_keeps_its_order(subject: &Subject) {
    for name in ["one", "two", "three"] {
        subject.create(name).await;
    }
    assert_eq!(subject.list().await, subject.list().await);
}

pub(super) async fn a_filter_keeps_one_firewall(subject: &Subject) {
    let wanted = subject.create("wanted").await;
    let filter = |id: &FirewallId| Filter { id: Some(id.clone()) };
    let kept = subject.driver.firewalls(&subject.context, &filter(&wanted.id)).await.unwrap();
    assert_eq!(kept, [wanted]);
    let none = subject.driver.firewalls(&subject.context, &filter(&absent())).await.unwrap();
    assert!(none.is_empty());
}

pub(super) async fn what_is_absent_is_not_found(subject: &Subject) {
    let (driver, context) = (&subject.driver, &subject.context);
    let rule = RuleId::parse("1~tcp~1~1~@address,ipv4,192.0.2.1,32").unwrap();
    let cloud_rule = RuleId::parse("99999").unwrap();
    let firewall = subject.create("there").await;
    let before = subject.list().await;

    expect(driver.firewall(context, &absent()).await, ErrorKind::NotFound);
    expect(driver.delete_firewall(context, &absent()).await, ErrorKind::NotFound);
    for rule in [rule, cloud_rule] {
        expect(driver.delete_rule(context, &absent(), &rule).await, ErrorKind::NotFound);
        expect(driver.delete_rule(context, &firewall.id, &rule).await, ErrorKind::NotFound);
    }
    let created = driver.create_rule(context, &absent(), tcp(1, &["192.0.2.1/32"])).await;
    expect(created, if subject.can(|c| c.create_rule) { ErrorKind::NotFound } else { ErrorKind::Unsupported });
    assert_eq!(subject.list().await, before);
}

pub(super) async fn strangers_are_turned_away(subject: &Subject) {
    let driver = &subject.driver;
    assert!(driver.authenticate(&subject.context).await.is_ok());
    let known = subject.list().await[0].id.clone();
    assert!(!subject.strangers.is_empty());
    for stranger in &subject.strangers {
        expect(driver.authenticate(stranger).await, ErrorKind::Unauthenticated);
        expect(driver.firewalls(stranger, &Filter::default()).await, ErrorKind::Unauthenticated);
        // Whether a firewall is there is nothing that a stranger may learn.
        expect(driver.firewall(stranger, &known).await, ErrorKind::Unauthenticated);
        expect(driver.firewall(stranger, &absent()).await, ErrorKind::Unauthenticated);
    }
}

pub(super) async fn strangers_change_nothing(subject: &Subject) {
    let driver = &subject.driver;
    let (firewall, rule) = subject.any_rule().await;
    let before = subject.list().await;
    for stranger in &subject.strangers {
        let new = (subject.new_firewall)(name("strange"));
        expect(driver.create_firewall(stranger, new).await, ErrorKind::Unauthenticated);
        expect(driver.delete_firewall(stranger, &firewall.id).await, ErrorKind::Unauthenticated);
        expect(driver.create_rule(stranger, &firewall.id, tcp(9, &["192.0.2.9"])).await, ErrorKind::Unauthenticated);
        expect(driver.delete_rule(stranger, &firewall.id, &rule).await, ErrorKind::Unauthenticated);
    }
    assert_eq!(subject.list().await, before);
}

pub(super) async fn a_new_firewall_is_shown_and_listed(subject: &Subject) {
    let before = subject.list().await;
    let created = subject.create("fresh").await;
    assert_eq!(subject.show(&created.id).await, created);
    let mut after = subject.list().await;
    assert!(after.contains(&created));
    after.retain(|firewall| *firewall != created);
    assert_eq!(after, before, "the others are as they were, in their order");
}

pub(super) async fn a_taken_name_is_refused(subject: &Subject) {
    subject.create("taken").await;
    let before = subject.list().await;
    let again = subject.driver.create_firewall(&subject.context, (subject.new_firewall)(name("taken"))).await;
    let kind = again.expect_err("the name is taken").kind;
    assert!(matches!(kind, ErrorKind::Refused | ErrorKind::Conflict), "{kind:?}");
    assert_eq!(subject.list().await, before);
}

pub(super) async fn a_deleted_firewall_is_gone(subject: &Subject) {
    let created = subject.create("short-lived").await;
    subject.delete(&created.id).await;
    expect(subject.driver.firewall(&subject.context, &created.id).await, ErrorKind::NotFound);
    expect(subject.driver.delete_firewall(&subject.context, &created.id).await, ErrorKind::NotFound);
    assert!(subject.list().await.iter().all(|firewall| firewall.id != created.id));
    subject.create("short-lived").await;
}

pub(super) async fn deleting_one_firewall_leaves_the_others(subject: &Subject) {
    let [first, middle, last] =
        [subject.create("first").await, subject.create("middle").await, subject.create("last").await];
    subject.delete(&middle.id).await;
    let left = subject.list().await;
    assert!(left.contains(&first) && left.contains(&last));
}

pub(super) async fn a_new_rule_is_as_it_was_asked_for(subject: &Subject) {
    let mut before = subject.create("web").await;
    for new in [tcp(80, &["192.0.2.0/24"]), tcp(443, &["192.0.2.0/24"]), tcp(80, &["198.51.100.7", "203.0.113.0/24"])] {
        let Some(after) = subject.add(&before.id, &new).await else { return };
        assert_eq!(after, subject.show(&before.id).await);
        let made = &added(&before, &after).content;
        let asked = new.into_content(made.owner.clone());
        if subject.can(|c| c.joins_rules) {
            assert_eq!((made.protocol, made.direction, made.action), (asked.protocol, asked.direction, asked.action));
            assert!(asked.sources.iter().all(|source| made.sources.contains(source)), "{made:?}");
        } else {
            assert!(made.same_as(&asked), "{made:?}");
            let kept: Vec<_> = after.rules.iter().filter(|rule| rule.content != *made).collect();
            assert_eq!(kept, before.rules.iter().collect::<Vec<_>>(), "the others are as they were, in their order");
        }
        before = after;
    }
}

/// Where rules join, the new sources are added to those that are there, and none goes.
pub(super) async fn rules_for_the_same_traffic_join_where_the_driver_says_so(subject: &Subject) {
    let firewall = subject.create("joining").await;
    let Some(one) = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24"])).await else { return };
    let two = subject.add(&firewall.id, &tcp(80, &["198.51.100.7"])).await.unwrap();
    let sources = |firewall: &Firewall| firewall.rules.iter().map(|rule| rule.content.sources.len()).sum::<usize>();
    assert_eq!(sources(&two), sources(&one) + 1);
    let new_rules = if subject.can(|c| c.joins_rules) { 0 } else { 1 };
    assert_eq!(two.rules.len(), one.rules.len() + new_rules);
}

pub(super) async fn a_rule_with_many_sources_is_one_rule(subject: &Subject) {
    let firewall = subject.create("busy").await;
    let sources: Vec<_> = (0..50).map(|n| format!("198.51.100.{n}")).collect();
    let sources: Vec<_> = sources.iter().map(String::as_str).collect();
    let Some(changed) = subject.add(&firewall.id, &tcp(80, &sources)).await else { return };
    assert_eq!(changed.rules.len(), firewall.rules.len() + 1);
    assert_eq!(added(&firewall, &changed).content.sources.len(), 50);
}

pub(super) async fn a_rule_for_each_protocol(subject: &Subject) {
    let mut before = subject.create("protocols").await;
    for (protocol, from, to) in
        [("tcp", 0, 65535), ("udp", 53, 53), ("icmp", -1, -1), ("icmp", 8, -1), ("icmp", 3, 4), ("tcp", 22, 22)]
    {
        let protocol = Protocol::from_parts(protocol, Some((from, to))).unwrap();
        let new = NewRule::new(protocol, vec![address("192.0.2.0/24")]).unwrap();
        let Some(after) = subject.add(&before.id, &new).await else { return };
        assert_eq!(added(&before, &after).content.protocol, protocol);
        before = after;
    }
}

pub(super) async fn rules_for_other_protocols(subject: &Subject) {
    let mut before = subject.create("others").await;
    for (protocol, numbers) in [("icmpv6", Some((128, 0))), ("47", None), ("-1", None)] {
        let protocol = Protocol::from_parts(protocol, numbers).unwrap();
        let new = NewRule::new(protocol, vec![address("192.0.2.0/24")]).unwrap();
        if !subject.can(|c| c.create_rule && c.other_protocols) {
            subject.refuses(&before, new).await;
            continue;
        }
        let after = subject.add(&before.id, &new).await.unwrap();
        assert_eq!(added(&before, &after).content.protocol, protocol);
        before = after;
    }
}

pub(super) async fn a_rule_with_a_description(subject: &Subject) {
    let firewall = subject.create("described").await;
    let description = Some(Description::new("for the office").unwrap());
    let new = tcp(22, &["192.0.2.0/24"]).with_description(description.clone());
    if !subject.can(|c| c.create_rule && c.descriptions) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).description, description);
}

pub(super) async fn a_network_is_chosen_only_where_there_are_any(subject: &Subject) {
    if subject.can(|c| c.networks) {
        return;
    }
    let network = Some(NetworkId::new("vpc-1").unwrap());
    let new = NewFirewall { network, ..(subject.new_firewall)(name("placed")) };
    let before = subject.list().await;
    expect(subject.driver.create_firewall(&subject.context, new).await, ErrorKind::Unsupported);
    assert_eq!(subject.list().await, before);
}

pub(super) async fn an_egress_rule(subject: &Subject) {
    let firewall = subject.create("outward").await;
    let ingress = tcp(25, &["192.0.2.25"]);
    let egress = ingress.clone().with_direction(Direction::Egress);
    if !subject.can(|c| c.create_rule && c.egress) {
        return subject.refuses(&firewall, egress).await;
    }
    // The same traffic the other way is another rule.
    let one = subject.add(&firewall.id, &ingress).await.unwrap();
    let both = subject.add(&firewall.id, &egress).await.unwrap();
    assert_eq!(added(&firewall, &one).content.direction, Direction::Ingress);
    let made = added(&one, &both);
    assert_eq!(made.content.direction, Direction::Egress);
    let id = RuleId::parse(&made.id().to_string()).unwrap();
    subject.driver.delete_rule(&subject.context, &firewall.id, &id).await.unwrap();
    assert_eq!(subject.show(&firewall.id).await, one);
}

pub(super) async fn a_rule_that_denies(subject: &Subject) {
    let firewall = subject.create("denying").await;
    let new = tcp(23, &["192.0.2.0/24"]).with_action(Action::Deny);
    if !subject.can(|c| c.create_rule && c.deny) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).content.action, Action::Deny);
}

pub(super) async fn a_rule_that_logs(subject: &Subject) {
    let firewall = subject.create("logging").await;
    let new = tcp(22, &["192.0.2.0/24"]).with_log(true);
    if !subject.can(|c| c.create_rule && c.log) {
        return subject.refuses(&firewall, new).await;
    }
    assert!(added(&firewall, &subject.add(&firewall.id, &new).await.unwrap()).log);
}

pub(super) async fn a_rule_with_an_ipv6_source(subject: &Subject) {
    let firewall = subject.create("six").await;
    let new = tcp(80, &["2001:db8::/32", "192.0.2.0/24"]);
    if !subject.can(|c| c.create_rule && c.ipv6) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert!(added(&firewall, &changed).content.sources.contains(&address("2001:db8::/32")));
}

pub(super) async fn a_rule_with_a_group_source(subject: &Subject) {
    let firewall = subject.create("inner").await;
    let outer = subject.create("outer").await;
    let new = from_group(&outer);
    if !subject.can(|c| c.create_rule && c.group_sources) {
        return subject.refuses(&firewall, new).await;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).content.sources, new.sources());
}

pub(super) async fn an_unknown_group_of_our_own_account_is_not_found(subject: &Subject) {
    let firewall = subject.create("lonely").await;
    let mut gone = (*firewall).clone();
    gone.name = name("never-made");
    if !subject.can(|c| c.create_rule && c.group_sources) {
        return subject.refuses(&firewall, from_group(&gone)).await;
    }
    let refused = subject.driver.create_rule(&subject.context, &firewall.id, from_group(&gone)).await;
    expect(refused, ErrorKind::NotFound);
    assert_eq!(subject.show(&firewall.id).await, firewall);
}

pub(super) async fn a_group_of_another_account_is_taken_as_it_is(subject: &Subject) {
    let firewall = subject.create("friendly").await;
    let group = Group { owner: Account::new("111122223333").unwrap(), name: name("theirs") };
    let new = NewRule::new(Protocol::from_parts("tcp", Some((1, 2))).unwrap(), vec![Source::Group(group)]).unwrap();
    if !subject.can(|c| c.create_rule && c.group_sources) {
        return subject.refuses(&firewall, new).await;
    }
    if !subject.can(|c| c.foreign_groups) {
        assert!(subject.driver.create_rule(&subject.context, &firewall.id, new).await.is_err());
        assert_eq!(subject.show(&firewall.id).await, firewall);
        return;
    }
    let changed = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(added(&firewall, &changed).content.sources, new.sources());
}

pub(super) async fn a_rule_that_is_there_is_refused(subject: &Subject) {
    let firewall = subject.create("once").await;
    let Some(once) = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24", "198.51.100.0/24"])).await else { return };
    for again in [
        tcp(80, &["192.0.2.0/24", "198.51.100.0/24"]),
        tcp(80, &["198.51.100.0/24", "192.0.2.0/24"]),
        tcp(80, &["192.0.2.1/24", "198.51.100.255/24"]),
    ] {
        expect(subject.driver.create_rule(&subject.context, &firewall.id, again).await, ErrorKind::Refused);
        assert_eq!(subject.show(&firewall.id).await, once);
    }
    // Other ports or another protocol make another rule.
    subject.add(&firewall.id, &tcp(81, &["192.0.2.0/24", "198.51.100.0/24"])).await;
}

pub(super) async fn each_rule_is_named_by_its_id_alone(subject: &Subject) {
    subject.any_rule().await;
    for firewall in subject.list().await {
        for rule in &firewall.rules {
            assert_eq!(rule.cloud_id.is_some(), subject.can(|c| c.own_rule_ids));
            let id = RuleId::parse(&rule.id().to_string()).unwrap();
            let named: Vec<_> = firewall.rules.iter().filter(|other| id.names(other)).collect();
            assert_eq!(named, [rule]);
        }
    }
}

pub(super) async fn a_deleted_rule_is_gone(subject: &Subject) {
    let (firewall, rule) = subject.any_rule().await;
    let others = subject.list().await.into_iter().filter(|other| other.id != firewall.id).collect::<Vec<_>>();
    subject.driver.delete_rule(&subject.context, &firewall.id, &rule).await.unwrap();

    let left = subject.show(&firewall.id).await;
    let kept: Vec<_> = firewall.rules.iter().filter(|held| !rule.names(held)).cloned().collect();
    assert_eq!(left.rules, kept);
    assert_eq!(kept.len(), firewall.rules.len() - 1);
    expect(subject.driver.delete_rule(&subject.context, &firewall.id, &rule).await, ErrorKind::NotFound);
    for other in others {
        assert_eq!(subject.show(&other.id).await, other);
    }
}

pub(super) async fn a_rule_is_deleted_by_what_its_id_says(subject: &Subject) {
    let firewall = subject.create("spelled").await;
    let Some(made) = subject.add(&firewall.id, &tcp(80, &["192.0.2.0/24", "198.51.100.0/24"])).await else { return };
    let rule = added(&firewall, &made);
    let id = match &rule.cloud_id {
        Some(id) => id.as_str().to_owned(),
        None => format!("{}~TCP~80~80~@address,ipv4,198.51.100.9,24,@address,ipv4,192.0.2.0,24", rule.content.owner),
    };
    subject.driver.delete_rule(&subject.context, &firewall.id, &RuleId::parse(&id).unwrap()).await.unwrap();
    assert_eq!(subject.show(&firewall.id).await, firewall);
}

pub(super) async fn a_deleted_rule_can_be_made_again(subject: &Subject) {
    let firewall = subject.create("again").await;
    let new = tcp(80, &["192.0.2.0/24"]);
    let Some(made) = subject.add(&firewall.id, &new).await else { return };
    let id = added(&firewall, &made).id().to_string();
    subject.driver.delete_rule(&subject.context, &firewall.id, &RuleId::parse(&id).unwrap()).await.unwrap();
    assert_eq!(subject.show(&firewall.id).await, firewall);
    let again = subject.add(&firewall.id, &new).await.unwrap();
    assert_eq!(again.rules.len(), made.rules.len());
}

pub(super) async fn a_firewall_that_anothers_rule_names_is_in_use(subject: &Subject) {
    let (used, user) = (subject.create("used").await, subject.create("user").await);
    if !subject.can(|c| c.create_rule && c.group_sources) {
        return subject.refuses(&user, from_group(&used)).await;
    }
    subject.add(&user.id, &from_group(&used)).await;
    let before = subject.list().await;
    let refused = subject.driver.delete_firewall(&subject.context, &used.id).await;
    let message = refused.as_ref().expect_err("the firewall is in use").to_string();
    assert!(message.contains(user.name.as_str()), "{message}");
    expect(refused, ErrorKind::Refused);
    assert_eq!(subject.list().await, before);

    subject.delete(&user.id).await;
    subject.delete(&used.id).await;
}

pub(super) async fn a_firewall_that_only_its_own_rule_names_is_not_in_use(subject: &Subject) {
    let firewall = subject.create("inward").await;
    if !subject.can(|c| c.create_rule && c.group_sources) {
        return subject.refuses(&firewall, from_group(&firewall)).await;
    }
    subject.add(&firewall.id, &from_group(&firewall)).await;
    subject.delete(&firewall.id).await;
}

pub(super) async fn providers_are_apart(subject: &Subject) {
    let [here, there] = subject.providers.map(|provider| subject.at(provider));
    let before = subject.driver.firewalls(&there, &Filter::default()).await.unwrap();
    let new = (subject.new_firewall)(name("here"));
    let created = subject.driver.create_firewall(&here, new).await.unwrap();
    assert_eq!(subject.driver.firewalls(&there, &Filter::default()).await.unwrap(), before);
    expect(subject.driver.firewall(&there, &created.id).await, ErrorKind::NotFound);
    assert_eq!(subject.driver.firewall(&here, &created.id).await.unwrap(), created);
}

pub(super) async fn providers_are_found_in_any_case(subject: &Subject) {
    let known = subject.driver.providers().into_iter().map(|provider| provider.name.to_string());
    for provider in known.chain(subject.providers.map(str::to_owned)) {
        let found = subject.driver.provider(&provider.to_uppercase()).unwrap();
        assert_eq!(found, ProviderName::new(&provider).unwrap());
    }
}

pub(super) async fn a_provider_of_hostile_spelling_is_refused(subject: &Subject) {
    for hostile in ["", " ", "-a", ".", "a/b", "a b", "a@b", "a:1", "a\r\nb", "a%2e", "é", &"a".repeat(64)] {
        let refused = subject.driver.provider(hostile).map(drop);
        expect(refused, ErrorKind::Invalid);
    }
}

pub(super) async fn changes_at_the_same_time_are_all_kept(subject: &Subject) {
    const CHANGES: usize = 16;
    let shared = subject.create("shared").await;
    let (before, listed) = (subject.show(&shared.id).await, subject.list().await.len());
    let tasks: Vec<_> = (0..CHANGES)
        .map(|n| {
            let (driver, context, id) = (Arc::clone(&subject.driver), subject.context.clone(), shared.id.clone());
            let new = (subject.new_firewall)(name(&format!("task-{n}")));
            let rules = subject.can(|c| c.create_rule);
            tokio::spawn(async move {
                driver.create_firewall(&context, new).await.unwrap();
                if rules {
                    driver.create_rule(&context, &id, tcp(n as i32, &["192.0.2.0/24"])).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let firewalls = subject.list().await;
    assert_eq!(firewalls.len(), listed + CHANGES);
    if subject.can(|c| c.create_rule) {
        assert_eq!(subject.show(&shared.id).await.rules.len(), before.rules.len() + CHANGES);
    } else {
        assert_eq!(subject.show(&shared.id).await, before);
    }
}

pub(super) async fn a_list_is_whole_while_it_changes(subject: &Subject) {
    let before = subject.list().await;
    let (driver, context, new_firewall) = (Arc::clone(&subject.driver), subject.context.clone(), subject.new_firewall);
    let changes = tokio::spawn(async move {
        for n in 0..50 {
            driver.create_firewall(&context, new_firewall(name(&format!("added-{n}")))).await.unwrap();
        }
    });
    let mut seen = before.len();
    while !changes.is_finished() {
        let now = subject.list().await;
        assert!(now.len() >= seen, "a list lost what an earlier one had");
        seen = now.len();
    }
    changes.await.unwrap();
    assert_eq!(subject.list().await.len(), before.len() + 50);
}

impl Subject {
    fn at(&self, provider: &str) -> Context {
        Context { provider: Some(self.driver.provider(provider).unwrap()), ..self.context.clone() }
    }

    async fn list(&self) -> Vec<Arc<Firewall>> {
        self.driver.firewalls(&self.context, &Filter::default()).await.unwrap()
    }

    async fn show(&self, id: &FirewallId) -> Arc<Firewall> {
        self.driver.firewall(&self.context, id).await.unwrap()
    }

    async fn create(&self, text: &str) -> Arc<Firewall> {
        self.driver.create_firewall(&self.context, (self.new_firewall)(name(text))).await.unwrap()
    }

    /// Deletes a firewall, and returns when it is gone.
    async fn delete(&self, id: &FirewallId) {
        if self.driver.delete_firewall(&self.context, id).await.unwrap() != Deletion::Done {
            tokio::time::sleep(self.settles_within).await;
        }
    }

    /// The firewall with a rule added; none where the driver cannot add rules, and has refused to.
    async fn add(&self, id: &FirewallId, new: &NewRule) -> Option<Arc<Firewall>> {
        let result = self.driver.create_rule(&self.context, id, new.clone()).await;
        if self.can(|c| c.create_rule) {
            return Some(result.unwrap());
        }
        expect(result, ErrorKind::Unsupported);
        None
    }

    /// A rule that the driver lacks the capability for is refused, and changes nothing.
    async fn refuses(&self, firewall: &Arc<Firewall>, new: NewRule) {
        expect(self.driver.create_rule(&self.context, &firewall.id, new).await, ErrorKind::Unsupported);
        assert_eq!(self.show(&firewall.id).await, *firewall);
    }

    /// A firewall with a rule that can be deleted, and the rule's id.
    async fn any_rule(&self) -> (Arc<Firewall>, RuleId<'static>) {
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
fn added<'a>(before: &Firewall, after: &'a Firewall) -> &'a Rule {
    let new: Vec<_> = after.rules.iter().filter(|rule| !before.rules.contains(rule)).collect();
    let [rule] = new[..] else { panic!("one rule is new: {new:?}") };
    rule
}

#[track_caller]
fn expect<T>(result: Result<T, Error>, kind: ErrorKind) {
    match result {
        Ok(_) => panic!("expected {kind:?}, and it was done"),
        Err(error) => assert_eq!(error.kind, kind, "{error}"),
    }
}

fn absent() -> FirewallId {
    FirewallId::new(ABSENT).unwrap()
}

fn name(text: &str) -> FirewallName {
    FirewallName::new(text).unwrap()
}

fn address(text: &str) -> Source {
    Source::Address(text.parse().unwrap())
}

fn tcp(port: i32, addresses: &[&str]) -> NewRule {
    let sources = addresses.iter().map(|text| address(text)).collect();
    NewRule::new(Protocol::from_parts("tcp", Some((port, port))).unwrap(), sources).unwrap()
}

fn from_group(firewall: &Firewall) -> NewRule {
    let group = Group { owner: firewall.owner.clone().unwrap(), name: firewall.name.clone() };
    NewRule::new(Protocol::from_parts("tcp", Some((22, 22))).unwrap(), vec![Source::Group(group)]).unwrap()
}
