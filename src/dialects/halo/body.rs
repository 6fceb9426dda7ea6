//! What is sent: JSON in whatever type, or a form whose keys have brackets.

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::ApiError;

/// What was sent under the name of what it is.
#[derive(Debug)]
pub(super) struct Sent {
    /// An object; where several may be made at once, a list of them.
    pub(super) value: Value,
    /// Whether it came as a form, in which all is text.
    pub(super) is_form: bool,
}

/// How deep keys of a form go.
const MAX_DEPTH: usize = 8;

/// How many keys a form has.
const MAX_KEYS: usize = 100_000;

/// Reads what is sent under this name, such as `firewall_zone`.
pub(super) fn read(http: &HttpRequest, body: &[u8], root: &str) -> Result<Sent, ApiError> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let (mut all, is_form) = match first {
        Some(b'{' | b'[' | b'"') => (json(body)?, false),
        Some(_) if is_urlencoded(http) => (form(body)?, true),
        _ => return Err(ApiError::Malformed("The body has to be a JSON object".into())),
    };
    let value = match &mut all {
        Value::Object(members) => members.remove(root),
        _ => None,
    };
    match value {
        Some(value @ (Value::Object(_) | Value::Array(_))) => Ok(Sent { value, is_form }),
        _ => Err(ApiError::Malformed(format!("The body has to be a JSON object with an object under \"{root}\""))),
    }
}

/// The pairs of a form or query.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (String, Option<String>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((key, value)) => (decoded(key), Some(decoded(value))),
        None => (decoded(pair), None),
    })
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn is_urlencoded(http: &HttpRequest) -> bool {
    let media_type = http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn json(body: &[u8]) -> Result<Value, ApiError> {
    let malformed = |why: serde_json::Error| ApiError::Malformed(format!("The body is not JSON: {why}"));
    match serde_json::from_slice(body).map_err(malformed)? {
        // Some clients write JSON, and then that text as JSON again.
        Value::String(text) => serde_json::from_str(&text).map_err(malformed),
        value => Ok(value),
    }
}

fn form(body: &[u8]) -> Result<Value, ApiError> {
    let text = String::from_utf8_lossy(body);
    let mut all = Value::Object(Map::new());
    for (number, (key, value)) in pairs(&text).enumerate() {
        let parts = parts(&key).filter(|parts| parts.len() <= MAX_DEPTH && number < MAX_KEYS);
        let parts = parts.ok_or_else(|| wrong_key(&key))?;
        put(&mut all, &parts, value.map_or(Value::Null, Value::String)).ok_or_else(|| wrong_key(&key))?;
    }
    Ok(all)
}

fn wrong_key(key: &str) -> ApiError {
    ApiError::Malformed(format!("The form has a key that is none: '{}'", crate::text::shown(key)))
}

/// `a[b][]` in parts: `a`, `b`, and nothing for what goes behind all in a list. None where the brackets do not match.
fn parts(key: &str) -> Option<Vec<&str>> {
    let (first, mut rest) = match key.find('[') {
        Some(start) => key.split_at_checked(start)?,
        None => (key, ""),
    };
    let mut parts = vec![first];
    while !rest.is_empty() {
        let (part, after) = rest.strip_prefix('[')?.split_once(']')?;
        parts.push(part);
        rest = after;
    }
    Some(parts)
}

/// Puts a value where the parts of its key lead; none where something else is there.
fn put(at: &mut Value, parts: &[&str], value: Value) -> Option<()> {
    let Some((part, rest)) = parts.split_first() else {
        *at = value;
        return Some(());
    };
    if part.is_empty() {
        if at.is_null() || at.as_object().is_some_and(Map::is_empty) {
            *at = Value::Array(Vec::new());
        }
        let list = at.as_array_mut()?;
        // The same key again begins another object.
        let has_key = |last: &Value| rest.first().is_none_or(|key| last.get(key).is_some());
        if list.last().is_none_or(has_key) {
            list.push(Value::Null);
        }
        return put(list.last_mut()?, rest, value);
    }
    if at.is_null() {
        *at = Value::Object(Map::new());
    }
    let next = at.as_object_mut()?.entry(*part).or_insert(Value::Null);
    put(next, rest, value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_with_brackets_are_objects_and_lists() {
        let text = "z[name]=a+b&z[ip_address]=1.2.3.4%2C5.6.7.8&z[used_by]&z[ids][]=1&z[ids][]=2&z[r][][c]=1&z[r][][d]=2&z[r][][c]=3&x=";
        let expected = json!({
            "z": { "name": "a b", "ip_address": "1.2.3.4,5.6.7.8", "used_by": null, "ids": ["1", "2"], "r": [{ "c": "1", "d": "2" }, { "c": "3" }] },
            "x": "",
        });
        assert_eq!(form(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for text in ["a[b=1", "a=1&a[b]=2", "a[]=1&a[b]=2", "a[b]x=1", &format!("a{}=1", "[b]".repeat(9))] {
            assert!(form(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn json_may_be_written_twice() {
        assert_eq!(json(br#""{\"a\":1}""#).unwrap(), json!({ "a": 1 }));
        assert!(json(br#""a""#).is_err());
        assert!(json(b"{\"a\":1} x").is_err());
    }
}
