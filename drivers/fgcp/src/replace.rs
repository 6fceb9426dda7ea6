//! What a replacement of a firewall's rules takes away. Nothing can be made or moved: see `create_rule`.

use deltawall_core::{Error, ErrorKind, Firewall, NewRule, Rule, RuleSet};

use crate::client::DEFAULT_POLICY;
use crate::platform::ID;

/// The ids of the rules that a firewall has and is not to have. The default rule stays, whether it is among those wanted or not:
/// it denies what would be denied without it.
///
/// # Errors
/// [`ErrorKind::Conflict`] when the firewall's rules are not those that were seen, [`ErrorKind::Unsupported`] when a rule is wanted that it
/// has not, or not in this order.
pub(crate) fn unwanted<'a>(firewall: &'a Firewall, seen: &Firewall, wanted: &RuleSet) -> Result<Vec<&'a str>, Error> {
    if firewall.rules != seen.rules {
        let message = format!("The firewall '{}' is not as it was seen: it has been changed meanwhile.", firewall.id);
        return Err(Error::new(ErrorKind::Conflict, ID, message));
    }
    if wanted.default.is_some() {
        return Err(Error::unsupported(ID, "choose what happens to traffic that no rule matches"));
    }
    let mut left = (1..).zip(&wanted.rules).peekable();
    let is_unwanted = |rule: &&Rule| left.next_if(|(_, wanted)| is_it(rule, wanted)).is_none();
    let unwanted: Vec<_> = firewall.rules.iter().filter(is_unwanted).collect();
    if let Some((number, _)) = left.next() {
        return Err(Error::unsupported(ID, &format!("make or move rules, as rule {number} asks")));
    }
    let ids = unwanted.into_iter().filter_map(|rule| rule.cloud_id.as_ref()).map(|id| id.as_str());
    Ok(ids.filter(|id| *id != DEFAULT_POLICY).collect())
}

fn is_it(rule: &Rule, wanted: &NewRule) -> bool {
    let says_the_same = wanted.clone().into_content(rule.content.owner.clone()).same_as(&rule.content);
    says_the_same && wanted.log() == rule.log.as_ref() && wanted.description() == rule.description.as_ref()
}
