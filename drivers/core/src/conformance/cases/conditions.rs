//! What rules can say on few clouds: conditions, ranges, what is logged, that the sender is told.

use crate::capabilities::ConditionCapabilities;
use crate::conditions::{Conditions, InterfaceName, MacAddress, PacketType, State, States};
use crate::conformance::subject::{Subject, added, expect, tcp};
use crate::error::ErrorKind;
use crate::model::{Action, Log, NewRule, Position};
use crate::protocol::PortRange;
use crate::rule_id::RuleId;
use crate::source::Source;
use crate::text::LogPrefix;

pub(in crate::conformance) async fn a_rule_that_rejects(subject: &Subject) {
    let new = tcp(23, &["192.0.2.0/24"]).with_action(Action::Reject);
    made_or_refused(subject, new, subject.can(|c| c.rules.reject)).await;
}

pub(in crate::conformance) async fn a_rule_that_logs_with_words_of_the_clients(subject: &Subject) {
    let prefix = Some(LogPrefix::new("telnet: ").unwrap());
    let new = tcp(23, &["192.0.2.0/24"]).with_log(Some(Log { prefix }));
    made_or_refused(subject, new, subject.can(|c| c.rules.log && c.rules.log_prefix)).await;
}

pub(in crate::conformance) async fn a_prefix_that_is_too_long_is_refused(subject: &Subject) {
    let log = |length| Some(Log { prefix: Some(LogPrefix::new("x".repeat(length)).unwrap()) });
    let [longest, too_long] = [0, 1].map(|more| tcp(23, &["192.0.2.0/24"]).with_log(log(LogPrefix::MAX + more)));
    let can = subject.can(|c| c.rules.log && c.rules.log_prefix);
    made_or_refused(subject, longest, can).await;
    let firewall = subject.create("long-winded").await;
    let refused = subject.driver.create_rule(&subject.context, &firewall.id, too_long, Position::Last).await;
    expect(refused, if can && subject.can(|c| c.rules.create) { ErrorKind::Refused } else { ErrorKind::Unsupported });
    assert_eq!(subject.show(&firewall.id).await, firewall);
}

pub(in crate::conformance) async fn a_rule_with_a_range_of_addresses(subject: &Subject) {
    let ranges = ["192.0.2.10-192.0.2.20", "198.51.100.1-198.51.100.200"];
    let sources = ranges.map(|range| Source::Range(range.parse().unwrap())).to_vec();
    let new = NewRule::new(tcp(80, &["192.0.2.1"]).protocol(), sources).unwrap();
    made_or_refused(subject, new, subject.can(|c| c.sources.ranges)).await;
}

pub(in crate::conformance) async fn a_rule_with_a_list_of_ports(subject: &Subject) {
    let more_ports = vec![PortRange::new(443, 443).unwrap(), PortRange::new(8000, 8080).unwrap()];
    under(subject, |c| c.more_ports, Conditions { more_ports, ..Conditions::default() }).await;
}

pub(in crate::conformance) async fn a_rule_for_an_interface(subject: &Subject) {
    let interface = Some(InterfaceName::new("eth0.100").unwrap());
    under(subject, |c| c.interface, Conditions { interface, ..Conditions::default() }).await;
}

pub(in crate::conformance) async fn a_rule_for_states_of_connections(subject: &Subject) {
    for states in [&[State::New][..], &[State::Established, State::Related], &State::ALL] {
        let states = States::of(states.iter().copied());
        under(subject, |c| c.states, Conditions { states, ..Conditions::default() }).await;
    }
}

pub(in crate::conformance) async fn a_rule_with_a_limit(subject: &Subject) {
    for limit in ["20/minute", "beyond 100/second", "1/day of new connections, burst 50"] {
        let limit = Some(limit.parse().unwrap());
        under(subject, |c| c.limit, Conditions { limit, ..Conditions::default() }).await;
    }
}

pub(in crate::conformance) async fn a_rule_for_a_mac_address(subject: &Subject) {
    let mac = Some(MacAddress::new([0, 0x1b, 0x63, 0x84, 0x45, 0xe6]));
    under(subject, |c| c.mac, Conditions { mac, ..Conditions::default() }).await;
}

pub(in crate::conformance) async fn a_rule_for_a_type_of_packets(subject: &Subject) {
    for packet_type in PacketType::ALL {
        let packet_type = Some(packet_type);
        under(subject, |c| c.packet_type, Conditions { packet_type, ..Conditions::default() }).await;
    }
}

/// A rule under these conditions is made as it was asked for, where the driver has them.
async fn under(subject: &Subject, can: fn(ConditionCapabilities) -> bool, conditions: Conditions) {
    let new = tcp(80, &["192.0.2.0/24"]).with_conditions(conditions).unwrap();
    made_or_refused(subject, new, subject.can(|c| can(c.conditions))).await;
}

/// A rule is made as it was asked for, beside one that differs in nothing else, and goes alone; or the driver cannot make it.
async fn made_or_refused(subject: &Subject, new: NewRule, can: bool) {
    let firewall = subject.create("special").await;
    if !(can && subject.can(|c| c.rules.create)) {
        subject.refuses(&firewall, new).await;
        return subject.delete(&firewall.id).await;
    }
    let plain = NewRule::new(new.protocol(), new.sources().to_vec()).unwrap();
    let before = if plain == new { firewall } else { subject.add(&firewall.id, &plain).await.unwrap() };
    let after = subject.add(&before.id, &new).await.unwrap();
    assert_eq!(after, subject.show(&before.id).await);
    let made = added(&before, &after);
    assert_eq!(NewRule::of(made).unwrap(), new);
    let id = RuleId::parse(&made.id().to_string()).unwrap();
    subject.driver.delete_rule(&subject.context, &before.id, &id).await.unwrap();
    assert_eq!(subject.show(&before.id).await, before);
    subject.delete(&before.id).await;
}
