//! The HTML view of a failure: what a browser shows of one.

use quick_xml::escape::escape;

use super::error::ApiError;

/// A page that says what went wrong.
pub(super) fn error(error: &ApiError) -> Vec<u8> {
    let (title, message) = (error.failure.appearance().status.to_string(), escape(&error.message));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{message}</p>\n</html>\n"
    )
    .into_bytes()
}
