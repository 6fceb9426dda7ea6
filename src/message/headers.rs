//! The text of headers.

use std::borrow::Cow;

use actix_http::{HttpMessage, Request as HttpRequest};
use actix_web::http::header::HeaderName;

/// A header's text, joined as HTTP joins a header that is there more than once; none where it is absent or empty.
pub fn text<'a>(http: &'a HttpRequest, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = http.headers().get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let mut text = values.next()?;
    for value in values {
        text.to_mut().push(',');
        text.to_mut().push_str(&value);
    }
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    Some(text).filter(|text| !text.is_empty())
}
