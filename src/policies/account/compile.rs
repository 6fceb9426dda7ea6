//! What a policy comes to, in the model.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use deltawall_core::{
    Action, Capabilities, Cidr, Conditions, Defaults, Direction, Firewall, FirewallName, Group, InterfaceName, Log,
    LogPrefix, NewRule, Order, PortRange, Protocol, Rest, RuleSet, Source, States,
};

use super::id::Id;
use super::objects::Objects;
use super::policy::Policy;
use super::rule::{self, Chain, Peer, Rule};
use crate::policies::compiled::{anywhere, without_repeated};

/// Why a policy comes to nothing that a firewall's driver could enforce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A rule of it does not; the first of its chain being 1.
    #[error("Rule {position} of {} cannot be enforced: {why}", chain.name())]
    Rule {
        /// Its chain.
        chain: Chain,
        /// Where it stands there.
        position: usize,
        /// Why not.
        why: String,
    },
    /// What no rule matches would have to pass.
    #[error(
        "What no rule of {} matches passes, and the {driver} driver denies it: end the chain by a rule that drops everything",
        chain.name()
    )]
    OpenEnd {
        /// The chain.
        chain: Chain,
        /// The driver.
        driver: &'static str,
    },
}

/// Who stands behind what rules name, at a time.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// Those of the active servers of groups.
    pub of_groups: HashMap<Id, Vec<IpAddr>>,
    /// Those of all active servers; none where that is not known.
    pub of_all: Option<Vec<IpAddr>>,
    /// Where users have opened GhostPorts from.
    pub of_users: HashMap<Id, IpAddr>,
}

/// The firewall that a policy is for, and what its driver can do.
#[derive(Clone, Copy)]
pub(super) struct For<'a> {
    pub(super) objects: &'a Objects,
    pub(super) addresses: &'a Addresses,
    pub(super) firewall: &'a Firewall,
    pub(super) can: &'a Capabilities,
    pub(super) driver: &'static str,
}

/// The rules that a firewall has where it is kept at a policy.
///
/// # Errors
/// Where its driver cannot enforce that.
pub(super) fn compile(policy: &Policy, of: For<'_>) -> Result<RuleSet, Unfit> {
    let is_unordered = of.can.rules.order == Order::Unordered;
    let is_denied_anyway = of.can.rules.rest == Rest::Denied && of.firewall.default.is_none();
    let (mut made, mut accepted) = (Vec::new(), HashSet::new());
    for chain in Chain::ALL {
        let numbered = || (1..).zip(policy.chain(chain)).filter(|(_, rule)| rule.is_active);
        let last = numbered().find(|(_, rule)| of.is_last(rule)).map(|(position, _)| position);
        if is_denied_anyway && last.is_none() {
            // Nothing is said of what goes out, so all of it passes: that much can be said.
            if chain == Chain::Input || numbered().next().is_some() {
                return Err(Unfit::OpenEnd { chain, driver: of.driver });
            }
            made.extend(of.passing_egress());
        }
        // Where all rules accept, the one that drops the rest is what is done with it anyway, and nothing behind it is tried.
        let is_tried = |position: usize| !is_denied_anyway || last.is_none_or(|last| position < last);
        for (position, rule) in numbered().filter(|(position, _)| is_tried(*position)) {
            let unfit = |why: String| Unfit::Rule { chain, position, why };
            for rule in of.rules(chain, rule).map_err(unfit)? {
                if let Some(missing) = of.can.missing_for(&rule) {
                    return Err(unfit(format!("the {} driver cannot {missing}", of.driver)));
                }
                match is_unordered {
                    true => made.extend(without_repeated(rule, &mut accepted)),
                    false => made.push(rule),
                }
            }
        }
    }
    let passes = Defaults { ingress: Action::Accept, egress: Action::Accept };
    Ok(RuleSet { rules: made, default: of.firewall.default.map(|_| passes) })
}

impl For<'_> {
    /// Whether it drops all that comes to it, and does nothing else.
    fn is_last(&self, rule: &Rule) -> bool {
        let is_for_all = rule.service.is_none() && rule.interface.is_none() && rule.states.is_empty() && !rule.log;
        rule.action == rule::Action::Drop && is_for_all && self.is_anywhere(rule.peer)
    }

    /// Whether it is every address: none is named, or the zone that is always there.
    fn is_anywhere(&self, peer: Option<Peer>) -> bool {
        match peer {
            None => true,
            Some(Peer::Zone(zone)) => self.objects.zones.get(zone).is_some_and(|zone| zone.is_built_in),
            Some(_) => false,
        }
    }

    /// What lets everything out, where what goes out is filtered at all.
    fn passing_egress(&self) -> Option<NewRule> {
        let rule = NewRule::new(Protocol::All, self.anywhere()).ok()?.with_direction(Direction::Egress);
        Some(rule).filter(|_| self.can.rules.egress)
    }

    fn anywhere(&self) -> Vec<Source> {
        anywhere().into_iter().filter(|source| self.can.sources.ipv6 || !source.is_ipv6()).collect()
    }

    /// The rules that one comes to: none where nobody stands behind what it names.
    fn rules(&self, chain: Chain, rule: &Rule) -> Result<Vec<NewRule>, String> {
        let sources = self.sources(rule.peer)?;
        let conditions = self.conditions(rule)?;
        let log = match (rule.log, &*rule.log_prefix) {
            (false, _) => None,
            (true, "") => Some(Log::default()),
            (true, prefix) => {
                let prefix = LogPrefix::new(prefix).map_err(|why| format!("its log_prefix {why}"))?;
                Some(Log { prefix: Some(prefix) })
            }
        };
        let direction = match chain {
            Chain::Input => Direction::Ingress,
            Chain::Output => Direction::Egress,
        };
        let action = match rule.action {
            rule::Action::Accept => Action::Accept,
            rule::Action::Drop => Action::Deny,
            rule::Action::Reject => Action::Reject,
        };
        let mut made = Vec::new();
        for (protocol, more_ports) in self.protocols(rule)? {
            // No packet of one family is in the other's protocol for errors.
            let is_possible = |source: &&Source| match protocol {
                Protocol::Icmp(_) => !source.is_ipv6(),
                Protocol::Icmpv6(_) => source.is_ipv6() || matches!(source, Source::Group(_)),
                _ => true,
            };
            let sources: Vec<_> = sources.iter().filter(is_possible).cloned().collect();
            if sources.is_empty() {
                continue;
            }
            let new = NewRule::new(protocol, sources).map_err(|why| why.to_string())?;
            let new = new.with_direction(direction).with_action(action).with_log(log.clone());
            let conditions = Conditions { more_ports, ..conditions.clone() };
            made.push(new.with_conditions(conditions).map_err(|why| why.to_string())?);
        }
        Ok(made)
    }

    /// The protocols of a rule, each with the ports beside its own: a rule for each list of ports, or for each port.
    fn protocols(&self, rule: &Rule) -> Result<Vec<(Protocol, Vec<PortRange>)>, String> {
        let Some(service) = rule.service else { return Ok(vec![(Protocol::All, Vec::new())]) };
        let service = self.objects.services.get(service).ok_or("its service is not there")?;
        let protocols = service.traffic.protocols().map_err(|why| why.to_string())?;
        if self.can.conditions.more_ports {
            return Ok(protocols);
        }
        let single = |(protocol, more): (Protocol, Vec<PortRange>)| {
            let others = more.into_iter().map(move |ports| match protocol {
                Protocol::Udp(_) => Protocol::Udp(ports),
                _ => Protocol::Tcp(ports),
            });
            [protocol].into_iter().chain(others).map(|protocol| (protocol, Vec::new()))
        };
        Ok(protocols.into_iter().flat_map(single).collect())
    }

    fn conditions(&self, rule: &Rule) -> Result<Conditions, String> {
        let interface = match rule.interface {
            None => None,
            Some(id) => {
                let interface = self.objects.interfaces.get(id).ok_or("its interface is not there")?;
                Some(InterfaceName::new(&*interface.name).map_err(|why| format!("'{}' {why}", interface.name))?)
            }
        };
        let states = States::of(rule.states.iter().map(|state| (*state).into()));
        Ok(Conditions { interface, states, ..Conditions::default() })
    }

    fn sources(&self, peer: Option<Peer>) -> Result<Vec<Source>, String> {
        let addresses = |addresses: &[IpAddr]| {
            let mut sources = Vec::new();
            for address in addresses {
                let prefix = if address.is_ipv4() { 32 } else { 128 };
                let source = Source::Address(Cidr::new(*address, prefix).map_err(|why| why.to_string())?);
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            Ok(sources)
        };
        let Some(peer) = peer.filter(|peer| !self.is_anywhere(Some(*peer))) else { return Ok(self.anywhere()) };
        match peer {
            Peer::Zone(zone) => {
                let zone = self.objects.zones.get(zone).ok_or("its zone is not there")?;
                Ok(zone.addresses.networks().iter().copied().map(Source::Address).collect())
            }
            Peer::Group(group) if self.can.sources.groups => Ok(vec![Source::Group(self.group(group)?)]),
            Peer::Group(group) => {
                let of_group = self.addresses.of_groups.get(&group);
                addresses(of_group.ok_or("who is in its group is not known")?)
            }
            Peer::AllServers => {
                addresses(self.addresses.of_all.as_deref().ok_or("which servers there are is not known")?)
            }
            Peer::User(user) => {
                addresses(self.addresses.of_users.get(&user).map(std::slice::from_ref).unwrap_or_default())
            }
            Peer::AllUsers => {
                let mut all: Vec<_> = self.addresses.of_users.values().copied().collect();
                all.sort_unstable();
                addresses(&all)
            }
        }
    }

    fn group(&self, id: Id) -> Result<Group, String> {
        let group = self.objects.groups.get(id).ok_or("its group is not there")?;
        let name = group.firewall.as_deref().ok_or("the root group has no firewall")?;
        let owner = self.firewall.owner.clone().ok_or("the cloud does not say whose its groups are")?;
        Ok(Group { owner, name: FirewallName::new(name).map_err(|why| why.to_string())? })
    }
}
