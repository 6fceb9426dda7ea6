//! What is at which path. The same tree is there under several names, with or without slashes at the end, or doubled.

/// What the paths of the API begin with.
pub(super) const BASES: [&str; 5] = ["/v1", "/api/1", "/v2/users", "/oauth", "/ghostports"];

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    /// Tokens.
    Token,
    /// All objects of a kind.
    All(Kind),
    /// One object, by its id.
    One(Kind, &'a str),
    /// The rules of a policy.
    Rules(&'a str),
    /// One rule of a policy.
    Rule(&'a str, &'a str),
    /// The servers of a group.
    GroupServers(&'a str),
    /// What servers of a group talk to, of which nothing is known here.
    GroupConnections(&'a str),
    /// All servers.
    Servers,
    /// One server.
    Server(&'a str),
    /// What a server's firewall has logged, of which nothing is known here.
    ServerLogs(&'a str),
    /// All users.
    Users,
    /// One user.
    User(&'a str),
    /// What has happened.
    Events,
    /// What users have opened.
    GhostPorts,
    /// What one user has opened.
    GhostPort(&'a str),
    /// The page on which users open and close.
    Page,
}

/// A kind of objects that clients make, change and delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Policy,
    Zone,
    Service,
    Interface,
    Group,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Policy, Self::Zone, Self::Service, Self::Interface, Self::Group];

    /// What one is called, as in `{"firewall_zone": …}`.
    pub(super) fn one(self) -> &'static str {
        match self {
            Self::Policy => "firewall_policy",
            Self::Zone => "firewall_zone",
            Self::Service => "firewall_service",
            Self::Interface => "firewall_interface",
            Self::Group => "group",
        }
    }

    /// What several are called, as in `/v1/firewall_zones`.
    pub(super) fn all(self) -> &'static str {
        match self {
            Self::Policy => "firewall_policies",
            Self::Zone => "firewall_zones",
            Self::Service => "firewall_services",
            Self::Interface => "firewall_interfaces",
            Self::Group => "groups",
        }
    }
}

/// A path in parts: what it begins with, and what is at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// `/v1` or `/api/1`, which URLs of answers begin with.
    pub(super) base: &'static str,
    /// None where there is nothing.
    pub(super) resource: Option<Resource<'a>>,
}

impl<'a> Place<'a> {
    /// What is at a path.
    pub(super) fn at(path: &'a str) -> Self {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (base, rest) = match &parts[..] {
            ["api", "1", rest @ ..] => ("/api/1", rest),
            ["v2", rest @ ..] => ("/v2", rest),
            ["v1", rest @ ..] => ("/v1", rest),
            ["ghostports"] => return Self { base: "/v1", resource: Some(Resource::Page) },
            ["oauth", "access_token"] => return Self { base: "/v1", resource: Some(Resource::Token) },
            _ => return Self { base: "/v1", resource: None },
        };
        let resource = match *rest {
            ["users"] => Some(Resource::Users),
            ["users", id] => Some(Resource::User(id)),
            _ if base == "/v2" => None,
            ["firewall_policies", policy, "firewall_rules"] => Some(Resource::Rules(policy)),
            ["firewall_policies", policy, "firewall_rules", rule] => Some(Resource::Rule(policy, rule)),
            ["groups", id, "servers"] => Some(Resource::GroupServers(id)),
            ["groups", id, "connections"] => Some(Resource::GroupConnections(id)),
            ["servers"] => Some(Resource::Servers),
            ["servers", id] => Some(Resource::Server(id)),
            ["servers", id, "firewall_logs"] => Some(Resource::ServerLogs(id)),
            ["events"] => Some(Resource::Events),
            ["ghostports"] => Some(Resource::GhostPorts),
            ["ghostports", id] => Some(Resource::GhostPort(id)),
            [all] => Kind::ALL.into_iter().find(|kind| kind.all() == all).map(Resource::All),
            [all, id] => Kind::ALL.into_iter().find(|kind| kind.all() == all).map(|kind| Resource::One(kind, id)),
            _ => None,
        };
        Self { base, resource }
    }
}

impl Resource<'_> {
    /// The path with names in the place of what clients choose.
    pub(super) fn route(self) -> &'static str {
        match self {
            Self::Token => "/oauth/access_token",
            Self::All(Kind::Policy) => "/v1/firewall_policies",
            Self::All(Kind::Zone) => "/v1/firewall_zones",
            Self::All(Kind::Service) => "/v1/firewall_services",
            Self::All(Kind::Interface) => "/v1/firewall_interfaces",
            Self::All(Kind::Group) => "/v1/groups",
            Self::One(Kind::Policy, _) => "/v1/firewall_policies/{id}",
            Self::One(Kind::Zone, _) => "/v1/firewall_zones/{id}",
            Self::One(Kind::Service, _) => "/v1/firewall_services/{id}",
            Self::One(Kind::Interface, _) => "/v1/firewall_interfaces/{id}",
            Self::One(Kind::Group, _) => "/v1/groups/{id}",
            Self::Rules(_) => "/v1/firewall_policies/{id}/firewall_rules",
            Self::Rule(..) => "/v1/firewall_policies/{id}/firewall_rules/{rule}",
            Self::GroupServers(_) => "/v1/groups/{id}/servers",
            Self::GroupConnections(_) => "/v1/groups/{id}/connections",
            Self::Servers => "/v1/servers",
            Self::Server(_) => "/v1/servers/{id}",
            Self::ServerLogs(_) => "/v1/servers/{id}/firewall_logs",
            Self::Users => "/v1/users",
            Self::User(_) => "/v1/users/{id}",
            Self::Events => "/v1/events",
            Self::GhostPorts => "/v1/ghostports",
            Self::GhostPort(_) => "/v1/ghostports/{id}",
            Self::Page => "/ghostports",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_do_not_matter() {
        let zone = Some(Resource::One(Kind::Zone, "x"));
        for path in ["/v1/firewall_zones/x", "/v1//firewall_zones/x/", "/api/1/firewall_zones//x"] {
            assert_eq!(Place::at(path).resource, zone, "{path}");
        }
        let rules = Some(Resource::Rules("p"));
        assert_eq!(Place::at("/v1/firewall_policies/p/firewall_rules/").resource, rules);
        assert_eq!(Place::at("/api/1/groups").base, "/api/1");
        for path in ["/v1", "/v2/groups", "/v1/zones", "/v1/firewall_zones/x/y", "/oauth", "/"] {
            assert_eq!(Place::at(path).resource, None, "{path}");
        }
    }
}
