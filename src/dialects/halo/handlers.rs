//! Each request to the account, and what it answers.

use actix_http::{Method, StatusCode};
use actix_web::http::header::{ETAG, LOCATION};
use serde_json::{Value, json};

use super::answer::{done, json as answer, with};
use super::error::ApiError;
use super::path::{Kind, Resource};
use super::request::{Answer, Request, etag, not_found};
use super::views::object;
use super::{body, edits, events, ghost_ports, groups, servers, unchanged};
use crate::policies::account::draft::user_id;
use crate::policies::account::objects::Object;
use crate::policies::account::{ChangeError, Directory, Draft, Id, Objects};

/// Answers a request of somebody who was let in.
pub(super) async fn answer_to(request: &Request<'_>, resource: Resource<'_>) -> Answer {
    let method = request.exchange.http.method();
    match (method, resource) {
        (&Method::GET, Resource::GhostPorts) => ghost_ports::list(request).await,
        (&Method::GET, Resource::GhostPort(id)) => ghost_ports::show(request, id).await,
        (&Method::DELETE, Resource::GhostPort(id)) => ghost_ports::close(request, id).await,
        (&Method::GET | &Method::HEAD, resource) => show(request, resource).await,
        (&Method::POST, Resource::All(kind)) => create(request, kind).await,
        (&Method::POST, Resource::Rules(policy)) => create_rule(request, policy).await,
        (&Method::PUT, Resource::One(kind, id)) => change(request, kind, id).await,
        (&Method::PUT, Resource::Rule(policy, rule)) => change_rule(request, policy, rule).await,
        (&Method::PUT, Resource::Server(id)) => servers::change(request, id).await,
        (&Method::DELETE, Resource::One(kind, id)) => delete(request, kind, id).await,
        (&Method::DELETE, Resource::Rule(policy, rule)) => delete_rule(request, policy, rule).await,
        _ => Err(ApiError::NoSuchPath),
    }
}

async fn show(request: &Request<'_>, resource: Resource<'_>) -> Answer {
    if resource == Resource::Events {
        return events::list(request).await;
    }
    let objects = request.objects().await?;
    let scene = request.scene(&objects);
    let query = &request.query;
    let shown = match resource {
        Resource::Events | Resource::Page | Resource::Token | Resource::GhostPorts | Resource::GhostPort(_) => {
            return Err(ApiError::NoSuchPath);
        }
        Resource::All(Kind::Group) => return servers::list_groups(request, &objects).await,
        Resource::All(kind) => {
            let url = request.url(kind);
            let (name, of) = (kind.all(), &objects);
            match kind {
                Kind::Policy => query.list(name, of.policies.iter().map(|one| scene.policy(one)), &url, &[])?,
                Kind::Zone => query.list(name, of.zones.iter().map(|one| scene.zone(one)), &url, &[])?,
                Kind::Service => query.list(name, of.services.iter().map(|one| scene.service(one)), &url, &[])?,
                _ => query.list(name, of.interfaces.iter().map(|one| scene.interface(one)), &url, &[])?,
            }
        }
        Resource::One(kind, id) => return show_one(request, &objects, kind, id).await,
        Resource::Rules(id) => {
            let policy = Id::read(id).and_then(|id| objects.policies.get(id));
            let policy = policy.ok_or_else(|| not_found("firewall_policy", id))?;
            let url = format!("{}/{}/firewall_rules", request.url(Kind::Policy), policy.id);
            query.list("firewall_rules", scene.rules(policy).into_iter().map(object), &url, &[])?
        }
        Resource::Rule(id, rule) => return show_rule(request, &objects, id, rule),
        Resource::GroupServers(_)
        | Resource::GroupConnections(_)
        | Resource::Servers
        | Resource::Server(_)
        | Resource::ServerLogs(_) => {
            return servers::show(request, &objects, resource).await;
        }
        Resource::Users => {
            let users = request.users.iter().map(|name| scene.user(name));
            query.list("users", users, &format!("{}/users", request.base), &[])?
        }
        Resource::User(id) => {
            let name = request.users.iter().find(|name| user_id(name).to_string() == id);
            let mut user = scene.user(name.ok_or_else(|| not_found("user", id))?);
            user.insert("last_login_at".into(), Value::Null);
            user.insert("last_login_ip".into(), Value::Null);
            json!({ "user": user })
        }
    };
    Ok(answer(StatusCode::OK, &shown))
}

async fn show_one(request: &Request<'_>, objects: &Objects, kind: Kind, id: &str) -> Answer {
    let scene = request.scene(objects);
    let none = || not_found(kind.one(), id);
    let id = Id::read(id);
    let (shown, tag) = match kind {
        Kind::Policy => {
            let one = id.and_then(|id| objects.policies.get(id)).ok_or_else(none)?;
            (scene.whole_policy(one), etag(&**one))
        }
        Kind::Zone => {
            let one = id.and_then(|id| objects.zones.get(id)).ok_or_else(none)?;
            (scene.zone(one), etag(&**one))
        }
        Kind::Service => {
            let one = id.and_then(|id| objects.services.get(id)).ok_or_else(none)?;
            (scene.service(one), etag(&**one))
        }
        Kind::Interface => {
            let one = id.and_then(|id| objects.interfaces.get(id)).ok_or_else(none)?;
            (scene.interface(one), etag(&**one))
        }
        Kind::Group => {
            let directory = request.directory().await?;
            let group = directory.groups.iter().find(|group| Some(group.id) == id).ok_or_else(none)?;
            let servers = groups::counted(&request.servers([group]).await?);
            let counts = servers.get(&group.id).copied().unwrap_or_default();
            (groups::group(&scene, &directory.groups, group, counts), etag(group))
        }
    };
    Ok(with(answer(StatusCode::OK, &json!({ kind.one(): shown })), ETAG, &tag))
}

fn show_rule(request: &Request<'_>, objects: &Objects, id: &str, rule: &str) -> Answer {
    let policy = Id::read(id).and_then(|id| objects.policies.get(id));
    let policy = policy.ok_or_else(|| not_found("firewall_policy", id))?;
    let place = Id::read(rule).and_then(|rule| policy.place(rule));
    let (chain, index) = place.ok_or_else(|| not_found("firewall_rule", rule))?;
    let found = policy.chain(chain).get(index).ok_or_else(|| not_found("firewall_rule", rule))?;
    let mut shown = request.scene(objects).rule(policy, chain, found);
    shown.insert("position".into(), (index + 1).into());
    Ok(with(answer(StatusCode::OK, &json!({ "firewall_rule": shown })), ETAG, &etag(found)))
}

async fn create(request: &Request<'_>, kind: Kind) -> Answer {
    let sent = body::read(request.exchange.http, request.body, kind.one())?;
    let nobody = Directory::default();
    let id = match kind {
        Kind::Policy => {
            let edit = edits::policy(edits::object(&sent)?, true)?;
            let directory = request.directory().await?;
            request.change(&directory, |draft| draft.create_policy(&edit)).await?
        }
        Kind::Group => {
            let edit = edits::group(edits::object(&sent)?)?;
            let directory = request.directory().await?;
            let _wakes = request.wakes();
            request.account.create_group(request.asker(), &request.by, &directory, &edit).await?
        }
        Kind::Service => {
            let edit = edits::service(edits::object(&sent)?)?;
            request.change(&nobody, |draft| draft.create_service(&edit)).await?
        }
        Kind::Zone | Kind::Interface if sent.value.is_array() => return create_all(request, kind, &sent).await,
        Kind::Zone => {
            let edit = edits::zone(edits::object(&sent)?)?;
            request.change(&nobody, |draft| draft.create_zone(&edit)).await?
        }
        Kind::Interface => {
            let edit = edits::interface(edits::object(&sent)?)?;
            request.change(&nobody, |draft| draft.create_interface(&edit)).await?
        }
    };
    let objects = request.objects().await?;
    let mut created = show_one(request, &objects, kind, &id.to_string()).await?;
    *created.status_mut() = StatusCode::CREATED;
    Ok(with(created, LOCATION, &request.scene(&objects).url(kind, id)))
}

/// Makes all zones or interfaces of a list, or none.
async fn create_all(request: &Request<'_>, kind: Kind, sent: &body::Sent) -> Answer {
    let nobody = Directory::default();
    let sent = edits::objects(sent)?;
    let made: Vec<Id> = match kind {
        Kind::Zone => {
            let all = sent.into_iter().map(edits::zone).collect::<Result<Vec<_>, _>>()?;
            request.change(&nobody, |draft| all.iter().map(|edit| draft.create_zone(edit)).collect()).await?
        }
        _ => {
            let all = sent.into_iter().map(edits::interface).collect::<Result<Vec<_>, _>>()?;
            request.change(&nobody, |draft| all.iter().map(|edit| draft.create_interface(edit)).collect()).await?
        }
    };
    let objects = request.objects().await?;
    let scene = request.scene(&objects);
    let zones = made.iter().filter_map(|id| objects.zones.get(*id)).map(|zone| scene.zone(zone));
    let interfaces = made.iter().filter_map(|id| objects.interfaces.get(*id)).map(|one| scene.interface(one));
    let shown: Vec<_> = zones.chain(interfaces).collect();
    Ok(answer(StatusCode::CREATED, &json!({ "count": shown.len(), kind.all(): shown })))
}

async fn create_rule(request: &Request<'_>, policy: &str) -> Answer {
    let seen = request.objects().await?;
    Id::read(policy).and_then(|id| seen.policies.get(id)).ok_or_else(|| not_found("firewall_policy", policy))?;
    let sent = body::read(request.exchange.http, request.body, "firewall_rule")?;
    let edit = edits::rule(edits::object(&sent)?)?;
    let directory = request.directory().await?;
    let id = request.change(&directory, |draft| draft.create_rule(policy, &edit)).await?;
    let objects = request.objects().await?;
    let mut created = show_rule(request, &objects, policy, &id.to_string())?;
    *created.status_mut() = StatusCode::CREATED;
    let url = Id::read(policy).map(|policy| request.scene(&objects).rule_url(policy, id)).unwrap_or_default();
    Ok(with(created, LOCATION, &url))
}

async fn change(request: &Request<'_>, kind: Kind, id: &str) -> Answer {
    // What is not there is told before anything is said of the body.
    let objects = request.objects().await?;
    if kind != Kind::Group {
        check_there(&objects, kind, id)?;
    }
    let sent = body::read(request.exchange.http, request.body, kind.one())?;
    let members = edits::object(&sent)?;
    let nobody = Directory::default();
    match kind {
        Kind::Policy => {
            let edit = edits::policy(members, false)?;
            let rules = members.get("firewall_rules").filter(|_| !sent.is_form);
            request
                .change(&nobody, |draft| {
                    let policy = checked(request, draft, |objects| objects.policies.get(Id::read(id)?).cloned())?;
                    if let (Some(rules), Some(policy)) = (rules, policy) {
                        unchanged::check(rules, &request.scene(draft.objects()).rules(&policy))?;
                    }
                    draft.change_policy(id, &edit)
                })
                .await?;
        }
        Kind::Zone => {
            let edit = edits::zone(members)?;
            request
                .change(&nobody, |draft| {
                    checked(request, draft, |objects| objects.zones.get(Id::read(id)?).cloned())?;
                    draft.change_zone(id, &edit)
                })
                .await?;
        }
        Kind::Service => {
            let edit = edits::service(members)?;
            request
                .change(&nobody, |draft| {
                    checked(request, draft, |objects| objects.services.get(Id::read(id)?).cloned())?;
                    draft.change_service(id, &edit)
                })
                .await?;
        }
        Kind::Interface => {
            let edit = edits::interface(members)?;
            request
                .change(&nobody, |draft| {
                    checked(request, draft, |objects| objects.interfaces.get(Id::read(id)?).cloned())?;
                    draft.change_interface(id, &edit)
                })
                .await?;
        }
        Kind::Group => {
            let edit = edits::group(members)?;
            let directory = request.directory().await?;
            servers::find_group(&directory, id)?;
            request
                .change(&directory, |draft| {
                    request.check(&draft.group_named(id)?)?;
                    draft.change_group(id, &edit)
                })
                .await?;
        }
    }
    Ok(done())
}

/// An object of the account as it is now, which is as the client has seen it.
fn checked<T: Object>(
    request: &Request<'_>,
    draft: &Draft<'_>,
    find: impl FnOnce(&Objects) -> Option<std::sync::Arc<T>>,
) -> Result<Option<std::sync::Arc<T>>, ChangeError> {
    let found = find(draft.objects());
    found.as_ref().map_or(Ok(()), |found| request.check(&**found))?;
    Ok(found)
}

fn check_there(objects: &Objects, kind: Kind, id: &str) -> Result<(), ApiError> {
    let read = Id::read(id);
    let is_there = read.is_some_and(|id| match kind {
        Kind::Policy => objects.policies.get(id).is_some(),
        Kind::Zone => objects.zones.get(id).is_some(),
        Kind::Service => objects.services.get(id).is_some(),
        Kind::Interface => objects.interfaces.get(id).is_some(),
        Kind::Group => true,
    });
    if is_there { Ok(()) } else { Err(not_found(kind.one(), id)) }
}

async fn change_rule(request: &Request<'_>, policy: &str, rule: &str) -> Answer {
    show_rule(request, &*request.objects().await?, policy, rule)?;
    let sent = body::read(request.exchange.http, request.body, "firewall_rule")?;
    let edit = edits::rule(edits::object(&sent)?)?;
    let directory = request.directory().await?;
    request
        .change(&directory, |draft| {
            check_rule(request, draft, policy, rule)?;
            draft.change_rule(policy, rule, &edit)
        })
        .await?;
    Ok(done())
}

fn check_rule(request: &Request<'_>, draft: &Draft<'_>, policy: &str, rule: &str) -> Result<(), ChangeError> {
    let policy = Id::read(policy).and_then(|id| draft.objects().policies.get(id));
    let found = policy.and_then(|policy| {
        let (chain, index) = policy.place(Id::read(rule)?)?;
        policy.chain(chain).get(index)
    });
    found.map_or(Ok(()), |found| request.check(found))
}

async fn delete(request: &Request<'_>, kind: Kind, id: &str) -> Answer {
    let nobody = Directory::default();
    match kind {
        Kind::Policy => {
            request
                .change(&nobody, |draft| {
                    checked(request, draft, |objects| objects.policies.get(Id::read(id)?).cloned())?;
                    draft.delete_policy(id)
                })
                .await?;
        }
        Kind::Zone => {
            request
                .change(&nobody, |draft| {
                    checked(request, draft, |objects| objects.zones.get(Id::read(id)?).cloned())?;
                    draft.delete_zone(id)
                })
                .await?;
        }
        Kind::Service => request.change(&nobody, |draft| draft.delete_service(id)).await?,
        Kind::Interface => request.change(&nobody, |draft| draft.delete_interface(id)).await?,
        Kind::Group => {
            let directory = request.directory().await?;
            let _wakes = request.wakes();
            request.account.delete_group(request.asker(), &request.by, &directory, id).await?;
        }
    }
    Ok(done())
}

async fn delete_rule(request: &Request<'_>, policy: &str, rule: &str) -> Answer {
    let nobody = Directory::default();
    request
        .change(&nobody, |draft| {
            check_rule(request, draft, policy, rule)?;
            draft.delete_rule(policy, rule)
        })
        .await?;
    Ok(done())
}
