//! What the driver is called, what it can do, and how much.

use deltawall_core::{
    Capabilities, ConditionCapabilities, FirewallCapabilities, Order, Replace, Rest, RuleCapabilities,
    SourceCapabilities,
};

/// The id of this driver.
pub const ID: &str = "mock-nftables";

/// The firewall that each host has.
pub(super) const DEVICE: &str = "device";

/// How many firewalls a provider may have.
pub(super) const MAX_FIREWALLS: usize = 2_500;

/// How many rules a firewall may have.
pub(super) const MAX_RULES: usize = 20_000;

/// What nftables can do.
pub(super) const CAPABILITIES: Capabilities = Capabilities {
    firewalls: FirewallCapabilities {
        create: true,
        delete: true,
        networks: false,
        default: true,
        members: true,
        in_memory: true,
        kept: false,
    },
    rules: RuleCapabilities {
        create: true,
        delete: true,
        replace: Replace::Whole,
        order: Order::Ordered,
        rest: Rest::Left,
        egress: true,
        deny: true,
        reject: true,
        log: true,
        log_prefix: true,
        other_protocols: true,
        descriptions: true,
        own_ids: true,
        join: false,
        repeat: true,
        count: true,
        quota: None,
    },
    sources: SourceCapabilities { groups: false, foreign_groups: false, prefix_lists: false, ipv6: true, ranges: true },
    conditions: ConditionCapabilities::ALL,
    hides_egress: false,
};
