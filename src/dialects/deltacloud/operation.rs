//! What can be done, and by which methods.

use super::format::{FORMATS, Format};
use super::segment::Segment;

/// The methods that resources have. HEAD is answered as GET, and loses its body on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
    Options,
}

/// What a method does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation<'a> {
    Redirect,
    ShowEntryPoint,
    ListDrivers,
    ShowDriver(&'a Segment),
    ListFirewalls,
    CreateFirewall,
    ShowFirewall(&'a Segment),
    DeleteFirewall(&'a Segment),
    CreateRule(&'a Segment),
    DeleteRule(&'a Segment, &'a Segment),
    ReplaceRules(&'a Segment),
    EditRule(&'a Segment, &'a Segment),
    MoveRule(&'a Segment, &'a Segment),
    ShowNewFirewall(&'a Segment),
    ShowNewRule(&'a Segment),
    ShowEditRule(&'a Segment, &'a Segment),
    ShowReference,
    ShowOpenApi,
    ShowAsset(&'a Segment),
    ShowMethods,
    ListChanges,
    ShowChange(&'a Segment),
    ConfirmChange(&'a Segment),
    UndoChange(&'a Segment),
    ShowDrift(&'a Segment),
    SettleDrift(&'a Segment),
}

impl Operation<'_> {
    /// What it is called in figures and audit. It holds nothing that a client has sent.
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
            Self::ReplaceRules(_) => "replace_rules",
            Self::EditRule(..) => "edit_rule",
            Self::MoveRule(..) => "move_rule",
            Self::ShowNewFirewall(_) => "show_new_firewall",
            Self::ShowNewRule(_) => "show_new_rule",
            Self::ShowEditRule(..) => "show_edit_rule",
            Self::ShowReference => "show_reference",
            Self::ShowOpenApi => "show_openapi",
            Self::ShowAsset(_) => "show_asset",
            Self::ShowMethods => "show_methods",
            Self::ListChanges => "list_changes",
            Self::ShowChange(_) => "show_change",
            Self::ConfirmChange(_) => "confirm_change",
            Self::UndoChange(_) => "undo_change",
            Self::ShowDrift(_) => "show_drift",
            Self::SettleDrift(_) => "settle_drift",
        }
    }

    /// Whether it changes anything at a cloud.
    pub(super) fn is_change(&self) -> bool {
        match self {
            Self::CreateFirewall
            | Self::DeleteFirewall(_)
            | Self::CreateRule(_)
            | Self::DeleteRule(..)
            | Self::ReplaceRules(_)
            | Self::EditRule(..)
            | Self::MoveRule(..)
            | Self::ConfirmChange(_)
            | Self::UndoChange(_)
            | Self::SettleDrift(_) => true,
            Self::Redirect
            | Self::ShowEntryPoint
            | Self::ListDrivers
            | Self::ShowDriver(_)
            | Self::ListFirewalls
            | Self::ShowFirewall(_)
            | Self::ShowNewFirewall(_)
            | Self::ShowNewRule(_)
            | Self::ShowEditRule(..)
            | Self::ShowReference
            | Self::ShowOpenApi
            | Self::ShowAsset(_)
            | Self::ShowMethods
            | Self::ListChanges
            | Self::ShowChange(_)
            | Self::ShowDrift(_) => false,
        }
    }

    /// Whether it can be made of a firewall as it was seen alone.
    pub(super) fn takes_precondition(&self) -> bool {
        let is_of_the_journal = matches!(self, Self::ConfirmChange(_) | Self::UndoChange(_) | Self::SettleDrift(_));
        self.is_change() && !is_of_the_journal
    }

    /// The formats that its answer can be had in; none where the client has no choice, nor of a driver.
    pub(super) fn formats(self) -> Option<&'static [Format]> {
        match self {
            Self::Redirect | Self::ShowMethods | Self::ShowOpenApi | Self::ShowAsset(_) => None,
            Self::ShowNewRule(_)
            | Self::ShowEditRule(..)
            | Self::EditRule(..)
            | Self::MoveRule(..)
            | Self::ShowReference => Some(&[Format::Html]),
            _ => Some(&FORMATS),
        }
    }
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    /// The method of this name, which is case-sensitive in HTTP.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "GET" | "HEAD" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "DELETE" => Some(Self::Delete),
            "OPTIONS" => Some(Self::Options),
            _ => None,
        }
    }
}
