//! Having a list: from a file, or over HTTPS. It takes its time, and no worker's.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::config::FeedPlace;

/// How long a list may be, in bytes.
const MAX_SIZE: u64 = 16 << 20;

/// How long a server may take for all of it, with those that it sends on to.
const TIME: Duration = Duration::from_secs(60);

/// How often a server may send on to another.
const MAX_REDIRECTS: u32 = 3;

/// What the gateway calls itself.
const USER_AGENT: &str = concat!("deltawall/", env!("CARGO_PKG_VERSION"));

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unavailable {
    #[error("the list cannot be read: {0}")]
    File(#[from] io::Error),
    #[error("the list is not in a file, which alone is read anew")]
    NoFile,
    #[error("the list has more than {MAX_SIZE} bytes")]
    TooLong,
    #[error("the server answers {0} in the place of a list")]
    Status(u16),
    /// The URL may have a key in it, and is not repeated.
    #[error("the server sends on to a place that is not https://")]
    Redirect,
    #[error("the list cannot be fetched: {0}")]
    Http(ureq::Error),
    #[error("the authorities that vouch for the server cannot be read: {0}")]
    Authorities(String),
}

/// The text of a list. What is none in UTF-8 is in no line that says anything.
pub(super) fn fetch(place: &FeedPlace) -> Result<String, Unavailable> {
    let bytes = match place {
        FeedPlace::File(path) => read(path)?,
        FeedPlace::Url { url, ca } => get(url, ca.as_deref())?,
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read(path: &Path) -> Result<Vec<u8>, Unavailable> {
    // A pipe might never have an end, and opening it none either.
    if !std::fs::metadata(path)?.is_file() {
        return Err(Unavailable::NoFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(..=MAX_SIZE) => Ok(bytes),
        _ => Err(Unavailable::TooLong),
    }
}

fn get(url: &str, ca: Option<&Path>) -> Result<Vec<u8>, Unavailable> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::from(authorities(ca)?))
        .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
        .build();
    let agent: Agent = Agent::config_builder()
        .https_only(true)
        .tls_config(tls)
        .timeout_global(Some(TIME))
        .max_redirects(MAX_REDIRECTS)
        .user_agent(USER_AGENT)
        .build()
        .into();
    let mut answer = agent.get(url).call().map_err(unavailable)?;
    match answer.status().as_u16() {
        200 => answer.body_mut().with_config().limit(MAX_SIZE).read_to_vec().map_err(unavailable),
        status => Err(Unavailable::Status(status)),
    }
}

/// Those in a file, or those of the system. They are read each time, since they change.
fn authorities(ca: Option<&Path>) -> Result<Vec<Certificate<'static>>, Unavailable> {
    let Some(path) = ca else {
        let found = rustls_native_certs::load_native_certs();
        let certificates: Vec<_> = found.certs.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
        return match certificates.is_empty() {
            true => Err(Unavailable::Authorities("the system has none".into())),
            false => Ok(certificates),
        };
    };
    let wrong = |why: String| Unavailable::Authorities(format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|why| wrong(why.to_string()))?;
    let items = parse_pem(&pem).collect::<Result<Vec<_>, _>>().map_err(|why| wrong(why.to_string()))?;
    let certificates = items.into_iter().filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    match certificates.is_empty() {
        true => Err(wrong("there is no certificate in it".into())),
        false => Ok(certificates),
    }
}

fn unavailable(why: ureq::Error) -> Unavailable {
    match why {
        ureq::Error::StatusCode(status) => Unavailable::Status(status),
        ureq::Error::BodyExceedsLimit(_) => Unavailable::TooLong,
        ureq::Error::RequireHttpsOnly(_) | ureq::Error::BadUri(_) => Unavailable::Redirect,
        why => Unavailable::Http(why),
    }
}
