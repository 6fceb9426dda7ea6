//! From a body to a rule set.

use std::str;

use actix_web::http::header::HeaderMap;
use actix_web::web::Bytes;
use deltawall_core::Capabilities;

use super::sent::{Builder, SentSet};
use super::{json, xml};
use crate::config::Limits;
use crate::dialects::deltacloud::body::{self, BYTE_ORDER_MARK};
use crate::dialects::deltacloud::error::{ApiError, Failure};

/// The rule set that a body holds, for a driver that can do this. All of it is checked: what is not read might make a rule match
/// more than was meant.
pub(in crate::dialects::deltacloud) fn read(
    headers: &HeaderMap,
    body: &Bytes,
    limits: &Limits,
    can: Capabilities,
) -> Result<SentSet, ApiError> {
    let media_type = body::media_type(headers)?;
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut builder = Builder::new(limits, can);
    match media_type.as_str() {
        "application/json" => json::read(text, &mut builder)?,
        "application/xml" | "text/xml" => {
            let text = str::from_utf8(text).ok();
            xml::read(text.ok_or_else(|| Failure::Validation.with("The XML body is not UTF-8."))?, &mut builder)?;
        }
        _ => return Err(Failure::UnsupportedBody.with("A rule set is application/json or application/xml.")),
    }
    builder.finish()
}
