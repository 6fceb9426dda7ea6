//! What a request is called: by whoever sent it, or else by us.

use actix_web::http::header::{HeaderMap, HeaderName};
use uuid::Uuid;

/// The header with a request's id, in and out.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// How long an id may be that comes with a request.
const MAX_REQUEST_ID: usize = 128;

/// The id that came with the request, if it can stand in a log and a header as it is; else a new one.
pub fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte);
    let sent = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok());
    let good = sent.filter(|id| !id.is_empty() && id.len() <= MAX_REQUEST_ID && id.bytes().all(is_plain));
    good.map_or_else(new_id, str::to_owned)
}

fn new_id() -> String {
    Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

/// The trace that a request is part of, as `traceparent` says in W3C's Trace Context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The whole trace.
    pub id: String,
    /// What in it has sent the request.
    pub parent: String,
}

impl Trace {
    /// The trace that the headers name; none where they name none, or not in the right form.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&TRACEPARENT);
        let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
        let mut parts = value.split('-');
        let version = parts.next().filter(|version| is_hex(version, 2) && *version != "ff")?;
        let id = parts.next().filter(|id| is_hex(id, 32) && has_value(id))?;
        let parent = parts.next().filter(|parent| is_hex(parent, 16) && has_value(parent))?;
        parts.next().filter(|flags| is_hex(flags, 2))?;
        // Only later versions may have more.
        (version != "00" || parts.next().is_none()).then(|| Self { id: id.to_owned(), parent: parent.to_owned() })
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn has_value(hex: &str) -> bool {
    hex.bytes().any(|byte| byte != b'0')
}
