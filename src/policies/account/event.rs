//! What has happened to the account: who did what, and when.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::id::Id;

/// One thing that has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: Id,
    /// When it happened, in the order of all objects.
    pub made: u64,
    /// What it was.
    pub kind: EventKind,
    /// In a sentence.
    pub message: String,
    /// When it happened, in milliseconds since 1970.
    pub created_at: i64,
    /// Who did it, if somebody did.
    pub actor: Actor,
    /// Where that came from.
    pub address: Option<IpAddr>,
    /// The policy that it was about.
    pub policy: Option<String>,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// The gateway itself.
    Gateway,
    /// The holder of a key.
    Key {
        /// The id of the key.
        id: String,
        /// Its label.
        label: String,
    },
    /// A user of GhostPorts.
    User(String),
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum EventKind {
    FirewallPolicyCreated,
    FirewallPolicyModified,
    FirewallPolicyDeleted,
    FirewallPolicyAssigned,
    FirewallPolicyUnassigned,
    FirewallServiceAdded,
    FirewallServiceModified,
    FirewallServiceDeleted,
    GhostportSuccess,
    GhostportFailure,
    GhostportClose,
    ApiLoginSuccess,
    ApiLoginFailure,
    FirewallZoneFeedSuccess,
    FirewallZoneFeedFailure,
}

impl EventKind {
    /// The word for it, such as `firewall_policy_created`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirewallPolicyCreated => "firewall_policy_created",
            Self::FirewallPolicyModified => "firewall_policy_modified",
            Self::FirewallPolicyDeleted => "firewall_policy_deleted",
            Self::FirewallPolicyAssigned => "firewall_policy_assigned",
            Self::FirewallPolicyUnassigned => "firewall_policy_unassigned",
            Self::FirewallServiceAdded => "firewall_service_added",
            Self::FirewallServiceModified => "firewall_service_modified",
            Self::FirewallServiceDeleted => "firewall_service_deleted",
            Self::GhostportSuccess => "ghostport_success",
            Self::GhostportFailure => "ghostport_failure",
            Self::GhostportClose => "ghostport_close",
            Self::ApiLoginSuccess => "api_login_success",
            Self::ApiLoginFailure => "api_login_failure",
            Self::FirewallZoneFeedSuccess => "firewall_zone_feed_success",
            Self::FirewallZoneFeedFailure => "firewall_zone_feed_failure",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::FirewallPolicyCreated => "Halo firewall policy created",
            Self::FirewallPolicyModified => "Halo firewall policy modified",
            Self::FirewallPolicyDeleted => "Halo firewall policy deleted",
            Self::FirewallPolicyAssigned => "Halo firewall policy assigned",
            Self::FirewallPolicyUnassigned => "Halo firewall policy unassigned",
            Self::FirewallServiceAdded => "Firewall service added",
            Self::FirewallServiceModified => "Firewall service modified",
            Self::FirewallServiceDeleted => "Firewall service deleted",
            Self::GhostportSuccess => "GhostPorts login success",
            Self::GhostportFailure => "GhostPorts login failure",
            Self::GhostportClose => "GhostPorts session close",
            Self::ApiLoginSuccess => "Api key authenticated",
            Self::ApiLoginFailure => "Api key authentication failure",
            Self::FirewallZoneFeedSuccess => "Firewall zone feed taken",
            Self::FirewallZoneFeedFailure => "Firewall zone feed failure",
        }
    }

    /// Whether somebody should look at it.
    pub fn is_critical(self) -> bool {
        matches!(self, Self::GhostportFailure | Self::ApiLoginFailure | Self::FirewallZoneFeedFailure)
    }
}
