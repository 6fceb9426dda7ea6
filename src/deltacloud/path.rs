//! Paths: `/api;driver=ec2;provider=eu-west-1/firewalls/ID/RULE`. Matrix parameters on the first segment, then a resource.

use std::borrow::Cow;

use deltawall_core::rule_id::InvalidRuleId;
use deltawall_core::{FirewallId, RuleId};
use percent_encoding::percent_decode_str;

/// What a path names, and what its matrix parameters choose.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) driver: Option<String>,
    pub(super) provider: Option<String>,
    /// None where no resource has such a path.
    pub(super) resource: Option<Resource>,
}

/// The resources of this API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    /// What stands before the API, and sends people to it.
    Root,
    EntryPoint,
    Drivers,
    Driver(String),
    Firewalls,
    Firewall(FirewallId),
    Rules(FirewallId),
    Rule(FirewallId, RuleId<'static>),
    /// A page for people, of which there is no other form.
    Page,
}

/// The methods that resources have. HEAD is answered as GET, and loses its body on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Delete,
    Options,
}

/// The name of the page for making a firewall. As the id of a firewall it can be deleted, and is in the list.
const NEW_FIREWALL_PAGE: &str = "new";

/// What the ids of rules are divided by, as it is and percent-encoded.
const ID_DELIMITERS: [(char, &str); 3] = [('~', "%7E"), ('@', "%40"), (',', "%2C")];

impl Path {
    /// Reads a path as it came over the wire.
    pub(super) fn parse(raw: &str) -> Self {
        let trimmed = raw.strip_prefix('/').unwrap_or(raw);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        let mut segments = trimmed.split('/');
        let mut matrix = segments.next().unwrap_or_default().split(';');
        let first = matrix.next().unwrap_or_default();
        let rest: Vec<&str> = segments.collect();
        let mut path = Self::default();
        for parameter in matrix {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = decode(value).filter(|value| !value.is_empty()).map(Cow::into_owned);
            match name {
                "driver" => path.driver = value,
                "provider" => path.provider = value,
                _ => {}
            }
        }
        path.resource = match first {
            "" if rest.is_empty() => Some(Resource::Root),
            "api" => Resource::parse(&rest),
            _ => None,
        };
        path
    }
}

impl Resource {
    fn parse(segments: &[&str]) -> Option<Self> {
        match *segments {
            [] => Some(Self::EntryPoint),
            ["docs"] => Some(Self::Page),
            ["drivers"] => Some(Self::Drivers),
            ["drivers", name] => decode(name).map(|name| Self::Driver(name.into_owned())),
            ["firewalls"] => Some(Self::Firewalls),
            ["firewalls", id] => Some(Self::Firewall(firewall_id(id)?)),
            ["firewalls", id, "rules"] => Some(Self::Rules(firewall_id(id)?)),
            ["firewalls", id, "new_rule"] => firewall_id(id).map(|_| Self::Page),
            ["firewalls", id, rule] => Some(Self::Rule(firewall_id(id)?, rule_id(rule).ok()?)),
            _ => None,
        }
    }

    /// The methods that this resource has; OPTIONS is one of all.
    pub(super) fn methods(&self) -> &'static [Method] {
        match self {
            Self::Root | Self::EntryPoint | Self::Drivers | Self::Driver(_) | Self::Page => &[Method::Get],
            Self::Firewalls => &[Method::Get, Method::Post],
            Self::Firewall(_) => &[Method::Get, Method::Delete],
            Self::Rules(_) => &[Method::Post],
            Self::Rule(..) => &[Method::Delete],
        }
    }

    /// The `Allow` header of this resource, without a method that its state does not permit.
    pub(super) fn allow(&self, refused: Option<Method>) -> String {
        let mut names = Vec::new();
        for method in self.methods().iter().filter(|method| Some(**method) != refused) {
            names.push(match method {
                Method::Get => "GET, HEAD",
                Method::Post => "POST",
                Method::Delete => "DELETE",
                Method::Options => continue,
            });
        }
        names.push("OPTIONS");
        names.join(", ")
    }

    /// Whether GET shows a page here, and no firewall.
    pub(super) fn is_page(&self) -> bool {
        match self {
            Self::Page => true,
            Self::Firewall(id) => id.as_str() == NEW_FIREWALL_PAGE,
            _ => false,
        }
    }
}

impl Method {
    /// The method of this name, which is case-sensitive in HTTP.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "GET" | "HEAD" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "DELETE" => Some(Self::Delete),
            "OPTIONS" => Some(Self::Options),
            _ => None,
        }
    }
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

fn firewall_id(segment: &str) -> Option<FirewallId> {
    FirewallId::new(decode(segment)?).ok()
}

/// Reads a rule's id, which clients send percent-encoded or as it is. An id may itself hold encoded characters, so
/// it must be known which of the two it was. What encodes a character does so wherever it stands: where one stands
/// both encoded and not, the id came as it is. Otherwise it is decoded, unless only as it is it makes an id.
fn rule_id(segment: &str) -> Result<RuleId<'static>, InvalidRuleId> {
    let upper = segment.to_ascii_uppercase();
    let came_as_it_is = ID_DELIMITERS.iter().any(|(plain, encoded)| upper.contains(*plain) && upper.contains(encoded));
    if came_as_it_is {
        return RuleId::parse(segment);
    }
    let decoded = decode(segment).ok_or(InvalidRuleId::Encoding)?;
    RuleId::parse(&decoded).or_else(|error| RuleId::parse(segment).or(Err(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firewall(id: &str) -> Option<Resource> {
        Some(Resource::Firewall(FirewallId::new(id).unwrap()))
    }

    #[test]
    fn resources() {
        for (path, expected) in [
            ("/", Some(Resource::Root)),
            ("/api", Some(Resource::EntryPoint)),
            ("/api/", Some(Resource::EntryPoint)),
            ("/api/drivers/ec2", Some(Resource::Driver("ec2".into()))),
            ("/api/firewalls/", Some(Resource::Firewalls)),
            ("/api/firewalls/a%20b%2Fc", firewall("a b/c")),
            ("/api/firewalls/a%252Fb", firewall("a%2Fb")),
            ("/api/firewalls/..", firewall("..")),
            ("/api/firewalls/a;b", firewall("a;b")),
            ("/api/firewalls/rules", firewall("rules")),
            ("/api/firewalls/a/new_rule", Some(Resource::Page)),
            ("/api//firewalls", None),
            ("/api/firewalls//", None),
            ("/api/firewalls/%00", None),
            ("/api/firewalls/%ff", None),
            ("/api/firewalls/a/b/c", None),
            ("/API", None),
            ("/other", None),
        ] {
            assert_eq!(Path::parse(path).resource, expected, "{path}");
        }
    }

    #[test]
    fn matrix_parameters_choose() {
        let path = Path::parse("/api;driver=ec2;provider=eu%2Dwest-1;other;x=y/firewalls");
        assert_eq!(path.resource, Some(Resource::Firewalls));
        assert_eq!((path.driver.as_deref(), path.provider.as_deref()), (Some("ec2"), Some("eu-west-1")));
        assert_eq!(Path::parse("/api;driver=;provider").driver, None);
    }

    #[test]
    fn an_id_arrives_encoded_or_as_it_is() {
        let names = ["plain", "a,b", "a~egress", "a@b", "a b", "a/b", "50%", "x,@address,ipv4,0.0.0.0,0"];
        for name in names {
            let escaped: String = name
                .chars()
                .map(|c| match c {
                    '~' | '@' | ',' | '/' | ' ' | '%' => format!("%{:02X}", c as u32),
                    _ => c.to_string(),
                })
                .collect();
            let raw = format!("1~tcp~22~22~@group,1,{escaped},@address,ipv4,10.0.0.0,8");
            let expected = RuleId::parse(&raw).unwrap();
            let fully = raw.replace('%', "%25").replace('~', "%7e").replace('@', "%40").replace(',', "%2C");
            let like_our_hrefs = raw.replace('%', "%25");
            let like_javascript = like_our_hrefs.replace('@', "%40").replace(',', "%2C");
            for spelling in [&raw, &fully, &like_our_hrefs, &like_javascript] {
                assert_eq!(rule_id(spelling).as_ref(), Ok(&expected), "{spelling}");
            }
        }
    }
}
