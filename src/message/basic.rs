//! HTTP Basic credentials (RFC 7617).

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use deltawall_core::Credentials;

/// The alphabets that credentials come in, the standard one first. Clients leave the padding out or not.
static BASE64: [GeneralPurpose; 2] = [base64(&STANDARD), base64(&URL_SAFE)];

/// The user and password of `Authorization: Basic …`.
pub fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let header = headers.get(AUTHORIZATION)?.as_bytes().trim_ascii();
    let (scheme, encoded) = header.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let encoded = encoded.trim_ascii();
    let decoded = BASE64.iter().find_map(|alphabet| alphabet.decode(encoded).ok())?;
    Credentials::from_pair(String::from_utf8(decoded).ok()?)
}

const fn base64(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}
