//! Which rules answers show.

use deltawall_core::{Capabilities, Direction, Rule};

/// Which of a firewall's rules an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ShownRules {
    All,
    Only(Direction),
}

impl ShownRules {
    /// What answers show where the client does not say.
    pub(super) fn by_default(capabilities: Capabilities) -> Self {
        if capabilities.hides_egress { Self::Only(Direction::Ingress) } else { Self::All }
    }

    /// Whether this rule is shown.
    pub(super) fn has(self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Only(direction) => rule.content.direction == direction,
        }
    }
}
