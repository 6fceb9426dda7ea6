//! Why something is not as a client wants it.

use std::fmt;

use crate::policies::failure::Failure;

/// Why something is not as a client wants it. All is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such object.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What it would be, such as `firewall_zone`.
        kind: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// What was sent is not as it has to be: all that is wrong with it.
    #[error("{}", told(.0))]
    Invalid(Vec<Problem>),
    /// It is another by now than the client has seen.
    #[error("it has changed meanwhile")]
    Stale,
    /// The cloud or the store could not. In a sentence for the log.
    #[error("{0}")]
    Backend(String),
}

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field that it is about.
    pub field: String,
    /// What was in it.
    pub value: String,
    /// What kind of thing it is.
    pub code: Code,
    /// What would be right, in a sentence.
    pub details: String,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// It is missing.
    Required,
    /// It is of another form, or makes no sense there.
    Invalid,
    /// It is too long.
    TooLong,
    /// There are too many.
    TooMany,
    /// There is no such object.
    NotFound,
    /// Another has this name.
    Taken,
    /// Others use it.
    InUse,
    /// It is always there, as it is.
    System,
}

/// How many characters of a client's text an answer repeats.
const MAX_VALUE: usize = 1000;

impl Problem {
    /// One with this field, in which that stood.
    pub fn new(field: impl Into<String>, value: &str, code: Code, details: impl Into<String>) -> Self {
        let value = crate::text::cut(value.into(), MAX_VALUE).into_owned();
        Self { field: field.into(), value, code, details: details.into() }
    }

    /// The same with what is a part of this, such as `firewall_rules[2]`.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self { field: format!("{place}.{}", self.field), ..self }
    }
}

impl Code {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Invalid => "invalid",
            Self::TooLong => "too_long",
            Self::TooMany => "too_many",
            Self::NotFound => "not_found",
            Self::Taken => "taken",
            Self::InUse => "in_use",
            Self::System => "system",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.details)
    }
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl ChangeError {
    /// Other gateways have written each time that this one wanted to.
    pub(super) fn others() -> Self {
        Self::Backend("other gateways change the account all the time".into())
    }
}

impl From<Problem> for ChangeError {
    fn from(problem: Problem) -> Self {
        Self::Invalid(vec![problem])
    }
}

impl From<Failure> for ChangeError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(why) | Failure::Refused(why) | Failure::NotFound(why) => {
                Problem::new("base", "", Code::Invalid, why).into()
            }
            Failure::Backend(why) => Self::Backend(why),
        }
    }
}
