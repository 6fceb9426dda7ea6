//! What becomes of what is asked for.

use deltawall_core::{
    Capabilities, ConditionCapabilities, Credentials, Defaults, Firewall, FirewallCapabilities, InvalidData,
    NewFirewall, NewRule, Order, Position, Replace, Rest, Rule, RuleCapabilities, RuleSet, SourceCapabilities,
};

use super::groups::{DEFAULT_GROUP, Groups};
use super::id::ID;
use super::refusal::Refusal;
use super::{checks, data};
use crate::cloud::Cloud;
use crate::firewalls::Firewalls;

impl Cloud for Groups {
    const ID: &'static str = ID;
    const NAME: &'static str = "Mock";

    /// What EC2's security groups can do, and that their rules can be replaced in one step.
    const CAPABILITIES: Capabilities = Capabilities {
        firewalls: FirewallCapabilities { create: true, delete: true, networks: false, default: false, members: true },
        rules: RuleCapabilities {
            create: true,
            delete: true,
            replace: Replace::Whole,
            order: Order::Unordered,
            rest: Rest::Denied,
            egress: true,
            deny: false,
            reject: false,
            log: false,
            log_prefix: false,
            other_protocols: true,
            descriptions: true,
            own_ids: false,
            join: false,
            repeat: false,
            quota: Some(60),
        },
        sources: SourceCapabilities {
            groups: true,
            foreign_groups: true,
            prefix_lists: false,
            ipv6: true,
            ranges: false,
        },
        conditions: ConditionCapabilities::NONE,
        hides_egress: false,
    };

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
