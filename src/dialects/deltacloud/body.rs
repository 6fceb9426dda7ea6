//! What a client sends, as parameters by name: from the query, a form, a multipart form or a JSON object.

use std::borrow::Cow;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::Bytes;
use futures_util::stream;
use percent_encoding::percent_decode;

use super::error::{ApiError, Failure};
use super::json_body::{self, Value};
use super::pairs::Pairs;
use super::parameter::Syntax;
use super::parameter_table::syntax;
use crate::config::Limits;
use crate::text::shown;

/// What a body is, as its headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyType {
    /// `application/x-www-form-urlencoded`, or nothing said.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// `application/json`.
    Json,
}

impl BodyType {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        match media_type(headers)?.as_str() {
            "" | "application/x-www-form-urlencoded" => Ok(Self::Form),
            "multipart/form-data" => Ok(Self::Multipart),
            "application/json" => Ok(Self::Json),
            _ => Err(Failure::UnsupportedBody.with(
                "The body of the request is neither application/x-www-form-urlencoded, multipart/form-data nor application/json.",
            )),
        }
    }

    /// Whether it is one that browsers' forms send.
    pub(super) fn is_form(self) -> bool {
        matches!(self, Self::Form | Self::Multipart)
    }
}

/// The type of a body that is sent as it is, in lower case; empty where nothing is said.
pub(super) fn media_type(headers: &HeaderMap) -> Result<String, ApiError> {
    let encoding = headers.get(CONTENT_ENCODING).map_or("identity", |value| value.to_str().unwrap_or_default());
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(Failure::UnsupportedBody.with("The body of the request has a Content-Encoding; send it as it is."));
    }
    Ok(content_type(headers).split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What some write before UTF-8, and which is no part of it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The parameters of a body of this type.
pub(super) async fn parse(
    body_type: BodyType,
    headers: &HeaderMap,
    bytes: &Bytes,
    limits: &Limits,
) -> Result<Pairs, ApiError> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    match body_type {
        BodyType::Form => parse_form(text, limits),
        BodyType::Multipart => parse_multipart(content_type(headers), bytes, limits).await,
        BodyType::Json => parse_json(text, limits),
    }
}

/// The parameters of a query, or of a form, which has the same syntax.
pub(super) fn parse_form(form: &[u8], limits: &Limits) -> Result<Pairs, ApiError> {
    let mut pairs = Pairs::new();
    for field in form.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default());
        add(&mut pairs, half()?, half()?, limits)?;
    }
    Ok(pairs)
}

/// The value of a query's parameter; the last, if there are several. What else is in the query does not matter.
pub(super) fn last_value(query: &str, name: &str, limits: &Limits) -> Option<String> {
    let mut pairs = query.rsplit('&').filter_map(|field| parse_form(field.as_bytes(), limits).ok()?.pop());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value)
}

fn decode(text: &[u8]) -> Result<String, ApiError> {
    let with_spaces: Cow<'_, [u8]> = match text.contains(&b'+') {
        true => text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect(),
        false => text.into(),
    };
    percent_decode(&with_spaces).decode_utf8().map(Cow::into_owned).ok().ok_or_else(not_utf8)
}

async fn parse_multipart(content_type: &str, bytes: &Bytes, limits: &Limits) -> Result<Pairs, ApiError> {
    let malformed =
        |error: multer::Error| Failure::Validation.with(format!("The multipart body is malformed: {error}."));
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(bytes.clone())]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut pairs = Pairs::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        let Some(name) = part.name().map(str::to_owned) else {
            return Err(Failure::Validation.with("A part of the multipart body has no name."));
        };
        let value = part.bytes().await.map_err(malformed)?;
        let value = std::str::from_utf8(&value).ok().ok_or_else(not_utf8)?;
        add(&mut pairs, name, value.to_owned(), limits)?;
    }
    Ok(pairs)
}

fn parse_json(bytes: &[u8], limits: &Limits) -> Result<Pairs, ApiError> {
    let fields = json_body::parse(bytes).map_err(|error| {
        Failure::Validation.with(match error.is_data() {
            true => "The JSON body is not an object.".to_owned(),
            false => format!("The body is not JSON: {error}."),
        })
    })?;
    let mut pairs = Pairs::new();
    for (name, field) in fields {
        let (is_list, mut is_begun) = (matches!(syntax(&name), Some(Syntax::List)), false);
        for value in json_body::values(field).ok().ok_or_else(not_utf8)? {
            let Some(text) = json_text(&name, value.ok().ok_or_else(not_utf8)?)? else { continue };
            match pairs.last_mut().filter(|_| is_list && is_begun) {
                Some((_, list)) if list.len() + text.len() < limits.field_size => {
                    list.push(',');
                    list.push_str(&text);
                }
                Some(_) => return Err(too_long(&name, limits)),
                None => add(&mut pairs, name.clone(), text, limits)?,
            }
            is_begun = true;
        }
    }
    Ok(pairs)
}

/// The text that a parameter would be in a form; none where it would not be there.
fn json_text(name: &str, value: Value<'_>) -> Result<Option<String>, ApiError> {
    let refuse = |why| Err(Failure::Validation.with(format!("Parameter '{}' is {why}", shown(name))).about(name));
    match value {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        Value::Boolean(word) => Ok(Some(word.to_owned())),
        Value::Number(digits) if !digits.contains(['.', 'e', 'E']) => Ok(Some(digits.to_owned())),
        // A whole number is one however it is written, as in JSON Schema. As a text it would be another with each spelling.
        Value::Number(number) => match syntax(name) {
            Some(Syntax::Exact | Syntax::Text | Syntax::List) => {
                refuse("a number with a point or an exponent. Send it as text.")
            }
            Some(Syntax::Number(..) | Syntax::Protocol) => {
                Ok(Some(json_body::whole(number).unwrap_or_else(|| number.to_owned())))
            }
            _ => Ok(Some(number.to_owned())),
        },
        Value::Object | Value::List if syntax(name).is_none() => Ok(None),
        Value::Object | Value::List => refuse("neither text, number, boolean nor a list of them."),
    }
}

fn add(pairs: &mut Pairs, name: String, value: String, limits: &Limits) -> Result<(), ApiError> {
    if name.len() > limits.field_size || value.len() > limits.field_size {
        return Err(too_long(&name, limits));
    }
    if pairs.len() >= limits.parameters {
        return Err(too_many(limits));
    }
    pairs.push((name, value));
    Ok(())
}

/// Query and body as one. A parameter of the body replaces those of the same name in the query.
pub(super) fn merge(query: Pairs, body: Pairs, limits: &Limits) -> Result<Pairs, ApiError> {
    if query.len() + body.len() > limits.parameters {
        return Err(too_many(limits));
    }
    if body.is_empty() {
        return Ok(query);
    }
    let replaced: std::collections::HashSet<&str> = body.iter().map(|(name, _)| name.as_str()).collect();
    let mut pairs: Pairs = query.into_iter().filter(|(name, _)| !replaced.contains(name.as_str())).collect();
    pairs.extend(body);
    Ok(pairs)
}

fn too_long(name: &str, limits: &Limits) -> ApiError {
    let message = format!("Parameter '{}' is longer than {} bytes.", shown(name), limits.field_size);
    Failure::Validation.with(message).about(name)
}

fn too_many(limits: &Limits) -> ApiError {
    Failure::Validation.with(format!("The request has more than {} parameters.", limits.parameters))
}

fn not_utf8() -> ApiError {
    Failure::Validation.with("A parameter of the request is not UTF-8.")
}
