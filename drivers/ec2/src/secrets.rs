//! What a call was signed with, taken out of whatever EC2 says.
//!
//! A cloud, or what stands before it, may repeat the request: in a refusal, or as a name. It may do so percent-encoded, as
//! XML, HTML or JSON, in lines, in base64 or hexadecimal. So the answer is compared in a plain form, which all of these have in
//! common, and what is found is cut out of the answer as it came.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aws_smithy_types::config_bag::{Storable, StoreReplace};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

/// What is left in a secret's place.
const HIDDEN: &[u8] = b"[hidden]";

/// How long a secret must be to be looked for, in plain bytes. Shorter ones would be found where they are not meant.
const MIN: usize = 8;

/// How much of a secret is hidden where the rest does not follow, in plain bytes.
const MIN_PART: usize = 16;

/// How many beginnings are told apart at the first look.
const SLOTS: usize = 4096;

/// The secrets of one call, each in all the forms that are looked for.
#[derive(Clone)]
pub(crate) struct Secrets(Arc<Parts>);

struct Parts {
    wanted: Vec<Wanted>,
    /// Whether anything that is wanted may begin so, by the slot of its first bytes.
    slots: Vec<bool>,
}

/// One form of a secret, in plain bytes.
struct Wanted {
    /// The first eight of them.
    start: u64,
    rest: Vec<u8>,
}

impl Storable for Secrets {
    type Storer = StoreReplace<Self>;
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let wanted: Vec<_> = secrets.into_iter().flat_map(forms).filter_map(|form| Wanted::new(&form)).collect();
        let mut slots = vec![false; SLOTS];
        for Wanted { start, .. } in &wanted {
            if let Some(slot) = slots.get_mut(slot(*start)) {
                *slot = true;
            }
        }
        Self(Arc::new(Parts { wanted, slots }))
    }

    /// The text without them.
    pub(crate) fn hidden_in(&self, text: Vec<u8>) -> Vec<u8> {
        let mut hidden = Vec::new();
        let mut rest = 0;
        while let Some(found) = self.find(&text, rest) {
            hidden.extend_from_slice(text.get(rest..found.start).unwrap_or_default());
            hidden.extend_from_slice(HIDDEN);
            rest = found.end;
        }
        if rest == 0 {
            return text;
        }
        hidden.extend_from_slice(text.get(rest..).unwrap_or_default());
        hidden
    }

    /// Where the first of them is, from a place in a text on.
    fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let Parts { wanted, slots } = &*self.0;
        let (mut at, mut last, mut count) = (from, 0_u64, 0);
        while let Some((byte, next)) = plain(text, at) {
            at = next;
            if byte == LEFT_OUT {
                continue;
            }
            (last, count) = (last << 8 | u64::from(byte), count + 1);
            if slots.get(slot(last)) != Some(&true) {
                continue;
            }
            let ends = wanted.iter().filter(|wanted| wanted.start == last).filter_map(|wanted| wanted.end(text, at));
            if let Some(end) = ends.max() {
                return Some(place(text, from, count - MIN)..end);
            }
        }
        None
    }
}

/// The place of a plain byte, after so many others.
fn place(text: &[u8], from: usize, mut before: usize) -> usize {
    let mut at = from;
    while let Some((byte, next)) = plain(text, at) {
        if byte != LEFT_OUT {
            if before == 0 {
                break;
            }
            before -= 1;
        }
        at = next;
    }
    at
}

/// Where a beginning is looked up.
fn slot(start: u64) -> usize {
    // Any odd number spreads them; this is the golden ratio's.
    (start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize
}

/// The forms in which a secret may be repeated, apart from how they are escaped.
fn forms(secret: &str) -> [Vec<u8>; 5] {
    let digits = secret.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let hexadecimal: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    // In base64 it looks different after one byte and after two. What shares a character with others is left out.
    let [first, second, third] = [&b""[..], b"0", b"00"].map(|before| {
        let bytes = [before, secret.as_bytes()].concat();
        let encoded = BASE64_STANDARD_NO_PAD.encode(&bytes).into_bytes();
        encoded.get((before.len() * 8).div_ceil(6)..bytes.len() * 8 / 6).unwrap_or_default().to_vec()
    });
    [secret.into(), hexadecimal.into(), first, second, third]
}

impl Wanted {
    /// None where it is too short.
    fn new(form: &[u8]) -> Option<Self> {
        let mut bytes = Vec::with_capacity(form.len());
        let mut at = 0;
        while let Some((byte, next)) = plain(form, at) {
            bytes.extend((byte != LEFT_OUT).then_some(byte));
            at = next;
        }
        let (start, rest) = bytes.split_first_chunk::<MIN>()?;
        Some(Self { start: u64::from_be_bytes(*start), rest: rest.to_vec() })
    }

    /// Where it ends in a text that has its beginning before `at`; none where too little follows.
    fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let (mut matched, mut end, mut at) = (0, at, at);
        while let Some(wanted) = self.rest.get(matched) {
            let Some((byte, next)) = plain(text, at) else { break };
            at = next;
            match byte {
                LEFT_OUT => {}
                byte if byte == *wanted => (matched, end) = (matched + 1, next),
                _ => break,
            }
        }
        (matched >= self.rest.len().min(MIN_PART - MIN)).then_some(end)
    }
}

/// The plain byte at a place in a text, and where the next one is: unescaped, in small letters, and in the one of base64's
/// alphabets. None of it is left of what lines are broken with, nor of `+`, which a form decodes to a space.
#[inline]
fn plain(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let byte = *text.get(at)?;
    match PLAIN.get(usize::from(byte)) {
        Some(&ESCAPE) => Some(plain_of_escape(text, byte, at + 1)),
        plain => Some((plain.copied().unwrap_or_default(), at + 1)),
    }
}

/// Apart, since there are few, and the loop that calls it is to be a short one.
#[cold]
fn plain_of_escape(text: &[u8], mut byte: u8, mut next: usize) -> (u8, usize) {
    // What was escaped twice is unescaped twice.
    while let Some((unescaped, length)) = text.get(next..).and_then(|rest| unescaped(byte, rest)) {
        (byte, next) = (unescaped, next + length);
    }
    match PLAIN.get(usize::from(byte)) {
        Some(&ESCAPE) => (byte, next),
        plain => (plain.copied().unwrap_or_default(), next),
    }
}

/// In the table, what is left out, as no plain byte.
const LEFT_OUT: u8 = 0;
/// In the table, what an escape may begin with.
const ESCAPE: u8 = 1;

/// Each byte in plain.
#[expect(clippy::indexing_slicing, reason = "what is wrong with a constant does not compile")]
const PLAIN: [u8; 256] = {
    let mut plain = [LEFT_OUT; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = match byte as u8 {
            ..=b' ' | b'+' | b'-' | b'=' | 0x7f => LEFT_OUT,
            b'%' | b'&' | b'\\' => ESCAPE,
            b'_' => b'/',
            byte => byte.to_ascii_lowercase(),
        };
        byte += 1;
    }
    plain
};

/// What an escape stands for that begins with this byte, and how much of the rest is part of it.
fn unescaped(byte: u8, rest: &[u8]) -> Option<(u8, usize)> {
    let hexadecimal = |digits: &[u8]| {
        let is_hexadecimal = digits.iter().all(u8::is_ascii_hexdigit);
        u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hexadecimal)?, 16).ok()
    };
    // What is not ASCII is in no secret.
    let ascii = |code: u32| u8::try_from(code).unwrap_or(u8::MAX);
    match (byte, rest) {
        (b'%', [high, low, ..]) => Some((ascii(hexadecimal(&[*high, *low])?), 2)),
        (b'\\', [b'u', digits @ ..]) => Some((ascii(hexadecimal(digits.get(..4)?)?), 5)),
        (b'\\', [b'x', digits @ ..]) => Some((ascii(hexadecimal(digits.get(..2)?)?), 3)),
        (b'\\', [b'n' | b'r' | b't', ..]) => Some((b' ', 1)),
        (b'\\', [escaped @ (b'/' | b'"' | b'\\'), ..]) => Some((*escaped, 1)),
        (b'&', _) => {
            let length = rest.iter().take(10).position(|byte| *byte == b';')?;
            let byte = match rest.get(..length)? {
                b"amp" => b'&',
                b"apos" => b'\'',
                b"equals" => b'=',
                b"gt" => b'>',
                b"lowbar" => b'_',
                b"lt" => b'<',
                b"plus" => b'+',
                b"quot" => b'"',
                b"sol" => b'/',
                [b'#', b'x' | b'X', digits @ ..] => ascii(hexadecimal(digits)?),
                [b'#', digits @ ..] => ascii(std::str::from_utf8(digits).ok()?.parse().ok()?),
                _ => return None,
            };
            Some((byte, length + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hide(secrets: &[&str], text: &str) -> String {
        String::from_utf8(Secrets::new(secrets.iter().copied()).hidden_in(text.into())).unwrap()
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let secrets = ["wJalrXUtnFEMI/K7MDENG", "short", "", "a%b"];
        for text in
            ["", "%", "%4", "%zz", "&", "&#", "&#;", "&#x;", "&#xzz;", "&amp", "\\", "\\u", "\\u00", "\\u{41}", "é"]
        {
            assert_eq!(hide(&secrets, text), text);
            let secret = format!("{text}wJalrXUtn{text}short{text}");
            assert_eq!(hide(&secrets, &secret), secret);
        }
        let turns = "%25&amp;".repeat(1000) + "wJalrXUtnFEMI/K7MDEN";
        assert_eq!(hide(&secrets, &turns), "%25&amp;".repeat(1000) + "[hidden]");
    }

    #[test]
    fn all_of_them_are_hidden_wherever_they_are() {
        let secrets = ["wJalrXUtnFEMI/K7MDENG", "12345678"];
        assert_eq!(hide(&secrets, "wJalrXUtnFEMI/K7MDENG12345678"), "[hidden][hidden]");
        assert_eq!(hide(&secrets, "é1234567812345678é"), "é[hidden][hidden]é");
        // The beginning of the one may be in the other, or in itself.
        assert_eq!(hide(&["12345678a", "12345678"], "12345678a 12345678b"), "[hidden] [hidden]b");
        assert_eq!(hide(&["aaaaaaaab"], "aaaaaaaaaab"), "aa[hidden]");
        // Enough of one to be told by is hidden, too.
        assert_eq!(hide(&secrets, "wJalrXUtnFEMI/K7…"), "[hidden]…");
    }

    /// Where each place were compared with all of a secret, this would take hours.
    #[test]
    fn hostile_text_is_looked_through_once() {
        let secret = "a".repeat(4096) + "b";
        for part in ["a.", "aaaaaaaa-.", "aaaaaaaaaaaaaaa.", "%61.", "&amp;", "%25"] {
            let text = part.repeat(300_000);
            assert_eq!(hide(&[&secret], &text), text);
        }
    }
}
