//! The drivers there are, by name. This is the only place that knows them all.

use std::sync::Arc;

use deltawall_core::Driver;
#[cfg(feature = "ec2")]
use deltawall_core::Observer;
use deltawall_fgcp::Fgcp;
use deltawall_memory::{Mock, MockNftables, mock, nftables};

use super::metrics::Metrics;
use crate::config::{self, Config, Usage};
use crate::error::Error;

/// Drivers in the order in which they are listed.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    /// What drivers tell of their calls, and the gateway of its own.
    metrics: Arc<Metrics>,
    /// Where calls to clouds run. It lives as long as the drivers.
    #[cfg(feature = "ec2")]
    cloud: CloudRuntimes,
}

/// How many threads make calls to clouds. They wait more than they work.
#[cfg(feature = "ec2")]
const CLOUD_THREADS: usize = 2;

/// Runtimes that may be dropped on one of the server's own. Each has a thread of its own, and only that: a runtime of two
/// would wake both for a call (docs/PERFORMANCE.md has what that costs).
#[cfg(feature = "ec2")]
#[derive(Debug, Default)]
struct CloudRuntimes(Vec<tokio::runtime::Runtime>);

#[cfg(feature = "ec2")]
impl CloudRuntimes {
    fn start() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("cloud").enable_all();
        (0..CLOUD_THREADS).map(|_| builder.build()).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(feature = "ec2")]
impl Drop for CloudRuntimes {
    fn drop(&mut self) {
        for runtime in self.0.drain(..) {
            runtime.shutdown_background();
        }
    }
}

#[derive(Debug)]
struct Entry {
    driver: Arc<dyn Driver>,
    alias: Option<&'static str>,
    sample: Option<Sample>,
}

/// What a driver's built-in sample data has, for examples.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The published user and password. They open nothing else.
    pub login: (&'static str, &'static str),
    /// The id of a firewall.
    pub firewall: &'static str,
    /// The id of one of its rules.
    pub rule: &'static str,
    /// The id of another firewall, which can be deleted.
    pub spare: &'static str,
    /// What a new firewall may be described as.
    pub description: &'static str,
    /// A rule set for the first firewall, with the rule, in JSON as Deltacloud's API has it.
    pub rule_set: &'static str,
}

const MEMORY_SAMPLE: Sample = Sample {
    login: deltawall_memory::SAMPLE_LOGIN,
    firewall: "default",
    rule: "393485797142~tcp~22~22~@address,ipv4,87.228.192.251,32",
    spare: "new_firewall",
    description: "Web servers",
    rule_set: r#"{"rules":[{"allow_protocol":"tcp","port_from":22,"port_to":22,"sources":[{"type":"address","address":"87.228.192.251","prefix":32}]}]}"#,
};

const NFTABLES_SAMPLE: Sample = Sample {
    login: deltawall_memory::SAMPLE_LOGIN,
    firewall: "web",
    rule: "2f1ac4a3-8a0e-4d0b-9b53-0c7f5d1e6a02",
    spare: "lab",
    description: "Web servers",
    rule_set: r#"{"rules":[{"allow_protocol":"tcp","port_from":22,"port_to":22,"sources":[{"type":"address","address":"203.0.113.0","prefix":24}],"log_prefix":"ssh: ","limit":"10/minute of new connections"}]}"#,
};

const FGCP_SAMPLE: Sample = Sample {
    login: deltawall_fgcp::SAMPLE_LOGIN,
    firewall: "UZXC0GRT-ZG8ZJCJ07-S-0001",
    rule: "35001",
    spare: "UZXC0GRT-7KX0B4T1E-S-0001",
    description: "2-tier Skeleton",
    rule_set: r#"{"rules":[{"id":"35001","allow_protocol":"tcp","port_from":80,"port_to":80,"sources":[{"type":"address","address":"0.0.0.0","prefix":0}],"rule_action":"accept","log_rule":true}]}"#,
};

/// A driver that is built in.
struct BuiltIn {
    id: &'static str,
    alias: Option<&'static str>,
    /// Whether it needs no cloud.
    is_mock: bool,
    add: fn(&mut Registry, &Config) -> Result<(), Error>,
}

/// The drivers that are built in, in the order in which they are listed.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { id: mock::ID, alias: Some("memory"), is_mock: true, add: Registry::add_memory },
    BuiltIn { id: nftables::ID, alias: None, is_mock: true, add: Registry::add_mock_nftables },
    #[cfg(feature = "ec2")]
    BuiltIn { id: deltawall_ec2::ID, alias: None, is_mock: false, add: Registry::add_ec2 },
    BuiltIn { id: deltawall_fgcp::ID, alias: Some("gcp"), is_mock: true, add: Registry::add_fgcp },
];

impl BuiltIn {
    fn named(name: &str) -> Result<&'static Self, String> {
        let found = BUILT_IN.iter().find(|driver| is_called(name, driver.id, driver.alias));
        found.ok_or_else(|| {
            let names: Vec<_> = BUILT_IN.iter().map(|driver| driver.id).collect();
            format!("unknown driver '{name}'; the drivers are {}", names.join(", "))
        })
    }

    /// The drivers to serve: those that the configuration names, or the default one, or all where that is a mock, since
    /// mocks are for trying things out.
    fn served(config: &Config) -> Result<Vec<&'static Self>, Usage> {
        let default = Self::named(&config.driver).map_err(Usage)?;
        let chosen = config.drivers.iter().map(|name| Self::named(name)).collect::<Result<Vec<_>, _>>();
        let chosen = chosen.map_err(|why| Usage(format!("--drivers: {why}")))?;
        let is_chosen = |driver: &Self| match chosen.is_empty() {
            true => default.is_mock || driver.id == default.id,
            false => chosen.iter().any(|chosen| chosen.id == driver.id),
        };
        match is_chosen(default) {
            true => Ok(BUILT_IN.iter().filter(|driver| is_chosen(driver)).collect()),
            false => Err(Usage(format!("the default driver, {}, is not among --drivers", default.id))),
        }
    }
}

/// The id of the driver that has this name, in any case, if one is built in: whether it is served or not.
///
/// # Errors
/// What is wrong, with the names that there are.
pub fn built_in_driver(name: &str) -> Result<&'static str, String> {
    BuiltIn::named(name).map(|driver| driver.id)
}

fn is_called(name: &str, id: &str, alias: Option<&str>) -> bool {
    id.eq_ignore_ascii_case(name) || alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name))
}

impl Registry {
    /// The drivers that the configuration says, with the data that it names. The others cost nothing.
    ///
    /// # Errors
    /// [`Error::Usage`] when it names a driver that is not built in, or leaves out the default one, or that data cannot be read.
    pub fn from_config(config: &Config) -> Result<Self, Error> {
        let mut registry = Self::default();
        for driver in BuiltIn::served(config)? {
            (driver.add)(&mut registry, config)?;
        }
        Ok(registry)
    }

    fn add_memory(&mut self, config: &Config) -> Result<(), Error> {
        let memory = match &config.mock_data {
            Some(path) => Mock::from_toml(&config::read(path)?).map_err(|error| config::file_error(path, error))?,
            None => Mock::from_toml(mock::SAMPLE_DATA).map_err(built_in)?,
        };
        let sample = config.mock_data.is_none().then_some(MEMORY_SAMPLE);
        self.add(Arc::new(memory), Some("memory"), sample);
        Ok(())
    }

    fn add_mock_nftables(&mut self, _: &Config) -> Result<(), Error> {
        let host = MockNftables::from_toml(nftables::SAMPLE_DATA).map_err(built_in)?;
        self.add(Arc::new(host), None, Some(NFTABLES_SAMPLE));
        Ok(())
    }

    fn add_fgcp(&mut self, config: &Config) -> Result<(), Error> {
        let delay = config.fgcp_stop_delay;
        let fgcp = match &config.fgcp_data {
            Some(path) => {
                Fgcp::from_toml(&config::read(path)?, delay).map_err(|error| config::file_error(path, error))?
            }
            None => Fgcp::from_toml(deltawall_fgcp::SAMPLE_DATA, delay).map_err(built_in)?,
        };
        let sample = config.fgcp_data.is_none().then_some(FGCP_SAMPLE);
        self.add(Arc::new(fgcp), Some("gcp"), sample);
        Ok(())
    }

    #[cfg(feature = "ec2")]
    fn add_ec2(&mut self, config: &Config) -> Result<(), Error> {
        let own = config.credentials.as_ref().filter(|_| config.driver.eq_ignore_ascii_case(deltawall_ec2::ID));
        if own.is_some_and(|credentials| !deltawall_ec2::is_usable(credentials)) {
            let message = "EC2 cannot be asked with --user and --password: there are control characters in them";
            return Err(Usage(message.into()).into());
        }
        let config::Ec2 { vpc, credentials, show_egress, max_answer, endpoints } = config.ec2.clone();
        let ambient_credentials = credentials == config::Ec2Credentials::Ambient;
        let observer = Arc::clone(&self.metrics) as Arc<dyn Observer>;
        let endpoints = endpoints.into_iter().map(|(region, url)| deltawall_ec2::Endpoint { region, url }).collect();
        self.cloud = CloudRuntimes::start()?;
        let runtimes = self.cloud.0.iter().map(|runtime| runtime.handle().clone());
        let observer = Some(observer);
        let options = deltawall_ec2::Options { vpc, show_egress, endpoints, ambient_credentials, max_answer, observer };
        let ec2 = deltawall_ec2::Ec2::new(runtimes, options).map_err(|error| Usage(error.to_string()))?;
        self.add(Arc::new(ec2), None, None);
        Ok(())
    }

    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Adds a driver, which is also found by its alias.
    pub fn add(&mut self, driver: Arc<dyn Driver>, alias: Option<&'static str>, sample: Option<Sample>) {
        self.entries.push(Entry { driver, alias, sample });
    }

    /// The driver of this id or alias, in any case.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Driver>> {
        self.entry(name).map(|entry| &entry.driver)
    }

    /// What this driver's data has, where it is the built-in sample data.
    pub fn sample(&self, name: &str) -> Option<Sample> {
        self.entry(name)?.sample
    }

    /// All drivers.
    pub fn drivers(&self) -> impl Iterator<Item = &Arc<dyn Driver>> {
        self.entries.iter().map(|entry| &entry.driver)
    }

    /// The names of all drivers, as a list for people.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.drivers().map(|driver| driver.id()).collect();
        names.join(", ")
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| is_called(name, entry.driver.id(), entry.alias))
    }
}

fn built_in(error: impl ToString) -> Usage {
    Usage(format!("the built-in sample data: {}", error.to_string()))
}
