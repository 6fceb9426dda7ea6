//! Groups and servers, which the cloud is asked for.

use actix_http::StatusCode;
use serde_json::{Value, json};

use super::answer::{done, json as answer};
use super::error::ApiError;
use super::path::{Kind, Resource};
use super::request::{Answer, Request, invalid, not_found};
use super::{body, edits, groups};
use crate::policies::account::objects::GroupSettings;
use crate::policies::account::servers::Server;
use crate::policies::account::{Directory, Objects};

/// Shows servers, or what is about them.
pub(super) async fn show(request: &Request<'_>, objects: &Objects, resource: Resource<'_>) -> Answer {
    let scene = request.scene(objects);
    let directory = request.directory().await?;
    let shown = match resource {
        Resource::GroupServers(id) => {
            let group = find_group(&directory, id)?;
            let servers = request.servers([group]).await?;
            let url = format!("{}/{}/servers", request.url(Kind::Group), group.id);
            list_servers(request, objects, &directory, servers, &url)?
        }
        Resource::GroupConnections(id) => {
            find_group(&directory, id)?;
            json!({ "count": 0, "connections": [] })
        }
        Resource::Servers => {
            let servers = request.servers(&directory.groups).await?;
            list_servers(request, objects, &directory, servers, &format!("{}/servers", request.base))?
        }
        Resource::Server(id) => {
            let servers = request.servers(&directory.groups).await?;
            let server = servers.iter().find(|server| server.id.to_string() == id);
            let server = server.ok_or_else(|| not_found("server", id))?;
            json!({ "server": groups::server(&scene, &directory.groups, server) })
        }
        Resource::ServerLogs(id) => {
            let servers = request.servers(&directory.groups).await?;
            match servers.iter().any(|server| server.id.to_string() == id) {
                true => json!({ "count": 0, "agent_firewall_logs": [] }),
                false => return Err(invalid("id", id, "There is no such server")),
            }
        }
        _ => return Err(ApiError::NoSuchPath),
    };
    Ok(answer(StatusCode::OK, &shown))
}

/// The list of groups.
pub(super) async fn list_groups(request: &Request<'_>, objects: &Objects) -> Answer {
    let directory = request.directory().await?;
    let counts = groups::counted(&request.servers(&directory.groups).await?);
    let scene = request.scene(objects);
    let all = directory.groups.iter().map(|group| {
        let counts = counts.get(&group.id).copied().unwrap_or_default();
        groups::group(&scene, &directory.groups, group, counts)
    });
    let list = request.query.list(Kind::Group.all(), all, &request.url(Kind::Group), &[])?;
    Ok(answer(StatusCode::OK, &list))
}

/// A list of servers: of the active ones, unless others are asked for.
fn list_servers(
    request: &Request<'_>,
    objects: &Objects,
    directory: &Directory,
    servers: Vec<Server>,
    url: &str,
) -> Result<Value, ApiError> {
    let scene = request.scene(objects);
    let states = request.query.value("state").unwrap_or("active");
    let is_asked = |server: &Server| {
        let state = if server.is_active() { "active" } else { "deactivated" };
        states.split(',').any(|one| one.trim() == state)
    };
    let shown = servers.iter().filter(|server| is_asked(server));
    let shown = shown.map(|server| groups::server(&scene, &directory.groups, server));
    request.query.list("servers", shown, url, &["state"])
}

/// The group with this id.
pub(super) fn find_group<'a>(directory: &'a Directory, id: &str) -> Result<&'a GroupSettings, ApiError> {
    let group = directory.groups.iter().find(|group| group.id.to_string() == id);
    group.ok_or_else(|| not_found("group", id))
}

/// Servers are where the cloud has them.
pub(super) async fn change(request: &Request<'_>, id: &str) -> Answer {
    let directory = request.directory().await?;
    let servers = request.servers(&directory.groups).await?;
    let server = servers.iter().find(|server| server.id.to_string() == id).ok_or_else(|| not_found("server", id))?;
    let sent = body::read(request.exchange.http, request.body, "server")?;
    let to = edits::object(&sent)?.get("group_id").and_then(Value::as_str);
    match to {
        Some(to) if to != server.group.to_string() => {
            if !directory.groups.iter().any(|group| group.id.to_string() == to) {
                return Err(invalid("group_id", to, "There is no such group"));
            }
            let driver = request.account.cloud().driver().id();
            let details = format!("The {driver} driver cannot move servers to other groups: do that in the cloud");
            Err(invalid("group_id", to, &details))
        }
        _ => Ok(done()),
    }
}
