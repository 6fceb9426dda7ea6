//! Making a change.

use std::sync::Arc;

use deltawall_core::{Context, Deletion, Driver, Error, Firewall, Replacement};

use super::change::Change;
use super::rules::{check_position, replaced};
use super::seen::{Expected, before, reading_meant};

/// What a change has made.
#[derive(Debug, Clone)]
pub enum Made {
    /// The firewall as it is now.
    Firewall(Arc<Firewall>),
    /// The firewall goes.
    Deleted(Deletion),
    /// The rule is gone.
    RuleDeleted,
}

/// Makes a change, if the firewall is as expected. The driver is asked for no more than it takes.
///
/// # Errors
/// What the driver says; [`ErrorKind::Conflict`](deltawall_core::ErrorKind::Conflict) where the firewall is not as expected, or has
/// changed while it was looked at.
pub async fn apply(
    driver: &dyn Driver,
    context: &Context,
    change: Change,
    expected: Expected<'_>,
) -> Result<Made, Error> {
    let seen = before(driver, context, &change, expected).await?;
    match change {
        Change::CreateFirewall(new) => driver.create_firewall(context, new).await.map(Made::Firewall),
        Change::DeleteFirewall(id) => driver.delete_firewall(context, &id).await.map(Made::Deleted),
        Change::CreateRule { firewall, rule, position } => {
            check_position(driver, position)?;
            driver.create_rule(context, &firewall, rule, position).await.map(Made::Firewall)
        }
        Change::DeleteRule { firewall, readings } => {
            let rule = reading_meant(driver, &readings, seen.as_deref())?;
            driver.delete_rule(context, &firewall, rule).await.map(|()| Made::RuleDeleted)
        }
        Change::ReplaceRules { firewall, rules, only, allow_gap } => {
            let seen = match seen {
                Some(seen) => seen,
                None => driver.firewall(context, &firewall).await?,
            };
            let rules = replaced(driver, &seen, &rules, only)?;
            let replacement = Replacement { seen: &seen, rules: &rules, allow_gap };
            driver.replace_rules(context, replacement).await.map(Made::Firewall)
        }
    }
}
