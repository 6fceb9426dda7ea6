//! The rules of EC2's security groups, error for error.

mod capabilities;
mod checks;
mod data;
mod groups;
mod refusal;
mod replace;

use deltawall_core::{
    Capabilities, Credentials, Defaults, Firewall, InvalidData, NewFirewall, NewRule, Position, Rule, RuleSet,
};

use crate::cloud::Cloud;
use crate::firewalls::Firewalls;
use capabilities::CAPABILITIES;
pub use capabilities::ID;
pub use groups::Groups;
use refusal::Refusal;

/// The firewalls, account and credentials that it has if it is given no others.
pub const SAMPLE_DATA: &str = include_str!("../../../../fixtures/mock.toml");

/// The group that each account has, and cannot delete.
const DEFAULT_GROUP: &str = "default";

impl Cloud for Groups {
    const ID: &'static str = ID;
    const NAME: &'static str = "Mock";
    const CAPABILITIES: Capabilities = CAPABILITIES;

    type Refusal = Refusal;

    fn parse(data: &str) -> Result<(Credentials, Self, Firewalls), InvalidData> {
        data::parse(data)
    }

    fn new_firewall(&self, there: &Firewalls, new: NewFirewall) -> Result<(Firewall, usize), Refusal> {
        checks::name(&new.name)?;
        checks::description(&new.description)?;
        if there.has(new.name.as_str()) {
            return Err(Refusal::GroupExists(new.name));
        }
        if there.len() >= self.quotas.firewalls {
            return Err(Refusal::TooManyFirewalls);
        }
        Ok((self.firewall(new), there.len()))
    }

    fn check_deletion(&self, there: &Firewalls, firewall: &Firewall) -> Result<(), Refusal> {
        let name = firewall.name.clone();
        if name.as_str() == DEFAULT_GROUP {
            return Err(Refusal::DefaultGroup(name));
        }
        let by = self.users_of(&name, there);
        if !by.is_empty() {
            return Err(Refusal::InUse { account: self.account.clone(), name, by });
        }
        let members = there.members(&firewall.id)?;
        match members.is_empty() {
            true => Ok(()),
            false => Err(Refusal::HasMembers(name, members.iter().map(|member| member.id.clone()).collect())),
        }
    }

    fn new_rule(
        &self,
        there: &Firewalls,
        firewall: &Firewall,
        new: NewRule,
        _: Position,
    ) -> Result<(Rule, usize), Refusal> {
        checks::rule(&new, &self.account)?;
        self.check_is_new(there, firewall, &new)?;
        let same_way = firewall.rules.iter().filter(|held| held.content.direction == new.direction());
        let held: usize = same_way.map(|rule| rule.content.sources.len()).sum();
        if held + new.sources().len() > self.quotas.rules {
            return Err(Refusal::TooManyRules);
        }
        Ok((self.rule(new), firewall.rules.len()))
    }

    fn replaced(
        &self,
        there: &Firewalls,
        firewall: &Firewall,
        set: &RuleSet,
    ) -> Result<(Vec<Rule>, Option<Defaults>), Refusal> {
        Ok((self.replaced_rules(there, &firewall.rules, &set.rules)?, None))
    }
}
