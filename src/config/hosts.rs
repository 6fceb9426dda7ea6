//! Hosts, by their names or by the domains that they are below.

use rustls::pki_types::DnsName;

use super::usage::Usage;
use super::values;

/// What says that there are none.
const NONE: &str = "none";

/// A host, or all below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// The host of this name.
    Host(String),
    /// Hosts whose names end so: a dot, and the domain.
    Below(String),
}

impl HostPattern {
    /// Those at which old scripts call the gateway.
    pub(super) fn defaults() -> Vec<Self> {
        vec![Self::Below(".cloudpassage.com".into())]
    }

    /// Reads what was typed, or what the file has.
    pub(super) fn read(given: Option<Vec<String>>) -> Result<Vec<Self>, Usage> {
        let Some(given) = given else { return Ok(Self::defaults()) };
        let names = values::names(&given);
        match &*names {
            [name] if name == NONE => Ok(Vec::new()),
            names if names.iter().any(|name| name == NONE) => {
                Err(Usage("'none' for --halo-hosts goes with nothing else".into()))
            }
            names => names.iter().map(|name| Self::new(name)).collect(),
        }
    }

    fn new(text: &str) -> Result<Self, Usage> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let (name, pattern) = match name.strip_prefix("*.") {
            Some(domain) => (domain, Self::Below(format!(".{domain}"))),
            None => (name, Self::Host(name.to_owned())),
        };
        if DnsName::try_from(name).is_err() || name.ends_with('.') {
            return Err(Usage(format!(
                "'{text}' for --halo-hosts is neither a host name, such as api.example.com, nor *.DOMAIN for all below a domain"
            )));
        }
        Ok(pattern)
    }

    /// Whether it stands for this host.
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        match self {
            Self::Host(name) => host.eq_ignore_ascii_case(name),
            Self::Below(end) => {
                let at = host.len().saturating_sub(end.len());
                at > 0 && host.as_bytes().get(at..).is_some_and(|rest| rest.eq_ignore_ascii_case(end.as_bytes()))
            }
        }
    }
}
