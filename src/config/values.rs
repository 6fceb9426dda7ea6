//! The forms of values: each reads one text or number, or says in one line what it should have been.

use std::time::Duration;

use actix_web::http::Uri;
use deltawall_core::{NetworkId, ProviderName};

use super::usage::Usage;

pub(super) fn vpc_id(text: &str) -> Result<NetworkId, Usage> {
    NetworkId::new(text).map_err(|invalid| Usage(format!("'{text}' for --ec2-vpc {invalid}")))
}

/// Names without the white space around them, and without those that are nothing else.
pub(super) fn names(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Reads `[REGION=]URL`.
pub(super) fn ec2_endpoint(text: &str) -> Result<(Option<ProviderName>, String), Usage> {
    let (region, url) = match text.split_once('=') {
        Some((region, url)) if !region.contains('/') => (Some(region), url),
        _ => (None, text),
    };
    let usage = |why: String| Usage(format!("{} for --ec2-endpoint: {why}", shown(text)));
    let region = region.map(ProviderName::new).transpose().map_err(|invalid| usage(invalid.to_string()))?;
    match is_base_url(url) {
        true => Ok((region, url.to_owned())),
        false => Err(usage("that is not [REGION=]URL, such as https://ec2.example.com".into())),
    }
}

pub(super) fn public_url(url: &str) -> Result<String, Usage> {
    if !is_base_url(url) {
        let message = format!(
            "{} for --public-url is not a URL like https://fw.example.com or http://example.com/fw",
            shown(url)
        );
        return Err(Usage(message));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// A URL as a message repeats it: not where it may have a password.
fn shown(url: &str) -> String {
    if url.contains('@') { "what is given".into() } else { format!("'{url}'") }
}

/// Whether a path can be put behind it: a URL with a host, and neither user, query nor fragment.
fn is_base_url(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        let has_host = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        matches!(uri.scheme_str(), Some("http" | "https")) && has_host && uri.query().is_none() && !url.contains('#')
    })
}

/// Reads `[HOST:]PORT`, where an IPv6 address stands in brackets.
pub(super) fn listen_address(text: &str) -> Result<(String, u16), Usage> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = !host.is_empty() && (bare.is_some() || !host.contains(':'));
    match port.parse() {
        Ok(port) if is_host => Ok((bare.unwrap_or(host).to_owned(), port)),
        _ => Err(Usage(format!("'{text}' for --admin-listen is not [HOST:]PORT, such as 9101 or [::1]:9101"))),
    }
}

/// A time that something may take: more than nothing, and a day at the most.
pub(super) fn timeout(option: &str, seconds: Option<f64>, default: Duration) -> Result<Duration, Usage> {
    let time = duration(option, seconds, default)?;
    match time.is_zero() {
        true => Err(Usage(format!("'0' for {option} leaves no time at all"))),
        false => Ok(time),
    }
}

/// A time of a day at the most.
pub(super) fn duration(option: &str, seconds: Option<f64>, default: Duration) -> Result<Duration, Usage> {
    let longest = Duration::from_secs(24 * 60 * 60);
    let Some(seconds) = seconds else { return Ok(default) };
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time <= longest => Ok(time),
        _ => Err(Usage(format!("'{seconds}' for {option} is not between 0 and 86400 seconds"))),
    }
}

/// How many there may be of something, of which there must be some.
pub(super) fn count(option: &str, typed: Option<u32>, default: usize) -> Result<usize, Usage> {
    match typed {
        None => Ok(default),
        Some(0) => Err(Usage(format!("'0' for {option} would let nothing through"))),
        Some(count) => Ok(size(count)),
    }
}

/// A number as one of things in memory.
pub(super) fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
