//! The one error of all drivers.

use std::error::Error as StdError;
use std::fmt;

/// Why a driver did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    /// What sort of failure it is: dialects make a status of this.
    pub kind: ErrorKind,
    /// The id of the driver that failed.
    pub driver: &'static str,
    /// The cloud's own code, such as `InvalidGroup.InUse`, where it gave one.
    pub code: Option<String>,
    /// What went wrong, in the cloud's words where it had any.
    pub message: String,
    /// What it came from, for the log. It must hold no credentials.
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The sorts of failure that a client can tell apart. Drivers and dialects live in one workspace, so the list is
/// not `#[non_exhaustive]`: a new kind must not compile until each dialect has an answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// What was asked cannot be right, whatever the state of the cloud: an unknown provider, say.
    Invalid,
    /// The credentials are not those of anybody.
    Unauthenticated,
    /// The credentials are right, and their account may not do this.
    Forbidden,
    /// There is no such firewall, rule, group or template.
    NotFound,
    /// It cannot be done to this thing in the state it is in.
    State,
    /// The name is taken (EC2 has a refusal of its own for that), or a firewall is not as the caller has seen it.
    Conflict,
    /// This driver does not have this operation or property, on any firewall.
    Unsupported,
    /// The cloud refused for a reason of its own: in use, there already, quota.
    Refused,
    /// Something that the gateway keeps stands against it: a trial, a guard. No driver says it.
    Blocked,
    /// What has to be kept before it is done cannot be, so it was not done.
    Unrecorded,
    /// There was no [`Room`](crate::Room) for the cloud's answer.
    Overloaded,
    /// The cloud could not be reached, or broke off.
    Unavailable,
    /// The cloud did not answer in time. Whether it acted is unknown.
    Timeout,
    /// A fault of the driver.
    Internal,
}

impl Error {
    /// An error in the driver's own words.
    pub fn new(kind: ErrorKind, driver: &'static str, message: impl Into<String>) -> Self {
        Self { kind, driver, code: None, message: message.into(), source: None }
    }

    /// The refusal of what the driver cannot do at all, such as "create rules".
    pub fn unsupported(driver: &'static str, what: &str) -> Self {
        Self::new(ErrorKind::Unsupported, driver, format!("The {driver} driver cannot {what}."))
    }

    /// The same error with the cloud's own code.
    #[must_use]
    pub fn with_code(self, code: impl Into<String>) -> Self {
        Self { code: Some(code.into()), ..self }
    }

    /// The same error with what it came from.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}

/// What clients are shown: `CODE: message`, or the message alone.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}
