//! Guards: traffic that has to stay open, or closed, whatever anybody changes.

use deltawall_core::Traffic;
use serde::Deserialize;

use super::usage::Usage;

/// Traffic that has to stay open, or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The firewalls, by id or name; `*` stands for any characters.
    pub firewall: String,
    /// The id of their driver; none for all.
    pub driver: Option<String>,
    /// Their provider; none for all.
    pub provider: Option<String>,
    /// The traffic.
    pub traffic: Traffic,
    /// Whether it has to stay open, and not closed.
    pub is_open: bool,
}

/// A guard as the configuration file has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuardSettings {
    firewall: String,
    driver: Option<String>,
    provider: Option<String>,
    keep_open: Option<String>,
    keep_closed: Option<String>,
}

/// The guards of a configuration file.
///
/// # Errors
/// [`Usage`] with the number of the guard that is wrong, the first being 1.
pub(super) fn guards(file: Vec<GuardSettings>) -> Result<Vec<Guard>, Usage> {
    let numbered = (1..).zip(file);
    numbered.map(|(number, guard)| guard_of(guard).map_err(|why| Usage(format!("guard {number}: {why}")))).collect()
}

fn guard_of(settings: GuardSettings) -> Result<Guard, String> {
    let GuardSettings { firewall, driver, provider, keep_open, keep_closed } = settings;
    let (name, text, is_open) = match (keep_open, keep_closed) {
        (Some(text), None) => ("keep_open", text, true),
        (None, Some(text)) => ("keep_closed", text, false),
        _ => return Err("it needs either keep_open or keep_closed".into()),
    };
    if firewall.trim().is_empty() {
        return Err("firewall is blank; '*' means all".into());
    }
    let traffic = text.parse().map_err(|why| format!("{name} '{text}': {why}"))?;
    Ok(Guard { firewall, driver, provider, traffic, is_open })
}
