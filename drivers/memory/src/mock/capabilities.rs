//! What the driver is called, and what it can do.

use deltawall_core::{
    Capabilities, ConditionCapabilities, FirewallCapabilities, Order, Replace, Rest, RuleCapabilities,
    SourceCapabilities,
};

/// The id of this driver.
pub const ID: &str = "mock";

/// What EC2's security groups can do, and that their rules can be replaced in one step.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    firewalls: FirewallCapabilities {
        create: true,
        delete: true,
        networks: false,
        default: false,
        members: true,
        in_memory: true,
        kept: false,
    },
    rules: RuleCapabilities {
        create: true,
        delete: true,
        replace: Replace::Whole,
        order: Order::Unordered,
        rest: Rest::Denied,
        egress: true,
        deny: false,
        reject: false,
        log: false,
        log_prefix: false,
        other_protocols: true,
        descriptions: true,
        own_ids: false,
        join: false,
        repeat: false,
        count: false,
        quota: Some(60),
    },
    sources: SourceCapabilities { groups: true, foreign_groups: true, prefix_lists: false, ipv6: true, ranges: false },
    conditions: ConditionCapabilities::NONE,
    hides_egress: false,
};
