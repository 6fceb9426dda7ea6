//! From a template to what is sent.

use std::io;

use askama::Template;

/// The page.
pub(super) fn render(page: &impl Template) -> io::Result<Vec<u8>> {
    page.render().map(String::into_bytes).map_err(io::Error::other)
}
