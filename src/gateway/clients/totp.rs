//! Time-based codes (RFC 6238: SHA-1, six digits, a step of thirty seconds), as apps on phones show them.

use std::fmt;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use totp_rs::{Builder, Secret};

use super::random::random;

/// Who gives a client its codes, as an app shows it.
const ISSUER: &str = "deltawall";

/// How long a code is the one to send, in seconds.
const STEP: u64 = 30;

/// How many bytes a secret has: no fewer than RFC 4226 asks for, and no more than SHA-1 takes whole.
const BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// What a client's codes are made of.
pub struct Totp(totp_rs::Totp);

impl Totp {
    /// Reads a secret as it stands in the file: base32 in capital letters, without padding.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_good = |secret: &Secret| BYTES.contains(&secret.as_bytes().len()) && secret.to_base32() == text;
        let secret = Secret::try_from_base32(text).ok().filter(is_good);
        Self::new(
            secret
                .ok_or("the secret of codes is not base32 of 16 to 64 bytes, in capital letters and without padding")?,
        )
    }

    /// A new one, of 160 bits.
    pub(super) fn make() -> Result<Self, String> {
        Self::new(Secret::new_stack(random()?))
    }

    fn new(secret: Secret) -> Result<Self, String> {
        Builder::new().with_secret(secret).with_skew(0).build().map(Self).map_err(|error| error.to_string())
    }

    /// The step of time, in steps since 1970, whose code this is: that of now, the one before or the one after.
    pub fn step_of(&self, code: &str, unix_seconds: u64) -> Option<u64> {
        let now = unix_seconds / STEP;
        let steps = [now.saturating_sub(1), now, now.saturating_add(1)];
        // All are looked at, so that how long it takes does not tell which it is.
        let found = steps.map(|step| self.0.check(code, step.saturating_mul(STEP)));
        found.into_iter().flatten().next()
    }

    /// What an app takes the secret from: a URI, and below it the QR code of that, for a terminal with dark ground.
    pub(super) fn invitation(&self, name: &str) -> Result<String, String> {
        let builder = Builder::new().with_secret(self.0.secret().clone());
        let totp = builder.with_account_name(name).with_issuer(Some(ISSUER)).build();
        let uri = totp.and_then(|totp| totp.to_url()).map_err(|error| error.to_string())?;
        let code = QrCode::new(&uri).or(Err("the name of the client is too long for a QR code"))?;
        let code = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        Ok(format!("{uri}\n{code}"))
    }
}

/// As it stands in the file.
impl fmt::Display for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.secret().to_base32())
    }
}

/// Without the secret.
impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Totp")
    }
}

#[cfg(test)]
#[allow(clippy::string_slice)]
mod tests {
    use super::*;

    /// `12345678901234567890`, of RFC 6238's appendix B.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    /// The last six digits of those of the appendix for SHA-1.
    const CODES: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        let totp = Totp::parse(RFC).unwrap();
        for (time, code) in CODES {
            let step = time / STEP;
            for (at, is_taken) in [
                (time, true),
                ((step - 1) * STEP, true),
                ((step + 2) * STEP - 1, true),
                ((step + 2) * STEP, false),
                (((step - 1) * STEP).saturating_sub(1), step == 1),
            ] {
                assert_eq!(totp.step_of(code, at), is_taken.then_some(step), "{code} at {at}");
            }
            let others =
                [format!("{code} "), format!("+{code}"), format!("0{code}"), code[1..].to_owned(), String::new()];
            for wrong in others {
                assert_eq!(totp.step_of(&wrong, time), None, "{wrong:?}");
            }
        }
    }

    #[test]
    fn secrets_are_read_in_one_form() {
        assert_eq!(Totp::parse(RFC).unwrap().to_string(), RFC);
        let made = Totp::make().unwrap().to_string();
        assert_eq!((made.len(), Totp::parse(&made).unwrap().to_string()), (32, made.clone()));
        let (lower, padded) = (RFC.to_lowercase(), format!("{}======", &RFC[..26]));
        for wrong in
            ["", "GEZDGNBV", &lower, &padded, &RFC[..25], &format!("{}1", &RFC[1..]), &format!("{}R", &RFC[..25])]
        {
            assert!(Totp::parse(wrong).is_err(), "{wrong}");
        }
    }

    /// The modules that a text of half blocks shows: whether each is dark, in a terminal where the blocks are light.
    fn shown(text: &str) -> Vec<Vec<bool>> {
        let half = |line: &str, is_block: fn(char) -> bool| line.chars().map(|c| !is_block(c)).collect();
        let both = |line| [half(line, |c| "▀█".contains(c)), half(line, |c| "▄█".contains(c))];
        text.lines().flat_map(both).collect()
    }

    #[test]
    fn the_code_in_the_terminal_is_the_uri() {
        let invitation = Totp::parse(RFC).unwrap().invitation("jo doe").unwrap();
        let (uri, code) = invitation.split_once('\n').unwrap();
        assert_eq!(uri, format!("otpauth://totp/deltawall:jo%20doe?secret={RFC}&issuer=deltawall"));
        let expected = QrCode::new(uri).unwrap();
        let (width, quiet) = (expected.width(), 4);
        let shown = shown(code);
        let at = |x: usize, y: usize| shown[y][x];
        for y in 0..width + 2 * quiet {
            for x in 0..width + 2 * quiet {
                let inside = (quiet..quiet + width).contains(&x) && (quiet..quiet + width).contains(&y);
                let is_dark = inside && expected[(x - quiet, y - quiet)] == qrcode::Color::Dark;
                assert_eq!(at(x, y), is_dark, "{x} {y}\n{code}");
            }
        }
        assert!(Totp::make().unwrap().invitation(&"x".repeat(3000)).is_err());
    }
}
