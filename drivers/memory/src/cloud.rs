//! What a driver in memory behaves as.

use deltawall_core::{
    Capabilities, Credentials, Defaults, Error, Firewall, InvalidData, NewFirewall, NewRule, Position, Rule, RuleSet,
};

use crate::denied::Denied;
use crate::firewalls::Firewalls;

/// A cloud's rules about firewalls: what becomes of what is asked for, given those that are there. Nothing is changed here,
/// and nothing is asked that the capabilities deny.
pub trait Cloud: Sized + Send + Sync + 'static {
    /// The driver's id.
    const ID: &'static str;

    /// What people call the driver.
    const NAME: &'static str;

    /// What the driver can do.
    const CAPABILITIES: Capabilities;

    /// What the cloud refuses, in its own words.
    type Refusal: From<Denied> + Into<Error>;

    /// The credentials that are right, and what there is at first, as a file describes it.
    fn parse(data: &str) -> Result<(Credentials, Self, Firewalls), InvalidData>;

    /// The new firewall, and its place.
    fn new_firewall(&self, there: &Firewalls, new: NewFirewall) -> Result<(Firewall, usize), Self::Refusal>;

    /// Whether a firewall may be deleted.
    fn check_deletion(&self, there: &Firewalls, firewall: &Firewall) -> Result<(), Self::Refusal>;

    /// The new rule of a firewall, and its place.
    fn new_rule(
        &self,
        there: &Firewalls,
        firewall: &Firewall,
        new: NewRule,
        position: Position,
    ) -> Result<(Rule, usize), Self::Refusal>;

    /// The rules and the default of a firewall that is to have this set.
    fn replaced(
        &self,
        there: &Firewalls,
        firewall: &Firewall,
        set: &RuleSet,
    ) -> Result<(Vec<Rule>, Option<Defaults>), Self::Refusal>;
}
