//! The devices that the VAPIX dialect is, and how their clients prove themselves.

use std::collections::HashSet;

use clap::ValueEnum;
use serde::Deserialize;

use super::usage::Usage;

/// The serial of the device that is there when none is configured.
const DEFAULT_SERIAL: &str = "ACCC8E000001";

/// The firewall that it is of, where its driver is served.
const DEFAULT_DRIVER: &str = "mock-nftables";
const DEFAULT_FIREWALL: &str = "device";

/// What says that there is no device.
const NONE: &str = "none";

/// A device that clients of VAPIX see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VapixDevice {
    /// The host name by which it is called; none for any.
    pub host: Option<String>,
    /// The port that it listens on, beside the gateway's; none for the gateway's.
    pub port: Option<u16>,
    /// Twelve hexadecimal digits, in upper case.
    pub serial: String,
    /// The driver of its firewall, as it was typed.
    pub driver: String,
    /// The provider, as it was typed; none for the driver's own.
    pub provider: Option<String>,
    /// The id of the firewall.
    pub firewall: String,
    /// Whether it is there without being asked for, so that it may as well not be.
    pub is_default: bool,
}

/// What clients without credentials are told to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Challenge {
    /// Digest credentials.
    Digest,
    /// Basic credentials.
    Basic,
    /// Either.
    #[default]
    Both,
}

/// A device as the configuration file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VapixSettings {
    host: Option<String>,
    port: Option<u16>,
    serial: Option<String>,
    firewall: String,
}

impl Default for VapixDevice {
    /// The device that is there when none is configured.
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            serial: DEFAULT_SERIAL.into(),
            driver: DEFAULT_DRIVER.into(),
            provider: None,
            firewall: DEFAULT_FIREWALL.into(),
            is_default: true,
        }
    }
}

impl VapixDevice {
    /// What clients read its serial out of.
    pub fn realm(&self) -> String {
        format!("AXIS_{}", self.serial)
    }

    /// Reads what was typed, and what the file has. The one that was typed comes last: it is for all hosts and ports that no other is for.
    pub(super) fn read(typed: Option<&str>, file: &[VapixSettings]) -> Result<Vec<Self>, Usage> {
        let numbered = (1..).zip(file);
        let mut devices = numbered
            .map(|(number, device)| Self::of_file(device).map_err(|why| Usage(format!("vapix {number}: {why}"))))
            .collect::<Result<Vec<_>, _>>()?;
        match typed.map(str::trim).filter(|text| !text.is_empty()) {
            Some(NONE) => {}
            Some(text) => devices.push(
                Self::of_firewall(text, DEFAULT_SERIAL).map_err(|why| Usage(format!("'{text}' for --vapix {why}")))?,
            ),
            None if devices.is_empty() => devices.push(Self::default()),
            None => {}
        }
        check(&devices)?;
        Ok(devices)
    }

    fn of_file(settings: &VapixSettings) -> Result<Self, String> {
        let VapixSettings { host, port, serial, firewall } = settings;
        let serial = serial.as_deref().unwrap_or(DEFAULT_SERIAL);
        let is_host = |host: &str| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
        };
        if let Some(host) = host.as_deref().filter(|host| !is_host(host)) {
            return Err(format!("host '{host}' is no host name"));
        }
        if *port == Some(0) {
            return Err("port 0 is none that clients could know".into());
        }
        let device = Self::of_firewall(firewall, serial).map_err(|why| format!("firewall '{firewall}' {why}"))?;
        Ok(Self { host: host.as_ref().map(|host| host.to_ascii_lowercase()), port: *port, ..device })
    }

    fn of_firewall(text: &str, serial: &str) -> Result<Self, String> {
        let is_serial = serial.len() == 12 && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_serial {
            return Err(format!("has the serial '{serial}', which is not twelve hexadecimal digits"));
        }
        let parts: Vec<_> = text.splitn(3, '/').collect();
        let (driver, provider, firewall) = match *parts {
            [driver, firewall] => (driver, None, firewall),
            [driver, provider, firewall] => (driver, Some(provider), firewall),
            _ => ("", None, ""),
        };
        if [driver, provider.unwrap_or(driver), firewall].iter().any(|part| part.trim().is_empty()) {
            return Err("is not DRIVER[/PROVIDER]/FIREWALL, such as nftables/host/device".into());
        }
        Ok(Self {
            host: None,
            port: None,
            serial: serial.to_ascii_uppercase(),
            driver: driver.to_owned(),
            provider: provider.map(str::to_owned),
            firewall: firewall.to_owned(),
            is_default: false,
        })
    }
}

/// Whether each can be told from all others.
fn check(devices: &[VapixDevice]) -> Result<(), Usage> {
    let (mut serials, mut called, mut firewalls) = (HashSet::new(), HashSet::new(), HashSet::new());
    for device in devices {
        let VapixDevice { host, port, serial, driver, provider, firewall, .. } = device;
        if !serials.insert(serial) {
            return Err(Usage(format!("two VAPIX devices have the serial {serial}")));
        }
        if !called.insert((host, port)) {
            return Err(Usage(format!("two VAPIX devices are called by the same host and port, one of them {serial}")));
        }
        if !firewalls.insert((driver.to_ascii_lowercase(), provider, firewall)) {
            return Err(Usage(format!("two VAPIX devices keep the firewall {firewall} of {driver}")));
        }
    }
    Ok(())
}
