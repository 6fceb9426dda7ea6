//! What is at which path, and which methods it has.

use std::borrow::Cow;

use actix_web::http::Method;
use percent_encoding::percent_decode_str;

use super::types::{ACTIONS, Action, Property, RULES};

/// A version of the API. All are over one and the same state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Beta,
    One,
}

/// What is at a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resource {
    /// All APIs of the device together.
    All,
    Firewall(Version, Part),
    Discovery(Document),
    Cgi(Cgi),
}

/// A part of the firewall API.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Root,
    Activated,
    Conf,
    Rules,
    Property(&'static Property),
    Action(&'static Action),
}

/// A document that says what APIs there are, or describes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    Device,
    Apis,
    Firewall,
    FirewallOne,
    Text,
    Model,
    OpenApi,
    /// A page that shows another document.
    Page(&'static str),
}

/// What clients call before the firewall, to learn what device it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cgi {
    SystemReady,
    BasicDeviceInfo,
    ApiDiscovery,
}

/// Where the documents of the firewall API are.
pub(super) const DOCUMENTS: &str = "/config/discover/apis/firewall/v1";

/// What paths begin with that are of the dialect.
pub(super) const PATHS: [&str; 2] = ["/config", "/axis-cgi"];

impl Resource {
    /// What is at a path; a slash at its end does not matter.
    pub(super) fn at(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let decoded = path.split('/').map(|segment| percent_decode_str(segment).decode_utf8().ok());
        let segments: Vec<_> = decoded.collect::<Option<_>>()?;
        let segments: Vec<&str> = segments.iter().map(Cow::as_ref).collect();
        let ["", first, rest @ ..] = &segments[..] else { return None };
        match (*first, rest) {
            ("config", ["rest", "$all"]) => Some(Self::All),
            ("config", ["rest", "firewall", version, rest @ ..]) => {
                Some(Self::Firewall(Version::named(version)?, Part::at(rest)?))
            }
            ("config", ["discover", rest @ ..]) => Document::at(rest).map(Self::Discovery),
            ("config", ["web-ui", "swagger-ui"]) => Some(Self::Discovery(Document::Page("swagger-ui"))),
            ("config", ["web-ui", "cu-doc.html"]) => Some(Self::Discovery(Document::Page("cu-doc.html"))),
            ("axis-cgi", ["systemready.cgi"]) => Some(Self::Cgi(Cgi::SystemReady)),
            ("axis-cgi", ["basicdeviceinfo.cgi"]) => Some(Self::Cgi(Cgi::BasicDeviceInfo)),
            ("axis-cgi", ["apidiscovery.cgi"]) => Some(Self::Cgi(Cgi::ApiDiscovery)),
            _ => None,
        }
    }

    /// The methods that it has, as `Allow` says them.
    pub(super) fn methods(self) -> &'static str {
        match self {
            Self::Firewall(Version::One, Part::Root) | Self::Firewall(_, Part::Activated) => "GET, HEAD, PATCH, PUT",
            Self::Firewall(_, Part::Action(_)) => "POST, PATCH, PUT",
            Self::Cgi(_) => "POST",
            Self::All | Self::Firewall(..) | Self::Discovery(_) => "GET, HEAD",
        }
    }

    /// Whether it has this method.
    pub(super) fn has(self, method: &Method) -> bool {
        self.methods().split(", ").any(|known| known == method.as_str())
    }

    /// The path with a word for what clients choose, for the figures.
    pub(super) fn route(self) -> &'static str {
        match self {
            Self::All => "/config/rest/$all",
            Self::Firewall(Version::One, part) => part.route()[0],
            Self::Firewall(Version::Beta, part) => part.route()[1],
            Self::Discovery(_) => "/config/discover",
            Self::Cgi(Cgi::SystemReady) => "/axis-cgi/systemready.cgi",
            Self::Cgi(Cgi::BasicDeviceInfo) => "/axis-cgi/basicdeviceinfo.cgi",
            Self::Cgi(Cgi::ApiDiscovery) => "/axis-cgi/apidiscovery.cgi",
        }
    }
}

impl Version {
    fn named(name: &str) -> Option<Self> {
        match name {
            "v1" => Some(Self::One),
            "v1beta" => Some(Self::Beta),
            _ => None,
        }
    }
}

impl Part {
    fn at(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::Root),
            ["activated"] => Some(Self::Activated),
            ["conf"] => Some(Self::Conf),
            ["conf", "rules"] => Some(Self::Rules),
            ["conf", "rules", name] => RULES.iter().find(|property| property.name == *name).map(Self::Property),
            ["conf", name] => ACTIONS.iter().find(|action| action.name == *name).map(Self::Action),
            _ => None,
        }
    }

    /// Its path in v1 and in v1beta.
    fn route(self) -> [&'static str; 2] {
        match self {
            Self::Root => ["/config/rest/firewall/v1", "/config/rest/firewall/v1beta"],
            Self::Activated => ["/config/rest/firewall/v1/activated", "/config/rest/firewall/v1beta/activated"],
            Self::Conf => ["/config/rest/firewall/v1/conf", "/config/rest/firewall/v1beta/conf"],
            Self::Rules => ["/config/rest/firewall/v1/conf/rules", "/config/rest/firewall/v1beta/conf/rules"],
            Self::Property(_) => {
                ["/config/rest/firewall/v1/conf/rules/:property", "/config/rest/firewall/v1beta/conf/rules/:property"]
            }
            Self::Action(_) => ["/config/rest/firewall/v1/conf/:action", "/config/rest/firewall/v1beta/conf/:action"],
        }
    }
}

impl Document {
    fn at(segments: &[&str]) -> Option<Self> {
        match segments {
            [] => Some(Self::Device),
            ["apis"] | ["apis.json"] => Some(Self::Apis),
            ["apis", "firewall"] => Some(Self::Firewall),
            ["apis", "firewall", "v1"] => Some(Self::FirewallOne),
            ["apis", "firewall", "v1", "doc.md"] => Some(Self::Text),
            ["apis", "firewall", "v1", "model.json"] => Some(Self::Model),
            ["apis", "firewall", "v1", "openapi.json"] | ["openapi.json"] => Some(Self::OpenApi),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_case_sensitive_and_may_end_in_a_slash() {
        for path in [
            "/config/rest/firewall/v1",
            "/config/rest/firewall/v1beta/",
            "/config/rest/firewall/v1/conf/rules/testTimeLeft",
            "/config/rest/firewall/v1beta/conf/setRules",
            "/config/rest/%24all",
            "/config/discover/",
            "/config/discover/apis.json",
            "/config/web-ui/swagger-ui/",
        ] {
            assert!(Resource::at(path).is_some(), "{path}");
        }
        for path in [
            "/",
            "/config",
            "/config/rest",
            "/config/rest/$export",
            "/config/rest/firewall/V1",
            "/config/rest/firewall/v2",
            "/config/rest/firewall/v1//conf",
            "/config/rest/firewall/v1/conf/rules/testTimeLeft/x",
            "/config/rest/firewall/v1/conf/setrules",
            "/config/rest/firewall%2Fv1",
            "/config/discover/apis/firewall/v1beta",
        ] {
            assert!(Resource::at(path).is_none(), "{path}");
        }
    }
}
