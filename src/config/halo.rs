//! The cloud whose firewalls are the server groups of Halo's account.

use std::time::Duration;

use deltawall_core::Cidr;

use super::usage::Usage;
use super::values;

/// How long a GhostPort is open where nobody says otherwise, as with Halo.
pub(super) const GHOST_PORT_TIME: Duration = Duration::from_secs(4 * 60 * 60);

/// How long one may be open, in seconds: no longer than a week.
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// The driver that is there when none is chosen.
const DEFAULT_DRIVER: &str = "mock-nftables";

/// What says that there is no account.
const NONE: &str = "none";

/// The cloud whose firewalls are the server groups of Halo's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaloCloud {
    /// The driver, as it was typed.
    pub driver: String,
    /// The provider, as it was typed; none for the driver's own.
    pub provider: Option<String>,
    /// Whether it is there without being asked for, so that it may as well not be.
    pub is_default: bool,
}

/// How much there may be in Halo's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaloLimits {
    /// Objects of a kind.
    pub objects: usize,
    /// Rules of a policy.
    pub rules: usize,
}

impl Default for HaloLimits {
    fn default() -> Self {
        Self { objects: 10_000, rules: 1_000 }
    }
}

impl HaloLimits {
    /// Reads what was typed, and what the file has: objects and rules.
    pub(super) fn read(typed: (Option<u32>, Option<u32>), file: (Option<u32>, Option<u32>)) -> Result<Self, Usage> {
        let default = Self::default();
        let objects = values::count("--max-objects", typed.0.or(file.0), default.objects)?;
        let rules = values::count("--max-rules", typed.1.or(file.1), default.rules)?;
        Ok(Self { objects, rules })
    }
}

impl HaloCloud {
    /// Reads what was typed; none where there is to be no account.
    pub(super) fn read(typed: Option<&str>) -> Result<Option<Self>, Usage> {
        let Some(text) = typed.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(Some(Self::default())) };
        if text == NONE {
            return Ok(None);
        }
        let (driver, provider) = text.split_once('/').map_or((text, None), |(driver, name)| (driver, Some(name)));
        match !driver.is_empty() && provider.is_none_or(|name| !name.is_empty()) {
            true => {
                Ok(Some(Self { driver: driver.to_owned(), provider: provider.map(str::to_owned), is_default: false }))
            }
            false => {
                Err(Usage(format!("'{text}' for --halo is not DRIVER[/PROVIDER], such as nftables/host, or none")))
            }
        }
    }
}

/// How long a GhostPort is open.
pub(super) fn ghost_port_time(seconds: Option<u64>) -> Result<Duration, Usage> {
    match seconds {
        None => Ok(GHOST_PORT_TIME),
        Some(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds)),
        Some(seconds) => Err(Usage(format!("'{seconds}' for --ghostport-time is not from 1 to {LONGEST}"))),
    }
}

/// The proxies that are believed.
pub(super) fn proxies(typed: Option<&str>) -> Result<Vec<Cidr>, Usage> {
    let texts = typed.unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty());
    let read = |text: &str| text.parse().map_err(|why| Usage(format!("'{text}' for --trusted-proxies {why}")));
    texts.map(read).collect()
}

impl Default for HaloCloud {
    /// The cloud that is there when none is chosen.
    fn default() -> Self {
        Self { driver: DEFAULT_DRIVER.into(), provider: None, is_default: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_a_driver_with_or_without_a_provider() {
        let read = |text| HaloCloud::read(Some(text)).unwrap().map(|cloud| (cloud.driver, cloud.provider));
        assert_eq!(read("nftables"), Some(("nftables".into(), None)));
        assert_eq!(read("ec2/eu-west-1"), Some(("ec2".into(), Some("eu-west-1".into()))));
        assert_eq!(read("none"), None);
        assert_eq!(HaloCloud::read(None).unwrap(), Some(HaloCloud::default()));
        for text in ["/", "ec2/", "/eu-west-1"] {
            assert!(HaloCloud::read(Some(text)).is_err(), "{text}");
        }
    }
}
