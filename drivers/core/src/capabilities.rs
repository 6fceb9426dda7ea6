//! What a driver can do, as data.

use crate::error::Error;
use crate::model::{Action, Direction, NewFirewall, NewRule};
use crate::protocol::Protocol;
use crate::source::Source;

/// What a driver can do beyond listing and showing firewalls. Dialects advertise from it, and
/// `conformance` holds the driver to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// What it can do with firewalls.
    pub firewalls: FirewallCapabilities,
    /// What it can do with rules.
    pub rules: RuleCapabilities,
    /// What the sources of a new rule can be.
    pub sources: SourceCapabilities,
    /// What else a new rule can ask for.
    pub conditions: ConditionCapabilities,
    /// Answers leave egress rules out unless the client asks for them, since firewalls have some that nobody made and
    /// clients of old delete every rule they are shown.
    pub hides_egress: bool,
}

/// What a driver can do with firewalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FirewallCapabilities {
    /// They can be made.
    pub create: bool,
    /// They can be deleted.
    pub delete: bool,
    /// One can be made in a network that the caller chooses.
    pub networks: bool,
    /// Some have a [default](crate::Firewall::default) for each direction, which a replacement of their rules may choose.
    pub default: bool,
    /// It can be told who stands behind one.
    pub members: bool,
    /// They are in the gateway's own memory: a look at them costs nothing, and they end with it.
    pub in_memory: bool,
    /// The driver keeps how they are to be, beside how they are: it has to be told when what others did to one is to stay.
    pub kept: bool,
}

/// What a driver can do with rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RuleCapabilities {
    /// They can be made.
    pub create: bool,
    /// They can be deleted.
    pub delete: bool,
    /// How all of a firewall's can be replaced.
    pub replace: Replace,
    /// Whether their order matters.
    pub order: Order,
    /// What happens to traffic that none of them matches, where the firewall has no default of its own.
    pub rest: Rest,
    /// They can be for egress.
    pub egress: bool,
    /// They say whether they accept or deny; otherwise all accept.
    pub deny: bool,
    /// They can reject, which tells the sender.
    pub reject: bool,
    /// They say whether a match is logged; otherwise none is.
    pub log: bool,
    /// What is logged can begin with words of the client's.
    pub log_prefix: bool,
    /// They can be for protocols other than tcp, udp and icmp.
    pub other_protocols: bool,
    /// They have descriptions.
    pub descriptions: bool,
    /// They have ids of the cloud's own; otherwise a rule's id is what it says.
    pub own_ids: bool,
    /// A new rule joins one that is there for the same traffic: the two become one rule with the sources of both.
    pub join: bool,
    /// The same rule may be there twice.
    pub repeat: bool,
    /// They count what they match.
    pub count: bool,
    /// How many sources a firewall's rules may have in each direction, unless the account's own quota says otherwise; none where
    /// there is no bound.
    pub quota: Option<usize>,
}

/// How a firewall's rules can be replaced by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replace {
    /// Not at all.
    #[default]
    No,
    /// Rules can be taken away, and none can be made.
    Remove,
    /// In steps, single sources being added before others are removed, and taken away again where one fails. At no moment is
    /// anything closed that both rule sets accept.
    Add,
    /// In one step.
    Whole,
}

/// Whether the order of rules matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Every rule accepts, and all are equal.
    #[default]
    Unordered,
    /// The first rule that matches decides.
    Ordered,
}

/// What happens to traffic that no rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    /// It is denied.
    #[default]
    Denied,
    /// It is left to the firewalls that are tried after this one.
    Left,
}

/// What the sources of a new rule can be, beside networks of IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceCapabilities {
    /// Groups.
    pub groups: bool,
    /// Groups of accounts that the caller cannot see.
    pub foreign_groups: bool,
    /// Lists that the cloud keeps.
    pub prefix_lists: bool,
    /// IPv6.
    pub ipv6: bool,
    /// Addresses from one to another.
    pub ranges: bool,
}

/// Which [`Conditions`](crate::Conditions) a new rule can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConditionCapabilities {
    /// Ports in a list.
    pub more_ports: bool,
    /// An interface.
    pub interface: bool,
    /// States of a connection.
    pub states: bool,
    /// A rate.
    pub limit: bool,
    /// A hardware address.
    pub mac: bool,
    /// A type of packets.
    pub packet_type: bool,
}

impl ConditionCapabilities {
    /// None of them.
    pub const NONE: Self =
        Self { more_ports: false, interface: false, states: false, limit: false, mac: false, packet_type: false };

    /// All of them.
    pub const ALL: Self =
        Self { more_ports: true, interface: true, states: true, limit: true, mac: true, packet_type: true };
}

impl Capabilities {
    /// Whether a driver with these capabilities can make this firewall. Drivers call it before they ask their cloud.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), naming what it cannot do.
    pub fn permit_firewall(&self, firewall: &NewFirewall, driver: &'static str) -> Result<(), Error> {
        if !self.firewalls.create {
            return Err(Error::unsupported(driver, "create firewalls"));
        }
        if firewall.network.is_some() && !self.firewalls.networks {
            return Err(Error::unsupported(driver, "choose a firewall's network"));
        }
        Ok(())
    }

    /// Whether a driver with these capabilities can make this rule. Drivers call it before they ask their cloud.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), naming the first thing that it cannot do.
    pub fn permit(&self, rule: &NewRule, driver: &'static str) -> Result<(), Error> {
        match self.missing_for(rule) {
            Some(missing) => Err(Error::unsupported(driver, missing)),
            None => Ok(()),
        }
    }

    /// The first thing that this rule needs and a driver with these capabilities cannot do, such as "make egress rules".
    pub fn missing_for(&self, rule: &NewRule) -> Option<&'static str> {
        if !self.rules.create {
            return Some("create rules");
        }
        self.missing_for_rule(rule)
            .or_else(|| self.missing_for_sources(rule.sources()))
            .or_else(|| self.missing_for_conditions(rule))
    }

    fn missing_for_rule(&self, rule: &NewRule) -> Option<&'static str> {
        let can = &self.rules;
        let is_other = !matches!(rule.protocol(), Protocol::Tcp(_) | Protocol::Udp(_) | Protocol::Icmp(_));
        let log = rule.log();
        let lacks = [
            (rule.direction() == Direction::Egress && !can.egress, "make egress rules"),
            (rule.action() == Action::Deny && !can.deny, "make rules that deny"),
            (rule.action() == Action::Reject && !can.reject, "make rules that reject"),
            (log.is_some() && !can.log, "log what a rule matches"),
            (log.is_some_and(|log| log.prefix.is_some()) && !can.log_prefix, "log with words of the client's"),
            (is_other && !can.other_protocols, "make rules for protocols other than tcp, udp and icmp"),
            (rule.description().is_some() && !can.descriptions, "give rules a description"),
        ];
        first(&lacks)
    }

    fn missing_for_sources(&self, sources: &[Source]) -> Option<&'static str> {
        let can = &self.sources;
        sources.iter().find_map(|source| {
            let lacks = [
                (matches!(source, Source::Group(_)) && !can.groups, "make rules with groups as sources"),
                (
                    matches!(source, Source::PrefixList(_)) && !can.prefix_lists,
                    "make rules with prefix lists as sources",
                ),
                (matches!(source, Source::Range(_)) && !can.ranges, "make rules with ranges of addresses as sources"),
                (source.is_ipv6() && !can.ipv6, "make rules with IPv6 sources"),
            ];
            first(&lacks)
        })
    }

    fn missing_for_conditions(&self, rule: &NewRule) -> Option<&'static str> {
        let (asked, can) = (rule.conditions()?, &self.conditions);
        let lacks = [
            (!asked.more_ports.is_empty() && !can.more_ports, "make rules with lists of ports"),
            (asked.interface.is_some() && !can.interface, "make rules for an interface"),
            (asked.states.is_some() && !can.states, "make rules for states of connections"),
            (asked.limit.is_some() && !can.limit, "make rules with a limit"),
            (asked.mac.is_some() && !can.mac, "make rules for a MAC address"),
            (asked.packet_type.is_some() && !can.packet_type, "make rules for a type of packets"),
        ];
        first(&lacks)
    }
}

/// What is lacking first.
fn first(lacks: &[(bool, &'static str)]) -> Option<&'static str> {
    lacks.iter().find(|(is_lacking, _)| *is_lacking).map(|(_, what)| *what)
}
