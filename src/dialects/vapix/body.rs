//! What is sent to be written.

use std::time::Duration;

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use serde_json::Value;

use super::error::ApiError;
use super::path::{Part, Version};
use super::schema::{self, Mismatch, SCHEMAS, Schemas};
use super::types::Action;
use crate::policies::devices::rule::{Policy, Ports, Rule, Rules};

/// What is to be written.
#[derive(Debug)]
pub(super) enum Write {
    /// Whether the device filters; none where it is not said.
    Activated(Option<bool>),
    /// Other rules, and after how long the old ones come back.
    Rules(Rules, Option<Duration>),
    Confirm,
    Clear,
}

/// The name of the whole API, where it is what is set.
const ROOT: &str = "firewall";

/// Reads what is sent to a part. Where members that are not known are an error, they are one everywhere; else only where they would make a
/// rule wider than it says.
pub(super) fn read(
    http: &HttpRequest,
    body: &Bytes,
    version: Version,
    part: Part,
    is_strict: bool,
) -> Result<Write, ApiError> {
    let takes_nothing = matches!(part, Part::Action(Action { takes: None, .. }));
    check_type(http, version, takes_nothing && body.is_empty())?;
    let schemas = SCHEMAS.as_ref().ok_or(ApiError::Internal)?;
    let name = match part {
        Part::Action(action) => action.name,
        Part::Activated => "activated",
        _ => ROOT,
    };
    let at = |mismatch| ApiError::Type { of: name, mismatch };
    let missing = || at(Mismatch { why: r#""data" is a required property"#.into(), path: String::new() });
    let sent = match body.is_empty() && takes_nothing {
        true => Value::Object(Default::default()),
        false => schema::parse(body).map_err(|why| ApiError::Validation(why.to_string()))?,
    };
    let data = match sent {
        Value::Object(mut members) => {
            let data = members.remove("data");
            if let Some((unknown, _)) = members.iter().next().filter(|_| is_strict) {
                return Err(at(unexpected(unknown, "")));
            }
            data
        }
        other => {
            return Err(at(schema::check(&schemas.object, &other, "").err().unwrap_or_else(|| unexpected("", ""))));
        }
    };
    match part {
        Part::Action(action) if action.takes.is_some() => {
            let data = data.ok_or_else(missing)?;
            set_rules(schemas, data, version, name)
        }
        Part::Action(action) => {
            let data = data.unwrap_or_else(|| Value::Object(Default::default()));
            schema::check(&schemas.object, &data, "").map_err(at)?;
            check_known(&data, &[], is_strict).map_err(at)?;
            Ok(if action.name == "confirmRules" { Write::Confirm } else { Write::Clear })
        }
        Part::Activated => {
            let data = data.ok_or_else(missing)?;
            activated(schemas, &data, version, "").map_err(at).map(|value| Write::Activated(Some(value)))
        }
        _ => {
            let data = data.ok_or_else(missing)?;
            schema::check(&schemas.object, &data, "").map_err(at)?;
            check_known(&data, &["activated"], is_strict).map_err(at)?;
            match data.get("activated") {
                Some(value) => {
                    let value = activated(schemas, value, version, "/activated").map_err(at)?;
                    Ok(Write::Activated(Some(value)))
                }
                None if http.method().as_str() == "PUT" => {
                    let why = r#""activated" is a required property"#.into();
                    Err(at(Mismatch { why, path: String::new() }))
                }
                None => Ok(Write::Activated(None)),
            }
        }
    }
}

/// Whether what is sent says to be JSON. In v1beta it has to say so; that nothing is sent need not be said.
fn check_type(http: &HttpRequest, version: Version, is_nothing: bool) -> Result<(), ApiError> {
    let sent = http.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let media_type = sent.as_deref().map(|sent| sent.split(';').next().unwrap_or_default().trim());
    match media_type {
        None if version == Version::One || is_nothing => Ok(()),
        Some(media_type) if media_type.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(ApiError::ContentType(crate::text::shown(&sent.unwrap_or_default()).into_owned())),
    }
}

fn unexpected(name: &str, path: &str) -> Mismatch {
    Mismatch { why: format!("Additional properties are not allowed ('{name}' was unexpected)"), path: path.to_owned() }
}

fn check_known(data: &Value, known: &[&str], is_strict: bool) -> Result<(), Mismatch> {
    let mut members = data.as_object().into_iter().flatten();
    match members.find(|(name, _)| is_strict && !known.contains(&name.as_str())) {
        Some((name, _)) => Err(unexpected(name, "")),
        None => Ok(()),
    }
}

/// Whether it is to filter. The page of v1beta has it in quotes, so there it may be.
fn activated(schemas: &Schemas, value: &Value, version: Version, place: &str) -> Result<bool, Mismatch> {
    match value {
        Value::String(text) if version == Version::Beta && text == "true" => Ok(true),
        Value::String(text) if version == Version::Beta && text == "false" => Ok(false),
        value => schema::check(&schemas.boolean, value, place).map(|()| *value == Value::Bool(true)),
    }
}

fn set_rules(schemas: &Schemas, data: Value, version: Version, name: &'static str) -> Result<Write, ApiError> {
    let at = |mismatch| ApiError::Type { of: name, mismatch };
    schema::check(&schemas.set_rules, &data, "").map_err(at)?;
    let Value::Object(mut members) = data else { return Err(ApiError::Internal) };
    let policy = match members.get("defaultPolicy").and_then(Value::as_str) {
        Some("DROP") => Policy::Drop,
        _ => Policy::Accept,
    };
    let fallback = members.get("fallbackTime").and_then(Value::as_u64).ok_or(ApiError::Internal)?;
    let Some(Value::Array(sent)) = members.remove("rules") else { return Err(ApiError::Internal) };
    let (schema, ports) = match version {
        Version::One => (&schemas.rule, Ports::One),
        Version::Beta => (&schemas.rule_of_beta, Ports::TcpAndUdp),
    };
    let mut rules = Vec::with_capacity(sent.len());
    // The first rule that is wrong decides what is told.
    for (index, sent) in sent.into_iter().enumerate() {
        let place = format!("/rules/{index}");
        schema::check(schema, &sent, &place).map_err(at)?;
        let read = serde_json::from_value::<Rule>(sent);
        let rule = read.map_err(|why| at(Mismatch { why: why.to_string(), path: place }))?;
        rule.check(ports).map_err(ApiError::Rule)?;
        rules.push(rule);
    }
    let fallback = Some(Duration::from_secs(fallback)).filter(|time| !time.is_zero());
    Ok(Write::Rules(Rules { rules, policy }, fallback))
}
