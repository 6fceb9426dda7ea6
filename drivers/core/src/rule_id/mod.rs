//! The ids of rules.
//!
//! EC2 had no ids for rules when Deltacloud was written, so Deltacloud made them from what a rule says:
//!
//! ```text
//! OWNER~PROTOCOL~FROM~TO~SOURCES
//! 393485797142~tcp~22~22~@group,393485797142,default,@address,ipv4,10.1.2.3,24
//! ```
//!
//! A group's name may hold `~`, `@`, `,`, `/` and spaces, which would make such an id mean two things. Those
//! and `%` are percent-encoded here within a field, so each id parses back to what made it, and ids of
//! ordinary names are as they always were. `~egress`, and `~deny` or `~reject`, follow where they apply.
//! Clouds whose rules have ids of their own use those. Conditions are not in an id, so rules that have any are on such clouds alone.

mod parse;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::fmt;

use crate::model::{NewRule, Rule, RuleContent};
use crate::text::{CloudRuleId, length_in_url};
pub use parse::InvalidRuleId;
use write::Written;

/// How many bytes of a URL the id of a new rule may take, however it is encoded there. HTTP servers and proxies want a
/// request's first line to be shorter than 64 KiB, and the firewall's id ([`text::MAX_ID_IN_URL`](crate::text::MAX_ID_IN_URL))
/// and the choice of driver and provider are in it, too.
pub const MAX_IN_URL: usize = 60_000;

/// How many bytes of a URL an account takes at the most: EC2's have twelve digits, and no cloud's have more than 255 characters.
const ACCOUNT_IN_URL: usize = 3 * 255;

/// What a rule is addressed by, within its firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleId<'a> {
    /// The cloud's own id.
    Cloud(Cow<'a, CloudRuleId>),
    /// What the rule says, where the cloud has no ids.
    Content(Cow<'a, RuleContent>),
}

impl Rule {
    /// What the rule is addressed by, within its firewall.
    pub fn id(&self) -> RuleId<'_> {
        match &self.cloud_id {
            Some(id) => RuleId::Cloud(Cow::Borrowed(id)),
            None => RuleId::Content(Cow::Borrowed(&self.content)),
        }
    }
}

impl RuleId<'_> {
    /// Whether this is the id of `rule`, however it is spelled: order of sources and bits past a prefix do not matter.
    pub fn names(&self, rule: &Rule) -> bool {
        match (self, &rule.cloud_id) {
            (Self::Cloud(id), Some(cloud_id)) => **id == *cloud_id,
            (Self::Content(content), None) => content.same_as(&rule.content),
            _ => false,
        }
    }

    /// How many bytes of a URL the id of this rule takes at the most, where it is what the rule says, whoever owns the firewall.
    pub fn length_in_url(new: &NewRule) -> usize {
        let (protocol, direction, action) = (new.protocol(), new.direction(), new.action());
        ACCOUNT_IN_URL + length_in_url(&Written { owner: "", protocol, direction, action, sources: new.sources() })
    }

    /// The same id, of its own.
    pub fn into_owned(self) -> RuleId<'static> {
        match self {
            Self::Cloud(id) => RuleId::Cloud(Cow::Owned(id.into_owned())),
            Self::Content(content) => RuleId::Content(Cow::Owned(content.into_owned())),
        }
    }
}

impl RuleId<'static> {
    /// Reads an id of either form.
    ///
    /// # Errors
    /// When it could not have been written for any rule.
    pub fn parse(text: &str) -> Result<Self, InvalidRuleId> {
        if text.contains('~') {
            return parse::content(text).map(|content| Self::Content(Cow::Owned(content)));
        }
        CloudRuleId::new(text).map(|id| Self::Cloud(Cow::Owned(id))).or(Err(InvalidRuleId::Form))
    }
}

impl fmt::Display for RuleId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(id) => f.write_str(id.as_str()),
            Self::Content(content) => {
                let RuleContent { owner, protocol, direction, action, sources, conditions: _ } = &**content;
                let (owner, protocol, direction, action) = (owner.as_str(), *protocol, *direction, *action);
                Written { owner, protocol, direction, action, sources }.fmt(f)
            }
        }
    }
}
