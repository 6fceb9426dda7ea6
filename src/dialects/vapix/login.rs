//! Who sends a request: HTTP Digest (RFC 7616 with MD5, and RFC 2069's form) and Basic.

use actix_http::HttpMessage;
use actix_web::http::header::AUTHORIZATION;
use deltawall_core::{Credentials, ProviderName};
use http_auth::parser::ChallengeParser;

use super::error::ApiError;
use super::nonces::Nonces;
use crate::clock::Timestamp;
use crate::config::Challenge;
use crate::gateway::Gateway;
use crate::gateway::access::{Asked, Caller, Denial, Proof};
use crate::gateway::audit;
use crate::gateway::clients::{Ha1, md5};
use crate::gateway::metrics::Limit;
use crate::gateway::one_at_a_time;
use crate::message::{Exchange, Refusal};
use crate::policies::devices::Device;
use crate::text::hex;

/// What the client says of itself.
enum Sent {
    Nothing,
    Basic(Credentials),
    Digest(Box<Digest>),
}

/// What a client of Digest sends.
#[derive(Debug, Default)]
struct Digest {
    username: String,
    realm: String,
    nonce: String,
    uri: String,
    response: String,
    /// What is not there in RFC 2069's form.
    quality: Option<Quality>,
}

#[derive(Debug, Default)]
struct Quality {
    qop: String,
    nc: String,
    cnonce: String,
}

/// The challenges for who has not said who it is, in the order in which they are sent.
pub(super) fn challenges(
    challenge: Challenge,
    device: &Device,
    nonces: &Nonces,
    now: Timestamp,
    is_stale: bool,
) -> Vec<String> {
    let realm = &device.realm;
    let digest = || {
        let nonce = nonces.issue(realm, now);
        let stale = if is_stale { ", stale=true" } else { "" };
        format!(r#"Digest realm="{realm}", nonce="{nonce}", algorithm=MD5, qop="auth"{stale}"#)
    };
    let basic = || format!(r#"Basic realm="{realm}""#);
    match challenge {
        Challenge::Digest => vec![digest()],
        Challenge::Basic => vec![basic()],
        Challenge::Both => vec![digest(), basic()],
    }
}

/// Lets in who sends a request to a device, if it may do this.
pub(super) async fn admit(
    exchange: &Exchange<'_>,
    gateway: &Gateway,
    device: &Device,
    (nonces, now): (&Nonces, Timestamp),
    is_change: bool,
) -> Result<Caller, ApiError> {
    let driver = device.driver();
    let provider = one_at_a_time::provider(driver, device.provider());
    let asked = Asked { driver: driver.id(), provider: provider.as_ref(), is_change, peer: exchange.peer };
    let sent = sent(exchange);
    let is_of = |ha1: &Ha1| match &sent {
        Sent::Digest(digest) => {
            let expected = digest.expected(ha1, exchange.http.method().as_str());
            digest.realm == device.realm && nonces.are_same(&expected, &digest.response.to_ascii_lowercase())
        }
        _ => false,
    };
    let proof = match &sent {
        Sent::Nothing => None,
        Sent::Basic(credentials) => Some(Proof::Password(credentials.clone())),
        Sent::Digest(digest) => {
            if digest.uri != exchange.target() {
                return Err(ApiError::Validation("the uri of the digest is not that of the request".into()));
            }
            Some(Proof::Digest { user: &digest.username, realm: &device.realm, is_of: &is_of })
        }
    };
    let caller =
        gateway.access.admit_proven(proof, asked, || exchange.is_ours()).await.map_err(|denial| match denial {
            Denial::Anonymous => ApiError::Unauthenticated { is_stale: false },
            Denial::Wrong => {
                if let Some(user) = sent.user() {
                    let provider = provider.as_ref().map_or("default", ProviderName::as_str);
                    let asker = audit::Asker { id: &exchange.id, peer: exchange.peer, driver: driver.id(), provider };
                    audit::failed_login(asker, user);
                }
                ApiError::Unauthenticated { is_stale: false }
            }
            Denial::Forbidden(_) => ApiError::Forbidden,
            Denial::Busy => {
                gateway.metrics().rejected(Limit::Logins);
                ApiError::Refused(Refusal::Requests)
            }
        })?;
    match &sent {
        Sent::Digest(digest) if !digest.is_fresh(nonces, device, now, exchange) => {
            Err(ApiError::Unauthenticated { is_stale: true })
        }
        _ => Ok(caller),
    }
}

impl Sent {
    /// Who the client says it is.
    fn user(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Basic(credentials) => Some(credentials.user()),
            Self::Digest(digest) => Some(&digest.username),
        }
    }
}

fn sent(exchange: &Exchange<'_>) -> Sent {
    let Some(header) = exchange.http.headers().get(AUTHORIZATION) else { return Sent::Nothing };
    if let Some(credentials) = exchange.credentials() {
        return Sent::Basic(credentials);
    }
    let digest = header.to_str().ok().and_then(|text| {
        let (scheme, rest) = text.trim().split_once(' ')?;
        let text = format!("{scheme} {}", rest.trim_start());
        let challenge = ChallengeParser::new(&text).next()?.ok()?;
        challenge.scheme.eq_ignore_ascii_case("Digest").then(|| digest(&challenge)).flatten()
    });
    digest.map_or(Sent::Nothing, |digest| Sent::Digest(Box::new(digest)))
}

/// Reads the parameters of Digest; none where one is there twice, or missing, or of what was not offered.
fn digest(sent: &http_auth::ChallengeRef<'_>) -> Option<Digest> {
    let one = |name: &str| {
        let mut all = sent.params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (first, is_only) = (all.next(), all.next().is_none());
        is_only.then(|| first.map(|(_, value)| value.to_unescaped()))
    };
    if one("algorithm")?.is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("MD5")) {
        return None;
    }
    let quality = match one("qop")? {
        None => None,
        Some(qop) if qop == "auth" => {
            let (nc, cnonce) = (one("nc")??, one("cnonce")??);
            let is_count = nc.len() == 8 && nc.bytes().all(|digit| digit.is_ascii_hexdigit());
            Some(Quality { qop, nc: Some(nc).filter(|_| is_count)?, cnonce })
        }
        Some(_) => return None,
    };
    Some(Digest {
        username: one("username")??,
        realm: one("realm")??,
        nonce: one("nonce")??,
        uri: one("uri")??,
        response: one("response")??,
        quality,
    })
}

impl Digest {
    /// The response of who knows the password.
    fn expected(&self, ha1: &Ha1, method: &str) -> String {
        let ha1 = ha1.hex();
        let ha2 = hex(&md5(&[method, &self.uri]));
        hex(&match &self.quality {
            Some(Quality { qop, nc, cnonce }) => md5(&[&ha1, &self.nonce, nc, cnonce, qop, &ha2]),
            None => md5(&[&ha1, &self.nonce, &ha2]),
        })
    }

    /// Whether its nonce is one of ours and of late, and nobody has made a change with the same answer.
    fn is_fresh(&self, nonces: &Nonces, device: &Device, now: Timestamp, exchange: &Exchange<'_>) -> bool {
        let Some(issued) = nonces.check(&self.nonce, &device.realm, now) else { return false };
        let is_read = exchange.http.method().is_safe();
        is_read || nonces.is_first(issued, md5(&[&self.nonce, &self.response.to_ascii_lowercase()]), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Digest> {
        digest(&ChallengeParser::new(text).next()?.ok()?)
    }

    /// The example of RFC 2617.
    #[test]
    fn the_answer_is_that_of_the_rfc() {
        let sent = concat!(
            r#"Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", "#,
            r#"uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1""#,
        );
        let sent = read(sent).unwrap();
        let ha1 = Ha1::new("Mufasa", "testrealm@host.com", "Circle Of Life");
        assert_eq!(sent.expected(&ha1, "GET"), sent.response);
        assert_ne!(sent.expected(&ha1, "POST"), sent.response);
    }

    #[test]
    fn what_was_not_offered_is_no_answer() {
        let with = |more: &str| format!(r#"Digest username="u", realm="r", nonce="n", uri="/", response="x"{more}"#);
        assert!(read(&with("")).is_some());
        assert!(read(&with(r#", algorithm="MD5", opaque="""#)).is_some());
        for more in [
            ", algorithm=SHA-256",
            ", qop=auth",
            ", qop=auth, nc=1, cnonce=\"c\"",
            ", qop=auth-int, nc=00000001, cnonce=\"c\"",
            ", username=\"v\"",
        ] {
            assert!(read(&with(more)).is_none(), "{more}");
        }
        assert!(read(r#"Digest username="u", realm="r", nonce="n", uri="/""#).is_none());
    }
}
