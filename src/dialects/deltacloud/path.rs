//! Paths: `/api;driver=ec2;provider=eu-west-1/firewalls/ID/RULE`. Matrix parameters on the first segment, then a resource.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use super::operation::{Method, Operation};
use super::segment::{BESIDES_RULES, NEW_FIREWALL_PAGE, Segment};

/// What a path names, and what its matrix parameters choose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The page with the form for a rule that is there, and what that is sent to.
    EditedRule(Segment, Segment),
    /// What the buttons of pages are sent to that give a rule another place.
    MovedRule(Segment, Segment),
    /// What others did to a firewall.
    Drift(Segment),
    /// The journal.
    Changes,
    Change(Segment),
    ConfirmedChange(Segment),
    UndoneChange(Segment),
}

/// The paths of the API, in the order in which they are tried. `{…}` is any segment that is not empty.
const TEMPLATES: [(&str, Make); 19] = [
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
    ("/api/firewalls/{id}/drift", Make::Named(Resource::Drift)),
    ("/api/firewalls/{id}/{rule}", Make::Within(Resource::Rule)),
    ("/api/firewalls/{id}/{rule}/edit", Make::Within(Resource::EditedRule)),
    ("/api/firewalls/{id}/{rule}/move", Make::Within(Resource::MovedRule)),
    ("/api/changes", Make::Plain(|| Resource::Changes)),
    ("/api/changes/{change}", Make::Named(Resource::Change)),
    ("/api/changes/{change}/confirm", Make::Named(Resource::ConfirmedChange)),
    ("/api/changes/{change}/undo", Make::Named(Resource::UndoneChange)),
];

/// How many segments below `/api` a path of the API has at the most.
const MOST_PARTS: usize = 4;

/// What stands in the templates below `/api`.
static PARTS: LazyLock<[Vec<&'static str>; 19]> =
    LazyLock::new(|| TEMPLATES.map(|(template, _)| template.split('/').skip(2).collect()));

/// How a resource is made of what stands in its path for `{…}`.
enum Make {
    Plain(fn() -> Resource),
    Named(fn(Segment) -> Resource),
    Within(fn(Segment, Segment) -> Resource),
}

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

    /// Whether it is part of pages and of no use to others, so that the API does not promise it.
    pub(super) fn is_of_pages(&self) -> bool {
        matches!(self, Self::EditedRule(..) | Self::MovedRule(..))
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
            (Self::Rules(id), Method::Put) => Some(Operation::ReplaceRules(id)),
            (Self::Rule(id, rule), Method::Delete) => Some(Operation::DeleteRule(id, rule)),
            (Self::NewRule(id), Method::Get) => Some(Operation::ShowNewRule(id)),
            (Self::EditedRule(id, rule), Method::Get) => Some(Operation::ShowEditRule(id, rule)),
            (Self::EditedRule(id, rule), Method::Post) => Some(Operation::EditRule(id, rule)),
            (Self::MovedRule(id, rule), Method::Post) => Some(Operation::MoveRule(id, rule)),
            (Self::Drift(id), Method::Get) => Some(Operation::ShowDrift(id)),
            (Self::Drift(id), Method::Post) => Some(Operation::SettleDrift(id)),
            (Self::Changes, Method::Get) => Some(Operation::ListChanges),
            (Self::Change(id), Method::Get) => Some(Operation::ShowChange(id)),
            (Self::ConfirmedChange(id), Method::Post) => Some(Operation::ConfirmChange(id)),
            (Self::UndoneChange(id), Method::Post) => Some(Operation::UndoChange(id)),
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
            (Method::Put, "PUT"),
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
            ("/api/firewalls/a/b/edit", Some(Resource::EditedRule(segment("a"), segment("b")))),
            ("/api/firewalls/a//b//move/", Some(Resource::MovedRule(segment("a"), segment("b")))),
            ("/api/firewalls/a//edit", Some(Resource::Rule(segment("a"), segment("edit")))),
            ("/api/firewalls//rules/edit", None),
            ("/api/firewalls/a/b/edit/c", None),
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
}
