//! What has happened, the newest first unless it is asked for otherwise.

use actix_http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::json as answer;
use super::error::ApiError;
use super::request::{Answer, Request, invalid};
use super::views::{object, time};
use crate::clock::Timestamp;
use crate::policies::account::{Actor, Event};

/// How many events a page has, at the most and where nothing is asked for.
const MAX_PER_PAGE: usize = 100;
const PER_PAGE: usize = 10;

/// The parameters that are read here, and are no fields.
const PARAMETERS: [&str; 4] = ["since", "until", "sort_by", "server_platform"];

/// The page of events that is asked for.
pub(super) async fn list(request: &Request<'_>) -> Answer {
    let events = request.account.events().await?;
    let query = &request.query;
    let (since, until) = (moment(request, "since")?, moment(request, "until")?);
    let is_asked = |event: &Event| {
        since.is_none_or(|since| event.created_at >= since) && until.is_none_or(|until| event.created_at < until)
    };
    // No event is one of a server, so none is of a platform.
    let is_of_servers = query.value("server_platform").is_some_and(|platform| !platform.is_empty());
    let mut events: Vec<_> = events.iter().filter(|event| !is_of_servers && is_asked(event)).collect();
    match query.value("sort_by").unwrap_or("created_at.desc") {
        "created_at.desc" => events.reverse(),
        "created_at.asc" => {}
        other => return Err(invalid("sort_by", other, "sort_by is created_at.asc or created_at.desc")),
    }
    let shown = events.into_iter().map(|event| shown(event));
    let url = format!("{}/events", request.base);
    let list = query.page("events", shown, &url, &PARAMETERS, (PER_PAGE, MAX_PER_PAGE))?;
    Ok(answer(StatusCode::OK, &list))
}

/// What a parameter says as a time: of RFC 3339, or a date alone.
fn moment(request: &Request<'_>, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(text) = request.query.value(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = text.parse::<Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse());
    match read {
        Ok(time) => Ok(Some(time.millis())),
        Err(_) => Err(invalid(name, text, &format!("{name} is a time such as 2026-12-01T12:00:00Z, or a date"))),
    }
}

fn shown(event: &Event) -> Map<String, Value> {
    let mut shown = object(json!({
        "id": event.id,
        "type": event.kind.name(),
        "name": event.kind.title(),
        "message": event.message,
        "created_at": time(event.created_at),
        "critical": event.kind.is_critical(),
    }));
    match &event.actor {
        Actor::Gateway => {}
        Actor::Key { id, label } => {
            shown.insert("actor_key_id".into(), id.clone().into());
            shown.insert("actor_key_label".into(), label.clone().into());
        }
        Actor::User(name) => drop(shown.insert("actor_username".into(), name.clone().into())),
    }
    shown.insert("actor_ip_address".into(), json!(event.address));
    shown.insert("actor_country".into(), Value::Null);
    if let Some(policy) = &event.policy {
        shown.insert("policy_name".into(), policy.clone().into());
    }
    shown
}
