//! Feeds: lists of addresses that others publish, each kept as a zone.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use actix_web::http::Uri;
use serde::Deserialize;

use super::usage::Usage;

/// A list of addresses that is kept as a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The name of the zone.
    pub zone: String,
    /// Where the list is.
    pub place: FeedPlace,
    /// How often it is looked at.
    pub every: Duration,
    /// By how much it may shrink from one time to the next, in percent.
    pub max_shrink: u8,
}

/// Where a list is.
#[derive(Clone, PartialEq, Eq)]
pub enum FeedPlace {
    /// In a file.
    File(PathBuf),
    /// At a server that speaks TLS.
    Url {
        /// Its URL, which may have a key in it.
        url: String,
        /// The authorities that vouch for the server, in PEM; none for those of the system.
        ca: Option<PathBuf>,
    },
}

/// A feed as the configuration file has it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedSettings {
    zone: String,
    pub(super) file: Option<PathBuf>,
    url: Option<String>,
    pub(super) ca: Option<PathBuf>,
    every: Option<u64>,
    max_shrink: Option<u8>,
}

/// How often a list is looked at, where the file does not say.
const EVERY: u64 = 60 * 60;

/// No more often, in seconds: who publishes lists turns away those who ask all the time.
const LEAST_OF_FILE: u64 = 1;
const LEAST_OF_URL: u64 = 60;

/// No less often: a week.
const MOST: u64 = 7 * 24 * 60 * 60;

/// By how much a list may shrink, where the file does not say.
const MAX_SHRINK: u8 = 50;

/// How many characters a zone's name has, at the most.
const MAX_NAME: usize = 255;

/// The feeds of a configuration file.
///
/// # Errors
/// [`Usage`] with the number of the feed that is wrong, the first being 1.
pub(super) fn feeds(file: Vec<FeedSettings>) -> Result<Vec<Feed>, Usage> {
    let mut zones = HashSet::new();
    let numbered = (1..).zip(file);
    let read = numbered.map(|(number, feed)| {
        let feed = feed_of(feed).map_err(|why| Usage(format!("feed {number}: {why}")))?;
        match zones.insert(feed.zone.clone()) {
            true => Ok(feed),
            false => Err(Usage(format!("feed {number}: there is another for the zone '{}'", feed.zone))),
        }
    });
    read.collect()
}

fn feed_of(settings: FeedSettings) -> Result<Feed, String> {
    let FeedSettings { zone, file, url, ca, every, max_shrink } = settings;
    let zone = zone.trim().to_owned();
    if !(1..=MAX_NAME).contains(&zone.chars().count()) {
        return Err(format!("zone has from 1 to {MAX_NAME} characters"));
    }
    let (place, least) = match (file, url) {
        (Some(_), None) if ca.is_some() => return Err("ca is for a url".into()),
        (Some(path), None) if path.as_os_str().is_empty() => return Err("file is empty".into()),
        (Some(path), None) => (FeedPlace::File(path), LEAST_OF_FILE),
        (None, Some(url)) => {
            check_url(&url)?;
            (FeedPlace::Url { url, ca }, LEAST_OF_URL)
        }
        _ => return Err("it needs either file or url".into()),
    };
    let every = every.unwrap_or(EVERY);
    if !(least..=MOST).contains(&every) {
        return Err(format!("every = {every} is not from {least} to {MOST} seconds"));
    }
    let max_shrink = max_shrink.unwrap_or(MAX_SHRINK);
    match max_shrink {
        ..=100 => Ok(Feed { zone, place, every: Duration::from_secs(every), max_shrink }),
        _ => Err(format!("max_shrink = {max_shrink} is not from 0 to 100 percent")),
    }
}

/// Whether a list can be had there so that nobody on the way has put anything into it. The URL may have a key in it, and is not repeated.
fn check_url(url: &str) -> Result<(), String> {
    let uri = url.parse::<Uri>().ok();
    let host = uri.as_ref().and_then(Uri::authority).filter(|host| !host.as_str().contains('@'));
    match uri.as_ref().and_then(Uri::scheme_str) {
        Some("http") => {
            Err("url is http://, where anybody on the way can change the list: it has to be https://".into())
        }
        Some("https") if host.is_some() && !url.contains('#') => Ok(()),
        _ => Err("url is not one like https://lists.example.com/drop.txt, with neither user nor fragment".into()),
    }
}

/// Without what a URL may have in it that is a secret.
impl fmt::Display for FeedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url { url, .. } => {
                let uri = url.parse::<Uri>().ok();
                let host = uri.as_ref().and_then(Uri::authority).map(ToString::to_string);
                write!(f, "https://{}", host.unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for FeedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for FeedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedSettings").field("zone", &self.zone).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Feed>, String> {
        #[derive(Deserialize)]
        struct File {
            feed: Vec<FeedSettings>,
        }
        let file: File = toml::from_str(text).map_err(|why| why.to_string())?;
        feeds(file.feed).map_err(|Usage(why)| why)
    }

    #[test]
    fn a_feed_is_a_file_or_a_url() {
        let read = read(
            "[[feed]]\nzone = \" Blocklist \"\nfile = \"/drop.txt\"\n\
             [[feed]]\nzone = \"Other\"\nurl = \"https://lists.example.com/drop.txt?key=hidden\"\nca = \"/ca.pem\"\nevery = 60\nmax_shrink = 0\n",
        );
        let [first, second] = &read.unwrap()[..] else { panic!("there are two") };
        let hour = Duration::from_secs(3600);
        let place = FeedPlace::File("/drop.txt".into());
        assert_eq!(first, &Feed { zone: "Blocklist".into(), place, every: hour, max_shrink: 50 });
        assert_eq!((second.every, second.max_shrink), (Duration::from_secs(60), 0));
        assert_eq!(
            format!("{} {:?}", second.place, second.place),
            "https://lists.example.com https://lists.example.com"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_the_feeds_number() {
        for (text, why) in [
            ("zone = \"a\"", "feed 1: it needs either file or url"),
            ("zone = \"a\"\nfile = \"/a\"\nurl = \"https://a.example/\"", "feed 1: it needs either file or url"),
            ("zone = \" \"\nfile = \"/a\"", "feed 1: zone has from 1 to 255 characters"),
            ("zone = \"a\"\nfile = \"\"", "feed 1: file is empty"),
            ("zone = \"a\"\nfile = \"/a\"\nca = \"/b\"", "feed 1: ca is for a url"),
            ("zone = \"a\"\nfile = \"/a\"\nevery = 0", "feed 1: every = 0 is not from 1 to 604800 seconds"),
            ("zone = \"a\"\nurl = \"https://a.example/\"\nevery = 59", "feed 1: every = 59 is not from 60 to 604800"),
            ("zone = \"a\"\nfile = \"/a\"\nmax_shrink = 101", "feed 1: max_shrink = 101 is not from 0 to 100 percent"),
            ("zone = \"a\"\nurl = \"http://a.example/\"", "feed 1: url is http://, where anybody"),
            ("zone = \"a\"\nurl = \"https://me:secret@a.example/\"", "feed 1: url is not one like"),
            ("zone = \"a\"\nurl = \"ftp://a.example/\"", "feed 1: url is not one like"),
            ("zone = \"a\"\nurl = \"a.example\"", "feed 1: url is not one like"),
            (
                "zone = \"a\"\nfile = \"/a\"\n[[feed]]\nzone = \"a \"\nfile = \"/b\"",
                "feed 2: there is another for the zone 'a'",
            ),
            ("zone = \"a\"\nfile = \"/a\"\nevry = 60", "unknown field"),
        ] {
            let error = read(&format!("[[feed]]\n{text}")).unwrap_err();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
