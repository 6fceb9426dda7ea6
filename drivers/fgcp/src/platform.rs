//! What the platform is called, where it is, and what it can do.

use deltawall_core::{
    Capabilities, ConditionCapabilities, FirewallCapabilities, Order, Replace, Rest, RuleCapabilities,
    SourceCapabilities,
};

/// The id of this driver.
pub const ID: &str = "fgcp";

/// The data centre, certificates and templates that the driver has if it is given no others.
pub const SAMPLE_DATA: &str = include_str!("../../../fixtures/fgcp.toml");

/// The certificate's folder and passphrase of [`SAMPLE_DATA`]. They open nothing else.
pub const SAMPLE_LOGIN: (&str, &str) = ("fgcpuser", "fgcppassword");

/// The platform's regions. The first is the one that is used where none is chosen.
pub(crate) const REGIONS: [&str; 7] = ["jp-east", "jp-west", "au", "sg", "uk", "us", "de"];

pub(crate) const CAPABILITIES: Capabilities = Capabilities {
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
        create: false,
        delete: true,
        replace: Replace::Remove,
        order: Order::Ordered,
        rest: Rest::Denied,
        egress: true,
        deny: true,
        reject: false,
        log: true,
        log_prefix: false,
        other_protocols: false,
        descriptions: false,
        own_ids: true,
        join: false,
        repeat: false,
        count: false,
        quota: None,
    },
    sources: SourceCapabilities {
        groups: false,
        foreign_groups: false,
        prefix_lists: false,
        ipv6: false,
        ranges: false,
    },
    conditions: ConditionCapabilities::NONE,
    hides_egress: false,
};
