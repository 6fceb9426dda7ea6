//! HTTP/1's heads.

use memchr::memchr;
use tokio::time::Instant;

/// Follows HTTP/1's requests, one behind the other, and takes offers of another protocol out of their heads: the option
/// `upgrade` of `Connection`, and the value of `Upgrade`. Spaces take their place, so that nothing else moves. What is no
/// HTTP is followed in some way or other: the server refuses it, and closes the connection.
#[derive(Debug, Default)]
pub struct Lines {
    part: Part,
    /// When the head began that has not ended.
    pub(super) since: Option<Instant>,
    /// When the last head began, if it was not told before.
    pub(super) beginning: Option<Instant>,
    /// The name of the current field, as far as it may be one that matters.
    name: Vec<u8>,
    /// How many bytes the body has that follows.
    length: u64,
    /// Whether it comes in chunks.
    is_chunked: bool,
}

/// The part of a request that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    /// The empty lines that may stand before a head.
    #[default]
    Before,
    /// The name of a field, or the first line.
    Name,
    /// What is left of a line that does not matter.
    Rest,
    /// The options of `Connection`, so much of the current one being that of an offer; none where it is another.
    Options(Option<usize>),
    /// The protocols of `Upgrade`.
    Protocols,
    /// The number of `Content-Length`.
    Length,
    /// The coding of `Transfer-Encoding`.
    Coding,
    /// So many bytes of a body.
    Body(u64),
    /// The line before a chunk, with the size as far as it has come.
    ChunkSize(u64),
    /// What is left of that line.
    ChunkRest(u64),
    /// So many bytes of a chunk.
    Chunk(u64),
    /// What stands behind a chunk.
    ChunkEnd,
    /// A line behind the last chunk, of which nothing has come.
    Trailer,
    /// What is left of it.
    TrailerRest,
}

/// The fields that matter, with what is in them. They begin with three different letters.
const FIELDS: [(&[u8], Part); 4] = [
    (b"connection", Part::Options(Some(0))),
    (b"upgrade", Part::Protocols),
    (b"content-length", Part::Length),
    (b"transfer-encoding", Part::Coding),
];

/// How long the longest of their names is.
const LONGEST: usize = 17;

const OPTION: &[u8] = b"upgrade";

impl Lines {
    /// Follows bytes that have come.
    pub(super) fn follow(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        loop {
            at += self.skip(bytes.get(at..).unwrap_or_default());
            let Some(byte) = bytes.get_mut(at) else { return };
            self.part = self.after(byte);
            at += 1;
        }
    }

    /// How many of these bytes need not be looked at one by one.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        match self.part {
            Part::Rest => memchr(b'\n', bytes).unwrap_or(bytes.len()),
            Part::Body(rest) => {
                let (skipped, rest) = skip(bytes, rest);
                self.part = if rest == 0 { Part::Before } else { Part::Body(rest) };
                skipped
            }
            Part::Chunk(rest) => {
                let (skipped, rest) = skip(bytes, rest);
                self.part = if rest == 0 { Part::ChunkEnd } else { Part::Chunk(rest) };
                skipped
            }
            _ => 0,
        }
    }

    /// The part after this byte.
    fn after(&mut self, byte: &mut u8) -> Part {
        match (self.part, *byte) {
            (Part::Before, b'\r' | b'\n') => Part::Before,
            (Part::Before, _) => {
                let now = Some(Instant::now());
                (self.since, self.beginning, self.length, self.is_chunked) = (now, now, 0, false);
                self.name.clear();
                self.after_name(*byte)
            }
            (Part::Name, b'\r') if self.name.is_empty() => Part::Name,
            (Part::Name, b'\n') if self.name.is_empty() => self.after_head(),
            (Part::Name | Part::Rest | Part::Options(_) | Part::Protocols | Part::Length | Part::Coding, b'\n') => {
                self.name.clear();
                Part::Name
            }
            (Part::Name, byte) => self.after_name(byte),
            (Part::Options(_), b',' | b' ' | b'\t') => Part::Options(Some(0)),
            (Part::Options(read), _) => Part::Options(read.and_then(|read| after_option(read, byte))),
            (Part::Protocols, b'\r') => Part::Protocols,
            (Part::Protocols, _) => {
                *byte = b' ';
                Part::Protocols
            }
            (Part::Length, b'0'..=b'9') => {
                self.length = self.length.saturating_mul(10).saturating_add((*byte - b'0').into());
                Part::Length
            }
            (Part::Coding, b' ' | b'\t') => Part::Coding,
            // The server takes no other but `identity`.
            (Part::Coding, first) => {
                self.is_chunked = first.eq_ignore_ascii_case(&b'c');
                Part::Rest
            }
            (Part::ChunkSize(size) | Part::ChunkRest(size), b'\n') => {
                if size == 0 {
                    Part::Trailer
                } else {
                    Part::Chunk(size)
                }
            }
            (Part::ChunkSize(size), digit) => match char::from(digit).to_digit(16) {
                Some(digit) => Part::ChunkSize(size.saturating_mul(16).saturating_add(digit.into())),
                None => Part::ChunkRest(size),
            },
            (Part::ChunkEnd, b'\n') => Part::ChunkSize(0),
            (Part::Trailer, b'\r') => Part::Trailer,
            (Part::Trailer, b'\n') => Part::Before,
            (Part::Trailer, _) => Part::TrailerRest,
            (Part::TrailerRest, b'\n') => Part::Trailer,
            (part, _) => part,
        }
    }

    fn after_name(&mut self, byte: u8) -> Part {
        if byte == b':' {
            let field = FIELDS.into_iter().find(|(name, _)| self.name.eq_ignore_ascii_case(name));
            return field.map_or(Part::Rest, |(_, part)| part);
        }
        let is_over = match self.name.is_empty() {
            true => !matches!(byte.to_ascii_lowercase(), b'c' | b'u' | b't'),
            false => self.name.len() == LONGEST,
        };
        self.name.push(byte);
        if is_over { Part::Rest } else { Part::Name }
    }

    fn after_head(&mut self) -> Part {
        self.since = None;
        match self.is_chunked {
            true => Part::ChunkSize(0),
            false if self.length > 0 => Part::Body(self.length),
            false => Part::Before,
        }
    }
}

/// How many bytes of those to come are these, and how many are left then.
fn skip(bytes: &[u8], rest: u64) -> (usize, u64) {
    let skipped = usize::try_from(rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
    (skipped, rest - skipped as u64)
}

/// How much of an offer has come with this byte, of which so much had come. Without its last letter it is no option that there
/// is.
fn after_option(read: usize, byte: &mut u8) -> Option<usize> {
    OPTION.get(read).filter(|next| byte.eq_ignore_ascii_case(next))?;
    let is_whole = read + 1 == OPTION.len();
    if is_whole {
        *byte = b' ';
    }
    (!is_whole).then_some(read + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of these bytes, in whichever pieces they come, and whether a head is open behind them.
    fn left_of(bytes: &str) -> (String, bool) {
        let follow = |size: usize| {
            let (mut lines, mut left) = (Lines::default(), bytes.as_bytes().to_vec());
            left.chunks_mut(size).for_each(|piece| lines.follow(piece));
            (String::from_utf8(left).unwrap(), lines.since.is_some())
        };
        let whole = follow(bytes.len());
        for size in [1, 2, 7, 50] {
            assert_eq!(follow(size), whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn offers_are_taken_out_of_heads_and_nothing_else_is() {
        let bodies = [
            ("", "\r\n"),
            ("Content-Length: 22\r\n", "\r\n\nConnection: upgrade\r\n"),
            ("content-length:0022\n", "\n\nUpgrade: websocket..\n"),
            (
                "Transfer-Encoding: chunked\r\n",
                "\r\nB;x=\"Upgrade:\"\r\n\nUpgrade: a\r\na\nUpgrade: \r\n0\r\nUpgrade: b\r\n\r\n",
            ),
            ("transfer-encoding:\tCHUNKED\nContent-Length: 3\n", "\n1\nx\n0\n\n"),
        ];
        for (fields, left) in [
            (
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n",
                "Connection: Upgrad , HTTP2-Settings\r\nUpgrade:    \r\n",
            ),
            (
                "connection:keep-alive,upgrade\nUPGRADE:websocket\n",
                "connection:keep-alive,upgrad \nUPGRADE:         \n",
            ),
            ("Connection: close\r\nX: Upgrade\r\n", "Connection: close\r\nX: Upgrade\r\n"),
            ("Connection: Upgrade\r\nConnection: upgrade\r\n", "Connection: Upgrad \r\nConnection: upgrad \r\n"),
            ("Proxy-Connection: upgrade\r\nXUpgrade: a\r\n", "Proxy-Connection: upgrade\r\nXUpgrade: a\r\n"),
            ("CUpgrade: a\r\nConUpgrade: b\r\nUpgrades: c\r\n", "CUpgrade: a\r\nConUpgrade: b\r\nUpgrades: c\r\n"),
            ("Connection : Upgrade\r\n", "Connection : Upgrade\r\n"),
        ] {
            for (length, body) in bodies {
                for before in ["", "\r\n\r\n"] {
                    let [one, left] = [fields, left].map(|fields| {
                        format!("{before}POST /upgrade HTTP/1.1\r\nConnections: a\r\n{fields}{length}{body}")
                    });
                    assert_eq!(left_of(&one), (left.clone(), false));
                    // The next is followed as the first is.
                    assert_eq!(left_of(&format!("{one}{one}{one}")), (format!("{left}{left}{left}"), false));
                }
            }
        }
    }

    #[test]
    fn a_head_of_lines_is_open_until_the_last_of_them() {
        let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let post = "POST / HTTP/1.1\nContent-Length: 5\n\nabcde";
        for (before, is_open) in [("", false), (get, false), (post, false), ("\r\n", false)] {
            assert_eq!(left_of(&format!("{before}\r\n")).1, is_open);
            for part in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r"]
            {
                assert!(left_of(&format!("{before}{part}")).1, "{part}");
            }
        }
        assert!(!left_of("POST / HTTP/1.1\nContent-Length: 5\n\nabc").1);
    }
}
