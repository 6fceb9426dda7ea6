//! Which format an answer is in.

/// The formats of this dialect, the first being that of clients who do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Xml,
    Json,
    Html,
}

/// In the order in which they are preferred among equals.
pub(super) const FORMATS: [Format; 3] = [Format::Xml, Format::Json, Format::Html];

impl Format {
    /// The format that `?format=` names.
    pub(super) fn named(name: &str) -> Option<Self> {
        FORMATS.into_iter().find(|format| format.name() == name)
    }

    /// The format that an `Accept` header asks for: the highest quality first, then what it names most exactly, then
    /// our own order. None when it excludes all; an empty one excludes nothing.
    pub(super) fn accepted(accept: &str) -> Option<Self> {
        if accept.is_empty() {
            return Some(Self::Xml);
        }
        let ranges: Vec<Range> = accept.split(',').map(Range::parse).collect();
        let rank = |format: Self| {
            let rank = rank(&ranges, format).filter(|(quality, _)| *quality > 0);
            rank.map(|rank| (rank, format))
        };
        // The first of several that are equal: `max_by_key` alone would take the last.
        FORMATS.into_iter().rev().filter_map(rank).max_by_key(|(rank, _)| *rank).map(|(_, format)| format)
    }

    /// What `?format=` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// The media type that answers have.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Json => "application/json",
            Self::Html => "text/html",
        }
    }

    /// The media types that mean this format.
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
            Self::Xml | Self::Json => self.media_type(),
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

/// One of the ranges of an `Accept` header.
struct Range {
    /// Such as `text/xml`, `text/*`, `*/*` or `*`, in lower case.
    media_types: String,
    /// In thousandths.
    quality: u16,
}

impl Range {
    /// Reads a range as its sender will have meant it: a quality that cannot be read is left out, not the range.
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let media_types = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = quality.and_then(|quality| quality.parse().ok()).filter(|quality: &f32| quality.is_finite());
        let thousandths = quality.unwrap_or(1.0).clamp(0.0, 1.0) * 1000.0;
        Self { media_types, quality: thousandths.round() as u16 }
    }

    /// How exactly the range names a media type; none where it does not.
    fn exactness(&self, media_type: &str) -> Option<u8> {
        if self.media_types == media_type {
            return Some(2);
        }
        match self.media_types.strip_suffix("/*") {
            Some("*") => Some(0),
            Some(main) if media_type.split('/').next() == Some(main) => Some(1),
            // As Java's own client writes it.
            None if self.media_types == "*" => Some(0),
            _ => None,
        }
    }
}

/// The quality that the most exact of the matching ranges gives a format, and how exact that range is.
fn rank(ranges: &[Range], format: Format) -> Option<(u16, u8)> {
    let exactness = |range: &Range| format.media_types().iter().filter_map(|known| range.exactness(known)).max();
    let matching = ranges.iter().filter_map(|range| Some((exactness(range)?, range.quality)));
    matching.max().map(|(exactness, quality)| (quality, exactness))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("application/json;q=.5,text/xml;q=0.4", Some(Format::Json)),
            ("application/json; Q=0.4 , text/xml ; q=0.5", Some(Format::Xml)),
            ("application/json;q=abc", Some(Format::Json)),
            ("application/json;q=1.0000", Some(Format::Json)),
            ("application/json;charset=\"a,b\",text/xml;q=0.5", Some(Format::Json)),
            ("*", Some(Format::Xml)),
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Some(Format::Html)),
            ("image/gif, *; q=.2", Some(Format::Xml)),
            ("*, application/json", Some(Format::Json)),
            ("image/png", None),
            ("garbage", None),
            ("application/json;q=0", None),
        ] {
            assert_eq!(Format::accepted(accept), expected, "{accept}");
        }
    }
}
