//! A change as it is kept.

use std::fmt;

use super::change_id::ChangeId;
use super::expiry::Expiry;
use super::place::Place;
use crate::clock::Timestamp;

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The driver is asked, or is about to be.
    Applying,
    /// It is made, and undoes itself unless it is confirmed in time.
    Trying,
    /// It was tried and stays.
    Confirmed,
    /// It is being undone, again and again until it is.
    Undoing,
    /// It was undone.
    Undone,
    /// It is made.
    Done,
    /// It was not made.
    Failed,
    /// Nobody knows whether it was made.
    Unknown,
}

/// A change as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is called.
    pub id: ChangeId,
    /// The firewall.
    pub place: Place,
    /// Who asked for it; never a secret.
    pub user: String,
    /// What was done, in a word such as `create_rule`.
    pub operation: String,
    /// Why, in the words of who asked for it.
    pub why: Option<String>,
    /// How far it has come.
    pub state: State,
    /// When it began.
    pub made_at: Timestamp,
    /// Until when it has to be confirmed, where it is tried.
    pub confirm_by: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// Who has undone it; none where its time was over.
    pub undone_by: Option<String>,
    /// Why it failed, or what is in the way of undoing it.
    pub note: Option<String>,
    /// How often it was tried to undo it.
    pub attempts: u32,
    /// Whether it has taken away a rule that would have ended by itself, and that is forgotten.
    pub forgot_expiry: bool,
    /// The firewall before, as `changes` writes firewalls; none where it was not there, or not looked at.
    pub before: Option<String>,
    /// The firewall after; as it is planned to be until the driver has answered. None where it is not there any more, or not known.
    pub after: Option<String>,
    /// The gateway that works on it, and until when no other does.
    pub held: Option<(String, Timestamp)>,
}

impl Record {
    /// A change that begins now: nothing is known of it but this.
    pub fn begun(id: ChangeId, place: Place, user: &str, operation: &str, now: Timestamp) -> Self {
        Self {
            id,
            place,
            user: user.to_owned(),
            operation: operation.to_owned(),
            why: None,
            state: State::Applying,
            made_at: now,
            confirm_by: None,
            ended_at: None,
            undone_by: None,
            note: None,
            attempts: 0,
            forgot_expiry: false,
            before: None,
            after: None,
            held: None,
        }
    }
}

/// Credentials that only the key can open.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// What is kept before the driver is asked; of what is kept otherwise, such as that a rule has ended, after it has answered.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The change. One that is not [open](State::is_open) stands in nobody's way, and nobody in its.
    pub record: Record,
    /// The trial whose place it takes, and the step that ends that. Where that step cannot be made, nothing begins.
    pub instead_of: Option<(ChangeId, Step)>,
    /// How it leaves the firewall.
    pub left: Left,
    /// The ids of expiries that are over with it.
    pub gone: Vec<String>,
    /// The credentials that it is ended with, where it is a trial and they are not the gateway's own.
    pub credentials: Option<Sealed>,
    /// What of it ends by itself, each with the credentials for that, where they are not the gateway's own.
    pub expiries: Vec<(Expiry, Option<Sealed>)>,
}

/// A step of a change.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The states that it may be in.
    pub from: Vec<State>,
    /// The state that it comes to; none where it stays in its state. With one that is not [open](State::is_open) its credentials are gone.
    /// Nobody has undone a trial that goes on.
    pub to: Option<State>,
    /// The time now: a change that another gateway holds is let alone until its time is over, and an end is at this time.
    pub at: Option<Timestamp>,
    /// The gateway that works on it from now on, and until when; it is given up where this is none.
    pub held: Option<(String, Timestamp)>,
    /// The gateway that makes the step, which may be the one that holds it.
    pub by: String,
    /// Who has undone it.
    pub undone_by: Option<String>,
    /// What is to be said of it, where that is new.
    pub note: Option<String>,
    /// Whether it is one more attempt to undo it.
    pub is_attempt: bool,
    /// The firewall, where its id or owner is known better now.
    pub place: Option<Place>,
    /// The firewall after the change, where that is known better now.
    pub after: Option<String>,
    /// Whether a rule that would have ended by itself was taken away for good.
    pub forgets_expiry: bool,
    /// How the firewall is left.
    pub left: Left,
    /// Credentials to go on with, in the place of those there are.
    pub credentials: Option<Sealed>,
    /// What becomes of expiries.
    pub expiries: ExpiryStep,
}

/// How a step leaves the firewall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Left {
    /// As it was, for all that is known.
    #[default]
    Same,
    /// So, as `changes` writes firewalls.
    As(String),
    /// Nobody knows, or it is gone: what was known of it is forgotten.
    Unknown,
}

/// What becomes of expiries with a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ExpiryStep {
    /// Nothing.
    #[default]
    Stay,
    /// Those that the change has asked for go: it was not made, or is undone.
    Forget,
    /// These go, of whichever change: their rules are gone, or end at another time. Of those that the change has asked for, these cloud's ids are known now, by the expiry's id.
    Settle {
        /// The ids of expiries.
        gone: Vec<String>,
        /// The cloud's ids by expiries' ids.
        cloud_ids: Vec<(String, String)>,
    },
}

/// Which changes are asked for. What is none is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The id of the driver.
    pub driver: Option<String>,
    /// The provider.
    pub provider: Option<String>,
    /// The firewall's id.
    pub firewall: Option<String>,
    /// How far they have come.
    pub state: Option<State>,
    /// Who asked for them.
    pub user: Option<String>,
    /// Not made before then.
    pub since: Option<Timestamp>,
    /// Made before then.
    pub until: Option<Timestamp>,
    /// Those that stand behind this one in the list.
    pub before: Option<ChangeId>,
    /// How many at most.
    pub limit: usize,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Applying,
        Self::Trying,
        Self::Confirmed,
        Self::Undoing,
        Self::Undone,
        Self::Done,
        Self::Failed,
        Self::Unknown,
    ];

    /// `applying`, `trying` and so on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applying => "applying",
            Self::Trying => "trying",
            Self::Confirmed => "confirmed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether something is still to be done with the change, so that no other may be made of its firewall.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Applying | Self::Trying | Self::Undoing)
    }
}

/// Without what is sealed.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}
