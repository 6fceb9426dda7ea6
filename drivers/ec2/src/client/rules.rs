//! One rule made or deleted.

use std::collections::HashSet;
use std::sync::Arc;

use aws_sdk_ec2::types::SecurityGroup;
use deltawall_core::model::InvalidSources;
use deltawall_core::rule_id::MAX_IN_URL;
use deltawall_core::{Error, ErrorKind, Firewall, FirewallId, NewRule, RuleId, Source};

use super::base::{Client, done_but};
use super::changes::Verb;
use super::groups::{MAX_NAME_IN_URL, group_id, group_ids};
use crate::capabilities::ID;
use crate::convert::{self, Names};
use crate::error::no_rule;

impl Client {
    /// One call that authorizes all sources, or none.
    pub(crate) async fn create_rule(&self, id: &FirewallId, new: NewRule) -> Result<Arc<Firewall>, Error> {
        let group = self.find(id.as_str()).await?;
        let group_id = group_id(&group)?;
        self.check_id(&new, &group).await?;
        let known = self.groups_named(new.sources(), &group).await?;
        let ids = group_ids(new.sources(), &known, &group)?;
        let mut seen = HashSet::new();
        if let Some((repeated, _)) = ids.iter().find(|(_, id)| !seen.insert(*id)) {
            let repeated = InvalidSources::Repeated(Source::Group(repeated.clone()));
            return Err(Error::new(ErrorKind::Invalid, ID, repeated.to_string()));
        }
        let permission = convert::permission(&new, &ids)?;
        self.change_rules(group_id, Verb::Authorize, new.direction(), &[permission]).await?;
        self.show(id).await.map_err(|error| done_but("The rule was made", error))
    }

    /// Revokes the permission that the id says, as the group holds it now.
    pub(crate) async fn delete_rule(&self, id: &FirewallId, rule: &RuleId<'_>) -> Result<(), Error> {
        let group = self.find(id.as_str()).await?;
        let group_id = group_id(&group)?;
        let names = self.names(&group).await?;
        let find = |names| -> Result<_, Error> {
            Ok(convert::rules(&group, names)?.into_iter().find(|(held, _)| rule.names(held)))
        };
        let (held, permission) = match find(&names)? {
            Some(found) => found,
            // A rule that was made for a group's id goes by that as well.
            None => find(&Names::default())?.ok_or_else(no_rule)?,
        };
        let permission = convert::to_revoke(permission);
        let unknown = self.change_rules(group_id, Verb::Revoke, held.content.direction, &[permission]).await?;
        if unknown.is_empty() { Ok(()) } else { Err(no_rule()) }
    }

    /// Refuses a rule that EC2 would join with others to one whose id no URL could have. Names are looked up only where it
    /// depends on how long they are.
    async fn check_id(&self, new: &NewRule, group: &SecurityGroup) -> Result<(), Error> {
        let length = |names: &Names| Ok::<_, Error>(RuleId::length_in_url(&convert::joined(new, group, names)?));
        let nameless = Names::default();
        let most = length(&nameless)? + MAX_NAME_IN_URL * convert::unknown_groups(group, &nameless).len();
        if most <= MAX_IN_URL || length(&self.names(group).await?)? <= MAX_IN_URL {
            return Ok(());
        }
        let message = "EC2 would join the rule with those for the same traffic, to one whose id is too long for a URL.";
        Err(Error::new(ErrorKind::Invalid, ID, message))
    }
}
