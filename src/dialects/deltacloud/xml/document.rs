//! XML as Deltacloud wrote it: single quotes, two spaces a level, and what has no elements in it on one line.
//!
//! A list of ten thousand firewalls is a million elements, so nothing is put together only to be copied. quick-xml's writer
//! takes each tag as a text of its own, and knows no single quotes; what to escape, and how, is still quick-xml's.

use std::borrow::Cow;

use quick_xml::escape::escape;

/// The beginning of a line, for as many levels as documents have.
const LINE: &str = "\n                ";

/// A document that is being written.
pub(super) struct Document {
    text: String,
    level: usize,
    /// Whether the next tag stands on a line of its own.
    breaks: bool,
}

/// Names and values, in alphabetical order.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Document {
    /// A document that begins with this, with room for so many bytes.
    pub(super) fn new(prolog: &str, capacity: usize) -> Self {
        let mut text = String::with_capacity(capacity);
        text.push_str(prolog);
        Self { text, level: 0, breaks: false }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.text.push('\n');
        self.text.into_bytes()
    }

    /// An element whose content stands on lines of its own.
    pub(super) fn open(&mut self, name: &str, attributes: Attributes<'_>) {
        self.tag(name, attributes, ">");
        self.level += 1;
    }

    /// An element whose content goes on on the same line.
    pub(super) fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.breaks = false;
    }

    pub(super) fn close(&mut self, name: &str) {
        self.level = self.level.saturating_sub(1);
        self.begin_line();
        for part in ["</", name, ">"] {
            self.text.push_str(part);
        }
    }

    /// An element without content, in one tag.
    pub(super) fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.tag(name, attributes, " />");
    }

    /// An element without content, in two tags on one line.
    pub(super) fn leaf(&mut self, name: &str, attributes: Attributes<'_>) {
        self.start(name, attributes);
        self.close(name);
    }

    /// An element with text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.start(name, &[]);
        self.escaped(text);
        self.close(name);
    }

    /// An element with a number, or with none.
    pub(super) fn number(&mut self, name: &str, number: Option<i32>) {
        self.start(name, &[]);
        if let Some(number) = number {
            self.text.push_str(itoa::Buffer::new().format(number));
        }
        self.close(name);
    }

    /// An element with text as CDATA.
    pub(super) fn cdata(&mut self, name: &str, text: &str) {
        self.start(name, &[]);
        self.cdata_content(text);
        self.close(name);
    }

    /// Text as CDATA: in several sections where it holds the mark that ends one.
    pub(super) fn cdata_content(&mut self, text: &str) {
        self.text.push_str("<![CDATA[");
        match is_plain(text) {
            true => self.text.push_str(text),
            false => self.text.push_str(&printable(text).replace("]]>", "]]]]><![CDATA[>")),
        }
        self.text.push_str("]]>");
    }

    fn tag(&mut self, name: &str, attributes: Attributes<'_>, end: &str) {
        self.begin_line();
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            for part in [" ", attribute, "='"] {
                self.text.push_str(part);
            }
            self.escaped(value);
            self.text.push('\'');
        }
        self.text.push_str(end);
    }

    fn begin_line(&mut self) {
        if self.breaks {
            self.text.push_str(LINE.get(..=2 * self.level).unwrap_or(LINE));
        }
        self.breaks = true;
    }

    fn escaped(&mut self, text: &str) {
        match is_plain(text) {
            true => self.text.push_str(text),
            false => self.text.push_str(&escape(printable(text))),
        }
    }
}

/// Whether all of it is ASCII that stands for itself. Most text is.
fn is_plain(text: &str) -> bool {
    // No early end, so that many bytes are looked at in one step.
    let special = |byte: u8| !(b' '..=b'~').contains(&byte) | matches!(byte, b'<' | b'>' | b'&' | b'\'' | b'"');
    !text.bytes().fold(false, |any, byte| any | special(byte))
}

/// Text without what XML 1.0 cannot carry in any form. Clouds and clients send what they like.
fn printable(text: &str) -> Cow<'_, str> {
    let is_printable =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    match text.chars().all(is_printable) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()),
    }
}
