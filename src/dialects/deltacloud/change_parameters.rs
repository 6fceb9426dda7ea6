//! The parameters of how a change is to be made, and of which changes are asked for.

use super::parameter::{Parameter, Syntax};

pub(super) const CONFIRM_WITHIN: Parameter = Parameter {
    name: "confirm_within",
    syntax: Syntax::Number(1, 86_400),
    is_required: false,
    meaning: "The change is a trial: it undoes itself unless it is confirmed within so many seconds.",
    example: "",
};

pub(super) const EXPIRES_IN: Parameter = Parameter {
    name: "expires_in",
    syntax: Syntax::Number(1, 31_622_400),
    is_required: false,
    meaning: "The rules that the change adds go by themselves after so many seconds.",
    example: "",
};

pub(super) const EXPIRES_AT: Parameter = Parameter {
    name: "expires_at",
    syntax: Syntax::Time,
    is_required: false,
    meaning: "The rules that the change adds go by themselves then: a time of RFC 3339, such as 2030-12-01T12:00:00Z.",
    example: "",
};

pub(super) const WHY: Parameter = Parameter {
    name: "why",
    syntax: Syntax::Text,
    is_required: false,
    meaning: "Why the change is made, for the journal: at most 1000 characters.",
    example: "",
};

pub(super) const OF_FIREWALL: Parameter = Parameter {
    name: "firewall",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "Only changes of the firewall with this id.",
    example: "",
};

pub(super) const STATE: Parameter = Parameter {
    name: "state",
    syntax: Syntax::Word(&["applying", "trying", "confirmed", "undoing", "undone", "done", "failed", "unknown"]),
    is_required: false,
    meaning: "Only changes that have come so far.",
    example: "",
};

pub(super) const USER: Parameter = Parameter {
    name: "user",
    syntax: Syntax::Exact,
    is_required: false,
    meaning: "Only changes that this user has asked for.",
    example: "",
};

pub(super) const SINCE: Parameter = Parameter {
    name: "since",
    syntax: Syntax::Time,
    is_required: false,
    meaning: "Only changes that were made then or later.",
    example: "",
};

pub(super) const UNTIL: Parameter = Parameter {
    name: "until",
    syntax: Syntax::Time,
    is_required: false,
    meaning: "Only changes that were made before then.",
    example: "",
};

pub(super) const MOST: Parameter = Parameter {
    name: "limit",
    syntax: Syntax::Number(1, 500),
    is_required: false,
    meaning: "How many changes at most; 50 where it is left out.",
    example: "",
};

pub(super) const BEFORE: Parameter = Parameter {
    name: "before",
    syntax: Syntax::Change,
    is_required: false,
    meaning: "Only changes that stand behind the one with this id.",
    example: "",
};

pub(super) const ACTION: Parameter = Parameter {
    name: "action",
    syntax: Syntax::Word(&["adopt", "revert"]),
    is_required: true,
    meaning: "adopt lets the firewall be as it is; revert makes it again what our last change has left.",
    example: "adopt",
};
