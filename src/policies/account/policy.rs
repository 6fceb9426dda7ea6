//! Policies: rules in their order.

use serde::{Deserialize, Serialize};

use super::id::Id;
use super::rule::{Chain, Rule};

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its id.
    pub id: Id,
    /// When it was made, in the order of all objects.
    pub made: u64,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What runs on the servers that it is for.
    pub platform: Platform,
    /// Stored and shown, without effect.
    pub shared: bool,
    /// Whether traffic that a server forwards is left alone. It is in any case.
    pub ignore_forwarding_rules: bool,
    /// What is kept of a policy for Windows beside its rules.
    pub windows: Windows,
    /// The key that made it.
    pub created_by: Option<String>,
    /// The key that changed it last.
    pub updated_by: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was last changed.
    pub updated_at: i64,
    /// The rules for what comes in, in their order.
    pub input: Vec<Rule>,
    /// The rules for what goes out, in their order.
    pub output: Vec<Rule>,
}

/// What runs on servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

/// What is kept of a policy for Windows beside its rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Whether what passes is logged.
    pub log_allowed: bool,
    /// Whether what does not is.
    pub log_dropped: bool,
    /// Whether what comes in and no rule matches is blocked.
    pub block_inbound: bool,
    /// Whether what goes out and no rule matches is.
    pub block_outbound: bool,
}

impl Platform {
    /// `linux` or `windows`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
        }
    }

    /// Reads its name in any case.
    pub fn read(text: &str) -> Option<Self> {
        [Self::Linux, Self::Windows].into_iter().find(|platform| text.trim().eq_ignore_ascii_case(platform.name()))
    }
}

impl Policy {
    /// The rules of a chain, in their order.
    pub fn chain(&self, chain: Chain) -> &[Rule] {
        match chain {
            Chain::Input => &self.input,
            Chain::Output => &self.output,
        }
    }

    pub(super) fn chain_mut(&mut self, chain: Chain) -> &mut Vec<Rule> {
        match chain {
            Chain::Input => &mut self.input,
            Chain::Output => &mut self.output,
        }
    }

    /// All its rules with their chains: those for what comes in first.
    pub fn rules(&self) -> impl Iterator<Item = (Chain, &Rule)> {
        Chain::ALL.into_iter().flat_map(|chain| self.chain(chain).iter().map(move |rule| (chain, rule)))
    }

    /// Where a rule stands: its chain, and its index there.
    pub fn place(&self, rule: Id) -> Option<(Chain, usize)> {
        let index = |chain| self.chain(chain).iter().position(|known| known.id == rule);
        Chain::ALL.into_iter().find_map(|chain| Some((chain, index(chain)?)))
    }

    /// Whether a rule of it names this object.
    pub fn names(&self, id: Id) -> bool {
        self.rules().any(|(_, rule)| rule.names(id))
    }
}
