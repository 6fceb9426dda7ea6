//! The names of operations and methods, for figures and audit. They hold nothing that a client has sent.

use super::path::Operation;

impl Operation<'_> {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::ShowEntryPoint => "show_entry_point",
            Self::ListDrivers => "list_drivers",
            Self::ShowDriver(_) => "show_driver",
            Self::ListFirewalls => "list_firewalls",
            Self::CreateFirewall => "create_firewall",
            Self::ShowFirewall(_) => "show_firewall",
            Self::DeleteFirewall(_) => "delete_firewall",
            Self::CreateRule(_) => "create_rule",
            Self::DeleteRule(..) => "delete_rule",
            Self::ShowNewFirewall(_) => "show_new_firewall",
            Self::ShowNewRule(_) => "show_new_rule",
            Self::ShowReference => "show_reference",
            Self::ShowOpenApi => "show_openapi",
            Self::ShowAsset(_) => "show_asset",
            Self::ShowMethods => "show_methods",
        }
    }

    /// Whether it changes anything at a cloud.
    pub(super) fn is_change(&self) -> bool {
        match self {
            Self::CreateFirewall | Self::DeleteFirewall(_) | Self::CreateRule(_) | Self::DeleteRule(..) => true,
            Self::Redirect
            | Self::ShowEntryPoint
            | Self::ListDrivers
            | Self::ShowDriver(_)
            | Self::ListFirewalls
            | Self::ShowFirewall(_)
            | Self::ShowNewFirewall(_)
            | Self::ShowNewRule(_)
            | Self::ShowReference
            | Self::ShowOpenApi
            | Self::ShowAsset(_)
            | Self::ShowMethods => false,
        }
    }
}

/// A method as figures name it: clients may invent any number of others.
pub(super) fn method_label(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "DELETE", "OPTIONS"].into_iter().find(|known| *known == method).unwrap_or("other")
}
