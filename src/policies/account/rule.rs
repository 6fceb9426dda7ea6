//! Rules of policies.

use deltawall_core::State;
use serde::{Deserialize, Serialize};

use super::id::Id;

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: Id,
    /// What it does with what it matches.
    pub action: Action,
    /// Whether it is in force where its policy is.
    pub is_active: bool,
    /// The states that a connection is in, as they were given; none for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<StateName>,
    /// Whether what it matches is logged.
    pub log: bool,
    /// What stands before what is logged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub log_prefix: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The interface; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<Id>,
    /// The service; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Id>,
    /// Where traffic comes from, or goes to; none for anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
}

/// Which way the traffic goes that a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Chain {
    /// To the servers.
    Input,
    /// From the servers.
    Output,
}

/// What a rule does with what it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It passes.
    Accept,
    /// It does not.
    Drop,
    /// It does not, and the sender is told.
    Reject,
}

/// A state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateName {
    /// Its first packet.
    New,
    /// It belongs to another.
    Related,
    /// Packets have gone both ways.
    Established,
}

/// The other end of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Peer {
    /// The addresses of a zone.
    Zone(Id),
    /// The active servers of a group.
    Group(Id),
    /// All active servers.
    AllServers,
    /// A user, while there is an open GhostPorts session of hers.
    User(Id),
    /// All users that have one.
    AllUsers,
}

/// The name of all active servers, as it is shown.
pub const ALL_SERVERS: &str = "All active servers";

/// The name of all users with GhostPorts, as it is shown.
pub const ALL_USERS: &str = "All GhostPorts users";

impl Rule {
    /// How many bytes stand before what is logged, at the most.
    pub const MAX_LOG_PREFIX: usize = 29;

    /// The id of what its other end is, where that can change without the rule.
    fn peer_id(&self) -> Option<Id> {
        match self.peer? {
            Peer::Zone(id) | Peer::Group(id) | Peer::User(id) => Some(id),
            Peer::AllUsers => Some(all_users()),
            Peer::AllServers => None,
        }
    }

    /// Whether it is for traffic of users.
    pub fn is_for_users(&self) -> bool {
        matches!(self.peer, Some(Peer::User(_) | Peer::AllUsers))
    }

    /// Whether it names this object.
    pub fn names(&self, id: Id) -> bool {
        [self.interface, self.service, self.peer_id()].contains(&Some(id))
    }
}

/// The id that all users have together.
pub fn all_users() -> Id {
    Id::of(&["user group", ALL_USERS])
}

impl Chain {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Input, Self::Output];

    /// `INPUT` or `OUTPUT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "INPUT",
            Self::Output => "OUTPUT",
        }
    }

    /// Reads its name in any case.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|chain| text.trim().eq_ignore_ascii_case(chain.name()))
    }
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Drop, Self::Reject];

    /// `ACCEPT`, `DROP` or `REJECT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Drop => "DROP",
            Self::Reject => "REJECT",
        }
    }

    /// Reads its name in any case.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| text.trim().eq_ignore_ascii_case(action.name()))
    }
}

impl StateName {
    const ALL: [Self; 3] = [Self::New, Self::Related, Self::Established];

    /// `NEW`, `RELATED` or `ESTABLISHED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Related => "RELATED",
            Self::Established => "ESTABLISHED",
        }
    }

    /// Reads names in any case with commas between; `ANY` and nothing are any, and so no state. None where one is none.
    pub fn read_all(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() || text.trim().eq_ignore_ascii_case("any") {
            return Some(Vec::new());
        }
        let mut states = Vec::new();
        for name in text.split(',') {
            let state = Self::ALL.into_iter().find(|state| name.trim().eq_ignore_ascii_case(state.name()))?;
            if !states.contains(&state) {
                states.push(state);
            }
        }
        Some(states)
    }
}

impl From<StateName> for State {
    fn from(state: StateName) -> Self {
        match state {
            StateName::New => Self::New,
            StateName::Related => Self::Related,
            StateName::Established => Self::Established,
        }
    }
}
