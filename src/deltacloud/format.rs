//! Which format an answer is in.

use actix_web::http::header::{Accept, Quality};

/// The formats of this dialect, the first being that of clients who do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Xml,
    Json,
    Html,
}

/// In the order in which they are preferred among equals.
const FORMATS: [Format; 3] = [Format::Xml, Format::Json, Format::Html];

impl Format {
    /// The format that `?format=` names.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "xml" => Some(Self::Xml),
            "json" => Some(Self::Json),
            "html" => Some(Self::Html),
            _ => None,
        }
    }

    /// The format that an `Accept` header asks for: the highest quality first, then what it names most exactly, then
    /// our own order. None when it excludes all.
    pub(super) fn accepted(accept: &Accept) -> Option<Self> {
        if accept.is_empty() {
            return Some(Self::Xml);
        }
        let rank = |format: Self| {
            let rank = rank(accept, format).filter(|(quality, _)| *quality > Quality::ZERO);
            rank.map(|rank| (rank, format))
        };
        // The first of several that are equal: `max_by_key` alone would take the last.
        FORMATS.into_iter().rev().filter_map(rank).max_by_key(|(rank, _)| *rank).map(|(_, format)| format)
    }

    /// The media types that mean this format, the first being what answers say.
    fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Xml => &["application/xml", "text/xml"],
            Self::Json => &["application/json"],
            Self::Html => &["text/html", "application/xhtml+xml"],
        }
    }

    /// The `Content-Type` of an answer. XML and JSON say their encoding themselves.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// The quality that the most exact of the matching ranges gives a format, and how exact that range is.
fn rank(accept: &Accept, format: Format) -> Option<(Quality, u8)> {
    let exactness = |range: &str, media_type: &str| {
        if range == media_type {
            return Some(2);
        }
        match range.strip_suffix("/*") {
            Some("*") => Some(0),
            Some(main) if media_type.split('/').next() == Some(main) => Some(1),
            _ => None,
        }
    };
    let exactness = |range: &str| format.media_types().iter().filter_map(|known| exactness(range, known)).max();
    accept
        .iter()
        .filter_map(|item| exactness(item.item.essence_str()).map(|exactness| (exactness, item.quality)))
        .max()
        .map(|(exactness, quality)| (quality, exactness))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::Header;
    use actix_web::test::TestRequest;

    #[test]
    fn accept_headers_choose() {
        for (accept, expected) in [
            ("application/xml", Some(Format::Xml)),
            ("text/xml; charset=utf-8", Some(Format::Xml)),
            ("application/json", Some(Format::Json)),
            ("text/html", Some(Format::Html)),
            ("application/xhtml+xml", Some(Format::Html)),
            ("*/*", Some(Format::Xml)),
            ("application/*", Some(Format::Xml)),
            ("text/*", Some(Format::Xml)),
            ("*/*, application/json", Some(Format::Json)),
            ("text/*, application/json", Some(Format::Json)),
            ("application/json, application/xml", Some(Format::Xml)),
            ("application/xml;q=0.5, application/json;q=0.6", Some(Format::Json)),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Format::Html)),
            ("application/xml;q=0, */*", Some(Format::Json)),
            ("application/xml;q=0, text/xml", Some(Format::Xml)),
            ("application/xml;q=0, */*;q=0.1, text/html;q=0.2", Some(Format::Html)),
            ("APPLICATION/JSON", Some(Format::Json)),
            ("image/png", None),
            ("application/json;q=0", None),
        ] {
            let request = TestRequest::default().insert_header(("accept", accept)).to_http_request();
            assert_eq!(Format::accepted(&Accept::parse(&request).unwrap()), expected, "{accept}");
        }
    }
}
