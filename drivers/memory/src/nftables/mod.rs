//! The rules of a Linux host, whose kernel keeps them in nftables.
//!
//! Rules have an order and ids of their own. One firewall, `device`, is the host's own: it is always there, is tried last, and
//! has a default for each direction. The others are tried before it, in the order in which they were made; what none of a
//! firewall's rules matches is left to the next.

mod capabilities;
mod data;
mod host;
mod refusal;

use deltawall_core::{
    Capabilities, CloudRuleId, Credentials, Defaults, Direction, Firewall, InvalidData, LogPrefix, NewFirewall,
    NewRule, Position, Rule, RuleSet,
};

use crate::cloud::Cloud;
use crate::firewalls::Firewalls;
use crate::kept::{self, Content};
pub use capabilities::ID;
use capabilities::{CAPABILITIES, DEVICE, MAX_FIREWALLS, MAX_RULES};
pub use host::Host;
use host::before_device;
use refusal::Refusal;

/// The host, firewalls and credentials that it has.
pub const SAMPLE_DATA: &str = include_str!("../../../../fixtures/mock-nftables.toml");

impl Cloud for Host {
    const ID: &'static str = ID;
    const NAME: &'static str = "Mock nftables";
    const CAPABILITIES: Capabilities = CAPABILITIES;

    type Refusal = Refusal;

    fn parse(data: &str) -> Result<(Credentials, Self, Firewalls), InvalidData> {
        data::parse(data)
    }

    fn new_firewall(&self, there: &Firewalls, new: NewFirewall) -> Result<(Firewall, usize), Refusal> {
        if there.len() >= MAX_FIREWALLS && !there.has(new.name.as_str()) {
            return Err(Refusal::TooManyFirewalls);
        }
        Ok((self.firewall(new), before_device(there)))
    }

    fn check_deletion(&self, _: &Firewalls, firewall: &Firewall) -> Result<(), Refusal> {
        if firewall.name.as_str() == DEVICE { Err(Refusal::Device) } else { Ok(()) }
    }

    fn new_rule(
        &self,
        _: &Firewalls,
        firewall: &Firewall,
        new: NewRule,
        position: Position,
    ) -> Result<(Rule, usize), Refusal> {
        check_rule(&new)?;
        let last = firewall.rules.len();
        if last >= MAX_RULES {
            return Err(Refusal::TooManyRules);
        }
        let place = match position {
            Position::At(place) => place.get() - 1,
            Position::Last => last,
        };
        Ok((self.rule(new, new_id()), place))
    }

    /// Rules in the order of the new set: the very rule where it is there already.
    fn replaced(
        &self,
        _: &Firewalls,
        firewall: &Firewall,
        set: &RuleSet,
    ) -> Result<(Vec<Rule>, Option<Defaults>), Refusal> {
        if firewall.default.is_none() && set.default.is_some() {
            return Err(Refusal::NoDefault(firewall.name.clone()));
        }
        if set.rules.len() > MAX_RULES {
            return Err(Refusal::TooManyRules);
        }
        let held = &firewall.rules;
        let here = held.iter().map(|rule| (Content::from(rule), rule.log.as_ref(), rule.description.as_ref()));
        let asked = set.rules.iter().map(|new| (Content::from(new), new.log(), new.description()));
        let rules = (1..).zip(&set.rules).zip(kept::places(here, asked)).map(|((number, new), place)| {
            match place.and_then(|place| held.get(place)) {
                Some(stays) => Ok(stays.clone()),
                None => check_rule(new).map(|()| self.rule(new.clone(), new_id())).map_err(|why| why.in_rule(number)),
            }
        });
        Ok((rules.collect::<Result<_, _>>()?, set.default.or(firewall.default)))
    }
}

/// What the host will not take of a rule that it can make.
fn check_rule(new: &NewRule) -> Result<(), Refusal> {
    let prefix = new.log().and_then(|log| log.prefix.as_ref());
    if prefix.is_some_and(|prefix| prefix.as_str().len() > LogPrefix::MAX) {
        return Err(Refusal::LogPrefix);
    }
    if prefix.is_some_and(|prefix| prefix.as_str().contains(['"', '$'])) {
        return Err(Refusal::UnwritablePrefix);
    }
    let interface = new.conditions().and_then(|conditions| conditions.interface.as_ref());
    if let Some(misread) = interface.filter(|interface| interface.is_misread_by_nft()) {
        return Err(Refusal::Interface(misread.clone()));
    }
    let has_mac = new.conditions().is_some_and(|conditions| conditions.mac.is_some());
    match has_mac && new.direction() == Direction::Egress {
        true => Err(Refusal::EgressMac),
        false => Ok(()),
    }
}

/// An id that no rule has had: always one, since this is the form of a rule's id.
fn new_id() -> Option<CloudRuleId> {
    CloudRuleId::new(uuid::Uuid::new_v4().to_string()).ok()
}
