//! What the driver's things are called in the kernel: made of numbers, never of a client's text.

use deltawall_core::Direction;

/// The chain where rules that accept go.
pub(crate) const ACCEPTED: &str = "accepted";

/// The set of the marks whose connections go on.
pub(crate) const LIVE: &str = "live";

/// What stands before a rule's id in the comments of nft's rules.
const OURS: &str = "dw:";

/// The chain of a firewall's rules.
pub(crate) fn chain_of(firewall: u32, direction: Direction) -> String {
    match direction {
        Direction::Ingress => format!("fw_{firewall}_in"),
        Direction::Egress => format!("fw_{firewall}_out"),
    }
}

/// The rate of a rule.
pub(crate) fn limit_of(rule: u32) -> String {
    format!("limit_{rule}")
}

/// The comment of a rule's.
pub(crate) fn comment(id: &str) -> String {
    format!("{OURS}{id}")
}

/// The rule whose comment this is.
pub(crate) fn commented(comment: &str) -> Option<&str> {
    comment.strip_prefix(OURS)
}
