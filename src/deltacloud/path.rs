//! Paths: `/api;driver=ec2;provider=eu-west-1/firewalls/ID/RULE`. Matrix parameters on the first segment, then a resource.

use std::borrow::Cow;
use std::sync::LazyLock;

use deltawall_core::{FirewallId, RuleId};
use percent_encoding::percent_decode_str;

use super::error::{ApiError, Failure};
use super::parameters::shown;

/// What a path names, and what its matrix parameters choose.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) driver: Option<String>,
    pub(super) provider: Option<String>,
    /// None where no resource has such a path.
    pub(super) resource: Option<Resource>,
    /// The path with names in the place of what differs from one to the other.
    pub(super) template: Option<&'static str>,
    /// Whether its last segment is empty, past the slash that each path may end with: a name that should be there is not.
    pub(super) lacks_a_name: bool,
}

/// The resources of this API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    /// What stands before the API, and sends people to it.
    Root,
    EntryPoint,
    /// The page that describes the API.
    Reference,
    /// The document that describes it for programs.
    OpenApi,
    /// What pages are made of besides themselves.
    Asset(Segment),
    Drivers,
    Driver(Segment),
    Firewalls,
    Firewall(Segment),
    Rules(Segment),
    /// The page with the form for a rule.
    NewRule(Segment),
    Rule(Segment, Segment),
}

/// The paths of the API, in the order in which they are tried. `{…}` is any segment that is not empty.
const TEMPLATES: [(&str, Make); 12] = [
    ("/api", Make::Plain(|| Resource::EntryPoint)),
    ("/api/docs", Make::Plain(|| Resource::Reference)),
    ("/api/openapi.json", Make::Plain(|| Resource::OpenApi)),
    ("/api/assets/{name}", Make::Named(Resource::Asset)),
    ("/api/drivers", Make::Plain(|| Resource::Drivers)),
    ("/api/drivers/{driver}", Make::Named(Resource::Driver)),
    ("/api/firewalls", Make::Plain(|| Resource::Firewalls)),
    ("/api/firewalls/new", Make::Plain(|| Resource::Firewall(Segment(NEW_FIREWALL_PAGE.to_owned())))),
    ("/api/firewalls/{id}", Make::Named(Resource::Firewall)),
    ("/api/firewalls/{id}/rules", Make::Named(Resource::Rules)),
    ("/api/firewalls/{id}/new_rule", Make::Named(Resource::NewRule)),
    ("/api/firewalls/{id}/{rule}", Make::Within(Resource::Rule)),
];

/// How many segments below `/api` a path of the API has at the most.
const MOST_PARTS: usize = 3;

/// What stands in the templates below `/api`.
static PARTS: LazyLock<[Vec<&'static str>; 12]> =
    LazyLock::new(|| TEMPLATES.map(|(template, _)| template.split('/').skip(2).collect()));

/// How a resource is made of what stands in its path for `{…}`.
enum Make {
    Plain(fn() -> Resource),
    Named(fn(Segment) -> Resource),
    Within(fn(Segment, Segment) -> Resource),
}

/// A segment of a path that names something, as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment(String);

/// The methods that resources have. HEAD is answered as GET, and loses its body on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
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
    ShowNewFirewall(&'a Segment),
    ShowNewRule(&'a Segment),
    ShowReference,
    ShowOpenApi,
    ShowAsset(&'a Segment),
    ShowMethods,
}

/// The name of the page for making a firewall.
const NEW_FIREWALL_PAGE: &str = "new";

/// What is not taken for the name of a firewall where one would stand: a page, and steps in the path, which clients never
/// send, not even percent-encoded.
pub(super) const BESIDES_FIREWALLS: [&str; 3] = [NEW_FIREWALL_PAGE, ".", ".."];

/// What is not taken for the id of a rule where one would stand: what rules are added to, and the page for making one.
pub(super) const BESIDES_RULES: [&str; 2] = ["rules", "new_rule"];

/// How long the id of a firewall may be, in bytes. EC2's are the longest, of 255 characters.
const MAX_FIREWALL_ID: usize = 1024;

/// What the ids of rules are divided by, as it is and percent-encoded.
const ID_DELIMITERS: [(char, &str); 3] = [('~', "%7E"), ('@', "%40"), (',', "%2C")];

impl Path {
    /// Reads a path as it came over the wire. Empty segments are none.
    pub(super) fn parse(raw: &str) -> Self {
        let mut segments = raw.trim_matches('/').split('/');
        let mut matrix = segments.next().unwrap_or_default().split(';');
        let first = matrix.next().unwrap_or_default();
        // One more than any resource has, so that a longer path is none of them.
        let mut rest = [""; MOST_PARTS + 1];
        let mut count = 0;
        let mut follows_empty = false;
        for segment in segments {
            if segment.is_empty() {
                follows_empty = true;
                continue;
            }
            // Where an empty one may be a firewall's name that is missing, what follows must not be taken for the name.
            if follows_empty && count == 1 && BESIDES_RULES.contains(&segment) {
                count += 1;
            }
            follows_empty = false;
            let Some(place) = rest.get_mut(count) else { break };
            *place = segment;
            count += 1;
        }
        let rest = rest.get(..count).unwrap_or_default();
        let mut path = Self::default();
        for parameter in matrix {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // What is not UTF-8 is the name of nothing, and must not pass for no name.
            let value =
                Some(percent_decode_str(value).decode_utf8_lossy().into_owned()).filter(|value| !value.is_empty());
            match name {
                "driver" => path.driver = value,
                "provider" => path.provider = value,
                _ => {}
            }
        }
        let found = match first {
            "" if rest.is_empty() => Some(("/", Resource::Root)),
            "api" => Resource::parse(rest),
            _ => None,
        };
        (path.template, path.resource) = found.unzip();
        path.lacks_a_name = raw.ends_with("//");
        path
    }
}

impl Resource {
    /// The resource of these segments below `/api`, with its template.
    fn parse(segments: &[&str]) -> Option<(&'static str, Self)> {
        let mut templates = TEMPLATES.iter().zip(&*PARTS);
        templates.find_map(|((template, make), parts)| Some((*template, make.resource(matched(parts, segments)?))))
    }

    /// Every resource of the API with its template, whose `{…}` stand for the segments.
    pub(super) fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let templates = TEMPLATES.iter().zip(&*PARTS);
        templates.filter_map(|((template, make), parts)| Some((*template, make.resource(matched(parts, parts)?))))
    }

    /// What the method does here; none where the resource does not have it. This is the one table of both.
    pub(super) fn operation(&self, method: Method) -> Option<Operation<'_>> {
        match (self, method) {
            (_, Method::Options) => Some(Operation::ShowMethods),
            (Self::Root, Method::Get) => Some(Operation::Redirect),
            (Self::EntryPoint, Method::Get) => Some(Operation::ShowEntryPoint),
            (Self::Drivers, Method::Get) => Some(Operation::ListDrivers),
            (Self::Driver(name), Method::Get) => Some(Operation::ShowDriver(name)),
            (Self::Firewalls, Method::Get) => Some(Operation::ListFirewalls),
            (Self::Firewalls, Method::Post) => Some(Operation::CreateFirewall),
            (Self::Firewall(id), Method::Get) if id.is_a_page() => Some(Operation::ShowNewFirewall(id)),
            (Self::Firewall(id), Method::Get) => Some(Operation::ShowFirewall(id)),
            (Self::Firewall(id), Method::Delete) => Some(Operation::DeleteFirewall(id)),
            (Self::Rules(id), Method::Post) => Some(Operation::CreateRule(id)),
            (Self::Rule(id, rule), Method::Delete) => Some(Operation::DeleteRule(id, rule)),
            (Self::NewRule(id), Method::Get) => Some(Operation::ShowNewRule(id)),
            (Self::Reference, Method::Get) => Some(Operation::ShowReference),
            (Self::OpenApi, Method::Get) => Some(Operation::ShowOpenApi),
            (Self::Asset(name), Method::Get) => Some(Operation::ShowAsset(name)),
            _ => None,
        }
    }

    /// The `Allow` header of this resource, without a method that its state does not permit.
    pub(super) fn allow(&self, refused: Option<Method>) -> String {
        let names = [
            (Method::Get, "GET, HEAD"),
            (Method::Post, "POST"),
            (Method::Delete, "DELETE"),
            (Method::Options, "OPTIONS"),
        ];
        let is_allowed = |method| self.operation(method).is_some() && Some(method) != refused;
        let names: Vec<_> = names.into_iter().filter(|(method, _)| is_allowed(*method)).map(|(_, name)| name).collect();
        names.join(", ")
    }
}

impl Make {
    fn resource(&self, [first, second]: [&str; 2]) -> Resource {
        match self {
            Self::Plain(make) => make(),
            Self::Named(make) => make(Segment(first.to_owned())),
            Self::Within(make) => make(Segment(first.to_owned()), Segment(second.to_owned())),
        }
    }
}

/// What stands for the template's `{…}`, of which there are two at the most; none where the path is another.
fn matched<'a>(parts: &[&str], segments: &[&'a str]) -> Option<[&'a str; 2]> {
    if parts.len() != segments.len() {
        return None;
    }
    let mut named = [""; 2];
    let mut places = named.iter_mut();
    for (part, segment) in parts.iter().zip(segments) {
        match part.starts_with('{') {
            true if segment.is_empty() => return None,
            true => *places.next()? = segment,
            false if part != segment => return None,
            false => {}
        }
    }
    Some(named)
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

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

impl Segment {
    /// The name as it was sent. The empty matrix parameter with which a name is sent that would be taken for something else
    /// is no part of it.
    fn name(&self) -> &str {
        let is_special = |name: &&str| BESIDES_FIREWALLS.contains(name) || BESIDES_RULES.contains(name);
        self.0.strip_suffix(';').filter(is_special).unwrap_or(&self.0)
    }

    /// The text that the segment stands for, as far as it is UTF-8.
    pub(super) fn text(&self) -> Cow<'_, str> {
        percent_decode_str(self.name()).decode_utf8_lossy()
    }

    /// Whether a page stands where a firewall of this name would.
    pub(super) fn is_a_page(&self) -> bool {
        self.0 == NEW_FIREWALL_PAGE
    }

    /// The firewall that the segment names. None has a name that is longer than any cloud's, which answers would repeat.
    pub(super) fn firewall_id(&self) -> Result<FirewallId, ApiError> {
        let id = decode(self.name()).filter(|id| id.len() <= MAX_FIREWALL_ID);
        let id = id.and_then(|id| FirewallId::new(id).ok());
        id.ok_or_else(|| Failure::NotFound.with(format!("There is no firewall '{}'.", shown(&self.text()))))
    }

    /// The rule that the segment names: one id, or two that it might be.
    ///
    /// Clients send ids percent-encoded or as they are, and an id may itself hold encoded characters, so it must be
    /// known which of the two it was. What encodes a character does so wherever it stands: where one stands both
    /// encoded and not, the id came as it is. Where that does not decide it, and both readings are ids, both are given,
    /// the decoded one first. Our own hrefs never leave it open.
    pub(super) fn rule_ids(&self) -> Result<Vec<RuleId<'static>>, ApiError> {
        let name = self.name();
        let upper = name.to_ascii_uppercase();
        let is_mixed = |(plain, encoded): &(char, &str)| upper.contains(*plain) && upper.contains(encoded);
        let came_as_it_is = ID_DELIMITERS.iter().any(is_mixed);
        let decoded = decode(name).filter(|_| !came_as_it_is);
        let readings = [decoded.as_deref().map(RuleId::parse), Some(RuleId::parse(name))];
        let mut ids: Vec<_> = readings.into_iter().flatten().filter_map(Result::ok).collect();
        ids.dedup();
        if ids.is_empty() {
            let why =
                RuleId::parse(&self.text()).err().map_or_else(String::new, |why| format!(" It should be: {why}."));
            let message = format!("There is no rule '{}'.{why}", shown(&self.text()));
            return Err(Failure::NotFound.with(message));
        }
        Ok(ids)
    }
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(text: &str) -> Segment {
        Segment(text.to_owned())
    }

    #[test]
    fn resources() {
        for (path, expected) in [
            ("/", Some(Resource::Root)),
            ("/api", Some(Resource::EntryPoint)),
            ("/api/", Some(Resource::EntryPoint)),
            ("/api/drivers/ec2", Some(Resource::Driver(segment("ec2")))),
            ("/api/firewalls/", Some(Resource::Firewalls)),
            ("/api/firewalls/a%20b", Some(Resource::Firewall(segment("a%20b")))),
            ("/api/firewalls/..", Some(Resource::Firewall(segment("..")))),
            ("/api/firewalls/.;", Some(Resource::Firewall(segment(".;")))),
            ("/api/firewalls/..;/rules", Some(Resource::Rules(segment("..;")))),
            ("/api/firewalls/..%3B", Some(Resource::Firewall(segment("..%3B")))),
            ("/api/firewalls/...;", Some(Resource::Firewall(segment("...;")))),
            ("/api/firewalls/a;b", Some(Resource::Firewall(segment("a;b")))),
            ("/api/firewalls/rules", Some(Resource::Firewall(segment("rules")))),
            ("/api/firewalls/a/b/", Some(Resource::Rule(segment("a"), segment("b")))),
            ("/api/firewalls/a/new_rule", Some(Resource::NewRule(segment("a")))),
            ("//", Some(Resource::Root)),
            ("//api", Some(Resource::EntryPoint)),
            ("/api//firewalls", Some(Resource::Firewalls)),
            ("/api/firewalls//", Some(Resource::Firewalls)),
            ("/api/firewalls///a", Some(Resource::Firewall(segment("a")))),
            ("/api/firewalls/a//", Some(Resource::Firewall(segment("a")))),
            ("/api//firewalls//a///b", Some(Resource::Rule(segment("a"), segment("b")))),
            ("/api/firewalls//a/rules", Some(Resource::Rules(segment("a")))),
            ("/api/firewalls/a//rules", Some(Resource::Rules(segment("a")))),
            ("/api//firewalls/rules", Some(Resource::Firewall(segment("rules")))),
            ("/api/firewalls//rules", None),
            ("/api//firewalls///new_rule/", None),
            ("/api/firewalls//rules/a", None),
            ("/api/firewalls/a//b//c", None),
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
    fn firewall_ids_are_decoded_once() {
        for (text, id) in [("a%20b%2Fc", "a b/c"), ("a%252Fb", "a%2Fb"), ("a+b", "a+b"), ("%", "%")] {
            assert_eq!(segment(text).firewall_id().unwrap().as_str(), id);
        }
        for text in ["%00", "%ff", "%20", "%0A"] {
            assert_eq!(segment(text).firewall_id().unwrap_err().failure, Failure::NotFound);
        }
    }

    fn escaped(name: &str) -> String {
        let escape = |c: char| match c {
            '~' | '@' | ',' | '/' | ' ' | '%' => format!("%{:02X}", c as u32),
            _ => c.to_string(),
        };
        name.chars().map(escape).collect()
    }

    #[test]
    fn an_id_arrives_encoded_or_as_it_is() {
        for name in ["plain", "a,b", "a~egress", "a@b", "a b", "a/b", "50%", "x,@address,ipv4,0.0.0.0,0", "a%zz,b"] {
            let raw = format!("1~tcp~22~22~@group,1,{},@address,ipv4,10.0.0.0,8", escaped(name));
            let expected = RuleId::parse(&raw).unwrap();
            let fully = raw.replace('%', "%25").replace('~', "%7e").replace('@', "%40").replace(',', "%2C");
            let like_javascript = raw.replace('%', "%25").replace('@', "%40").replace(',', "%2C");
            for spelling in [&raw, &fully, &like_javascript] {
                assert_eq!(segment(spelling).rule_ids().as_ref(), Ok(&vec![expected.clone()]), "{spelling}");
            }
        }
    }

    /// The id of a group whose own name looks encoded, and the id of another that a client has encoded in part.
    #[test]
    fn an_id_that_can_be_read_in_two_ways_is() {
        let both = segment("1~tcp~22~22~@group,1,a%252Cb").rule_ids().unwrap();
        let expected = ["1~tcp~22~22~@group,1,a%2Cb", "1~tcp~22~22~@group,1,a%252Cb"].map(RuleId::parse);
        assert_eq!(both, expected.map(Result::unwrap));
    }
}
