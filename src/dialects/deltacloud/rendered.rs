//! From a view to bytes, in whatever format.

use std::io;

use super::answer::View;
use super::format::Format;
use super::head::Head;
use super::representation::Representation;
use super::written::{Cache, Written};
use super::{html, json, openapi, xml};

/// The body of an answer, and its type. It is kept where it was asked for: nobody asks again for what a change has answered.
pub(super) fn rendered(view: &View, head: &Head<'_>, cache: Option<&Cache>) -> io::Result<(Written, &'static str)> {
    let format = head.format();
    if let Some(wanted) = Representation::of(view, format, head) {
        let written = cache.map_or_else(|| wanted.written(), |cache| cache.get(&wanted))?;
        return Ok((written, format.content_type()));
    }
    let (content, content_type) = match (view, format) {
        (View::Asset(asset), _) => (asset.content.as_bytes().to_vec(), asset.content_type),
        (View::OpenApi, _) => (openapi::document(head)?, Format::Json.content_type()),
        (_, Format::Xml) => (xml::view(view, head)?, format.content_type()),
        (_, Format::Json) => (json::view(view, head)?, format.content_type()),
        (_, Format::Html) => (html::view(view, head)?, format.content_type()),
    };
    let shown = match view {
        View::Firewall(_, shown) => Some(*shown),
        _ => None,
    };
    Ok((Written::new(content, shown)?, content_type))
}
