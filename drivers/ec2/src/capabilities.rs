//! What the driver is called, and what it can do.

use deltawall_core::{
    Capabilities, ConditionCapabilities, FirewallCapabilities, Order, Replace, Rest, RuleCapabilities,
    SourceCapabilities,
};

/// The id of this driver.
pub const ID: &str = "ec2";

/// How many sources a group's rules may have in each direction, unless Amazon has granted the account more or fewer ("Amazon VPC
/// quotas", Amazon VPC User Guide).
pub const DEFAULT_QUOTA: usize = 60;

pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    firewalls: FirewallCapabilities {
        create: true,
        delete: true,
        networks: true,
        default: false,
        members: true,
        in_memory: false,
        kept: false,
    },
    rules: RuleCapabilities {
        create: true,
        delete: true,
        replace: Replace::Add,
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
        join: true,
        repeat: false,
        count: false,
        quota: Some(DEFAULT_QUOTA),
    },
    sources: SourceCapabilities { groups: true, foreign_groups: false, prefix_lists: true, ipv6: true, ranges: false },
    conditions: ConditionCapabilities::NONE,
    hides_egress: true,
};
