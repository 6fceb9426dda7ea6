//! HTTP/2's heads.

use tokio::time::Instant;

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
    /// When the head began that has not ended.
    pub(super) since: Option<Instant>,
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
    /// Follows bytes that have come.
    pub(super) fn follow(&mut self, mut bytes: &[u8]) {
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

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        [&[0, 0, u8::try_from(payload.len()).unwrap(), kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// Whether a head is open behind these frames, in whichever pieces they come.
    fn is_open(frames: &[Vec<u8>]) -> bool {
        let bytes = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frames.concat()].concat();
        let open = [1, 3, 10, 1000].map(|size| {
            let mut blocks = Blocks::default();
            bytes.chunks(size).for_each(|piece| blocks.follow(piece));
            blocks.since.is_some()
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
