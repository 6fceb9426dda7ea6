//! What is seen of requests' heads on their way to the HTTP server.
//!
//! In HTTP/1 an offer to change to another protocol is taken out of them: the server would close the connection behind its
//! answer, or take all that follows for a body, and can be told neither (actix-http 3.20, h1/codec.rs and h1/decoder.rs).
//! RFC 9110, section 7.8, lets a server ignore such an offer. In HTTP/2 it is followed when a head began that has not ended,
//! which the server does not tell.

use memchr::memchr;
use tokio::time::Instant;

/// The heads that come on a connection.
#[derive(Debug)]
pub enum Heads {
    /// As HTTP/1 has them.
    Http1(Offers),
    /// As HTTP/2 has them.
    Http2(Blocks),
}

/// Takes offers of another protocol out of a head: the option `upgrade` of `Connection`, and the value of `Upgrade`. Spaces
/// take their place, so that nothing else moves.
#[derive(Debug, Default)]
pub struct Offers(Part);

/// The part of a head that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    /// What follows the head.
    #[default]
    After,
    /// The empty lines that may stand before it.
    Before,
    /// The name of a field, so much of which was one of those that matter.
    Name { connection: usize, upgrade: usize },
    /// What is left of a line that does not matter.
    Rest,
    /// The options of `Connection`, so much of the current one being that of an offer; none where it is another.
    Options(Option<usize>),
    /// The protocols of `Upgrade`.
    Protocols,
}

const CONNECTION: &[u8] = b"connection:";
const UPGRADE: &[u8] = b"upgrade:";
const OPTION: &[u8] = b"upgrade";

impl Offers {
    /// The next byte is the first of a head.
    pub fn begin(&mut self) {
        self.0 = Part::Before;
    }

    /// Takes them out of bytes that have come.
    pub fn take_out(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while self.0 != Part::After {
            if self.0 == Part::Rest {
                let Some(end) = bytes.get(at..).and_then(|rest| memchr(b'\n', rest)) else { return };
                (self.0, at) = (Part::NAME, at + end + 1);
            }
            let Some(byte) = bytes.get_mut(at) else { return };
            self.0 = self.0.next(byte);
            at += 1;
        }
    }
}

impl Part {
    const NAME: Self = Self::Name { connection: 0, upgrade: 0 };

    /// The part after this byte of it.
    fn next(self, byte: &mut u8) -> Self {
        match (self, *byte) {
            (Self::After | Self::Name { connection: 0, upgrade: 0 }, b'\r' | b'\n') => Self::After,
            (Self::Before, b'\r' | b'\n') => Self::Before,
            (_, b'\n') => Self::NAME,
            (Self::Before, _) => Self::NAME.next(byte),
            (Self::Name { connection, upgrade }, _) => {
                let connection = continues(CONNECTION, connection, *byte);
                let upgrade = continues(UPGRADE, upgrade, *byte);
                match (connection, upgrade) {
                    (0, 0) => Self::Rest,
                    _ if connection == CONNECTION.len() => Self::Options(Some(0)),
                    _ if upgrade == UPGRADE.len() => Self::Protocols,
                    _ => Self::Name { connection, upgrade },
                }
            }
            (Self::Options(_), b',' | b' ' | b'\t') => Self::Options(Some(0)),
            (Self::Options(read), _) => {
                let read = read.map(|read| continues(OPTION, read, *byte)).filter(|read| *read > 0);
                // Without its last letter it is no option that there is.
                if read == Some(OPTION.len()) {
                    *byte = b' ';
                }
                Self::Options(read.filter(|read| *read < OPTION.len()))
            }
            (Self::Protocols, b'\r') => Self::Protocols,
            (Self::Protocols, _) => {
                *byte = b' ';
                Self::Protocols
            }
            (Self::After | Self::Rest, _) => self,
        }
    }
}

/// How much of a word has come with this byte, of which so much had come; 0 where it is another word.
fn continues(word: &[u8], read: usize, byte: u8) -> usize {
    match word.get(read) {
        Some(next) if byte.eq_ignore_ascii_case(next) => read + 1,
        _ => 0,
    }
}

/// Follows HTTP/2's frames (RFC 9113, section 4.1) for a head that has begun and not ended.
#[derive(Debug)]
pub struct Blocks {
    /// How many bytes are still to come of the frame, behind its own head.
    rest: usize,
    /// How many bytes of a frame's head have come.
    read: usize,
    length: usize,
    kind: u8,
    flags: u8,
    since: Option<Instant>,
}

/// How long a frame's head is.
const FRAME_HEAD: usize = 9;

/// How long the words are that a client opens a connection with (section 3.4).
const PREFACE: usize = 24;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

impl Default for Blocks {
    fn default() -> Self {
        Self { rest: PREFACE, read: 0, length: 0, kind: 0, flags: 0, since: None }
    }
}

impl Blocks {
    /// When the head began that has not ended.
    pub fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Follows bytes that have come.
    pub fn follow(&mut self, mut bytes: &[u8]) {
        loop {
            let of_frame = self.rest.min(bytes.len());
            self.rest -= of_frame;
            bytes = bytes.get(of_frame..).unwrap_or_default();
            if self.rest > 0 {
                return;
            }
            if self.read == 0 && self.is_of_a_head() && self.flags & END_HEADERS != 0 {
                self.since = None;
            }
            let Some((byte, others)) = bytes.split_first() else { return };
            bytes = others;
            match self.read {
                0 => (self.kind, self.length) = (0, usize::from(*byte)),
                1 | 2 => self.length = self.length << 8 | usize::from(*byte),
                3 => self.kind = *byte,
                4 => self.flags = *byte,
                _ => {}
            }
            if self.is_of_a_head() {
                self.since.get_or_insert_with(Instant::now);
            }
            self.read += 1;
            if self.read == FRAME_HEAD {
                (self.read, self.rest) = (0, self.length);
            }
        }
    }

    fn is_of_a_head(&self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a head, in whichever pieces it comes.
    fn left_of(head: &str) -> String {
        let mut whole = head.as_bytes().to_vec();
        let mut offers = Offers::default();
        offers.begin();
        offers.take_out(&mut whole);
        for size in [1, 2, 7, 50] {
            let mut offers = Offers::default();
            offers.begin();
            let mut pieces = head.as_bytes().to_vec();
            pieces.chunks_mut(size).for_each(|piece| offers.take_out(piece));
            assert_eq!(pieces, whole, "in pieces of {size}");
        }
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn offers_are_taken_out_and_nothing_else() {
        for (head, left) in [
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
            ("Connection : Upgrade\r\n", "Connection : Upgrade\r\n"),
        ] {
            for before in ["", "\r\n\r\n"] {
                let [head, left] =
                    [head, left].map(|fields| format!("{before}POST /upgrade HTTP/1.1\r\n{fields}\r\n{head}"));
                assert_eq!(left_of(&head), left);
            }
        }
    }

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        [&[0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// Whether a head is open behind these frames, in whichever pieces they come.
    fn is_open(frames: &[Vec<u8>]) -> bool {
        let bytes = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frames.concat()].concat();
        let open = [1, 3, 10, 1000].map(|size| {
            let mut blocks = Blocks::default();
            bytes.chunks(size).for_each(|piece| blocks.follow(piece));
            blocks.since().is_some()
        });
        assert!(open.iter().all(|one| *one == open[0]), "{open:?}");
        open[0]
    }

    #[test]
    fn a_head_is_open_until_its_last_frame_has_come_whole() {
        let settings = frame(4, 0, &[]);
        let whole = frame(HEADERS, END_HEADERS, b"abc");
        let first = frame(HEADERS, 0, b"abc");
        let next = frame(CONTINUATION, 0, b"abc");
        let last = frame(CONTINUATION, END_HEADERS, &[]);
        let data = frame(0, 0, b"abc");
        for (frames, open) in [
            (vec![settings.clone()], false),
            (vec![settings.clone(), whole.clone()], false),
            (vec![settings.clone(), whole[..11].to_vec()], true),
            (vec![first.clone()], true),
            (vec![first.clone(), next.clone()], true),
            (vec![first.clone(), next.clone(), last[..8].to_vec()], true),
            (vec![first, next, last.clone()], false),
            (vec![whole, data[..10].to_vec()], false),
        ] {
            assert_eq!(is_open(&frames), open, "{frames:?}");
        }
    }
}
