//! The cloud whose firewalls are the server groups of Halo's account.

use super::usage::Usage;

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
