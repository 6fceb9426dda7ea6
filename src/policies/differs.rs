//! Whether a firewall has the rules that it is to have, and giving it these.

use deltawall_core::{
    Capabilities, Context, Diff, Direction, Driver, Error, ErrorKind, Firewall, NewRule, Replacement, Rule, RuleSet,
};

/// Whether a firewall has other rules, or does something else with the rest: of one direction, or of both.
pub(super) fn differs(firewall: &Firewall, set: &RuleSet, only: Option<Direction>, can: &Capabilities) -> bool {
    let of_one = only.map(|only| {
        let rules = of_direction(firewall, |direction| direction == only);
        Firewall { rules: rules.cloned().collect(), ..firewall.clone() }
    });
    let seen = of_one.as_ref().unwrap_or(firewall);
    // What denies at the end of a cloud that denies the rest is none that is made.
    let Ok(made) = can.permit_rules(set, "") else { return true };
    let diff = Diff::new(seen, &made, can);
    let is_same = diff.adds.is_empty() && diff.removes.is_empty() && diff.moves.is_empty();
    !is_same || set.default.is_some_and(|default| firewall.default != Some(default))
}

/// Gives a firewall these rules for what comes in, without the journal.
pub(super) async fn replace(
    driver: &dyn Driver,
    context: &Context,
    firewall: &Firewall,
    set: &RuleSet,
) -> Result<(), Error> {
    if !differs(firewall, set, Some(Direction::Ingress), &driver.capabilities()) {
        return Ok(());
    }
    let egress = of_direction(firewall, |direction| direction == Direction::Egress).map(NewRule::of);
    let egress = egress.collect::<Result<Vec<_>, _>>();
    let egress = egress.map_err(|why| Error::new(ErrorKind::Unsupported, driver.id(), why.to_string()))?;
    let set = RuleSet { rules: set.rules.iter().cloned().chain(egress).collect(), default: set.default };
    let replacement = Replacement { seen: firewall, rules: &set, allow_gap: false };
    driver.replace_rules(context, replacement).await.map(drop)
}

fn of_direction(firewall: &Firewall, is_asked: impl Fn(Direction) -> bool) -> impl Iterator<Item = &Rule> {
    firewall.rules.iter().filter(move |rule| is_asked(rule.content.direction))
}
