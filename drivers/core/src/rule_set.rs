//! All rules of a firewall at once.

use std::borrow::Cow;

use crate::capabilities::{Capabilities, Order, Rest};
use crate::error::Error;
use crate::model::{Action, Defaults, Direction, Firewall, InvalidSources, NewRule};

/// All rules of a firewall in their order, and what happens to the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// The rules. Their order matters where [`Order`] says so.
    pub rules: Vec<NewRule>,
    /// What happens to the rest; none for what happens to it now.
    pub default: Option<Defaults>,
}

/// A firewall's rules, to be replaced by others.
#[derive(Debug, Clone, Copy)]
pub struct Replacement<'a> {
    /// The firewall as the caller has last seen it. Where it is another by now, nothing is done.
    pub seen: &'a Firewall,
    /// The rules that it is to have.
    pub rules: &'a RuleSet,
    /// Whether rules may be removed before others are added, where there is no room for both. What both rule sets accept may
    /// then be closed for a moment.
    pub allow_gap: bool,
}

impl RuleSet {
    /// The rules that a firewall has.
    ///
    /// # Errors
    /// When one has no source, or one twice, as rules have that no client made.
    pub fn of(firewall: &Firewall) -> Result<Self, InvalidSources> {
        let rules = firewall.rules.iter().map(NewRule::of).collect::<Result<_, _>>()?;
        Ok(Self { rules, default: firewall.default })
    }
}

impl Capabilities {
    /// What a driver with these capabilities has to make, so that a firewall has these rules. Where the rest is denied anyway,
    /// that is all but the last rules of a direction that deny. Drivers call it before they ask their cloud.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported), naming what it cannot do and the first rule that asks for it.
    pub fn permit_rules<'a>(&self, rules: &'a RuleSet, driver: &'static str) -> Result<Cow<'a, RuleSet>, Error> {
        let is_denied_anyway = self.rules.order == Order::Unordered && self.rules.rest == Rest::Denied;
        let kept = if is_denied_anyway { without_last_denials(rules) } else { Cow::Borrowed(rules) };
        let is_so = |default| self.firewalls.default || is_denied_anyway && denies(default);
        if rules.default.is_some_and(|default| !is_so(default)) {
            return Err(Error::unsupported(driver, "choose what happens to traffic that no rule matches"));
        }
        for (index, rule) in kept.rules.iter().enumerate() {
            if let Some(missing) = self.missing_for(rule) {
                let asked = rules.rules.iter().position(|asked| asked == rule).unwrap_or(index);
                return Err(Error::unsupported(driver, &format!("{missing}, as rule {} asks", asked + 1)));
            }
        }
        Ok(kept)
    }
}

fn denies(default: Defaults) -> bool {
    default == Defaults { ingress: Action::Deny, egress: Action::Deny }
}

/// Without the rules that deny, log nothing, and have only such behind them in their direction.
fn without_last_denials(rules: &RuleSet) -> Cow<'_, RuleSet> {
    let is_last = |direction| {
        let of_direction = |rule: &&NewRule| rule.direction() == direction;
        let is_denial = |rule: &&NewRule| rule.action() == Action::Deny && rule.log().is_none();
        rules.rules.iter().rev().filter(of_direction).take_while(is_denial).count()
    };
    let (mut ingress, mut egress) = (is_last(Direction::Ingress), is_last(Direction::Egress));
    if ingress + egress == 0 {
        return Cow::Borrowed(rules);
    }
    let mut kept: Vec<_> = rules
        .rules
        .iter()
        .rev()
        .filter(|rule| {
            let left = if rule.direction() == Direction::Ingress { &mut ingress } else { &mut egress };
            let is_needed = *left == 0;
            *left = left.saturating_sub(1);
            is_needed
        })
        .cloned()
        .collect();
    kept.reverse();
    Cow::Owned(RuleSet { rules: kept, default: rules.default })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Protocol;
    use crate::source::Source;

    fn rule(action: Action, direction: Direction, source: &str) -> NewRule {
        let new = NewRule::new(Protocol::All, vec![Source::Address(source.parse().unwrap())]).unwrap();
        new.with_action(action).with_direction(direction)
    }

    #[test]
    fn what_only_looks_like_too_much_is_permitted() {
        use Action::{Accept, Deny, Reject};
        use Direction::{Egress, Ingress};
        let mut can = Capabilities::default();
        (can.rules.create, can.rules.egress, can.rules.other_protocols) = (true, true, true);
        let accept = rule(Accept, Ingress, "10.0.0.0/8");
        let all = "0.0.0.0/0";
        for (rules, default, left) in [
            (vec![accept.clone(), rule(Deny, Ingress, all)], None, Some(1)),
            (vec![accept.clone(), rule(Deny, Ingress, "10.1.0.0/16"), rule(Deny, Ingress, all)], None, Some(1)),
            (vec![rule(Deny, Egress, all), accept.clone()], None, Some(1)),
            (vec![rule(Deny, Ingress, all), accept.clone()], None, None),
            (vec![accept.clone(), rule(Reject, Ingress, all)], None, None),
            (vec![accept.clone(), rule(Deny, Ingress, all).with_log(Some(Default::default()))], None, None),
            (vec![accept.clone()], Some(Defaults { ingress: Deny, egress: Deny }), Some(1)),
            (vec![accept.clone()], Some(Defaults { ingress: Deny, egress: Accept }), None),
        ] {
            let set = RuleSet { rules, default };
            let permitted = can.permit_rules(&set, "test").map(|set| set.rules.len());
            assert_eq!(permitted.as_ref().ok().copied(), left, "{set:?} {permitted:?}");
        }
    }

    #[test]
    fn the_first_rule_that_is_too_much_is_named() {
        let mut can = Capabilities::default();
        (can.rules.create, can.rules.other_protocols) = (true, true);
        let rules = vec![
            rule(Action::Accept, Direction::Ingress, "10.0.0.0/8"),
            rule(Action::Accept, Direction::Egress, "10.0.0.0/8"),
        ];
        let error = can.permit_rules(&RuleSet { rules, default: None }, "test").unwrap_err();
        assert_eq!(error.to_string(), "The test driver cannot make egress rules, as rule 2 asks.");
    }
}
