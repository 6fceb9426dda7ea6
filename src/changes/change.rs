//! One thing that is done to a firewall.

use deltawall_core::{Direction, FirewallId, NewFirewall, NewRule, Position, RuleId, RuleSet};

/// One thing that is done to a firewall.
#[derive(Debug, Clone)]
pub enum Change {
    /// It is made.
    CreateFirewall(NewFirewall),
    /// It goes, with its rules.
    DeleteFirewall(FirewallId),
    /// It gets one more rule.
    CreateRule {
        /// The firewall.
        firewall: FirewallId,
        /// The rule.
        rule: NewRule,
        /// Where it is to stand.
        position: Position,
    },
    /// One of its rules goes.
    DeleteRule {
        /// The firewall.
        firewall: FirewallId,
        /// What the rule's id may mean: the first, unless another is that of a rule that is there.
        readings: Vec<RuleId<'static>>,
    },
    /// One of its rules becomes another, or gets another place. All others stay as they are.
    EditRule {
        /// The firewall.
        firewall: FirewallId,
        /// What the rule's id may mean, as for a rule that goes.
        readings: Vec<RuleId<'static>>,
        /// What the rule becomes; none where it only moves.
        rule: Option<NewRule>,
        /// Where it is to stand; none where it stands.
        position: Option<Position>,
        /// Whether [what both accept may be closed](deltawall_core::Replacement::allow_gap) for a moment.
        allow_gap: bool,
    },
    /// Its rules become these.
    ReplaceRules {
        /// The firewall.
        firewall: FirewallId,
        /// The rules.
        rules: RuleSet,
        /// The direction that they are all of, where rules of the other stay as they are.
        only: Option<Direction>,
        /// Whether [what both accept may be closed](deltawall_core::Replacement::allow_gap) for a moment.
        allow_gap: bool,
    },
}

impl Change {
    /// Whether rules may be removed before others are added.
    pub fn allows_gap(&self) -> bool {
        matches!(self, Self::ReplaceRules { allow_gap: true, .. } | Self::EditRule { allow_gap: true, .. })
    }

    /// Whose turn it takes: a firewall that is to be made has one by its name.
    pub fn turn(&self) -> FirewallId {
        match self {
            Self::CreateFirewall(new) => FirewallId::from(&new.name),
            Self::DeleteFirewall(firewall)
            | Self::CreateRule { firewall, .. }
            | Self::DeleteRule { firewall, .. }
            | Self::EditRule { firewall, .. }
            | Self::ReplaceRules { firewall, .. } => firewall.clone(),
        }
    }

    /// The firewall that is there already; none where one is made.
    pub fn firewall(&self) -> Option<&FirewallId> {
        match self {
            Self::CreateFirewall(_) => None,
            Self::DeleteFirewall(firewall)
            | Self::CreateRule { firewall, .. }
            | Self::DeleteRule { firewall, .. }
            | Self::EditRule { firewall, .. }
            | Self::ReplaceRules { firewall, .. } => Some(firewall),
        }
    }
}
