//! Asking a driver to make a change.

use std::sync::Arc;

use deltawall_core::{Context, Deletion, Driver, Error, Firewall, FirewallId, Replacement, RuleSet};

use super::change::Change;
use super::rules::{check_position, edited, replaced};
use super::seen::reading_meant;

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

/// Makes a change of a firewall that was seen so, where it was looked at. The driver is asked for no more than it takes.
///
/// # Errors
/// What the driver says.
pub(super) async fn apply(
    driver: &dyn Driver,
    context: &Context,
    change: Change,
    seen: Option<Arc<Firewall>>,
) -> Result<Made, Error> {
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
        Change::EditRule { firewall, readings, rule, position, allow_gap } => {
            let seen = known(driver, context, &firewall, seen).await?;
            let rules = edited(driver, &seen, &readings, rule, position)?;
            replace(driver, context, &seen, &rules, allow_gap).await
        }
        Change::ReplaceRules { firewall, rules, only, allow_gap } => {
            let seen = known(driver, context, &firewall, seen).await?;
            let rules = replaced(driver, &seen, &rules, only)?;
            replace(driver, context, &seen, &rules, allow_gap).await
        }
    }
}

/// The firewall, which is looked at where it was not.
async fn known(
    driver: &dyn Driver,
    context: &Context,
    id: &FirewallId,
    seen: Option<Arc<Firewall>>,
) -> Result<Arc<Firewall>, Error> {
    match seen {
        Some(seen) => Ok(seen),
        None => driver.firewall(context, id).await,
    }
}

async fn replace(
    driver: &dyn Driver,
    context: &Context,
    seen: &Firewall,
    rules: &RuleSet,
    allow_gap: bool,
) -> Result<Made, Error> {
    driver.replace_rules(context, Replacement { seen, rules, allow_gap }).await.map(Made::Firewall)
}
