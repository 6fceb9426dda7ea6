//! A firewall as it will be.

use deltawall_core::{Account, Driver, Error, ErrorKind, Firewall, NewRule, Rule, RuleSet};

use super::check;

/// A firewall as it would be with these rules.
pub(super) fn with_rules(firewall: &Firewall, rules: &RuleSet) -> Option<Firewall> {
    let owner = firewall.owner.clone().or_else(|| Account::new("nobody").ok())?;
    let made = |new: &NewRule| Rule {
        cloud_id: None,
        content: new.clone().into_content(owner.clone()),
        log: new.log().cloned(),
        description: new.description().cloned(),
    };
    let default = rules.default.or(firewall.default);
    Some(Firewall { rules: rules.rules.iter().map(made).collect(), default, ..firewall.clone() })
}

/// Whether a change of this firewall could be undone by this driver.
///
/// # Errors
/// [`ErrorKind::Unsupported`] with why it could not.
pub(super) fn check_can_undo(driver: &dyn Driver, before: &Firewall, after: &Firewall) -> Result<(), Error> {
    let cannot = |why: &dyn ToString| {
        let message = format!("The change cannot be tried, since it could not be undone: {}", why.to_string());
        Error::new(ErrorKind::Unsupported, driver.id(), message)
    };
    let rules = RuleSet::of(before).map_err(|why| cannot(&why))?;
    check::rules(driver, after, &rules).map(drop).map_err(|why| cannot(&why))
}
